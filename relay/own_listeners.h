/*
 * The relay's own listeners: for agents, the shared ports, DNS, DDNS clients and admin. No mapping
 * may have one of these ports, also while the relay's own listener is not open.
 *
 * DNS keeps its sockets itself; the others are opened here. Where `listen` and `tls` name the same
 * address, its newcomers are read as those of a tls port, which knows agents by ALPN. Main loop
 * only.
 */
#ifndef GROUNDNUT_RELAY_OWN_LISTENERS_H
#define GROUNDNUT_RELAY_OWN_LISTENERS_H

#include "relay/relay_parts.h"

/* Returns the own ports that a mapping would meet on one of the addresses of `bind`; the caller
 * frees them. */
struct ports_range *own_listeners_ports(const struct relay_config *c, size_t *count);
/* Keeps mappings from claiming these ports from now on. */
void own_listeners_reserve(const struct context *c);

/* Opens the addresses of `listen`, which stay open. NULL: one cannot be bound, and *why says so;
 * the caller frees it. */
struct own_listeners *own_listeners_new(struct relay_parts *r, char **why);
/* Opens the other listeners of the configuration in force. Sockets that are open stay. */
void own_listeners_set(struct own_listeners *o);
/* Writes the items of "listeners" in the status; o NULL writes none. */
void own_listeners_status(const struct own_listeners *o, struct json *w);
void own_listeners_close(struct own_listeners *o); /* NULL does nothing */

#endif
