#include "relay/doors/awaited_probes.h"

#include "shared/base/mem.h"

static bool is_on(const struct armed_probe *p, uint16_t port, uint64_t now_ms)
{
	return now_ms < p->until_ms && (!p->port || !port || p->port == port);
}

void awaited_probes_add(struct awaited_probes **all, const struct armed_probe *p)
{
	if (!*all)
		*all = mem_zalloc(sizeof **all);
	(*all)->items[(*all)->next] = *p;
	(*all)->next = ((*all)->next + 1) % AWAITED_PROBES_MOST;
}

uint64_t awaited_probes_until(const struct awaited_probes *all, uint16_t port, uint64_t now_ms)
{
	uint64_t until_ms = 0;
	for (int i = 0; all && i < AWAITED_PROBES_MOST; i++)
		if (is_on(&all->items[i], port, now_ms) && all->items[i].until_ms > until_ms)
			until_ms = all->items[i].until_ms;
	return until_ms;
}

enum reachability_probe_match awaited_probes_match(const struct awaited_probes *all, uint16_t port,
						   uint64_t now_ms, const void *p, size_t len,
						   const struct armed_probe **which)
{
	enum reachability_probe_match best = REACHABILITY_PROBE_OTHER;
	for (int i = 0; all && i < AWAITED_PROBES_MOST; i++) {
		if (!is_on(&all->items[i], port, now_ms))
			continue;
		enum reachability_probe_match match =
		    reachability_probe_match(all->items[i].nonce, p, len);
		if (match == REACHABILITY_PROBE_WHOLE)
			*which = &all->items[i];
		if (match > best)
			best = match;
	}
	return best;
}
