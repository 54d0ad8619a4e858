#include "agent/path_tuning.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { LEAST = 500, MOST = 3000 };

static void resumes_that_bring_nothing_ease(void **state)
{
	(void)state;
	struct path_tuning p = PATH_TUNING_INIT(LEAST, MOST);
	static const uint32_t wanted[] = {1000, 2000, 3000, 3000};
	uint64_t now = 1000;
	path_tuning_resumed(&p, now, 7, true); /* the first that is seen brought all there is */
	for (size_t i = 0; i < 4; i++) {
		assert_false(i > 0 && path_tuning_resumed(&p, now += 5000, 7, true));
		assert_false(path_tuning_resumed(&p, now += 5000, 7, true));
		assert_true(path_tuning_resumed(&p, now += 5000, 7, true));
		assert_int_equal(p.silence_ms, wanted[i]);
		assert_int_equal(p.maxseg, 1220);
	}
}

static void three_within_a_minute(void **state)
{
	(void)state;
	static const struct {
		uint64_t at_ms[3], progress[3];
		bool streams, eased;
	} table[] = {
	    {{100000, 110000, 120000}, {1, 1, 1}, true, true},
	    {{100000, 130000, 160001}, {1, 1, 1}, true, false},  /* the third comes late */
	    {{100000, 110000, 120000}, {1, 1, 2}, true, false},  /* something came */
	    {{100000, 110000, 120000}, {1, 1, 1}, false, false}, /* nothing could come */
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct path_tuning p = PATH_TUNING_INIT(LEAST, MOST);
		bool eased = false;
		for (size_t k = 0; k < 3; k++)
			eased = path_tuning_resumed(&p, table[i].at_ms[k], table[i].progress[k],
						    table[i].streams);
		assert_int_equal(eased, table[i].eased);
		assert_int_equal(p.silence_ms, table[i].eased ? 2 * LEAST : LEAST);
		assert_int_equal(p.maxseg, table[i].eased ? 1220 : 0);
	}
}

static void a_quiet_time_takes_it_back(void **state)
{
	(void)state;
	struct path_tuning p = PATH_TUNING_INIT(LEAST, MOST);
	for (uint64_t now = 100000; now <= 102000; now += 1000)
		path_tuning_resumed(&p, now, 1, true);
	assert_int_equal(p.silence_ms, 2 * LEAST);
	path_tuning_resumed(&p, 102000 + 600 * 1000, 2, true);
	assert_int_equal(p.silence_ms, 2 * LEAST);
	path_tuning_resumed(&p, 102001 + 600 * 1000, 3, true);
	assert_int_equal(p.silence_ms, LEAST);
	assert_int_equal(p.maxseg, 1220); /* what passed once passes still */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(resumes_that_bring_nothing_ease),
	    cmocka_unit_test(three_within_a_minute),
	    cmocka_unit_test(a_quiet_time_takes_it_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
