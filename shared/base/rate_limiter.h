/*
 * What each source has done lately: a bucket and a count for every source prefix (addr_source: a v4
 * address, a v6 /64), in a table of bounded size. When it is full the source seen longest ago is
 * forgotten; one that holds a count is never forgotten, so when all do, a newcomer is refused.
 * Pure: the caller gives the time. One thread.
 */
#ifndef GROUNDNUT_BASE_RATE_LIMITER_H
#define GROUNDNUT_BASE_RATE_LIMITER_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limiter;

/* max: sources remembered at most (at least 1). rate, burst: of each source's bucket, as in
 * bucket.h; rate 0: counts only. */
struct rate_limiter *rate_limiter_new(size_t max, uint64_t rate, uint64_t burst);
void rate_limiter_free(struct rate_limiter *t);
/* also for the sources it knows, when they are next seen */
void rate_limiter_change(struct rate_limiter *t, uint64_t rate, uint64_t burst);

/* One event of this source: false when it comes too fast. */
bool rate_limiter_try(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
/* The same in two steps, for what is known to be a failure only afterwards: ask, and later count
 * it. */
bool rate_limiter_is_over(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
void rate_limiter_count(struct rate_limiter *t, const struct addr *source, uint64_t now_ms);
/* It has shown itself good: so many counted failures are forgiven. */
void rate_limiter_forgive(struct rate_limiter *t, const struct addr *source, uint64_t failures,
			  uint64_t now_ms);

/* One more thing held by this source (a connection, an unfinished head), unless it holds limit
 * of them already. Each true is paid back by one rate_limiter_release. */
bool rate_limiter_hold(struct rate_limiter *t, const struct addr *source, uint32_t limit,
		       uint64_t now_ms);
void rate_limiter_release(struct rate_limiter *t, const struct addr *source);
uint32_t rate_limiter_held(struct rate_limiter *t, const struct addr *source);
/* While the source holds something: a list of its own, in which whoever keeps the table may keep
 * what that is; empty when the source comes to hold something, and to be empty again when it
 * does no more. NULL when it holds nothing. */
struct list *rate_limiter_holders(struct rate_limiter *t, const struct addr *source);

size_t rate_limiter_size(const struct rate_limiter *t);

#endif
