/* When to try again: exponential back-off with full jitter. Pure: the caller gives a random
 * number. */
#ifndef GROUNDNUT_BASE_BACKOFF_H
#define GROUNDNUT_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t base_ms; /* ceiling of the first wait */
	uint32_t max_ms;  /* ceiling of any wait */
	uint32_t tries;   /* failures since the last success */
};

void backoff_reset(struct backoff *b);
/* The next wait: uniform in [floor_ms, min(max, base << tries)]; counts one failure. random: any 32
 * random bits. */
uint32_t backoff_next(struct backoff *b, uint32_t floor_ms, uint32_t random);

#endif
