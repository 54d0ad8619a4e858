#include "shared/base/token_bucket.h"

#include <assert.h>

enum { THOUSAND = 1000 };
#define RATE_MAX UINT64_C(1000000000000)

/* A unit a second is a thousandth of a unit a millisecond, so filling is exact in integers. */
static void fill(struct token_bucket *b, uint64_t now_ms)
{
	if (now_ms <= b->at_ms)
		return;
	int64_t full = (int64_t)(b->burst * THOUSAND);
	uint64_t passed = now_ms - b->at_ms;
	uint64_t missing = (uint64_t)(full - b->level);
	b->at_ms = now_ms;
	if (!b->rate || passed >= missing / b->rate + 1)
		b->level = full;
	else
		b->level += (int64_t)(passed * b->rate);
	if (b->level > full)
		b->level = full;
}

void token_bucket_init(struct token_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms)
{
	assert(rate <= RATE_MAX && burst <= RATE_MAX);
	*b = (struct token_bucket){.rate = rate, .burst = burst ? burst : 1, .at_ms = now_ms};
	b->level = (int64_t)(b->burst * THOUSAND);
}

void token_bucket_change(struct token_bucket *b, uint64_t rate, uint64_t burst, uint64_t now_ms)
{
	assert(rate <= RATE_MAX && burst <= RATE_MAX);
	bool was_open = !b->rate;
	fill(b, now_ms);
	b->rate = rate;
	b->burst = burst ? burst : 1;
	int64_t full = (int64_t)(b->burst * THOUSAND);
	if (b->level > full || was_open)
		b->level = full;
}

static uint64_t bandwidth_rate(uint64_t bits_per_second)
{
	uint64_t rate = bits_per_second / 8;
	if (bits_per_second && !rate)
		return 1;
	return rate < RATE_MAX ? rate : RATE_MAX;
}

static uint64_t bandwidth_burst(uint64_t rate)
{
	uint64_t burst = rate / THOUSAND * TOKEN_BUCKET_BANDWIDTH_MS;
	return burst > TOKEN_BUCKET_BANDWIDTH_MIN ? burst : TOKEN_BUCKET_BANDWIDTH_MIN;
}

void token_bucket_init_bandwidth(struct token_bucket *b, uint64_t bits_per_second, uint64_t now_ms)
{
	uint64_t rate = bandwidth_rate(bits_per_second);
	token_bucket_init(b, rate, bandwidth_burst(rate), now_ms);
}

void token_bucket_change_bandwidth(struct token_bucket *b, uint64_t bits_per_second,
				   uint64_t now_ms)
{
	uint64_t rate = bandwidth_rate(bits_per_second);
	token_bucket_change(b, rate, bandwidth_burst(rate), now_ms);
}

uint64_t token_bucket_room(struct token_bucket *b, uint64_t now_ms)
{
	if (!b->rate)
		return UINT64_MAX;
	fill(b, now_ms);
	return b->level > 0 ? (uint64_t)b->level / THOUSAND : 0;
}

void token_bucket_take(struct token_bucket *b, uint64_t units)
{
	if (!b->rate)
		return;
	/* The debt has a floor, so that no sum of takes can overflow. Only a caller that never asks
	 * for room reaches it. */
	int64_t floor = -(int64_t)(RATE_MAX * THOUSAND);
	if (units > RATE_MAX || b->level - (int64_t)(units * THOUSAND) < floor)
		b->level = floor;
	else
		b->level -= (int64_t)(units * THOUSAND);
}

void token_bucket_give(struct token_bucket *b, uint64_t units, uint64_t now_ms)
{
	fill(b, now_ms);
	int64_t full = (int64_t)(b->burst * THOUSAND);
	b->level = units >= b->burst || b->level + (int64_t)(units * THOUSAND) > full
		       ? full
		       : b->level + (int64_t)(units * THOUSAND);
}

bool token_bucket_try(struct token_bucket *b, uint64_t units, uint64_t now_ms)
{
	if (token_bucket_room(b, now_ms) < units)
		return false;
	token_bucket_take(b, units);
	return true;
}

uint64_t token_bucket_wait_ms(struct token_bucket *b, uint64_t units, uint64_t now_ms)
{
	if (!b->rate)
		return 0;
	fill(b, now_ms);
	if (units > b->burst)
		units = b->burst;
	int64_t want = (int64_t)(units * THOUSAND);
	if (b->level >= want)
		return 0;
	return ((uint64_t)(want - b->level) + b->rate - 1) / b->rate;
}
