/*
 * What relay.json itself listens on: agents, shared ports, DNS, the doors of DDNS clients. No
 * mapping may have one of these ports, also while the relay's own listener is not open.
 *
 * The agents' door and DNS keep their sockets themselves; the others are opened here. Main loop
 * only.
 */
#ifndef GROUNDNUT_RELAY_OWN_LISTENERS_H
#define GROUNDNUT_RELAY_OWN_LISTENERS_H

#include "relay/context.h"

/* The ports that a mapping would meet on one of the addresses of `bind`; freed by the caller. */
struct ports_range *own_listeners_ports(const struct relay_config *c, size_t *count);
/* They are nobody's mapping from here on. */
void own_listeners_reserve(struct context *w);
/* As the configuration that is in force says. Sockets that are open already stay. */
void own_listeners_open(struct context *w);

#endif
