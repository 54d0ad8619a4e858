#include "relay/accounts/account_usage.h"

#include "shared/base/mem.h"

enum { DECLARES_AHEAD_US = 6000000, TELL_MS = 60000, LINES_BITS = 24, LINES_MASK = (1 << 24) - 1 };

struct account_usage *account_usage_new(uint64_t bandwidth, struct shaper_line *line)
{
	struct account_usage *u = mem_zalloc(sizeof *u);
	u->bandwidth = shaper_whole_new(bandwidth, line);
	atomic_init(&u->refs, 1);
	return u;
}

struct account_usage *account_usage_ref(struct account_usage *u)
{
	atomic_fetch_add(&u->refs, 1);
	return u;
}

void account_usage_unref(struct account_usage *u)
{
	if (!u || atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	shaper_whole_unref(u->bandwidth);
	mem_free(u);
}

uint64_t account_usage_declare_wait_ms(struct account_usage *u, uint32_t rate, uint64_t now_ms)
{
	uint64_t now_us = now_ms * 1000, paid = atomic_load(&u->declares_us), from;
	do {
		from = paid > now_us ? paid : now_us;
		if (from - now_us > DECLARES_AHEAD_US)
			return (from - now_us - DECLARES_AHEAD_US) / 1000 + 1;
	} while (!atomic_compare_exchange_weak(&u->declares_us, &paid, from + 1000000 / rate));
	return 0;
}

/* Counts one more. True: no more than most came in this minute. *left_out: as
 * account_usage_may_log(). */
static bool count_one(atomic_uint_fast64_t *count, unsigned most, uint64_t now_ms,
		      unsigned *left_out)
{
	/* The minute is at least 1: a count of 0 means that none came yet. */
	uint64_t minute = now_ms / 60000 + 1, before = atomic_load(count), after;
	do {
		bool same = before >> LINES_BITS == minute;
		after =
		    same ? before + ((before & LINES_MASK) < LINES_MASK) : minute << LINES_BITS | 1;
		unsigned wanted = (unsigned)(before & LINES_MASK);
		*left_out = !same && wanted > most ? wanted - most : 0;
	} while (!atomic_compare_exchange_weak(count, &before, after));
	return (after & LINES_MASK) <= most;
}

bool account_usage_may_log(struct account_usage *u, uint64_t now_ms, unsigned *left_out)
{
	return count_one(&u->lines, ACCOUNT_USAGE_LINES, now_ms, left_out);
}

bool account_usage_may_tell(struct account_usage *u, uint64_t now_ms)
{
	unsigned left_out;
	return count_one(&u->events, ACCOUNT_USAGE_EVENTS, now_ms, &left_out);
}

static bool has_used(const struct account_usage *u, const struct quota *q, enum quota_at_limit at)
{
	return q->bytes && q->at_limit == at && atomic_load(&u->quota_level) == QUOTA_USED;
}

bool account_usage_is_slow(const struct account_usage *u, const struct quota *q)
{
	return has_used(u, q, QUOTA_SLOW);
}

bool account_usage_is_stopped(const struct account_usage *u, const struct quota *q)
{
	return has_used(u, q, QUOTA_STOP);
}

bool account_usage_is_news(struct account_usage *u, uint64_t now_ms)
{
	uint64_t told = atomic_load(&u->told_ms);
	return (!told || now_ms >= told + TELL_MS) &&
	       atomic_compare_exchange_strong(&u->told_ms, &told, now_ms ? now_ms : 1);
}
