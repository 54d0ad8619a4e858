/*
 * One stream: its two halves, its credit, its facts.
 *
 *	 sent: HALF_OPEN ── finish ──▶ HALF_FIN ── reset ──▶ HALF_RESET
 *	          └───────────── reset ─────────────────────────▲
 *	 got:  the same, by the peer's FIN and RESET
 *
 * Off the wire as soon as neither half is open; freed when also the owner has closed it. Until then
 * its id stays taken, and what still comes for it is dropped.
 */
#include "shared/tunnel/tunnel_internal.h"

#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

/* What OPEN grants, of what is left of the half that is given out freely: usually, and where the
 * path is known to hold more. A third of 8 MiB is what 60 MB/s need at 40 ms. */
enum { USUAL_SHARE = 32, PATH_SHARE = 3, RESERVE_LEAST_STEP = 64 * 1024, SOON_MS = 100 };

/* Who uses less than such a part of its credit in a second needs less. */
enum { SPARING_PART = 16 };

struct stream *stream_new(struct tunnel *t, const struct open_info *info)
{
	struct stream *s = mem_zalloc(sizeof *s);
	s->tunnel = t;
	s->info = *info;
	s->info.name = info->name_len ? mem_printf("%.*s", (int)info->name_len, info->name) : NULL;
	list_init(&s->facts);
	list_init(&s->turn);
	list_init(&s->lent);
	list_init(&s->datagrams);
	list_init(&s->datagram_turn);
	list_append(&t->streams, &s->all);
	return s;
}

static void drop_waiting(struct stream *s)
{
	size_t len = s->queue.len;
	byte_queue_fini(&s->queue);
	if (s->tunnel)
		memory_budget_give(&s->tunnel->receive, len);
	s->window -= len;
}

/* Drops bytes that still lie where the link read them. They were charged as waiting when they
 * came. */
static void drop_pieces(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	if (t->reader != s)
		return;
	memory_budget_give(&t->receive, t->piece_bytes);
	s->window -= t->piece_bytes;
	t->reader = NULL;
	t->piece_count = 0;
	t->piece_bytes = 0;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What is read soon makes room in the reserve again; what lies unread does not. */
static void undraw(struct stream *s, uint64_t bytes)
{
	struct tunnel *t = s->tunnel;
	uint64_t back = least_of(bytes, s->drawn);
	s->drawn -= back;
	t->drawn -= back;
	t->reserve_due |= back > 0;
}

void stream_returned(struct stream *s, uint64_t bytes)
{
	s->granted -= bytes;
	if (s->untried > s->granted)
		s->untried = s->granted;
	if (s->dropping)
		return;
	s->window -= bytes;
	memory_budget_give(&s->tunnel->receive, bytes);
	undraw(s, bytes);
}

void stream_drop_window(struct stream *s)
{
	undraw(s, s->drawn);
	if (!s->dropping) {
		memory_budget_give(&s->tunnel->receive, s->granted + s->owed);
		s->window -= s->granted + s->owed;
	}
	s->granted = s->owed = 0;
	s->credit_due = false;
}

void stream_forget_credit(struct stream *s)
{
	s->tunnel->lent_bytes -= s->credit;
	s->credit = 0;
	list_remove(&s->lent);
	scheduler_leave(s);
}

void stream_free(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	if (t) {
		if (t->turn == s)
			t->turn = NULL;
		if (t->datagram_to == s)
			t->datagram_to = NULL;
		drop_pieces(s);
		datagram_queue_drop_flow(s);
		stream_forget_credit(s);
		stream_drop_window(s);
		scheduler_open_leaves(s);
		list_remove(&s->all);
		if (s->id)
			tunnel_remove(t, s);
	}
	drop_waiting(s);
	assert(s->window == 0);
	mem_free((char *)(uintptr_t)s->info.name);
	mem_free(s);
}

void stream_tell(struct stream *s, enum stream_event event)
{
	if (s->fn && !s->closed)
		s->fn(s->owner, event);
}

void stream_fact(struct stream *s)
{
	if (s->id && list_is_empty(&s->facts))
		list_append(&s->tunnel->facts, &s->facts);
}

void stream_settle(struct stream *s)
{
	if (!s->tunnel || s->sent == HALF_OPEN || s->got == HALF_OPEN)
		return;
	scheduler_open_leaves(s);
	if (s->id) {
		tunnel_remove(s->tunnel, s);
		s->id = 0;
	}
	s->fin_due = s->reset_due = false;
	datagram_queue_drop_flow(s);
	stream_forget_credit(s);
	stream_drop_window(s);
	if (s->closed)
		stream_free(s);
}

static struct stream *open_one(struct tunnel *t, const struct open_info *info, bool flow,
			       stream_fn *fn, void *owner)
{
	struct stream *s = stream_new(t, info);
	stream_own(s, fn, owner);
	s->flow = flow;
	scheduler_open_waits(s);
	return s;
}

struct stream *stream_open(struct tunnel *t, const struct open_info *info, stream_fn *fn,
			   void *owner)
{
	return open_one(t, info, false, fn, owner);
}

struct stream *stream_open_flow(struct tunnel *t, const struct open_info *info, stream_fn *fn,
				void *owner)
{
	return open_one(t, info, true, fn, owner);
}

void stream_own(struct stream *s, stream_fn *fn, void *owner)
{
	s->fn = fn;
	s->owner = owner;
}

const struct open_info *stream_info(const struct stream *s)
{
	return &s->info;
}

uint32_t stream_id(const struct stream *s)
{
	return s->id;
}

/* --- sending --- */

bool stream_may_send(const struct stream *s)
{
	return s->tunnel && s->sent == HALF_OPEN && s->got != HALF_RESET && !s->fin_due &&
	       !s->reset_due;
}

void stream_ready(struct stream *s)
{
	if (!s->tunnel || !stream_may_send(s))
		return;
	bool news = !s->ready;
	s->ready = true;
	if (news)
		s->ready_ms = s->tunnel->now_ms;
	if (news && s->id && !s->credit) {
		s->blocked_due = true;
		stream_fact(s);
	}
	scheduler_wake(s);
}

void stream_idle(struct stream *s)
{
	s->ready = false;
	s->starved = false;
}

uint8_t *stream_reserve(struct stream *s, size_t *room)
{
	struct tunnel *t = s->tunnel;
	assert(t && t->turn == s && s->credit > 0);
	size_t want = s->credit < FRAME_DATA_MAX ? (size_t)s->credit : FRAME_DATA_MAX;
	if (want > t->batch_left)
		want = t->batch_left;
	return session_reserve(&t->session, want, room);
}

void stream_commit(struct stream *s, size_t len)
{
	struct tunnel *t = s->tunnel;
	assert(t->turn == s && len > 0);
	session_commit(&t->session, s->id, FRAME_DATA, len);
	stream_use_credit(s, len);
	t->turn_bytes += len;
	t->last_moved_ms = t->now_ms;
	tunnel_note_size(s, len);
}

void stream_finish(struct stream *s)
{
	if (!stream_may_send(s))
		return;
	s->ready = false;
	s->fin_due = true;
	stream_fact(s);
}

void stream_reset(struct stream *s, enum reset_code code)
{
	if (!s->tunnel || s->sent == HALF_RESET || s->reset_due ||
	    (s->sent == HALF_FIN && s->got != HALF_OPEN))
		return;
	s->ready = false;
	s->fin_due = false;
	s->reset_due = true;
	s->reset_code = code;
	stream_forget_credit(s);
	stream_fact(s);
}

/* --- receiving --- */

int stream_peek(const struct stream *s, struct iovec *iov, int most)
{
	int n = byte_queue_peek(&s->queue, iov, most);
	if (s->tunnel && s->tunnel->reader == s)
		for (int i = 0; i < s->tunnel->piece_count && n < most; i++)
			iov[n++] = s->tunnel->pieces[i];
	return n;
}

size_t stream_waiting(const struct stream *s)
{
	return s->queue.len + (s->tunnel && s->tunnel->reader == s ? s->tunnel->piece_bytes : 0);
}

static void consume_pieces(struct tunnel *t, size_t len)
{
	int gone = 0;
	t->piece_bytes -= len;
	while (len > 0) {
		struct iovec *v = &t->pieces[gone];
		if (v->iov_len > len) {
			v->iov_base = (uint8_t *)v->iov_base + len;
			v->iov_len -= len;
			break;
		}
		len -= v->iov_len;
		gone++;
	}
	t->piece_count -= gone;
	memmove(t->pieces, t->pieces + gone, (size_t)t->piece_count * sizeof *t->pieces);
}

void stream_consume(struct stream *s, size_t len)
{
	struct tunnel *t = s->tunnel;
	size_t queued = len < s->queue.len ? len : s->queue.len;
	byte_queue_take(&s->queue, queued);
	if (len > queued)
		consume_pieces(t, len - queued);
	bool first = !s->consumed;
	s->consumed = true;
	if (!t || s->got != HALF_OPEN) {
		if (t)
			memory_budget_give(&t->receive, len);
		s->window -= len;
		return;
	}
	s->owed += len;
	undraw(s, len);
	uint64_t step = s->window / 4 < TUNNEL_CREDIT_STEP ? s->window / 4 : TUNNEL_CREDIT_STEP;
	bool grows = s->wanting && stream_waiting(s) == 0;
	if (grows && first)
		s->stalled = false; /* they lay there for want of a reader, not of room */
	if ((s->owed >= step || grows) && !s->credit_due) {
		s->credit_due = true;
		stream_fact(s);
	}
}

bool stream_is_eof(const struct stream *s)
{
	return s->got == HALF_FIN && stream_waiting(s) == 0;
}

bool stream_is_reset(const struct stream *s)
{
	return s->got == HALF_RESET;
}

uint32_t stream_reset_code(const struct stream *s)
{
	return s->got_code;
}

bool stream_is_adrift(const struct stream *s)
{
	return !s->tunnel;
}

/* --- credit --- */

uint32_t stream_keep(const struct tunnel *t)
{
	uint64_t keep = t->peer_budget / 2 / (t->count ? t->count : 1);
	if (keep > TUNNEL_FIRST_CREDIT)
		return TUNNEL_FIRST_CREDIT;
	return keep < TUNNEL_KEEP_MIN ? TUNNEL_KEEP_MIN : (uint32_t)keep;
}

/* A mapping with fewer streams than this may use the last byte of the budget: the streams whose
 * least grants fill an eighth of the last eighth. */
static size_t streams_of_little(const struct tunnel *t)
{
	return t->receive.limit / 64 / TUNNEL_OPEN_CREDIT_MIN + 1;
}

/* What may be given out freely: all but the half that is kept for newcomers, and the reserve is
 * part of what is kept; half of what the fair part leaves at most. */
static uint64_t spare_of(const struct tunnel *t)
{
	size_t left = memory_budget_left(&t->receive), kept = (t->receive.used + left) / 2;
	size_t spare = left + t->promised > kept ? left + t->promised - kept : 0;
	size_t fair = memory_budget_fair(&t->receive) + t->promised;
	return least_of(spare, memory_budget_rest(fair, t->receive.used) / 2);
}

uint64_t stream_grant_for_open(const struct tunnel *t, const struct open_queue *q,
			       enum open_turn turn)
{
	size_t left = memory_budget_left(&t->receive);
	size_t fair = memory_budget_fair(&t->receive);
	size_t reserve = q->held < streams_of_little(t) ? 0
			 : turn == OPEN_TURN_OF_LITTLE  ? fair / 16
							: fair / 8;
	if (left < reserve + TUNNEL_OPEN_CREDIT_MIN)
		return 0;
	uint64_t spare = spare_of(t), grant = spare / USUAL_SHARE;
	if (grant > TUNNEL_OPEN_CREDIT_MAX)
		grant = TUNNEL_OPEN_CREDIT_MAX;
	uint64_t known = least_of(t->path_window, spare / PATH_SHARE);
	if (grant < known)
		grant = known;
	return grant < TUNNEL_OPEN_CREDIT_MIN ? TUNNEL_OPEN_CREDIT_MIN : grant;
}

void stream_take_window(struct stream *s, uint64_t bytes)
{
	memory_budget_take(&s->tunnel->receive, bytes);
	s->window += bytes;
	s->granted += bytes;
	if (s->peak < s->window)
		s->peak = s->window;
}

/*
 * How much a window grows: four times while it is small, twice later, at once to what it has been
 * before. Half of the budget, as far as account and process leave it, is kept for newcomers and no
 * one takes more than half of the rest; one that is small, by RETURN or because it came late, gets
 * to what is usual from that half, too.
 */
static uint64_t growth(const struct stream *s)
{
	const struct memory_budget *b = &s->tunnel->receive;
	uint64_t spare = spare_of(s->tunnel);
	uint64_t aim = s->window < TUNNEL_WINDOW_MAX / 4 ? 4 * s->window : 2 * s->window;
	if (aim < TUNNEL_OPEN_CREDIT_MAX)
		aim = TUNNEL_OPEN_CREDIT_MAX;
	if (aim < s->peak)
		aim = s->peak;
	if (aim < s->tunnel->path_window)
		aim = s->tunnel->path_window;
	if (aim > TUNNEL_WINDOW_MAX)
		aim = TUNNEL_WINDOW_MAX;
	if (spare <= 4 * TUNNEL_FIRST_CREDIT && s->window < TUNNEL_FIRST_CREDIT) {
		size_t left = memory_budget_left(b), kept = memory_budget_fair(b) / 8;
		spare = left > kept ? left - kept : 0;
		aim = TUNNEL_FIRST_CREDIT;
	}
	return s->window < aim ? least_of(aim - s->window, spare / 2) : 0;
}

/* What the stream gives back of owed, because the session holds more than its fair part. Those with
 * large windows give. */
static uint64_t excess(const struct stream *s)
{
	const struct memory_budget *b = &s->tunnel->receive;
	size_t fair = memory_budget_fair(b), least = b->used / s->tunnel->count / 2;
	if (least < TUNNEL_OPEN_CREDIT_MIN)
		least = TUNNEL_OPEN_CREDIT_MIN;
	if (b->used <= fair || s->window <= least)
		return 0;
	return least_of(least_of((b->used - fair) / 2, s->window - least), s->owed);
}

static bool is_late(const struct stream *s)
{
	return s->tunnel->now_ms > s->wanted_ms + SOON_MS;
}

/* A socket that was full for a moment, as one is whose own window still grows, is not slow. */
static bool is_slow(const struct stream *s)
{
	return s->stalled && (stream_waiting(s) > 0 || is_late(s));
}

uint64_t stream_credit_to_write(struct stream *s)
{
	uint64_t less = excess(s), bytes = s->owed - less;
	memory_budget_give(&s->tunnel->receive, less);
	s->window -= less;
	s->owed = 0;
	s->granted += bytes;
	if (s->wanting && !is_slow(s)) {
		uint64_t more = growth(s);
		stream_take_window(s, more);
		if (more && s->tunnel->path_window < s->window)
			s->tunnel->path_window = s->window;
		bytes += more;
		s->untried = s->granted;
		s->wanting = false;
	}
	s->wanting = s->wanting && !is_late(s);
	s->stalled = stream_waiting(s) > 0;
	assert(s->granted + stream_waiting(s) + s->owed == s->window);
	return bytes;
}

/* A stream that moves little of much credit stays where it is on the list, and is quiet in the
 * end. */
static void note_moved(struct stream *s, uint64_t bytes)
{
	struct tunnel *t = s->tunnel;
	if (s->credit && !list_is_empty(&s->lent) && bytes < s->credit / SPARING_PART &&
	    t->now_ms < s->used_ms + TUNNEL_QUIET_MS)
		return;
	s->used = 0;
	s->used_ms = t->now_ms;
	list_remove(&s->lent);
	if (s->credit)
		list_append(&t->lent, &s->lent);
}

void stream_add_credit(struct stream *s, uint64_t bytes)
{
	s->credit += bytes;
	s->tunnel->lent_bytes += bytes;
	note_moved(s, bytes);
	if (s->ready)
		scheduler_wake(s);
}

void stream_use_credit(struct stream *s, uint64_t bytes)
{
	assert(bytes <= s->credit);
	s->credit -= bytes;
	s->tunnel->lent_bytes -= bytes;
	s->used += bytes;
	note_moved(s, s->used);
}

uint64_t stream_draw(struct stream *s)
{
	struct tunnel *t = s->tunnel;
	uint64_t bytes = least_of(least_of(s->may_draw, t->reserve), TUNNEL_DRAW_STEP);
	t->reserve -= bytes;
	s->may_draw -= bytes;
	if (bytes)
		stream_add_credit(s, bytes);
	return bytes;
}

void stream_drawn(struct stream *s, uint64_t bytes)
{
	s->granted += bytes;
	if (s->dropping) {
		memory_budget_give(&s->tunnel->receive, bytes);
		return;
	}
	s->window += bytes;
	s->drawn += bytes;
	s->tunnel->drawn += bytes;
	if (s->peak < s->window)
		s->peak = s->window;
}

uint64_t stream_reserve_to_write(struct tunnel *t)
{
	if (!t->reserve_due)
		return 0;
	t->reserve_due = false;
	uint64_t aim = (spare_of(t) + t->drawn) / PATH_SHARE, has = t->promised + t->drawn;
	if (aim < has + RESERVE_LEAST_STEP)
		return 0;
	uint64_t more = aim - has;
	memory_budget_take(&t->receive, more);
	t->promised += more;
	return more;
}

/* --- the end --- */

void stream_close(struct stream *s)
{
	if (!s)
		return;
	struct tunnel *t = s->tunnel;
	s->closed = true;
	s->fn = NULL;
	/* the peer knows nothing of it: the tunnel is gone, it is off the wire, or its OPEN was
	 * never written */
	if (!t || !s->id) {
		stream_free(s);
		return;
	}
	if (!(s->fin_due && s->got != HALF_OPEN) && !(s->sent == HALF_FIN && s->got != HALF_OPEN))
		stream_reset(s, RESET_ABORTED);
	drop_pieces(s);
	drop_waiting(s);
	if (s->got == HALF_OPEN) {
		/* What was granted may still be in flight: it counts against the peer, but no
		 * longer against the budget. */
		memory_budget_give(&t->receive, s->window);
		s->window = 0;
		undraw(s, s->drawn);
		s->owed = 0;
		s->credit_due = false;
		s->dropping = true;
	}
}
