/*
 * What an agent has declared, on its way from its loop to the main one. There is one for each
 * agent: while it has not been taken, the newest declaration replaces the one before, so that
 * nothing piles up however fast an agent declares. It is counted, since it may outlive the agent.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_PENDING_DECLARE_H
#define GROUNDNUT_RELAY_AGENTS_PENDING_DECLARE_H

#include "relay/doors/tenant.h"

struct pending_declare;

struct pending_declare *pending_declare_new(const struct tenant *t);
/* The agent's loop: d goes to context.on_declare, on the main loop. What d holds is taken. count:
 * how many it stands for. */
void pending_declare_put(struct pending_declare *p, struct declare *d, const struct addr *remote,
			 unsigned count);
void pending_declare_unref(struct pending_declare *p); /* NULL does nothing */

#endif
