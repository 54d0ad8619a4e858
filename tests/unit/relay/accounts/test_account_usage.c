#include "relay/accounts/account_usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>
#include <cmocka.h>

static void declares_over_the_rate_wait_their_turn(void **state)
{
	(void)state;
	enum { RATE = 5, AT_ONCE = 6 * RATE, NOW = 1000000 };
	struct account_usage *u = account_usage_new(0, NULL);
	for (int i = 0; i <= AT_ONCE; i++)
		assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW), 0);
	assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW), 201);
	/* asking costs nothing */
	assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW + 100), 101);
	assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW + 200), 0);
	assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW + 200), 201);
	/* another rate holds at once; idle time saves no more than the burst */
	assert_int_equal(account_usage_declare_wait_ms(u, 1, NOW + 400), 0);
	assert_int_equal(account_usage_declare_wait_ms(u, 1, NOW + 400), 1001);
	for (int i = 0; i <= AT_ONCE; i++)
		assert_int_equal(account_usage_declare_wait_ms(u, RATE, NOW + 3600000), 0);
	assert_int_not_equal(account_usage_declare_wait_ms(u, RATE, NOW + 3600000), 0);
	account_usage_unref(u);
}

struct burst {
	struct account_usage *usage;
	atomic_uint taken;
};

static void take_some(void *arg)
{
	struct burst *b = arg;
	for (int i = 0; i < 1000; i++)
		if (!account_usage_declare_wait_ms(b->usage, 5, 1000))
			atomic_fetch_add(&b->taken, 1);
}

static void loops_share_it(void **state)
{
	(void)state;
	struct burst b = {.usage = account_usage_new(0, NULL)};
	uv_thread_t threads[2];
	for (int i = 0; i < 2; i++)
		assert_int_equal(uv_thread_create(&threads[i], take_some, &b), 0);
	take_some(&b);
	for (int i = 0; i < 2; i++)
		uv_thread_join(&threads[i]);
	assert_int_equal(atomic_load(&b.taken), 31);
	account_usage_unref(b.usage);
}

static void lines_of_the_log_are_bounded_and_none_is_forgotten(void **state)
{
	(void)state;
	enum { NOW = 600000, MORE = 500 };
	struct account_usage *u = account_usage_new(0, NULL);
	unsigned told = 0, left_out;
	for (int i = 0; i < ACCOUNT_USAGE_LINES + MORE; i++) {
		told += account_usage_may_log(u, NOW + (uint64_t)i, &left_out);
		assert_int_equal(left_out, 0);
	}
	assert_int_equal(told, ACCOUNT_USAGE_LINES);
	assert_true(account_usage_may_log(u, NOW + 60000, &left_out));
	assert_int_equal(left_out, MORE);
	assert_true(account_usage_may_log(u, NOW + 60001, &left_out));
	assert_int_equal(left_out, 0);
	account_usage_unref(u);
}

static void the_log_is_told_once_a_minute(void **state)
{
	(void)state;
	struct account_usage *u = account_usage_new(0, NULL);
	assert_true(account_usage_is_news(u, 0));
	assert_false(account_usage_is_news(u, 1000));
	assert_false(account_usage_is_news(u, 60000));
	assert_true(account_usage_is_news(u, 60001));
	assert_false(account_usage_is_news(u, 60002));
	account_usage_unref(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(declares_over_the_rate_wait_their_turn),
	    cmocka_unit_test(loops_share_it),
	    cmocka_unit_test(the_log_is_told_once_a_minute),
	    cmocka_unit_test(lines_of_the_log_are_bounded_and_none_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
