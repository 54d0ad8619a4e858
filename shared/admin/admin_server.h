/*
 * The admin listener of a program, for other programs and for the dashboard: HTTP on loopback
 * addresses, TLS elsewhere. The program gives a table of routes; this server decides who may use
 * each of them. It also has routes of its own. One thread.
 *
 *	/                      the dashboard for a signed-in browser, else the page to sign in
 *	/link?t=               signs in by a link, which works once
 *	POST /signin           signs in by a password, and a code when there is a second factor
 *	POST /signout          ends the session
 *	/healthz               200 while the program runs, for anybody
 *	/api/v1/session        who asks, and the header token for its writes
 *	/api/v1/openapi.json   the description of all routes
 *	/api/v1/audit          the last changes, and who made them
 *
 * A request without a bearer token must have a Host that is the listener's own: no web page can
 * have a browser ask here under a name of its own (DNS rebinding). A write by a browser must come
 * from our own page: its Origin is the host that it asks, and X-Groundnut-Token has a value that
 * only our page can read.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_SERVER_H
#define GROUNDNUT_ADMIN_ADMIN_SERVER_H

#include "shared/admin/admin_answer.h"
#include "shared/admin/admin_config.h"
#include "shared/admin/admin_request.h"
#include "shared/admin/event_streams.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"

/* What a program gives; all of it must live as long as the server. */
struct admin_program {
	const char *name;                 /* "relay", "agent" */
	const struct admin_route *routes; /* the last has path NULL */
	const struct web_file *openapi;   /* the OpenAPI document of all routes */
	const struct web_file *files;     /* what the dashboard loads besides web_files_shared */
	void *owner;                      /* passed to the routes */
	struct event_hub *events;         /* takes events of guesses and changes; or NULL */
};

struct admin_server;

/* The new server closes each connection until admin_server_set(). */
struct admin_server *admin_server_new(struct loop *l, const struct admin_program *program);
/* config is borrowed, and must live until the next call or the end. When it is off, each new
 * connection is closed, and all event listeners are ended. */
void admin_server_set(struct admin_server *a, const struct admin_config *config);
/* As http_server_set_tls(). */
void admin_server_set_tls(struct admin_server *a, struct tls_context *tls);
/* The listener_fn for plain and for TLS addresses; owner is the server. */
void admin_server_accept_plain(void *owner, int fd, const struct addr *peer,
			       const struct addr *local);
void admin_server_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
/* Makes a link that signs in once within ADMIN_LINK_MS; the caller wipes and frees it. address: for
 * admin_config_origin(). NULL: the listener is off. */
char *admin_server_link(struct admin_server *a, const struct addr *address);
/* Tells of a change: a line in the log, an entry in /api/v1/audit, and an event. before, after:
 * what there was and is now, mostly as JSON, or NULL for nothing. */
void admin_server_audit(struct admin_server *a, const struct admin_asker *asker, const char *what,
			const char *before, const char *after);
/* The listeners to which a route may hand its exchange over. */
struct event_streams *admin_server_listeners(struct admin_server *a);
void admin_server_close(struct admin_server *a); /* NULL does nothing */

#endif
