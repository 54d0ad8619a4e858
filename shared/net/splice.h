/*
 * A splice joins a socket (near) and a stream (far): the same code at the relay, where near is a
 * visitor, and at the agent, where it is a service. Half-close and reset pass through; a stalled
 * side holds up only itself.
 *
 * It owns both from splice_new() on and closes them at its end. Its last act is to call its owner's
 * splice_fn, once; after that it is gone.
 */
#ifndef GROUNDNUT_NET_SPLICE_H
#define GROUNDNUT_NET_SPLICE_H

#include "shared/net/shaper.h"
#include "shared/net/transport.h"

struct splice;

/* What has gone through, kept by the owner for as long as the splice lives. */
struct splice_count {
	uint64_t near_to_far, far_to_near; /* bytes */
};

struct splice_end {
	int near_error;    /* what the near socket failed with, or 0 */
	bool far_reset;    /* the far side reset it */
	uint32_t far_code; /* … with this code */
};
typedef void splice_fn(void *owner, const struct splice_end *end);

/* near: a plain io that is up. count may be NULL. */
struct splice *splice_new(struct transport *k, struct io *near, struct stream *far,
			  struct splice_count *count, splice_fn *fn, void *owner);
/* When a byte last went through, by loop_now_ms(); at first, when it began. */
uint64_t splice_moved_ms(const struct splice *s);
/* At the relay: no more than shaper allows, each way; it must outlive the splice. */
void splice_shape(struct splice *s, struct shaper *shaper);
/* End it at once from outside, as a reset to both; the owner is not told. */
void splice_cut(struct splice *s, enum reset_code code);
/* The owner goes away, and the trunk with it: what waits is still written, then near is reset;
 * nobody is told or counted. */
void splice_abandon(struct splice *s);

#endif
