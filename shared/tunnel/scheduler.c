/*
 * Which stream sends next: deficit round robin over two lists, as in FQ-CoDel (RFC 8290, section
 * 4.2). A stream that wakes is fresh: it goes before the bulk ones until its quantum is used, but
 * the fresh ones together never get more than three quarters of a batch. A stream that falls silent
 * while it is fresh passes once through the bulk list: if it wakes meanwhile, it is fresh only for
 * what is left of its quantum. One that runs out of credit comes back as bulk. A quantum is 16 KiB;
 * that of a stream which has just moved bulk is a batch at most, which is little on a thin line.
 *
 * A turn may take more than the deficit (large reads are cheap, small ones dear); the debt is paid
 * by later rounds.
 *
 * OPENs wait for memory to receive. The mappings take turns, and within each the networks that
 * visit it: so a crowd at one mapping holds up none of the others, and a crowd from one network no
 * visitor from elsewhere. Whose turn it is and who has no room is passed over. A flow needs no
 * memory, so its OPEN waits in a list of its own.
 */
#include "shared/tunnel/tunnel_internal.h"

#include "shared/base/mem.h"

#include <string.h>

enum { LEAST_TURN = 1024 }; /* a batch with less left is full */

static struct stream *first_of(struct list *l)
{
	return list_is_empty(l) ? NULL : LIST_ENTRY(l->next, struct stream, turn);
}

void scheduler_wake(struct stream *s)
{
	if (!s->id || !s->credit)
		return;
	if (s->passing && s->deficit > 0) { /* fresh again, with what is left of its quantum */
		s->passing = false;
		list_remove(&s->turn);
		list_append(&s->tunnel->fresh, &s->turn);
	}
	if (!list_is_empty(&s->turn))
		return;
	if (s->starved) { /* it has not slept, it only ran out of credit */
		s->starved = false;
		list_append(&s->tunnel->bulk, &s->turn);
		return;
	}
	s->deficit = stream_is_bulk(s) ? (int64_t)s->tunnel->quantum : TUNNEL_QUANTUM;
	list_append(&s->tunnel->fresh, &s->turn);
}

void scheduler_leave(struct stream *s)
{
	s->passing = false;
	list_remove(&s->turn);
}

static void to_bulk(struct tunnel *t, struct stream *s)
{
	list_remove(&s->turn);
	list_append(&t->bulk, &s->turn);
}

/* One turn of s; returns the bytes it took. s may be gone after. */
static size_t take_turn(struct tunnel *t, struct stream *s, bool fresh)
{
	t->turn = s;
	t->turn_bytes = 0;
	s->passing = false;
	if (s->ready && s->credit)
		stream_tell(s, STREAM_TURN);
	size_t took = t->turn_bytes;
	if (t->turn == s) {
		s->deficit -= (int64_t)took;
		if (s->ready && !s->credit) {
			s->starved = true;
			s->blocked_due = true;
			stream_fact(s);
			scheduler_leave(s);
		} else if (!s->ready) {
			s->passing = fresh && !list_is_empty(&t->bulk);
			if (s->passing)
				to_bulk(t, s);
			else
				scheduler_leave(s);
		} else if (took == 0) {
			/* an owner that neither reads nor says idle must not hold the others up */
			to_bulk(t, s);
			s->deficit = 0;
		}
	}
	t->turn = NULL;
	return took;
}

void scheduler_serve(struct tunnel *t)
{
	size_t fresh_left = t->batch_left / 4 * 3;
	size_t idle_turns = 0;
	while (t->batch_left >= LEAST_TURN && session_has_room(&t->session) &&
	       idle_turns <= t->count) {
		struct stream *fresh = first_of(&t->fresh), *bulk = first_of(&t->bulk);
		bool from_fresh = fresh && (fresh_left > 0 || !bulk);
		struct stream *s = from_fresh ? fresh : bulk;
		if (!s)
			break;
		if (s->deficit <= 0) {
			s->deficit += (int64_t)t->quantum;
			to_bulk(t, s);
			continue;
		}
		size_t took = take_turn(t, s, from_fresh);
		idle_turns = took ? 0 : idle_turns + 1;
		if (from_fresh)
			fresh_left -= took < fresh_left ? took : fresh_left;
		t->batch_left -= took < t->batch_left ? took : t->batch_left;
	}
}

bool scheduler_due(const struct tunnel *t)
{
	return (!list_is_empty(&t->fresh) || !list_is_empty(&t->bulk)) &&
	       session_has_room(&t->session);
}

/* --- OPENs --- */

static struct open_queue *queue_of(struct tunnel *t, uint32_t mapping)
{
	struct open_queue *q = hash_table_get(t->open_queues, &mapping, sizeof mapping);
	if (q)
		return q;
	q = mem_zalloc(sizeof *q);
	q->mapping = mapping;
	list_init(&q->node);
	for (int i = 0; i < OPEN_TURNS; i++)
		list_init(&q->turns[i]);
	hash_table_add(t->open_queues, &q->mapping, sizeof q->mapping, q);
	return q;
}

static struct open_network *network_of(struct tunnel *t, const struct open_info *info)
{
	struct addr prefix = addr_prefix(&info->visitor, 24, 48);
	struct open_network key = {.key = {0}}, *n;
	memcpy(key.key, &info->mapping, sizeof info->mapping);
	key.key[sizeof info->mapping] = prefix.family;
	memcpy(key.key + sizeof info->mapping + 1, prefix.ip, sizeof prefix.ip);
	n = hash_table_get(t->open_networks, key.key, sizeof key.key);
	if (n)
		return n;
	n = mem_dup(&key, sizeof key);
	n->queue = queue_of(t, info->mapping);
	list_init(&n->node);
	list_init(&n->waiting);
	hash_table_add(t->open_networks, n->key, sizeof n->key, n);
	return n;
}

static enum open_turn turn_of(const struct open_network *n)
{
	return n->held < TUNNEL_NETWORK_LITTLE ? OPEN_TURN_OF_LITTLE : OPEN_TURN_OF_MUCH;
}

static bool has_turn(const struct open_queue *q)
{
	return !list_is_empty(&q->turns[OPEN_TURN_OF_LITTLE]) ||
	       !list_is_empty(&q->turns[OPEN_TURN_OF_MUCH]);
}

/* The network is the last of its kind, or has no turn any more; and so is its mapping. */
static void requeue(struct tunnel *t, struct open_network *n, bool had_turn)
{
	struct open_queue *q = n->queue;
	list_remove(&n->node);
	if (!list_is_empty(&n->waiting))
		list_append(&q->turns[turn_of(n)], &n->node);
	if (had_turn || !has_turn(q))
		list_remove(&q->node);
	if (has_turn(q) && list_is_empty(&q->node))
		list_append(&t->open_turns, &q->node);
}

void scheduler_open_waits(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	t->waiting++;
	if (s->flow) {
		list_append(&t->flow_opens, &s->facts);
		return;
	}
	struct open_network *n = s->network = network_of(t, &s->info);
	n->streams++;
	n->queue->streams++;
	list_append(&n->waiting, &s->facts);
	if (list_is_empty(&n->node))
		requeue(t, n, false);
}

void scheduler_open_written(struct stream *s)
{
	struct open_network *n = s->network;
	list_remove(&s->facts);
	s->tunnel->waiting--;
	if (!n)
		return;
	n->queue->next =
	    turn_of(n) == OPEN_TURN_OF_LITTLE ? OPEN_TURN_OF_MUCH : OPEN_TURN_OF_LITTLE;
	n->held++;
	n->queue->held++;
	requeue(s->tunnel, n, true);
}

static void forget_network(struct tunnel *t, struct open_network *n)
{
	struct open_queue *q = n->queue;
	hash_table_remove(t->open_networks, n->key, sizeof n->key);
	mem_free(n);
	if (q->streams)
		return;
	hash_table_remove(t->open_queues, &q->mapping, sizeof q->mapping);
	mem_free(q);
}

void scheduler_open_leaves(struct stream *s)
{
	struct open_network *n = s->network;
	bool waits = !s->id && !list_is_empty(&s->facts);
	s->tunnel->waiting -= waits;
	list_remove(&s->facts);
	s->network = NULL;
	if (!n)
		return;
	enum open_turn had = turn_of(n);
	n->held -= s->id != 0;
	n->queue->held -= s->id != 0;
	n->streams--;
	n->queue->streams--;
	if (list_is_empty(&n->waiting) || turn_of(n) != had)
		requeue(s->tunnel, n, false);
	if (!n->streams)
		forget_network(s->tunnel, n);
}

uint64_t scheduler_grant(const struct stream *s)
{
	return stream_grant_for_open(s->tunnel, s->network->queue, turn_of(s->network));
}

struct stream *scheduler_next_of(const struct tunnel *t, const struct open_queue *q)
{
	for (int i = 0; i < OPEN_TURNS; i++) {
		enum open_turn turn = (enum open_turn)((q->next + i) % OPEN_TURNS);
		const struct list *turns = &q->turns[turn];
		if (list_is_empty(turns) || !stream_grant_for_open(t, q, turn))
			continue;
		struct open_network *n = LIST_ENTRY(turns->next, struct open_network, node);
		return LIST_ENTRY(n->waiting.next, struct stream, facts);
	}
	return NULL;
}

struct stream *scheduler_next_open(const struct tunnel *t)
{
	if (!session_has_room(&t->session) || t->count - t->peer_count >= TUNNEL_STREAMS_MOST)
		return NULL;
	LIST_EACH(node, &t->open_turns)
	{
		struct stream *s =
		    scheduler_next_of(t, LIST_ENTRY(node, const struct open_queue, node));
		if (s)
			return s;
	}
	return list_is_empty(&t->flow_opens) ? NULL
					     : LIST_ENTRY(t->flow_opens.next, struct stream, facts);
}
