/* Asks one web service, one question at a time. It uses TLS when the URL begins with https, and
 * tells each trouble as one sentence. A leaf. */
#ifndef GROUNDNUT_NET_WEB_CLIENT_H
#define GROUNDNUT_NET_WEB_CLIENT_H

#include "shared/http/http_message.h"
#include "shared/net/loop.h"

struct web_client;

/* Comes once for each question, from the loop. answer: valid during the call; NULL: there is none,
 * and why says so in one sentence. The client may be asked again or closed inside. */
typedef void web_client_fn(void *owner, struct http_message *answer, const char *why);

/* The client copies all of it. */
struct web_client_service {
	const char *url;     /* each question's URL begins with it */
	const char *name;    /* the service's name in sentences */
	const char *ca_file; /* NULL: the system's CAs */
	size_t answer_max;   /* the most bytes of an answer's body */
};

struct web_client *web_client_new(struct loop *l, const struct web_client_service *service,
				  web_client_fn *fn, void *owner);
/* Asks a question; the one before must be answered. All of it is copied. path: appended to the URL.
 * headers: lines, each with CRLF. body: NULL for none. */
void web_client_ask(struct web_client *c, const char *method, const char *path, const char *headers,
		    const struct buf *body);
/* No answer comes after this. NULL does nothing. */
void web_client_close(struct web_client *c);

#endif
