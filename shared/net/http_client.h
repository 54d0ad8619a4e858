/* Asking a web service one thing: HTTP/1.1 over TLS with the certificate verified, or plain where
 * the URL says so. A leaf. */
#ifndef GROUNDNUT_NET_HTTP_CLIENT_H
#define GROUNDNUT_NET_HTTP_CLIENT_H

#include "shared/http/http_message.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"

#include <stdint.h>

struct http_ask;

struct http_url {
	bool tls;
	char host[256];
	uint16_t port;
	char path[1024]; /* "/…", with the query */
};
/* http:// or https://; 0 or ERR_SYNTAX */
int http_url_parse(const char *text, struct http_url *out);
/* The Host field of a request for it: brackets around IPv6, the port unless it is the scheme's. */
void http_url_authority(const struct http_url *u, char out[300]);

struct http_question {
	const struct http_url *url;
	const char *method;
	const char *headers; /* further lines, each with CRLF, or NULL */
	const void *body;    /* or NULL */
	size_t body_len;
	size_t answer_max;
	uint64_t timeout_ms;     /* for all of it */
	struct tls_context *tls; /* for https */
};

/* Once, from the loop: the answer (valid during the call), or NULL with err and words. */
typedef void http_ask_fn(void *owner, struct http_message *answer, int err, const char *detail);
/* Everything is copied. */
struct http_ask *http_ask_start(struct loop *l, const struct http_question *q, http_ask_fn *fn,
				void *owner);
/* before its callback: it never comes. After the callback it is gone by itself. */
void http_ask_close(struct http_ask *a);

#endif
