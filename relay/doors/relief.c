#include "relay/doors/relief.h"

enum { LOOKS = 256, AHEAD_MS = 1000 };

void relief_init(struct relief *r, const struct relief_kind *kind)
{
	*r = (struct relief){.kind = kind, .behind = crowd_new()};
	list_init(&r->members);
}

void relief_fini(struct relief *r)
{
	crowd_free(r->behind);
	r->behind = NULL;
}

void relief_add(struct relief *r, struct relief_member *m, const struct addr *from)
{
	*m = (struct relief_member){.from = *from};
	list_append(&r->members, &m->node);
	list_init(&m->behind.node);
	r->count++;
}

void relief_remove(struct relief *r, struct relief_member *m)
{
	crowd_leave(r->behind, &m->behind);
	list_remove(&m->node);
	r->count--;
}

static int64_t lag_of(const struct relief *r, struct relief_member *m, bool memory, uint64_t now_ms)
{
	struct relief_sight s = r->kind->look(m);
	if (!m->known) {
		m->known = true;
		minimum_rate_init(&m->rate, AHEAD_MS, now_ms);
		m->rate.progress = s.progress;
		m->rate.lag_ms = (s.lag_ms > 0 ? s.lag_ms : 0) - AHEAD_MS;
	}
	minimum_rate_wait(&m->rate, s.waits, now_ms);
	int64_t lag_ms = minimum_rate_lag_ms(&m->rate, s.progress, now_ms);
	return memory && !s.holds_memory ? 0 : lag_ms;
}

static void look(struct relief *r, int64_t most_ms, bool memory, uint64_t now_ms)
{
	struct relief_member *m = LIST_ENTRY(r->members.next, struct relief_member, node);
	list_remove(&m->node);
	list_append(&r->members, &m->node);
	bool is_behind = lag_of(r, m, memory, now_ms) > most_ms;
	if (!is_behind)
		crowd_leave(r->behind, &m->behind);
	else if (!m->behind.network)
		crowd_join(r->behind, &m->behind, &m->from);
}

unsigned relief_ask(struct relief *r, unsigned most, int64_t lag_ms, bool memory, uint64_t now_ms)
{
	unsigned ended = 0;
	for (size_t i = 0; i < LOOKS && i < r->count; i++)
		look(r, lag_ms, memory, now_ms);
	for (struct crowd_member *first; ended < most && (first = crowd_first(r->behind));) {
		struct relief_member *m = LIST_ENTRY(first, struct relief_member, behind);
		int64_t lag = lag_of(r, m, memory, now_ms);
		if (lag > lag_ms) {
			r->kind->end(m, lag);
			ended++;
		} else {
			crowd_leave(r->behind, first);
		}
	}
	return ended;
}
