#include "relay/doors/armed_probes.h"

#include "shared/base/mem.h"

static bool is_on(const struct armed_probe *p, uint16_t port, uint64_t now_ms)
{
	return now_ms < p->until_ms && (!p->port || !port || p->port == port);
}

void armed_probes_add(struct armed_probes **all, const struct armed_probe *p)
{
	if (!*all)
		*all = mem_zalloc(sizeof **all);
	(*all)->items[(*all)->next] = *p;
	(*all)->next = ((*all)->next + 1) % ARMED_PROBES_MOST;
}

uint64_t armed_probes_until(const struct armed_probes *all, uint16_t port, uint64_t now_ms)
{
	uint64_t until_ms = 0;
	for (int i = 0; all && i < ARMED_PROBES_MOST; i++)
		if (is_on(&all->items[i], port, now_ms) && all->items[i].until_ms > until_ms)
			until_ms = all->items[i].until_ms;
	return until_ms;
}

enum probe_match armed_probes_match(const struct armed_probes *all, uint16_t port, uint64_t now_ms,
				    const void *p, size_t len, const struct armed_probe **which)
{
	enum probe_match best = PROBE_OTHER;
	for (int i = 0; all && i < ARMED_PROBES_MOST; i++) {
		if (!is_on(&all->items[i], port, now_ms))
			continue;
		enum probe_match match = probe_match(all->items[i].nonce, p, len);
		if (match == PROBE_WHOLE)
			*which = &all->items[i];
		if (match > best)
			best = match;
	}
	return best;
}
