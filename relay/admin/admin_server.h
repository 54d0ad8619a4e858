/*
 * The admin listener: status, metrics and health over HTTP, for programs and for people's pages. On
 * loopback addresses it speaks plain HTTP, elsewhere TLS only. Main loop only.
 *
 *	/                      the dashboard, for who is signed in; else how to sign in
 *	/link?t=               signs in, once; /signout ends it
 *	/healthz               no sign-in; 200 while the relay runs
 *	/metrics               a token, or what is in metrics_token_file
 *	/api/v1/status         a token, or who is signed in; the status object
 *	/api/v1/names?after=&name=   the same; the page of names that "more" of status names
 *
 * A request without a token must name a Host that is the listener's own, so that no web page makes
 * a browser ask here by a name of its own (DNS rebinding).
 */
#ifndef GROUNDNUT_RELAY_ADMIN_ADMIN_SERVER_H
#define GROUNDNUT_RELAY_ADMIN_ADMIN_SERVER_H

#include "relay/config.h"
#include "shared/base/json.h"
#include "shared/net/io.h"

enum { ADMIN_LINK_PATH = 64 };

struct admin_server;

/* What the relay does for it. */
struct admin_calls {
	void *owner;
	/* agents, for write_status, come by fn(arg), later; at the latest when the relay ends */
	void (*ask_agents)(void *owner, void (*fn)(void *arg, const struct buf *agents), void *arg);
	void (*write_status)(void *owner, const struct buf *agents, struct json *w);
	/* members of an open object */
	void (*write_names)(void *owner, uint64_t after, const char *name, struct json *w);
};

/* Closed until admin_server_set(). */
struct admin_server *admin_server_new(struct loop *l, const struct admin_calls *calls);
/* Takes the block `admin` of the configuration; without one, connections are closed. The
 * certificate is read anew; one that does not fit is logged, and the one before stays. */
void admin_server_set(struct admin_server *a, struct relay_config *config);
/* The certificate that a CA gave, where `admin` says "auto"; until then it is the relay's own
 * pair. NULL: there is none. */
void admin_server_set_certificate(struct admin_server *a, struct tls_context *tls);
/* listener_fn of the listeners; owner is the server. */
void admin_server_accept_plain(void *owner, int fd, const struct addr *peer,
			       const struct addr *local);
void admin_server_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
/* The path of a link that signs in once, within ADMIN_LINK_MS. False: there is no `admin`. */
bool admin_server_link(struct admin_server *a, char path[ADMIN_LINK_PATH]);
void admin_server_close(struct admin_server *a); /* NULL does nothing */

#endif
