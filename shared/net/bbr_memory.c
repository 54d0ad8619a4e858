#include "shared/net/bbr_memory.h"

void bbr_memory_init(struct bbr_memory *m)
{
	*m = (struct bbr_memory){0};
}

bool bbr_memory_begins(const struct bbr_memory *m, uint64_t now_ms)
{
	return !m->full_ms || now_ms >= m->full_ms + BBR_MEMORY_REST_MS;
}

bool bbr_memory_begin(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms)
{
	m->since_ms = m->full_ms = now_ms;
	m->started = now->starts || !m->rate || now->rate < m->rate / 4;
	return m->started && !now->starts;
}

void bbr_memory_full(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms)
{
	m->full_ms = now_ms;
	m->started |= now->starts;
	bool is_true = !now->starts && (m->started || now_ms >= m->since_ms + BBR_MEMORY_FALLS_MS);
	if (is_true || now->rate > m->rate)
		m->rate = now->rate;
}
