/*
 * Between the homes, each on its own loop, and the names, on the main one: what an agent declares
 * goes there, what became of it comes back.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_LINK_H
#define GROUNDNUT_RELAY_NAMES_NAMES_LINK_H

#include "relay/context.h"
#include "shared/tunnel/session_messages.h"

/* Any loop: what is needed of d is copied. seen: the agent's address as the relay sees it. */
void names_link_declare(struct context *w, const char *account, const char *agent,
			const struct declare *d, const struct addr *seen);

/* Main loop: from now on homes are told when their names change by themselves. world.names and
 * world.agents are set. */
void names_link_watch(struct context *w);

#endif
