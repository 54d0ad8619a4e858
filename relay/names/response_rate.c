#include "relay/names/response_rate.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"

enum { BUCKETS = 16384, SHARES = 1000 };

struct bucket {
	uint64_t seen_ms;
	uint32_t left; /* thousandths of an answer */
	uint32_t refused;
};

struct response_rate {
	uint32_t per_second;
	uint32_t seed;
	struct bucket buckets[BUCKETS];
};

struct response_rate *response_rate_new(uint32_t per_second)
{
	struct response_rate *r = mem_zalloc(sizeof(*r));
	r->per_second = per_second;
	r->seed = random_u32();
	return r;
}

void response_rate_free(struct response_rate *r)
{
	mem_free(r);
}

static struct bucket *bucket_of(struct response_rate *r, const struct addr *source)
{
	uint32_t h = 2166136261u ^ r->seed;
	for (unsigned i = 0; i < (source->family == 4 ? 3 : 7); i++)
		h = (h ^ source->ip[i]) * 16777619u;
	return &r->buckets[(h ^ h >> 15) % BUCKETS];
}

enum response_rate_verdict response_rate_take(struct response_rate *r, const struct addr *source,
					      uint64_t now_ms)
{
	if (r->per_second == 0)
		return RESPONSE_RATE_ANSWER;
	struct bucket *b = bucket_of(r, source);
	uint64_t full = (uint64_t)r->per_second * SHARES, idle = now_ms - b->seen_ms;
	uint64_t left = !b->seen_ms || idle >= 1000 ? full : b->left + idle * r->per_second;
	b->left = (uint32_t)(left < full ? left : full);
	b->seen_ms = now_ms ? now_ms : 1;
	if (b->left >= SHARES) {
		b->left -= SHARES;
		return RESPONSE_RATE_ANSWER;
	}
	return b->refused++ % 2 ? RESPONSE_RATE_DROP : RESPONSE_RATE_TRUNCATE;
}
