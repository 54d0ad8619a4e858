#include "shared/base/failure_summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct said {
	unsigned lines;
	uint64_t times, elsewhere;
	char first[64], why[64];
};

static void hear(void *owner, const struct failure_line *l)
{
	struct said *said = owner;
	if (!said->lines++ && l->network) {
		snprintf(said->first, sizeof said->first, "%s", l->network);
		snprintf(said->why, sizeof said->why, "%s", l->why);
	}
	said->times += l->times;
	if (!l->network)
		said->elsewhere += l->times;
}

static unsigned break_in(struct failure_summary *s, const char *event, unsigned network,
			 unsigned times)
{
	unsigned told = 0;
	char text[32];
	struct addr from;
	for (unsigned i = 0; i < times; i++) {
		snprintf(text, sizeof text, "11.%u.%u.%u", network >> 8, network & 255, i & 255);
		assert_int_equal(addr_parse_ip(text, &from), 0);
		told += failure_summary_count(s, event, &from, "why");
	}
	return told;
}

static void the_first_few_are_told_the_others_counted(void **state)
{
	(void)state;
	struct failure_summary *s = failure_summary_new();
	struct said said = {0};
	assert_int_equal(break_in(s, "a", 1, 5), 5);
	failure_summary_say(s, hear, &said);
	assert_int_equal(said.lines, 0);
	assert_int_equal(break_in(s, "a", 1, 100), FAILURE_SUMMARY_TOLD);
	assert_int_equal(break_in(s, "b", 1, 1), 1); /* another kind */
	failure_summary_say(s, hear, &said);
	assert_int_equal(said.lines, 1);
	assert_int_equal(said.times, 100 - FAILURE_SUMMARY_TOLD);
	assert_string_equal(said.first, "11.0.1.0/24");
	assert_string_equal(said.why, "why");
	failure_summary_free(s);
	failure_summary_free(NULL);
}

static void the_worst_are_named_and_nothing_is_lost(void **state)
{
	(void)state;
	enum { NETWORKS = 2000 };
	struct failure_summary *s = failure_summary_new();
	struct said said = {0};
	break_in(s, "a", 0, FAILURE_SUMMARY_TOLD);
	/* the worst one fails between all the others, and is remembered for it */
	for (unsigned i = 0; i < NETWORKS; i++) {
		break_in(s, "a", 7 + i, 1);
		break_in(s, "a", 3, 2);
	}
	failure_summary_say(s, hear, &said);
	assert_int_equal(said.lines, FAILURE_SUMMARY_WORST + 1);
	assert_string_equal(said.first, "11.0.3.0/24");
	assert_int_equal(said.times, 3 * NETWORKS);
	assert_int_equal(said.elsewhere, NETWORKS - (FAILURE_SUMMARY_WORST - 1));
	failure_summary_free(s);
}

static void v6_counts_by_its_48(void **state)
{
	(void)state;
	struct failure_summary *s = failure_summary_new();
	struct said said = {0};
	struct addr from;
	break_in(s, "a", 0, FAILURE_SUMMARY_TOLD);
	addr_parse_ip("2001:db8:1:2::3", &from);
	assert_false(failure_summary_count(s, "a", &from, "x"));
	addr_parse_ip("2001:db8:1:ffff::3", &from);
	assert_false(failure_summary_count(s, "a", &from, "y"));
	failure_summary_say(s, hear, &said);
	assert_int_equal(said.lines, 1);
	assert_string_equal(said.first, "2001:db8:1::/48");
	assert_string_equal(said.why, "y");
	failure_summary_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_few_are_told_the_others_counted),
	    cmocka_unit_test(the_worst_are_named_and_nothing_is_lost),
	    cmocka_unit_test(v6_counts_by_its_48),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
