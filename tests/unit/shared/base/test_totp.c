#include "shared/base/totp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* "12345678901234567890", as in RFC 6238, appendix B. */
static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/* The vectors there have eight digits: six are their last six. */
static const struct {
	uint64_t unix_s;
	const char *code;
} vectors[] = {
    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
};

static void codes_are_those_of_the_rfc(void **state)
{
	(void)state;
	char code[TOTP_CODE];
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		totp_code(secret, vectors[i].unix_s / TOTP_STEP_S, code);
		assert_string_equal(code, vectors[i].code);
		assert_int_equal(totp_match(secret, code, vectors[i].unix_s, 0),
				 vectors[i].unix_s / TOTP_STEP_S);
	}
}

static void a_new_secret_is_one(void **state)
{
	(void)state;
	char one[TOTP_SECRET_TEXT], other[TOTP_SECRET_TEXT], code[TOTP_CODE];
	totp_new(one);
	totp_new(other);
	assert_true(totp_is_secret(one));
	assert_string_not_equal(one, other);
	totp_code(one, 1000, code);
	assert_int_equal(strlen(code), 6);
	assert_int_equal(strspn(code, "0123456789"), 6);
}

static void what_is_no_secret_is_told(void **state)
{
	(void)state;
	assert_true(totp_is_secret(secret));
	static const char *const wrong[] = {
	    "",
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ",
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQA",
	    "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ1",
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJ=",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(totp_is_secret(wrong[i]));
}

static void clocks_may_differ_by_a_step(void **state)
{
	(void)state;
	char code[TOTP_CODE];
	const uint64_t now = 1234567890, step = now / TOTP_STEP_S;
	for (uint64_t at = step - 3; at <= step + 3; at++) {
		totp_code(secret, at, code);
		bool near_enough = at + 1 >= step && at <= step + 1;
		assert_int_equal(totp_match(secret, code, now, 0), near_enough ? at : 0);
	}
}

static void no_code_works_twice(void **state)
{
	(void)state;
	char code[TOTP_CODE];
	const uint64_t now = 1234567890, step = now / TOTP_STEP_S;
	totp_code(secret, step, code);
	assert_int_equal(totp_match(secret, code, now, step - 1), step);
	assert_int_equal(totp_match(secret, code, now, step), 0);
	/* nor one that is older than what was used */
	totp_code(secret, step - 1, code);
	assert_int_equal(totp_match(secret, code, now, step), 0);
	totp_code(secret, step + 1, code);
	assert_int_equal(totp_match(secret, code, now, step), step + 1);
}

static void what_is_no_code_fits_never(void **state)
{
	(void)state;
	static const char *const wrong[] = {"",        "5924",   "00592", "005924 ",
					    "0059240", "005925", "O05924"};
	assert_int_not_equal(totp_match(secret, "005924", 1234567890, 0), 0);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(totp_match(secret, wrong[i], 1234567890, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(codes_are_those_of_the_rfc),
	    cmocka_unit_test(a_new_secret_is_one),
	    cmocka_unit_test(what_is_no_secret_is_told),
	    cmocka_unit_test(clocks_may_differ_by_a_step),
	    cmocka_unit_test(no_code_works_twice),
	    cmocka_unit_test(what_is_no_code_fits_never),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
