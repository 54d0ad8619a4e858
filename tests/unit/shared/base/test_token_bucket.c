#include "shared/base/token_bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void starts_full_and_fills_exactly(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 3, 10, 1000);
	assert_int_equal(token_bucket_room(&b, 1000), 10);
	token_bucket_take(&b, 10);
	assert_int_equal(token_bucket_room(&b, 1000), 0);
	assert_int_equal(token_bucket_room(&b, 1333), 0);
	assert_int_equal(token_bucket_room(&b, 1334), 1);
	assert_int_equal(token_bucket_room(&b, 2000), 3);
	assert_int_equal(token_bucket_room(&b, 4333), 9);
	assert_int_equal(token_bucket_room(&b, 4334), 10);
	assert_int_equal(token_bucket_room(&b, UINT64_MAX), 10);
}

static void rate_holds_however_often_it_is_asked(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init_bandwidth(&b, 20000000, 0);
	uint64_t moved = 0;
	token_bucket_take(&b, token_bucket_room(&b, 0));
	for (uint64_t now = 1; now <= 10000; now += 1 + now % 7) {
		uint64_t room = token_bucket_room(&b, now);
		token_bucket_take(&b, room);
		moved += room;
	}
	assert_in_range(moved, 2500000 * 10 - 25000, 2500000 * 10);
}

static void debt_is_paid_first(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 1000, 100, 0);
	token_bucket_take(&b, 600);
	assert_int_equal(token_bucket_room(&b, 400), 0);
	assert_int_equal(token_bucket_wait_ms(&b, 1, 400), 101);
	assert_int_equal(token_bucket_room(&b, 501), 1);
	assert_false(token_bucket_try(&b, 2, 501));
	assert_true(token_bucket_try(&b, 2, 502));
	for (int i = 0; i < 100; i++)
		token_bucket_take(&b, UINT64_MAX);
	assert_int_equal(token_bucket_room(&b, 1000), 0);
}

static void wait_is_no_longer_than_the_burst_takes(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 1000, 100, 0);
	token_bucket_take(&b, 100);
	assert_int_equal(token_bucket_wait_ms(&b, 50, 0), 50);
	assert_int_equal(token_bucket_wait_ms(&b, 5000, 0), 100);
	assert_int_equal(token_bucket_wait_ms(&b, 5000, 100), 0);
	assert_int_equal(token_bucket_piece(&b), 51);
}

static void after_the_wait_there_is_room(void **state)
{
	(void)state;
	static const uint64_t rates[] = {1, 3, 7, 999, 1000, 1001, 12500000};
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		struct token_bucket b;
		uint64_t now = 5;
		token_bucket_init(&b, rates[i], 17, now);
		for (int round = 0; round < 50; round++) {
			token_bucket_take(&b, (uint64_t)round % 17 + 1);
			uint64_t want = (uint64_t)round * 5 % 17 + 1,
				 wait = token_bucket_wait_ms(&b, want, now);
			if (wait)
				assert_true(token_bucket_room(&b, now + wait - 1) < want);
			now += wait;
			assert_true(token_bucket_room(&b, now) >= want);
		}
	}
}

static void no_rate_is_no_limit(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init_bandwidth(&b, 0, 0);
	token_bucket_take(&b, 1u << 30);
	assert_true(token_bucket_room(&b, 0) == UINT64_MAX);
	assert_int_equal(token_bucket_wait_ms(&b, 1000, 0), 0);
	assert_true(token_bucket_try(&b, UINT64_MAX, 0));
}

static void changing_keeps_what_is_owed(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 10, 100, 0);
	token_bucket_take(&b, 120);
	token_bucket_change(&b, 1000, 50, 1000);
	assert_int_equal(token_bucket_wait_ms(&b, 1, 1000), 11);
	assert_int_equal(token_bucket_room(&b, 2000), 50);
	token_bucket_change(&b, 0, 0, 2000);
	assert_true(token_bucket_room(&b, 2000) == UINT64_MAX);
	token_bucket_change_bandwidth(&b, 8000000, 3000);
	assert_int_equal(token_bucket_room(&b, 3000), 50000);
	token_bucket_change_bandwidth(&b, 1, 3000);
	assert_int_equal(b.rate, 1);
	assert_int_equal(token_bucket_room(&b, 3000), TOKEN_BUCKET_BANDWIDTH_MIN);
}

static void time_that_runs_backwards_gives_nothing(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 1000, 10, 1000);
	token_bucket_take(&b, 10);
	assert_int_equal(token_bucket_room(&b, 500), 0);
	assert_int_equal(token_bucket_room(&b, 1005), 5);
}

static void what_is_given_back_never_overflows(void **state)
{
	(void)state;
	struct token_bucket b;
	token_bucket_init(&b, 1, 10, 0);
	token_bucket_take(&b, 14);
	token_bucket_give(&b, 5, 0);
	assert_int_equal(token_bucket_room(&b, 0), 1);
	token_bucket_give(&b, 9, 0);
	assert_int_equal(token_bucket_room(&b, 0), 10);
	token_bucket_give(&b, UINT64_MAX, 0);
	assert_int_equal(token_bucket_room(&b, 0), 10);
	token_bucket_init(&b, 0, 10, 0);
	token_bucket_give(&b, 3, 0);
	assert_true(token_bucket_room(&b, 0) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starts_full_and_fills_exactly),
	    cmocka_unit_test(rate_holds_however_often_it_is_asked),
	    cmocka_unit_test(debt_is_paid_first),
	    cmocka_unit_test(wait_is_no_longer_than_the_burst_takes),
	    cmocka_unit_test(after_the_wait_there_is_room),
	    cmocka_unit_test(no_rate_is_no_limit),
	    cmocka_unit_test(changing_keeps_what_is_owed),
	    cmocka_unit_test(what_is_given_back_never_overflows),
	    cmocka_unit_test(time_that_runs_backwards_gives_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
