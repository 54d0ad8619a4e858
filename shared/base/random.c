#include "shared/base/random.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { AT_ONCE = 256 }; /* what getentropy() gives at most */

void random_bytes(void *out, size_t len)
{
	uint8_t *p = out;
	while (len) {
		size_t n = len < AT_ONCE ? len : AT_ONCE;
		if (getentropy(p, n) != 0)
			abort();
		p += n;
		len -= n;
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
