/*
 * Limits how fast passwords are guessed. It counts wrong passwords by source (v4 address, v6 /64),
 * by the networks around it (v4 /28 and /24, v6 /56 and /48), and, if wanted, in all. When one of
 * these counts is over its rate, no password from there is verified, right or wrong, so that a
 * guesser learns nothing. For a source that was right within GUESS_LIMITER_TRUST_MS only its own
 * wrong passwords count, so that its owner gets in while the world guesses. Pure: the caller gives
 * the time. Bounded.
 */
#ifndef GROUNDNUT_BASE_GUESS_LIMITER_H
#define GROUNDNUT_BASE_GUESS_LIMITER_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct guess_limiter;

enum {
	/* How many wrong passwords may come at once, from a source, from the networks around it,
	 * and from all; then how many a second. */
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

/* of_all: also limits all wrong passwords together. A caller without it must bound in another way
 * how many are verified; then a guessing world keeps out nobody who comes from elsewhere. */
struct guess_limiter *guess_limiter_new(bool of_all);
void guess_limiter_free(struct guess_limiter *g); /* NULL does nothing */
/* Whether a password from this source may be verified. */
bool guess_limiter_admits(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);
/* Whether a source was right within GUESS_LIMITER_TRUST_MS. */
bool guess_limiter_is_trusted(const struct guess_limiter *g, const struct addr *source,
			      uint64_t now_ms);
/* The password was verified, and was wrong or right. */
void guess_limiter_wrong(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);
void guess_limiter_right(struct guess_limiter *g, const struct addr *source, uint64_t now_ms);

#endif
