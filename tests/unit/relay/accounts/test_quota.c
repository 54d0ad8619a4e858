/* The month of a quota, its levels, and what is wrong with one in accounts.json. */
#include "relay/accounts/quota.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t day(const char *text)
{
	int64_t d;
	assert_int_equal(quota_parse_date(text, &d), 0);
	return d;
}

static void a_month_begins_on_its_day(void **state)
{
	(void)state;
	static const struct {
		const char *day;
		unsigned reset_day;
		const char *begin, *next;
	} cases[] = {
	    {"2026-11-30", 1, "2026-11-01", "2026-12-01"},
	    {"2026-12-01", 1, "2026-12-01", "2027-01-01"},
	    {"2026-12-31", 1, "2026-12-01", "2027-01-01"},
	    {"2026-01-14", 15, "2025-12-15", "2026-01-15"},
	    {"2026-01-15", 15, "2026-01-15", "2026-02-15"},
	    /* months that are too short begin on their last day */
	    {"2026-02-27", 31, "2026-01-31", "2026-02-28"},
	    {"2026-02-28", 31, "2026-02-28", "2026-03-31"},
	    {"2028-02-29", 30, "2028-02-29", "2028-03-30"},
	    {"2028-02-28", 30, "2028-01-30", "2028-02-29"},
	    {"2026-04-30", 31, "2026-04-30", "2026-05-31"},
	};
	char date[QUOTA_DATE];
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t at = day(cases[i].day);
		assert_string_equal(quota_date(quota_begin(at, cases[i].reset_day), date),
				    cases[i].begin);
		assert_string_equal(quota_date(quota_next(at, cases[i].reset_day), date),
				    cases[i].next);
	}
}

/* Each day lies in just one month, whatever the day on which it begins. */
static void months_leave_no_gap(void **state)
{
	(void)state;
	for (unsigned reset = 1; reset <= 31; reset++)
		for (int64_t d = day("2023-12-25"); d < day("2028-03-05"); d++) {
			int64_t begin = quota_begin(d, reset), next = quota_next(d, reset);
			assert_true(begin <= d && d < next);
			assert_int_equal(quota_begin(next - 1, reset), begin);
			assert_int_equal(quota_begin(next, reset), next);
		}
}

static void dates_that_are_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "", "2026-13-01", "2026-02-30", "2026-1-1", "2026-01-01T", "yesterday!", "1969-12-31"};
	int64_t d;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(quota_parse_date(bad[i], &d), ERR_SYNTAX);
}

static void levels(void **state)
{
	(void)state;
	struct quota q = {.bytes = 1000, .reset_day = 1};
	assert_int_equal(quota_level(&q, 0), QUOTA_BELOW);
	assert_int_equal(quota_level(&q, 799), QUOTA_BELOW);
	assert_int_equal(quota_level(&q, 800), QUOTA_NEAR);
	assert_int_equal(quota_level(&q, 999), QUOTA_NEAR);
	assert_int_equal(quota_level(&q, 1000), QUOTA_USED);
	q.bytes = INT64_MAX; /* no overflow */
	assert_int_equal(quota_level(&q, INT64_MAX / 2), QUOTA_BELOW);
	q.bytes = 0;
	assert_int_equal(quota_level(&q, 1u << 30), QUOTA_BELOW);
}

static void sentences(void **state)
{
	(void)state;
	struct quota q = {.bytes = 500000000000, .reset_day = 1};
	int64_t next = day("2026-12-01");
	assert_null(quota_sentence("alice", &q, QUOTA_BELOW, next));
	char *said = quota_sentence("alice", &q, QUOTA_NEAR, next);
	assert_string_equal(said, "account alice has used 80 % of its 500 GB of this month; the "
				  "next begins on 2026-12-01");
	mem_free(said);
	static const char *const ends[] = {
	    [QUOTA_WARN] = "it goes on all the same; the next month begins on 2026-12-01",
	    [QUOTA_SLOW] = "it has 1 Mbit/s until its quota is raised, or until 2026-12-01",
	    [QUOTA_STOP] = "its mappings are closed until its quota is raised, or until 2026-12-01",
	};
	for (unsigned i = 0; i <= QUOTA_STOP; i++) {
		q.at_limit = (enum quota_at_limit)i;
		said = quota_sentence("alice", &q, QUOTA_USED, next);
		assert_true(
		    !strncmp(said, "account alice has used its 500 GB of this month; ", 49));
		assert_string_equal(said + 49, ends[i]);
		mem_free(said);
	}
}

static void read_one(const char *text, struct quota *out, const char *error)
{
	struct conf *c = conf_parse("accounts.json", text, strlen(text), false);
	quota_read(conf_root(c), out);
	if (error)
		assert_string_equal(conf_error_text(c, 0), error);
	else
		assert_null(conf_error_text(c, 0));
	conf_free(c);
}

static void what_is_written(void **state)
{
	(void)state;
	struct quota q;
	read_one("{}", &q, NULL);
	assert_int_equal(q.bytes, 0);
	read_one("{\"quota\": {\"bytes\": \"500G\"}}", &q, NULL);
	assert_true(q.bytes == 500000000000 && q.reset_day == 1 && q.at_limit == QUOTA_WARN);
	read_one("{\"quota\": {\"bytes\": 5000, \"reset_day\": 31, \"at_limit\": \"stop\"}}", &q,
		 NULL);
	assert_true(q.bytes == 5000 && q.reset_day == 31 && q.at_limit == QUOTA_STOP);
	read_one("{\"quota\": {\"bytes\": \"much\"}}", &q,
		 "accounts.json: quota.bytes: \"much\" is not a number of bytes such as \"500G\"");
	read_one("{\"quota\": {\"bytes\": \"1T\", \"at_limit\": \"drop\"}}", &q,
		 "accounts.json: quota.at_limit: \"drop\" is not \"warn\", \"slow\" or \"stop\"");
	read_one("{\"quota\": {\"bytes\": \"1T\", \"resetday\": 2}}", &q,
		 "accounts.json: quota.resetday: unknown key; did you mean \"reset_day\"?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_month_begins_on_its_day),
	    cmocka_unit_test(months_leave_no_gap),
	    cmocka_unit_test(dates_that_are_none),
	    cmocka_unit_test(levels),
	    cmocka_unit_test(sentences),
	    cmocka_unit_test(what_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
