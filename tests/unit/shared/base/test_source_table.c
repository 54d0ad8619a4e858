#include "shared/base/source_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static struct addr ip(const char *text)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(text, &a), 0);
	return a;
}

static struct addr nth(unsigned n)
{
	char text[64];
	snprintf(text, sizeof(text), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	return ip(text);
}

static void what_is_kept_begins_as_zero_and_stays(void **state)
{
	(void)state;
	struct source_table *t = source_table_new(4, sizeof(int));
	struct addr a = ip("192.0.2.1"), b = ip("192.0.2.1");
	b.port = 9;
	assert_null(source_table_get(t, &a, NULL));
	int *kept = source_table_see(t, &a, NULL);
	assert_int_equal(*kept, 0);
	*kept = 7;
	assert_ptr_equal(source_table_see(t, &b, NULL), kept);
	assert_ptr_equal(source_table_get(t, &b, NULL), kept);
	assert_int_equal(source_table_count(t), 1);
	source_table_free(t);
	source_table_free(NULL);
}

static void labels_tell_sources_apart(void **state)
{
	(void)state;
	struct source_table *t = source_table_new(4, sizeof(int));
	struct addr a = ip("2001:db8::1");
	*(int *)source_table_see(t, &a, "alice") = 1;
	*(int *)source_table_see(t, &a, "bob") = 2;
	*(int *)source_table_see(t, &a, NULL) = 3;
	assert_int_equal(*(int *)source_table_get(t, &a, "alice"), 1);
	assert_int_equal(*(int *)source_table_get(t, &a, "bob"), 2);
	assert_int_equal(*(int *)source_table_get(t, &a, ""), 3);
	assert_int_equal(source_table_count(t), 3);
	source_table_free(t);
}

static void of_equal_networks_the_one_seen_longest_ago_loses(void **state)
{
	(void)state;
	struct source_table *t = source_table_new(3, 1);
	struct addr a = nth(1), b = nth(256), c = nth(512), d = nth(768);
	source_table_see(t, &a, NULL);
	source_table_see(t, &b, NULL);
	source_table_see(t, &c, NULL);
	source_table_see(t, &a, NULL);
	source_table_see(t, &d, NULL);
	assert_non_null(source_table_get(t, &a, NULL));
	assert_null(source_table_get(t, &b, NULL));
	assert_non_null(source_table_get(t, &c, NULL));
	assert_int_equal(source_table_count(t), 3);
	source_table_free(t);
}

static void the_fullest_network_loses_its_oldest(void **state)
{
	(void)state;
	struct source_table *t = source_table_new(300, 1);
	struct addr alone = ip("192.0.2.1");
	source_table_see(t, &alone, NULL);
	for (unsigned i = 0; i < 1000; i++) { /* 299 of them; the /48 is counted past 256 */
		char text[64];
		snprintf(text, sizeof(text), "2001:db8:0:%x::", i);
		struct addr a = ip(text);
		source_table_see(t, &a, NULL);
	}
	struct addr oldest = ip("2001:db8:0:2bc::"), next = ip("2001:db8:0:2bd::");
	assert_non_null(source_table_get(t, &alone, NULL));
	assert_null(source_table_get(t, &oldest, NULL));
	assert_non_null(source_table_get(t, &next, NULL));
	assert_int_equal(source_table_count(t), 300);
	source_table_free(t);
}

static void held_ones_may_be_more_than_max_until_released(void **state)
{
	(void)state;
	struct source_table *t = source_table_new(2, 1);
	struct addr a[5];
	void *kept[5];
	for (unsigned i = 0; i < 5; i++) {
		a[i] = nth(i * 256);
		kept[i] = source_table_see(t, &a[i], NULL);
		source_table_hold(t, kept[i]);
		source_table_hold(t, kept[i]);
	}
	assert_int_equal(source_table_count(t), 5);
	for (unsigned i = 0; i < 5; i++) {
		source_table_release(t, kept[i]);
		assert_ptr_equal(source_table_get(t, &a[i], NULL), kept[i]);
	}
	for (unsigned i = 0; i < 5; i++)
		source_table_release(t, kept[i]);
	assert_true(source_table_count(t) <= 2);
	source_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_kept_begins_as_zero_and_stays),
	    cmocka_unit_test(labels_tell_sources_apart),
	    cmocka_unit_test(of_equal_networks_the_one_seen_longest_ago_loses),
	    cmocka_unit_test(the_fullest_network_loses_its_oldest),
	    cmocka_unit_test(held_ones_may_be_more_than_max_until_released),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
