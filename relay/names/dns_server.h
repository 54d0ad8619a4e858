/*
 * The sockets of the relay's own DNS server: UDP and TCP on each address. Each answer comes from
 * the address that was asked. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DNS_SERVER_H

#include "relay/names/name_registry.h"

struct dns_server;

/* Answers nothing until dns_server_set(). names is borrowed and must live longer. */
struct dns_server *dns_server_new(struct loop *l, struct name_registry *names);
/* Listens as the settings say; NULL: nowhere. The settings are used during the call only. Sockets
 * that stay listed stay open. An address that cannot be bound is logged and tried again. Addresses
 * that the machine gains or loses are followed. */
void dns_server_set(struct dns_server *s, const struct zone_config *settings);
/* Writes its items of "listeners" in the status. */
void dns_server_status(const struct dns_server *s, struct json *w);
void dns_server_close(struct dns_server *s);

#endif
