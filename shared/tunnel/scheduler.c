/*
 * Which stream sends next: deficit round robin over two lists, as in FQ-CoDel (RFC 8290, section
 * 4.2). A stream that wakes is fresh: it goes before the bulk ones until its quantum is used, but
 * the fresh ones together never get more than three quarters of a batch. A stream that falls silent
 * while it is fresh passes once through the bulk list: if it wakes meanwhile, it is fresh only for
 * what is left of its quantum. One that runs out of credit comes back as bulk.
 *
 * A turn may take more than the deficit (large reads are cheap, small ones dear); the debt is paid
 * by later rounds.
 *
 * OPENs wait for memory to receive, in a queue for each mapping, and the mappings take turns: so a
 * crowd at one of them holds up none of the others. A mapping whose turn it is and that has no room
 * is passed over. A flow needs no memory, so its OPEN waits in a list of its own.
 */
#include "shared/tunnel/tunnel_internal.h"

#include "shared/base/mem.h"

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
	s->deficit = TUNNEL_QUANTUM;
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
			s->deficit += TUNNEL_QUANTUM;
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
	list_init(&q->waiting);
	hash_table_add(t->open_queues, &q->mapping, sizeof q->mapping, q);
	return q;
}

void scheduler_open_waits(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	t->waiting++;
	if (s->flow) {
		list_append(&t->flow_opens, &s->facts);
		return;
	}
	struct open_queue *q = s->open_queue = queue_of(t, s->info.mapping);
	q->streams++;
	list_append(&q->waiting, &s->facts);
	if (list_is_empty(&q->node))
		list_append(&t->open_turns, &q->node);
}

static void take_out(struct stream *s)
{
	list_remove(&s->facts);
	s->tunnel->waiting--;
	if (s->open_queue && list_is_empty(&s->open_queue->waiting))
		list_remove(&s->open_queue->node);
}

void scheduler_open_written(struct stream *s)
{
	struct open_queue *q = s->open_queue;
	take_out(s);
	if (!q)
		return;
	q->held++;
	if (list_is_empty(&q->node))
		return;
	list_remove(&q->node);
	list_append(&s->tunnel->open_turns, &q->node);
}

void scheduler_open_leaves(struct stream *s)
{
	struct open_queue *q = s->open_queue;
	if (!s->id && !list_is_empty(&s->facts))
		take_out(s);
	list_remove(&s->facts);
	s->open_queue = NULL;
	if (!q)
		return;
	q->held -= s->id != 0;
	if (--q->streams)
		return;
	hash_table_remove(s->tunnel->open_queues, &q->mapping, sizeof q->mapping);
	mem_free(q);
}

struct stream *scheduler_next_open(const struct tunnel *t)
{
	if (!session_has_room(&t->session) || t->count - t->peer_count >= TUNNEL_STREAMS_MOST)
		return NULL;
	LIST_EACH(node, &t->open_turns)
	{
		const struct open_queue *q = LIST_ENTRY(node, const struct open_queue, node);
		if (stream_grant_for_open(t, q) > 0)
			return LIST_ENTRY(q->waiting.next, struct stream, facts);
	}
	return list_is_empty(&t->flow_opens) ? NULL
					     : LIST_ENTRY(t->flow_opens.next, struct stream, facts);
}
