/* Asks a web service one question: HTTP/1.1 over TLS with a verified certificate, or plain when the
 * URL says http. A leaf. */
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
/* Reads a URL that begins with http:// or https://. 0 or ERR_SYNTAX. */
int http_url_parse(const char *text, struct http_url *out);
/* Writes the Host field of a request for the URL: with brackets around IPv6, and with the port
 * unless it is the scheme's own. */
void http_url_authority(const struct http_url *u, char out[300]);

struct http_question {
	const struct http_url *url;
	const char *method;
	const char *headers; /* further lines, each with CRLF, or NULL */
	const void *body;    /* or NULL */
	size_t body_len;
	size_t answer_max;       /* the most bytes of the answer's body */
	uint64_t timeout_ms;     /* for all of it together */
	struct tls_context *tls; /* for https */
};

/* Comes once, from the loop; the question is freed then. answer: valid during the call; NULL: there
 * is none, and err says why, with detail or "". */
typedef void http_ask_fn(void *owner, struct http_message *answer, int err, const char *detail);
/* Asks; everything is copied. */
struct http_ask *http_ask_start(struct loop *l, const struct http_question *q, http_ask_fn *fn,
				void *owner);
/* Called before the callback only; the callback does not come then. NULL does nothing. */
void http_ask_close(struct http_ask *a);

#endif
