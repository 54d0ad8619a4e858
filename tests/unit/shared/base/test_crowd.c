#include "shared/base/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void join(struct crowd *c, struct crowd_member *m, const char *from)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(from, &a), 0);
	crowd_join(c, m, &a);
}

static void the_first_of_the_fullest_network_goes(void **state)
{
	(void)state;
	struct crowd *c = crowd_new();
	struct crowd_member m[6];
	static const char *const from[] = {"192.0.2.1",   "198.51.100.1",    "198.51.100.2",
					   "2001:db8::1", "2001:db8:0:9::1", "2001:db8::2"};
	memset(m, 0, sizeof m);
	assert_null(crowd_first(c));
	for (int i = 0; i < 6; i++)
		join(c, &m[i], from[i]);
	assert_int_equal(crowd_count(c), 6);
	assert_int_equal(crowd_beside(&m[5]), 3); /* a v6 /48 */
	assert_ptr_equal(crowd_first(c), &m[3]);
	crowd_put_last(&m[3]);
	assert_ptr_equal(crowd_first(c), &m[4]);
	crowd_leave(c, &m[4]);
	crowd_leave(c, &m[5]);
	assert_ptr_equal(crowd_first(c), &m[1]);
	crowd_leave(c, &m[1]);
	/* of those with one each, the network that has stood so for longest */
	assert_ptr_equal(crowd_first(c), &m[0]);
	for (int i = 0; i < 6; i++)
		crowd_leave(c, &m[i]);
	assert_null(crowd_first(c));
	crowd_free(c);
	crowd_free(NULL);
}

/* Thousands from one network never push out the one from elsewhere. */
static void a_crowd_pushes_out_its_own(void **state)
{
	(void)state;
	enum { MANY = 3000 };
	static struct crowd_member m[MANY], other;
	struct crowd *c = crowd_new();
	char from[32];
	join(c, &other, "192.0.2.1");
	for (int i = 0; i < MANY; i++) {
		snprintf(from, sizeof from, "10.0.%d.%d", i % 3, i % 256);
		join(c, &m[i], from);
	}
	for (int i = 0; i < MANY - 3; i++) { /* to one of each network */
		struct crowd_member *first = crowd_first(c);
		assert_ptr_not_equal(first, &other);
		crowd_leave(c, first);
	}
	for (struct crowd_member *first; (first = crowd_first(c));)
		crowd_leave(c, first);
	crowd_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_of_the_fullest_network_goes),
	    cmocka_unit_test(a_crowd_pushes_out_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
