/*
 * One visitor of an https mapping: TLS ends here, over the tunnel's stream; inside it is the HTTP
 * gateway (http_gateway.h), and behind that a connection to the target while there is one. The
 * owner says whose certificate is shown, where each request goes, and dials.
 *
 * It owns the stream from https_visitor_new() on, and each connection that it is given. Its last
 * act is to call `over`, once, unless the owner has ended it.
 */
#ifndef GROUNDNUT_AGENT_HTTPS_VISITOR_H
#define GROUNDNUT_AGENT_HTTPS_VISITOR_H

#include "shared/http/http_gateway.h"
#include "shared/net/client_hello.h"
#include "shared/net/splice.h"
#include "shared/net/tls_context.h"

struct https_visitor;

struct https_visitor_calls {
	/* Its ClientHello has come. Borrowed, or NULL: *alert tells it why not. *validates: it is a
	 * CA that looks at the certificate and gets no more than that. */
	struct tls_context *(*choose)(void *owner, const struct client_hello *hello,
				      enum client_hello_alert *alert, bool *validates);
	/* a request is to be routed or refused, on https_visitor_gateway() */
	void (*route)(void *owner);
	/* The target is to be dialled: https_visitor_opened(), later, once. */
	void (*open)(void *owner);
	/* It waits for its next request and has taken all there was (true), or that is over;
	 * told at each look. It must not be ended inside. */
	void (*rests)(void *owner, bool rests);
	/* A request that was noted (http_gateway_note()) is over. */
	void (*noted)(void *owner, const struct http_note *note);
	/* It has gone, and all it owned; what is being dialled is not wanted. why: in words */
	void (*over)(void *owner, const char *why);
};

struct https_visitor_times { /* 0: for ever */
	uint32_t hello_ms;   /* for ClientHello and handshake, all of it */
	uint32_t head_ms;    /* for a head that has begun, and for the first */
	uint32_t idle_ms;    /* between requests */
	uint32_t stall_ms;   /* while a request is under way: without a byte either way */
	/* the same while the visitor has to send more of the request, or to take the answer */
	uint32_t wait_ms;
};

/* hsts_s: as of http_gateway_set_hsts(). count and calls are borrowed. */
struct https_visitor *https_visitor_new(struct transport *k, struct stream *stream,
					const struct https_visitor_times *times, uint32_t hsts_s,
					struct splice_count *count,
					const struct https_visitor_calls *calls, void *owner);
/* io: a connection to the target that is up; NULL: it cannot be reached, and the visitor is shown a
 * page that says so. */
void https_visitor_opened(struct https_visitor *v, struct io *io);
struct http_gateway *https_visitor_gateway(struct https_visitor *v);
const struct open_info *https_visitor_info(const struct https_visitor *v);
size_t https_visitor_memory(const struct https_visitor *v); /* roughly */
/* how far it is behind: minimum_rate_lag_ms() */
int64_t https_visitor_lag_ms(struct https_visitor *v);
/* At once: the visitor is reset, and so is the target. The owner is not told. */
void https_visitor_cut(struct https_visitor *v, enum reset_code code);

#endif
