#include "shared/base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void every_byte_is_written(void **state)
{
	(void)state;
	uint8_t bytes[1000], ever[1000] = {0};
	for (unsigned round = 0; round < 20; round++) {
		memset(bytes, 0, sizeof(bytes));
		random_bytes(bytes, sizeof(bytes));
		for (size_t i = 0; i < sizeof(bytes); i++)
			ever[i] |= bytes[i];
	}
	for (size_t i = 0; i < sizeof(ever); i++)
		assert_int_not_equal(ever[i], 0);
	random_bytes(NULL, 0);
}

static void nothing_is_left_out_or_beyond(void **state)
{
	(void)state;
	unsigned seen[3] = {0};
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t n = random_below(3);
		assert_true(n < 3);
		seen[n]++;
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	assert_int_equal(random_below(1), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_true(random_below(0x80000001) <= 0x80000000);
}

static void two_draws_differ(void **state)
{
	(void)state;
	uint32_t first = random_u32(), others = 0;
	for (unsigned i = 0; i < 8; i++)
		others += random_u32() != first;
	assert_true(others > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_byte_is_written),
	    cmocka_unit_test(nothing_is_left_out_or_beyond),
	    cmocka_unit_test(two_draws_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
