#include "relay/accounts/usage.h"

#include "shared/base/mem.h"

struct usage *usage_new(uint64_t bandwidth)
{
	struct usage *u = mem_zalloc(sizeof *u);
	u->bandwidth = shaper_whole_new(bandwidth);
	atomic_init(&u->refs, 1);
	return u;
}

struct usage *usage_ref(struct usage *u)
{
	atomic_fetch_add(&u->refs, 1);
	return u;
}

void usage_unref(struct usage *u)
{
	if (!u || atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	shaper_whole_unref(u->bandwidth);
	mem_free(u);
}
