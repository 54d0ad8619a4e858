#include "shared/http/minimum_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { SAVED_MS = 60000 };

static void who_says_nothing_falls_behind(void **state)
{
	(void)state;
	struct minimum_rate p;
	minimum_rate_init(&p, SAVED_MS, 1000);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 5000), 0);
	minimum_rate_wait(&p, true, 5000);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 5000), 0);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 5700), 700);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 65000), 60000);
}

static void a_byte_now_and_then_is_not_enough(void **state)
{
	(void)state;
	struct minimum_rate p;
	uint64_t now = 0;
	minimum_rate_init(&p, SAVED_MS, now);
	minimum_rate_wait(&p, true, now);
	for (unsigned i = 1; i <= 60; i++)
		minimum_rate_lag_ms(&p, i, now += 1000);
	assert_int_equal(minimum_rate_lag_ms(&p, 60, now), 60000 - 60 * 1000 / MINIMUM_RATE_RATE);
}

static void who_moves_is_never_behind(void **state)
{
	(void)state;
	struct minimum_rate p;
	uint64_t now = 0, bytes = 0;
	minimum_rate_init(&p, SAVED_MS, now);
	minimum_rate_wait(&p, true, now);
	for (int i = 0; i < 100; i++)
		assert_true(minimum_rate_lag_ms(&p, bytes += MINIMUM_RATE_RATE, now += 1000) <= 0);
}

static void what_was_moved_is_saved_for_a_pause_but_not_without_end(void **state)
{
	(void)state;
	struct minimum_rate p;
	minimum_rate_init(&p, SAVED_MS, 0);
	minimum_rate_wait(&p, true, 0);
	assert_int_equal(minimum_rate_lag_ms(&p, 1000 * MINIMUM_RATE_RATE, 1000), -SAVED_MS);
	assert_int_equal(minimum_rate_lag_ms(&p, 1000 * MINIMUM_RATE_RATE, 1000 + SAVED_MS), 0);
	assert_int_equal(minimum_rate_lag_ms(&p, 1000 * MINIMUM_RATE_RATE, 2000 + SAVED_MS), 1000);
}

static void only_waiting_counts(void **state)
{
	(void)state;
	struct minimum_rate p;
	minimum_rate_init(&p, SAVED_MS, 0);
	minimum_rate_wait(&p, true, 0);
	minimum_rate_wait(&p, false, 300);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 100000), 0);
	minimum_rate_wait(&p, true, 200000);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 200400), 700);
}

static void a_new_request_begins_with_a_clean_slate(void **state)
{
	(void)state;
	struct minimum_rate p;
	minimum_rate_init(&p, SAVED_MS, 0);
	minimum_rate_wait(&p, true, 0);
	minimum_rate_pardon(&p, 60000);
	assert_int_equal(minimum_rate_lag_ms(&p, 0, 60500), 500);
	assert_int_equal(minimum_rate_lag_ms(&p, 3 * MINIMUM_RATE_RATE, 60500), -2500);
	minimum_rate_pardon(&p, 60500);
	assert_int_equal(minimum_rate_lag_ms(&p, 3 * MINIMUM_RATE_RATE, 60500), -2500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_says_nothing_falls_behind),
	    cmocka_unit_test(a_byte_now_and_then_is_not_enough),
	    cmocka_unit_test(who_moves_is_never_behind),
	    cmocka_unit_test(what_was_moved_is_saved_for_a_pause_but_not_without_end),
	    cmocka_unit_test(only_waiting_counts),
	    cmocka_unit_test(a_new_request_begins_with_a_clean_slate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
