/* Asks one web service, one question at a time. It chooses the TLS that the URL
 * needs, and tells its owner in one way, whatever goes wrong. */
#ifndef GROUNDNUT_NET_WEB_CLIENT_H
#define GROUNDNUT_NET_WEB_CLIENT_H

#include "shared/http/http_message.h"
#include "shared/net/loop.h"

struct web_client;

/* From the loop, once for each question: the answer (valid during the call), or NULL and one
 * sentence. */
typedef void web_client_fn(void *owner, struct http_message *answer, const char *why);

struct web_client_service {
	const char *url;     /* all questions begin with it */
	const char *name;    /* for sentences */
	const char *ca_file; /* NULL: the system's */
	size_t answer_max;
};

struct web_client *web_client_new(struct loop *l, const struct web_client_service *service,
				  web_client_fn *fn, void *owner);
/* path: put behind the URL. headers: lines, each with CRLF. body: NULL for none. */
void web_client_ask(struct web_client *c, const char *method, const char *path, const char *headers,
		    const struct buf *body);
/* an answer that has not come yet never comes */
void web_client_close(struct web_client *c);

#endif
