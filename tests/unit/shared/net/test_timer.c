#include "tests/unit/shared/net/pair.h"

static struct loop *loop;
static int fired;

static void on_timer(void *owner)
{
	struct timer **t = owner;

	if (++fired == 3) {
		loop_stop(loop);
		timer_close(*t);
		*t = NULL;
	}
}

static void timer_again_and_again(void **state)
{
	struct timer *t;

	(void)state;
	fired = 0;
	loop = loop_new("test");
	t = timer_new(loop, on_timer, &t);
	assert_false(timer_is_set(t));
	timer_set_every(t, 1);
	assert_true(timer_is_set(t));
	loop_run(loop);
	assert_int_equal(fired, 3);
	assert_int_equal(loop_free(loop), 0);
}

static void on_never(void *owner)
{
	(void)owner;
	fail_msg("a stopped or closed timer fired");
}

static struct timer *last;

static void on_last(void *owner)
{
	(void)owner;
	timer_close(last);
	loop_stop(loop);
}

static void stopped_and_closed_timers_are_silent(void **state)
{
	struct timer *a, *b;

	(void)state;
	loop = loop_new("test");
	a = timer_new(loop, on_never, NULL);
	b = timer_new(loop, on_never, NULL);
	timer_set(a, 1);
	timer_stop(a);
	assert_false(timer_is_set(a));
	timer_set(b, 1);
	timer_close(b);
	timer_close(a);
	timer_close(NULL);
	last = timer_new(loop, on_last, NULL);
	timer_set(last, 20);
	loop_run(loop);
	assert_int_equal(loop_free(loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(timer_again_and_again),
	    cmocka_unit_test(stopped_and_closed_timers_are_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
