/* Passwords: right ones fit, everything else does not, and the cache knows only what it was
 * told. */
#include "relay/passwd.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void only_the_right_one_fits(void **state)
{
	(void)state;
	char hash[PASSWD_TEXT], again[PASSWD_TEXT];
	assert_int_equal(passwd_hash("s3cret", hash), 0);
	assert_int_equal(passwd_hash("s3cret", again), 0);
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "scrypt:15:8:1:", 14);
	assert_true(passwd_is_hash(hash));
	assert_true(passwd_verify("s3cret", hash));
	assert_false(passwd_verify("s3cret ", hash));
	assert_false(passwd_verify("", hash));
	assert_false(passwd_verify("s3cret", NULL));
	assert_false(passwd_verify("s3cret", "scrypt:"));
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
		assert_false(passwd_is_hash(wrong[i]));
	char out[PASSWD_TEXT], *big = mem_alloc(300);
	memset(big, 'x', 299);
	big[299] = 0;
	assert_true(passwd_hash(big, out) < 0);
	assert_true(passwd_hash("", out) < 0);
	big[256] = 0;
	assert_int_equal(passwd_hash(big, out), 0);
	mem_free(big);
}

static void the_cache_forgets(void **state)
{
	(void)state;
	struct passwd_cache *c = passwd_cache_new();
	assert_false(passwd_cache_has(c, "alice", "h", "pw", 5));
	passwd_cache_put(c, "alice", "h", "pw", 5);
	assert_true(passwd_cache_has(c, "alice", "h", "pw", 6));
	assert_false(passwd_cache_has(c, "alice", "h", "pw2", 6));
	assert_false(passwd_cache_has(c, "bob", "h", "pw", 6));
	assert_false(passwd_cache_has(c, "alice", "h2", "pw", 6));
	assert_true(passwd_cache_has(c, "alice", "h", "pw", 5 + PASSWD_CACHE_MS - 1));
	assert_false(passwd_cache_has(c, "alice", "h", "pw", 5 + PASSWD_CACHE_MS));
	passwd_cache_free(c);
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
