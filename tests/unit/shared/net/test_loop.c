#include "tests/unit/shared/net/pair.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static char order[64];

static void note(void *arg)
{
	size_t len = strlen(order);

	assert_true(len < sizeof(order) - 1);
	order[len] = *(const char *)arg;
	order[len + 1] = '\0';
}

static void stop(void *arg)
{
	loop_stop(arg);
}

static void posts_run_in_order(void **state)
{
	struct loop *l = loop_new("test");

	(void)state;
	order[0] = '\0';
	assert_true(loop_post(l, note, "a"));
	assert_true(loop_post(l, note, "b"));
	assert_true(loop_post(l, note, "c"));
	assert_true(loop_post(l, stop, l));
	loop_run(l);
	assert_string_equal(order, "abc");
	assert_int_equal(loop_free(l), 0);
}

static void post_after_stop_runs_and_after_the_end_is_refused(void **state)
{
	struct loop *l = loop_new("test");

	(void)state;
	order[0] = '\0';
	loop_stop(l);
	assert_true(loop_post(l, note, "a"));
	loop_run(l);
	assert_string_equal(order, "a");
	assert_false(loop_post(l, note, "b"));
	loop_stop(l); /* does no harm */
	assert_int_equal(loop_free(l), 0);
	assert_string_equal(order, "a");
}

static void loop_that_never_ran(void **state)
{
	struct loop *l = loop_new("test");

	(void)state;
	order[0] = '\0';
	loop_post(l, note, "a");
	timer_close(timer_new(l, note, "x"));
	assert_int_equal(loop_free(l), 0);
	assert_string_equal(order, "a");
	assert_int_equal(loop_free(NULL), 0);
}

/* Tasks */

struct three {
	struct loop *loop;
	struct task a, b, c;
	int again;
};

static struct three three;

static void on_a(void *arg)
{
	(void)arg;
	note("a");
	task_cancel(&three.b);
	task_mark(three.loop, &three.c); /* marked already */
}

static void on_b(void *arg)
{
	(void)arg;
	note("b");
}

static void on_c(void *arg)
{
	(void)arg;
	note("c");
	if (three.again-- > 0)
		task_mark(three.loop, &three.c); /* the next turn comes without an event */
	else
		loop_stop(three.loop);
}

static void mark_all(void *arg)
{
	(void)arg;
	task_mark(three.loop, &three.a);
	task_mark(three.loop, &three.b);
	task_mark(three.loop, &three.c);
	task_mark(three.loop, &three.a);
}

static void tasks_run_once_in_order_unless_cancelled(void **state)
{
	(void)state;
	order[0] = '\0';
	three.loop = loop_new("test");
	three.again = 3;
	task_init(&three.a, on_a, NULL);
	task_init(&three.b, on_b, NULL);
	task_init(&three.c, on_c, NULL);
	loop_post(three.loop, mark_all, NULL);
	loop_run(three.loop);
	assert_string_equal(order, "acccc");
	assert_int_equal(loop_free(three.loop), 0);
}

static struct timer *pause_timer;

static void on_pause_over(void *owner)
{
	(void)owner;
	timer_close(pause_timer);
	loop_stop(three.loop);
}

static void cancelled_task_leaves_the_loop_at_rest(void **state)
{
	(void)state;
	three.loop = loop_new("test");
	task_init(&three.a, on_a, NULL);
	task_mark(three.loop, &three.a);
	task_cancel(&three.a);
	task_cancel(&three.a);
	pause_timer = timer_new(three.loop, on_pause_over, NULL);
	timer_set(pause_timer, 50);
	loop_run(three.loop);
	assert_true(loop_turns(three.loop) < 20);
	assert_int_equal(loop_free(three.loop), 0);
}

/* A timer's task is not kept waiting until the next event, which is far away. */
static struct timer *soon, *late;

static void on_soon(void *arg)
{
	(void)arg;
	note("s");
	task_mark(three.loop, &three.a);
}

static void on_late(void *arg)
{
	(void)arg;
	note("l");
	timer_close(soon);
	timer_close(late);
	loop_stop(three.loop);
}

static void end_late(void *arg)
{
	note("t");
	timer_set(late, 0);
	(void)arg;
}

static void burn_until_soon(void *arg)
{
	uint64_t until = loop_clock_ms() + 5;

	(void)arg;
	while (loop_clock_ms() < until)
		;
}

static void task_of_a_timer_does_not_wait(void **state)
{
	(void)state;
	order[0] = '\0';
	three.loop = loop_new("test");
	task_init(&three.a, end_late, NULL);
	task_init(&three.b, burn_until_soon, NULL);
	soon = timer_new(three.loop, on_soon, NULL);
	late = timer_new(three.loop, on_late, NULL);
	timer_set(soon, 2);
	timer_set(late, 1000000);
	task_mark(three.loop, &three.b); /* soon is due when the next turn begins */
	alarm(self_patience(30));
	loop_run(three.loop);
	alarm(0);
	assert_string_equal(order, "stl");
	assert_int_equal(loop_free(three.loop), 0);
}

static void close_io(void *arg)
{
	io_close(arg);
}

/* Nothing stays behind of what a task closes while a loop that never ran is freed. */
static void closed_by_a_task_of_a_loop_that_never_ran(void **state)
{
	struct loop *l = loop_new("test");
	struct io *io = io_take(l, socket(AF_INET, SOCK_STREAM, 0), NULL, NULL, NULL, NULL);
	struct task closing;

	(void)state;
	task_init(&closing, close_io, io);
	task_mark(l, &closing);
	assert_int_equal(loop_free(l), 0);
}

/* Threads */

enum { POSTERS = 4, POSTS = 5000 };

static unsigned counted;

static void count(void *arg)
{
	(void)arg;
	counted++; /* on the loop's thread only */
}

static void *post_many(void *arg)
{
	for (int i = 0; i < POSTS; i++)
		assert_true(loop_post(arg, count, NULL));
	return NULL;
}

static void posts_from_many_threads(void **state)
{
	struct loop *l = loop_new("test");
	pthread_t threads[POSTERS];

	(void)state;
	counted = 0;
	assert_int_equal(loop_start(l), 0);
	for (int i = 0; i < POSTERS; i++)
		pthread_create(&threads[i], NULL, post_many, l);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	loop_stop(l);
	assert_int_equal(loop_join(l), 0);
	assert_int_equal(counted, POSTERS * POSTS);
	assert_int_equal(loop_free(l), 0);
}

struct job {
	struct loop *loop;
	uint64_t worker, done_on;
};

static void work(void *arg)
{
	((struct job *)arg)->worker = (uint64_t)pthread_self();
}

static void done(void *arg)
{
	struct job *j = arg;

	j->done_on = (uint64_t)pthread_self();
}

static void work_is_done_elsewhere_and_told_here(void **state)
{
	struct job j = {.loop = loop_new("test")};

	(void)state;
	loop_work(j.loop, work, done, &j);
	loop_stop(j.loop); /* the loop waits for it */
	loop_run(j.loop);
	assert_int_equal(j.done_on, (uint64_t)pthread_self());
	assert_int_not_equal(j.worker, 0);
	assert_int_not_equal(j.worker, j.done_on);
	assert_int_equal(loop_free(j.loop), 0);
}

struct edits {
	struct loop *loop;
	atomic_bool may_go;
	atomic_uint at_once;
	unsigned done;
};

/* As an edit that waits for the lock of another program. */
static void edit(void *arg)
{
	struct edits *e = arg;
	const struct timespec pause = {.tv_nsec = 1000000};
	assert_int_equal(atomic_fetch_add(&e->at_once, 1), 0);
	while (!atomic_load(&e->may_go))
		nanosleep(&pause, NULL);
	atomic_fetch_sub(&e->at_once, 1);
}

static void edited(void *arg)
{
	struct edits *e = arg;
	if (++e->done == 16)
		loop_stop(e->loop);
}

static void no_work(void *arg)
{
	(void)arg;
}

static void let_go(void *arg)
{
	struct edits *e = arg;
	assert_int_equal(e->done, 0);
	atomic_store(&e->may_go, true);
}

static void edits_that_wait_leave_the_pool_to_others(void **state)
{
	struct edits e = {.loop = loop_new("test")};

	(void)state;
	for (int i = 0; i < 16; i++)
		loop_edit(e.loop, edit, edited, &e);
	loop_work(e.loop, no_work, let_go, &e);
	loop_run(e.loop);
	assert_int_equal(e.done, 16);
	assert_int_equal(loop_free(e.loop), 0);
}

/* In a child, since a loop that was left behind is never given back. It is kept where leak checkers
 * see it. */
static void a_leak_is_told(void **state)
{
	static uv_timer_t leaked; /* never closed */
	static struct loop *left;
	int status;
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		struct loop *l = left = loop_new("test");

		uv_timer_init(loop_uv(l), &leaked);
		loop_stop(l);
		loop_run(l);
		_exit(loop_free(l) == UV_EBUSY ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void burn(void *arg)
{
	uint64_t *used_us = arg;
	struct timespec begun, now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
		*used_us = (uint64_t)(now.tv_sec - begun.tv_sec) * 1000000 +
			   (uint64_t)((now.tv_nsec - begun.tv_nsec) / 1000);
	} while (*used_us < 20000);
}

static void the_inbox_is_worked_off_by_slices(void **state)
{
	struct loop *l = loop_new("test");
	uint64_t used_us;

	(void)state;
	order[0] = '\0';
	for (const char *p = "abc"; *p; p++) {
		assert_true(loop_post(l, burn, &used_us));
		assert_true(loop_post(l, note, (void *)(uintptr_t)p));
	}
	loop_turn(l);
	assert_string_equal(order, ""); /* the first was more than a slice */
	assert_true(loop_post(l, note, "d"));
	assert_true(loop_post(l, stop, l));
	loop_run(l);
	assert_string_equal(order, "abcd");
	assert_int_equal(loop_free(l), 0);
}

static void a_turn_takes_few_toils(void **state)
{
	struct loop *l = loop_new("test");

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 4; i++)
			assert_true(loop_may_toil(l, false));
		for (int i = 0; i < 10; i++)
			assert_false(loop_may_toil(l, false));
		for (int i = 0; i < 8; i++) /* what has begun does not wait for those */
			assert_true(loop_may_toil(l, true));
		for (int i = 0; i < 10; i++)
			assert_false(loop_may_toil(l, true));
		loop_post(l, note, "x"); /* or it would wait */
		loop_turn(l);
	}
	assert_int_equal(loop_free(l), 0);
}

static void the_longest_turn_is_measured(void **state)
{
	struct loop *l = loop_new("test");
	uint64_t used_us = 0;

	(void)state;
	assert_int_equal(loop_longest_turn_us(l), 0);
	assert_true(loop_post(l, burn, &used_us));
	assert_true(loop_post(l, stop, l));
	loop_run(l);
	assert_true(loop_longest_turn_us(l) >= used_us);
	assert_int_equal(loop_free(l), 0);
}

static struct task toil;

static void toil_a_turn(void *arg)
{
	struct loop *l = arg;
	burn_until_soon(NULL);
	if (loop_turn_us(l) <= 2000)
		task_mark(l, &toil);
}

static void waited(void *arg)
{
	*(bool *)arg = true;
}

/* Waiting is no turn. */
static void the_usual_turn_is_long_on_a_busy_loop(void **state)
{
	struct loop *l = loop_new("test");
	bool has_waited = false;
	struct timer *wait = timer_new(l, waited, &has_waited);
	uint64_t busy_us;

	(void)state;
	task_init(&toil, toil_a_turn, l);
	task_mark(l, &toil);
	alarm(self_patience(30));
	while (loop_turn_us(l) <= 2000)
		loop_turn(l);
	busy_us = loop_turn_us(l);
	do {
		has_waited = false;
		timer_set(wait, 100);
		while (!has_waited)
			loop_turn(l);
	} while (loop_turn_us(l) > busy_us / 4);
	alarm(0);
	timer_close(wait);
	assert_int_equal(loop_free(l), 0);
}

/* The clock that a sleeping machine does not stop is never behind the other. */
static void clocks_go_forward(void **state)
{
	uint64_t clock = loop_clock_ms(), boot = loop_boot_ms();

	(void)state;
	assert_true(boot >= clock && loop_boot_ms() >= boot && loop_wall_ms() > boot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clocks_go_forward),
	    cmocka_unit_test(posts_run_in_order),
	    cmocka_unit_test(post_after_stop_runs_and_after_the_end_is_refused),
	    cmocka_unit_test(the_inbox_is_worked_off_by_slices),
	    cmocka_unit_test(loop_that_never_ran),
	    cmocka_unit_test(tasks_run_once_in_order_unless_cancelled),
	    cmocka_unit_test(cancelled_task_leaves_the_loop_at_rest),
	    cmocka_unit_test(task_of_a_timer_does_not_wait),
	    cmocka_unit_test(closed_by_a_task_of_a_loop_that_never_ran),
	    cmocka_unit_test(posts_from_many_threads),
	    cmocka_unit_test(work_is_done_elsewhere_and_told_here),
	    cmocka_unit_test(edits_that_wait_leave_the_pool_to_others),
	    cmocka_unit_test(a_leak_is_told),
	    cmocka_unit_test(a_turn_takes_few_toils),
	    cmocka_unit_test(the_longest_turn_is_measured),
	    cmocka_unit_test(the_usual_turn_is_long_on_a_busy_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
