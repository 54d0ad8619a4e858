#include "tests/unit/shared/net/pair.h"

#include "shared/net/poller.h"

#include <errno.h>
#include <sys/socket.h>

/* One end of a pair of sockets is watched; each step happens at the far end, and what the watch
 * knows then is compared. */
struct spot {
	struct loop *loop;
	struct poller w;
	int near, far;
	unsigned looks;
};

static void on_look(struct poller *w)
{
	LIST_ENTRY(w, struct spot, w)->looks++;
}

/* A connected pair over loopback: near is the dialling end. */
static void connect_pair(int *near, int *far)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int door = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(door, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(door, 1), 0);
	assert_int_equal(getsockname(door, (struct sockaddr *)&at, &len), 0);
	*near = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(*near, (struct sockaddr *)&at, sizeof(at)), 0);
	*far = accept(door, NULL, NULL);
	assert_true(*far >= 0);
	close(door);
}

static void begin(struct spot *s, unsigned what)
{
	*s = (struct spot){.loop = loop_new("test")};
	connect_pair(&s->near, &s->far);
	poller_init(&s->w, loop_pollers(s->loop), on_look);
	assert_int_equal(poller_open(&s->w, s->near, what), 0);
}

static void end(struct spot *s)
{
	poller_close(&s->w);
	close(s->near);
	close(s->far);
	loop_stop(s->loop);
	loop_run(s->loop);
	assert_int_equal(loop_free(s->loop), 0);
}

/* Turns until a look has come; one that never comes is stopped by the alarm. */
static void wait_look(struct spot *s)
{
	s->looks = 0;
	alarm(self_patience(30));
	while (s->looks == 0)
		loop_turn(s->loop);
	alarm(0);
}

static void nothing(void *arg)
{
	(void)arg;
}

/* Whatever is on its way through loopback has arrived, and yet nobody is looked at. */
static void expect_no_look(struct spot *s)
{
	s->looks = 0;
	for (int i = 0; i < 10; i++) {
		loop_post(s->loop, nothing, NULL); /* or the turn would wait */
		loop_turn(s->loop);
	}
	assert_int_equal(s->looks, 0);
}

static void read_some(struct spot *s, ssize_t expected)
{
	char p[100];

	assert_int_equal(recv(s->near, p, sizeof(p), MSG_DONTWAIT), expected);
	poller_short(&s->w);
}

static void told_once_and_again_when_there_is_more(void **state)
{
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	expect_no_look(&s);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	wait_look(&s);
	assert_int_equal(s.w.ready, POLLER_READ);
	expect_no_look(&s); /* what is left unread is not told again … */
	poller_due(&s.w);   /* … but to who asks */
	wait_look(&s);
	read_some(&s, 3);
	assert_int_equal(s.w.ready, 0);
	assert_int_equal(send(s.far, "d", 1, 0), 1);
	wait_look(&s);
	assert_int_equal(s.w.ready, POLLER_READ);
	end(&s);
}

/* Bytes and the end come in one event: a read that fell short has not seen the end, and no second
 * event comes. */
static void an_end_that_came_along_is_not_lost(void **state)
{
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	assert_int_equal(shutdown(s.far, SHUT_WR), 0);
	wait_look(&s);
	while (!s.w.ended)
		wait_look(&s);
	read_some(&s, 3);
	assert_int_equal(s.w.ready, POLLER_READ);
	read_some(&s, 0);
	end(&s);
}

/* Reading stops before an urgent byte: nothing comes after that would tell of it. */
static void what_is_behind_an_urgent_byte_is_not_lost(void **state)
{
	const int on = 1;
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	assert_int_equal(setsockopt(s.near, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	assert_int_equal(send(s.far, "!", 1, MSG_OOB), 1);
	assert_int_equal(send(s.far, "def", 3, 0), 3);
	wait_look(&s);
	while (!s.w.urgent)
		wait_look(&s);
	read_some(&s, 3);
	assert_true(s.w.ready & POLLER_READ);
	read_some(&s, 4);
	assert_int_equal(recv(s.near, (char[1]){0}, 1, MSG_DONTWAIT), -1);
	poller_drained(&s.w, POLLER_READ);
	assert_false(s.w.ready & POLLER_READ);
	expect_no_look(&s);
	end(&s);
}

static void an_end_that_comes_later_is_told(void **state)
{
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	wait_look(&s);
	read_some(&s, 3);
	assert_int_equal(shutdown(s.far, SHUT_WR), 0);
	wait_look(&s);
	assert_true(s.w.ended);
	read_some(&s, 0);
	end(&s);
}

static void a_reset_is_told_to_who_has_unread_bytes(void **state)
{
	struct linger at_once = {.l_onoff = 1};
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	wait_look(&s);
	assert_int_equal(setsockopt(s.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	close(s.far);
	s.far = -1;
	wait_look(&s);
	assert_true(s.w.ready & POLLER_FAULT);
	end(&s);
}

static void room_is_told_when_the_peer_has_read(void **state)
{
	static char block[1 << 16];
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ | POLLER_WRITE);
	wait_look(&s);
	assert_int_equal(s.w.ready, POLLER_WRITE);
	while (send(s.near, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
	poller_drained(&s.w, POLLER_WRITE);
	assert_int_equal(s.w.ready, 0);
	while (!(s.w.ready & POLLER_WRITE)) {
		while (recv(s.far, block, sizeof(block), MSG_DONTWAIT) > 0)
			;
		loop_post(s.loop, nothing, NULL);
		loop_turn(s.loop);
	}
	end(&s);
}

/* Closed in the turn in which it became ready: no look any more, not even when its owner asks for
 * one. */
static struct spot two[2];

static void look_closes_the_other(struct poller *w)
{
	struct spot *s = LIST_ENTRY(w, struct spot, w);
	struct spot *other = s == &two[0] ? &two[1] : &two[0];

	s->looks++;
	poller_close(&other->w);
	poller_due(&other->w);
}

static void closed_by_anothers_look(void **state)
{
	(void)state;
	begin(&two[0], POLLER_WRITE);
	two[0].w.look = look_closes_the_other;
	two[1].looks = 0;
	connect_pair(&two[1].near, &two[1].far);
	poller_init(&two[1].w, loop_pollers(two[0].loop), look_closes_the_other);
	assert_int_equal(poller_open(&two[1].w, two[1].near, POLLER_WRITE), 0);
	for (int i = 0; i < 3; i++) { /* both are writable, and the first turn finds both */
		loop_post(two[0].loop, nothing, NULL);
		loop_turn(two[0].loop);
	}
	assert_int_equal(two[0].looks + two[1].looks, 1);
	close(two[1].near);
	close(two[1].far);
	end(&two[0]);
}

/* Asked for in a look it comes in the next turn: two that ask for ever do not keep the tasks
 * waiting. */
static void look_again(struct poller *w)
{
	on_look(w);
	poller_due(w);
}

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static void looks_leave_room_for_tasks(void **state)
{
	unsigned tasks = 0;
	struct task task;
	struct spot s;

	(void)state;
	begin(&s, POLLER_READ);
	s.w.look = look_again;
	poller_due(&s.w);
	task_init(&task, count, &tasks);
	for (int i = 0; i < 5; i++) {
		task_mark(s.loop, &task);
		loop_turn(s.loop); /* does not wait */
	}
	assert_int_equal(tasks, 5);
	assert_int_equal(s.looks, 5);
	end(&s);
}

static void left_behind_lives_on_elsewhere(void **state)
{
	struct spot s, heir = {0};

	(void)state;
	begin(&s, POLLER_READ);
	poller_leave(&s.w);
	heir.loop = loop_new("heir");
	poller_init(&heir.w, loop_pollers(heir.loop), on_look);
	assert_int_equal(poller_open(&heir.w, s.near, POLLER_READ), 0);
	assert_int_equal(send(s.far, "abc", 3, 0), 3);
	wait_look(&heir);
	assert_int_equal(heir.w.ready, POLLER_READ);
	expect_no_look(&s);
	poller_leave(&heir.w);
	loop_stop(heir.loop);
	loop_run(heir.loop);
	assert_int_equal(loop_free(heir.loop), 0);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(told_once_and_again_when_there_is_more),
	    cmocka_unit_test(an_end_that_came_along_is_not_lost),
	    cmocka_unit_test(what_is_behind_an_urgent_byte_is_not_lost),
	    cmocka_unit_test(an_end_that_comes_later_is_told),
	    cmocka_unit_test(a_reset_is_told_to_who_has_unread_bytes),
	    cmocka_unit_test(room_is_told_when_the_peer_has_read),
	    cmocka_unit_test(closed_by_anothers_look),
	    cmocka_unit_test(looks_leave_room_for_tasks),
	    cmocka_unit_test(left_behind_lives_on_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
