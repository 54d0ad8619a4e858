/*
 * The sockets of the embedded authority: UDP and TCP on each address, every answer from the address
 * that was asked. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DNS_SERVER_H

#include "relay/names/names.h"

struct dns_server;

/* Answers nothing until dns_server_set. The names are not owned and outlive it. */
struct dns_server *dns_server_new(struct loop *l, struct names *names);
/* Listens as the settings say, which are read during the call only; NULL: nowhere. Sockets that
 * stay listed stay open. Addresses that cannot be bound are logged and tried again; addresses
 * that the machine gains or loses are followed. */
void dns_server_set(struct dns_server *s, const struct dns_server_config *settings);
/* Its items of "listeners" in status. */
void dns_server_status(const struct dns_server *s, struct json *w);
void dns_server_close(struct dns_server *s);

#endif
