#include "shared/base/err.h"

#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Included here for its numbers: err_text promises words for all of them. */
#include <uv.h>

static void our_errors_have_their_text(void **state)
{
	(void)state;
#define CHECK(name, number, text) assert_string_equal(err_text(ERR_##name), text);
	ERR_MAP(CHECK)
#undef CHECK
}

static void no_number_is_both_ours_and_libuvs(void **state)
{
	(void)state;
#define CHECK(name, text)                                                                          \
	if (UV_##name != UV_UNKNOWN)                                                               \
		assert_string_not_equal(err_text(UV_##name), "unknown error");
	UV_ERRNO_MAP(CHECK)
#undef CHECK
}

static void errno_and_lookup_failures_pass_through(void **state)
{
	(void)state;
	assert_string_equal(err_text(-ECONNREFUSED), "connection refused");
	assert_string_equal(err_text(UV_EAI_NONAME), "the name is not found");
	assert_string_equal(err_text(UV_EAI_NODATA), "the name is not found");
	assert_string_equal(err_text(UV_EAI_AGAIN), "no name server answers");
	assert_string_equal(err_text(-EISDIR), "is a directory");
	assert_string_equal(err_text(0), "no error");
}

static void an_unknown_number_still_has_words(void **state)
{
	(void)state;
	assert_string_equal(err_text(-999999), "unknown error");
	assert_string_equal(err_text(17), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(our_errors_have_their_text),
	    cmocka_unit_test(no_number_is_both_ours_and_libuvs),
	    cmocka_unit_test(errno_and_lookup_failures_pass_through),
	    cmocka_unit_test(an_unknown_number_still_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
