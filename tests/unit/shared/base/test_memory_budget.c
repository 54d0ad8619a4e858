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

enum { MIB = 1024 * 1024 };

static void the_last_quarter_is_for_small_shares(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 16 * MIB};
	struct memory_budget_account one = {.whole = &whole};
	struct memory_budget greedy, small;
	memory_budget_init(&greedy, &one, SIZE_MAX);
	memory_budget_init(&small, &one, SIZE_MAX);
	assert_int_equal(memory_budget_left(&small), 12 * MIB);
	memory_budget_take(&greedy, 9 * MIB); /* three quarters of the account's share */
	assert_int_equal(memory_budget_left(&greedy), 0);
	assert_int_equal(memory_budget_left(&small), 3 * MIB);
	memory_budget_take(&small, MEMORY_BUDGET_SMALL);
	assert_int_equal(memory_budget_left(&small), 0);
	memory_budget_give(&greedy, 9 * MIB);
	memory_budget_give(&small, MEMORY_BUDGET_SMALL);
	assert_int_equal(atomic_load(&one.used), 0);
	assert_int_equal(atomic_load(&whole.used), 0);
	memory_budget_fini(&greedy);
	memory_budget_fini(&small);
	assert_int_equal(atomic_load(&whole.accounts), 0);
}

/* Twelve sessions of one account take all that they get; another account has a session. */
static void a_crowd_of_one_account_leaves_the_others_theirs(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 64 * MIB};
	struct memory_budget_account crowd = {.whole = &whole}, home = {.whole = &whole};
	struct memory_budget sessions[12], other;
	memory_budget_init(&other, &home, 16 * MIB);
	for (size_t i = 0; i < 12; i++)
		memory_budget_init(&sessions[i], &crowd, 16 * MIB);
	for (size_t i = 0; i < 12; i++)
		memory_budget_take(&sessions[i], memory_budget_left(&sessions[i]));
	assert_true(atomic_load(&crowd.used) <= 16 * MIB);
	assert_int_equal(memory_budget_left(&other), 16 * MIB);
	for (size_t i = 0; i < 12; i++)
		memory_budget_give(&sessions[i], sessions[i].used);
	for (size_t i = 0; i < 12; i++)
		memory_budget_fini(&sessions[i]);
	memory_budget_fini(&other);
	assert_int_equal(atomic_load(&whole.used), 0);
	assert_int_equal(atomic_load(&whole.accounts), 0);
}

static void who_grew_alone_grows_no_more_when_another_comes(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 64 * MIB};
	struct memory_budget_account first = {.whole = &whole}, second = {.whole = &whole};
	struct memory_budget a, b, late;
	memory_budget_init(&a, &first, SIZE_MAX);
	memory_budget_take(&a, 36 * MIB);
	memory_budget_init(&late, &first, SIZE_MAX);
	assert_int_equal(memory_budget_left(&late), 12 * MIB);
	memory_budget_take(&late, MEMORY_BUDGET_SMALL);
	memory_budget_take(&a, 12 * MIB);
	memory_budget_init(&b, &second, SIZE_MAX);
	assert_int_equal(memory_budget_left(&a), 0);
	assert_int_equal(memory_budget_left(&late), 0);
	assert_true(memory_budget_left(&b) > 12 * MIB); /* of the quarter that is kept */
	memory_budget_give(&a, 48 * MIB);
	memory_budget_give(&late, MEMORY_BUDGET_SMALL);
	memory_budget_fini(&b);
	assert_int_equal(memory_budget_left(&a), 48 * MIB);
	memory_budget_fini(&late);
	memory_budget_fini(&a);
}

/* They come one after the other, and each moves half of the way to its fair part at a time. */
static void busy_members_come_to_hold_equally_much(void **state)
{
	(void)state;
	enum { COUNT = 40, STEPS = 100 };
	struct memory_budget_whole whole = {.limit = 64 * MIB};
	struct memory_budget_account account = {.whole = &whole};
	struct memory_budget b[COUNT];
	for (size_t i = 0; i < COUNT; i++)
		memory_budget_init(&b[i], &account, 16 * MIB);
	for (size_t step = 0; step < COUNT * STEPS; step++) {
		for (size_t i = 0; i <= step / STEPS; i++) {
			size_t fair = memory_budget_fair(&b[i]);
			if (fair > b[i].used)
				memory_budget_take(&b[i], (fair - b[i].used) / 2);
			else
				memory_budget_give(&b[i], (b[i].used - fair) / 2);
		}
	}
	size_t part = account.used / COUNT;
	assert_in_range(account.used, 18 * MIB, 36 * MIB); /* three quarters of three quarters */
	for (size_t i = 0; i < COUNT; i++) {
		assert_in_range(b[i].used, part / 20 * 19, part / 20 * 21);
		memory_budget_give(&b[i], b[i].used);
		memory_budget_fini(&b[i]);
	}
}

/* The fair part does not jump where the last quarter begins. */
static void little_of_the_last_quarter_is_fair(void **state)
{
	(void)state;
	struct memory_budget_whole whole = {.limit = 16 * MIB};
	struct memory_budget_account account = {.whole = &whole};
	struct memory_budget greedy, b;
	memory_budget_init(&greedy, &account, SIZE_MAX);
	memory_budget_init(&b, &account, 4 * MIB);
	memory_budget_take(&greedy, 9 * MIB - MEMORY_BUDGET_SMALL);
	assert_int_equal(memory_budget_fair(&b), MEMORY_BUDGET_SMALL);
	memory_budget_take(&greedy, MIB / 2);
	assert_int_equal(memory_budget_fair(&b), MEMORY_BUDGET_SMALL);
	memory_budget_take(&greedy, MIB);
	assert_in_range(memory_budget_fair(&b), 1, MEMORY_BUDGET_SMALL);
	memory_budget_give(&greedy, greedy.used);
	memory_budget_fini(&greedy);
	memory_budget_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_share_ends_at_its_limit),
	    cmocka_unit_test(the_last_quarter_is_for_small_shares),
	    cmocka_unit_test(a_crowd_of_one_account_leaves_the_others_theirs),
	    cmocka_unit_test(who_grew_alone_grows_no_more_when_another_comes),
	    cmocka_unit_test(busy_members_come_to_hold_equally_much),
	    cmocka_unit_test(little_of_the_last_quarter_is_fair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
