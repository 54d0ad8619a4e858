/*
 * A splice joins a socket and a stream. It is the same code at the relay, where the socket is a
 * visitor's, and at the agent, where it is a service's. Half-close and reset pass through; a side
 * that stalls holds up only itself.
 *
 * It owns both from splice_new() on and closes them at its end. Its last act is to call its owner's
 * splice_fn, once; after that it is gone.
 */
#ifndef GROUNDNUT_NET_SPLICE_H
#define GROUNDNUT_NET_SPLICE_H

#include "shared/net/shaper.h"
#include "shared/net/transport.h"

struct splice;

/* What has gone through. The owner keeps it for as long as the splice lives. */
struct splice_count {
	uint64_t to_stream, from_stream; /* bytes */
	struct splice_count *whole;      /* these bytes count here, too; NULL: nowhere else */
};
static inline void splice_count_in(struct splice_count *c, uint64_t len) /* to the stream */
{
	for (; c; c = c->whole)
		c->to_stream += len;
}
static inline void splice_count_out(struct splice_count *c, uint64_t len) /* from the stream */
{
	for (; c; c = c->whole)
		c->from_stream += len;
}

struct splice_end {
	int socket_error; /* what the socket failed with, or 0 */
	bool was_reset;   /* the other end reset the stream … */
	uint32_t code;    /* … with this code */
};
typedef void splice_fn(void *owner, const struct splice_end *end);
const char *splice_end_text(const struct splice_end *end); /* "closed", or what broke it */

/* socket: a plain io that is up. count may be NULL. */
struct splice *splice_new(struct transport *k, struct io *socket, struct stream *stream,
			  struct splice_count *count, splice_fn *fn, void *owner);
/* Whether the stream's first bytes may go to the socket. Asked with all that have come, as far
 * as SPLICE_GUARDED, again and again until it says something else than SPLICE_WAIT. SPLICE_CUT:
 * none of them does, and the splice ends as by a failure of the socket. */
enum splice_verdict { SPLICE_PASS, SPLICE_WAIT, SPLICE_CUT };
enum { SPLICE_GUARDED = 64 };
typedef enum splice_verdict splice_guard_fn(void *owner, const void *p, size_t len);
/* splice_new() with a guard. */
struct splice *splice_new_guarded(struct transport *k, struct io *socket, struct stream *stream,
				  struct splice_count *count, splice_guard_fn *guard, splice_fn *fn,
				  void *owner);
/* when a byte last went through, by loop_now_ms(); at first, when it began */
uint64_t splice_moved_ms(const struct splice *s);
/* bytes wait that the socket does not take */
bool splice_waits_for_socket(const struct splice *s);
/* bytes that the socket's other end is known to have */
uint64_t splice_delivered(const struct splice *s);
/* At the relay: no more than shaper allows, each way; it must outlive the splice. */
void splice_shape(struct splice *s, struct shaper *shaper);
/* Ends the splice at once, as a reset to both sides. The owner is not told. */
void splice_cut(struct splice *s, enum reset_code code);
/* The owner goes away, and the transport with it. What waits is still written, then the socket is
 * reset. Nobody is told, and nothing is counted. */
void splice_abandon(struct splice *s);

#endif
