#include "shared/base/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void waits_double_up_to_the_ceiling(void **state)
{
	(void)state;
	struct backoff b = {.base_ms = 1000, .max_ms = 60000};
	static const uint32_t ceilings[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		assert_int_equal(backoff_next(&b, 0, UINT32_MAX), ceilings[i]);
	assert_int_equal(b.tries, 8);
	backoff_reset(&b);
	assert_int_equal(backoff_next(&b, 0, UINT32_MAX), 1000);
}

static void the_wait_is_spread_from_the_floor(void **state)
{
	(void)state;
	struct backoff b = {.base_ms = 1000, .max_ms = 60000};
	assert_int_equal(backoff_next(&b, 0, 0), 0);
	assert_int_equal(backoff_next(&b, 500, 0), 500);
	b.tries = 0;
	uint32_t half = backoff_next(&b, 0, UINT32_C(1) << 31);
	assert_in_range(half, 499, 501);
	b.tries = 0;
	assert_int_equal(backoff_next(&b, 5000, UINT32_MAX), 5000);
}

static void endless_failures_do_not_wrap(void **state)
{
	(void)state;
	struct backoff b = {.base_ms = UINT32_MAX, .max_ms = UINT32_MAX};
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(backoff_next(&b, 0, UINT32_MAX), UINT32_MAX);
	b.tries = UINT32_MAX;
	assert_int_equal(backoff_next(&b, 0, UINT32_MAX), UINT32_MAX);
	assert_true(b.tries == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_double_up_to_the_ceiling),
	    cmocka_unit_test(the_wait_is_spread_from_the_floor),
	    cmocka_unit_test(endless_failures_do_not_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
