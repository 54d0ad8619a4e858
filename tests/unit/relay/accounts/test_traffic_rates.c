/* Bytes are in their step for a day; memory has an end, and no account takes all of it. */
#include "relay/accounts/traffic_rates.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEP = TRAFFIC_RATES_STEP_MS, DAY = TRAFFIC_RATES_STEPS };

static void add(struct traffic_rates *r, const char *account, const char *mapping, uint64_t step,
		uint64_t in, uint64_t out)
{
	struct traffic_sum s = {.agent = "pc", .bytes_in = in, .bytes_out = out};
	snprintf(s.account, sizeof s.account, "%s", account);
	snprintf(s.mapping, sizeof s.mapping, "%s", mapping);
	traffic_rates_add(r, &s, step * STEP);
}

/* The bytes in and out of a step, back steps before the one of the question. */
static uint64_t at(struct traffic_rates *r, const char *account, const char *mapping, uint64_t step,
		   int back, bool in)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	traffic_rates_write(r, account, "", mapping, step * STEP + 7000, &w);
	const char *p = strstr(buf_str(&out), in ? "\"bytes_in\":[" : "\"bytes_out\":[");
	assert_non_null(strstr(buf_str(&out), "{\"step_s\":600,\"last_step_s\":7,"));
	p = strchr(p, '[') + 1;
	for (int i = 0; i < DAY - 1 - back; i++)
		p = strchr(p, ',') + 1;
	uint64_t n = strtoull(p, NULL, 10);
	buf_fini(&out);
	return n;
}

static void bytes_are_in_their_step_for_a_day(void **state)
{
	(void)state;
	struct traffic_rates *r = traffic_rates_new();
	add(r, "alice", "web", 1000, 5, 7);
	add(r, "alice", "web", 1000, 1, 2);
	assert_int_equal(at(r, "alice", "web", 1000, 0, true), 6);
	assert_int_equal(at(r, "alice", "web", 1003, 3, false), 9);
	assert_int_equal(at(r, "alice", "web", 1003, 0, false), 0);
	add(r, "alice", "web", 1002, 100, 0);
	assert_int_equal(at(r, "alice", "web", 1002, 0, true), 100);
	assert_int_equal(at(r, "alice", "web", 1002, 1, true), 0);
	assert_int_equal(at(r, "alice", "web", 1002, 2, true), 6);
	/* of a day later */
	assert_int_equal(at(r, "alice", "web", 1000 + DAY - 1, DAY - 1, true), 6);
	add(r, "alice", "web", 1000 + DAY, 0, 1);
	for (int back = 0; back < DAY; back++)
		assert_int_equal(at(r, "alice", "web", 1000 + DAY, back, true),
				 back == DAY - 2 ? 100 : 0);
	add(r, "alice", "web", 1000 + 5 * DAY, 0, 3);
	for (int back = 0; back < DAY; back++)
		assert_int_equal(at(r, "alice", "web", 1000 + 5 * DAY, back, false), back ? 0 : 3);
	traffic_rates_free(r);
}

static void mappings_that_fit_are_added_up(void **state)
{
	(void)state;
	struct traffic_rates *r = traffic_rates_new();
	add(r, "alice", "web", 1, 1, 0);
	add(r, "alice", "nas", 1, 2, 0);
	add(r, "bob", "web", 1, 4, 0);
	assert_int_equal(at(r, "alice", "web", 1, 0, true), 1);
	assert_int_equal(at(r, "alice", "", 1, 0, true), 3);
	assert_int_equal(at(r, "", "web", 1, 0, true), 5);
	assert_int_equal(at(r, "", "", 1, 0, true), 7);
	assert_int_equal(at(r, "carol", "", 1, 0, true), 0);
	traffic_rates_free(r);
}

/* A past step is rounded to a thousandth; many small additions to one are not. */
static void numbers_of_any_size_are_near(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {1,      2047,       2048,          2049,         4095,
					 123457, 1000000007, 1000000000001, 4000000000000};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct traffic_rates *r = traffic_rates_new();
		add(r, "alice", "web", 1, sizes[i], 0);
		add(r, "alice", "web", 2, 1, 0);
		uint64_t n = at(r, "alice", "web", 2, 1, true);
		uint64_t off = n > sizes[i] ? n - sizes[i] : sizes[i] - n;
		assert_true(off <= sizes[i] / 1000);
		traffic_rates_free(r);
	}
	struct traffic_rates *r = traffic_rates_new();
	for (int i = 0; i < 10000; i++)
		add(r, "alice", "web", 1, 1, 0);
	assert_int_equal(at(r, "alice", "web", 1, 0, true), 10000);
	traffic_rates_free(r);
}

static void memory_has_an_end_and_nobody_takes_all(void **state)
{
	(void)state;
	struct traffic_rates *r = traffic_rates_new();
	size_t before = mallinfo2().uordblks;
	char account[16], mapping[16];
	for (int i = 0; i < 10000; i++) {
		snprintf(mapping, sizeof mapping, "m%d", i);
		add(r, "greedy", mapping, 1, 1, 0);
	}
	add(r, "alice", "web", 1, 5, 0);
	assert_int_equal(at(r, "alice", "", 1, 0, true), 5);
	assert_int_equal(at(r, "greedy", "", 1, 0, true), TRAFFIC_RATES_OF_ACCOUNT);
	for (int i = 0; i < 10000; i++) {
		snprintf(account, sizeof account, "a%d", i);
		add(r, account, "web", 1, 1, 0);
	}
	if (before) /* a sanitizer's malloc does not say */
		assert_true(mallinfo2().uordblks - before < (size_t)8 * 1024 * 1024);
	/* Who carries nothing for a day makes room. */
	add(r, "carol", "web", 1 + DAY, 9, 0);
	assert_int_equal(at(r, "carol", "", 1 + DAY, 0, true), 9);
	if (before)
		assert_true(mallinfo2().uordblks - before < (size_t)1024 * 1024);
	traffic_rates_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_in_their_step_for_a_day),
	    cmocka_unit_test(mappings_that_fit_are_added_up),
	    cmocka_unit_test(numbers_of_any_size_are_near),
	    cmocka_unit_test(memory_has_an_end_and_nobody_takes_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
