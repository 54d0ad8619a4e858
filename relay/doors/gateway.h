/*
 * One HTTP visitor on one loop: the socket, the machine (http_relay.h) that decides, and the stream
 * to the service while there is one. What is left to the owner is where each request goes.
 *
 * It owns io and machine from gateway_new() on, and every stream it opens.
 */
#ifndef GROUNDNUT_RELAY_DOORS_GATEWAY_H
#define GROUNDNUT_RELAY_DOORS_GATEWAY_H

#include "relay/doors/http_relay.h"
#include "shared/net/splice.h"

struct gateway;

/* Where streams are opened to. All of it outlives the gateway, or gateway_abandon() comes first. */
struct gateway_lead {
	struct trunk *trunk;
	uint32_t mapping;
	struct splice_count *count; /* near_to_far goes toward home */
	struct shaper *shaper;      /* NULL: no limit */
	/* the most that a stream is granted at first; 0: as much as there is */
	uint32_t credit;
};

struct gateway_times {     /* 0: for ever */
	uint32_t head_ms;  /* for a head that has begun */
	uint32_t idle_ms;  /* between requests, and before the first */
	uint32_t stall_ms; /* while a request is under way: without a byte either way */
	/* … and without a byte while we wait for the visitor, to send more of it or to take the
	 * answer */
	uint32_t wait_ms;
};

/*
 * A request is to be routed: the owner answers it on gateway_machine() (http_relay_route after
 * gateway_set_lead, or http_relay_refuse) and says true; or takes the visitor away (gateway_pack)
 * and says false.
 */
typedef bool gateway_route_fn(void *owner);
typedef void gateway_over_fn(void *owner); /* the visitor has gone, and the gateway with him */

struct gateway *gateway_new(struct loop *l, struct io *io, struct http_relay *machine,
			    const struct gateway_times *times, gateway_route_fn *route,
			    gateway_over_fn *over, void *owner);
void gateway_set_lead(struct gateway *g, const struct gateway_lead *lead);
void gateway_set_times(struct gateway *g, const struct gateway_times *times);
struct http_relay *gateway_machine(struct gateway *g);
struct io *gateway_io(struct gateway *g);
int64_t gateway_lag_ms(struct gateway *g); /* how far the visitor is behind, as of patience.h */

/* Hand-over: machine and socket go on elsewhere; the stream is closed. gateway is gone. */
struct io_parcel *gateway_pack(struct gateway *g, struct http_relay **machine);
/* The owner goes away: what has come for the visitor is still written, a request not answered yet
 * gets a 503, then it ends by itself. */
void gateway_abandon(struct gateway *g);
/* At once: both sides are reset. */
void gateway_cut(struct gateway *g, enum reset_code code);
/* The visitor has kept us waiting, and somebody needs the room: http_relay_give_up(), as far as it
 * goes at once. The owner is not told. */
void gateway_evict(struct gateway *g);

/* A visitor who is not to come in: his request, which waits to be routed, is answered by a page,
 * and the connection ends. */
void gateway_turn_away(struct loop *l, struct io_parcel *parcel, struct http_relay *machine,
		       unsigned status, unsigned retry_after_s);

#endif
