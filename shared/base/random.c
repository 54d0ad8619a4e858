#include "shared/base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t len)
{
	uint8_t *p = out;
	while (len) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

uint32_t random_u32(void)
{
	uint32_t n;
	random_bytes(&n, sizeof(n));
	return n;
}

uint32_t random_below(uint32_t n)
{
	assert(n);
	/* What lies below 2^32 mod n would favour the small results. */
	uint32_t bias = -n % n, r;
	do
		r = random_u32();
	while (r < bias);
	return r % n;
}
