/*
 * One HTTP visitor on one loop: its socket, its gateway (http_gateway.h), and the stream to the
 * service while there is one. The owner decides where each request goes.
 *
 * The visitor owns io and gateway from http_visitor_new() on, and each stream that it opens.
 */
#ifndef GROUNDNUT_RELAY_DOORS_HTTP_VISITOR_H
#define GROUNDNUT_RELAY_DOORS_HTTP_VISITOR_H

#include "shared/http/http_gateway.h"
#include "relay/doors/slow_visitors.h"
#include "shared/net/splice.h"

struct http_visitor;

/* Where streams are opened. All pointers must live as long as the visitor, or until
 * http_visitor_abandon(). */
struct http_visitor_lead {
	struct transport *transport;
	uint32_t mapping;
	struct splice_count *count; /* to_stream goes toward the agent */
	struct shaper *shaper;      /* NULL: no limit */
	/* the most credit that a stream gets at first; 0: as much as there is */
	uint32_t credit;
};

/* How long each may take at most; 0: for ever. */
struct http_visitor_times {
	uint32_t head_ms;  /* a head that has begun */
	uint32_t idle_ms;  /* the pause between requests, and before the first */
	uint32_t stall_ms; /* no byte either way while a request is under way */
	/* the same while the visitor must send more of the request, or take the answer */
	uint32_t wait_ms;
};

/*
 * A request has come. The owner routes or refuses it on http_visitor_gateway() (http_gateway_route
 * after http_visitor_set_lead, or http_gateway_refuse) and returns true; or it takes the visitor
 * away (http_visitor_pack) and returns false.
 */
typedef bool http_visitor_route_fn(void *owner);
/* The visitor is over; it and all that it owned are freed. why: in words, valid during the call. */
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
/* How far the visitor is behind the minimum rate: minimum_rate_lag_ms(). */
int64_t http_visitor_lag_ms(struct http_visitor *v);
/* The slow_visitors_kind.look of the visitor. */
struct slow_visitors_sight http_visitor_look(struct http_visitor *v);

/* Packs socket and gateway for another loop or owner. Closes the stream and frees v; over does not
 * come. */
struct io_parcel *http_visitor_pack(struct http_visitor *v, struct http_gateway **gateway);
/* The owner goes away. Bytes that have come for the visitor are still written, a request without
 * answer gets a 503, and then v ends by itself. No callback comes after this. */
void http_visitor_abandon(struct http_visitor *v);
/* Resets both sides and frees v at once; over does not come. */
void http_visitor_cut(struct http_visitor *v, enum reset_code code);
/* Ends a slow visitor at once because its room is needed, with http_gateway_give_up() as far as
 * that goes without waiting; over does not come. */
void http_visitor_evict(struct http_visitor *v);

/* Turns a visitor away: answers its request, which waits to be routed, with a page, and ends the
 * connection. Takes parcel and gateway over. */
void http_visitor_turn_away(struct loop *l, struct io_parcel *parcel, struct http_gateway *gateway,
			    unsigned status, unsigned retry_after_s);

#endif
