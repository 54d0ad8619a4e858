/*
 * An admin listener, for programs and for people's pages: HTTP on loopback addresses, TLS
 * elsewhere. What there is to ask and to change is a table of routes that the program gives; here
 * it is decided who may. One thread.
 *
 *	/                      the dashboard, for who is signed in; else how to sign in
 *	/link?t=               signs in, once; POST /signout ends it
 *	/healthz               no sign-in; 200 while the program runs
 *	/api/v1/session        who asks, and the header token of its writes
 *	/api/v1/openapi.json   what there is to ask and to change, for programs
 *	/api/v1/audit          what was changed last, and by whom
 *
 * A request without a bearer token must name a Host that is the listener's own, so that no web page
 * makes a browser ask here by a name of its own (DNS rebinding). A write of a browser comes from a
 * page of ours: its Origin is the host that it asks, and it sends, as X-Groundnut-Token, what only
 * such a page can read.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_SERVER_H
#define GROUNDNUT_ADMIN_ADMIN_SERVER_H

#include "shared/admin/admin_config.h"
#include "shared/admin/event_listeners.h"
#include "shared/admin/web_files.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"
#include "shared/net/http_server.h"

enum { ADMIN_BY = 80, ADMIN_REST = 256, ADMIN_BODY_MAX = 32 * 1024 };

/* What a route wants of who asks. */
enum admin_right {
	ADMIN_ANYBODY,
	ADMIN_METRICS, /* a bearer token, or the content of metrics_token_file */
	ADMIN_READS,   /* a bearer token, or who is signed in */
	ADMIN_WRITES   /* a token that is not read-only, or a page of ours and who is signed in */
};

/* Who asks: a value, to be kept by who answers later. */
struct admin_asker {
	char by[ADMIN_BY]; /* "session", "token NAME"; "" for ADMIN_ANYBODY */
	char from[ADDR_TEXT];
};

/* Lives as long as the call. */
struct admin_request {
	struct http_exchange *exchange;
	struct admin_asker asker;
	char rest[ADMIN_REST]; /* of a path that is a prefix: what stands behind it, unescaped */
};

/* Answers now, or later by the exchange; never after admin_server_close(). */
typedef void admin_route_fn(void *owner, const struct admin_request *r);

struct admin_route {
	const char *method; /* "GET" stands for HEAD, too */
	const char *path;   /* one that ends in "/" stands for all that begin so */
	enum admin_right right;
	admin_route_fn *serve;
};

struct admin_program {
	const char *name;                 /* "relay", "agent" */
	const struct admin_route *routes; /* a NULL path behind the last */
	const struct web_file *openapi;   /* all routes, told as an OpenAPI document */
	const struct web_file *files;     /* what the dashboard loads beside web_files_shared */
	void *owner;                      /* of the routes */
	struct event_hub *events;         /* is told of guesses and changes; NULL: nobody */
};

struct admin_server;

/* Closed until admin_server_set(). */
struct admin_server *admin_server_new(struct loop *l, const struct admin_program *program);
/* By reference, until it is set anew; where it is off, connections are closed. */
void admin_server_set(struct admin_server *a, const struct admin_config *config);
/* As http_server_set_tls(). */
void admin_server_set_tls(struct admin_server *a, struct tls_context *tls);
/* listener_fn of the listeners; owner is the server. */
void admin_server_accept_plain(void *owner, int fd, const struct addr *peer,
			       const struct addr *local);
void admin_server_accept_tls(void *owner, int fd, const struct addr *peer,
			     const struct addr *local);
/* A link that signs in once within ADMIN_LINK_MS, by admin_config_origin(); freed by the caller,
 * who wipes it. NULL: the listener is off. */
char *admin_server_link(struct admin_server *a, const struct addr *address);
/* A change was made: a line in the log, and in /api/v1/audit. before, after: NULL, or what there
 * was and is now, mostly as JSON. */
void admin_server_audit(struct admin_server *a, const struct admin_asker *asker, const char *what,
			const char *before, const char *after);
/* Who hears events: a route hands its exchange over. */
struct event_listeners *admin_server_listeners(struct admin_server *a);
void admin_server_close(struct admin_server *a); /* NULL does nothing */

/* --- for routes --- */

/* 200 and this document. */
void admin_answer(struct http_exchange *x, const struct buf *json);
void admin_answer_status(struct http_exchange *x, unsigned status, const struct buf *json);
/* {"error": why} */
void admin_answer_error(struct http_exchange *x, unsigned status, const char *why);
/* The body of a write, an object, to be read strictly, and then asked by admin_request_is_read();
 * conf_free() is the caller's. NULL: it is none, and 400 or 415 is answered. */
struct conf *admin_request_body(const struct admin_request *r);
/* False: the body holds something wrong or unknown, and 400 is answered with the first of it. */
bool admin_request_is_read(const struct admin_request *r, struct conf *body);
/* A value of the query, unescaped into out; "" when it is absent or does not fit. */
void admin_request_query(const struct admin_request *r, const char *key, char *out, size_t size);

#endif
