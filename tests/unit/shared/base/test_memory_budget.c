#include "shared/base/memory_budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void a_share_ends_at_its_limit(void **state)
{
	(void)state;
	struct memory_budget b = {.limit = 1000};
	assert_int_equal(memory_budget_left(&b), 1000);
	memory_budget_take(&b, 400);
	assert_int_equal(memory_budget_left(&b), 600);
	memory_budget_take(&b, 700);
	assert_int_equal(memory_budget_left(&b), 0);
	memory_budget_give(&b, 1100);
	assert_int_equal(memory_budget_left(&b), 1000);
}

static void the_last_quarter_is_for_small_shares(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 4 * 1024 * 1024};
	struct memory_budget greedy = {.whole = &whole, .limit = SIZE_MAX},
			     small = {.whole = &whole, .limit = SIZE_MAX};
	memory_budget_take(&greedy, 3 * 1024 * 1024);
	assert_int_equal(memory_budget_left(&greedy), 0);
	assert_int_equal(memory_budget_left(&small), 1024 * 1024);
	memory_budget_take(&small, MEMORY_BUDGET_SMALL);
	assert_int_equal(memory_budget_left(&small), 0);
	memory_budget_give(&greedy, 3 * 1024 * 1024);
	assert_int_equal(memory_budget_left(&small), 3 * 1024 * 1024 - MEMORY_BUDGET_SMALL);
	memory_budget_give(&small, MEMORY_BUDGET_SMALL);
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
