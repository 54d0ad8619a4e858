/*
 * One visitor of an https mapping. It ends TLS over the tunnel's stream, puts the plain bytes
 * through the HTTP gateway (http_gateway.h), and connects that with the target. The owner chooses
 * the certificate, routes each request, and dials the target.
 *
 * The visitor owns the stream from https_visitor_new() on, and each connection that it is given.
 * Its last act is to call `over`, once, unless the owner has ended it by https_visitor_cut().
 */
#ifndef GROUNDNUT_AGENT_HTTPS_VISITOR_H
#define GROUNDNUT_AGENT_HTTPS_VISITOR_H

#include "shared/http/http_gateway.h"
#include "shared/net/client_hello.h"
#include "shared/net/splice.h"
#include "shared/net/tls_context.h"

struct https_visitor;

struct https_visitor_calls {
	/* The ClientHello has come. Returns a certificate, borrowed, or NULL: then the visitor gets
	 * *alert. *validates: the visitor is a CA that only looks at the certificate; it gets the
	 * handshake and nothing more. */
	struct tls_context *(*choose)(void *owner, const struct client_hello *hello,
				      enum client_hello_alert *alert, bool *validates);
	/* A request has come: the owner routes or refuses it on https_visitor_gateway(). */
	void (*route)(void *owner);
	/* Asks for a connection to the target. https_visitor_opened() answers it, later, once. */
	void (*open)(void *owner);
	/* It waits for its next request and has taken all there was (true), or that is over;
	 * told at each look. It must not be ended inside. */
	void (*rests)(void *owner, bool rests);
	/* A request that was noted (http_gateway_note()) is over. */
	void (*noted)(void *owner, const struct http_note *note);
	/* The visitor is over; it and all that it owned are freed. A target that is still dialled
	 * is not wanted. why: in words, valid during the call. */
	void (*over)(void *owner, const char *why);
};

/* How long each may take at most; 0: for ever. */
struct https_visitor_times {
	uint32_t hello_ms; /* ClientHello and handshake together */
	uint32_t head_ms;  /* the head of a request that has begun, and the first head */
	uint32_t idle_ms;  /* the pause between requests */
	uint32_t stall_ms; /* no byte either way while a request is under way */
	/* the same while the visitor must send more of the request, or take the answer */
	uint32_t wait_ms;
};

/* hsts_s: as for http_gateway_set_hsts(). *memory: the bytes that all visitors hold, roughly; each
 * keeps its own part of it up to date. count, memory and calls are borrowed. */
struct https_visitor *https_visitor_new(struct transport *k, struct stream *stream,
					const struct https_visitor_times *times, uint32_t hsts_s,
					struct splice_count *count, size_t *memory,
					const struct https_visitor_calls *calls, void *owner);
/* Answers calls.open and takes io over. io: a connection to the target that is up; NULL: the target
 * cannot be reached, and the visitor gets a page that says so. */
void https_visitor_opened(struct https_visitor *v, struct io *io);
struct http_gateway *https_visitor_gateway(struct https_visitor *v);
const struct open_info *https_visitor_info(const struct https_visitor *v);
/* How far the visitor is behind the minimum rate: minimum_rate_lag_ms(). */
int64_t https_visitor_lag_ms(struct https_visitor *v);
/* Ends and frees it at once: resets the visitor and the target. `over` does not come. */
void https_visitor_cut(struct https_visitor *v, enum reset_code code);

#endif
