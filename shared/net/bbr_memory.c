#include "shared/net/bbr_memory.h"

enum { PART = 4 }; /* who believes in less than such a part has forgotten */

void bbr_memory_init(struct bbr_memory *m)
{
	*m = (struct bbr_memory){0};
}

bool bbr_memory_rested(const struct bbr_memory *m, uint64_t now_ms)
{
	return !m->full_ms || now_ms >= m->full_ms + BBR_MEMORY_REST_MS;
}

bool bbr_memory_begin(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms)
{
	bool forgot = !now->starts && (!m->rate || now->rate < m->rate / PART);
	m->since_ms = m->full_ms = now_ms;
	m->started = now->starts || forgot;
	if (forgot)
		m->rate = m->rate ? m->rate / 2 : now->rate;
	return forgot;
}

void bbr_memory_full(struct bbr_memory *m, const struct bbr_estimate *now, uint64_t now_ms)
{
	if (bbr_memory_rested(m, now_ms)) { /* its beginning was not told: bbr said nothing then */
		m->since_ms = now_ms;
		m->started = false;
	}
	m->full_ms = now_ms;
	m->started |= now->starts;
	bool is_true = !now->starts && (m->started || now_ms >= m->since_ms + BBR_MEMORY_FALLS_MS);
	if (is_true || now->rate > m->rate)
		m->rate = now->rate;
}
