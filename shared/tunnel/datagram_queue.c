/*
 * Datagrams on their way to the link: whole, unreliable, the newest win. They wait in order; of a
 * flow or a tunnel that has too many the oldest is dropped. Flows take turns, a datagram each, so
 * that a game does not wait behind a VPN's backlog. At most a batch of them is among the
 * link's frames at a time, and while the session has bytes to send it gets as many in turn, so that
 * a flood of datagrams starves no stream. A detach empties it all.
 */
#include "shared/tunnel/tunnel_internal.h"

#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

enum { LEAST_COST = 64 }; /* what an empty one counts for: about its memory */

static size_t cost_of(size_t len)
{
	return FRAME_HEADER + (len < LEAST_COST ? LEAST_COST : len);
}

static struct tunnel_datagram *first_of(const struct list *l)
{
	return list_is_empty(l) ? NULL : LIST_ENTRY(l->next, struct tunnel_datagram, node);
}

static struct tunnel_datagram *first_of_flow(const struct stream *s)
{
	return list_is_empty(&s->datagrams)
		   ? NULL
		   : LIST_ENTRY(s->datagrams.next, struct tunnel_datagram, flow);
}

static bool may_go(const struct tunnel *t, const struct stream *s)
{
	return t->session.sent >= s->opened_at;
}

/* Where a new datagram of the stream waits: not past those that came before it. */
static enum datagram_stage stage_of_next(const struct tunnel *t, const struct stream *s)
{
	enum datagram_stage stage = !s->id          ? DATAGRAM_UNOPENED
				    : !may_go(t, s) ? DATAGRAM_EARLY
						    : DATAGRAM_FREE;
	if (list_is_empty(&s->datagrams))
		return stage;
	enum datagram_stage last =
	    LIST_ENTRY(s->datagrams.prev, struct tunnel_datagram, flow)->stage;
	return last < stage ? last : stage;
}

static void take_out(struct tunnel *t, struct tunnel_datagram *d)
{
	size_t cost = cost_of(d->len);
	struct stream *s = d->stream;
	s->datagram_bytes -= cost;
	t->datagram_bytes -= cost;
	list_remove(&d->node);
	list_remove(&d->flow);
	mem_free(d);
	const struct tunnel_datagram *next = first_of_flow(s);
	if (!next || next->stage != DATAGRAM_FREE)
		list_remove(&s->datagram_turn);
}

static void drop(struct tunnel *t, struct tunnel_datagram *d)
{
	d->stream->datagrams_dropped++;
	t->datagrams_dropped++;
	take_out(t, d);
}

static struct tunnel_datagram *oldest(const struct tunnel *t)
{
	struct tunnel_datagram *found = NULL;
	for (int i = 0; i < DATAGRAM_STAGES; i++) {
		struct tunnel_datagram *d = first_of(&t->datagrams[i]);
		if (d && (!found || d->number < found->number))
			found = d;
	}
	return found;
}

static void set_stage(struct tunnel *t, struct tunnel_datagram *d, enum datagram_stage stage)
{
	d->stage = stage;
	list_remove(&d->node);
	list_append(&t->datagrams[stage], &d->node);
	if (stage == DATAGRAM_FREE && list_is_empty(&d->stream->datagram_turn))
		list_append(&t->datagram_turns, &d->stream->datagram_turn);
}

void stream_datagram(struct stream *s, const void *p, size_t len)
{
	struct tunnel *t = s->tunnel;
	if (!t || !t->attached || s->sent != HALF_OPEN || len > FRAME_DATAGRAM_MAX) {
		s->datagrams_dropped++;
		if (t)
			t->datagrams_dropped++;
		return;
	}
	struct tunnel_datagram *d = mem_alloc(sizeof *d + len);
	d->stream = s;
	d->len = (uint32_t)len;
	d->number = t->datagram_number++;
	if (len)
		memcpy(d->bytes, p, len);
	list_init(&d->node);
	set_stage(t, d, stage_of_next(t, s));
	list_append(&s->datagrams, &d->flow);
	s->datagram_bytes += cost_of(len);
	t->datagram_bytes += cost_of(len);
	while (s->datagram_bytes > TUNNEL_DATAGRAM_FLOW)
		drop(t, first_of_flow(s));
	while (t->datagram_bytes > TUNNEL_DATAGRAM_ALL)
		drop(t, oldest(t));
}

const uint8_t *stream_datagram_in(const struct stream *s, size_t *len)
{
	assert(s->tunnel && s->tunnel->datagram_to == s);
	*len = s->tunnel->datagram_len;
	return s->tunnel->datagram;
}

uint64_t stream_datagrams_dropped(const struct stream *s)
{
	return s->datagrams_dropped;
}

void datagram_queue_opened(struct stream *s)
{
	LIST_EACH(node, &s->datagrams)
	set_stage(s->tunnel, LIST_ENTRY(node, struct tunnel_datagram, flow), DATAGRAM_EARLY);
}

void datagram_queue_drop_flow(struct stream *s)
{
	while (!list_is_empty(&s->datagrams))
		take_out(s->tunnel, first_of_flow(s));
}

void datagram_queue_drop_all(struct tunnel *t)
{
	for (struct tunnel_datagram *d; (d = oldest(t));)
		take_out(t, d);
	t->datagram_debt = 0;
}

bool datagram_queue_due(const struct tunnel *t)
{
	const struct tunnel_datagram *early = first_of(&t->datagrams[DATAGRAM_EARLY]);
	return !list_is_empty(&t->datagrams[DATAGRAM_FREE]) || (early && may_go(t, early->stream));
}

void datagram_queue_fill(struct tunnel *t, size_t bytes)
{
	for (struct tunnel_datagram *d;
	     (d = first_of(&t->datagrams[DATAGRAM_EARLY])) && may_go(t, d->stream);)
		set_stage(t, d, DATAGRAM_FREE);
	if (t->session.unsent == 0)
		t->datagram_debt = 0;
	if (t->control_datagrams || t->datagram_debt > 0)
		return;
	size_t most = bytes < TUNNEL_DATAGRAM_BATCH ? bytes : TUNNEL_DATAGRAM_BATCH, taken = 0;
	while (!list_is_empty(&t->datagram_turns)) {
		struct stream *s = LIST_ENTRY(t->datagram_turns.next, struct stream, datagram_turn);
		struct tunnel_datagram *d = first_of_flow(s);
		size_t len = FRAME_HEADER + d->len;
		if (taken && taken + len > most)
			break; /* the first goes in any case: it may be larger than a batch */
		tunnel_put_control(t, s->id, FRAME_DATAGRAM, d->bytes, d->len);
		t->control_datagrams = true;
		t->last_moved_ms = t->now_ms;
		t->datagram_debt += len;
		taken += len;
		take_out(t, d);
		if (!list_is_empty(&s->datagram_turn)) {
			list_remove(&s->datagram_turn);
			list_append(&t->datagram_turns, &s->datagram_turn);
		}
	}
}
