#include "tests/unit/shared/tunnel/pair.h"

static uint64_t seed_of_run;

static uint64_t new_seed(void)
{
	return seed_of_run += 1000003;
}

/* --- chance --- */

static void plan_conn(struct pair *p, int i)
{
	p->conns[i].flow = pair_below(p, 8) == 0;
	if (p->conns[i].flow)
		return;
	for (int side = 0; side < 2; side++) {
		struct end *e = &p->conns[i].end[side];
		e->plan = pair_below(p, 8) ? pair_some(p, 200000) : 0;
		e->slow = pair_below(p, 6) == 0;
		e->way = pair_below(p, 6) ? END_FIN : pair_below(p, 2) ? END_RESET : END_CLOSE;
	}
}

static void put_datagram(struct end *e, size_t len, uint64_t number)
{
	uint8_t *bytes = mem_alloc(len + 8);
	memcpy(bytes, &number, 8);
	for (size_t i = 8; i < len; i++)
		bytes[i] = pair_byte(e->conn, e->side, number + i);
	stream_datagram(e->stream, bytes, len);
	mem_free(bytes);
}

static void random_act(struct pair *p)
{
	int side = (int)pair_below(p, 2);
	struct end *e = &p->conns[pair_below(p, (uint64_t)p->count)].end[side];
	switch (pair_below(p, 16)) {
	default:
		pair_pump(p, side, 1024 + pair_some(p, 256 * 1024), 1 + pair_some(p, 300000));
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		if (p->tunnel[!side]->attached) {
			pair_deliver(p, side, 1 + pair_some(p, 100000));
			assert_int_equal(p->last_error, 0);
		}
		break;
	case 10:
	case 11:
		if (e->stream && p->conns[e->conn].flow)
			put_datagram(e, pair_some(p, 65507), ++p->datagrams);
		else if (e->stream && e->dry)
			pair_start(e);
		break;
	case 12:
	case 13:
		if (e->stream) {
			e->deaf = false;
			end_look(e);
		}
		break;
	case 14:
		p->now += pair_below(p, 10) ? pair_below(p, 30) : pair_below(p, 3000);
		break;
	case 15:
		if (!e->opened && !p->conns[e->conn].end[!side].opened)
			pair_open(p, e->conn, side);
		else if (p->wild && pair_below(p, 60) == 0)
			pair_mischief(p, side);
		break;
	}
}

static void random_cut(struct pair *p)
{
	pair_cut(p);
	unsigned lost = (unsigned)pair_below(p, 4);
	/* WELCOME is lost: the relay alone believes in the link */
	for (unsigned i = 0; i < lost; i++) {
		pair_attach(p, 0, tunnel_taken(p->tunnel[1]));
		for (unsigned k = (unsigned)pair_below(p, 4); k > 0; k--)
			pair_pump(p, 0, 1024 + pair_some(p, 100000), 1 + pair_some(p, 100000));
		pair_cut(p);
	}
	if (pair_below(p, 4))
		pair_link(p);
}

static void run_random(uint64_t seed, const struct pair_sizes *z, unsigned steps,
		       unsigned cut_one_in)
{
	struct pair p;
	print_message("seed %llu\n", (unsigned long long)seed);
	pair_init_sized(&p, seed, 30, z);
	for (int i = 0; i < p.count; i++)
		plan_conn(&p, i);
	p.wild = seed % 2;
	if (seed / 2 % 2)
		pair_use_reserve(&p);
	pair_link(&p);
	for (unsigned i = 0; i < steps; i++) {
		random_act(&p);
		if (i % 16 == 0)
			for (int side = 0; side < 2; side++)
				check_tunnel(p.tunnel[side]);
		if (cut_one_in && pair_below(&p, cut_one_in) == 0)
			random_cut(&p);
		else if (cut_one_in && !p.tunnel[0]->attached && pair_below(&p, 40) == 0)
			pair_link(&p);
	}
	pair_finish(&p);
	pair_fini(&p);
}

static const struct pair_sizes large = {{16 << 20, 16 << 20}, {16 << 20, 16 << 20}};
static const struct pair_sizes smallest = {{2 * (SESSION_CHUNK + 64), 2 * (SESSION_CHUNK + 64)},
					   {64 * 1024, 64 * 1024}};
static const struct pair_sizes lopsided = {{2 * (SESSION_CHUNK + 64), 16 << 20},
					   {16 << 20, 64 * 1024}};

static void every_byte_arrives_in_order_by_chance(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		run_random(new_seed(), &large, 6000, 0);
}

static void links_cut_under_load_lose_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++)
		run_random(new_seed(), &large, 8000, 100);
}

static void the_smallest_budgets_block_nobody(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		run_random(new_seed(), &smallest, 6000, i % 2 ? 150 : 0);
		run_random(new_seed(), &lopsided, 6000, i % 2 ? 150 : 0);
	}
}

/* --- links cut at every byte --- */

struct exchange {
	uint64_t plan[2];
	enum end_way way[2];
};
static const struct exchange exchanges[] = {
    {{300, 700}, {END_FIN, END_FIN}},
    {{0, 40}, {END_FIN, END_FIN}},
    {{90, 500}, {END_RESET, END_FIN}},
    {{60, 0}, {END_FIN, END_CLOSE}},
};
enum { EXCHANGES = sizeof exchanges / sizeof *exchanges };

static void start_exchange(struct pair *p)
{
	pair_init(p, 7, EXCHANGES);
	p->eager = true;
	pair_link(p);
	struct buf json = BUF_INIT;
	buf_puts(&json, "{\"serial\":1}");
	tunnel_declare(p->tunnel[1], &json);
	tunnel_state(p->tunnel[0], &json);
	assert_true(tunnel_say(p->tunnel[1], FRAME_PROBE, &json));
	assert_true(tunnel_say(p->tunnel[1], FRAME_REPORT, &json));
	assert_true(tunnel_say(p->tunnel[0], FRAME_PROBE, &json));
	buf_fini(&json);
	for (int i = 0; i < EXCHANGES; i++) {
		for (int side = 0; side < 2; side++) {
			p->conns[i].end[side].plan = exchanges[i].plan[side];
			p->conns[i].end[side].way = exchanges[i].way[side];
		}
		pair_open(p, i, i % 2);
	}
}

/* Moves until that many bytes have arrived in all, in small pieces from both sides in turn; less
 * only when no more come. */
static void move_until(struct pair *p, size_t moved)
{
	for (bool more = true; more && p->moved < moved;) {
		more = false;
		for (int side = 0; side < 2; side++) {
			pair_pump(p, side, 1024, 400);
			size_t left = moved - p->moved;
			more |= pair_deliver(p, side, left < 97 ? left : 97) > 0;
			assert_int_equal(p->last_error, 0);
		}
	}
}

static void a_link_cut_at_every_byte_loses_nothing(void **state)
{
	(void)state;
	struct pair p;
	start_exchange(&p);
	move_until(&p, SIZE_MAX);
	size_t whole = p.moved;
	pair_finish(&p);
	pair_fini(&p);
	assert_true(whole > 1800);
	static const size_t again[] = {0, 1, 8, 9, 30, 200};
	for (size_t at = 0; at <= whole; at++) {
		for (size_t k = 0; k < sizeof again / sizeof *again; k++) {
			start_exchange(&p);
			move_until(&p, at);
			/* the resumes fail again, in their midst */
			for (unsigned times = 0; times < 1 + k % 3; times++) {
				pair_cut(&p);
				pair_link(&p);
				if (k == 4)
					random_cut(&p);
				if (!p.tunnel[1]->attached)
					pair_link(&p);
				move_until(&p, p.moved + again[k]);
				check_tunnel(p.tunnel[0]);
				check_tunnel(p.tunnel[1]);
			}
			pair_finish(&p);
			assert_int_equal(p.declared, 5);
			pair_fini(&p);
		}
	}
}

static void what_an_old_link_still_brings_is_not_read(void **state)
{
	(void)state;
	struct pair p;
	start_exchange(&p);
	move_until(&p, 300);
	pair_pump(&p, 0, 16384, SIZE_MAX);
	struct buf late = BUF_INIT;
	buf_put(&late, buf_data(&p.wire[0]), buf_len(&p.wire[0]));
	assert_true(buf_len(&late) > 0);
	pair_cut(&p);
	assert_int_equal(tunnel_input(p.tunnel[1], buf_data(&late), buf_len(&late), p.now),
			 ERR_CLOSED);
	buf_fini(&late);
	pair_link(&p);
	pair_finish(&p);
	pair_fini(&p);
}

static void numbers_outside_what_is_kept_change_nothing(void **state)
{
	(void)state;
	struct pair p;
	start_exchange(&p);
	move_until(&p, 900);
	pair_settle(&p);
	pair_cut(&p);
	struct tunnel *t = p.tunnel[0];
	uint64_t acked = t->session.acked, high = t->session.high;
	assert_true(acked > 0);
	assert_false(tunnel_fits(t, acked - 1));
	assert_false(tunnel_fits(t, high + 1));
	assert_int_equal(tunnel_attach(t, acked - 1, 0, p.now), ERR_RANGE);
	assert_int_equal(tunnel_attach(t, high + 1, 0, p.now), ERR_RANGE);
	assert_int_equal(tunnel_attach(t, UINT64_MAX, 0, p.now), ERR_RANGE);
	assert_false(t->attached);
	pair_link(&p);
	pair_finish(&p);
	pair_fini(&p);
}

static void newcomers_while_detached_wait_and_cost_nothing(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 3, 8);
	for (int i = 0; i < 8; i++)
		for (int side = 0; side < 2; side++)
			p.conns[i].end[side].plan = 5000;
	pair_link(&p);
	p.eager = true;
	pair_open(&p, 0, 0);
	pair_pump(&p, 0, 65536, 100);
	pair_cut(&p);
	size_t kept = session_kept(&p.tunnel[0]->session);
	for (int i = 1; i < 8; i++)
		pair_open(&p, i, 0);
	tunnel_fill(p.tunnel[0], 65536, p.now);
	assert_false(tunnel_has_work(p.tunnel[0], p.now));
	assert_true(tunnel_deadline(p.tunnel[0]) == UINT64_MAX);
	assert_int_equal(session_kept(&p.tunnel[0]->session), kept);
	assert_int_equal(tunnel_numbers(p.tunnel[0]).waiting, 7);
	end_break(&p.conns[3].end[0]); /* gone before its OPEN: never spoken of */
	assert_int_equal(tunnel_numbers(p.tunnel[0]).waiting, 6);
	pair_link(&p);
	pair_finish(&p);
	assert_false(p.conns[3].end[1].opened);
	assert_true(p.conns[4].end[1].eof);
	pair_fini(&p);
}

/* --- a tunnel is plain numbers and bytes: copied to another one in mid-air, it goes on --- */

struct copied {
	struct stream *from, *to;
};

static struct stream *copy_of(const struct copied *all, size_t n, const struct list *node,
			      size_t offset)
{
	const struct stream *s = (const struct stream *)((const char *)node - offset);
	for (size_t i = 0; i < n; i++)
		if (all[i].from == s)
			return all[i].to;
	fail();
	return NULL;
}

static void copy_list(const struct list *from, struct list *to, const struct copied *all, size_t n,
		      size_t offset)
{
	LIST_EACH(node, from)
	list_append(to, (struct list *)((char *)copy_of(all, n, node, offset) + offset));
}

static void copy_session(const struct session *from, struct session *to)
{
	struct memory_budget send = to->send;
	struct session_pool *pool = to->pool;
	struct memory_budget *receive = to->receive;
	struct session whole = *from;
	buf_init(&whole.body);
	session_detach(&whole);
	*to = *from;
	to->pool = pool;
	to->send = send;
	to->receive = receive;
	to->first = to->last = to->at = NULL;
	to->at_offset = to->frame_left = to->unsent = 0;
	to->next = to->sent = from->acked;
	buf_init(&to->body);
	buf_put(&to->body, buf_data(&from->body), buf_len(&from->body));
	struct iovec iov[1024];
	int count = session_peek(&whole, iov, 1024);
	assert_true(count < 1024);
	for (int i = 0; i < count; i++) {
		const uint8_t *at = iov[i].iov_base, *end = at + iov[i].iov_len;
		for (struct frame f; at < end; at += FRAME_HEADER + f.len) {
			frame_read(at, &f);
			session_put(to, f.stream, f.kind, at + FRAME_HEADER, f.len);
		}
	}
	session_sent(to, whole.unsent - from->unsent);
	assert_int_equal(to->sent, from->sent);
	assert_int_equal(to->high, from->high);
	assert_int_equal(to->next, from->next);
	assert_int_equal(to->frame_left, from->frame_left);
	assert_int_equal(to->unsent, from->unsent);
}

static struct stream *copy_stream(struct tunnel *t, const struct stream *from)
{
	struct stream *s = mem_dup(from, sizeof *from);
	s->tunnel = t;
	s->hash_next = NULL;
	s->queue = (struct byte_queue){0};
	list_init(&s->facts);
	list_init(&s->turn);
	list_init(&s->lent);
	list_init(&s->datagrams);
	list_init(&s->datagram_turn);
	struct iovec iov[64];
	int n = byte_queue_peek(&from->queue, iov, 64);
	assert_true(n < 64);
	for (int i = 0; i < n; i++)
		byte_queue_put(&s->queue, iov[i].iov_base, iov[i].iov_len);
	return s;
}

static void pair_replace(struct pair *p, int side)
{
	struct tunnel *from = p->tunnel[side];
	struct tunnel_config c = {
	    .first_id = side ? 1 : 2, .send_budget = from->session.send.limit, .pool = &p->pool};
	struct tunnel *to = tunnel_new(&c, pair_news, p);
	size_t n = list_len(&from->streams), i = 0;
	struct copied *all = mem_zalloc((n + 1) * sizeof *all);
	struct tunnel blank = *from;
	to->attached = blank.attached;
	to->now_ms = blank.now_ms;
	to->control_pongs = blank.control_pongs;
	to->control_ack = blank.control_ack;
	to->control_datagrams = blank.control_datagrams;
	to->message_kind = blank.message_kind;
	to->next_id = blank.next_id;
	to->peer_next_id = blank.peer_next_id;
	to->wrapped = blank.wrapped;
	to->peer_wrapped = blank.peer_wrapped;
	to->accepts = blank.accepts;
	to->waiting = blank.waiting;
	to->rested_keep = blank.rested_keep;
	to->lent_bytes = blank.lent_bytes;
	to->peer_budget = blank.peer_budget;
	to->receive = blank.receive;
	to->last_moved_ms = blank.last_moved_ms;
	copy_session(&from->session, &to->session);
	buf_put(&to->control, buf_data(&from->control), buf_len(&from->control));
	buf_put(&to->message, buf_data(&from->message), buf_len(&from->message));
	LIST_EACH(node, &from->streams)
	{
		struct stream *s = LIST_ENTRY(node, struct stream, all);
		all[i++] = (struct copied){s, copy_stream(to, s)};
	}
	for (i = 0; i < n; i++) {
		list_append(&to->streams, &all[i].to->all);
		if (all[i].to->id)
			tunnel_insert(to, all[i].to);
		if (!all[i].from->closed)
			((struct end *)all[i].from->owner)->stream = all[i].to;
		all[i].from->fn = NULL;
	}
	for (i = 0; i < n; i++) {
		all[i].to->network = NULL;
		if (!all[i].from->network || !all[i].from->id)
			continue;
		scheduler_open_waits(all[i].to);
		scheduler_open_written(all[i].to);
	}
	LIST_EACH(node, &from->open_turns)
	{
		const struct open_queue *q = LIST_ENTRY(node, const struct open_queue, node);
		for (int k = 0; k < OPEN_TURNS; k++)
			LIST_EACH(at, &q->turns[k])
		LIST_EACH(one, &LIST_ENTRY(at, struct open_network, node)->waiting)
		scheduler_open_waits(copy_of(all, n, one, offsetof(struct stream, facts)));
	}
	to->waiting = blank.waiting;
	copy_list(&from->facts, &to->facts, all, n, offsetof(struct stream, facts));
	copy_list(&from->flow_opens, &to->flow_opens, all, n, offsetof(struct stream, facts));
	copy_list(&from->fresh, &to->fresh, all, n, offsetof(struct stream, turn));
	copy_list(&from->bulk, &to->bulk, all, n, offsetof(struct stream, turn));
	copy_list(&from->lent, &to->lent, all, n, offsetof(struct stream, lent));
	for (int k = 0; k < DATAGRAM_STAGES; k++) {
		LIST_EACH(node, &from->datagrams[k])
		{
			const struct tunnel_datagram *d =
			    LIST_ENTRY(node, struct tunnel_datagram, node);
			struct tunnel_datagram *same = mem_dup(d, sizeof *d + d->len);
			list_append(&to->datagrams[k], &same->node);
			same->stream =
			    copy_of(all, n, &d->stream->all, offsetof(struct stream, all));
		}
	}
	for (i = 0; i < n; i++) {
		LIST_EACH(node, &all[i].from->datagrams)
		{ /* the order within the flow */
			const struct tunnel_datagram *d =
			    LIST_ENTRY(node, struct tunnel_datagram, flow);
			LIST_EACH(other, &to->datagrams[d->stage])
			{
				struct tunnel_datagram *same =
				    LIST_ENTRY(other, struct tunnel_datagram, node);
				if (same->number == d->number)
					list_append(&all[i].to->datagrams, &same->flow);
			}
		}
	}
	to->datagram_bytes = blank.datagram_bytes;
	to->datagram_number = blank.datagram_number;
	to->datagram_debt = blank.datagram_debt;
	copy_list(&from->datagram_turns, &to->datagram_turns, all, n,
		  offsetof(struct stream, datagram_turn));
	copy_list(&from->rested, &to->rested, all, n, offsetof(struct stream, lent));
	bool *closed = mem_zalloc(n + 1);
	for (i = 0; i < n; i++)
		closed[i] = all[i].from->closed;
	tunnel_free(from);
	for (i = 0; i < n; i++)
		if (!closed[i])
			stream_close(all[i].from);
	mem_free(closed);
	mem_free(all);
	p->tunnel[side] = to;
	check_tunnel(to);
}

static void a_tunnel_copied_between_turns_goes_on(void **state)
{
	(void)state;
	for (int round = 0; round < 4; round++) {
		struct pair p;
		uint64_t seed = new_seed();
		print_message("seed %llu\n", (unsigned long long)seed);
		pair_init(&p, seed, 30);
		for (int i = 0; i < p.count; i++)
			plan_conn(&p, i);
		pair_link(&p);
		for (unsigned i = 0; i < 4000; i++) {
			random_act(&p);
			if (pair_below(&p, 50) == 0)
				pair_replace(&p, (int)pair_below(&p, 2));
			if (pair_below(&p, 300) == 0)
				random_cut(&p);
			else if (!p.tunnel[0]->attached && pair_below(&p, 40) == 0)
				pair_link(&p);
		}
		pair_finish(&p);
		pair_fini(&p);
	}
}

/* --- many --- */

static void both_directions_saturated_come_to_their_end(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 6);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < p.count; i++) {
		p.conns[i].end[0].plan = 6 << 20;
		p.conns[i].end[1].plan = 5 << 20;
		pair_open(&p, i, 0);
	}
	pair_finish(&p);
	pair_fini(&p);
}

static void ten_thousand_streams_come_and_go(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 10000);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < p.count; i++) {
		p.conns[i].end[0].plan = 100 + (unsigned)i % 3000;
		p.conns[i].end[1].plan = 3000 - (unsigned)i % 3000;
		pair_open(&p, i, 0);
	}
	pair_finish(&p);
	pair_fini(&p);
}

/* Those who were there first hold credit that was fair among few; it must come back, or newcomers
 * wait for ever. */
static void newcomers_get_in_beside_thousands_that_rest(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 7000);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < p.count; i++) {
		struct end *e = p.conns[i].end;
		e[0].plan = e[1].plan = 2000;
		pair_open(&p, i, 0);
		e[0].types = e[1].types = 1; /* one byte each, then both stay open and silent */
		if (i % 7 == 0) {
			for (int side = 0; side < 2; side++)
				pair_deliver(&p, side, SIZE_MAX);
			for (int side = 0; side < 2; side++)
				pair_pump(&p, side, 65536, SIZE_MAX);
			p.now += 3;
		}
	}
	pair_settle(&p);
	for (int i = 0; i < p.count; i++)
		assert_true(p.conns[i].end[1].opened);
	for (int side = 0; side < 2; side++) {
		struct tunnel *t = p.tunnel[side];
		assert_int_equal(tunnel_numbers(t).waiting, 0);
		assert_true(t->lent_bytes <= t->peer_budget / 4 * 3);
		check_tunnel(t);
	}
	pair_finish(&p);
	pair_fini(&p);
}

/* --- fairness --- */

static void a_stalled_stream_starves_nobody(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 12);
	pair_link(&p);
	for (int i = 0; i < p.count; i++) {
		p.conns[i].end[0].plan = 3 << 20;
		pair_open(&p, i, 0);
	}
	pair_pump(&p, 0, 65536, SIZE_MAX);
	pair_deliver(&p, 0, SIZE_MAX);
	p.eager = true;
	for (int i = 0; i < 3; i++) {
		for (int side = 0; side < 2; side++)
			for (int k = 0; k < p.count; k++)
				p.conns[k].end[side].deaf = k == 0 && side == 1;
		for (int k = 1; k < p.count; k++)
			for (int side = 0; side < 2; side++)
				if (p.conns[k].end[side].stream) {
					end_look(&p.conns[k].end[side]);
					if (p.conns[k].end[side].stream)
						pair_start(&p.conns[k].end[side]);
				}
		pair_start(&p.conns[0].end[0]);
		pair_settle(&p);
	}
	for (int i = 1; i < p.count; i++)
		assert_true(p.conns[i].end[0].closed && p.conns[i].end[1].closed);
	assert_true(p.conns[0].end[1].got < 70000);
	assert_false(p.conns[0].end[1].closed);
	pair_finish(&p);
	assert_int_equal(p.conns[0].end[1].got, 3 << 20);
	pair_fini(&p);
}

/* One round trip: all that may go goes, and comes. */
static void round_trip(struct pair *p)
{
	for (int side = 1; side >= 0; side--) {
		pair_pump(p, side, 16 << 20, SIZE_MAX);
		while (buf_len(&p->wire[side]))
			pair_deliver(p, side, SIZE_MAX);
	}
}

/* Four times a round trip while credit is what stops the sender; not at all for who leaves bytes
 * lying, or sends less than he may. */
static void windows_grow_where_credit_is_what_stops(void **state)
{
	(void)state;
	enum { BULK, STALLED, SPARING };
	struct pair p;
	pair_init(&p, 1, 3);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < 3; i++) {
		p.conns[i].end[1].plan = 64 << 20;
		p.conns[i].end[0].plan = 1;
		pair_open(&p, i, 0);
		pair_rest(&p.conns[i].end[0]);
	}
	p.conns[SPARING].end[1].types = 1;
	round_trip(&p);
	p.conns[STALLED].end[0].deaf = true;
	uint64_t first[3];
	for (int i = 0; i < 3; i++)
		first[i] = p.conns[i].end[0].stream->window;
	assert_true(first[BULK] <= 2 * TUNNEL_OPEN_CREDIT_MAX);
	int trips = 0;
	for (; p.conns[BULK].end[0].stream->window < 2 << 20; trips++) {
		assert_true(trips < 4);
		pair_start(&p.conns[SPARING].end[1]);
		round_trip(&p);
	}
	assert_true(p.conns[STALLED].end[0].stream->window <= 4 * first[STALLED]);
	assert_true(p.conns[SPARING].end[0].stream->window <= first[SPARING]);
	for (int i = 0; i < 20; i++)
		round_trip(&p);
	assert_true(p.conns[BULK].end[0].stream->window <= TUNNEL_WINDOW_MAX);
	p.conns[STALLED].end[0].deaf = false;
	end_look(&p.conns[STALLED].end[0]);
	p.conns[SPARING].end[1].types = 0;
	for (int i = 0; i < 3; i++)
		pair_start(&p.conns[i].end[0]);
	pair_finish(&p);
	pair_fini(&p);
}

/* After a large transfer a newcomer gets a MiB in one round trip, also what goes with it; on the
 * next link, whose path nobody knows, it begins as ever. */
static void a_newcomer_begins_with_what_the_path_holds(void **state)
{
	(void)state;
	enum { PAGE = (1 << 20) + 300 };
	struct pair p;
	pair_init(&p, 1, 3);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < 3; i++)
		p.conns[i].end[1].plan = i ? PAGE : 16 << 20;
	pair_open(&p, 0, 0);
	while (p.conns[0].end[0].got < 16 << 20)
		round_trip(&p);
	pair_pump(&p, 0, 16 << 20, SIZE_MAX);
	pair_open(&p, 1, 0);
	pair_pump(&p, 0, 16 << 20, SIZE_MAX);
	while (buf_len(&p.wire[0]))
		pair_deliver(&p, 0, SIZE_MAX);
	round_trip(&p);
	assert_int_equal(p.conns[1].end[0].got, PAGE);
	pair_cut(&p);
	pair_link(&p);
	pair_open(&p, 2, 0);
	pair_pump(&p, 0, 16 << 20, SIZE_MAX);
	assert_int_equal(p.conns[2].end[0].stream->window, TUNNEL_OPEN_CREDIT_MAX);
	pair_finish(&p);
	pair_fini(&p);
}

/* All that side has to say arrives. */
static void one_way(struct pair *p, int side)
{
	while (pair_pump(p, side, 16 << 20, SIZE_MAX))
		;
	while (buf_len(&p->wire[side]))
		pair_deliver(p, side, SIZE_MAX);
	assert_int_equal(p->last_error, 0);
}

/* After a large upload the next one gets a MiB there in half a round trip, out of the reserve that
 * the acceptor has promised. Where one end does not know the reserve, it gets what OPEN implies. */
static void an_upload_draws_on_the_reserve(void **state)
{
	(void)state;
	enum { PAGE = (1 << 20) + 300 };
	for (int known = 0; known < 2; known++) {
		struct pair p;
		pair_init(&p, 1, 2);
		p.eager = true;
		if (known)
			pair_use_reserve(&p);
		pair_link(&p);
		p.conns[0].end[0].plan = 16 << 20;
		p.conns[1].end[0].plan = PAGE;
		pair_open(&p, 0, 0);
		while (p.conns[0].end[1].got < 16 << 20)
			round_trip(&p);
		round_trip(&p);
		pair_open(&p, 1, 0);
		one_way(&p, 0);
		assert_int_equal(p.conns[1].end[1].got, known ? PAGE : TUNNEL_FIRST_CREDIT);
		check_tunnel(p.tunnel[0]);
		check_tunnel(p.tunnel[1]);
		pair_finish(&p);
		pair_fini(&p);
	}
}

/* The first upload of a link, too, has more than OPEN implies as soon as another stream was
 * there. */
static void a_reserve_is_there_before_the_path_is_known(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	pair_use_reserve(&p);
	pair_link(&p);
	p.conns[0].end[0].plan = 1;
	p.conns[1].end[0].plan = 200000;
	pair_open(&p, 0, 0);
	round_trip(&p);
	round_trip(&p);
	pair_open(&p, 1, 0);
	one_way(&p, 0);
	assert_int_equal(p.conns[1].end[1].got, 200000);
	pair_finish(&p);
	pair_fini(&p);
}

/* Uploads that nobody reads draw all that there is of the reserve, and it is not filled up for
 * them: the others' windows may grow as ever. */
static void stalled_uploads_draw_no_more_than_the_reserve(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 40);
	p.eager = true;
	pair_use_reserve(&p);
	pair_link(&p);
	for (int i = 0; i < p.count; i++) {
		p.conns[i].end[0].plan = i ? 8 << 20 : 16 << 20;
		p.conns[i].end[1].deaf = i > 0;
	}
	pair_open(&p, 0, 0);
	while (p.conns[0].end[1].got < 16 << 20)
		round_trip(&p);
	struct memory_budget *b = &p.tunnel[1]->receive;
	for (int i = 1; i < p.count; i++) {
		pair_open(&p, i, 0);
		for (int k = 0; k < 20; k++)
			round_trip(&p);
		assert_true(stream_waiting(p.conns[i].end[1].stream) >= TUNNEL_FIRST_CREDIT);
	}
	size_t first = stream_waiting(p.conns[1].end[1].stream);
	assert_in_range(first, TUNNEL_DRAW_MAX, TUNNEL_DRAW_MAX + TUNNEL_OPEN_CREDIT_MAX);
	assert_true(b->used <= b->limit / 6 + 40 * TUNNEL_FIRST_CREDIT);
	check_tunnel(p.tunnel[1]);
	pair_finish(&p);
	pair_fini(&p);
}

/* Half is kept of what the account leaves, not of what the session might have: with stalled agents
 * of another account beside it a home keeps most of its pace. */
static void a_newcomer_begins_so_where_the_account_leaves_less(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	pair_link(&p);
	p.conns[0].end[1].plan = 16 << 20;
	p.conns[1].end[1].plan = 1;
	pair_open(&p, 0, 0);
	while (p.conns[0].end[0].got < 16 << 20)
		round_trip(&p);
	struct memory_budget *b = &p.tunnel[0]->receive;
	struct memory_budget_whole whole = {.limit = 3 * b->limit, .used = b->used, .accounts = 2};
	struct memory_budget_account account = {.whole = &whole, .used = b->used, .sessions = 1};
	b->account = &account;
	pair_open(&p, 1, 0);
	pair_pump(&p, 0, 16 << 20, SIZE_MAX);
	uint64_t half = (memory_budget_left(b) + p.conns[1].end[0].stream->window + b->used) / 2;
	assert_true(p.conns[1].end[0].stream->window > half / 6);
	pair_finish(&p);
	b->account = NULL;
	pair_fini(&p);
}

/* What comes while the service is dialled lies there, which says nothing about how fast it will be
 * read; what is left of it then does. */
static void a_window_grows_when_the_first_bytes_are_read_at_once(void **state)
{
	(void)state;
	for (int sips = 0; sips < 2; sips++) {
		struct pair p;
		pair_init(&p, 1, 1);
		p.eager = true;
		pair_link(&p);
		struct end *opener = &p.conns[0].end[0], *acceptor = &p.conns[0].end[1];
		opener->plan = 4 << 20;
		acceptor->deaf = true;
		pair_open(&p, 0, 0);
		round_trip(&p);
		assert_int_equal(stream_waiting(acceptor->stream), TUNNEL_FIRST_CREDIT);
		p.now += 200;
		if (sips) {
			stream_consume(acceptor->stream, 5000);
			acceptor->got = 5000;
		}
		acceptor->deaf = false;
		end_look(acceptor);
		pair_pump(&p, 1, 65536, SIZE_MAX);
		assert_int_equal(acceptor->stream->window,
				 sips ? TUNNEL_FIRST_CREDIT : TUNNEL_OPEN_CREDIT_MAX);
		pair_finish(&p);
		pair_fini(&p);
	}
}

/* A visitor's socket that is full for a moment when BLOCKED comes, as one is whose own window still
 * grows, does not cost the stream its growth. One that is full for longer does. */
static void a_window_grows_when_a_full_socket_empties_soon(void **state)
{
	(void)state;
	for (unsigned ms = 50; ms <= 200; ms += 150) {
		struct pair p;
		pair_init(&p, 1, 1);
		p.eager = true;
		pair_link(&p);
		struct end *reader = &p.conns[0].end[0];
		p.conns[0].end[1].plan = 4 << 20;
		pair_open(&p, 0, 0);
		round_trip(&p);
		round_trip(&p);
		uint64_t before = reader->stream->window;
		assert_true(reader->got > 0);
		reader->deaf = true;
		round_trip(&p);
		assert_true(stream_waiting(reader->stream) > 0);
		p.now += ms;
		reader->deaf = false;
		end_look(reader);
		pair_pump(&p, 0, 65536, SIZE_MAX);
		assert_int_equal(reader->stream->window > before, ms == 50);
		pair_finish(&p);
		pair_fini(&p);
	}
}

/* Two thousand who read nothing leave room for one more; and whoever needs no credit, for any
 * more. */
static void those_who_read_nothing_do_not_keep_others_out(void **state)
{
	(void)state;
	enum { STALLED = 2000, MORE = 3000 };
	struct pair p;
	pair_init(&p, 1, STALLED + MORE + 2);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < STALLED + MORE; i++) {
		struct end *e = p.conns[i].end;
		e[0].deaf = true;
		e[1].plan = 1 << 20;
		if (i == STALLED) { /* somebody who reads */
			pair_settle(&p);
			p.conns[STALLED + MORE].end[1].plan = 1 << 20;
			pair_open(&p, STALLED + MORE, 0);
			pair_settle(&p);
			assert_true(p.conns[STALLED + MORE].end[0].closed);
		}
		pair_open(&p, i, 0);
		if (i % 20 == 0)
			pair_settle(&p);
	}
	pair_settle(&p);
	assert_true(tunnel_numbers(p.tunnel[0]).waiting > 0);
	assert_true(p.tunnel[0]->receive.used <= p.tunnel[0]->receive.limit);
	struct pair_conn *flow = &p.conns[STALLED + MORE + 1];
	flow->flow = true;
	pair_open(&p, STALLED + MORE + 1, 0);
	put_datagram(&flow->end[0], 100, 1);
	pair_settle(&p);
	assert_int_equal(flow->end[1].datagrams, 1);
	for (int i = 0; i < STALLED + MORE; i++)
		end_break(&p.conns[i].end[0]);
	pair_finish(&p);
	pair_fini(&p);
}

/* Each end sends a batch, and the other reads it. */
static void exchange(struct pair *p, size_t batch)
{
	for (int side = 0; side < 2; side++) {
		pair_pump(p, side, batch, SIZE_MAX);
		pair_deliver(p, side, SIZE_MAX);
	}
}

static void saturate(struct pair *p, int bulk)
{
	p->eager = true;
	pair_link(p);
	for (int i = 0; i < bulk; i++) {
		p->conns[i].end[0].plan = 64 << 20;
		pair_open(p, i, 0);
	}
	for (int i = 0; i < 100; i++) {
		exchange(p, 65536);
	}
}

static void one_key_is_not_behind_the_bulk(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 41);
	saturate(&p, 40);
	struct end *keys = &p.conns[40].end[0];
	keys->plan = 1 << 20;
	keys->types = 1;
	pair_open(&p, 40, 0);
	for (int key = 0; key < 100; key++) {
		uint64_t sent = keys->sent;
		pair_pump(&p, 0, 65536, SIZE_MAX);
		assert_true(key == 0 || keys->sent == sent + 1); /* with the next batch */
		pair_deliver(&p, 0, SIZE_MAX);
		pair_pump(&p, 1, 65536, SIZE_MAX);
		pair_deliver(&p, 1, SIZE_MAX);
		for (int i = 0; i < 3; i++)
			exchange(&p, 65536);
		pair_start(keys);
	}
	for (int i = 0; i < 40; i++)
		assert_true(p.conns[i].end[1].got > 400 * 1024);
	pair_fini(&p);
}

/* Bulk whose source was empty for a moment is fresh, too. On a thin line, where a quantum takes
 * longer than a round trip, it is before a key for one batch only. */
static void one_key_is_not_behind_bulk_that_woke(void **state)
{
	(void)state;
	enum { BATCH = 2048 };
	struct pair p;
	pair_init(&p, 1, 2);
	saturate(&p, 1);
	struct end *bulk = &p.conns[0].end[0], *keys = &p.conns[1].end[0];
	keys->plan = 1 << 20;
	keys->types = 1;
	pair_open(&p, 1, 0);
	for (int key = 0; key < 20; key++) {
		/* until neither is on a list with a rest of its quantum */
		for (int i = 0; i < 20; i++) {
			pair_rest(bulk);
			pair_rest(keys);
			exchange(&p, BATCH);
		}
		uint64_t sent = keys->sent;
		pair_start(bulk);
		pair_start(keys);
		pair_pump(&p, 0, BATCH, SIZE_MAX);
		pair_pump(&p, 0, BATCH, SIZE_MAX);
		assert_int_equal(keys->sent, sent + 1);
	}
	pair_fini(&p);
}

/* … but a page that somebody waits for is, with three quarters of each batch. */
static void a_small_page_is_before_the_bulk_on_a_thin_line(void **state)
{
	(void)state;
	enum { BATCH = 2048, PAGE = 10 * 1024, BULK = 4 };
	struct pair p;
	pair_init(&p, 1, BULK + 1);
	saturate(&p, BULK);
	for (int i = 0; i < 40 * BULK; i++) { /* no bulk stream has a quantum from before */
		exchange(&p, BATCH);
	}
	struct end *page = &p.conns[BULK].end[0];
	page->plan = PAGE;
	pair_open(&p, BULK, 0);
	for (int i = 0; i < PAGE / (BATCH / 4 * 3) + 2; i++) {
		exchange(&p, BATCH);
	}
	assert_int_equal(page->sent, PAGE);
	pair_fini(&p);
}

/* Who waits for a few bytes among bulk is noticed with large batches, and with a thin line's. */
static void few_bytes_among_bulk_are_noticed(void **state)
{
	(void)state;
	static const size_t batches[] = {65536, 4096, 2048};
	for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
		struct pair p;
		pair_init(&p, 1, 2);
		saturate(&p, 1);
		p.now += 1000;
		struct end *keys = &p.conns[1].end[0];
		keys->plan = 1 << 20;
		keys->types = 1;
		pair_open(&p, 1, 0);
		for (int key = 0; key < 20; key++) {
			keys->types = key == 10 ? 6000 : 1; /* the screen is drawn anew */
			pair_start(keys);
			if (key == 19)
				p.tunnel[0]->few_ms = 0; /* the last key alone is to say it */
			exchange(&p, batches[i]);
		}
		assert_true(tunnel_is_mixed(p.tunnel[0], p.now));
		pair_fini(&p);
	}
}

static void bulk_streams_get_the_same(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 8);
	saturate(&p, 8);
	uint64_t least = UINT64_MAX, most = 0, start[8];
	for (int i = 0; i < 8; i++)
		start[i] = p.conns[i].end[0].sent;
	for (int i = 0; i < 400; i++) {
		exchange(&p, 65536);
	}
	for (int i = 0; i < 8; i++) {
		uint64_t n = p.conns[i].end[0].sent - start[i];
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	assert_true(least > 0 && most - least <= 4 * FRAME_DATA_MAX);
	pair_fini(&p);
}

/* --- ends --- */

static void pass(struct pair *p, uint64_t ms)
{
	for (uint64_t end = p->now + ms; p->now < end; p->now += 100) {
		for (int side = 0; side < 2; side++) {
			pair_pump(p, side, 65536, SIZE_MAX);
			pair_deliver(p, side, SIZE_MAX);
			assert_int_equal(p->last_error, 0);
		}
	}
}

/* While no batch may be made, credit that is idle wakes nobody; an ACK makes it due again. */
static void idle_credit_waits_for_an_ack(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 1);
	p.eager = true;
	pair_link(&p);
	p.conns[0].end[1].plan = 1 << 20;
	p.conns[0].end[1].types = 1000;
	pair_open(&p, 0, 0);
	round_trip(&p);
	round_trip(&p);
	pair_start(&p.conns[0].end[1]);
	pair_pump(&p, 1, 65536, SIZE_MAX);
	pair_deliver(&p, 1, SIZE_MAX);
	struct tunnel *t = p.tunnel[1];
	assert_true(tunnel_deadline(t) < UINT64_MAX);
	tunnel_fill(t, 0, p.now);
	assert_true(tunnel_deadline(t) == UINT64_MAX);
	p.now += 1000;
	pair_pump(&p, 0, 65536, SIZE_MAX);
	pair_deliver(&p, 0, SIZE_MAX);
	assert_true(tunnel_deadline(t) < UINT64_MAX);
	p.conns[0].end[1].types = 0;
	pair_start(&p.conns[0].end[1]);
	pair_finish(&p);
	pair_fini(&p);
}

/* The first connection's whole transfer, after which the path is known. */
static void transfer(struct pair *p, int from, uint64_t bytes)
{
	p->conns[0].end[from].plan = bytes;
	pair_open(p, 0, 0);
	while (p->conns[0].end[!from].got < bytes)
		round_trip(p);
}

/* An upload that has drawn more than it sends RETURNs it, and the reserve is as it was. */
static void what_was_drawn_and_returned_is_there_again(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	pair_use_reserve(&p);
	pair_link(&p);
	transfer(&p, 0, 4 << 20);
	p.conns[1].end[0].plan = 1 << 20;
	p.conns[1].end[0].types = TUNNEL_FIRST_CREDIT + 1000;
	pair_open(&p, 1, 0);
	pair_pump(&p, 0, 65536, SIZE_MAX);
	pair_start(&p.conns[1].end[0]);
	pair_pump(&p, 0, 65536, SIZE_MAX);
	while (buf_len(&p.wire[0]))
		pair_deliver(&p, 0, SIZE_MAX);
	assert_true(p.tunnel[1]->drawn > 100000);
	pass(&p, 3000);
	assert_true(p.tunnel[1]->drawn <= 2 * TUNNEL_FIRST_CREDIT);
	p.conns[1].end[0].types = 0;
	pair_start(&p.conns[1].end[0]);
	pair_finish(&p);
	pair_fini(&p);
}

/* Two have been granted what the path holds. The one that uses little of it keeps what two
 * seconds like the last need; so does the one that types, and another's window grows into what
 * they leave. */
static void who_uses_little_keeps_little(void **state)
{
	(void)state;
	enum { TYPES = 1, VIDEO, NEXT, PIECE = 10000 };
	struct pair p;
	pair_init(&p, 1, 4);
	p.eager = true;
	pair_link(&p);
	for (int i = 0; i < p.count; i++)
		p.conns[i].end[1].plan = 32 << 20;
	transfer(&p, 1, 32 << 20);
	p.conns[TYPES].end[1].types = 1;
	p.conns[VIDEO].end[1].types = PIECE;
	pair_open(&p, TYPES, 0);
	pair_open(&p, VIDEO, 0);
	round_trip(&p);
	struct stream *types = p.conns[TYPES].end[1].stream, *video = p.conns[VIDEO].end[1].stream;
	assert_true(types->credit >= 1 << 20 && video->credit >= 1 << 20);
	for (int i = 0; i < 20; i++) {
		pair_start(&p.conns[TYPES].end[1]);
		pair_start(&p.conns[VIDEO].end[1]);
		pass(&p, 100);
	}
	assert_true(types->credit <= TUNNEL_FIRST_CREDIT);
	assert_in_range(video->credit, 10 * PIECE, 30 * PIECE);
	pair_open(&p, NEXT, 0);
	for (int i = 0; i < 4; i++)
		round_trip(&p);
	assert_true(p.conns[NEXT].end[0].stream->window >= 5 << 20);
	p.conns[TYPES].end[1].types = p.conns[VIDEO].end[1].types = 0;
	pair_start(&p.conns[TYPES].end[1]);
	pair_start(&p.conns[VIDEO].end[1]);
	pair_finish(&p);
	pair_fini(&p);
}

/* Idle credit is RETURNed after a second; after FIN there is none to return. */
static void a_half_closed_stream_may_be_silent_for_long(void **state)
{
	(void)state;
	for (int opener = 0; opener < 2; opener++) {
		struct pair p;
		pair_init(&p, 1, 1);
		p.eager = true;
		pair_link(&p);
		p.conns[0].end[opener].plan = 2 << 20;
		p.conns[0].end[!opener].plan = 3 << 20;
		pair_open(&p, 0, opener);
		pair_rest(&p.conns[0].end[opener]);
		pass(&p, 100);
		p.conns[0].end[!opener].deaf = false;
		pair_rest(&p.conns[0].end[!opener]);
		for (int side = 0; side < 2; side++) {
			pair_start(&p.conns[0].end[side ? !opener : opener]);
			pair_pump(&p, side ? !opener : opener, 65536, SIZE_MAX);
			pass(&p, 20000);
		}
		pair_finish(&p);
		pair_fini(&p);
	}
}

static void ids_wrap_past_those_that_are_held(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 40);
	p.eager = true;
	pair_link(&p);
	p.conns[0].end[0].plan = p.conns[0].end[1].plan = p.conns[1].end[0].plan =
	    p.conns[1].end[1].plan = 99;
	/* the first ids of both sides stay held: nothing is sent yet */
	for (int i = 0; i < 2; i++) {
		pair_open(&p, i, i);
		p.conns[i].end[i].plan = UINT64_MAX;
		pair_rest(&p.conns[i].end[i]);
	}
	pair_settle(&p);
	for (int side = 0; side < 2; side++) {
		p.tunnel[side]->next_id = side ? UINT32_MAX - 8 : UINT32_MAX - 9;
		p.tunnel[side]->peer_next_id = side ? UINT32_MAX - 9 : UINT32_MAX - 8;
	}
	for (int i = 2; i < 40; i++) {
		p.conns[i].end[0].plan = p.conns[i].end[1].plan = 1000;
		pair_open(&p, i, i % 2);
		if (i % 4 == 0)
			pair_settle(&p);
	}
	pair_settle(&p);
	assert_true(p.tunnel[0]->wrapped && p.tunnel[1]->wrapped && p.tunnel[0]->peer_wrapped &&
		    p.tunnel[1]->peer_wrapped);
	assert_true(p.tunnel[0]->next_id < 100 && p.tunnel[1]->next_id < 100);
	assert_int_equal(stream_id(p.conns[0].end[0].stream), 2);
	for (int i = 0; i < 2; i++)
		p.conns[i].end[i].plan = p.conns[i].end[i].sent + 99;
	pair_finish(&p);
	pair_fini(&p);
}

static void ends_said_before_the_open_follow_it(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	p.conns[0].end[1].plan = 3000;
	for (int i = 0; i < 2; i++) {
		pair_open(&p, i, 0);
		pair_rest(&p.conns[i].end[0]);
	}
	end_finish(&p.conns[0].end[0]);
	stream_reset(p.conns[1].end[0].stream, RESET_IDLE);
	stream_reset(p.conns[1].end[0].stream, RESET_ABORTED); /* the first counts */
	p.conns[1].end[0].broke = true;
	pair_link(&p);
	pair_settle(&p);
	assert_true(p.conns[0].end[1].eof && p.conns[1].end[1].reset);
	assert_int_equal(p.conns[1].end[1].reset_code, RESET_IDLE);
	end_close(&p.conns[1].end[0]);
	pair_finish(&p);
	pair_fini(&p);
}

static void lazy_turn(void *owner, enum stream_event event)
{
	unsigned *turns = owner;
	*turns += event == STREAM_TURN;
}

static void an_owner_that_does_nothing_in_its_turn_holds_up_nobody(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	pair_link(&p);
	struct open_info info = {.mapping = 99, .visitor = {.family = 4}, .visited = {.family = 4}};
	unsigned turns = 0;
	struct stream *lazy = stream_open(p.tunnel[0], &info, lazy_turn, &turns);
	stream_ready(lazy);
	p.conns[0].end[0].plan = 10000;
	pair_open(&p, 0, 0);
	tunnel_fill(p.tunnel[0], 65536, p.now);
	assert_int_equal(p.conns[0].end[0].sent, 10000);
	assert_true(turns > 0 && turns < 10);
	stream_close(lazy);
	pair_finish(&p);
	pair_fini(&p);
}

static void the_last_words_are_cut_to_fit(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 0);
	char why[400];
	memset(why, 'x', sizeof why);
	why[sizeof why - 1] = 0;
	tunnel_bye(p.tunnel[0], why); /* to nobody */
	pair_link(&p);
	assert_int_equal(pair_pump(&p, 0, 65536, SIZE_MAX), 0);
	tunnel_bye(p.tunnel[0], why);
	assert_int_equal(pair_pump(&p, 0, 65536, SIZE_MAX), FRAME_HEADER + 255);
	pair_deliver(&p, 0, SIZE_MAX);
	assert_int_equal(p.last_error, 0);
	pair_fini(&p);
}

static void what_has_come_outlives_the_tunnel(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 4);
	pair_link(&p);
	for (int i = 0; i < 4; i++) {
		p.conns[i].end[0].plan = 5000;
		p.conns[i].end[1].plan = i == 1 ? 5000 : 5000000;
		p.conns[i].end[1].deaf = true;
		pair_open(&p, i, 0);
	}
	p.conns[3].end[0].plan = 5000000;
	p.eager = true;
	pair_pump(&p, 0, 65536, SIZE_MAX);
	pair_deliver(&p, 0, SIZE_MAX); /* the first event finds them deaf */
	struct end *e = &p.conns[0].end[1];
	assert_int_equal(stream_waiting(e->stream), 5000);
	for (int i = 0; i < 4; i++)
		p.conns[i].end[1].deaf = false;
	tunnel_free(p.tunnel[1]);
	p.tunnel[1] = NULL;
	for (int i = 0; i < 4; i++) {
		assert_true(p.conns[i].end[1].got >= 5000);
		/* also those whose FIN had come: their sending was cut short */
		assert_true(p.conns[i].end[1].reset);
		assert_true(p.conns[i].end[1].closed);
	}
	pair_fini(&p);
}

static void a_peer_that_never_acknowledges_is_stopped(void **state)
{
	(void)state;
	struct pair p;
	pair_init_sized(&p, 1, 1, &smallest);
	pair_link(&p);
	p.eager = true;
	int err = 0;
	uint8_t ping[] = {0, 0, 0, 0, FRAME_PING, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0};
	struct buf big = BUF_INIT;
	uint8_t *room = buf_reserve(&big, FRAME_DECLARE_MAX);
	memset(room, ' ', FRAME_DECLARE_MAX);
	buf_commit(&big, FRAME_DECLARE_MAX);
	for (int i = 0; i < 100; i++) { /* a message waits for room, so these alone cannot do it */
		tunnel_state(p.tunnel[0], &big);
		tunnel_fill(p.tunnel[0], SIZE_MAX / 2, p.now);
	}
	assert_true(session_kept(&p.tunnel[0]->session) < 2u * FRAME_DECLARE_MAX);
	for (int i = 0; i < 1000000 && !err; i++) { /* facts are written in any case */
		session_put(&p.tunnel[0]->session, 2, FRAME_CREDIT, "\0\0\0\1", 4);
		if (i % 1000 == 0) {
			struct iovec iov[1];
			while (tunnel_peek(p.tunnel[0], iov, 1))
				tunnel_sent(p.tunnel[0], iov[0].iov_len);
			err = tunnel_input(p.tunnel[0], ping, sizeof ping, p.now);
		}
	}
	assert_int_equal(err, ERR_FLOOD);
	assert_true(session_kept(&p.tunnel[0]->session) < 5u << 20);
	buf_fini(&big);
	pair_fini(&p);
}

/* What is said in turn waits for the link, up to a bound. */
static void no_more_is_said_than_a_link_would_take(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 1);
	struct buf json = BUF_INIT;
	unsigned said = 0;
	buf_reserve(&json, FRAME_PROBE_MAX);
	buf_commit(&json, FRAME_PROBE_MAX);
	while (tunnel_say(p.tunnel[1], FRAME_PROBE, &json))
		said++;
	assert_in_range(said, 100, TUNNEL_SAID_MAX / FRAME_PROBE_MAX);
	assert_false(tunnel_may_say(p.tunnel[1], FRAME_PROBE_MAX));
	pair_link(&p);
	tunnel_fill(p.tunnel[1], SIZE_MAX / 2, p.now);
	assert_true(tunnel_say(p.tunnel[1], FRAME_PROBE, &json));
	buf_fini(&json);
	pair_fini(&p);
}

/* Room in the process's budget is given back by other sessions, of which no event tells: whoever
 * has the clock is told to look. */
static void room_that_others_leave_is_found(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 64 << 20};
	struct memory_budget_account account = {.whole = &whole};
	whole.used = whole.limit;
	struct pair p;
	pair_init(&p, 1, 1);
	p.tunnel[0]->session.send.account = &account;
	pair_link(&p);
	p.eager = true;
	p.conns[0].end[0].plan = p.conns[0].end[1].plan = 100;
	pair_open(&p, 0, 0);
	assert_false(tunnel_has_work(p.tunnel[0], p.now));
	assert_true(tunnel_is_starved(p.tunnel[0]));
	whole.used = 0;
	assert_false(tunnel_is_starved(p.tunnel[0]));
	assert_true(tunnel_has_work(p.tunnel[0], p.now));
	p.tunnel[0]->session.send.account = NULL;
	p.tunnel[0]->receive.account = &account; /* and the same for what may come back */
	whole.used = whole.limit;
	assert_false(tunnel_has_work(p.tunnel[0], p.now));
	assert_true(tunnel_is_starved(p.tunnel[0]));
	whole.used = 0;
	assert_true(tunnel_has_work(p.tunnel[0], p.now));
	pair_finish(&p);
	assert_int_equal(whole.used, 0);
	p.tunnel[0]->receive.account = NULL;
	pair_fini(&p);
}

/* A crowd of one mapping whose visitors read nothing takes three quarters of the budget. Others are
 * opened nevertheless, and are not behind those of the crowd that wait. */
static void a_crowd_at_one_mapping_leaves_room_for_the_others(void **state)
{
	(void)state;
	enum { CROWD = 1000, BUDGET_SMALL = 2 << 20 };
	struct tunnel_config c = {
	    .first_id = 2, .send_budget = 16 << 20, .receive_budget = BUDGET_SMALL};
	struct tunnel *t = tunnel_new(&c, NULL, NULL);
	struct stream *crowd[CROWD], *others[3];
	struct open_info info = {.mapping = 1, .visitor = {.family = 4}, .visited = {.family = 4}};
	assert_int_equal(tunnel_attach(t, 0, 16 << 20, 0), 0);
	for (int i = 0; i < CROWD; i++)
		crowd[i] = stream_open(t, &info, NULL, NULL);
	tunnel_fill(t, 1 << 20, 0);
	assert_true(tunnel_numbers(t).waiting > 0);
	assert_true(tunnel_numbers(t).receive <= BUDGET_SMALL / 8 * 7);
	for (unsigned i = 0; i < 3; i++) {
		info.mapping = 2 + i;
		others[i] = stream_open(t, &info, NULL, NULL);
		assert_true(tunnel_has_work(t, 0));
	}
	tunnel_fill(t, 1 << 20, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_not_equal(stream_id(others[i]), 0);
	assert_int_equal(stream_id(crowd[CROWD - 1]), 0);
	assert_true(tunnel_waiting(t, 1) > 0);
	assert_int_equal(tunnel_waiting(t, 2), 0);
	for (int i = 0; i < CROWD; i++)
		stream_close(crowd[i]);
	for (int i = 0; i < 3; i++)
		stream_close(others[i]);
	tunnel_free(t);
}

static struct stream *open_from(struct tunnel *t, uint8_t network, uint8_t host)
{
	struct open_info info = {.mapping = 1,
				 .visitor = {.family = 4, .ip = {192, 0, network, host}},
				 .visited = {.family = 4}};
	return stream_open(t, &info, NULL, NULL);
}

/* A crowd from a few networks fills what a mapping may have. A visitor from elsewhere is opened
 * nevertheless, as long as its network holds little. */
static void a_crowd_from_one_network_leaves_room_for_the_others(void **state)
{
	(void)state;
	enum { CROWD = 1000, FEW = TUNNEL_NETWORK_LITTLE, BUDGET_SMALL = 2 << 20 };
	struct tunnel_config c = {
	    .first_id = 2, .send_budget = 16 << 20, .receive_budget = BUDGET_SMALL};
	struct tunnel *t = tunnel_new(&c, NULL, NULL);
	struct stream *crowd[CROWD], *few[FEW], *late[2];
	assert_int_equal(tunnel_attach(t, 0, 16 << 20, 0), 0);
	for (int i = 0; i < CROWD; i++)
		crowd[i] = open_from(t, (uint8_t)(i % 3), (uint8_t)i);
	tunnel_fill(t, 1 << 20, 0);
	assert_true(tunnel_waiting(t, 1) > 0);
	for (int i = 0; i < FEW; i++)
		few[i] = open_from(t, 9, (uint8_t)i);
	tunnel_fill(t, 1 << 20, 0);
	for (int i = 0; i < FEW; i++)
		assert_int_not_equal(stream_id(few[i]), 0);
	late[0] = open_from(t, 9, 99);
	late[1] = open_from(t, 10, 99);
	tunnel_fill(t, 1 << 20, 0);
	assert_int_equal(stream_id(late[0]), 0);
	assert_int_not_equal(stream_id(late[1]), 0);
	for (int i = 0; i < CROWD; i++)
		stream_close(crowd[i]);
	for (int i = 0; i < FEW; i++)
		stream_close(few[i]);
	for (int i = 0; i < 2; i++)
		stream_close(late[i]);
	tunnel_free(t);
}

/* Within a mapping networks take turns, too, and one that holds little goes beside those that hold
 * much, not behind all of theirs. */
static void opens_take_turns_by_network(void **state)
{
	(void)state;
	struct tunnel_config c = {
	    .first_id = 2, .send_budget = 16 << 20, .receive_budget = 16 << 20};
	struct tunnel *t = tunnel_new(&c, NULL, NULL);
	struct stream *s[5];
	static const uint8_t networks[5] = {1, 1, 1, 2, 3};
	static const uint32_t ids[5] = {2, 8, 10, 4, 6};
	assert_int_equal(tunnel_attach(t, 0, 16 << 20, 0), 0);
	for (int i = 0; i < 5; i++)
		s[i] = open_from(t, networks[i], (uint8_t)i);
	tunnel_fill(t, 1 << 20, 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(stream_id(s[i]), ids[i]);
	for (int i = 0; i < 5; i++)
		stream_close(s[i]);
	tunnel_free(t);
}

/* Of a batch with room for a few OPENs each mapping gets its share. */
static void opens_take_turns_by_mapping(void **state)
{
	(void)state;
	struct tunnel_config c = {
	    .first_id = 2, .send_budget = 16 << 20, .receive_budget = 16 << 20};
	struct tunnel *t = tunnel_new(&c, NULL, NULL);
	struct stream *s[6];
	struct open_info info = {.visitor = {.family = 4}, .visited = {.family = 4}};
	static const uint32_t mappings[6] = {1, 1, 1, 2, 2, 3}, ids[6] = {2, 8, 12, 4, 10, 6};
	assert_int_equal(tunnel_attach(t, 0, 16 << 20, 0), 0);
	for (int i = 0; i < 6; i++) {
		info.mapping = mappings[i];
		s[i] = stream_open(t, &info, NULL, NULL);
	}
	tunnel_fill(t, 1 << 20, 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(stream_id(s[i]), ids[i]);
	for (int i = 0; i < 6; i++)
		stream_close(s[i]);
	tunnel_free(t);
}

/* --- many homes --- */

enum { HOMES = 30, LATE = HOMES / 2 };

/* Homes of one account, or of an account each, whose relay has little memory for all of them. */
struct homes {
	struct memory_budget_whole whole;
	struct memory_budget_account accounts[HOMES];
	struct pair pairs[HOMES];
};

/* Each has one visitor; side sends more than it ever gets rid of. The memory is that to send when
 * the relay does, else that to receive. */
static void homes_init(struct homes *h, bool one_account, size_t memory, int side)
{
	*h = (struct homes){.whole = {.limit = memory}};
	for (int i = 0; i < HOMES; i++) {
		struct pair *p = &h->pairs[i];
		struct memory_budget_account *account = &h->accounts[one_account ? 0 : i];
		account->whole = &h->whole;
		pair_init(p, (uint64_t)i + 1, 1);
		p->eager = true;
		p->conns[0].end[side].plan = UINT32_MAX;
		struct tunnel *t = p->tunnel[0];
		memory_budget_init(side ? &t->receive : &t->session.send, account, 16 << 20);
		pair_link(p);
	}
}

static void homes_fini(struct homes *h)
{
	for (int i = 0; i < HOMES; i++)
		pair_fini(&h->pairs[i]);
	assert_int_equal(h->whole.used, 0);
}

static int compare_bytes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* Half of the homes have visitors first, then all. Once they have found their shares, in so many
 * rounds each gets what the one in the middle gets, within 20 %. */
static void homes_share(struct homes *h, void (*round)(struct pair *p), int side, int rounds)
{
	uint64_t got[HOMES];
	for (int r = 0; r < 5 * rounds; r++) {
		for (int i = 0; i < HOMES && (i < LATE || r >= rounds); i++) {
			if (r == (i < LATE ? 0 : rounds))
				pair_open(&h->pairs[i], 0, 0);
			if (r == 4 * rounds)
				got[i] = h->pairs[i].conns[0].end[side].got;
			round(&h->pairs[i]);
			assert_int_equal(h->pairs[i].last_error, 0);
		}
	}
	for (int i = 0; i < HOMES; i++)
		got[i] = h->pairs[i].conns[0].end[side].got - got[i];
	qsort(got, HOMES, sizeof *got, compare_bytes);
	uint64_t middle = got[HOMES / 2];
	if (got[0] < middle / 10 * 8 || got[HOMES - 1] > middle / 10 * 12)
		fail_msg("least %llu, middle %llu, most %llu", (unsigned long long)got[0],
			 (unsigned long long)middle, (unsigned long long)got[HOMES - 1]);
}

/* Windows are memory of the relay. Who came first does not keep what it took while there were
 * few. */
static void busy_homes_come_to_equal_windows(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++) {
		struct homes *h = mem_alloc(sizeof *h);
		homes_init(h, one, 1 << 20, 1);
		homes_share(h, round_trip, 0, 10);
		homes_fini(h);
		mem_free(h);
	}
}

/* 16 KiB arrive, and what this makes room for goes onto the wire at once. */
static void slow_round(struct pair *p)
{
	p->now += 2 * SESSION_ACK_MS;
	pair_deliver(p, 0, 16384);
	pair_pump(p, 1, 65536, SIZE_MAX);
	pair_deliver(p, 1, SIZE_MAX);
	pair_pump(p, 0, 16 << 20, SIZE_MAX);
}

/* So is what waits for their acknowledgements. */
static void busy_homes_come_to_equal_outboxes(void **state)
{
	(void)state;
	for (int one = 0; one < 2; one++) {
		struct homes *h = mem_alloc(sizeof *h);
		homes_init(h, one, 4 << 20, 0);
		homes_share(h, slow_round, 1, 20);
		homes_fini(h);
		mem_free(h);
	}
}

/* --- datagrams --- */

static void start_flows(struct pair *p, int count)
{
	pair_init(p, 1, count);
	p->eager = true;
	pair_link(p);
	for (int i = 0; i < count; i++) {
		for (int side = 0; side < 2; side++)
			p->conns[i].end[side].plan = 0;
		p->conns[i].flow = true;
		pair_open(p, i, 0);
	}
}

static void the_first_datagram_does_not_overtake_its_open(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 1);
	struct end *near = &p.conns[0].end[0], *far = &p.conns[0].end[1];
	put_datagram(near, 100, 1); /* nothing of the stream is on the wire yet */
	tunnel_fill(p.tunnel[0], 16384, p.now);
	put_datagram(near, 100, 2); /* OPEN is written, and has not gone */
	for (int i = 0; i < 40; i++) {
		pair_pump(&p, 0, 16384, 5);
		pair_deliver(&p, 0, SIZE_MAX);
	}
	pair_pump(&p, 0, 16384, SIZE_MAX);
	pair_deliver(&p, 0, SIZE_MAX);
	pair_pump(&p, 0, 16384, SIZE_MAX);
	pair_deliver(&p, 0, SIZE_MAX);
	assert_int_equal(far->datagrams, 2);
	pair_finish(&p);
	pair_fini(&p);
}

static void datagrams_keep_their_boundaries(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 1);
	pair_settle(&p);
	static const size_t sizes[] = {0, 1, 7, 8, 9, 1472, 8000, 65506, 65507};
	struct end *near = &p.conns[0].end[0], *far = &p.conns[0].end[1];
	uint64_t number = 1;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		put_datagram(near, sizes[i], number++);
		pair_pump(&p, 0, 16384, SIZE_MAX);
		while (pair_deliver(&p, 0, 1 + pair_some(&p, 5000)))
			assert_int_equal(p.last_error, 0);
		assert_int_equal(far->datagrams, i + 1);
	}
	uint64_t dropped = stream_datagrams_dropped(near->stream);
	put_datagram(near, 65508, number++);
	assert_int_equal(stream_datagrams_dropped(near->stream), dropped + 1);
	pair_finish(&p);
	pair_fini(&p);
}

static void beyond_the_caps_the_oldest_datagrams_go(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 40);
	pair_settle(&p);
	struct tunnel *t = p.tunnel[0];
	uint64_t number = 1;
	for (int round = 0; round < 3000; round++) {
		put_datagram(&p.conns[round % 40].end[0], 8 + (unsigned)round * 37 % 3000,
			     number++);
		assert_true(p.conns[round % 40].end[0].stream->datagram_bytes <=
			    TUNNEL_DATAGRAM_FLOW);
		assert_true(t->datagram_bytes <= TUNNEL_DATAGRAM_ALL);
	}
	for (int i = 0; i < 5000; i++) /* empty ones cost too */
		put_datagram(&p.conns[0].end[0], 0, number++);
	assert_true(list_len(&p.conns[0].end[0].stream->datagrams) <= TUNNEL_DATAGRAM_FLOW / 64);
	uint64_t dropped = tunnel_numbers(t).datagrams_dropped, of_flows = 0, arrived = 0;
	assert_true(dropped > 5000 - TUNNEL_DATAGRAM_FLOW / 64);
	pair_settle(&p);
	for (int i = 0; i < 40; i++) {
		of_flows += stream_datagrams_dropped(p.conns[i].end[0].stream);
		arrived += p.conns[i].end[1].datagrams;
		if (i)
			assert_true(p.conns[i].end[1].datagram_last > 2900); /* the newest came */
	}
	assert_int_equal(of_flows, dropped);
	assert_int_equal(arrived, 3000 + 5000 - dropped);
	pair_finish(&p);
	pair_fini(&p);
}

/* What a VPN has piled up is not before what a game has to say. */
static void a_flow_does_not_wait_for_what_another_has_waiting(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 2);
	pair_settle(&p);
	uint64_t number = 1;
	for (int i = 0; i < 60; i++)
		put_datagram(&p.conns[0].end[0], 1200, number++);
	put_datagram(&p.conns[1].end[0], 100, number++);
	pair_pump(&p, 0, 16384, 4096);
	pair_deliver(&p, 0, SIZE_MAX);
	assert_int_equal(p.conns[1].end[1].datagrams, 1);
	assert_true(p.conns[0].end[1].datagrams > 0);
	pair_finish(&p);
	pair_fini(&p);
}

static void a_detach_empties_the_datagrams(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 2);
	pair_settle(&p);
	for (int i = 1; i < 50; i++)
		put_datagram(&p.conns[0].end[0], 500, (uint64_t)i);
	pair_pump(&p, 0, 16384, 700);
	pair_cut(&p);
	assert_int_equal(p.tunnel[0]->datagram_bytes, 0);
	put_datagram(&p.conns[0].end[0], 500, 60);
	assert_int_equal(p.tunnel[0]->datagram_bytes, 0);
	pair_link(&p);
	put_datagram(&p.conns[0].end[0], 500, 70);
	pair_settle(&p);
	assert_int_equal(p.conns[0].end[1].datagrams, 1);
	assert_int_equal(p.conns[0].end[1].datagram_last, 70);
	pair_finish(&p);
	pair_fini(&p);
}

/* A call or a game beside bulk waits for a few bytes, too. */
static void small_datagrams_among_bulk_are_noticed(void **state)
{
	(void)state;
	for (size_t len = 100; len <= 1200; len += 1100) {
		struct pair p;
		pair_init(&p, 1, 2);
		p.eager = true;
		pair_link(&p);
		p.conns[0].flow = true;
		p.conns[1].end[0].plan = 4 << 20;
		p.conns[1].end[1].plan = 1;
		pair_open(&p, 0, 0);
		pair_open(&p, 1, 0);
		round_trip(&p);
		put_datagram(&p.conns[0].end[0], len, 1);
		round_trip(&p);
		round_trip(&p);
		assert_int_equal(tunnel_is_mixed(p.tunnel[1], p.now), len == 100);
		pair_finish(&p);
		pair_fini(&p);
	}
}

/* The link carries 16 KiB a step, the flood would fill it many times over. */
static void a_flood_of_datagrams_starves_no_stream(void **state)
{
	(void)state;
	struct pair p;
	pair_init(&p, 1, 2);
	p.eager = true;
	pair_link(&p);
	p.conns[0].flow = true;
	p.conns[1].end[0].plan = 4 << 20;
	pair_open(&p, 0, 0);
	pair_open(&p, 1, 0);
	uint64_t number = 1;
	for (int step = 0; step < 200; step++) {
		for (int i = 0; i < 60; i++)
			put_datagram(&p.conns[0].end[0], 1200, number++);
		pair_pump(&p, 0, 16384, 16384);
		pair_deliver(&p, 0, SIZE_MAX);
		pair_pump(&p, 1, 16384, SIZE_MAX);
		pair_deliver(&p, 1, SIZE_MAX);
		/* a PING is no flood, however much waits */
		tunnel_ping(p.tunnel[1], 5);
		assert_int_equal(p.last_error, 0);
	}
	uint64_t udp = p.conns[0].end[1].datagrams * 1200;
	assert_true(p.conns[1].end[1].got > 200u * 16384 / 4);
	assert_true(udp > 200u * 16384 / 4);
	pair_finish(&p);
	pair_fini(&p);
}

static void one_large_datagram_waiting_makes_no_flood_of_a_ping(void **state)
{
	(void)state;
	struct pair p;
	start_flows(&p, 1);
	pair_settle(&p);
	put_datagram(&p.conns[0].end[0], 65507, 1);
	tunnel_fill(p.tunnel[0], 16384, p.now);
	tunnel_ping(p.tunnel[1], 77);
	pair_pump(&p, 1, 16384, SIZE_MAX);
	pair_deliver(&p, 1, SIZE_MAX);
	assert_int_equal(p.last_error, 0);
	pair_settle(&p);
	assert_int_equal(p.pong, 77);
	pair_finish(&p);
	pair_fini(&p);
}

/* --- violations --- */

struct bad_frame {
	const char *what;
	int expected; /* 0: it is fine */
	uint32_t stream;
	uint8_t kind;
	uint32_t len;
	const char *payload; /* NULL: zeroes */
};

#define OPEN_BYTES                                                                                 \
	"\0\0\377\377"                                                                             \
	"\0\0\0\1"                                                                                 \
	"\4\1\2\3\4\0\1"                                                                           \
	"\4\1\2\3\4\0\1"

/* Given to an agent's tunnel that has taken: OPEN of 2, 4, 6 and 10; FIN of 4; RESET of 6
 * (answered: closed); and has 1 open itself. */
static const struct bad_frame bad_frames[] = {
    {"kind 0", ERR_PROTOCOL, 0, 0, 0, 0},
    {"kind 9", ERR_PROTOCOL, 0, 9, 0, 0},
    {"kind 63", ERR_PROTOCOL, 0, 63, 4, 0},
    {"kind 72", ERR_SESSION, 2, 72, 4, 0},
    {"kind 127", ERR_SESSION, 0, 127, 0, 0},
    {"link kind of a later version", 0, 0, 128, 65536, 0},
    {"the same, too long", ERR_TOO_BIG, 0, 191, 65537, 0},
    {"session kind of a later version", 0, 77, 192, 3, 0},
    {"the same, too long", ERR_SESSION, 0, 255, 65537, 0},
    {"HELLO inside a link", ERR_PROTOCOL, 0, FRAME_HELLO, 2, "{}"},
    {"WELCOME inside a link", ERR_PROTOCOL, 0, FRAME_WELCOME, 2, "{}"},
    {"HELLO too long", ERR_TOO_BIG, 0, FRAME_HELLO, 4097, 0},
    {"REFUSE", 0, 0, FRAME_REFUSE, 2, "{}"},
    {"REFUSE too short", ERR_TOO_BIG, 0, FRAME_REFUSE, 1, 0},
    {"PING", 0, 0, FRAME_PING, 8, 0},
    {"PING of 7", ERR_TOO_BIG, 0, FRAME_PING, 7, 0},
    {"PONG of 9", ERR_TOO_BIG, 0, FRAME_PONG, 9, 0},
    {"ACK", 0, 0, FRAME_ACK, 8, "\0\0\0\0\0\0\0\1"},
    {"ACK of 4", ERR_TOO_BIG, 0, FRAME_ACK, 4, 0},
    {"ACK of what was never sent", ERR_PROTOCOL, 0, FRAME_ACK, 8, "\0\0\0\0\0\0\1\0"},
    {"ACK of all there could be", ERR_PROTOCOL, 0, FRAME_ACK, 8,
     "\377\377\377\377\377\377\377\377"},
    {"BYE", 0, 0, FRAME_BYE, 0, 0},
    {"BYE of 256", ERR_TOO_BIG, 0, FRAME_BYE, 256, 0},
    {"DATAGRAM", 0, 2, FRAME_DATAGRAM, 65507, 0},
    {"DATAGRAM too long", ERR_TOO_BIG, 2, FRAME_DATAGRAM, 65508, 0},
    {"DATAGRAM for nobody", 0, 4444, FRAME_DATAGRAM, 5, 0},
    {"DATAGRAM for a closed one", 0, 6, FRAME_DATAGRAM, 5, 0},
    {"DECLARE", 0, 0, FRAME_DECLARE, FRAME_DECLARE_MAX, 0},
    {"DECLARE too short", ERR_SESSION, 0, FRAME_DECLARE, 1, 0},
    {"STATE too long", ERR_SESSION, 0, FRAME_STATE, FRAME_DECLARE_MAX + 1, 0},
    {"OPEN", 0, 20, FRAME_OPEN, 22, OPEN_BYTES},
    {"OPEN of no stream", ERR_SESSION, 0, FRAME_OPEN, 22, OPEN_BYTES},
    {"OPEN of one of ours", ERR_SESSION, 7, FRAME_OPEN, 22, OPEN_BYTES},
    {"OPEN of one that is held", ERR_SESSION, 2, FRAME_OPEN, 22, OPEN_BYTES},
    {"OPEN of an older id", ERR_SESSION, 8, FRAME_OPEN, 22, OPEN_BYTES},
    {"OPEN too short", ERR_SESSION, 20, FRAME_OPEN, 21, OPEN_BYTES},
    {"OPEN too long", ERR_SESSION, 20, FRAME_OPEN, 47, 0},
    {"OPEN with bytes left", ERR_SESSION, 20, FRAME_OPEN, 23, OPEN_BYTES},
    {"OPEN from nowhere", ERR_SESSION, 20, FRAME_OPEN, 22,
     "\0\0\377\377"
     "\0\0\0\1"
     "\5\1\2\3\4\0\1"
     "\4\1\2\3\4\0\1"},
    {"OPEN with half an address", ERR_SESSION, 20, FRAME_OPEN, 22,
     "\0\0\377\377"
     "\0\0\0\1"
     "\4\1\2\3\4\0\1"
     "\6\1\2\3\4\0\1"},
    {"OPEN with endless credit", ERR_SESSION, 20, FRAME_OPEN, 22,
     "\0\0\377\377"
     "\377\0\0\0"
     "\4\1\2\3\4\0\1"
     "\4\1\2\3\4\0\1"},
    {"DATA", 0, 2, FRAME_DATA, 16384, 0},
    {"DATA beyond the window", ERR_SESSION, 2, FRAME_DATA, 16385, 0},
    {"DATA of nothing", ERR_SESSION, 2, FRAME_DATA, 0, 0},
    {"DATA too long", ERR_SESSION, 2, FRAME_DATA, 65537, 0},
    {"DATA of no stream", ERR_SESSION, 0, FRAME_DATA, 1, 0},
    {"DATA of one never opened", ERR_SESSION, 12, FRAME_DATA, 1, 0},
    {"DATA of one that we never opened", ERR_SESSION, 3, FRAME_DATA, 1, 0},
    {"DATA after FIN", ERR_SESSION, 4, FRAME_DATA, 1, 0},
    {"DATA of a closed one", 0, 6, FRAME_DATA, 1, 0},
    {"DATA for one whose owner has left", 0, 10, FRAME_DATA, 16384, 0},
    {"DATA for such a one beyond its window", ERR_SESSION, 10, FRAME_DATA, 16385, 0},
    {"FIN", 0, 2, FRAME_FIN, 0, 0},
    {"FIN with bytes", ERR_SESSION, 2, FRAME_FIN, 1, 0},
    {"FIN twice", ERR_SESSION, 4, FRAME_FIN, 0, 0},
    {"FIN of one never opened", ERR_SESSION, 12, FRAME_FIN, 0, 0},
    {"FIN of a closed one", 0, 6, FRAME_FIN, 0, 0},
    {"RESET", 0, 2, FRAME_RESET, 4, 0},
    {"RESET with a code of a later version", 0, 2, FRAME_RESET, 4, "\1\2\3\4"},
    {"RESET after FIN", 0, 4, FRAME_RESET, 4, 0},
    {"RESET of 3", ERR_SESSION, 2, FRAME_RESET, 3, 0},
    {"RESET of one never opened", ERR_SESSION, 5, FRAME_RESET, 4, 0},
    {"RESET of a closed one", 0, 6, FRAME_RESET, 4, 0},
    {"CREDIT", 0, 2, FRAME_CREDIT, 4, "\0\1\0\0"},
    {"CREDIT without end", ERR_SESSION, 2, FRAME_CREDIT, 4, "\377\377\377\377"},
    {"CREDIT of 8", ERR_SESSION, 2, FRAME_CREDIT, 8, 0},
    {"CREDIT of one never opened", ERR_SESSION, 12, FRAME_CREDIT, 4, 0},
    {"CREDIT of a closed one", 0, 6, FRAME_CREDIT, 4, 0},
    {"RETURN", 0, 2, FRAME_RETURN, 4, "\0\0\100\0"},
    {"RETURN of more than was granted", ERR_SESSION, 2, FRAME_RETURN, 4, "\0\0\100\1"},
    {"RETURN after FIN", ERR_SESSION, 4, FRAME_RETURN, 4, "\0\0\0\1"},
    {"RETURN of a closed one", 0, 6, FRAME_RETURN, 4, "\0\0\0\1"},
    {"CREDIT of no stream", ERR_SESSION, 0, FRAME_CREDIT, 4, 0},
    {"RETURN of no stream", ERR_SESSION, 0, FRAME_RETURN, 4, 0},
    {"DRAW of what was never promised", ERR_SESSION, 2, FRAME_DRAW, 4, "\0\0\0\1"},
    {"DRAW of nothing", 0, 2, FRAME_DRAW, 4, 0},
    {"DRAW after FIN", ERR_SESSION, 4, FRAME_DRAW, 4, 0},
    {"DRAW of one never opened", ERR_SESSION, 12, FRAME_DRAW, 4, 0},
    {"DRAW of one that we opened", ERR_SESSION, 1, FRAME_DRAW, 4, 0},
    {"DRAW of a closed one", 0, 6, FRAME_DRAW, 4, 0},
    {"DRAW for one whose owner has left", 0, 10, FRAME_DRAW, 4, 0},
    {"BLOCKED", 0, 2, FRAME_BLOCKED, 0, 0},
    {"BLOCKED with bytes", ERR_SESSION, 2, FRAME_BLOCKED, 1, 0},
    {"BLOCKED after FIN", 0, 4, FRAME_BLOCKED, 0, 0},
    {"BLOCKED of one never opened", ERR_SESSION, 12, FRAME_BLOCKED, 0, 0},
    {"BLOCKED of a closed one", 0, 6, FRAME_BLOCKED, 0, 0},
};

static void bad_news(void *owner, const struct tunnel_news *news)
{
	struct stream **held = owner;
	if (news->event == TUNNEL_OPENED)
		held[stream_id(news->stream) / 2] = news->stream;
}

static int give(struct tunnel *t, const struct bad_frame *b, size_t chunk)
{
	uint8_t *bytes = mem_zalloc(FRAME_HEADER + b->len);
	frame_write(bytes, b->stream, b->kind, b->len);
	if (b->payload)
		memcpy(bytes + FRAME_HEADER, b->payload, b->len);
	int err = 0;
	for (size_t at = 0, len = FRAME_HEADER + b->len; at < len && !err; at += chunk) {
		size_t part = len - at < chunk ? len - at : chunk;
		uint8_t *exact = mem_dup(bytes + at, part);
		err = tunnel_input(t, exact, part, 2000);
		mem_free(exact);
	}
	mem_free(bytes);
	return err;
}

static void send_all(struct tunnel *t, uint64_t now)
{
	struct iovec iov[4];
	tunnel_fill(t, 65536, now);
	for (int n; (n = tunnel_peek(t, iov, 1)) > 0;)
		tunnel_sent(t, iov[0].iov_len);
}

static void an_opener_may_grant_less_at_first(void **state)
{
	(void)state;
	static const struct {
		uint32_t asked;
		size_t granted;
	} cases[] = {{0, TUNNEL_OPEN_CREDIT_MAX},
		     {5000, 5000},
		     {TUNNEL_OPEN_CREDIT_MIN, TUNNEL_OPEN_CREDIT_MIN},
		     {1 << 20, TUNNEL_OPEN_CREDIT_MAX}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct tunnel_config c = {.first_id = 2,
					  .accepts = 5,
					  .send_budget = 16 << 20,
					  .receive_budget = 16 << 20};
		struct tunnel *t = tunnel_new(&c, bad_news, NULL);
		assert_int_equal(tunnel_attach(t, 0, 1 << 20, 1000), 0);
		struct open_info info = {.mapping = 1,
					 .credit = cases[i].asked,
					 .visitor = {.family = 4},
					 .visited = {.family = 4}};
		struct stream *s = stream_open(t, &info, NULL, NULL);
		send_all(t, 1000);
		assert_int_equal(stream_info(s)->credit, cases[i].granted);
		assert_int_equal(tunnel_numbers(t).receive, cases[i].granted);
		stream_close(s);
		tunnel_free(t);
	}
}

static struct tunnel *prepared(struct stream *held[64], struct stream **own)
{
	struct tunnel_config c = {
	    .first_id = 1, .accepts = 5, .send_budget = 1 << 20, .receive_budget = 1 << 20};
	struct tunnel *t = tunnel_new(&c, bad_news, held);
	assert_int_equal(tunnel_attach(t, 0, 1 << 20, 1000), 0);
	struct open_info info = {.mapping = 1, .visitor = {.family = 4}, .visited = {.family = 4}};
	*own = stream_open(t, &info, NULL, NULL);
	send_all(t, 1000);
	assert_int_equal(stream_id(*own), 1);
	for (uint32_t id = 2; id <= 10; id += id == 6 ? 4 : 2)
		assert_int_equal(
		    give(t, &(struct bad_frame){"", 0, id, FRAME_OPEN, 22, OPEN_BYTES}, 100), 0);
	assert_int_equal(give(t, &(struct bad_frame){"", 0, 4, FRAME_FIN, 0, NULL}, 100), 0);
	assert_int_equal(give(t, &(struct bad_frame){"", 0, 6, FRAME_RESET, 4, NULL}, 100), 0);
	stream_close(held[5]);
	held[5] = NULL;
	send_all(t, 1000);
	assert_int_equal(stream_id(held[3]), 0);
	return t;
}

static void end_prepared(struct tunnel *t, struct stream *held[64], struct stream *own)
{
	tunnel_free(t);
	for (int i = 0; i < 64; i++)
		stream_close(held[i]);
	stream_close(own);
}

static void each_violation_ends_what_it_should(void **state)
{
	(void)state;
	static const size_t chunks[] = {1, 5, 8, 1000, 2000000};
	for (size_t i = 0; i < sizeof bad_frames / sizeof *bad_frames; i++) {
		const struct bad_frame *b = &bad_frames[i];
		for (size_t k = 0; k < sizeof chunks / sizeof *chunks; k++) {
			struct stream *held[64] = {0}, *own;
			struct tunnel *t = prepared(held, &own);
			int err = give(t, b, chunks[k]);
			if (err != b->expected)
				fail_msg("%s, %zu bytes at a time: %s, expected %s", b->what,
					 chunks[k], err ? err_text(err) : "fine",
					 b->expected ? err_text(b->expected) : "fine");
			check_tunnel(t);
			if (err) {
				assert_false(tunnel_has_work(t, 5000));
				assert_true(tunnel_deadline(t) == UINT64_MAX);
				assert_int_equal(
				    give(t, &(struct bad_frame){"", 0, 0, FRAME_PING, 8, NULL}, 16),
				    ERR_CLOSED);
			}
			if (err && err != ERR_SESSION) { /* the session is whole: it goes on */
				uint64_t acked = t->session.acked;
				tunnel_detach(t);
				assert_int_equal(tunnel_attach(t, acked, 1 << 20, 3000), 0);
				assert_int_equal(
				    give(t, &(struct bad_frame){"", 0, 2, FRAME_DATA, 100, NULL},
					 7),
				    0);
				check_tunnel(t);
			}
			end_prepared(t, held, own);
		}
	}
}

static void more_streams_than_accepted_end_the_session(void **state)
{
	(void)state;
	struct stream *held[64] = {0}, *own;
	struct tunnel *t = prepared(held, &own); /* holds 2, 4 and 10; accepts 5 */
	assert_int_equal(give(t, &(struct bad_frame){"", 0, 20, FRAME_OPEN, 22, OPEN_BYTES}, 100),
			 0);
	assert_int_equal(give(t, &(struct bad_frame){"", 0, 22, FRAME_OPEN, 22, OPEN_BYTES}, 100),
			 0);
	assert_int_equal(give(t, &(struct bad_frame){"", 0, 24, FRAME_OPEN, 22, OPEN_BYTES}, 100),
			 ERR_SESSION);
	end_prepared(t, held, own);
}

static void a_flood_of_pings_ends_the_link(void **state)
{
	(void)state;
	struct stream *held[64] = {0}, *own;
	struct tunnel *t = prepared(held, &own);
	int err = 0, pings = 0;
	while (!err && pings < 100000) {
		err = give(t, &(struct bad_frame){"", 0, 0, FRAME_PING, 8, NULL}, 100);
		pings++;
	}
	assert_int_equal(err, ERR_FLOOD);
	assert_int_equal(pings, TUNNEL_PONGS_MAX + 1);
	tunnel_detach(t);
	assert_int_equal(tunnel_attach(t, t->session.acked, 0, 3000), 0);
	for (int i = 0; i < 20000; i++) { /* one by one they are welcome */
		assert_int_equal(give(t, &(struct bad_frame){"", 0, 0, FRAME_PING, 8, NULL}, 100),
				 0);
		send_all(t, 3000);
	}
	end_prepared(t, held, own);
}

static void a_repeated_frame_that_differs_ends_the_session(void **state)
{
	(void)state;
	static const struct bad_frame others[] = {
	    {"", 0, 2, FRAME_FIN, 0, NULL},
	    {"", 0, 4, FRAME_DATA, 100, NULL},
	    {"", 0, 2, FRAME_DATA, 101, NULL},
	    {"", 0, 0, 200, 1, NULL},
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct stream *held[64] = {0}, *own;
		struct tunnel *t = prepared(held, &own);
		uint8_t half[FRAME_HEADER + 50] = {0};
		frame_write(half, 2, FRAME_DATA, 100);
		assert_int_equal(tunnel_input(t, half, sizeof half, 2000), 0);
		tunnel_detach(t);
		assert_int_equal(tunnel_attach(t, t->session.acked, 0, 3000), 0);
		assert_int_equal(give(t, &(struct bad_frame){"", 0, 0, FRAME_PING, 8, NULL}, 3), 0);
		assert_int_equal(give(t, &others[i], 1000), ERR_SESSION);
		end_prepared(t, held, own);
	}
}

static void acks_do_not_pile_up_before_a_blocked_link(void **state)
{
	(void)state;
	struct stream *held[64] = {0}, *own;
	struct tunnel *t = prepared(held, &own);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(give(t, &(struct bad_frame){"", 0, 77, 192, 3, NULL}, 100), 0);
		tunnel_fill(t, 65536, 2000 + (uint64_t)i * 300);
		assert_true(tunnel_deadline(t) > 2000 + (uint64_t)i * 300);
	}
	assert_true(buf_len(&t->control) <= 2 * (FRAME_HEADER + 8));
	end_prepared(t, held, own);
}

int main(void)
{
	const char *seed = getenv("SEED");
	seed_of_run = seed ? strtoull(seed, NULL, 10) - 1000003 : (uint64_t)time(NULL);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opener_may_grant_less_at_first),
	    cmocka_unit_test(every_byte_arrives_in_order_by_chance),
	    cmocka_unit_test(links_cut_under_load_lose_nothing),
	    cmocka_unit_test(the_smallest_budgets_block_nobody),
	    cmocka_unit_test(a_link_cut_at_every_byte_loses_nothing),
	    cmocka_unit_test(what_an_old_link_still_brings_is_not_read),
	    cmocka_unit_test(numbers_outside_what_is_kept_change_nothing),
	    cmocka_unit_test(newcomers_while_detached_wait_and_cost_nothing),
	    cmocka_unit_test(a_tunnel_copied_between_turns_goes_on),
	    cmocka_unit_test(both_directions_saturated_come_to_their_end),
	    cmocka_unit_test(ten_thousand_streams_come_and_go),
	    cmocka_unit_test(newcomers_get_in_beside_thousands_that_rest),
	    cmocka_unit_test(a_stalled_stream_starves_nobody),
	    cmocka_unit_test(windows_grow_where_credit_is_what_stops),
	    cmocka_unit_test(a_newcomer_begins_with_what_the_path_holds),
	    cmocka_unit_test(an_upload_draws_on_the_reserve),
	    cmocka_unit_test(a_reserve_is_there_before_the_path_is_known),
	    cmocka_unit_test(stalled_uploads_draw_no_more_than_the_reserve),
	    cmocka_unit_test(a_newcomer_begins_so_where_the_account_leaves_less),
	    cmocka_unit_test(a_window_grows_when_the_first_bytes_are_read_at_once),
	    cmocka_unit_test(a_window_grows_when_a_full_socket_empties_soon),
	    cmocka_unit_test(those_who_read_nothing_do_not_keep_others_out),
	    cmocka_unit_test(one_key_is_not_behind_the_bulk),
	    cmocka_unit_test(one_key_is_not_behind_bulk_that_woke),
	    cmocka_unit_test(a_small_page_is_before_the_bulk_on_a_thin_line),
	    cmocka_unit_test(few_bytes_among_bulk_are_noticed),
	    cmocka_unit_test(bulk_streams_get_the_same),
	    cmocka_unit_test(idle_credit_waits_for_an_ack),
	    cmocka_unit_test(what_was_drawn_and_returned_is_there_again),
	    cmocka_unit_test(who_uses_little_keeps_little),
	    cmocka_unit_test(a_half_closed_stream_may_be_silent_for_long),
	    cmocka_unit_test(ids_wrap_past_those_that_are_held),
	    cmocka_unit_test(ends_said_before_the_open_follow_it),
	    cmocka_unit_test(an_owner_that_does_nothing_in_its_turn_holds_up_nobody),
	    cmocka_unit_test(the_last_words_are_cut_to_fit),
	    cmocka_unit_test(what_has_come_outlives_the_tunnel),
	    cmocka_unit_test(a_peer_that_never_acknowledges_is_stopped),
	    cmocka_unit_test(no_more_is_said_than_a_link_would_take),
	    cmocka_unit_test(room_that_others_leave_is_found),
	    cmocka_unit_test(a_crowd_at_one_mapping_leaves_room_for_the_others),
	    cmocka_unit_test(opens_take_turns_by_mapping),
	    cmocka_unit_test(busy_homes_come_to_equal_windows),
	    cmocka_unit_test(busy_homes_come_to_equal_outboxes),
	    cmocka_unit_test(opens_take_turns_by_network),
	    cmocka_unit_test(a_crowd_from_one_network_leaves_room_for_the_others),
	    cmocka_unit_test(the_first_datagram_does_not_overtake_its_open),
	    cmocka_unit_test(datagrams_keep_their_boundaries),
	    cmocka_unit_test(beyond_the_caps_the_oldest_datagrams_go),
	    cmocka_unit_test(a_flow_does_not_wait_for_what_another_has_waiting),
	    cmocka_unit_test(a_detach_empties_the_datagrams),
	    cmocka_unit_test(small_datagrams_among_bulk_are_noticed),
	    cmocka_unit_test(a_flood_of_datagrams_starves_no_stream),
	    cmocka_unit_test(one_large_datagram_waiting_makes_no_flood_of_a_ping),
	    cmocka_unit_test(each_violation_ends_what_it_should),
	    cmocka_unit_test(more_streams_than_accepted_end_the_session),
	    cmocka_unit_test(a_flood_of_pings_ends_the_link),
	    cmocka_unit_test(a_repeated_frame_that_differs_ends_the_session),
	    cmocka_unit_test(acks_do_not_pile_up_before_a_blocked_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
