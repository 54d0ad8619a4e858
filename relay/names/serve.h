/*
 * The sockets of the embedded authority: UDP and TCP on each address, every answer from the address
 * that was asked. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_SERVE_H
#define GROUNDNUT_RELAY_NAMES_SERVE_H

#include "relay/names/names.h"

struct serve;

/* Addresses that cannot be bound are logged and tried again; addresses that the machine gains or
 * loses are followed. names is not owned and outlives it. */
struct serve *serve_new(struct loop *l, struct names *names, const struct serve_config *config);
/* sockets that stay listed stay open */
void serve_reload(struct serve *s, const struct serve_config *config);
void serve_close(struct serve *s);

#endif
