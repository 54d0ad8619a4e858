/*
 * Two tunnels back to back in memory, with a splice of sorts at each end of each connection: it
 * sends a pattern that depends on connection, side and position, compares every byte that comes,
 * and ends in the way it was told. Time and chance are the test's: one seed, printed.
 *
 * Side 0 is the relay, side 1 the agent; either may open.
 */
#ifndef GROUNDNUT_TESTS_TUNNEL_PAIR_H
#define GROUNDNUT_TESTS_TUNNEL_PAIR_H

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/tunnel/tunnel_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* after plan bytes: half-close and go on reading; or break off */
enum end_way { END_FIN, END_RESET, END_CLOSE };

struct pair;
struct end {
	struct pair *pair;
	int side, conn;
	struct stream *stream; /* NULL: not there yet, or closed */
	uint64_t plan, sent, got;
	enum end_way way;
	bool deaf;       /* takes nothing for now */
	bool dry;        /* has nothing to send for now */
	bool slow;       /* takes and gives in small pieces */
	size_t types;    /* sends so many bytes a turn, and has no more; 0: all */
	bool finished;   /* said its FIN */
	bool broke;      /* broke off */
	bool eof, reset; /* saw the other's end */
	uint32_t reset_code;
	bool opened, closed;
	unsigned turns;
	uint64_t datagrams, datagram_last;
};

struct pair_conn {
	struct end end[2];
	int opener;
	bool flow; /* of datagrams */
};

struct pair {
	struct tunnel *tunnel[2];
	struct buf wire[2]; /* under way from that side */
	size_t moved;       /* bytes delivered in all, both ways */
	uint64_t now;
	uint64_t seed, rng;
	struct pair_conn *conns;
	int count;
	bool eager; /* everyone takes and gives all there is */
	bool wild;  /* owners close things inside events */
	int last_error;
	int inside;        /* callbacks: never nested */
	unsigned declared; /* messages that came */
	char message[64];
	uint64_t pong;
	uint64_t datagrams; /* numbers given to them */
	struct session_pool pool;
};

static inline uint64_t pair_random(struct pair *p)
{
	p->rng ^= p->rng << 13;
	p->rng ^= p->rng >> 7;
	p->rng ^= p->rng << 17;
	return p->rng >> 11;
}

static inline uint64_t pair_below(struct pair *p, uint64_t n)
{
	return pair_random(p) % n;
}

/* Mostly small, sometimes large. */
static inline size_t pair_some(struct pair *p, size_t most)
{
	unsigned shift = (unsigned)pair_below(p, 18);
	size_t n = (size_t)pair_below(p, (2u << shift));
	return n < most ? n : most;
}

static inline uint8_t pair_byte(int conn, int side, uint64_t at)
{
	uint64_t x = (at + 1) * 0x9e3779b97f4a7c15ull + (uint64_t)conn * 0x517cc1b727220a95ull +
		     (uint64_t)side * 77;
	return (uint8_t)(x >> 37);
}

static void end_event(void *owner, enum stream_event event);

static void end_close(struct end *e)
{
	struct stream *s = e->stream;
	e->stream = NULL;
	e->closed = true;
	stream_close(s);
}

static struct end *other_end(struct end *e)
{
	return &e->pair->conns[e->conn].end[!e->side];
}

static void end_break(struct end *e)
{
	e->broke = true;
	if (e->way == END_RESET)
		stream_reset(e->stream, RESET_ABORTED);
	end_close(e);
}

/* Takes what waits, compares it, sees the end. */
static void end_look(struct end *e)
{
	struct pair *p = e->pair;
	struct iovec iov[3];
	int n;
	while (e->stream && !e->deaf && (n = stream_peek(e->stream, iov, 3)) > 0) {
		size_t all = 0;
		for (int i = 0; i < n; i++)
			all += iov[i].iov_len;
		size_t most = e->slow && !p->eager ? pair_below(p, 700)
			      : p->eager           ? all
						   : pair_some(p, all);
		if (most > all)
			most = all;
		size_t left = most;
		for (int i = 0; i < n && left; i++) {
			const uint8_t *bytes = iov[i].iov_base;
			size_t part = left < iov[i].iov_len ? left : iov[i].iov_len;
			for (size_t k = 0; k < part; k++)
				if (bytes[k] != pair_byte(e->conn, !e->side, e->got + k))
					fail_msg("conn %d side %d: wrong byte at %llu", e->conn,
						 e->side, (unsigned long long)(e->got + k));
			e->got += part;
			left -= part;
		}
		size_t before = stream_waiting(e->stream);
		stream_consume(e->stream, most);
		assert_int_equal(stream_waiting(e->stream), before - most);
		if (most < all) {
			e->deaf = !p->eager;
			break;
		}
	}
	if (!e->stream)
		return;
	assert_true(e->got <= other_end(e)->sent);
	if (stream_is_eof(e->stream)) {
		e->eof = true;
		assert_int_equal(e->got, other_end(e)->plan);
	}
	if (stream_is_reset(e->stream) && stream_waiting(e->stream) == 0) {
		e->reset = true;
		e->reset_code = stream_reset_code(e->stream);
		end_close(e);
		return;
	}
	if (e->eof && e->finished)
		end_close(e);
}

static void end_finish(struct end *e)
{
	if (!e->stream || e->finished)
		return;
	e->finished = true;
	stream_finish(e->stream);
	if (e->eof)
		end_close(e);
}

/* Sends what the plan has left, or says that nothing is there. */
static void end_turn(struct end *e)
{
	struct pair *p = e->pair;
	size_t room = 0;
	e->turns++;
	assert_true(stream_may_send(e->stream));
	uint8_t *out = stream_reserve(e->stream, &room);
	assert_true(room >= 1 && room <= FRAME_DATA_MAX);
	uint64_t left = e->plan - e->sent;
	size_t n = left < room ? (size_t)left : room;
	if (!p->eager)
		n = e->slow ? pair_below(p, 300) % (n + 1) : pair_some(p, n);
	if (e->types && n > e->types)
		n = e->types;
	for (size_t i = 0; i < n; i++)
		out[i] = pair_byte(e->conn, e->side, e->sent + i);
	if (n)
		stream_commit(e->stream, n);
	e->sent += n;
	if (e->sent == e->plan && e->way != END_FIN) {
		end_break(e);
		return;
	}
	if (e->sent == e->plan) {
		end_finish(e);
		return;
	}
	if (n == 0 || e->types || (!p->eager && pair_below(p, 3) == 0)) {
		e->dry = true;
		stream_idle(e->stream);
	}
}

static void end_datagram(struct end *e)
{
	size_t len;
	const uint8_t *bytes = stream_datagram_in(e->stream, &len);
	e->datagrams++;
	if (len >= 8) {
		uint64_t number;
		memcpy(&number, bytes, 8);
		assert_true(number > e->datagram_last);
		e->datagram_last = number;
		for (size_t i = 8; i < len; i++)
			if (bytes[i] != pair_byte(e->conn, !e->side, number + i))
				fail_msg("wrong byte in a datagram");
	}
}

static inline void pair_start(struct end *e)
{
	e->dry = false;
	stream_ready(e->stream);
}

static inline void pair_rest(struct end *e)
{
	e->dry = true;
	stream_idle(e->stream);
}

/* Something that an owner may do at any time, also inside an event of another stream. */
static void pair_mischief(struct pair *p, int side)
{
	struct end *e = &p->conns[pair_below(p, (uint64_t)p->count)].end[side];
	if (!e->stream || pair_below(p, 4))
		return;
	e->way = pair_below(p, 2) ? END_RESET : END_CLOSE;
	end_break(e);
}

static void end_event(void *owner, enum stream_event event)
{
	struct end *e = owner;
	struct pair *p = e->pair;
	assert_int_equal(p->inside++, 0);
	assert_non_null(e->stream);
	if (event == STREAM_LOOK)
		end_look(e);
	else if (event == STREAM_TURN)
		end_turn(e);
	else
		end_datagram(e);
	if (p->wild && pair_below(p, 200) == 0)
		pair_mischief(p, e->side);
	p->inside--;
}

static void pair_news(void *owner, const struct tunnel_news *news)
{
	struct pair *p = owner;
	assert_int_equal(p->inside++, 0);
	if (news->event == TUNNEL_OPENED && news->open->mapping < (uint32_t)p->count) {
		struct pair_conn *c = &p->conns[news->open->mapping];
		struct end *e = &c->end[!c->opener];
		assert_false(e->opened);
		e->stream = news->stream;
		e->opened = true;
		stream_own(news->stream, end_event, e);
		pair_start(e);
	} else if (news->event == TUNNEL_OPENED) {
		stream_reset(news->stream, RESET_NO_MAPPING);
		stream_close(news->stream);
	} else if (news->event == TUNNEL_DECLARED || news->event == TUNNEL_STATED ||
		   news->event == TUNNEL_REPORTED || news->event == TUNNEL_PROBED) {
		p->declared++;
		snprintf(p->message, sizeof p->message, "%.*s", (int)news->len,
			 (const char *)news->p);
	} else if (news->event == TUNNEL_PONGED) {
		p->pong = news->number;
	}
	p->inside--;
}

struct pair_sizes {
	size_t send[2], receive[2];
};

static inline void pair_init_sized(struct pair *p, uint64_t seed, int count,
				   const struct pair_sizes *z)
{
	*p = (struct pair){
	    .seed = seed, .rng = seed * 0x9e3779b97f4a7c15ull + 1, .count = count, .now = 1000};
	p->conns = mem_zalloc((size_t)(count ? count : 1) * sizeof *p->conns);
	for (int side = 0; side < 2; side++) {
		struct tunnel_config c = {
		    .first_id = side ? 1 : 2,
		    .accepts = 100000,
		    .send_budget = z->send[side],
		    .receive_budget = z->receive[side],
		    .pool = &p->pool,
		};
		p->tunnel[side] = tunnel_new(&c, pair_news, p);
	}
	for (int i = 0; i < count; i++)
		for (int side = 0; side < 2; side++)
			p->conns[i].end[side] = (struct end){.pair = p, .side = side, .conn = i};
}

static inline void pair_init(struct pair *p, uint64_t seed, int count)
{
	size_t m = 16 << 20;
	pair_init_sized(p, seed, count, &(struct pair_sizes){{m, m}, {m, m}});
}

static inline void pair_attach(struct pair *p, int side, uint64_t peer_taken)
{
	assert_int_equal(
	    tunnel_attach(p->tunnel[side], peer_taken, p->tunnel[!side]->receive.limit, p->now), 0);
}

/* A whole resume: the agent's number is final before the relay hears of it. */
static inline void pair_link(struct pair *p)
{
	uint64_t agent_taken = tunnel_taken(p->tunnel[1]);
	pair_attach(p, 0, agent_taken);
	pair_attach(p, 1, tunnel_taken(p->tunnel[0]));
}

static inline void pair_use_reserve(struct pair *p)
{
	for (int side = 0; side < 2; side++)
		tunnel_use_reserve(p->tunnel[side], true);
}

/* The link dies; what is under way is lost. */
static inline void pair_cut(struct pair *p)
{
	for (int side = 0; side < 2; side++) {
		tunnel_detach(p->tunnel[side]);
		buf_fini(&p->wire[side]);
	}
}

static inline void pair_open(struct pair *p, int conn, int opener)
{
	struct pair_conn *c = &p->conns[conn];
	struct open_info info = {.mapping = (uint32_t)conn};
	info.visitor = info.visited =
	    (struct addr){.family = conn % 2 ? 6 : 4, .port = (uint16_t)conn};
	c->opener = opener;
	struct end *e = &c->end[opener];
	e->opened = true;
	e->stream =
	    (c->flow ? stream_open_flow : stream_open)(p->tunnel[opener], &info, end_event, e);
	pair_start(e);
}

/* --- what must always hold --- */

static inline size_t list_len(const struct list *l)
{
	size_t n = 0;
	LIST_EACH(node, l)
	n++;
	return n;
}

/* OPENs that wait there */
static inline size_t pair_opens(const struct open_queue *q)
{
	size_t n = 0;
	for (int i = 0; i < OPEN_TURNS; i++)
		LIST_EACH(node, &q->turns[i])
	n += list_len(&LIST_ENTRY(node, const struct open_network, node)->waiting);
	return n;
}

static inline void check_outbox(const struct session *s)
{
	struct session whole = *s; /* a copy of the numbers only: its cursor goes to the start */
	buf_init(&whole.body);
	session_detach(&whole);
	struct iovec *iov = mem_alloc(4096 * sizeof *iov);
	int n = session_peek(&whole, iov, 4096);
	size_t bytes = 0;
	uint64_t frames = 0;
	for (int i = 0; i < n; i++) {
		const uint8_t *at = iov[i].iov_base, *end = at + iov[i].iov_len;
		bytes += iov[i].iov_len;
		for (struct frame f; at < end; at += FRAME_HEADER + f.len, frames++) {
			assert_int_equal(frame_read(at, &f), 0);
			assert_true(frame_is_session(f.kind));
		}
		assert_true(at == end);
	}
	mem_free(iov);
	assert_int_equal(bytes, whole.unsent);
	assert_int_equal(frames, s->next - s->acked);
	assert_true(s->unsent <= bytes && s->acked <= s->sent && s->sent <= s->high &&
		    s->high <= s->next);
	assert_true(s->send.used >= bytes);
}

static inline void check_tunnel(const struct tunnel *t)
{
	uint64_t windows = 0, lent = 0, drawn = 0;
	size_t count = 0, datagram_bytes = 0;
	LIST_EACH(node, &t->streams)
	{
		const struct stream *s = LIST_ENTRY(node, const struct stream, all);
		windows += s->window;
		lent += s->credit;
		drawn += s->drawn;
		count += s->id != 0;
		datagram_bytes += s->datagram_bytes;
		assert_true(s->tunnel == t);
		if (s->dropping)
			assert_int_equal(s->window, 0);
		else
			assert_int_equal(s->granted + stream_waiting(s) + s->owed, s->window);
		if (s->id)
			assert_true(s->sent == HALF_OPEN || s->got == HALF_OPEN);
		if (s->sent != HALF_OPEN)
			assert_int_equal(s->credit, 0);
		assert_true(s->datagram_bytes <= TUNNEL_DATAGRAM_FLOW);
	}
	assert_int_equal(windows + buf_len(&t->session.body) + t->promised, t->receive.used);
	assert_int_equal(lent, t->lent_bytes);
	assert_int_equal(drawn, t->drawn);
	assert_int_equal(count, t->count);
	assert_true(datagram_bytes <= TUNNEL_DATAGRAM_ALL);
	size_t waiting = list_len(&t->flow_opens);
	LIST_EACH(node, &t->open_turns)
	waiting += pair_opens(LIST_ENTRY(node, const struct open_queue, node));
	assert_int_equal(waiting, t->waiting);
	check_outbox(&t->session);
}

/* --- moving bytes --- */

/* One batch of that side, of which at most `most` bytes go onto the wire. */
static inline size_t pair_pump(struct pair *p, int side, size_t batch, size_t most)
{
	struct tunnel *t = p->tunnel[side];
	if (!t->attached)
		return 0;
	tunnel_fill(t, batch, p->now);
	size_t gone = 0;
	struct iovec iov[8];
	int n;
	while (gone < most && (n = tunnel_peek(t, iov, 1 + (int)pair_below(p, 8))) > 0) {
		size_t part = 0;
		for (int i = 0; i < n && gone + part < most; i++) {
			size_t len = iov[i].iov_len;
			assert_true(len > 0);
			if (len > most - gone - part)
				len = most - gone - part;
			buf_put(&p->wire[side], iov[i].iov_base, len);
			part += len;
		}
		tunnel_sent(t, part);
		gone += part;
	}
	/* then nothing may claim to be due that this fill could not do */
	if (gone == 0 && most > 0) {
		assert_false(tunnel_has_work(t, p->now));
		assert_true(tunnel_deadline(t) > p->now);
	}
	return gone;
}

/* At most len bytes of what that side has sent arrive. */
static inline size_t pair_deliver(struct pair *p, int from, size_t len)
{
	if (len > buf_len(&p->wire[from]))
		len = buf_len(&p->wire[from]);
	if (len == 0)
		return 0;
	/* so that a read beyond it shows */
	uint8_t *exact = mem_dup(buf_data(&p->wire[from]), len);
	buf_take(&p->wire[from], len);
	p->last_error = tunnel_input(p->tunnel[!from], exact, len, p->now);
	mem_free(exact);
	p->moved += len;
	return len;
}

static inline void pair_wake(struct pair *p)
{
	for (int i = 0; i < p->count; i++) {
		for (int side = 0; side < 2; side++) {
			struct end *e = &p->conns[i].end[side];
			if (e->stream && e->dry)
				pair_start(e);
			if (e->stream && e->deaf) {
				e->deaf = false;
				end_look(e);
			}
		}
	}
}

static inline bool pair_is_done(const struct pair *p)
{
	for (int i = 0; i < p->count; i++)
		for (int side = 0; side < 2; side++)
			if (p->conns[i].end[side].opened && !p->conns[i].end[side].closed)
				return false;
	return true;
}

/* Runs until nothing more happens by itself; time passes only when nothing else does. True if
 * something is still due by then: never. */
static inline void pair_settle(struct pair *p)
{
	unsigned rounds = 0;
	for (;;) {
		bool moved = false;
		assert_true(rounds++ < 2000000);
		for (int side = 0; side < 2; side++) {
			moved |= pair_pump(p, side, 64 * 1024, SIZE_MAX) > 0;
			while (buf_len(&p->wire[side])) {
				pair_deliver(p, side, 64 * 1024);
				assert_int_equal(p->last_error, 0);
			}
		}
		if (moved)
			continue;
		if (tunnel_has_work(p->tunnel[0], p->now) || tunnel_has_work(p->tunnel[1], p->now))
			continue;
		uint64_t a = tunnel_deadline(p->tunnel[0]), b = tunnel_deadline(p->tunnel[1]);
		uint64_t next = a < b ? a : b;
		if (next == UINT64_MAX)
			return;
		assert_true(next > p->now);
		p->now = next;
	}
}

/* Everyone willing, everything ends; and then nothing is left of it. */
static inline void pair_finish(struct pair *p)
{
	p->eager = true;
	p->wild = false;
	for (int i = 0; i < p->count; i++)
		p->conns[i].end[0].types = p->conns[i].end[1].types = 0;
	if (!p->tunnel[0]->attached || !p->tunnel[1]->attached) {
		pair_cut(p);
		pair_link(p);
	}
	pair_settle(p); /* what is still to be opened, and datagrams under way */
	for (int i = 0; i < p->count; i++)
		for (int side = 0; side < 2; side++)
			if (p->conns[i].flow)
				end_finish(&p->conns[i].end[side]);
	for (int i = 0; i < 3; i++) {
		pair_wake(p);
		pair_settle(p);
	}
	for (int i = 0; i < p->count; i++) {
		const struct pair_conn *c = &p->conns[i];
		if (!c->end[c->opener].opened)
			continue;
		for (int side = 0; side < 2; side++) {
			const struct end *e = &c->end[side], *o = &c->end[!side];
			if (e->opened && !e->closed)
				fail_msg(
				    "conn %d side %d never ended (sent %llu of %llu, got %llu)", i,
				    side, (unsigned long long)e->sent, (unsigned long long)e->plan,
				    (unsigned long long)e->got);
			if (!e->broke && !o->broke) {
				assert_int_equal(e->got, o->plan);
				assert_true(e->eof);
			}
		}
	}
	for (int side = 0; side < 2; side++) {
		struct tunnel *t = p->tunnel[side];
		check_tunnel(t);
		assert_int_equal(t->count, 0);
		assert_int_equal(t->peer_count, 0);
		assert_true(list_is_empty(&t->streams));
		assert_int_equal(t->receive.used, t->promised);
		assert_int_equal(t->promised, p->tunnel[!side]->reserve);
		assert_int_equal(t->lent_bytes, 0);
		assert_int_equal(session_kept(&t->session), 0);
		assert_int_equal(t->datagram_bytes, 0);
	}
}

static inline void pair_fini(struct pair *p)
{
	for (int side = 0; side < 2; side++) {
		buf_fini(&p->wire[side]);
		tunnel_free(p->tunnel[side]);
	}
	for (int i = 0; i < p->count; i++)
		for (int side = 0; side < 2; side++)
			if (p->conns[i].end[side].stream)
				end_close(&p->conns[i].end[side]);
	mem_free(p->conns);
	session_pool_fini(&p->pool);
}

#endif
