#include "shared/base/hash_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MANY = 100000 };

static uint32_t keys[MANY];

static int make_keys(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		keys[i] = i * 2654435761u;
	return 0;
}

static void *add(struct hash_table *d, uint32_t i)
{
	return hash_table_add(d, &keys[i], sizeof(keys[i]), &keys[i]);
}

static void *get(const struct hash_table *d, uint32_t i)
{
	uint32_t key = keys[i];
	return hash_table_get(d, &key, sizeof(key));
}

static void what_is_added_is_found_until_it_is_removed(void **state)
{
	(void)state;
	struct hash_table *d = hash_table_new();
	int one = 1, two = 2;
	assert_null(hash_table_get(d, "a", 1));
	assert_null(hash_table_remove(d, "a", 1));
	assert_null(hash_table_add(d, "a", 1, &one));
	assert_null(hash_table_add(d, "ab", 2, &two));
	assert_null(hash_table_add(d, "", 0, &two));
	assert_ptr_equal(hash_table_add(d, "a", 1, &two), &one);
	assert_ptr_equal(hash_table_get(d, "a", 1), &one);
	assert_ptr_equal(hash_table_get(d, "ab", 2), &two);
	assert_null(hash_table_get(d, "a", 2)); /* its NUL counts */
	assert_int_equal(hash_table_count(d), 3);
	assert_ptr_equal(hash_table_remove(d, "a", 1), &one);
	assert_null(hash_table_get(d, "a", 1));
	assert_int_equal(hash_table_count(d), 2);
	hash_table_free(d);
	hash_table_free(NULL);
}

static void each_is_known_while_it_grows_and_shrinks(void **state)
{
	(void)state;
	struct hash_table *d = hash_table_new();
	for (uint32_t i = 0; i < MANY; i++) {
		assert_null(add(d, i));
		assert_ptr_equal(get(d, i / 2), &keys[i / 2]);
		assert_ptr_equal(get(d, i), &keys[i]);
	}
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(get(d, i), &keys[i]);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ptr_equal(hash_table_remove(d, &keys[i], sizeof(keys[i])), &keys[i]);
		assert_null(get(d, i));
		if (i + 1 < MANY)
			assert_ptr_equal(get(d, i + (MANY - i) / 2), &keys[i + (MANY - i) / 2]);
	}
	assert_int_equal(hash_table_count(d), 0);
	hash_table_free(d);
}

/* Slots that are moved are counted: a call moves a few, and all are moved before the next size. */
static void no_call_moves_more_than_a_few_slots(void **state)
{
	(void)state;
	struct hash_table *d = hash_table_new();
	size_t before = 0, most = 0, grown = 0, shrunk = 0;
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		if (i < MANY)
			add(d, i);
		else
			hash_table_remove(d, &keys[i - MANY], sizeof(keys[0]));
		size_t unmoved = hash_table_unmoved(d);
		if (unmoved > before) {
			assert_true(before <= HASH_TABLE_STEP);
			grown += i < MANY;
			shrunk += i >= MANY;
		} else {
			assert_true(before - unmoved <= HASH_TABLE_STEP);
		}
		most = unmoved > most ? unmoved : most;
		before = unmoved;
	}
	assert_true(most > MANY / 2);
	assert_int_equal(grown, 13); /* 16 slots to 131,072 */
	assert_true(shrunk >= 3);
	hash_table_free(d);
}

struct tour {
	struct hash_table *dict;
	uint32_t order[64];
	size_t count;
	bool removes;
};

static void on_value(void *arg, void *value)
{
	struct tour *t = arg;
	t->order[t->count++ % 64] = *(uint32_t *)value;
	if (t->removes && t->count % 2)
		assert_ptr_equal(hash_table_remove(t->dict, value, sizeof(uint32_t)), value);
}

static void a_tour_sees_each_once_and_may_remove_it(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 600; n++) {
		struct tour t = {.dict = hash_table_new()}, again = {0};
		for (uint32_t i = 0; i < n; i++)
			add(t.dict, i);
		t.removes = true;
		hash_table_each(t.dict, on_value, &t);
		assert_int_equal(t.count, n);
		hash_table_each(t.dict, on_value, &again);
		assert_int_equal(again.count, n / 2);
		assert_int_equal(hash_table_count(t.dict), n / 2);
		hash_table_free(t.dict);
	}
}

/* Who knows the keys knows nothing of the slots: the same keys lie in another order each time. */
static void the_order_is_secret(void **state)
{
	(void)state;
	struct tour tours[2] = {{0}};
	for (unsigned k = 0; k < 2; k++) {
		struct hash_table *d = hash_table_new();
		for (uint32_t i = 0; i < 64; i++)
			add(d, i);
		hash_table_each(d, on_value, &tours[k]);
		hash_table_free(d);
	}
	assert_memory_not_equal(tours[0].order, tours[1].order, sizeof(tours[0].order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_added_is_found_until_it_is_removed),
	    cmocka_unit_test(each_is_known_while_it_grows_and_shrinks),
	    cmocka_unit_test(no_call_moves_more_than_a_few_slots),
	    cmocka_unit_test(a_tour_sees_each_once_and_may_remove_it),
	    cmocka_unit_test(the_order_is_secret),
	};
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
