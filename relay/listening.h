/*
 * What relay.json itself listens on: agents, shared ports, DNS, the doors of DDNS clients. No
 * mapping may have one of these ports, also while the relay's own listener is not open.
 */
#ifndef GROUNDNUT_RELAY_LISTENING_H
#define GROUNDNUT_RELAY_LISTENING_H

#include "relay/config.h"

/* The ports that a mapping would meet on one of the addresses of `bind`; freed by the caller. */
struct ports_range *listening_ports(const struct relay_config *c, size_t *count);

#endif
