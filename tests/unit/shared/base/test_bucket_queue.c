#include "shared/base/bucket_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { NODES = 400 };
static struct list nodes[NODES];

static int begin(void **state)
{
	(void)state;
	for (int i = 0; i < NODES; i++)
		list_init(&nodes[i]);
	return 0;
}

static void the_most_is_found_after_each_change(void **state)
{
	(void)state;
	struct bucket_queue q = {.count = 0};
	assert_null(bucket_queue_fullest(&q));
	bucket_queue_put(&q, &nodes[0], 3);
	bucket_queue_put(&q, &nodes[1], 15);
	bucket_queue_put(&q, &nodes[2], 14);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[1]);
	bucket_queue_put(&q, &nodes[1], 13);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[2]);
	bucket_queue_put(&q, &nodes[2], 0);
	bucket_queue_put(&q, &nodes[1], 2);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[0]);
	bucket_queue_put(&q, &nodes[0], 0);
	bucket_queue_put(&q, &nodes[0], 0);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[1]);
	bucket_queue_put(&q, &nodes[1], 0);
	assert_null(bucket_queue_fullest(&q));
	bucket_queue_put(&q, &nodes[0], 1);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[0]);
	bucket_queue_put(&q, &nodes[0], 0);
	assert_null(q.buckets); /* an empty one takes no memory */
}

static void equals_take_turns(void **state)
{
	(void)state;
	struct bucket_queue q = {.count = 0};
	for (int i = 0; i < 3; i++)
		bucket_queue_put(&q, &nodes[i], 7);
	for (int i = 0; i < 6; i++) {
		assert_ptr_equal(bucket_queue_fullest(&q), &nodes[i % 3]);
		bucket_queue_put(&q, &nodes[i % 3], 7);
	}
	bucket_queue_fini(&q);
	assert_null(bucket_queue_fullest(&q));
	bucket_queue_fini(&q);
}

/* From 1 to 2^40: a seventh more is always told apart, up to 16 millions. */
static void large_amounts_are_told_apart(void **state)
{
	(void)state;
	struct bucket_queue q = {.count = 0};
	size_t amount = 1;
	for (int i = 0; i < NODES && amount < 15000000; i++) {
		bucket_queue_put(&q, &nodes[i], amount);
		assert_ptr_equal(bucket_queue_fullest(&q), &nodes[i]);
		amount += amount / 7 + 1;
	}
	struct list *was = bucket_queue_fullest(&q);
	bucket_queue_put(&q, &nodes[NODES - 1], SIZE_MAX);
	bucket_queue_put(&q, &nodes[NODES - 2], (size_t)1 << 40);
	assert_ptr_equal(bucket_queue_fullest(&q), &nodes[NODES - 1]);
	bucket_queue_put(&q, &nodes[NODES - 1], 0);
	bucket_queue_put(&q, &nodes[NODES - 2], 0);
	assert_ptr_equal(bucket_queue_fullest(&q), was);
	bucket_queue_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_most_is_found_after_each_change, begin),
	    cmocka_unit_test_setup(equals_take_turns, begin),
	    cmocka_unit_test_setup(large_amounts_are_told_apart, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
