#include "tests/unit/shared/net/pair.h"

#include "shared/net/dial.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct
try {
	struct loop *loop;
	struct listener *door;
	struct timer *timer;
	struct dial *dial;
	int answers;
	int err;
	int visitors;
	struct addr reached;
};

static const struct addr loop4 = {.family = 4, .ip = {127, 0, 0, 1}};

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct try *t = owner;

	(void)peer, (void)local;
	t->visitors++;
	close(fd);
}

static void finish(struct try *t)
{
	listener_close(t->door);
	timer_close(t->timer);
	t->door = NULL;
	t->timer = NULL;
	loop_stop(t->loop);
}

static void on_dialled(void *owner, struct io *io, int err)
{
	struct try *t = owner;

	t->answers++;
	t->err = err;
	t->dial = NULL;
	if (io) {
		assert_int_equal(err, 0);
		t->reached = *io_peer(io);
		io_close(io);
	}
	finish(t);
}

static void begin(struct try *t, bool listening)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->loop = loop_new("test");
	if (listening) {
		t->door = listener_open(t->loop, &loop4, false, on_visitor, t, &err, NULL);
		assert_non_null(t->door);
	}
}

static void run(struct try *t)
{
	loop_run(t->loop);
	assert_int_equal(loop_free(t->loop), 0);
}

/* A port of loopback where nobody listens: bound, so that nobody else begins to. */
static int closed_port(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	*port = ntohs(at.sin_port);
	return fd;
}

static void numeric_address(void **state)
{
	struct try t;

	(void)state;
	begin(&t, true);
	dial_start(t.loop, DIAL_SERVICE, "127.0.0.1", listener_at(t.door)->port, NULL, 0, 5000,
		   on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, 0);
	assert_true(addr_equal_ip(&t.reached, &loop4));
}

static void name_is_looked_up(void **state)
{
	struct try t;

	(void)state;
	begin(&t, true); /* "localhost" may be ::1 first, where nobody listens */
	dial_start(t.loop, DIAL_RELAY, "localhost", listener_at(t.door)->port, NULL, 0, 5000,
		   on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, 0);
	assert_true(addr_equal_ip(&t.reached, &loop4));
}

static void refused(void **state)
{
	struct try t;
	uint16_t port;
	int fd = closed_port(&port);

	(void)state;
	begin(&t, false);
	dial_start(t.loop, DIAL_SERVICE, "127.0.0.1", port, NULL, 0, 5000, on_dialled, &t);
	assert_int_equal(t.answers, 0); /* never from inside */
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, UV_ECONNREFUSED);
	close(fd);
}

static void falls_back_to_the_next_address(void **state)
{
	const struct addr dead[] = {
	    {.family = 6, .ip = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}}, /* unreachable or silent */
	    {.family = 4, .ip = {127, 0, 0, 1}, .port = 1},          /* refused */
	};
	struct try t;

	(void)state;
	begin(&t, true);
	dial_start(t.loop, DIAL_RELAY, "127.0.0.1", listener_at(t.door)->port, dead, 2, 20000,
		   on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, 0);
	assert_true(addr_equal_ip(&t.reached, &loop4));
}

static void refusal_tells_more_than_a_missing_route(void **state)
{
	struct addr list[2] = {{.family = 4, .ip = {127, 0, 0, 1}}, {.family = 0}};
	struct try t;
	int fd = closed_port(&list[0].port);

	(void)state;
	begin(&t, false);
	/* 255.255.255.255 cannot be connected to: ENETUNREACH at once. */
	dial_start(t.loop, DIAL_RELAY, "255.255.255.255", 9, list, 1, 20000, on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_true(t.err == UV_ECONNREFUSED || t.err == UV_EACCES);
	close(fd);
}

static void unknown_name(void **state)
{
	struct try t;

	(void)state;
	begin(&t, false);
	dial_start(t.loop, DIAL_SERVICE, "no such name", 80, NULL, 0, 20000, on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_true(t.err < 0);
}

static void extra_does_not_wait_for_the_lookup(void **state)
{
	struct addr extra = loop4;
	struct try t;

	(void)state;
	begin(&t, true);
	extra.port = listener_at(t.door)->port;
	dial_start(t.loop, DIAL_RELAY, "no such name", 1, &extra, 1, 20000, on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, 0);
}

/* A listener whose queue is full swallows SYNs: connects hang. */
static int full_door(uint16_t *port, int fill[8])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = closed_port(port);

	assert_int_equal(listen(fd, 0), 0);
	at.sin_port = htons(*port);
	for (int i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fill[i], (struct sockaddr *)&at, sizeof(at));
	}
	return fd;
}

static void silence_ends_with_the_limit(void **state)
{
	struct try t;
	uint16_t port;
	int fill[8], fd = full_door(&port, fill);

	(void)state;
	begin(&t, false);
	dial_start(t.loop, DIAL_SERVICE, "127.0.0.1", port, NULL, 0, 50, on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, ERR_TIMEOUT);
	for (int i = 0; i < 8; i++)
		close(fill[i]);
	close(fd);
}

static void silent_address_does_not_hold_up_the_next(void **state)
{
	struct addr silent = {.family = 4, .ip = {127, 0, 0, 1}};
	struct try t;
	int fill[8], fd = full_door(&silent.port, fill);

	(void)state;
	begin(&t, true);
	dial_start(t.loop, DIAL_RELAY, "127.0.0.1", listener_at(t.door)->port, &silent, 1, 20000,
		   on_dialled, &t);
	run(&t);
	assert_int_equal(t.answers, 1);
	assert_int_equal(t.err, 0);
	assert_int_not_equal(t.reached.port, silent.port);
	for (int i = 0; i < 8; i++)
		close(fill[i]);
	close(fd);
}

static void closed_before_its_answer(void **state)
{
	struct try t;

	(void)state;
	begin(&t, true);
	dial_close(dial_start(t.loop, DIAL_SERVICE, "127.0.0.1", listener_at(t.door)->port, NULL, 0,
			      5000, on_dialled, &t));
	dial_close(dial_start(t.loop, DIAL_SERVICE, "localhost", listener_at(t.door)->port, NULL, 0,
			      5000, on_dialled, &t));
	finish(&t);
	run(&t);
	assert_int_equal(t.answers, 0);
}

static void on_close_dial(void *owner)
{
	struct try *t = owner;

	dial_close(t->dial);
	finish(t);
}

static void closed_while_the_lookup_is_under_way(void **state)
{
	struct try t;

	(void)state;
	begin(&t, true);
	t.dial = dial_start(t.loop, DIAL_SERVICE, "localhost", listener_at(t.door)->port, NULL, 0,
			    5000, on_dialled, &t);
	t.timer = timer_new(t.loop, on_close_dial, &t);
	timer_set(t.timer, 0); /* the next turn: asked, hardly answered */
	run(&t);
	assert_true(t.answers <= 1);
}

struct many {
	struct try *t;
	int left;
};

static void on_one_of_many(void *owner, struct io *io, int err)
{
	struct many *m = owner;

	assert_int_equal(err, 0);
	io_close(io);
	if (--m->left == 0)
		finish(m->t);
}

static void many_wait_for_one_name(void **state)
{
	struct try t;
	struct many m = {&t, 50};

	(void)state;
	begin(&t, true);
	for (int i = 0; i < 50; i++)
		dial_start(t.loop, DIAL_SERVICE, "localhost", listener_at(t.door)->port, NULL, 0,
			   20000, on_one_of_many, &m);
	run(&t);
	assert_int_equal(m.left, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numeric_address),
	    cmocka_unit_test(name_is_looked_up),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(falls_back_to_the_next_address),
	    cmocka_unit_test(refusal_tells_more_than_a_missing_route),
	    cmocka_unit_test(unknown_name),
	    cmocka_unit_test(extra_does_not_wait_for_the_lookup),
	    cmocka_unit_test(silence_ends_with_the_limit),
	    cmocka_unit_test(silent_address_does_not_hold_up_the_next),
	    cmocka_unit_test(closed_before_its_answer),
	    cmocka_unit_test(closed_while_the_lookup_is_under_way),
	    cmocka_unit_test(many_wait_for_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
