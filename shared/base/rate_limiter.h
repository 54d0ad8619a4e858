/*
 * How fast each source may go: a token bucket and a count of held things for every source prefix
 * (addr_source: a v4 address, a v6 /64), in a source_table. A newcomer is never refused for want of
 * a place: when the table is full, the oldest source of the fullest network is forgotten. A source
 * that holds something is not. Pure: the caller gives the time. One thread.
 */
#ifndef GROUNDNUT_BASE_RATE_LIMITER_H
#define GROUNDNUT_BASE_RATE_LIMITER_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limiter;

/* max: sources remembered (at least 1); only when more hold something, more are. rate, burst: of
 * each source's bucket, as in token_bucket.h; rate 0: no limit. */
struct rate_limiter *rate_limiter_new(size_t max, uint64_t rate, uint64_t burst);
void rate_limiter_free(struct rate_limiter *t);
/* The new rate counts also for known sources, when they are next seen. */
void rate_limiter_change(struct rate_limiter *t, uint64_t rate, uint64_t burst);

/* One event of this source: false when it comes too fast. */
bool rate_limiter_try(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
/* The same in two steps, for events that only their end shows to be failures: ask first, and count
 * the failure later. */
bool rate_limiter_is_over(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
void rate_limiter_count(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
/* The source has shown itself good: so many counted failures are forgiven. */
void rate_limiter_forgive(struct rate_limiter *t, const struct addr *source, uint64_t failures,
			  uint64_t now_ms);

/* One more thing held by this source (a connection, an unfinished head), unless it holds limit
 * of them already. Each true is paid back by one rate_limiter_release. */
bool rate_limiter_hold(struct rate_limiter *t, const struct addr *source, uint32_t limit,
		       uint64_t now_ms);
void rate_limiter_release(struct rate_limiter *t, const struct addr *source);
uint32_t rate_limiter_held(struct rate_limiter *t, const struct addr *source);
/* A list in which the caller may keep what the source holds. It is empty when the source begins to
 * hold, and must be empty again at the last release. NULL: the source holds nothing. */
struct list *rate_limiter_holders(struct rate_limiter *t, const struct addr *source);

#endif
