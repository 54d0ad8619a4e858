/* Passwords: right ones fit, everything else does not, and the cache knows only what it was
 * told. */
#include "shared/base/password.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void only_the_right_one_fits(void **state)
{
	(void)state;
	char hash[PASSWORD_TEXT], again[PASSWORD_TEXT];
	assert_int_equal(password_hash("s3cret", hash), 0);
	assert_int_equal(password_hash("s3cret", again), 0);
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "scrypt:15:8:1:", 14);
	assert_true(password_is_hash(hash));
	assert_true(password_verify("s3cret", hash));
	assert_false(password_verify("s3cret ", hash));
	assert_false(password_verify("", hash));
	assert_false(password_verify("s3cret", NULL));
	assert_false(password_verify("s3cret", "scrypt:"));
}

static void malformed_hashes_fit_nothing(void **state)
{
	(void)state;
	static const char *const wrong[] = {
	    "",
	    "scrypt",
	    "scrypt:15:8:1:a:b",
	    "scrypt:30:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAA",
	    "sha256:00",
	    "scrypt:15:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:x"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(password_is_hash(wrong[i]));
	char out[PASSWORD_TEXT], *big = mem_alloc(300);
	memset(big, 'x', 299);
	big[299] = 0;
	assert_true(password_hash(big, out) < 0);
	assert_true(password_hash("", out) < 0);
	big[256] = 0;
	assert_int_equal(password_hash(big, out), 0);
	mem_free(big);
}

static void the_cache_forgets(void **state)
{
	(void)state;
	struct passwd_cache *c = password_cache_new();
	assert_false(password_cache_has(c, "alice", "h", "pw", 5));
	password_cache_put(c, "alice", "h", "pw", 5);
	assert_true(password_cache_has(c, "alice", "h", "pw", 6));
	assert_false(password_cache_has(c, "alice", "h", "pw2", 6));
	assert_false(password_cache_has(c, "bob", "h", "pw", 6));
	assert_false(password_cache_has(c, "alice", "h2", "pw", 6));
	assert_true(password_cache_has(c, "alice", "h", "pw", 5 + PASSWORD_CACHE_MS - 1));
	assert_false(password_cache_has(c, "alice", "h", "pw", 5 + PASSWORD_CACHE_MS));
	password_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_right_one_fits),
	    cmocka_unit_test(malformed_hashes_fit_nothing),
	    cmocka_unit_test(the_cache_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
