#include "shared/base/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_share_ends_at_its_limit(void **state)
{
	(void)state;
	struct budget b = {.limit = 1000};
	assert_int_equal(budget_left(&b), 1000);
	budget_take(&b, 400);
	assert_int_equal(budget_left(&b), 600);
	budget_take(&b, 700);
	assert_int_equal(budget_left(&b), 0);
	budget_give(&b, 1100);
	assert_int_equal(budget_left(&b), 1000);
}

static void the_last_quarter_is_for_small_shares(void **state)
{
	(void)state;
	struct budget_whole whole = {.limit = 4 * 1024 * 1024};
	struct budget greedy = {.whole = &whole, .limit = SIZE_MAX},
		      small = {.whole = &whole, .limit = SIZE_MAX};
	budget_take(&greedy, 3 * 1024 * 1024);
	assert_int_equal(budget_left(&greedy), 0);
	assert_int_equal(budget_left(&small), 1024 * 1024);
	budget_take(&small, BUDGET_SMALL);
	assert_int_equal(budget_left(&small), 0);
	budget_give(&greedy, 3 * 1024 * 1024);
	assert_int_equal(budget_left(&small), 3 * 1024 * 1024 - BUDGET_SMALL);
	budget_give(&small, BUDGET_SMALL);
	assert_int_equal(atomic_load(&whole.used), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_share_ends_at_its_limit),
	    cmocka_unit_test(the_last_quarter_is_for_small_shares),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
