/*
 * How many answers a source prefix (v4 /24, v6 /56) may have: a token bucket each, in a table of
 * fixed size, pure. Prefixes that share a place share a bucket.
 */
#ifndef GROUNDNUT_RELAY_NAMES_RATE_H
#define GROUNDNUT_RELAY_NAMES_RATE_H

#include "shared/base/addr.h"

struct rate;

/* beyond the limit every second one is truncated, so that honest ones come by TCP */
enum rate_verdict { RATE_ANSWER, RATE_TRUNCATE, RATE_DROP };

struct rate *rate_new(uint32_t per_second); /* 0: no limit */
void rate_free(struct rate *r);
enum rate_verdict rate_take(struct rate *r, const struct addr *source, uint64_t now_ms);

#endif
