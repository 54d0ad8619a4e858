/* When a transfer is to begin with bbr started anew, and when not. */
#include "shared/net/bbr_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MB = 1000 * 1000 };

static struct bbr_memory memory;
static uint64_t now_ms = 1000;

/* A transfer begins, after a rest. */
static bool begin(uint64_t rate, bool starts)
{
	now_ms += 1000;
	assert_true(bbr_memory_rested(&memory, now_ms));
	return bbr_memory_begin(&memory, &(struct bbr_estimate){rate, starts}, now_ms);
}

/* It goes on. */
static void fill(uint64_t rate, bool starts, unsigned ms)
{
	for (unsigned gone = 0; gone < ms; gone += 50) {
		now_ms += 50;
		assert_false(bbr_memory_rested(&memory, now_ms));
		bbr_memory_full(&memory, &(struct bbr_estimate){rate, starts}, now_ms);
	}
}

static void a_fresh_link_begins_with_a_start(void **state)
{
	(void)state;
	bbr_memory_init(&memory);
	assert_true(bbr_memory_rested(&memory, 0));
	assert_false(begin(14480, true));
	/* a lost packet among the first few has ended it */
	bbr_memory_init(&memory);
	assert_true(begin(14480, false));
}

static void what_was_forgotten_is_noticed(void **state)
{
	(void)state;
	bbr_memory_init(&memory);
	begin(1 * MB, true);
	fill(8 * MB, true, 200);
	fill(12 * MB, false, 1000);
	assert_false(begin(12 * MB, false));
	assert_false(begin(4 * MB, false));
	assert_true(begin(54 * 1000, false));
	/* it does so already */
	assert_false(begin(54 * 1000, true));
	/* and what it finds on its way up says nothing of the path */
	fill(200 * 1000, true, 3000);
	assert_true(begin(54 * 1000, false));
}

/* A path that has become slower is known for that when a transfer has been on it long enough. */
static void a_slower_path_is_believed(void **state)
{
	(void)state;
	bbr_memory_init(&memory);
	begin(1 * MB, true);
	fill(12 * MB, false, 1000);
	begin(4 * MB, false);
	fill(1 * MB, false, 9000);
	assert_true(begin(1 * MB, false));
	/* a start looks for all that there is: what it ends with is the truth at once */
	fill(1 * MB, true, 100);
	fill(1 * MB, false, 50);
	assert_false(begin(1 * MB, false));
	assert_false(begin(300 * 1000, false));
	assert_true(begin(200 * 1000, false));
	fill(12 * MB, false, 50);
	assert_false(begin(4 * MB, false));
	fill(1 * MB, false, 10500);
	assert_false(begin(1 * MB, false));
}

/* Bursts too short to be seen full while they last do not restart it for ever. */
static void short_bursts_start_it_a_few_times_only(void **state)
{
	(void)state;
	unsigned starts = 0;
	bbr_memory_init(&memory);
	begin(1 * MB, true);
	fill(12 * MB, false, 100);
	for (int i = 0; i < 20; i++)
		starts += begin(1 * MB, false);
	assert_int_equal(starts, 2);
	bbr_memory_init(&memory);
	assert_true(begin(1 * MB, false));
	assert_false(begin(1 * MB, false));
}

/* While it measures the round trip bbr says nothing, and a transfer may begin then. */
static void a_beginning_that_was_not_told_counts_from_when_it_is_seen(void **state)
{
	(void)state;
	bbr_memory_init(&memory);
	begin(1 * MB, true);
	fill(12 * MB, false, 100);
	now_ms += 60000;
	bbr_memory_full(&memory, &(struct bbr_estimate){1 * MB, false}, now_ms);
	fill(1 * MB, false, 5000);
	assert_true(begin(1 * MB, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_fresh_link_begins_with_a_start),
	    cmocka_unit_test(what_was_forgotten_is_noticed),
	    cmocka_unit_test(a_slower_path_is_believed),
	    cmocka_unit_test(short_bursts_start_it_a_few_times_only),
	    cmocka_unit_test(a_beginning_that_was_not_told_counts_from_when_it_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
