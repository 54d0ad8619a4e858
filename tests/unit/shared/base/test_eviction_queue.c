#include "shared/base/eviction_queue.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void join(struct eviction_queue *c, struct eviction_queue_member *m, const char *from)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(from, &a), 0);
	eviction_queue_join(c, m, &a);
}

static void the_first_of_the_fullest_network_goes(void **state)
{
	(void)state;
	struct eviction_queue *c = eviction_queue_new();
	struct eviction_queue_member m[6];
	static const char *const from[] = {"192.0.2.1",   "198.51.100.1",    "198.51.100.2",
					   "2001:db8::1", "2001:db8:0:9::1", "2001:db8::2"};
	memset(m, 0, sizeof m);
	assert_null(eviction_queue_first(c));
	for (int i = 0; i < 6; i++)
		join(c, &m[i], from[i]);
	assert_int_equal(eviction_queue_count(c), 6);
	assert_int_equal(eviction_queue_beside(&m[5]), 3); /* a v6 /48 */
	struct addr near;
	assert_int_equal(addr_parse_ip("198.51.100.200", &near), 0);
	assert_true(eviction_queue_is_near(&m[1], &near));
	assert_false(eviction_queue_is_near(&m[0], &near));
	assert_false(eviction_queue_is_near(&m[3], &near));
	assert_ptr_equal(eviction_queue_first(c), &m[3]);
	eviction_queue_put_last(c, &m[3]);
	assert_ptr_equal(eviction_queue_first(c), &m[4]);
	eviction_queue_leave(c, &m[4]);
	eviction_queue_leave(c, &m[5]);
	assert_ptr_equal(eviction_queue_first(c), &m[1]);
	eviction_queue_leave(c, &m[1]);
	/* of those with one each, the network that has stood so for longest */
	assert_ptr_equal(eviction_queue_first(c), &m[0]);
	eviction_queue_put_last(c, &m[0]);
	assert_ptr_equal(eviction_queue_first(c), &m[3]);
	for (int i = 0; i < 6; i++)
		eviction_queue_leave(c, &m[i]);
	assert_null(eviction_queue_first(c));
	/* and begins anew */
	join(c, &m[0], from[0]);
	assert_ptr_equal(eviction_queue_first(c), &m[0]);
	eviction_queue_leave(c, &m[0]);
	eviction_queue_free(c);
	eviction_queue_free(NULL);
}

/* Each mapping of the relay has a queue, and most of them have nobody in it. */
static void an_empty_one_is_small(void **state)
{
	(void)state;
	struct eviction_queue *all[256];
	struct eviction_queue_member m;
	memset(&m, 0, sizeof m);
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < 256; i++) {
		all[i] = eviction_queue_new();
		join(all[i], &m, "192.0.2.1");
		eviction_queue_leave(all[i], &m);
	}
	if (before) /* a sanitizer's malloc does not say */
		assert_true(mallinfo2().uordblks - before < (size_t)256 * 256);
	for (int i = 0; i < 256; i++)
		eviction_queue_free(all[i]);
}

/* Thousands from one network never push out the one from elsewhere. */
static void a_crowd_pushes_out_its_own(void **state)
{
	(void)state;
	enum { MANY = 3000 };
	static struct eviction_queue_member m[MANY], other;
	struct eviction_queue *c = eviction_queue_new();
	char from[32];
	join(c, &other, "192.0.2.1");
	for (int i = 0; i < MANY; i++) {
		snprintf(from, sizeof from, "10.0.%d.%d", i % 3, i % 256);
		join(c, &m[i], from);
	}
	for (int i = 0; i < MANY - 3; i++) { /* to one of each network */
		struct eviction_queue_member *first = eviction_queue_first(c);
		assert_ptr_not_equal(first, &other);
		eviction_queue_leave(c, first);
	}
	for (struct eviction_queue_member *first; (first = eviction_queue_first(c));)
		eviction_queue_leave(c, first);
	eviction_queue_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_of_the_fullest_network_goes),
	    cmocka_unit_test(an_empty_one_is_small),
	    cmocka_unit_test(a_crowd_pushes_out_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
