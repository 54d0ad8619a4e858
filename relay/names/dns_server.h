/*
 * The sockets of the embedded authority: UDP and TCP on each address, every answer from the address
 * that was asked. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DNS_SERVER_H

#include "relay/names/names.h"

struct dns_server;

/* Addresses that cannot be bound are logged and tried again; addresses that the machine gains or
 * loses are followed. names is not owned and outlives it. */
struct dns_server *dns_server_new(struct loop *l, struct names *names,
				  const struct serve_config *config);
/* sockets that stay listed stay open */
void dns_server_reload(struct dns_server *s, const struct serve_config *config);
void dns_server_close(struct dns_server *s);

#endif
