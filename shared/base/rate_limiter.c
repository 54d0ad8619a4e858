#include "shared/base/rate_limiter.h"

#include "shared/base/mem.h"
#include "shared/base/source_table.h"
#include "shared/base/token_bucket.h"

#include <assert.h>

struct source {
	struct token_bucket bucket; /* burst 0: the source is new */
	uint32_t held;
	struct list holders; /* the caller's, while held is not 0 */
};

struct rate_limiter {
	struct source_table *sources;
	uint64_t rate, burst;
};

struct rate_limiter *rate_limiter_new(size_t max, uint64_t rate, uint64_t burst)
{
	struct rate_limiter *t = mem_zalloc(sizeof(*t));
	t->sources = source_table_new(max, sizeof(struct source));
	rate_limiter_change(t, rate, burst);
	return t;
}

void rate_limiter_free(struct rate_limiter *t)
{
	if (!t)
		return;
	source_table_free(t->sources);
	mem_free(t);
}

void rate_limiter_change(struct rate_limiter *t, uint64_t rate, uint64_t burst)
{
	t->rate = rate;
	t->burst = burst ? burst : 1;
}

static struct source *find(const struct rate_limiter *t, const struct addr *a)
{
	struct addr prefix = addr_source(a);
	return source_table_get(t->sources, &prefix, NULL);
}

static struct source *see(struct rate_limiter *t, const struct addr *a, uint64_t now_ms)
{
	struct addr prefix = addr_source(a);
	struct source *s = source_table_see(t->sources, &prefix, NULL);
	if (!s->bucket.burst)
		token_bucket_init(&s->bucket, t->rate, t->burst, now_ms);
	else if (s->bucket.rate != t->rate || s->bucket.burst != t->burst)
		token_bucket_change(&s->bucket, t->rate, t->burst, now_ms);
	return s;
}

bool rate_limiter_try(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	return token_bucket_try(&see(t, source, now_ms)->bucket, 1, now_ms);
}

bool rate_limiter_is_over(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	struct source *s = find(t, source);
	return s && token_bucket_room(&s->bucket, now_ms) < 1;
}

void rate_limiter_count(struct rate_limiter *t, const struct addr *source, uint64_t now_ms)
{
	/* The bucket does not go below empty. Otherwise many failures at once would shut out all
	 * homes behind one carrier's address for minutes. */
	rate_limiter_try(t, source, now_ms);
}

void rate_limiter_forgive(struct rate_limiter *t, const struct addr *source, uint64_t failures,
			  uint64_t now_ms)
{
	struct source *s = find(t, source);
	if (s)
		token_bucket_give(&s->bucket, failures, now_ms);
}

bool rate_limiter_hold(struct rate_limiter *t, const struct addr *source, uint32_t limit,
		       uint64_t now_ms)
{
	struct source *s = see(t, source, now_ms);
	if (s->held >= limit)
		return false;
	if (!s->held++) {
		list_init(&s->holders);
		source_table_hold(t->sources, s);
	}
	return true;
}

void rate_limiter_release(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	assert(s && s->held);
	if (--s->held)
		return;
	assert(list_is_empty(&s->holders));
	source_table_release(t->sources, s);
}

struct list *rate_limiter_holders(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	return s && s->held ? &s->holders : NULL;
}

uint32_t rate_limiter_held(struct rate_limiter *t, const struct addr *source)
{
	struct source *s = find(t, source);
	return s ? s->held : 0;
}
