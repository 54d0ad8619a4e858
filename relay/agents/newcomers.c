#include "relay/agents/newcomers.h"

#include "shared/base/mem.h"

enum { LOOKS = 8 /* for one that may go */ };

struct newcomers {
	struct eviction_queue *strangers, *known;
	newcomers_spoken_fn *has_spoken;
};

static struct eviction_queue *queue_of(const struct newcomers *all, bool known)
{
	return known ? all->known : all->strangers;
}

static struct newcomer *first_of(const struct eviction_queue *q)
{
	struct eviction_queue_member *m = eviction_queue_first(q);
	return m ? LIST_ENTRY(m, struct newcomer, member) : NULL;
}

struct newcomers *newcomers_new(newcomers_spoken_fn *has_spoken)
{
	struct newcomers *all = mem_zalloc(sizeof(*all));
	all->strangers = eviction_queue_new();
	all->known = eviction_queue_new();
	all->has_spoken = has_spoken;
	return all;
}

void newcomers_free(struct newcomers *all)
{
	if (!all)
		return;
	eviction_queue_free(all->strangers);
	eviction_queue_free(all->known);
	mem_free(all);
}

static bool is_in_handshake(const struct newcomers *all, const struct newcomer *n, uint64_t now_ms)
{
	return now_ms < n->since_ms + NEWCOMERS_HANDSHAKE_MS && all->has_spoken(n);
}

/* Who is in its handshake stands behind those of its network that are not: a far home needs as long
 * as its path takes. */
static struct newcomer *first_to_go(const struct newcomers *all, struct eviction_queue *q,
				    uint64_t now_ms)
{
	struct newcomer *n = first_of(q);
	for (int i = 0; i < LOOKS && is_in_handshake(all, n, now_ms); i++) {
		eviction_queue_put_last(q, &n->member);
		n = first_of(q);
	}
	return n;
}

/* The crowd that one more would make too large, or NULL. */
static struct eviction_queue *full_for(const struct newcomers *all, bool known)
{
	size_t strangers = eviction_queue_count(all->strangers);
	if (strangers + eviction_queue_count(all->known) >= NEWCOMERS_MOST)
		return queue_of(all, !strangers);
	return !known && strangers >= NEWCOMERS_STRANGERS ? all->strangers : NULL;
}

enum newcomers_answer newcomers_ask(struct newcomers *all, const struct addr *from, bool known,
				    uint64_t now_ms, struct newcomer **goes)
{
	struct eviction_queue *q = full_for(all, known);
	if (!q)
		return NEWCOMERS_ROOM;
	struct newcomer *n = first_to_go(all, q, now_ms);
	if (known == n->known && eviction_queue_is_near(&n->member, from) &&
	    is_in_handshake(all, n, now_ms))
		return NEWCOMERS_NONE;
	*goes = n;
	return NEWCOMERS_INSTEAD;
}

void newcomers_join(struct newcomers *all, struct newcomer *n, const struct addr *from, bool known,
		    uint64_t now_ms)
{
	n->since_ms = now_ms;
	n->known = known;
	eviction_queue_join(queue_of(all, known), &n->member, from);
}

void newcomers_leave(struct newcomers *all, struct newcomer *n)
{
	eviction_queue_leave(queue_of(all, n->known), &n->member);
}

size_t newcomers_strangers(const struct newcomers *all)
{
	return eviction_queue_count(all->strangers);
}

struct newcomer *newcomers_stranger(struct newcomers *all, uint64_t now_ms)
{
	return first_to_go(all, all->strangers, now_ms);
}

struct newcomer *newcomers_any(const struct newcomers *all)
{
	struct newcomer *n = first_of(all->strangers);
	return n ? n : first_of(all->known);
}
