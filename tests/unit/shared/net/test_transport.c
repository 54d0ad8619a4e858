#include "tests/unit/shared/net/duo.h"

#include "shared/net/socket.h"
#include "shared/tunnel/frame.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EARLY = 5000 };

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13);
}

/* --- a stream that checks what it gets --- */

struct sink {
	struct duo *duo;
	struct stream *stream;
	size_t got, want;
	bool reset;
};

static void sink_look(void *owner, enum stream_event event)
{
	struct sink *k = owner;
	struct iovec iov[8];
	int count;

	if (event != STREAM_LOOK)
		return;
	while ((count = stream_peek(k->stream, iov, 8)) > 0) {
		size_t all = 0;
		for (int i = 0; i < count; i++) {
			for (size_t j = 0; j < iov[i].iov_len; j++)
				assert_int_equal(((uint8_t *)iov[i].iov_base)[j],
						 pattern(k->got + all + j));
			all += iov[i].iov_len;
		}
		k->got += all;
		stream_consume(k->stream, all);
	}
	k->reset = stream_is_reset(k->stream);
}

static struct sink sink;

static void take_into_sink(struct side *s, struct stream *stream)
{
	sink.duo = s->duo;
	sink.stream = stream;
	stream_own(stream, sink_look, &sink);
}

/* --- a stream that always has something to say --- */

struct source {
	struct stream *stream;
	size_t sent, most;
};

static void source_look(void *owner, enum stream_event event)
{
	struct source *s = owner;
	size_t room;

	if (event != STREAM_TURN)
		return;
	uint8_t *p = stream_reserve(s->stream, &room);
	if (room > s->most - s->sent)
		room = s->most - s->sent;
	if (room == 0) {
		stream_idle(s->stream);
		return;
	}
	for (size_t i = 0; i < room; i++)
		p[i] = pattern(s->sent + i);
	stream_commit(s->stream, room);
	s->sent += room;
}

static struct source source;

static void open_source(struct transport *k, size_t most)
{
	struct open_info info = {.visitor.family = 4, .visited.family = 4};

	source.sent = 0;
	source.most = most;
	source.stream = stream_open(transport_tunnel(k), &info, source_look, &source);
	stream_ready(source.stream);
	transport_mark(k);
}

/* --- what lies behind the greeting comes before what the io still holds --- */

static void put_frames(struct buf *out)
{
	uint8_t open[FRAME_OPEN_MAX], head[FRAME_HEADER];
	struct open_info info = {.credit = 4096, .visitor.family = 4, .visited.family = 4};
	size_t len = open_write(open, &info);

	frame_write(head, 2, FRAME_OPEN, (uint32_t)len);
	buf_put(out, head, sizeof(head));
	buf_put(out, open, len);
	for (size_t at = 0; at < TUNNEL_FIRST_CREDIT; at += 1024) {
		uint8_t *p;

		frame_write(head, 2, FRAME_DATA, 1024);
		buf_put(out, head, sizeof(head));
		p = buf_reserve(out, 1024);
		for (size_t i = 0; i < 1024; i++)
			p[i] = pattern(at + i);
		buf_commit(out, 1024);
	}
}

static uint8_t early[EARLY];

static void early_arrived(struct end *e, enum io_event event)
{
	struct duo *d = e->mine;

	if (event != IO_DATA)
		return;
	/* the rest of the record stays inside OpenSSL */
	assert_int_equal(io_read(e->io, early, EARLY), EARLY);
	e->look = NULL;
	duo_attach(&d->near, e, early, EARLY);
}

static void early_linked(struct duo *d)
{
	struct buf all = BUF_INIT;

	put_frames(&all);
	assert_int_equal(io_write(d->pair.far.io, buf_data(&all), buf_len(&all)), buf_len(&all));
	buf_fini(&all);
	d->pair.near.look = early_arrived;
	io_watch(d->pair.near.io, IO_WATCH_READ);
}

static void stop_when_all_came(void *owner)
{
	struct duo *d = owner;

	assert_int_equal(d->near.lost + d->near.over, 0);
	if (sink.got < TUNNEL_FIRST_CREDIT) {
		timer_set(d->pair.limit, 5);
		return;
	}
	stream_close(sink.stream);
	duo_stop(d);
}

static void test_early_bytes_come_first(void **state)
{
	struct duo d;

	(void)state;
	memset(&sink, 0, sizeof(sink));
	duo_open(&d, early_linked);
	d.near.on_opened = take_into_sink;
	struct timer *limit = d.pair.limit;
	d.pair.limit = timer_new(d.pair.loop, stop_when_all_came, &d);
	timer_set(d.pair.limit, 5);
	timer_close(limit);
	pair_run(&d.pair);
	assert_int_equal(sink.got, TUNNEL_FIRST_CREDIT);
}

/* --- why a link ended is read even when an error stands behind it --- */

static void look_refused(struct duo *d)
{
	if (!d->near.lost)
		return;
	assert_int_equal(d->near.refusals, 1);
	duo_stop(d);
}

/* Far resets the link once near's kernel has all that was written. */
static void reset_behind_it(struct duo *d)
{
	int left = 1;
	for (int i = 0; i < 10000 && left > 0; i++) { /* an ACK may be delayed */
		io_flush(d->pair.far.io);
		usleep(1000);
		assert_int_equal(ioctl(io_fd(d->pair.far.io), TIOCOUTQ, &left), 0);
	}
	assert_int_equal(left, 0);
	io_reset(d->pair.far.io);
	d->pair.far.io = NULL;
}

static void refused_linked(struct duo *d)
{
	struct buf frame = BUF_INIT;
	uint8_t head[FRAME_HEADER];

	duo_attach(&d->near, &d->pair.near, NULL, 0);
	for (int i = 0; i < 1000; i++) {
		uint8_t pong[8] = {0};
		frame_write(head, 0, FRAME_PONG, 8);
		buf_put(&frame, head, sizeof(head));
		buf_put(&frame, pong, sizeof(pong));
	}
	frame_write(head, 0, FRAME_REFUSE, 2);
	buf_put(&frame, head, sizeof(head));
	buf_put(&frame, "{}", 2);
	assert_int_equal(io_write(d->pair.far.io, buf_data(&frame), buf_len(&frame)),
			 buf_len(&frame));
	buf_fini(&frame);
	reset_behind_it(d);
	tunnel_ping(transport_tunnel(d->near.trunk), 1); /* its writing meets the reset first */
	transport_mark(d->near.trunk);
	d->look = look_refused;
}

static void test_refuse_before_a_reset_is_read(void **state)
{
	struct duo d;

	(void)state;
	duo_open(&d, refused_linked);
	pair_run(&d.pair);
}

/* --- and many small records before an error are not all read in one turn --- */

enum { FAREWELLS = 400 };

static int in_turn, most_in_turn;
static uint64_t turn;

static void look_counts_by_turns(struct duo *d)
{
	in_turn = turn == loop_turns(d->pair.loop) ? in_turn + 1 : 1;
	turn = loop_turns(d->pair.loop);
	if (!d->near.lost)
		most_in_turn = in_turn > most_in_turn ? in_turn : most_in_turn;
	else
		duo_stop(d);
}

static void many_linked(struct duo *d)
{
	uint8_t bye[FRAME_HEADER + 100] = {0};

	duo_attach(&d->near, &d->pair.near, NULL, 0);
	frame_write(bye, 0, FRAME_BYE, 100);
	for (int i = 0; i < FAREWELLS; i++) /* a record each */
		assert_int_equal(io_write(d->pair.far.io, bye, sizeof(bye)), sizeof(bye));
	reset_behind_it(d);
	d->look = look_counts_by_turns;
}

static void test_what_came_before_an_error_is_read_in_turns(void **state)
{
	struct duo d;

	(void)state;
	most_in_turn = 0;
	duo_open(&d, many_linked);
	pair_run(&d.pair);
	assert_int_equal(d.near.byes, FAREWELLS);
	assert_true(most_in_turn <= 64);
}

/* --- last words go out in the middle of a transfer that is stuck, and over unread bytes --- */

static struct buf heard;

static void hear(struct end *e, enum io_event event)
{
	struct duo *d = e->mine;
	ssize_t n;

	if (event != IO_DATA)
		return;
	while ((n = io_read(e->io, buf_reserve(&heard, 65536), 65536)) > 0)
		buf_commit(&heard, (size_t)n);
	if (n == UV_EAGAIN)
		return;
	assert_int_equal(n, 0); /* the end, no reset, though far has left bytes unread */
	struct frame f = {0};
	while (buf_len(&heard)) {
		assert_true(buf_len(&heard) >= FRAME_HEADER);
		assert_int_equal(frame_read(buf_data(&heard), &f), 0);
		buf_take(&heard, FRAME_HEADER);
		assert_true(buf_len(&heard) >= f.len);
		buf_take(&heard, f.len);
	}
	assert_int_equal(f.kind, FRAME_BYE);
	buf_fini(&heard);
	duo_stop(d);
}

static void say_bye_when_stuck(void *owner)
{
	struct duo *d = owner;

	if (source.sent == 0 || tunnel_at_boundary(transport_tunnel(d->far.trunk))) {
		timer_set(d->pair.limit, 1);
		return;
	}
	uint8_t more[4096] = {0};
	frame_write(more, 0, 130, sizeof(more) - FRAME_HEADER); /* of a kind to come */
	assert_int_equal(io_write(d->pair.near.io, more, sizeof(more)), sizeof(more));
	stream_close(source.stream);
	transport_bye(d->far.trunk, "enough");
	assert_false(transport_is_attached(d->far.trunk));
	assert_int_equal(d->far.lost, 0);
	d->pair.near.look = hear;
	io_watch(d->pair.near.io, IO_WATCH_READ);
}

static void bye_linked(struct duo *d)
{
	uint8_t credit[FRAME_HEADER + 4] = {[FRAME_HEADER + 1] = 0x40}; /* 4 MiB */

	duo_attach(&d->far, &d->pair.far, NULL, 0);
	open_source(d->far.trunk, 64 << 20);
	frame_write(credit, 2, FRAME_CREDIT, 4);
	assert_int_equal(io_write(d->pair.near.io, credit, sizeof(credit)), sizeof(credit));
	timer_close(d->pair.limit);
	d->pair.limit = timer_new(d->pair.loop, say_bye_when_stuck, d);
	timer_set(d->pair.limit, 20); /* the OPEN is out before its CREDIT comes */
}

static void test_bye_arrives_behind_half_a_frame(void **state)
{
	struct duo d;

	(void)state;
	duo_open(&d, bye_linked);
	pair_run(&d.pair);
}

/* --- a session that is broken says so, and its trunk may go inside the event --- */

static void look_over(struct duo *d)
{
	if (!d->far.over || !d->near.refusals)
		return;
	assert_null(d->far.trunk);
	duo_stop(d);
}

static void over_linked(struct duo *d)
{
	uint8_t head[FRAME_HEADER + 4] = {0};

	frame_write(head, 40, FRAME_RESET, 4); /* of a stream that never was */
	assert_int_equal(io_write(d->pair.near.io, head, sizeof(head)), sizeof(head));
	d->far.free_when_lost = true;
	d->look = look_over;
	duo_attach_both(d);
}

static void test_a_broken_session_is_refused(void **state)
{
	struct duo d;

	(void)state;
	duo_open(&d, over_linked);
	pair_run(&d.pair);
	assert_int_equal(d.far.over, 1);
}

/* --- doubt --- */

static void look_doubt(struct duo *d)
{
	if (d->near.suspect == 1 && !d->near.alive) {
		assert_true(transport_keepalive(d->near.trunk)->is_suspect);
		assert_true(transport_keepalive(d->near.trunk)->life_ms > 0);
		assert_true(loop_now_ms(d->pair.loop) -
				transport_keepalive(d->near.trunk)->heard_ms <
			    20000);
	}
	if (!d->near.alive)
		return;
	assert_int_equal(d->near.suspect, 1);
	assert_false(transport_keepalive(d->near.trunk)->is_suspect);
	duo_stop(d);
}

static void doubt_linked(struct duo *d)
{
	duo_attach_both(d);
	d->look = look_doubt;
	transport_doubt(d->near.trunk);
	transport_doubt(d->near.trunk);
}

static void test_a_doubted_link_is_asked_and_lives(void **state)
{
	struct duo d;

	(void)state;
	duo_open(&d, doubt_linked);
	pair_run(&d.pair);
}

/* --- what ends a rest is long enough for bbr's measure --- */

static struct tcp_sent {
	uint64_t before, begun_ms;
	int streams;
} tcp_sent;

static uint64_t acked_of(struct transport *k)
{
	int left = 1;
	for (int i = 0; i < 10000 && left > 0; i++) { /* an ACK may be delayed */
		assert_int_equal(ioctl(io_fd(transport_io(k)), TIOCOUTQ, &left), 0);
		usleep(1000);
	}
	struct socket_info info = socket_info(io_fd(transport_io(k)));
	return info.bytes_acked;
}

/* Far has got a stream and its 100 bytes. */
static void took_a_hundred(struct side *s, struct stream *stream)
{
	struct transport *k = s->duo->near.trunk;
	uint64_t bytes = acked_of(k) - tcp_sent.before;
	if (tcp_sent.streams++ == 0)
		assert_in_range(bytes, 1536, 1536 + 500);
	else if (loop_clock_ms() < tcp_sent.begun_ms + 10000) /* the measure is still good */
		assert_in_range(bytes, 1, 500);
	stream_close(stream);
	stream_close(source.stream);
	if (tcp_sent.streams == 2) {
		duo_stop(s->duo);
		return;
	}
	tcp_sent.before = acked_of(k);
	open_source(k, 100);
}

static void rested_linked(struct duo *d)
{
	int fd = io_fd(d->pair.near.io);
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3) < 0)
		tcp_sent.streams = -1;
	duo_attach_both(d);
	d->far.on_opened = took_a_hundred;
	if (tcp_sent.streams < 0) {
		duo_stop(d);
		return;
	}
	tcp_sent.before = acked_of(d->near.trunk);
	tcp_sent.begun_ms = loop_clock_ms();
	open_source(d->near.trunk, 100);
}

static void test_what_ends_a_rest_is_filled_up(void **state)
{
	struct duo d;

	(void)state;
	tcp_sent = (struct tcp_sent){0};
	duo_open(&d, rested_linked);
	pair_run(&d.pair);
	if (tcp_sent.streams < 0)
		skip(); /* no bbr here */
	assert_int_equal(tcp_sent.streams, 2);
}

/* --- the news may end the link --- */

static void break_it(struct side *s, struct stream *stream)
{
	stream_close(stream);
	transport_break(s->trunk, ERR_SESSION);
}

static void look_broken(struct duo *d)
{
	if (!d->near.over || !d->far.refusals)
		return;
	stream_close(source.stream);
	duo_stop(d);
}

static void broken_linked(struct duo *d)
{
	duo_attach_both(d);
	d->near.on_opened = break_it;
	d->look = look_broken;
	open_source(d->far.trunk, 100);
}

static void test_news_may_break_the_link(void **state)
{
	struct duo d;

	(void)state;
	duo_open(&d, broken_linked);
	pair_run(&d.pair);
}

/* --- a link on a busy loop sends as much in a turn as its path takes --- */

enum { NARROW = 512 << 10, WIDE_AGAIN = 2 << 20, ALL = 6 << 20, TURN_US = 5000 };

static struct task others; /* whose work makes each turn long */
static uint64_t counted_from, counted;

static void set_send_room(struct duo *d, int bytes)
{
	int fd = io_fd(transport_io(d->far.trunk));

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
}

static void work_of_others(void *arg)
{
	struct duo *d = arg;
	uint64_t now = loop_turns(d->pair.loop);

	usleep(TURN_US);
	if (sink.got >= NARROW)
		set_send_room(d, 4 << 20);
	if (sink.got >= WIDE_AGAIN && !counted_from)
		counted_from = now;
	if (sink.got < ALL) {
		task_mark(d->pair.loop, &others);
		return;
	}
	counted = now - counted_from;
	stream_close(source.stream);
	stream_close(sink.stream);
	duo_stop(d);
}

static void busy_linked(struct duo *d)
{
	duo_attach_both(d);
	set_send_room(d, 4096);
	d->near.on_opened = take_into_sink;
	open_source(d->far.trunk, ALL + (1 << 20));
	task_init(&others, work_of_others, d);
	task_mark(d->pair.loop, &others);
}

/* A narrow path has made its batches small. Later the path is wide, and a batch a turn is all that
 * the link gets onto its way: it does not take that for what the path carries. */
static void test_a_busy_loop_is_no_narrow_path(void **state)
{
	struct duo d;

	(void)state;
	memset(&sink, 0, sizeof(sink));
	duo_open(&d, busy_linked);
	pair_run(&d.pair);
	assert_in_range(counted, 1, (ALL - WIDE_AGAIN) / 16384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_early_bytes_come_first),
	    cmocka_unit_test(test_refuse_before_a_reset_is_read),
	    cmocka_unit_test(test_what_came_before_an_error_is_read_in_turns),
	    cmocka_unit_test(test_bye_arrives_behind_half_a_frame),
	    cmocka_unit_test(test_a_broken_session_is_refused),
	    cmocka_unit_test(test_a_doubted_link_is_asked_and_lives),
	    cmocka_unit_test(test_what_ends_a_rest_is_filled_up),
	    cmocka_unit_test(test_news_may_break_the_link),
	    cmocka_unit_test(test_a_busy_loop_is_no_narrow_path),
	};

	return cmocka_run_group_tests(tests, pair_make_files, pair_remove_files);
}
