/*
 * What relay.json itself listens on: agents, shared ports, DNS, the doors of DDNS clients. No
 * mapping may have one of these ports, also while the relay's own listener is not open.
 *
 * The agents' door and DNS keep their sockets themselves; the others are opened here. Main loop
 * only.
 */
#ifndef GROUNDNUT_RELAY_LISTENING_H
#define GROUNDNUT_RELAY_LISTENING_H

#include "relay/world.h"

/* The ports that a mapping would meet on one of the addresses of `bind`; freed by the caller. */
struct ports_range *listening_ports(const struct relay_config *c, size_t *count);
/* They are nobody's mapping from here on. */
void listening_reserve(struct world *w);
/* As the configuration that is in force says. Sockets that are open already stay. */
void listening_open(struct world *w);

#endif
