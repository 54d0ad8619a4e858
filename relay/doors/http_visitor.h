/*
 * One HTTP visitor on one loop: the socket, the gateway (http_gateway.h) that decides, and the
 * stream to the service while there is one. The owner decides where each request goes.
 *
 * It owns io and gateway from http_visitor_new() on, and every stream it opens.
 */
#ifndef GROUNDNUT_RELAY_DOORS_HTTP_VISITOR_H
#define GROUNDNUT_RELAY_DOORS_HTTP_VISITOR_H

#include "shared/http/http_gateway.h"
#include "relay/doors/slow_visitors.h"
#include "shared/net/splice.h"

struct http_visitor;

/* Where streams are opened to. All of it outlives the visitor, or http_visitor_abandon() comes
 * first. */
struct http_visitor_lead {
	struct transport *transport;
	uint32_t mapping;
	struct splice_count *count; /* to_stream goes toward the agent */
	struct shaper *shaper;      /* NULL: no limit */
	/* the most that a stream is granted at first; 0: as much as there is */
	uint32_t credit;
};

struct http_visitor_times { /* 0: for ever */
	uint32_t head_ms;   /* for a head that has begun */
	uint32_t idle_ms;   /* between requests, and before the first */
	uint32_t stall_ms;  /* while a request is under way: without a byte either way */
	/* the same while the visitor has to send more of the request, or to take the answer */
	uint32_t wait_ms;
};

/*
 * A request is to be routed: the owner answers it on http_visitor_gateway() (http_gateway_route
 * after http_visitor_set_lead, or http_gateway_refuse) and says true; or takes the visitor away
 * (http_visitor_pack) and says false.
 */
typedef bool http_visitor_route_fn(void *owner);
/* The visitor has gone, and all it owned; why, in words. */
typedef void http_visitor_over_fn(void *owner, const char *why);

struct http_visitor *http_visitor_new(struct loop *l, struct io *io, struct http_gateway *gateway,
				      const struct http_visitor_times *times,
				      http_visitor_route_fn *route, http_visitor_over_fn *over,
				      void *owner);
/* A request that was noted (http_gateway_note()) is over. */
typedef void http_visitor_noted_fn(void *owner, const struct http_note *note);
void http_visitor_set_noted(struct http_visitor *v, http_visitor_noted_fn *noted);
void http_visitor_set_lead(struct http_visitor *v, const struct http_visitor_lead *lead);
struct http_gateway *http_visitor_gateway(struct http_visitor *v);
struct io *http_visitor_io(struct http_visitor *v);
/* how far the visitor is behind: minimum_rate_lag_ms() */
int64_t http_visitor_lag_ms(struct http_visitor *v);
/* as slow_visitors.h wants it */
struct slow_visitors_sight http_visitor_look(struct http_visitor *v);

/* Hand-over: gateway and socket go on elsewhere; the stream is closed, and v is gone. */
struct io_parcel *http_visitor_pack(struct http_visitor *v, struct http_gateway **gateway);
/* The owner goes away: what has come for the visitor is still written, a request not answered yet
 * gets a 503, then it ends by itself. */
void http_visitor_abandon(struct http_visitor *v);
/* Resets both sides at once. */
void http_visitor_cut(struct http_visitor *v, enum reset_code code);
/* The visitor is slow and its room is needed: http_gateway_give_up(), as far as it goes at once.
 * The owner is not told. */
void http_visitor_evict(struct http_visitor *v);

/* A visitor that may not come in: its request, which waits to be routed, is answered by a page, and
 * the connection ends. */
void http_visitor_turn_away(struct loop *l, struct io_parcel *parcel, struct http_gateway *gateway,
			    unsigned status, unsigned retry_after_s);

#endif
