/*
 * How fast passwords are guessed: wrong ones are counted by source (v4 address, v6 /64), by the
 * networks around it (v4 /28 and /24, v6 /56 and /48), and, where that is wanted, in all. Where any
 * of these is over its rate no password is looked at, right or wrong, so that who guesses learns
 * nothing. A source that was right within GUESS_LIMITER_TRUST_MS is held only against its own wrong
 * ones, so that its owner comes in while the world guesses. Pure: the caller gives the time.
 * Bounded.
 */
#ifndef GROUNDNUT_BASE_GUESS_LIMITER_H
#define GROUNDNUT_BASE_GUESS_LIMITER_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct guess_limiter;

enum {
	/* wrong ones at once, of a source, of the networks around it, of all; then so many a
	 * second */
	GUESS_LIMITER_BURST = 20,
	GUESS_LIMITER_NEAR_BURST = 40,
	GUESS_LIMITER_NETWORK_BURST = 80,
	GUESS_LIMITER_ALL_BURST = 400,
	GUESS_LIMITER_RATE = 1,
	GUESS_LIMITER_NEAR_RATE = 2,
	GUESS_LIMITER_NETWORK_RATE = 4,
	GUESS_LIMITER_ALL_RATE = 20,
	GUESS_LIMITER_TRUST_MS = 24 * 60 * 60 * 1000,
};

/* of_all: also all wrong ones together are limited. Without it the caller bounds otherwise how many
 * are looked at, so that a world that guesses keeps out nobody who comes from elsewhere. */
struct guess_limiter *guess_limiter_new(bool of_all);
void guess_limiter_free(struct guess_limiter *g);
/* Whether a password from this source is looked at. */
bool guess_limiter_admits(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);
/* Whether a source was right within GUESS_LIMITER_TRUST_MS. */
bool guess_limiter_is_trusted(const struct guess_limiter *g, const struct addr *source,
			      uint64_t now_ms);
/* The password was looked at, and was wrong or right. */
void guess_limiter_wrong(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);
void guess_limiter_right(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);

#endif
