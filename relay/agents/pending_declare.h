/*
 * A declaration of an agent on its way from the agent's loop to the main loop. Each agent has one:
 * until it is taken, a newer declaration replaces it, so that nothing piles up however fast an
 * agent declares. It counts its references, because it may outlive the agent.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_PENDING_DECLARE_H
#define GROUNDNUT_RELAY_AGENTS_PENDING_DECLARE_H

#include "relay/doors/door_owner.h"

struct pending_declare;

struct pending_declare *pending_declare_new(const struct door_owner *t);
/* Sends d to context.on_declare on the main loop; takes what d holds. count: how many declarations
 * it stands for. On the agent's loop. */
void pending_declare_put(struct pending_declare *p, struct declare *d, const struct addr *remote,
			 unsigned count);
void pending_declare_unref(struct pending_declare *p); /* NULL does nothing */

#endif
