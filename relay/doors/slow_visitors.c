#include "relay/doors/slow_visitors.h"

enum { LOOKS = 256, LOOKS_A_SECOND = 16 * 1024, AHEAD_MS = 1000 };

void slow_visitors_init(struct slow_visitors *r, const struct slow_visitors_kind *kind,
			struct bucket_queue *all)
{
	*r = (struct slow_visitors){.kind = kind, .all = all, .behind = eviction_queue_new()};
	token_bucket_init(&r->looks, LOOKS_A_SECOND, LOOKS, 0);
	list_init(&r->members);
	list_init(&r->node);
}

void slow_visitors_fini(struct slow_visitors *r)
{
	eviction_queue_free(r->behind);
	r->behind = NULL;
}

void slow_visitors_add(struct slow_visitors *r, struct slow_visitors_member *m,
		       const struct addr *from)
{
	*m = (struct slow_visitors_member){.from = *from};
	list_append(&r->members, &m->node);
	list_init(&m->behind.node);
	bucket_queue_put(r->all, &r->node, ++r->count);
}

void slow_visitors_remove(struct slow_visitors *r, struct slow_visitors_member *m)
{
	eviction_queue_leave(r->behind, &m->behind);
	list_remove(&m->node);
	bucket_queue_put(r->all, &r->node, --r->count);
}

struct slow_visitors *slow_visitors_fullest(const struct bucket_queue *all)
{
	struct list *node = bucket_queue_fullest(all);
	return node ? LIST_ENTRY(node, struct slow_visitors, node) : NULL;
}

static int64_t lag_of(const struct slow_visitors *r, struct slow_visitors_member *m, bool memory,
		      uint64_t now_ms)
{
	struct slow_visitors_sight s = r->kind->look(m);
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

static void look(struct slow_visitors *r, bool memory, uint64_t now_ms)
{
	struct slow_visitors_member *m =
	    LIST_ENTRY(r->members.next, struct slow_visitors_member, node);
	list_remove(&m->node);
	list_append(&r->members, &m->node);
	bool is_behind = lag_of(r, m, memory, now_ms) > 0;
	if (!is_behind)
		eviction_queue_leave(r->behind, &m->behind);
	else if (!m->behind.network)
		eviction_queue_join(r->behind, &m->behind, &m->from);
}

static bool is_wished(const struct slow_visitors_member *m, const struct slow_visitors_wish *wish,
		      int64_t lag_ms)
{
	return lag_ms > wish->lag_ms ||
	       (wish->crowd && eviction_queue_beside(&m->behind) >= wish->crowd);
}

unsigned slow_visitors_ask(struct slow_visitors *r, const struct slow_visitors_wish *wish,
			   uint64_t now_ms)
{
	unsigned ended = 0;
	for (size_t i = 0; i < LOOKS && i < r->count; i++) {
		if (!token_bucket_try(&r->looks, 1, now_ms))
			break;
		look(r, wish->memory, now_ms);
	}
	for (struct eviction_queue_member *first;
	     ended < wish->most && (first = eviction_queue_first(r->behind));) {
		struct slow_visitors_member *m =
		    LIST_ENTRY(first, struct slow_visitors_member, behind);
		int64_t lag_ms = lag_of(r, m, wish->memory, now_ms);
		if (lag_ms <= 0) {
			eviction_queue_leave(r->behind, first);
			continue;
		}
		if (!is_wished(m, wish, lag_ms))
			break; /* the first found is the furthest behind, or nearly so */
		r->kind->end(m, lag_ms);
		ended++;
	}
	return ended;
}
