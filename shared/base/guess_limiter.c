#include "shared/base/guess_limiter.h"

#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/base/source_table.h"
#include "shared/base/token_bucket.h"

enum { SOURCES = 1024, TRUSTED = 1024, LEVELS = 3 };

static const struct {
	unsigned v4, v6; /* bits */
	uint64_t rate, burst;
} levels[LEVELS] = {
    {32, 64, GUESS_LIMITER_RATE, GUESS_LIMITER_BURST},
    {28, 56, GUESS_LIMITER_NEAR_RATE, GUESS_LIMITER_NEAR_BURST},
    {24, 48, GUESS_LIMITER_NETWORK_RATE, GUESS_LIMITER_NETWORK_BURST},
};

struct guess_limiter {
	struct rate_limiter *wrong[LEVELS];
	bool of_all;
	struct token_bucket all; /* burst 0: no password was wrong yet */
	/* When each source was right. It is a table of its own, so that guesses push nobody out. */
	struct source_table *trusted;
};

struct guess_limiter *guess_limiter_new(bool of_all)
{
	struct guess_limiter *g = mem_zalloc(sizeof *g);
	g->of_all = of_all;
	for (int i = 0; i < LEVELS; i++)
		g->wrong[i] = rate_limiter_new(SOURCES, levels[i].rate, levels[i].burst);
	g->trusted = source_table_new(TRUSTED, sizeof(uint64_t));
	return g;
}

void guess_limiter_free(struct guess_limiter *g)
{
	if (!g)
		return;
	for (int i = 0; i < LEVELS; i++)
		rate_limiter_free(g->wrong[i]);
	source_table_free(g->trusted);
	mem_free(g);
}

static bool is_over(const struct guess_limiter *g, int level, const struct addr *source,
		    uint64_t now_ms)
{
	struct addr prefix = addr_prefix(source, levels[level].v4, levels[level].v6);
	return rate_limiter_is_over(g->wrong[level], &prefix, now_ms);
}

bool guess_limiter_is_trusted(const struct guess_limiter *g, const struct addr *source,
			      uint64_t now_ms)
{
	struct addr prefix = addr_source(source);
	const uint64_t *right_ms = source_table_get(g->trusted, &prefix, NULL);
	return right_ms && now_ms < *right_ms + GUESS_LIMITER_TRUST_MS;
}

bool guess_limiter_admits(struct guess_limiter *g, const struct addr *source, uint64_t now_ms)
{
	if (is_over(g, 0, source, now_ms))
		return false;
	if (guess_limiter_is_trusted(g, source, now_ms))
		return true;
	for (int i = 1; i < LEVELS; i++)
		if (is_over(g, i, source, now_ms))
			return false;
	return !g->all.burst || token_bucket_room(&g->all, now_ms) > 0;
}

void guess_limiter_wrong(struct guess_limiter *g, const struct addr *source, uint64_t now_ms)
{
	for (int i = 0; i < LEVELS; i++) {
		struct addr prefix = addr_prefix(source, levels[i].v4, levels[i].v6);
		rate_limiter_count(g->wrong[i], &prefix, now_ms);
	}
	if (!g->of_all)
		return;
	if (!g->all.burst)
		token_bucket_init(&g->all, GUESS_LIMITER_ALL_RATE, GUESS_LIMITER_ALL_BURST, now_ms);
	token_bucket_try(&g->all, 1, now_ms);
}

void guess_limiter_right(struct guess_limiter *g, const struct addr *source, uint64_t now_ms)
{
	struct addr prefix = addr_source(source);
	*(uint64_t *)source_table_see(g->trusted, &prefix, NULL) = now_ms;
}
