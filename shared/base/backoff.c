#include "shared/base/backoff.h"

void backoff_reset(struct backoff *b)
{
	b->tries = 0;
}

uint32_t backoff_next(struct backoff *b, uint32_t floor_ms, uint32_t random)
{
	uint64_t ceiling = (uint64_t)b->base_ms << (b->tries < 32 ? b->tries : 32);
	if (ceiling > b->max_ms)
		ceiling = b->max_ms;
	if (b->tries < UINT32_MAX)
		b->tries++;
	if (ceiling <= floor_ms)
		return floor_ms;
	return floor_ms + (uint32_t)((ceiling - floor_ms + 1) * random >> 32);
}
