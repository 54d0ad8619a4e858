#include "shared/base/rate_limiter.h"

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

static void one_source_does_not_spend_anothers_rate(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(100, 5, 3);
	struct addr a = ip("192.0.2.1"), b = ip("192.0.2.2");
	for (int i = 0; i < 3; i++)
		assert_true(rate_limiter_try(t, &a, 0));
	assert_false(rate_limiter_try(t, &a, 0));
	assert_true(rate_limiter_try(t, &b, 0));
	assert_false(rate_limiter_try(t, &a, 199));
	assert_true(rate_limiter_try(t, &a, 200));
	rate_limiter_free(t);
}

static void a_v6_home_is_its_64(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(100, 1, 1);
	struct addr a = ip("2001:db8:0:1::1"), b = ip("2001:db8:0:1:ffff::9"),
		    c = ip("2001:db8:0:2::1");
	a.port = 1;
	b.port = 2;
	assert_true(rate_limiter_try(t, &a, 0));
	assert_false(rate_limiter_try(t, &b, 0));
	assert_true(rate_limiter_try(t, &c, 0));
	struct addr v4 = ip("32.1.13.184");
	assert_true(rate_limiter_try(t, &v4, 0));
	rate_limiter_free(t);
}

static void failures_are_counted_afterwards(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(100, 1, 2);
	struct addr a = ip("192.0.2.1");
	assert_false(rate_limiter_is_over(t, &a, 0));
	for (int i = 0; i < 50; i++)
		rate_limiter_count(t, &a, 0);
	assert_true(rate_limiter_is_over(t, &a, 0));
	assert_true(rate_limiter_is_over(t, &a, 999));
	assert_false(rate_limiter_is_over(t, &a, 1000));
	rate_limiter_free(t);
}

static void a_good_source_is_forgiven(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(100, 1, 3);
	struct addr a = ip("192.0.2.1"), stranger = ip("192.0.2.2");
	for (int i = 0; i < 3; i++)
		rate_limiter_count(t, &a, 0);
	assert_true(rate_limiter_is_over(t, &a, 0));
	rate_limiter_forgive(t, &a, 1, 0);
	assert_false(rate_limiter_is_over(t, &a, 0));
	rate_limiter_count(t, &a, 0);
	assert_true(rate_limiter_is_over(t, &a, 0));
	rate_limiter_forgive(t, &a, 1000, 0); /* no more than it had at the start */
	for (int i = 0; i < 3; i++)
		assert_true(rate_limiter_try(t, &a, 0));
	assert_false(rate_limiter_try(t, &a, 0));
	rate_limiter_forgive(t, &stranger, 1, 0);
	rate_limiter_free(t);
}

static void the_oldest_idle_source_is_forgotten(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(3, 1, 1);
	struct addr a = nth(1), b = nth(2), c = nth(3), d = nth(4);
	rate_limiter_try(t, &a, 0);
	rate_limiter_try(t, &b, 0);
	rate_limiter_try(t, &c, 0);
	assert_false(rate_limiter_try(t, &a, 0)); /* seen again: now b is the oldest */
	rate_limiter_try(t, &d, 0);
	assert_true(rate_limiter_is_over(t, &a, 0));
	assert_false(rate_limiter_is_over(t, &b, 0));
	assert_true(rate_limiter_is_over(t, &c, 0));
	rate_limiter_free(t);
}

static void one_that_holds_is_not_forgotten_and_refuses_nobody(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(2, 0, 0);
	struct addr a = nth(1), b = nth(2), c = nth(3);
	assert_true(rate_limiter_hold(t, &a, 2, 0));
	assert_true(rate_limiter_hold(t, &a, 2, 0));
	assert_false(rate_limiter_hold(t, &a, 2, 0));
	assert_int_equal(rate_limiter_held(t, &a), 2);
	assert_true(rate_limiter_hold(t, &b, 2, 0));
	assert_true(rate_limiter_hold(t, &c, 2, 0));
	assert_int_equal(rate_limiter_held(t, &a), 2);
	rate_limiter_release(t, &b);
	assert_int_equal(rate_limiter_held(t, &b), 0);
	rate_limiter_release(t, &a);
	assert_int_equal(rate_limiter_held(t, &a), 1);
	rate_limiter_release(t, &a);
	rate_limiter_release(t, &c);
	rate_limiter_free(t);
}

static void a_crowded_network_forgets_its_own(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(100, 1, 1);
	struct addr v4 = ip("192.0.2.1"), v6 = ip("2001:db8:1::1");
	assert_true(rate_limiter_try(t, &v4, 0));
	assert_true(rate_limiter_try(t, &v6, 0));
	for (unsigned i = 0; i < 10000; i++) {
		char text[64];
		snprintf(text, sizeof(text), "2001:db8:2:%x::1", i);
		struct addr a = i % 2 ? ip(text) : nth(i % 256);
		rate_limiter_try(t, &a, 0);
	}
	assert_true(rate_limiter_is_over(t, &v4, 0));
	assert_true(rate_limiter_is_over(t, &v6, 0));
	rate_limiter_free(t);
}

static void many_sources_stay_apart_and_bounded(void **state)
{
	(void)state;
	enum { MAX = 5000, ALL = 20000 };
	struct rate_limiter *t = rate_limiter_new(MAX, 1, 1);
	for (unsigned i = 0; i < ALL; i++) {
		struct addr a = nth(i * 256);
		assert_true(rate_limiter_try(t, &a, 0));
	}
	for (unsigned i = ALL - MAX; i < ALL; i++) {
		struct addr a = nth(i * 256);
		assert_false(rate_limiter_try(t, &a, 0));
	}
	struct addr gone = nth(0);
	assert_true(rate_limiter_try(t, &gone, 0));
	rate_limiter_free(t);
}

static void a_new_rate_counts_for_known_sources(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(10, 1, 1);
	struct addr a = nth(1);
	assert_true(rate_limiter_try(t, &a, 0));
	rate_limiter_change(t, 1000, 10);
	assert_false(rate_limiter_try(t, &a, 0));
	assert_true(rate_limiter_try(t, &a, 1));
	rate_limiter_change(t, 0, 0);
	for (int i = 0; i < 100; i++)
		assert_true(rate_limiter_try(t, &a, 1));
	rate_limiter_free(t);
	rate_limiter_free(NULL);
}

struct thing {
	struct list node;
	int number;
};

static void what_a_source_holds_can_be_found(void **state)
{
	(void)state;
	struct rate_limiter *t = rate_limiter_new(10, 0, 0);
	struct addr a = nth(1), b = nth(2);
	struct thing things[300];
	assert_null(rate_limiter_holders(t, &a));
	assert_true(rate_limiter_try(t, &a, 0));
	assert_null(rate_limiter_holders(t, &a));
	for (int i = 0; i < 300; i++) {
		struct addr *who = i % 3 ? &a : &b;
		assert_true(rate_limiter_hold(t, who, 300, 0));
		things[i].number = i;
		list_append(rate_limiter_holders(t, who), &things[i].node);
	}
	int next = 0;
	LIST_EACH(node, rate_limiter_holders(t, &b))
	{
		struct thing *thing = LIST_ENTRY(node, struct thing, node);
		assert_int_equal(thing->number, next);
		next += 3;
	}
	assert_int_equal(next, 300);
	for (int i = 0; i < 300; i++) {
		list_remove(&things[i].node);
		rate_limiter_release(t, i % 3 ? &a : &b);
	}
	assert_null(rate_limiter_holders(t, &a));
	assert_null(rate_limiter_holders(t, &b));
	rate_limiter_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_source_does_not_spend_anothers_rate),
	    cmocka_unit_test(a_v6_home_is_its_64),
	    cmocka_unit_test(failures_are_counted_afterwards),
	    cmocka_unit_test(a_good_source_is_forgiven),
	    cmocka_unit_test(the_oldest_idle_source_is_forgotten),
	    cmocka_unit_test(one_that_holds_is_not_forgotten_and_refuses_nobody),
	    cmocka_unit_test(a_crowded_network_forgets_its_own),
	    cmocka_unit_test(many_sources_stay_apart_and_bounded),
	    cmocka_unit_test(what_a_source_holds_can_be_found),
	    cmocka_unit_test(a_new_rate_counts_for_known_sources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
