#include "shared/base/date.h"
#include "shared/base/err.h"
#include "shared/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *text;
	int rc;
	uint64_t ms;
};

static void check(const struct row *rows, size_t count, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < count; i++) {
		uint64_t ms = 0;
		int rc = parse(rows[i].text, &ms);
		if (rc != rows[i].rc || ms != rows[i].ms)
			fail_msg("%s: %d %llu", rows[i].text, rc, (unsigned long long)ms);
	}
}

static void dates_of_rfc_3339(void **state)
{
	static const struct row rows[] = {{"1970-01-01T00:00:00Z", 0, 0},
					  {"1970-01-01T00:00:00.9999Z", 0, 999},
					  {"2026-11-29T15:50:07Z", 0, 1795967407000},
					  {"2026-11-29t16:50:07.25+01:00", 0, 1795967407250},
					  {"2026-11-29 10:20:07-05:30", 0, 1795967407000},
					  {"2024-02-29T00:00:00Z", 0, 1709164800000},
					  {"2000-02-29T23:59:60Z", 0, 951868800000},
					  {"9999-12-31T23:59:59Z", 0, 253402300799000},
					  {"2023-02-29T00:00:00Z", ERR_RANGE, 0},
					  {"2100-02-29T00:00:00Z", ERR_RANGE, 0},
					  {"2026-13-01T00:00:00Z", ERR_RANGE, 0},
					  {"2026-00-01T00:00:00Z", ERR_RANGE, 0},
					  {"2026-01-00T00:00:00Z", ERR_RANGE, 0},
					  {"2026-01-01T24:00:00Z", ERR_RANGE, 0},
					  {"1969-12-31T23:59:59Z", ERR_RANGE, 0},
					  {"1970-01-01T00:00:00+00:01", ERR_RANGE, 0},
					  {"2026-11-29T15:50:07", ERR_SYNTAX, 0},
					  {"2026-11-29T15:50:07.Z", ERR_SYNTAX, 0},
					  {"2026-11-29T15:50:07+0100", ERR_SYNTAX, 0},
					  {"2026-11-29T15:50:07+24:00", ERR_SYNTAX, 0},
					  {"2026-11-29T15:50:07Zulu", ERR_SYNTAX, 0},
					  {"2026-11-29", ERR_SYNTAX, 0},
					  {"", ERR_SYNTAX, 0}};
	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]), date_parse);
}

static void dates_of_http(void **state)
{
	static const struct row rows[] = {{"Sun, 29 Nov 2026 15:50:07 GMT", 0, 1795967407000},
					  {"Wed, 21 Oct 2015 07:28:00 GMT", 0, 1445412480000},
					  {"Wed, 31 Nov 2015 07:28:00 GMT", ERR_RANGE, 0},
					  {"Sun, 29 Nov 2026 15:50:07 UTC", ERR_SYNTAX, 0},
					  {"Sun, 29 Now 2026 15:50:07 GMT", ERR_SYNTAX, 0},
					  {"Sunday, 29-Nov-26 15:50:07 GMT", ERR_SYNTAX, 0},
					  {"120", ERR_SYNTAX, 0},
					  {"", ERR_SYNTAX, 0}};
	(void)state;
	check(rows, sizeof(rows) / sizeof(rows[0]), date_parse_http);
}

static void every_day_comes_back(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < 100000; day++) {
		char text[32];
		uint64_t ms = 1;
		assert_int_equal(date_parse(text_time(day * 86400000, text), &ms), 0);
		assert_true(ms == day * 86400000);
	}
}

static void a_date_cut_anywhere_is_no_date(void **state)
{
	static const char *const whole[] = {"2026-11-29T16:50:07.25+01:00",
					    "Sun, 29 Nov 2026 15:50:07 GMT"};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (size_t len = 0; len < strlen(whole[i]); len++) {
			char text[32];
			uint64_t ms;
			snprintf(text, sizeof(text), "%.*s", (int)len, whole[i]);
			assert_int_equal((i ? date_parse_http : date_parse)(text, &ms), ERR_SYNTAX);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dates_of_rfc_3339),
	    cmocka_unit_test(dates_of_http),
	    cmocka_unit_test(every_day_comes_back),
	    cmocka_unit_test(a_date_cut_anywhere_is_no_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
