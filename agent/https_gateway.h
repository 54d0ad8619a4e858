/*
 * Receives the visitors of all https mappings. It decides which certificate a visitor is shown,
 * which of its requests belong to the mapping, how fast a source may guess passwords, and how much
 * memory all visitors together may hold. One loop.
 *
 * The relay sees ciphertext only, so the bounds that it has for slow visitors of http mappings are
 * here, by the address that OPEN tells. Visitors without a request are bounded for each source and
 * in all: the oldest of the source, or of the fullest network, is ended. Of a source with many
 * visitors the slow ones are ended; the more visitors, the sooner.
 */
#ifndef GROUNDNUT_AGENT_HTTPS_GATEWAY_H
#define GROUNDNUT_AGENT_HTTPS_GATEWAY_H

#include "agent/certificates.h"
#include "agent/https_visitor.h"
#include "shared/base/guess_limiter.h"
#include "shared/base/json.h"
#include "shared/tunnel/mapping.h"

struct https_gateway;
struct https_visit;

enum {
	HTTPS_GATEWAY_UNFINISHED = 200,         /* visitors of one source without a request */
	HTTPS_GATEWAY_SLOW = 100,               /* from so many of one source on, slow ones end */
	HTTPS_GATEWAY_BYTES = 64 * 1024 * 1024, /* the memory of all visitors */
	HTTPS_GATEWAY_UNFINISHED_MOST = 16 * 1024 * 1024 / (48 * 1024),
};

struct https_visit_calls {
	/* Asks for a connection to the target. https_visit_opened() answers it, later, once. */
	void (*open)(void *owner);
	/* The visit is over and freed. why: in words, valid during the call. */
	void (*over)(void *owner, const char *why);
};

/* certificates: borrowed */
struct https_gateway *https_gateway_new(struct loop *l, struct certificates *certificates);
void https_gateway_free(struct https_gateway *g); /* after its visits */
/* Turns the log of requests on or off; turning it off drops the log. */
void https_gateway_log_requests(struct https_gateway *g, bool on);
/* Writes the logged requests into an open array (request_log_write()). */
void https_gateway_write_requests(const struct https_gateway *g, struct json *w);

/* Begins a visit and takes the stream over. NULL: all visitors are busy and there is no room;
 * the stream is reset and closed, and over does not come. host: the mapping's full host; NULL:
 * the relay has not told it. m, guesses (of the mapping), count and calls are borrowed. */
struct https_visit *https_gateway_enter(struct https_gateway *g, struct transport *k,
					struct stream *stream, const struct mapping *m,
					const char *host, struct guess_limiter *guesses,
					struct splice_count *count,
					const struct https_visit_calls *calls, void *owner);
/* As https_visitor_opened(). */
void https_visit_opened(struct https_visit *v, struct io *io);
const struct open_info *https_visit_info(const struct https_visit *v);
/* Ends and frees the visit at once; over does not come. */
void https_visit_cut(struct https_visit *v, enum reset_code code);

#endif
