/*
 * The HTTP server for the DDNS clients that people already have: routers, cameras, inadyn,
 * ddclient. HTTP and HTTPS, one request a connection. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H

#include "relay/names/names.h"
#include "shared/net/io.h"

struct ddns_server;

/* Closed until ddns_server_set. The names are not owned and outlive it. */
struct ddns_server *ddns_server_new(struct loop *l, struct names *names);
/* Takes the block `update` of the configuration; without one, connections are closed. The
 * certificate is read now and when its files change; a pair that does not fit is logged, and the
 * one before stays. What was learned of guessers stays, and so do the requests under way. */
void ddns_server_set(struct ddns_server *d, struct relay_config *config);
/* The certificate that a CA gave, where `update` says "auto"; until then it is the relay's own
 * pair. NULL: there is none. */
void ddns_server_set_certificate(struct ddns_server *d, struct tls_context *tls);
/* What a CA finds below /.well-known/acme-challenge/, by the token; NULL: nothing. */
typedef const char *ddns_server_token_fn(void *owner, const char *token);
void ddns_server_set_tokens(struct ddns_server *d, ddns_server_token_fn *fn, void *owner);
/* listener_fn of the server's own listeners; owner is the server. */
void ddns_server_accept_http(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
void ddns_server_accept_https(void *owner, int fd, const struct addr *peer,
			      const struct addr *local);
/* Takes io, a connection of the shared http port whose request is meant for this server. io gives
 * the request again, and its peer is the sender. */
void ddns_server_take(struct ddns_server *d, struct io *io);
void ddns_server_close(struct ddns_server *d);

#endif
