#include "tests/unit/shared/net/pair.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum {
	BULK = 12 * 1024 * 1024,
	CHUNK = 300 * 1024,
	RING_MS = 10,
	STILL_TURNS = 30,
	QUIET_RINGS = 3,
	MOST_RINGS = 600
};

static uint8_t pattern(uint64_t at, uint8_t seed)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + (at >> 17) + seed);
}

/* Bulk: each end sends a pattern of its own and checks the other's. */

struct bulk {
	uint64_t sent, got;
	uint8_t seed;
	bool shut;
	uint8_t *buf;
	size_t batch;        /* 0: as it is */
	int send_room;       /* SO_SNDBUF, 0: as it is */
	struct timer *later; /* reads are done by it, not in the event; or NULL */
};

static void bulk_write(struct end *e)
{
	struct bulk *b = e->mine;

	while (!b->shut) {
		size_t len = 1 + random_below(random_below(4) ? CHUNK : 100), cut;
		struct iovec iov[3];
		ssize_t n;

		if (len > BULK - b->sent)
			len = (size_t)(BULK - b->sent);
		for (size_t i = 0; i < len; i++)
			b->buf[i] = pattern(b->sent + i, b->seed);
		cut = random_below((uint32_t)len + 1);
		iov[0] = (struct iovec){b->buf, cut / 2};
		iov[1] = (struct iovec){b->buf + cut / 2, cut - cut / 2};
		iov[2] = (struct iovec){b->buf + cut, len - cut};
		n = io_writev(e->io, iov, 3);
		assert_true(n >= 0);
		b->sent += (uint64_t)n;
		if (b->sent == BULK) {
			assert_int_equal(io_shutdown(e->io), 0);
			b->shut = true;
		} else if ((size_t)n < len) {
			break;
		}
	}
}

static void bulk_check(struct end *e, uint8_t seed, const uint8_t *p, size_t len)
{
	struct bulk *b = e->mine;

	for (size_t i = 0; i < len; i++)
		if (p[i] != pattern(b->got + i, seed))
			fail_msg("wrong byte at %llu", (unsigned long long)(b->got + i));
	b->got += len;
}

static ssize_t bulk_read(struct end *e)
{
	struct bulk *b = e->mine;
	struct bulk *other = e == &e->pair->near ? e->pair->far.mine : e->pair->near.mine;
	ssize_t n = io_read(e->io, b->buf, 1 + random_below(CHUNK));

	if (n > 0) {
		bulk_check(e, other->seed, b->buf, (size_t)n);
	} else if (n == 0) {
		assert_int_equal(b->got, BULK);
		e->eof = true;
		if (e->pair->near.eof && e->pair->far.eof) {
			timer_close(e == &e->pair->near ? b->later : other->later);
			pair_stop(e->pair);
		}
	} else {
		assert_int_equal(n, UV_EAGAIN);
	}
	return n;
}

static void bulk_begin(struct end *e)
{
	struct bulk *b = e->mine;

	if (b->batch)
		io_set_batch(e->io, b->batch);
	if (b->send_room)
		setsockopt(io_fd(e->io), SOL_SOCKET, SO_SNDBUF, &b->send_room,
			   sizeof(b->send_room));
	io_watch(e->io, IO_WATCH_READ | IO_WATCH_WRITE);
	bulk_write(e);
}

static void bulk_look(struct end *e, enum io_event event)
{
	struct bulk *b = e->mine;

	assert_int_not_equal(event, IO_ERROR);
	if (event == IO_UP)
		bulk_begin(e);
	if (event == IO_ROOM)
		bulk_write(e);
	if (event == IO_DATA && b->later)
		timer_set(b->later, 1);
	else if (event == IO_DATA) /* one read an event: what is left must be told again */
		bulk_read(e);
}

/* A scheduler: reads some turns after the event, until nothing is left or half-way. */
static void bulk_later(void *owner)
{
	struct end *e = owner;

	for (int i = random_below(2) ? 1 : 1000; e->io && i > 0 && bulk_read(e) > 0; i--)
		;
}

static void bulk_accepted(struct pair *p)
{
	if (!p->server_tls)
		bulk_begin(&p->far);
}

static void run_bulk(bool tls, size_t batch, int send_room, bool later)
{
	struct bulk near = {.seed = 1, .batch = batch, .send_room = send_room};
	struct bulk far = {.seed = 99, .batch = batch, .send_room = send_room};
	struct pair p;

	pair_open(&p);
	if (tls)
		pair_use_tls(&p);
	near.buf = mem_alloc(CHUNK);
	far.buf = mem_alloc(CHUNK);
	if (later)
		near.later = timer_new(p.loop, bulk_later, &p.near);
	p.near.mine = &near;
	p.far.mine = &far;
	p.near.look = p.far.look = bulk_look;
	p.accepted = bulk_accepted;
	pair_dial(&p);
	pair_run(&p);
	assert_int_equal(near.got, BULK);
	assert_int_equal(far.got, BULK);
	assert_int_equal(p.near.ups, 1);
	assert_int_equal(p.far.ups, tls ? 1 : 0);
	mem_free(near.buf);
	mem_free(far.buf);
}

static void bulk_plain(void **state)
{
	(void)state;
	run_bulk(false, 0, 0, false);
	run_bulk(false, 0, 8192, false);
}

static void bulk_tls(void **state)
{
	(void)state;
	run_bulk(true, 0, 0, false);
}

static void bulk_tls_small_batches_and_partial_sends(void **state)
{
	(void)state;
	run_bulk(true, 16384, 0, false);
	run_bulk(true, 0, 8192, false);
	run_bulk(true, 16384, 8192, false);
}

static void bulk_read_later(void **state)
{
	(void)state;
	run_bulk(false, 0, 0, true);
	run_bulk(true, 0, 0, true);
}

/* Scenes: both ends are up, then each step runs, when nothing has moved for a while after the one
 * before: how long that takes is the machine's pace. A loop that never rests meets assert_still. */

struct scene {
	struct pair p;
	struct timer *clock;
	void (*const *steps)(struct scene *s);
	/* of the loop when the step began; how many passed until the next */
	uint64_t began_turn, turns;
	uint64_t seen_turn; /* when the clock last rang */
	int seen_told;
	unsigned quiet, rings;
	bool begun;
};

/* A loop that had no turn for long runs its timers before it looks at its sockets: only some quiet
 * rings of the clock in a row say that nothing moves. */
static bool is_at_rest(struct scene *s)
{
	const struct end *near = &s->p.near, *far = &s->p.far;
	uint64_t turn = loop_turns(s->p.loop), passed = turn - s->seen_turn;
	int told = near->datas + near->rooms + near->errors + far->datas + far->rooms + far->errors;

	s->quiet = passed <= 1 /* the clock's own */ && told == s->seen_told ? s->quiet + 1 : 0;
	s->seen_turn = turn;
	s->seen_told = told;
	return s->quiet >= QUIET_RINGS || ++s->rings > MOST_RINGS;
}

static void on_clock(void *owner)
{
	struct scene *s = owner;
	void (*step)(struct scene * s) = *s->steps;

	if (!is_at_rest(s)) {
		timer_set(s->clock, RING_MS);
		return;
	}
	s->quiet = s->rings = 0;
	s->turns = loop_turns(s->p.loop) - s->began_turn;
	if (!step) {
		timer_close(s->clock);
		pair_stop(&s->p);
		return;
	}
	s->steps++;
	step(s);
	s->began_turn = loop_turns(s->p.loop);
	timer_set(s->clock, RING_MS);
}

static void scene_look(struct end *e, enum io_event event)
{
	struct scene *s = (struct scene *)e->pair;

	(void)event;
	if (s->begun || !s->p.near.io || !s->p.far.io || s->p.near.ups == 0 ||
	    (s->p.server_tls && s->p.far.ups == 0))
		return;
	s->begun = true;
	timer_set(s->clock, 10);
}

static void scene_accepted(struct pair *p)
{
	scene_look(&p->far, IO_UP);
}

static void run_scene(bool tls, void (*const *steps)(struct scene *s), struct scene *s)
{
	memset(s, 0, sizeof(*s));
	pair_open(&s->p);
	if (tls)
		pair_use_tls(&s->p);
	s->steps = steps;
	s->clock = timer_new(s->p.loop, on_clock, s);
	s->p.near.look = s->p.far.look = scene_look;
	s->p.accepted = scene_accepted;
	pair_dial(&s->p);
	pair_run(&s->p);
	assert_null(*s->steps);
}

static void assert_still(const struct scene *s)
{
	if (s->turns > STILL_TURNS)
		fail_msg("%u turns while nothing was to be done", (unsigned)s->turns);
}

static size_t read_all(struct end *e, int *end)
{
	static uint8_t buf[1 << 20];
	size_t got = 0;
	ssize_t n;

	while ((n = io_read(e->io, buf, sizeof(buf))) > 0)
		got += (size_t)n;
	*end = (int)n;
	return got;
}

static void far_reads(struct scene *s)
{
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void near_writes(struct scene *s)
{
	assert_int_equal(io_write(s->p.near.io, "hello", 5), 5);
}

static void near_resets(struct scene *s)
{
	io_reset(s->p.near.io);
	s->p.near.io = NULL;
}

static void near_shuts(struct scene *s)
{
	assert_int_equal(io_shutdown(s->p.near.io), 0);
}

static void far_was_told_once(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.far.datas, 1);
}

static void far_gets_hello(struct scene *s)
{
	int end;

	assert_int_equal(read_all(&s->p.far, &end), 5);
	assert_int_equal(end, UV_EAGAIN);
}

static void far_was_told_again(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.far.datas, 2);
	far_gets_hello(s);
}

static void unread_data_is_told_once_and_again_after_reading(void **state)
{
	void (*const steps[])(struct scene *) = {
	    far_reads,      near_writes, far_was_told_once,  far_was_told_once,
	    far_gets_hello, near_writes, far_was_told_again, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

static void far_reads_too_far_and_moves(struct scene *s)
{
	char buf[3];

	assert_int_equal(io_read(s->p.far.io, buf, sizeof(buf)), 3);
	io_unread(s->p.far.io, buf + 1, 2);
	io_unread(s->p.far.io, "H", 1);
	s->p.far.io = io_unpack(s->p.loop, io_pack(s->p.far.io), pair_event, &s->p.far);
	s->p.far.datas = 0;
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void far_gets_it_again(struct scene *s)
{
	char buf[6] = "";
	size_t got = 0;
	ssize_t n;

	assert_true(s->p.far.datas > 0);
	while ((n = io_read(s->p.far.io, buf + got, 1)) > 0)
		got += (size_t)n;
	assert_int_equal(n, UV_EAGAIN);
	assert_string_equal(buf, "Hello");
}

static void what_is_unread_comes_again_also_elsewhere(void **state)
{
	void (*const steps[])(struct scene *) = {near_writes, far_reads_too_far_and_moves,
						 far_gets_it_again, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
}

static void far_reads_the_end_and_gives_it_back(struct scene *s)
{
	char c;

	assert_int_equal(io_read(s->p.far.io, &c, 1), 0);
	s->p.far.datas = 0;
	io_unread(s->p.far.io, "", 0);
}

static void far_is_told_of_the_end(struct scene *s)
{
	char c;

	assert_still(s);
	assert_int_equal(s->p.far.datas, 1);
	assert_int_equal(io_read(s->p.far.io, &c, 1), 0);
}

/* Who looks at the first bytes of a visitor that sends none and ends passes the end on. */
static void an_end_that_is_unread_is_told_again(void **state)
{
	void (*const steps[])(struct scene *) = {far_reads, near_shuts,
						 far_reads_the_end_and_gives_it_back,
						 far_is_told_of_the_end, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
}

static void far_watches_again(struct scene *s)
{
	io_watch(s->p.far.io, IO_WATCH_READ);
	assert_int_equal(s->p.far.datas, 1);
}

static void watching_again_tells_again(void **state)
{
	void (*const steps[])(struct scene *) = {
	    far_reads, near_writes, far_was_told_once, far_watches_again, far_was_told_again, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

static void far_was_told_nothing(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.far.datas, 0);
	assert_int_equal(s->p.far.errors, 0);
}

static void paused_end_is_not_told_of_data_or_end(void **state)
{
	void (*const steps[])(struct scene *) = {
	    near_writes, far_was_told_nothing, near_shuts,        far_was_told_nothing,
	    far_reads,   far_was_told_once,    far_was_told_once, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

static void far_knows_the_reset(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.far.errors, 1);
	assert_int_equal(s->p.far.error, UV_ECONNRESET);
	assert_int_equal(io_error(s->p.far.io), UV_ECONNRESET);
}

static void far_reads_hello_and_reset(struct scene *s)
{
	int end;

	far_knows_the_reset(s);
	assert_int_equal(read_all(&s->p.far, &end), 5);
	assert_int_equal(end, UV_ECONNRESET);
	assert_int_equal(read_all(&s->p.far, &end), 0);
	assert_int_equal(end, UV_ECONNRESET);
	assert_true(io_write(s->p.far.io, "x", 1) < 0);
}

static void paused_end_sees_a_reset(void **state)
{
	void (*const steps[])(struct scene *) = {near_resets, far_knows_the_reset,
						 far_knows_the_reset, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* The end has been read, and nothing is watched any more: a reset is still noticed. */
static void far_reads_the_end_and_rests(struct scene *s)
{
	int end;

	read_all(&s->p.far, &end);
	assert_int_equal(end, 0);
	io_watch(s->p.far.io, 0);
}

static void far_knows_that_it_is_over(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.far.errors, 1);
	assert_int_equal(s->p.far.error, UV_EPIPE); /* a reset after the end, says the kernel */
}

static void ended_and_paused_sees_a_reset(void **state)
{
	void (*const steps[])(struct scene *) = {near_writes,
						 near_shuts,
						 far_reads_the_end_and_rests,
						 near_resets,
						 far_knows_that_it_is_over,
						 NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
}

/* Urgent bytes are bytes of the stream here, and what is behind them comes without more having to
 * happen. */
static void near_sends_an_urgent_byte(struct scene *s)
{
	int fd = io_fd(s->p.near.io);

	assert_int_equal(send(fd, "abc", 3, 0), 3);
	assert_int_equal(send(fd, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(fd, "def", 3, 0), 3);
}

static char came[16];

static void look_collects(struct end *e, enum io_event event)
{
	ssize_t n;

	if (event != IO_DATA)
		return;
	n = io_read(e->io, came + strlen(came), sizeof(came) - 1 - strlen(came));
	assert_true(n > 0 || n == UV_EAGAIN);
}

static void far_collects(struct scene *s)
{
	memset(came, 0, sizeof(came));
	s->p.far.look = look_collects;
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void far_has_all(struct scene *s)
{
	assert_still(s);
	assert_string_equal(came, "abc!def");
	assert_int_equal(s->p.far.errors, 0);
}

static void urgent_bytes_go_with_the_stream(void **state)
{
	void (*const late[])(struct scene *) = {near_sends_an_urgent_byte, far_collects,
						far_has_all, NULL};
	void (*const live[])(struct scene *) = {far_collects, near_sends_an_urgent_byte,
						far_has_all, NULL};
	struct scene s;

	(void)state;
	run_scene(false, late, &s);
	run_scene(false, live, &s);
}

static void data_before_a_reset_is_still_read(void **state)
{
	void (*const paused[])(struct scene *) = {near_writes, near_resets,
						  far_reads_hello_and_reset, NULL};
	void (*const watched[])(struct scene *) = {far_reads, near_writes, near_resets,
						   far_reads_hello_and_reset, NULL};
	struct scene s;

	(void)state;
	run_scene(false, paused, &s);
	run_scene(true, paused, &s);
	run_scene(false, watched, &s);
	run_scene(true, watched, &s);
}

static void far_writes_into_the_reset(struct scene *s)
{
	assert_true(io_write(s->p.far.io, "x", 1) < 0);
}

/* Sending consumes the kernel's error: reading must not take what follows for a clean end. */
static void reset_found_by_writing_is_no_clean_end(struct scene *s)
{
	int end;

	io_reset(s->p.near.io);
	s->p.near.io = NULL;
	usleep(20000); /* the loop does not turn meanwhile */
	far_writes_into_the_reset(s);
	assert_int_equal(read_all(&s->p.far, &end), 5);
	assert_int_equal(end, UV_ECONNRESET);
}

static void failed_write_leaves_data_and_reason(void **state)
{
	void (*const steps[])(struct scene *) = {
	    near_writes, reset_found_by_writing_is_no_clean_end, far_knows_the_reset, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* Half-close */

static void far_sees_the_end(struct scene *s)
{
	int end;

	assert_int_equal(read_all(&s->p.far, &end), 5);
	assert_int_equal(end, 0);
	assert_int_equal(read_all(&s->p.far, &end), 0);
	assert_int_equal(end, 0);
	assert_int_equal(io_write(s->p.far.io, "answer", 6), 6);
	io_watch(s->p.near.io, IO_WATCH_READ);
}

static void near_gets_the_answer(struct scene *s)
{
	int end;

	assert_still(s);
	assert_int_equal(s->p.near.datas, 1);
	assert_int_equal(read_all(&s->p.near, &end), 6);
	assert_int_equal(end, UV_EAGAIN);
	assert_int_equal(io_shutdown(s->p.far.io), 0);
}

static void near_sees_the_end(struct scene *s)
{
	int end;

	assert_still(s);
	assert_int_equal(read_all(&s->p.near, &end), 0);
	assert_int_equal(end, 0);
}

static void both_are_over(struct scene *s)
{
	assert_still(s);
	assert_int_equal(s->p.near.errors, 0);
	assert_int_equal(s->p.far.errors, 0);
}

static void half_close(void **state)
{
	void (*const steps[])(struct scene *) = {
	    far_reads,        near_writes,          near_shuts,
	    far_sees_the_end, near_gets_the_answer, near_sees_the_end,
	    both_are_over,    both_are_over,        NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* A writer against a reader that does not read */

static uint8_t block[1 << 20];

static void fill(struct end *e, enum io_event event)
{
	if (event == IO_ROOM)
		while (io_write(e->io, block, sizeof(block)) == (ssize_t)sizeof(block))
			;
}

/* The kernel's buffers grow for a while. */
static void near_fills_the_pipe(struct scene *s)
{
	s->p.near.look = fill;
	io_watch(s->p.near.io, IO_WATCH_WRITE);
	fill(&s->p.near, IO_ROOM);
	assert_true(io_unsent(s->p.near.io) > 0);
}

static void near_waits(struct scene *s)
{
	assert_still(s);
}

static void far_look_reads(struct end *e, enum io_event event)
{
	int end;

	if (event == IO_DATA && e->io)
		read_all(e, &end);
}

static void far_reads_all(struct scene *s)
{
	assert_still(s);
	s->p.near.look = NULL;
	s->p.near.rooms = 0;
	fill(&s->p.near, IO_ROOM);
	s->p.far.look = far_look_reads;
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void near_has_room(struct scene *s)
{
	/* once or more, as the other side's reads make room */
	assert_true(s->p.near.rooms >= 1);
	assert_int_equal(io_flush(s->p.near.io), 0);
}

static void near_is_still(struct scene *s)
{
	assert_still(s);
	assert_true(s->p.near.rooms >= 1);
}

/* Room that came while nobody watched for it is told as soon as somebody does. */
static void near_fills_and_rests(struct scene *s)
{
	while (io_write(s->p.near.io, block, sizeof(block)) == (ssize_t)sizeof(block))
		;
	io_watch(s->p.near.io, 0);
	s->p.far.look = far_look_reads;
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void near_watches_for_room(struct scene *s)
{
	assert_int_equal(s->p.near.rooms, 0);
	io_watch(s->p.near.io, IO_WATCH_WRITE);
}

static void room_is_told_when_it_came_unwatched(void **state)
{
	void (*const steps[])(struct scene *) = {near_fills_and_rests, near_watches_for_room,
						 near_is_still, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

static void room_is_told_when_there_is_some(void **state)
{
	void (*const steps[])(struct scene *) = {
	    near_fills_the_pipe, near_waits,    near_waits, far_reads_all,
	    near_has_room,       near_is_still, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* Small writes, each taken whole, until the kernel has more than it sends: nobody reads, but the
 * first of it leaves by and by. */
static void near_gets_ahead(struct scene *s)
{
	struct io *io = s->p.near.io;

	io_set_notsent_lowat(io, 4096);
	io_watch(io, IO_WATCH_WRITE);
	while (!io_is_ahead(io, 3000))
		assert_int_equal(io_write(io, block, 2048), 2048);
	assert_int_equal(io_flush(io), 0);
	s->p.near.rooms = 0;
}

/* The reader's kernel may still take some of it. */
static void near_is_told_nothing_early(struct scene *s)
{
	assert_still(s);
	if (s->p.near.rooms > 0)
		assert_false(io_is_ahead(s->p.near.io, 3000));
	s->p.far.look = far_look_reads;
	io_watch(s->p.far.io, IO_WATCH_READ);
}

static void near_is_not_ahead(struct scene *s)
{
	assert_true(s->p.near.rooms >= 1);
	assert_false(io_is_ahead(s->p.near.io, 3000));
}

static void room_is_told_when_the_kernel_has_sent_what_it_had(void **state)
{
	void (*const steps[])(struct scene *) = {
	    near_gets_ahead, near_gets_ahead, near_is_told_nothing_early, near_is_not_ahead, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* A new owner hears of what the old one was told. */

static int heirs_datas;

static void on_heir(void *owner, enum io_event event)
{
	(void)owner;
	heirs_datas += event == IO_DATA;
}

static void far_gets_a_new_owner(struct scene *s)
{
	heirs_datas = 0;
	io_own(s->p.far.io, on_heir, NULL);
}

static void heir_was_told(struct scene *s)
{
	assert_still(s);
	assert_int_equal(heirs_datas, 1);
}

static void new_owner_is_told(void **state)
{
	void (*const steps[])(struct scene *) = {
	    far_reads,     near_writes, far_was_told_once, far_was_told_once, far_gets_a_new_owner,
	    heir_was_told, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* Closing inside any event */

static enum io_event closing_event;

static void look_closes(struct end *e, enum io_event event)
{
	if (event == IO_UP && closing_event != IO_UP) {
		io_watch(e->io, IO_WATCH_READ | IO_WATCH_WRITE);
		while (closing_event == IO_ROOM &&
		       io_write(e->io, block, sizeof(block)) == (ssize_t)sizeof(block))
			;
	}
	if (event != closing_event)
		return;
	if (random_below(2))
		io_close(e->io);
	else
		io_reset(e->io);
	e->io = NULL;
	pair_stop(e->pair);
}

static void look_serves(struct end *e, enum io_event event)
{
	int end;

	if (event == IO_UP) {
		io_watch(e->io, IO_WATCH_READ);
		io_write(e->io, "data", 4);
		if (closing_event == IO_ERROR)
			pair_close_end(e);
	} else if (event == IO_DATA) {
		read_all(e, &end);
	}
}

static void accepted_serves(struct pair *p)
{
	if (closing_event == IO_ERROR) {
		io_reset(p->far.io);
		p->far.io = NULL;
	} else if (!p->server_tls) {
		look_serves(&p->far, IO_UP);
	}
}

static void closed_inside_an_event(void **state)
{
	(void)state;
	for (int event = IO_UP; event <= IO_ERROR; event++) {
		for (int tls = 0; tls <= 1; tls++) {
			struct pair p;

			closing_event = event;
			pair_open(&p);
			if (tls)
				pair_use_tls(&p);
			p.near.look = look_closes;
			p.far.look = look_serves;
			p.accepted = accepted_serves;
			pair_dial(&p);
			pair_run(&p);
			assert_true((&p.near.ups)[event] >= 1);
		}
	}
}

/* Dials that fail */

static void look_ends_on_error(struct end *e, enum io_event event)
{
	if (event == IO_ERROR)
		pair_stop(e->pair);
}

static void dial_refused(void **state)
{
	struct addr to;
	struct pair p;

	(void)state;
	pair_open(&p);
	to = *listener_at(p.door);
	listener_close(p.door);
	p.door = NULL;
	p.near.look = look_ends_on_error;
	p.near.io = io_dial(p.loop, &to, NULL, 0, pair_event, &p.near);
	assert_int_equal(p.near.errors, 0);
	pair_run(&p);
	assert_int_equal(p.near.errors, 1);
	assert_int_equal(p.near.ups, 0);
	assert_int_equal(p.near.error, UV_ECONNREFUSED);
}

/* The kernel may pick for us the very port that we dial, and then connects the socket to itself. */
static void dial_to_oneself_is_refused(void **state)
{
	struct addr to;
	struct pair p;

	(void)state;
	pair_open(&p);
	to = *listener_at(p.door);
	listener_close(p.door);
	p.door = NULL;
	p.near.look = look_ends_on_error;
	p.near.io = io_dial(p.loop, &to, &to, 0, pair_event, &p.near);
	pair_run(&p);
	assert_int_equal(p.near.ups, 0);
	assert_int_equal(p.near.error, UV_ECONNREFUSED);
}

static void dial_that_fails_at_once_is_told_from_the_loop(void **state)
{
	const struct addr not_ours = {.family = 4, .ip = {192, 0, 2, 1}};
	struct pair p;

	(void)state;
	pair_open(&p);
	pair_use_tls(&p);
	p.near.look = look_ends_on_error;
	p.near.io = io_dial(p.loop, listener_at(p.door), &not_ours, 0, pair_event, &p.near);
	io_tls_dial(p.near.io, p.client, NULL);
	assert_int_equal(p.near.errors, 0);
	pair_run(&p);
	assert_int_equal(p.near.errors, 1);
	assert_int_equal(p.near.error, UV_EADDRNOTAVAIL);
}

static void closed_before_anything(void **state)
{
	const struct addr not_ours = {.family = 4, .ip = {192, 0, 2, 1}};
	struct pair p;

	(void)state;
	pair_open(&p);
	io_close(io_dial(p.loop, listener_at(p.door), NULL, 0, pair_event, &p.near));
	io_close(io_dial(p.loop, listener_at(p.door), &not_ours, 0, pair_event, &p.near));
	io_reset(io_dial(p.loop, listener_at(p.door), NULL, 0, pair_event, &p.near));
	io_close(NULL);
	listener_close(p.door);
	p.door = NULL;
	pair_stop(&p);
	pair_run(&p);
	assert_int_equal(p.near.errors + p.near.ups, 0);
}

/* Hand-over: part of a record has been read here, the rest is inside OpenSSL, and no event will
 * tell the other loop. */

enum { PARCEL = 16000, TAKEN = 100 };

struct heir {
	struct loop *loop;
	struct io_parcel *parcel;
	struct io *io;
	struct timer *limit;
	size_t got;
	bool wrong;
};

static struct heir heir;

static void on_heir_event(void *owner, enum io_event event)
{
	uint8_t buf[1000];
	ssize_t n;

	(void)owner;
	if (event != IO_DATA)
		return;
	n = io_read(heir.io, buf, sizeof(buf));
	for (ssize_t i = 0; i < n; i++)
		heir.wrong |= buf[i] != pattern(TAKEN + heir.got + (size_t)i, 5);
	if (n > 0)
		heir.got += (size_t)n;
	if (heir.got < PARCEL - TAKEN)
		return;
	heir.wrong |= io_write(heir.io, "thanks", 6) != 6;
	io_shutdown(heir.io);
	io_close(heir.io);
	timer_close(heir.limit);
	loop_stop(heir.loop);
}

static void on_parcel(void *arg)
{
	(void)arg;
	heir.limit = timer_new(heir.loop, pair_on_limit, NULL);
	timer_set(heir.limit, 10000);
	heir.io = io_unpack(heir.loop, heir.parcel, on_heir_event, NULL);
	io_watch(heir.io, IO_WATCH_READ);
}

static void look_hands_over(struct end *e, enum io_event event)
{
	uint8_t buf[TAKEN];

	if (event == IO_UP)
		io_watch(e->io, IO_WATCH_READ);
	if (event != IO_DATA)
		return;
	assert_int_equal(io_read(e->io, buf, TAKEN), TAKEN);
	heir.parcel = io_pack(e->io);
	e->io = NULL;
	assert_true(loop_post(heir.loop, on_parcel, NULL));
}

static void look_gives(struct end *e, enum io_event event)
{
	uint8_t buf[PARCEL];
	int end;

	if (event == IO_UP) {
		for (size_t i = 0; i < PARCEL; i++)
			buf[i] = pattern(i, 5);
		assert_int_equal(io_write(e->io, buf, PARCEL), PARCEL);
		io_watch(e->io, IO_WATCH_READ);
	} else if (event == IO_DATA) {
		e->error += (int)read_all(e, &end);
		if (end == 0)
			pair_stop(e->pair);
	}
}

static void accepted_reads(struct pair *p)
{
	io_watch(p->far.io, IO_WATCH_READ);
}

static void handed_over_in_the_middle_of_a_record(void **state)
{
	(void)state;
	for (int tls = 0; tls <= 1; tls++) {
		struct pair p;

		memset(&heir, 0, sizeof(heir));
		heir.loop = loop_new("heir");
		assert_int_equal(loop_start(heir.loop), 0);
		pair_open(&p);
		if (tls)
			pair_use_tls(&p);
		p.near.look = look_gives;
		p.far.look = look_hands_over;
		p.accepted = accepted_reads;
		pair_dial(&p);
		pair_run(&p);
		assert_int_equal(loop_join(heir.loop), 0);
		assert_int_equal(loop_free(heir.loop), 0);
		assert_int_equal(heir.got, PARCEL - TAKEN);
		assert_false(heir.wrong);
		assert_int_equal(p.near.error, 6);
	}
}

static void far_is_packed_and_dropped(struct scene *s)
{
	io_parcel_free(io_pack(s->p.far.io));
	s->p.far.io = NULL;
	io_watch(s->p.near.io, IO_WATCH_READ);
}

static void near_sees_it_gone(struct scene *s)
{
	int end;

	read_all(&s->p.near, &end);
	assert_true(end == 0 || end == UV_ECONNRESET);
}

static void parcel_nobody_unpacks(void **state)
{
	void (*const steps[])(struct scene *) = {near_writes, far_is_packed_and_dropped,
						 near_sees_it_gone, NULL};
	struct scene s;

	(void)state;
	run_scene(false, steps, &s);
	run_scene(true, steps, &s);
}

/* --- a crowd --- */

static void note_error(void *owner, enum io_event event)
{
	*(bool *)owner |= event == IO_ERROR;
}

enum { TOILS = 4, CROWD = 2 * TOILS };
static const char NO_TLS[] = "GET / HTTP/1.1\r\n\r\n"; /* whoever steps fails by it */

/* A peer that has come for TLS, and said this. Returns its end. */
static int take_one(struct pair *p, const char *said, size_t len, struct io **io, bool *failed)
{
	struct addr nobody = {.family = 4};
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(write(ends[1], said, len), len);
	*io = io_take(p->loop, ends[0], &nobody, &nobody, note_error, failed);
	io_tls_accept(*io, p->server);
	return ends[1];
}

static void handshakes_that_have_gone_before_their_turn_take_none(void **state)
{
	struct io *ios[TOILS + 1];
	int peers[TOILS + 1];
	struct pair p;
	bool failed = false;

	(void)state;
	pair_open(&p);
	pair_use_tls(&p);
	for (int i = 0; i <= TOILS; i++)
		peers[i] = take_one(&p, NO_TLS, sizeof(NO_TLS) - 1, &ios[i], &failed);
	close(peers[TOILS]);
	while (!failed)
		loop_turn(p.loop);
	for (int i = 0; i < TOILS; i++)
		assert_int_equal(io_error(ios[i]), ERR_TLS);
	assert_int_equal(io_error(ios[TOILS]), ERR_CLOSED);
	for (int i = 0; i <= TOILS; i++)
		io_close(ios[i]);
	for (int i = 0; i < TOILS; i++)
		close(peers[i]);
	pair_stop(&p);
	pair_run(&p);
}

static void a_handshake_that_has_begun_does_not_wait_for_a_crowd(void **state)
{
	struct io *first, *ios[CROWD];
	int peer, peers[CROWD];
	struct pair p;
	bool first_failed = false, failed = false;

	(void)state;
	pair_open(&p);
	pair_use_tls(&p);
	peer = take_one(&p, "\x16\x03", 2, &first, &first_failed); /* of a record */
	loop_turn(p.loop);
	assert_false(io_is_queued(first));
	for (int i = 0; i < CROWD; i++)
		peers[i] = take_one(&p, NO_TLS, sizeof(NO_TLS) - 1, &ios[i], &failed);
	assert_int_equal(write(peer, NO_TLS, sizeof(NO_TLS) - 1), sizeof(NO_TLS) - 1);
	while (!first_failed)
		loop_turn(p.loop);
	assert_true(failed);
	assert_true(io_is_queued(ios[CROWD - 1]));
	io_close(first);
	close(peer);
	for (int i = 0; i < CROWD; i++) {
		io_close(ios[i]);
		close(peers[i]);
	}
	pair_stop(&p);
	pair_run(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bulk_plain),
	    cmocka_unit_test(bulk_tls),
	    cmocka_unit_test(bulk_tls_small_batches_and_partial_sends),
	    cmocka_unit_test(bulk_read_later),
	    cmocka_unit_test(unread_data_is_told_once_and_again_after_reading),
	    cmocka_unit_test(watching_again_tells_again),
	    cmocka_unit_test(what_is_unread_comes_again_also_elsewhere),
	    cmocka_unit_test(an_end_that_is_unread_is_told_again),
	    cmocka_unit_test(paused_end_is_not_told_of_data_or_end),
	    cmocka_unit_test(paused_end_sees_a_reset),
	    cmocka_unit_test(ended_and_paused_sees_a_reset),
	    cmocka_unit_test(urgent_bytes_go_with_the_stream),
	    cmocka_unit_test(data_before_a_reset_is_still_read),
	    cmocka_unit_test(failed_write_leaves_data_and_reason),
	    cmocka_unit_test(half_close),
	    cmocka_unit_test(room_is_told_when_there_is_some),
	    cmocka_unit_test(room_is_told_when_it_came_unwatched),
	    cmocka_unit_test(room_is_told_when_the_kernel_has_sent_what_it_had),
	    cmocka_unit_test(new_owner_is_told),
	    cmocka_unit_test(closed_inside_an_event),
	    cmocka_unit_test(dial_refused),
	    cmocka_unit_test(dial_to_oneself_is_refused),
	    cmocka_unit_test(dial_that_fails_at_once_is_told_from_the_loop),
	    cmocka_unit_test(closed_before_anything),
	    cmocka_unit_test(handed_over_in_the_middle_of_a_record),
	    cmocka_unit_test(parcel_nobody_unpacks),
	    cmocka_unit_test(handshakes_that_have_gone_before_their_turn_take_none),
	    cmocka_unit_test(a_handshake_that_has_begun_does_not_wait_for_a_crowd),
	};

	return cmocka_run_group_tests(tests, pair_make_files, pair_remove_files);
}
