/*
 * The HTTP server for the DDNS clients that people already have: routers, cameras, inadyn,
 * ddclient. HTTP and HTTPS, one request a connection. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H
#define GROUNDNUT_RELAY_NAMES_DDNS_SERVER_H

#include "relay/names/name_registry.h"
#include "shared/net/io.h"

struct ddns_server;

/* The new server closes each connection until ddns_server_set(). names is borrowed and must live
 * longer. */
struct ddns_server *ddns_server_new(struct loop *l, struct name_registry *names);
/* Applies the block `update` of the configuration; without one, connections are closed. The
 * certificate is read now and when its files change; when it does not fit, that is logged and the
 * one before stays. Known guessers and requests under way stay, too. */
void ddns_server_set(struct ddns_server *d, struct relay_config *config);
/* tls: the certificate that a CA gave, for `update` with "auto". NULL: there is none, and the
 * relay's own pair is used. */
void ddns_server_set_certificate(struct ddns_server *d, struct tls_context *tls);
/* Returns the body for a CA below /.well-known/acme-challenge/ by its token; NULL: there is
 * none. */
typedef const char *ddns_server_token_fn(void *owner, const char *token);
void ddns_server_set_tokens(struct ddns_server *d, ddns_server_token_fn *fn, void *owner);
/* The listener_fn of the server's own listeners; owner is the server. */
void ddns_server_accept_http(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
void ddns_server_accept_https(void *owner, int fd, const struct addr *peer,
			      const struct addr *local);
/* Takes over a connection of the shared http port whose request is for this server. Reading io
 * gives the request again; its peer is the sender. */
void ddns_server_take(struct ddns_server *d, struct io *io);
void ddns_server_close(struct ddns_server *d);

#endif
