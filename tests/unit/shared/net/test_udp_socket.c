#include "tests/unit/shared/net/pair.h"

#include "shared/net/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

static const struct addr loop4 = {.family = 4, .ip = {127, 0, 0, 1}};
static const struct addr loop4b = {.family = 4, .ip = {127, 0, 0, 2}};
static const struct addr loop6 = {.family = 6, .ip = {[15] = 1}};
static const struct addr any6 = {.family = 6};

enum { BACK_MOST = 16 };

/* bound answers what comes, from where it came to; near asks and notes what comes back. */
struct udps {
	struct loop *loop;
	struct udp_socket *bound, *near;
	struct timer *limit;
	uint16_t port;
	int came, back, errors;
	size_t lengths[BACK_MOST];
	int until;
	struct addr from, local;
	void (*on_back)(struct udps *u);
};

static uint8_t bytes[UDP_SOCKET_DATAGRAM_MAX + 1], got[UDP_SOCKET_DATAGRAM_MAX + 1];

static void finish(struct udps *u)
{
	udp_socket_close(u->bound);
	udp_socket_close(u->near);
	timer_close(u->limit);
	u->bound = u->near = NULL;
	u->limit = NULL;
	loop_stop(u->loop);
}

static void on_limit(void *owner)
{
	(void)owner;
	fail_msg("nothing happens any more");
}

static void on_bound(void *owner)
{
	struct udps *u = owner;
	ssize_t n;
	while ((n = udp_socket_read(u->bound, got, sizeof got, &u->from, &u->local)) != UV_EAGAIN) {
		assert_true(n >= 0);
		u->came++;
		assert_memory_equal(got, bytes, (size_t)n);
		assert_int_equal(udp_socket_write_to(u->bound, &u->from, &u->local, got, (size_t)n),
				 0);
	}
}

static void on_near(void *owner)
{
	struct udps *u = owner;
	ssize_t n;
	while ((n = udp_socket_read(u->near, got, sizeof got, NULL, NULL)) != UV_EAGAIN) {
		if (n < 0) {
			assert_int_equal(n, UV_ECONNREFUSED);
			u->errors++;
			continue;
		}
		assert_memory_equal(got, bytes, (size_t)n);
		assert_true(u->back < BACK_MOST);
		u->lengths[u->back++] = (size_t)n;
	}
	if (u->on_back)
		u->on_back(u);
	else if (u->back == u->until)
		finish(u);
}

static void begin(struct udps *u)
{
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
	memset(u, 0, sizeof *u);
	u->loop = loop_new("test");
	u->limit = timer_new(u->loop, on_limit, u);
	timer_set(u->limit, 20000);
}

static void bind_at(struct udps *u, const struct addr *at)
{
	int err = 0;
	char *why = NULL;
	u->bound = udp_socket_bind(u->loop, at, false, on_bound, u, &err, &why);
	if (!u->bound)
		fail_msg("%s", why);
	struct addr local;
	local = udp_socket_local(u->bound);
	u->port = local.port;
}

static void connect_to(struct udps *u, struct addr to)
{
	int err;
	to.port = u->port;
	u->near = udp_socket_connect(u->loop, &to, 0, on_near, u, &err);
	assert_non_null(u->near);
}

static void lengths_are_whole(void **state)
{
	static const size_t lengths[] = {0, 1, 1472, 9000, 65506, 65507};
	struct udps u;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	connect_to(&u, loop4);
	u.until = 6;
	for (int i = 0; i < 6; i++)
		assert_int_equal(udp_socket_write(u.near, bytes, lengths[i]), 0);
	assert_int_equal(udp_socket_write(u.near, bytes, 65508), UV_EMSGSIZE);
	loop_run(u.loop);
	for (int i = 0; i < 6; i++)
		assert_int_equal(u.lengths[i], lengths[i]);
	assert_int_equal(loop_free(u.loop), 0);
}

/* The asker is connected, so an answer from another address would not reach it. */
static void the_answer_comes_from_the_address_that_was_asked(void **state)
{
	const struct addr asked[] = {loop4, loop4b, loop6};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct udps u;
		begin(&u);
		bind_at(&u, &any6);
		connect_to(&u, asked[i]);
		u.until = 1;
		assert_int_equal(udp_socket_write(u.near, bytes, 100), 0);
		loop_run(u.loop);
		assert_true(addr_equal_ip(&u.local, &asked[i]));
		assert_int_equal(u.local.port, u.port);
		assert_int_equal(u.from.family, asked[i].family); /* never v4-mapped */
		assert_int_equal(loop_free(u.loop), 0);
	}
}

static void listen_now(struct udps *u)
{
	if (u->errors && !u->bound) {
		struct addr at = loop4;
		at.port = u->port;
		bind_at(u, &at);
		assert_int_equal(udp_socket_write(u->near, bytes, 7), 0);
	}
	if (u->back == 1)
		finish(u);
}

static void nobody_listening_is_no_end(void **state)
{
	struct udps u;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	connect_to(&u, loop4);
	udp_socket_close(u.bound);
	u.bound = NULL;
	u.on_back = listen_now;
	assert_int_equal(udp_socket_write(u.near, bytes, 5), 0);
	loop_run(u.loop);
	assert_int_equal(u.errors, 1);
	assert_int_equal(u.lengths[0], 7);
	assert_int_equal(loop_free(u.loop), 0);
}

static void an_old_refusal_costs_no_datagram(void **state)
{
	struct udps u;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	connect_to(&u, loop4);
	udp_socket_close(u.bound);
	u.until = 1;
	struct addr at = loop4;
	at.port = u.port;
	/* the refusal is there before the next is sent */
	assert_int_equal(udp_socket_write(u.near, bytes, 5), 0);
	bind_at(&u, &at);
	assert_int_equal(udp_socket_write(u.near, bytes, 7), 0);
	loop_run(u.loop);
	assert_int_equal(u.lengths[0], 7);
	assert_int_equal(loop_free(u.loop), 0);
}

static void a_held_port_says_by_whom(void **state)
{
	struct udps u;
	int err = 0;
	char *why = NULL;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	struct addr at = loop4;
	at.port = u.port;
	assert_null(udp_socket_bind(u.loop, &at, false, on_bound, &u, &err, &why));
	assert_int_equal(err, UV_EADDRINUSE);
	assert_non_null(strstr(why, "/udp is held by "));
	assert_non_null(strstr(why, self_name()));
	mem_free(why);
	finish(&u);
	loop_run(u.loop);
	assert_int_equal(loop_free(u.loop), 0);
}

/* The first of two has the port it wants; the second wants the same, and is served all the same. */
static void a_port_that_is_wanted_is_had_if_it_is_free(void **state)
{
	struct udps u;
	int err = 0;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	connect_to(&u, loop4);
	struct addr first, again, to = loop4;
	first = udp_socket_local(u.near);
	udp_socket_close(u.near);
	to.port = u.port;
	u.near = udp_socket_connect(u.loop, &to, first.port, on_near, &u, &err);
	again = udp_socket_local(u.near);
	assert_int_equal(again.port, first.port);
	struct udp_socket *second = udp_socket_connect(u.loop, &to, first.port, NULL, NULL, &err);
	assert_non_null(second);
	again = udp_socket_local(second);
	assert_int_not_equal(again.port, first.port);
	udp_socket_close(second);
	u.until = 1;
	assert_int_equal(udp_socket_write(u.near, bytes, 9), 0);
	loop_run(u.loop);
	assert_int_equal(u.from.port, first.port);
	assert_int_equal(u.lengths[0], 9);
	assert_int_equal(loop_free(u.loop), 0);
}

static void close_at_once(struct udps *u)
{
	finish(u);
}

static void may_be_closed_inside_its_event(void **state)
{
	struct udps u;

	(void)state;
	begin(&u);
	bind_at(&u, &loop4);
	connect_to(&u, loop4);
	u.on_back = close_at_once;
	assert_int_equal(udp_socket_write(u.near, bytes, 5), 0);
	loop_run(u.loop);
	assert_int_equal(u.back, 1);
	udp_socket_close(NULL);
	assert_int_equal(loop_free(u.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lengths_are_whole),
	    cmocka_unit_test(the_answer_comes_from_the_address_that_was_asked),
	    cmocka_unit_test(nobody_listening_is_no_end),
	    cmocka_unit_test(an_old_refusal_costs_no_datagram),
	    cmocka_unit_test(a_held_port_says_by_whom),
	    cmocka_unit_test(a_port_that_is_wanted_is_had_if_it_is_free),
	    cmocka_unit_test(may_be_closed_inside_its_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
