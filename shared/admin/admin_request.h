/* A request to an admin listener, as a route gets it, and how the route reads it. */
#ifndef GROUNDNUT_ADMIN_ADMIN_REQUEST_H
#define GROUNDNUT_ADMIN_ADMIN_REQUEST_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"
#include "shared/base/token.h"
#include "shared/net/http_server.h"

enum { ADMIN_BY = 80, ADMIN_REST = 256, ADMIN_BODY_MAX = 32 * 1024 };

/* What a route demands of a request. */
enum admin_right {
	ADMIN_ANYBODY,
	ADMIN_METRICS, /* any bearer token, also that of metrics_token_file; no session */
	ADMIN_READS,   /* a bearer token or a session */
	ADMIN_WRITES   /* a bearer token that is not read-only, or a session and our own page */
};

/* Who asks. A route that answers later copies it. */
struct admin_asker {
	char by[ADMIN_BY];          /* "session", "token NAME"; "" for ADMIN_ANYBODY */
	char hash[TOKEN_HASH_TEXT]; /* of its token or its session's cookie; "" for ADMIN_ANYBODY */
	char from[ADDR_TEXT];
};

/* Valid during the call of the route; the exchange is valid until it is answered. */
struct admin_request {
	struct http_exchange *exchange;
	struct admin_asker asker;
	char rest[ADMIN_REST]; /* the path behind that of a prefix route, unescaped */
};

/* Answers the exchange now or later, but never after admin_server_close(). */
typedef void admin_route_fn(void *owner, const struct admin_request *r);

struct admin_route {
	const char *method; /* "GET" means HEAD, too */
	const char *path;   /* one that ends in "/" is a prefix of longer paths */
	enum admin_right right;
	admin_route_fn *serve;
};

/* Returns the JSON body of a write. The caller reads its keys, calls admin_request_is_read(), and
 * frees it by conf_free(). NULL: the body is no JSON object, and 400 or 415 is answered. */
struct conf *admin_request_body(const struct admin_request *r);
/* False: the body has a wrong or unknown key, and 400 is answered with the first error. */
bool admin_request_is_read(const struct admin_request *r, struct conf *body);
/* Writes a value of the query into out, unescaped; "" when it is absent or does not fit. */
void admin_request_query(const struct admin_request *r, const char *key, char *out, size_t size);
/* The bearer token (RFC 6750, section 2.1), or NULL. */
const char *admin_request_bearer(struct http_exchange *x);
/* Whether the request has an Origin, and it is the host that the request asks: our own page. */
bool admin_request_is_same_origin(struct http_exchange *x);

#endif
