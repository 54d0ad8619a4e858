/*
 * Between the agents, each on its own loop, and the names, on the main one: what an agent declares
 * goes there, what became of it comes back. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_LINK_H
#define GROUNDNUT_RELAY_NAMES_NAMES_LINK_H

#include "relay/agents/registry.h"
#include "relay/names/declared_names.h"

struct names_link {
	struct declared_names *declared; /* NULL: what comes is dropped */
	struct registry *agents;
};

/* The link itself outlives all loops. */
void names_link_open(struct names_link *l, struct names *names, struct registry *agents);
void names_link_close(struct names_link *l);
/* context_declare_fn; owner is the struct names_link. */
void names_link_declare(void *owner, const char *account, const char *agent,
			const struct declare *d, const struct addr *remote, unsigned count);

#endif
