/*
 * Frames in, frames out. tunnel_input() sorts what comes to streams and to the owner; tunnel_fill()
 * turns what is due into frames, in this order: link frames (at a frame boundary), the session's
 * message, OPENs, facts of streams, datagrams, data.
 *
 * What a peer may do wrong ends the link when a link frame did it, and the session when a session
 * frame did (it would come again on every replay). Either way nothing more is read here until the
 * next attach, or ever.
 */
#include "shared/tunnel/tunnel_internal.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/wire.h"

#include <assert.h>
#include <string.h>

enum { FEW_BYTES = 1023, BULK_BYTES = TUNNEL_QUANTUM / 2, LATELY_MS = 500 };

enum { HASH_LEAST = 16, PEER_CREDIT_MAX = 1 << 30, PEER_BUDGET_DEFAULT = 16 * 1024 * 1024 };

/* What is owed fits in any case, so a peer that takes without ever acknowledging is stopped
 * here. */
enum { OUTBOX_SLACK = 4 * 1024 * 1024 };

struct tunnel *tunnel_new(const struct tunnel_config *c, tunnel_fn *fn, void *owner)
{
	struct tunnel *t = mem_zalloc(sizeof *t);
	session_init(&t->session, c->pool, c->send_account, c->send_budget);
	memory_budget_init(&t->receive, c->receive_account, c->receive_budget);
	t->session.receive = &t->receive;
	t->fn = fn;
	t->owner = owner;
	t->accepts = c->accepts;
	t->next_id = c->first_id;
	t->quantum = TUNNEL_QUANTUM;
	t->peer_next_id = c->first_id % 2 ? 2 : 1;
	struct list *lists[] = {&t->streams, &t->facts, &t->open_turns, &t->flow_opens,
				&t->fresh,   &t->bulk,  &t->lent,       &t->rested};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_init(lists[i]);
	for (size_t i = 0; i < DATAGRAM_STAGES; i++)
		list_init(&t->datagrams[i]);
	list_init(&t->datagram_turns);
	t->open_queues = hash_table_new();
	t->open_networks = hash_table_new();
	return t;
}

void tunnel_use_reserve(struct tunnel *t, bool both)
{
	t->has_reserve = both;
}

/* Streams outlive the tunnel: an owner may still read its stream to the end, and closes it then. */
static void orphan(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	datagram_queue_drop_flow(s);
	scheduler_leave(s);
	list_remove(&s->lent);
	scheduler_open_leaves(s);
	list_remove(&s->all);
	memory_budget_give(&t->receive, s->window);
	if (s->id)
		tunnel_remove(t, s);
	s->tunnel = NULL;
	s->id = 0;
	s->window = s->queue.len;
	s->granted = s->owed = s->credit = 0;
	if (s->got == HALF_OPEN || s->sent == HALF_OPEN) { /* either way something is cut short */
		s->got = HALF_RESET;
		s->got_code = RESET_ABORTED;
	}
	if (s->closed)
		stream_free(s);
	else
		stream_tell(s, STREAM_LOOK);
}

void tunnel_free(struct tunnel *t)
{
	if (!t)
		return;
	assert(!t->filling && !t->reader);
	tunnel_detach(t);
	while (!list_is_empty(&t->streams))
		orphan(LIST_ENTRY(t->streams.next, struct stream, all));
	memory_budget_give(&t->receive, t->promised);
	assert(t->receive.used == 0);
	session_fini(&t->session);
	memory_budget_fini(&t->receive);
	buf_fini(&t->control);
	buf_fini(&t->message);
	buf_fini(&t->said);
	hash_table_free(t->open_queues);
	hash_table_free(t->open_networks);
	mem_free(t->hash);
	mem_free(t);
}

/* --- streams by id --- */

static struct stream **bucket(const struct tunnel *t, uint32_t id)
{
	return &t->hash[(id >> 1 ^ (id & 1)) & (t->hash_size - 1)];
}

struct stream *tunnel_stream(struct tunnel *t, uint32_t id)
{
	struct stream *s = t->hash ? *bucket(t, id) : NULL;
	while (s && s->id != id)
		s = s->hash_next;
	return s;
}

static void grow_hash(struct tunnel *t)
{
	struct stream **old = t->hash;
	size_t old_size = t->hash_size;
	t->hash_size = old_size ? old_size * 2 : HASH_LEAST;
	t->hash = mem_zalloc(t->hash_size * sizeof *t->hash);
	for (size_t i = 0; i < old_size; i++) {
		for (struct stream *s = old[i], *next; s; s = next) {
			next = s->hash_next;
			struct stream **b = bucket(t, s->id);
			s->hash_next = *b;
			*b = s;
		}
	}
	mem_free(old);
}

static bool is_peers(const struct tunnel *t, uint32_t id)
{
	return id % 2 == t->peer_next_id % 2;
}

void tunnel_insert(struct tunnel *t, struct stream *s)
{
	if (t->count >= t->hash_size)
		grow_hash(t);
	struct stream **b = bucket(t, s->id);
	s->hash_next = *b;
	*b = s;
	t->count++;
	t->peer_count += is_peers(t, s->id);
}

void tunnel_remove(struct tunnel *t, struct stream *s)
{
	struct stream **at = bucket(t, s->id);
	while (*at != s)
		at = &(*at)->hash_next;
	*at = s->hash_next;
	t->count--;
	t->peer_count -= is_peers(t, s->id);
	if (t->count)
		return;
	mem_free(t->hash);
	t->hash = NULL;
	t->hash_size = 0;
}

uint32_t tunnel_new_id(struct tunnel *t)
{
	uint32_t id;
	do {
		id = t->next_id;
		t->next_id += 2;
		if (t->next_id < id) {
			t->wrapped = true;
			t->next_id = id % 2 ? 1 : 2; /* never 0: that is "no stream" */
		}
	} while (tunnel_stream(t, id));
	return id;
}

/* A frame for an id that no stream has: it is fine if the stream has ended, and a violation if
 * there never was one. */
static int stray(const struct tunnel *t, uint32_t id)
{
	bool known = is_peers(t, id) ? t->peer_wrapped || id < t->peer_next_id
				     : t->wrapped || id < t->next_id;
	return id != 0 && known ? 0 : ERR_SESSION;
}

/* --- reading --- */

/* Copies what the owner did not take in place, so that it can wait. */
static void keep_pieces(struct tunnel *t)
{
	struct stream *s = t->reader;
	if (!s)
		return;
	if (t->piece_bytes > 0)
		s->stalled = true;
	for (int i = 0; i < t->piece_count; i++)
		byte_queue_put(&s->queue, t->pieces[i].iov_base, t->pieces[i].iov_len);
	t->reader = NULL;
	t->piece_count = 0;
	t->piece_bytes = 0;
}

/* Consecutive DATA frames of one stream have been gathered. Its owner may take them where they
 * lie. */
static void hand_up(struct tunnel *t)
{
	struct stream *s = t->reader;
	if (!s)
		return;
	if (s->queue.len == 0)
		stream_tell(s, STREAM_LOOK);
	keep_pieces(t); /* nothing, if the stream was closed meanwhile */
}

static void tell(struct tunnel *t, struct tunnel_news news)
{
	if (t->fn)
		t->fn(t->owner, &news);
}

static uint32_t number32(const uint8_t *p)
{
	struct wire w = wire_over(p, 4);
	return wire_get_u32(&w);
}

static uint64_t number64(const uint8_t *p)
{
	struct wire w = wire_over(p, 8);
	return wire_get_u64(&w);
}

static int input_data(struct tunnel *t, const struct frame *f, const uint8_t *p, size_t len)
{
	struct stream *s = tunnel_stream(t, f->stream);
	if (!s) {
		hand_up(t);
		return stray(t, f->stream);
	}
	if (t->reader != s || t->piece_count == TUNNEL_PIECES)
		hand_up(t); /* this may close s, which stays in the table while its half is open */
	if (s->got != HALF_OPEN || len > s->granted)
		return ERR_SESSION;
	tunnel_note_size(s, f->len);
	s->granted -= len;
	s->untried -= len < s->untried ? len : s->untried;
	t->last_moved_ms = t->now_ms;
	if (s->closed)
		return 0;
	t->reader = s;
	t->pieces[t->piece_count++] =
	    (struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = len};
	t->piece_bytes += len;
	return 0;
}

static int input_open(struct tunnel *t, const struct frame *f, const uint8_t *p, size_t len)
{
	struct open_info info;
	if (open_read(p, len, &info) < 0 || f->stream == 0 || !is_peers(t, f->stream) ||
	    tunnel_stream(t, f->stream))
		return ERR_SESSION;
	if (!t->peer_wrapped && f->stream < t->peer_next_id)
		return ERR_SESSION;
	if (t->peer_count >= t->accepts || info.credit > PEER_CREDIT_MAX)
		return ERR_SESSION;
	t->peer_next_id = f->stream + 2;
	if (t->peer_next_id < f->stream) {
		t->peer_wrapped = true;
		t->peer_next_id = f->stream % 2 ? 1 : 2;
	}
	struct stream *s = stream_new(t, &info);
	s->id = f->stream;
	tunnel_insert(t, s);
	s->flow = info.credit == 0;
	if (!s->flow) {
		stream_take_window(s, TUNNEL_FIRST_CREDIT);
		stream_add_credit(s, info.credit);
		t->reserve_due = t->has_reserve;
	}
	tell(t, (struct tunnel_news){.event = TUNNEL_OPENED, .stream = s, .open = &s->info});
	return 0;
}

static int input_end(struct tunnel *t, const struct frame *f, const uint8_t *p)
{
	struct stream *s = tunnel_stream(t, f->stream);
	if (!s)
		return stray(t, f->stream);
	bool is_reset = f->kind == FRAME_RESET;
	if (s->got == HALF_RESET || (s->got == HALF_FIN && !is_reset))
		return ERR_SESSION;
	stream_drop_window(s);
	t->reserve_due |= t->has_reserve && is_peers(t, s->id);
	s->got = is_reset ? HALF_RESET : HALF_FIN;
	if (is_reset) {
		s->got_code = number32(p);
		if (s->sent == HALF_OPEN)
			stream_reset(s, (enum reset_code)s->got_code);
	}
	bool is_owned = !s->closed;
	/* it is settled first, so that it is gone at once when the owner closes it inside the
	 * event */
	stream_settle(s);
	if (is_owned)
		stream_tell(s, STREAM_LOOK);
	return 0;
}

/* On stream 0: the peer lets us have more of a reserve. */
static int input_reserve(struct tunnel *t, const struct frame *f, uint64_t n)
{
	if (!t->has_reserve || f->kind != FRAME_CREDIT || t->reserve + n > PEER_CREDIT_MAX)
		return ERR_SESSION;
	t->reserve += n;
	return 0;
}

static int input_draw(struct tunnel *t, const struct frame *f, const uint8_t *p)
{
	struct stream *s = tunnel_stream(t, f->stream);
	uint64_t n = number32(p);
	if (n > t->promised)
		return ERR_SESSION;
	if (s && (s->flow || s->got != HALF_OPEN || !is_peers(t, s->id)))
		return ERR_SESSION;
	t->promised -= n;
	t->reserve_due = true;
	if (s)
		stream_drawn(s, n);
	else
		memory_budget_give(&t->receive, n);
	return s ? 0 : stray(t, f->stream);
}

static int input_credit(struct tunnel *t, const struct frame *f, const uint8_t *p)
{
	struct stream *s = tunnel_stream(t, f->stream);
	uint64_t n = number32(p);
	if (f->stream == 0)
		return input_reserve(t, f, n);
	if (!s)
		return stray(t, f->stream);
	if (f->kind == FRAME_RETURN) {
		if (n > s->granted)
			return ERR_SESSION;
		stream_returned(s, n);
		return 0;
	}
	if (s->credit + n > PEER_CREDIT_MAX)
		return ERR_SESSION;
	s->may_draw = 0; /* its own window is known now */
	if (s->sent == HALF_OPEN && !s->fin_due && !s->reset_due)
		stream_add_credit(s, n);
	return 0;
}

/* The peer has more to send than its credit lets it. */
static int input_blocked(struct tunnel *t, const struct frame *f)
{
	struct stream *s = tunnel_stream(t, f->stream);
	if (!s)
		return stray(t, f->stream);
	if (s->got != HALF_OPEN || s->closed || s->flow || s->untried)
		return 0;
	s->wanting = true;
	s->wanted_ms = t->now_ms;
	/* whether the owner reads soon is seen when it does; it may still be dialling its
	 * service */
	if (s->stalled || stream_waiting(s))
		return 0;
	s->credit_due = true;
	stream_fact(s);
	return 0;
}

static void input_datagram(struct tunnel *t, const struct frame *f, const uint8_t *p, size_t len)
{
	struct stream *s = tunnel_stream(t, f->stream);
	if (!s || s->closed || !s->flow)
		return;
	t->last_moved_ms = t->now_ms;
	if (len <= FEW_BYTES)
		t->few_ms = t->now_ms;
	t->datagram = p;
	t->datagram_len = len;
	t->datagram_to = s;
	stream_tell(s, STREAM_DATAGRAM);
	t->datagram_to = NULL;
}

void tunnel_put_control(struct tunnel *t, uint32_t stream, uint8_t kind, const void *payload,
			size_t len)
{
	uint8_t *at = buf_reserve(&t->control, FRAME_HEADER + len);
	frame_write(at, stream, kind, (uint32_t)len);
	if (len)
		memcpy(at + FRAME_HEADER, payload, len);
	buf_commit(&t->control, FRAME_HEADER + len);
}

static int input_link(struct tunnel *t, const struct frame *f, const uint8_t *p, size_t len)
{
	switch (f->kind) {
	case FRAME_PING:
		if (++t->control_pongs > TUNNEL_PONGS_MAX)
			return ERR_FLOOD;
		tunnel_put_control(t, 0, FRAME_PONG, p, len);
		return 0;
	case FRAME_PONG:
		tell(t, (struct tunnel_news){.event = TUNNEL_PONGED, .number = number64(p)});
		return 0;
	case FRAME_ACK:
		t->held = false;
		return session_acked(&t->session, number64(p));
	case FRAME_BYE:
		tell(t, (struct tunnel_news){.event = TUNNEL_BYE, .p = p, .len = len});
		return 0;
	case FRAME_REFUSE:
		tell(t, (struct tunnel_news){.event = TUNNEL_REFUSED, .p = p, .len = len});
		return 0;
	case FRAME_DATAGRAM:
		input_datagram(t, f, p, len);
		return 0;
	default: /* HELLO and WELCOME belong before the tunnel */
		return ERR_PROTOCOL;
	}
}

static int tell_message(struct tunnel *t, enum tunnel_event event, const uint8_t *p, size_t len)
{
	tell(t, (struct tunnel_news){.event = event, .p = p, .len = len});
	return 0;
}

static int input_frame(void *arg, const struct frame *f, const uint8_t *p, size_t len)
{
	struct tunnel *t = arg;
	if (f->kind == FRAME_DATA)
		return input_data(t, f, p, len);
	hand_up(t); /* handed up before any other frame of the stream */
	switch (f->kind) {
	case FRAME_DECLARE:
		return tell_message(t, TUNNEL_DECLARED, p, len);
	case FRAME_STATE:
		return tell_message(t, TUNNEL_STATED, p, len);
	case FRAME_REPORT:
		return tell_message(t, TUNNEL_REPORTED, p, len);
	case FRAME_PROBE:
		return tell_message(t, TUNNEL_PROBED, p, len);
	case FRAME_OPEN:
		return input_open(t, f, p, len);
	case FRAME_FIN:
	case FRAME_RESET:
		return input_end(t, f, p);
	case FRAME_CREDIT:
	case FRAME_RETURN:
		return input_credit(t, f, p);
	case FRAME_BLOCKED:
		return input_blocked(t, f);
	case FRAME_DRAW:
		return input_draw(t, f, p);
	default:
		return input_link(t, f, p, len);
	}
}

int tunnel_input(struct tunnel *t, const uint8_t *p, size_t len, uint64_t now_ms)
{
	if (t->over || !t->attached)
		return ERR_CLOSED;
	t->now_ms = now_ms;
	if (session_kept(&t->session) > 2 * t->session.send.limit + OUTBOX_SLACK)
		return ERR_FLOOD;
	struct iovec pieces[TUNNEL_PIECES];
	t->pieces = pieces;
	int err = session_input(&t->session, p, len, now_ms, input_frame, t);
	hand_up(t);
	t->pieces = NULL;
	t->over = err < 0;
	if (err < 0)
		log_debug("frame_refused", "kind=%s stream=%u why=%s",
			  frame_kind_text(t->session.frame.kind), t->session.frame.stream,
			  err_text(err));
	return err;
}

/* --- writing --- */

static void put_number(struct tunnel *t, uint32_t stream, uint8_t kind, uint64_t n)
{
	uint8_t bytes[4];
	struct wire w = wire_into(bytes, sizeof bytes);
	wire_put_u32(&w, (uint32_t)n);
	session_put(&t->session, stream, kind, bytes, sizeof bytes);
}

static void fill_control(struct tunnel *t)
{
	struct session *s = &t->session;
	if (t->control_ack) /* one waits already, and the next one says it all */
		return;
	if (session_ack_due(s, t->now_ms) ||
	    (s->unacked_bytes && (s->unsent || buf_len(&t->control)))) {
		t->control_ack = true;
		uint8_t bytes[8];
		struct wire w = wire_into(bytes, sizeof bytes);
		wire_put_u64(&w, session_take_ack(s));
		tunnel_put_control(t, 0, FRAME_ACK, bytes, sizeof bytes);
	}
}

static void fill_message(struct tunnel *t)
{
	if (!t->message_kind || !session_has_room(&t->session))
		return;
	session_put(&t->session, 0, t->message_kind, buf_data(&t->message), buf_len(&t->message));
	t->message_kind = 0;
	buf_fini(&t->message);
}

static void fill_said(struct tunnel *t)
{
	while (buf_len(&t->said) && session_has_room(&t->session)) {
		struct frame f;
		frame_read(buf_data(&t->said), &f);
		session_put(&t->session, 0, f.kind, buf_data(&t->said) + FRAME_HEADER, f.len);
		buf_take(&t->said, FRAME_HEADER + f.len);
	}
}

static void give_back(struct tunnel *t, struct stream *s, uint64_t keep)
{
	if (s->credit <= keep)
		return;
	uint64_t n = s->credit - keep;
	s->credit -= n;
	t->lent_bytes -= n;
	put_number(t, s->id, FRAME_RETURN, n);
}

static void fill_open(struct tunnel *t, struct stream *s)
{
	uint64_t grant = s->flow ? 0 : scheduler_grant(s);
	if (s->info.credit && grant > s->info.credit)
		grant = s->info.credit;
	scheduler_open_written(s);
	s->id = tunnel_new_id(t);
	tunnel_insert(t, s);
	s->info.credit = (uint32_t)grant;
	uint8_t bytes[FRAME_OPEN_MAX];
	session_put(&t->session, s->id, FRAME_OPEN, bytes, open_write(bytes, &s->info));
	s->opened_at = t->session.next;
	datagram_queue_opened(s);
	if (!s->flow) {
		stream_take_window(s, grant);
		stream_add_credit(s, TUNNEL_FIRST_CREDIT);
		give_back(t, s, stream_keep(t));
		s->may_draw = TUNNEL_DRAW_MAX;
	}
	t->last_moved_ms = t->now_ms;
	if (s->fin_due || s->reset_due)
		stream_fact(s);
}

static void fill_blocked(struct tunnel *t, struct stream *s)
{
	uint64_t drawn = stream_draw(s);
	if (drawn)
		put_number(t, s->id, FRAME_DRAW, drawn);
	else
		session_put(&t->session, s->id, FRAME_BLOCKED, NULL, 0);
}

static void fill_fact(struct tunnel *t, struct stream *s)
{
	list_remove(&s->facts);
	uint64_t credit = s->credit_due && s->got == HALF_OPEN ? stream_credit_to_write(s) : 0;
	if (credit)
		put_number(t, s->id, FRAME_CREDIT, credit);
	s->credit_due = false;
	if (s->blocked_due && !s->credit && s->sent == HALF_OPEN && !s->fin_due && !s->reset_due)
		fill_blocked(t, s);
	s->blocked_due = false;
	if (s->fin_due) {
		session_put(&t->session, s->id, FRAME_FIN, NULL, 0);
		s->sent = HALF_FIN;
		s->fin_due = false;
		/* FIN ends the grant at the peer too: a RETURN after it would be a violation */
		stream_forget_credit(s);
	}
	if (s->reset_due) {
		put_number(t, s->id, FRAME_RESET, s->reset_code);
		s->sent = HALF_RESET;
		s->reset_due = false;
	}
	stream_settle(s);
}

static void fill_facts(struct tunnel *t)
{
	while (!list_is_empty(&t->facts))
		fill_fact(t, LIST_ENTRY(t->facts.next, struct stream, facts));
}

static void rest(struct tunnel *t, struct stream *s)
{
	list_remove(&s->lent);
	if (s->credit <= TUNNEL_KEEP_MIN)
		return;
	list_append(&t->rested, &s->lent);
	if (s->credit > t->rested_keep)
		t->rested_keep = s->credit;
}

static bool holds_too_much(const struct tunnel *t)
{
	return t->lent_bytes > t->peer_budget / 4 * 3;
}

static bool waits_for_long(const struct stream *s)
{
	return s->ready && s->tunnel->now_ms >= s->ready_ms + TUNNEL_QUIET_MS / 2;
}

/* Gives back credit that lies unused at a quiet sender, so that it can be promised to others. */
static void fill_returns(struct tunnel *t)
{
	uint32_t keep = stream_keep(t);
	uint64_t more = stream_reserve_to_write(t);
	if (more)
		put_number(t, 0, FRAME_CREDIT, more);
	LIST_EACH(node, &t->lent)
	{
		struct stream *s = LIST_ENTRY(node, struct stream, lent);
		bool quiet = t->now_ms >= s->used_ms + TUNNEL_QUIET_MS;
		bool too_much = holds_too_much(t);
		if (!quiet && !too_much)
			break;
		/* not quiet: the link, or the outbox, is full */
		if (waits_for_long(s) && !too_much) {
			s->used_ms = t->now_ms;
			list_remove(&s->lent);
			list_append(&t->lent, &s->lent);
			continue;
		}
		/* what was used in a second or more is enough for a round trip, twice over */
		give_back(t, s, too_much || keep > 2 * s->used ? keep : 2 * s->used);
		rest(t, s);
	}
	/* Idle streams kept a fair share of when there were fewer streams. Rescan only after that
	 * share has dropped by a quarter, so that new streams amortise the scan. */
	if (!holds_too_much(t) || keep > t->rested_keep / 4 * 3)
		return;
	t->rested_keep = 0;
	LIST_EACH(node, &t->rested)
	{
		struct stream *s = LIST_ENTRY(node, struct stream, lent);
		give_back(t, s, keep);
		list_remove(&s->lent);
		if (s->credit <= TUNNEL_KEEP_MIN)
			continue;
		list_prepend(&t->rested, &s->lent);
		if (s->credit > t->rested_keep)
			t->rested_keep = s->credit;
	}
}

static void fill_session(struct tunnel *t, size_t bytes)
{
	fill_message(t);
	fill_said(t);
	/* a crowd of newcomers does not hold up the others */
	for (struct stream *s; t->session.unsent < bytes && (s = scheduler_next_open(t));)
		fill_open(t, s);
	fill_facts(t);
	fill_returns(t);
	t->batch_left -=
	    t->datagram_bytes < t->batch_left / 2 ? t->datagram_bytes : t->batch_left / 2;
	scheduler_serve(t);
	/* facts again: a turn may have found the end of a stream, which then goes with its last
	 * bytes */
	fill_facts(t);
	session_tidy(&t->session);
}

void tunnel_fill(struct tunnel *t, size_t bytes, uint64_t now_ms)
{
	if (!t->attached || t->over)
		return;
	t->now_ms = now_ms;
	t->filling = true;
	if (bytes)
		t->quantum = bytes < TUNNEL_QUANTUM ? bytes : TUNNEL_QUANTUM;
	t->held = bytes == 0;
	/* otherwise a replay or a slow link has filled the batch already */
	if (t->session.unsent < bytes) {
		t->batch_left = bytes - t->session.unsent;
		fill_session(t, bytes);
	}
	datagram_queue_fill(t, bytes);
	fill_control(t);
	t->filling = false;
}

bool tunnel_has_work(const struct tunnel *t, uint64_t now_ms)
{
	if (!t->attached || t->over)
		return false;
	return t->session.unsent || buf_len(&t->control) ||
	       ((t->message_kind || buf_len(&t->said)) && session_has_room(&t->session)) ||
	       !list_is_empty(&t->facts) || datagram_queue_due(t) || scheduler_due(t) ||
	       session_ack_due(&t->session, now_ms) || t->reserve_due || scheduler_next_open(t);
}

static bool is_taken_by_others(const struct memory_budget *b, size_t need)
{
	return b->used + need <= b->limit && memory_budget_left(b) < need;
}

static bool waits_for_others(const struct session *s)
{
	size_t need = SESSION_CHUNK + SESSION_LEAST_ROOM;
	return !session_has_room(s) && s->send.used + need <= s->send.limit;
}

bool tunnel_is_starved(const struct tunnel *t)
{
	if (!t->attached || t->over)
		return false;
	bool opens = !list_is_empty(&t->open_turns), flows = !list_is_empty(&t->flow_opens),
	     turns = !list_is_empty(&t->fresh) || !list_is_empty(&t->bulk);
	bool messages = t->message_kind || buf_len(&t->said);
	if ((opens || flows || turns || messages) && !session_has_room(&t->session))
		return waits_for_others(&t->session);
	if (!opens || scheduler_next_open(t))
		return false;
	return is_taken_by_others(&t->receive, TUNNEL_OPEN_CREDIT_MIN) ||
	       is_taken_by_others(&t->receive, t->receive.limit / 8 + TUNNEL_OPEN_CREDIT_MIN);
}

bool tunnel_at_boundary(const struct tunnel *t)
{
	return session_at_boundary(&t->session);
}

int tunnel_peek(struct tunnel *t, struct iovec *iov, int most)
{
	if (!t->attached || most < 1)
		return 0;
	if (!buf_len(&t->control))
		return session_peek(&t->session, iov, most);
	/* only to the end of the frame, because the link's frames come next */
	if (!session_at_boundary(&t->session)) {
		session_peek(&t->session, iov, 1);
		iov[0].iov_len = t->session.frame_left;
		return 1;
	}
	iov[0] = (struct iovec){.iov_base = buf_data(&t->control), .iov_len = buf_len(&t->control)};
	return 1 + session_peek(&t->session, iov + 1, most - 1);
}

static void clear_control(struct tunnel *t)
{
	buf_fini(&t->control);
	t->control_ack = t->control_datagrams = false;
	t->control_pongs = 0;
}

void tunnel_sent(struct tunnel *t, size_t len)
{
	size_t control = 0;
	if (buf_len(&t->control) && session_at_boundary(&t->session)) {
		control = len < buf_len(&t->control) ? len : buf_len(&t->control);
		buf_take(&t->control, control);
		if (buf_len(&t->control) == 0)
			clear_control(t);
	}
	len -= control;
	t->datagram_debt -= len < t->datagram_debt ? len : t->datagram_debt;
	session_sent(&t->session, len);
}

bool tunnel_is_unfinished(const struct tunnel *t, uint64_t now_ms)
{
	return now_ms >= session_body_deadline(&t->session);
}

uint64_t tunnel_deadline(const struct tunnel *t)
{
	if (!t->attached || t->over)
		return UINT64_MAX;
	uint64_t at = session_body_deadline(&t->session);
	if (t->session.unsent || buf_len(&t->control))
		return at; /* the link is sending already, and what is due goes with it */
	uint64_t ack = session_ack_deadline(&t->session);
	at = ack < at ? ack : at;
	if (!list_is_empty(&t->lent) && !t->held) {
		uint64_t quiet =
		    LIST_ENTRY(t->lent.next, const struct stream, lent)->used_ms + TUNNEL_QUIET_MS;
		at = quiet < at ? quiet : at;
	}
	return at;
}

/* --- the link's side --- */

int tunnel_attach(struct tunnel *t, uint64_t peer_taken, uint64_t peer_budget, uint64_t now_ms)
{
	assert(!t->attached);
	int err = session_attach(&t->session, peer_taken);
	if (err < 0)
		return err;
	t->attached = true;
	t->now_ms = now_ms;
	t->path_window = 0;
	t->peer_budget = peer_budget ? peer_budget : PEER_BUDGET_DEFAULT;
	return 0;
}

bool tunnel_fits(const struct tunnel *t, uint64_t peer_taken)
{
	return peer_taken >= t->session.acked && peer_taken <= t->session.high;
}

void tunnel_detach(struct tunnel *t)
{
	if (!t->attached)
		return;
	t->attached = false;
	t->over = false;
	session_detach(&t->session);
	clear_control(t);
	datagram_queue_drop_all(t);
}

uint64_t tunnel_taken(const struct tunnel *t)
{
	return t->session.taken;
}

uint64_t tunnel_progress(const struct tunnel *t)
{
	return t->session.taken + t->session.acked;
}

uint64_t tunnel_gone(const struct tunnel *t)
{
	return t->session.gone;
}

size_t tunnel_under_way(const struct tunnel *t)
{
	return t->session.flight;
}

bool tunnel_begins(const struct tunnel *t)
{
	return t->session.unsent > 0 && t->session.flight == 0;
}

bool tunnel_has_control(const struct tunnel *t)
{
	return buf_len(&t->control) > 0;
}

/* Bulk is what goes in large frames, and 8 KiB of it within half a second. (Large is half of a
 * batch, which is small on a thin line; there a screen that is drawn anew is no bulk.) */
static void note_large(struct stream *s, size_t len)
{
	struct tunnel *t = s->tunnel;
	if (t->now_ms >= s->large_ms + LATELY_MS) {
		s->large_ms = t->now_ms;
		s->large_bytes = 0;
	}
	s->large_bytes += len;
	if (s->large_bytes >= BULK_BYTES)
		s->bulk_ms = t->bulk_ms = t->now_ms;
}

static bool is_large(const struct tunnel *t, size_t len)
{
	return len > FEW_BYTES && len >= t->quantum / 2;
}

bool stream_is_bulk(const struct stream *s)
{
	return s->bulk_ms && s->tunnel->now_ms < s->bulk_ms + LATELY_MS;
}

/* Few bytes inside a bulk stream do not count. Neither do the first bytes of a stream, which are
 * often a question about bulk. */
void tunnel_note_size(struct stream *s, size_t len)
{
	struct tunnel *t = s->tunnel;
	if (is_large(t, len)) {
		note_large(s, len);
	} else if (len <= FEW_BYTES && !stream_is_bulk(s)) {
		if (s->spoke)
			t->few_ms = t->now_ms;
		s->spoke = true;
	}
}

bool tunnel_is_mixed(const struct tunnel *t, uint64_t now_ms)
{
	return t->few_ms && t->bulk_ms && now_ms < t->few_ms + LATELY_MS &&
	       now_ms < t->bulk_ms + LATELY_MS;
}

uint64_t tunnel_replay(const struct tunnel *t)
{
	return t->session.unsent;
}

void tunnel_ping(struct tunnel *t, uint64_t number)
{
	uint8_t bytes[8];
	struct wire w = wire_into(bytes, sizeof bytes);
	wire_put_u64(&w, number);
	if (t->attached)
		tunnel_put_control(t, 0, FRAME_PING, bytes, sizeof bytes);
}

void tunnel_bye(struct tunnel *t, const char *why)
{
	size_t len = strlen(why);
	if (t->attached)
		tunnel_put_control(t, 0, FRAME_BYE, why, len < 255 ? len : 255);
}

void tunnel_refuse(struct tunnel *t, const struct buf *frame)
{
	if (t->attached)
		buf_put(&t->control, buf_data(frame), buf_len(frame));
}

static void set_message(struct tunnel *t, uint8_t kind, const struct buf *json)
{
	buf_fini(&t->message);
	buf_put(&t->message, buf_data(json), buf_len(json));
	t->message_kind = kind;
}

void tunnel_declare(struct tunnel *t, const struct buf *json)
{
	set_message(t, FRAME_DECLARE, json);
}

void tunnel_state(struct tunnel *t, const struct buf *json)
{
	set_message(t, FRAME_STATE, json);
}

bool tunnel_may_say(const struct tunnel *t, size_t len)
{
	return buf_len(&t->said) + len <= TUNNEL_SAID_MAX;
}

bool tunnel_say(struct tunnel *t, enum frame_kind kind, const struct buf *json)
{
	uint8_t head[FRAME_HEADER];
	if (!tunnel_may_say(t, buf_len(json)))
		return false;
	frame_write(head, 0, (uint8_t)kind, (uint32_t)buf_len(json));
	buf_put(&t->said, head, sizeof head);
	buf_put(&t->said, buf_data(json), buf_len(json));
	return true;
}

size_t tunnel_streams(const struct tunnel *t)
{
	return t->count;
}

uint64_t tunnel_last_moved_ms(const struct tunnel *t)
{
	return t->last_moved_ms;
}

bool tunnel_is_overdrawn(const struct tunnel *t)
{
	return t->receive.used / 2 > t->receive.limit;
}

size_t tunnel_waiting(const struct tunnel *t, uint32_t mapping)
{
	const struct open_queue *q = hash_table_get(t->open_queues, &mapping, sizeof mapping);
	return q ? q->streams - q->held : 0;
}

bool tunnel_is_short(const struct tunnel *t, uint32_t mapping)
{
	const struct open_queue *q = hash_table_get(t->open_queues, &mapping, sizeof mapping);
	return q && q->streams > q->held && !scheduler_next_of(t, q);
}

size_t tunnel_datagrams_waiting(const struct tunnel *t)
{
	return t->datagram_bytes;
}

struct tunnel_numbers tunnel_numbers(const struct tunnel *t)
{
	return (struct tunnel_numbers){
	    .streams = t->count,
	    .waiting = t->waiting,
	    .outbox = session_kept(&t->session),
	    .receive = t->receive.used,
	    .last_moved_ms = t->last_moved_ms,
	    .later_skipped = t->session.later_skipped,
	    .datagrams_dropped = t->datagrams_dropped,
	};
}
