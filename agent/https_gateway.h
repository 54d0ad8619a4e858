/*
 * Where visitors of https mappings arrive at home: which certificate one is shown, which of its
 * requests are for the mapping, how fast a source may guess passwords, and how much all visitors
 * together may hold.
 *
 * The relay sees ciphertext only, so what it does against slow visitors of http mappings is done
 * here, by the address that OPEN tells. Those that have not asked for anything yet are bounded for
 * each source and in all, and the oldest of the source, or of the fullest network, goes; of a
 * source with many visitors the slow ones are ended, sooner the more there are.
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
	HTTPS_GATEWAY_UNFINISHED = 200,         /* of one source, as at the relay */
	HTTPS_GATEWAY_SLOW = 100,               /* visitors of one source, likewise */
	HTTPS_GATEWAY_BYTES = 64 * 1024 * 1024, /* of all visitors */
	HTTPS_GATEWAY_UNFINISHED_MOST = 16 * 1024 * 1024 / (48 * 1024),
};

struct https_visit_calls {
	/* Dial the target: https_visit_opened(), later, once. */
	void (*open)(void *owner);
	void (*over)(void *owner, const char *why);
};

/* certificates: borrowed */
struct https_gateway *https_gateway_new(struct loop *l, struct certificates *certificates);
void https_gateway_free(struct https_gateway *g); /* after its visits */
/* Whether requests are logged; what was is forgotten when they are not. */
void https_gateway_log_requests(struct https_gateway *g, bool on);
/* Into an array that is open: request_log_write(). */
void https_gateway_write_requests(const struct https_gateway *g, struct json *w);

/* host: the mapping's full name, or NULL where the relay has not told it. m, guesses (of the
 * mapping) and count are
 * borrowed; the stream is its own from now on. */
struct https_visit *https_gateway_enter(struct https_gateway *g, struct transport *k,
					struct stream *stream, const struct mapping *m,
					const char *host, struct guess_limiter *guesses,
					struct splice_count *count,
					const struct https_visit_calls *calls, void *owner);
/* as https_visitor_opened() */
void https_visit_opened(struct https_visit *v, struct io *io);
const struct open_info *https_visit_info(const struct https_visit *v);
/* At once; the owner is not told. */
void https_visit_cut(struct https_visit *v, enum reset_code code);

#endif
