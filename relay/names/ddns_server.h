/*
 * The doors for DDNS clients that people already have: routers, cameras, inadyn, ddclient. HTTP and
 * HTTPS, one request a connection. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H

#include "relay/accounts/accounts.h"
#include "relay/names/names.h"
#include "relay/names/names_config.h"

struct ddns_server;

/* names is not owned and outlives the door. */
struct ddns_server *ddns_server_new(struct loop *l, struct names *names, const char *domain);
/* For connections over TLS: taken now, and when the files change; NULL: there are none. A pair that
 * does not fit is logged, and the one before it stays. */
void ddns_server_set_pair(struct ddns_server *d, const char *certificate, const char *private_key);
/* keeps a reference */
void ddns_server_set_accounts(struct ddns_server *d, struct accounts *accounts);
/* A connection that one of its listeners accepted. */
void ddns_server_accept(struct ddns_server *d, int fd, const struct addr *peer, bool tls);
/* One of the shared http ports that turned out to be meant for here: fd and what was read of it. */
void ddns_server_take(struct ddns_server *d, int fd, const struct addr *peer, const void *early,
		      size_t early_len);
void ddns_server_close(struct ddns_server *d);

#endif
