/*
 * How many answers a source prefix (v4 /24, v6 /56) may have: a token bucket each, in a table of
 * fixed size, pure. Prefixes that share a place share a bucket.
 */
#ifndef GROUNDNUT_RELAY_NAMES_RESPONSE_RATE_H
#define GROUNDNUT_RELAY_NAMES_RESPONSE_RATE_H

#include "shared/base/addr.h"

struct response_rate;

/* beyond the limit every second one is truncated, so that honest ones come by TCP */
enum response_rate_verdict { RESPONSE_RATE_ANSWER, RESPONSE_RATE_TRUNCATE, RESPONSE_RATE_DROP };

struct response_rate *response_rate_new(uint32_t per_second); /* 0: no limit */
void response_rate_free(struct response_rate *r);
enum response_rate_verdict response_rate_take(struct response_rate *r, const struct addr *source,
					      uint64_t now_ms);

#endif
