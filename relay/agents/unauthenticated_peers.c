#include "relay/agents/unauthenticated_peers.h"

#include "shared/base/mem.h"

enum { LOOKS = 8 /* for one that may go */ };

struct unauthenticated_peers {
	struct eviction_queue *strangers, *known;
	unauthenticated_peers_spoken_fn *has_spoken;
};

static struct eviction_queue *queue_of(const struct unauthenticated_peers *all, bool known)
{
	return known ? all->known : all->strangers;
}

static struct newcomer *first_of(const struct eviction_queue *q)
{
	struct eviction_queue_member *m = eviction_queue_first(q);
	return m ? LIST_ENTRY(m, struct newcomer, member) : NULL;
}

struct unauthenticated_peers *unauthenticated_peers_new(unauthenticated_peers_spoken_fn *has_spoken)
{
	struct unauthenticated_peers *all = mem_zalloc(sizeof(*all));
	all->strangers = eviction_queue_new();
	all->known = eviction_queue_new();
	all->has_spoken = has_spoken;
	return all;
}

void unauthenticated_peers_free(struct unauthenticated_peers *all)
{
	if (!all)
		return;
	eviction_queue_free(all->strangers);
	eviction_queue_free(all->known);
	mem_free(all);
}

static bool is_in_handshake(const struct unauthenticated_peers *all, const struct newcomer *n,
			    uint64_t now_ms)
{
	return now_ms < n->since_ms + UNAUTHENTICATED_PEERS_HANDSHAKE_MS && all->has_spoken(n);
}

/* Who is in its handshake stands behind those of its network that are not: a far home needs as long
 * as its path takes. */
static struct newcomer *first_to_go(const struct unauthenticated_peers *all,
				    struct eviction_queue *q, uint64_t now_ms)
{
	struct newcomer *n = first_of(q);
	for (int i = 0; i < LOOKS && is_in_handshake(all, n, now_ms); i++) {
		eviction_queue_put_last(q, &n->member);
		n = first_of(q);
	}
	return n;
}

/* The crowd that one more would make too large, or NULL. */
static struct eviction_queue *full_for(const struct unauthenticated_peers *all, bool known)
{
	size_t strangers = eviction_queue_count(all->strangers);
	if (strangers + eviction_queue_count(all->known) >= UNAUTHENTICATED_PEERS_MOST)
		return queue_of(all, !strangers);
	return !known && strangers >= UNAUTHENTICATED_PEERS_STRANGERS ? all->strangers : NULL;
}

enum unauthenticated_peers_answer unauthenticated_peers_ask(struct unauthenticated_peers *all,
							    const struct addr *from, bool known,
							    uint64_t now_ms, struct newcomer **goes)
{
	struct eviction_queue *q = full_for(all, known);
	if (!q)
		return UNAUTHENTICATED_PEERS_ROOM;
	struct newcomer *n = first_to_go(all, q, now_ms);
	if (known == n->known && eviction_queue_is_near(&n->member, from) &&
	    is_in_handshake(all, n, now_ms))
		return UNAUTHENTICATED_PEERS_NONE;
	*goes = n;
	return UNAUTHENTICATED_PEERS_INSTEAD;
}

void unauthenticated_peers_join(struct unauthenticated_peers *all, struct newcomer *n,
				const struct addr *from, bool known, uint64_t now_ms)
{
	n->since_ms = now_ms;
	n->known = known;
	eviction_queue_join(queue_of(all, known), &n->member, from);
}

void unauthenticated_peers_leave(struct unauthenticated_peers *all, struct newcomer *n)
{
	eviction_queue_leave(queue_of(all, n->known), &n->member);
}

size_t unauthenticated_peers_strangers(const struct unauthenticated_peers *all)
{
	return eviction_queue_count(all->strangers);
}

struct newcomer *unauthenticated_peers_stranger(struct unauthenticated_peers *all, uint64_t now_ms)
{
	return first_to_go(all, all->strangers, now_ms);
}

struct newcomer *unauthenticated_peers_any(const struct unauthenticated_peers *all)
{
	struct newcomer *n = first_of(all->strangers);
	return n ? n : first_of(all->known);
}
