#include "shared/base/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_new_token_is_one_and_matches_its_hash(void **state)
{
	(void)state;
	char token[TOKEN_TEXT], other[TOKEN_TEXT], hash[TOKEN_HASH_TEXT];
	token_new(token);
	token_new(other);
	assert_int_equal(strlen(token), TOKEN_TEXT - 1);
	assert_string_not_equal(token, other);
	token_hash(token, hash);
	assert_true(token_is_hash(hash));
	assert_int_equal(strlen(hash), TOKEN_HASH_TEXT - 1);
	assert_true(token_matches(token, hash));
	assert_false(token_matches(other, hash));
	assert_false(token_matches("", hash));
	assert_false(token_matches(token, token));
	assert_false(token_matches(token, ""));
	for (unsigned i = 7; i < TOKEN_HASH_TEXT - 1; i++) {
		char wrong[TOKEN_HASH_TEXT];
		strcpy(wrong, hash);
		wrong[i] = wrong[i] == '0' ? '1' : '0';
		assert_false(token_matches(token, wrong));
	}
}

static void the_hash_is_sha256_of_the_text(void **state)
{
	(void)state;
	char hash[TOKEN_HASH_TEXT];
	token_hash("abc", hash);
	assert_string_equal(
	    hash, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void what_is_no_hash_is_told(void **state)
{
	(void)state;
	static const char good[] =
	    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	char text[80];
	assert_true(token_is_hash(good));
	for (size_t len = 0; len < sizeof(good) - 1; len++) {
		snprintf(text, sizeof(text), "%.*s", (int)len, good);
		assert_false(token_is_hash(text));
	}
	snprintf(text, sizeof(text), "%s0", good);
	assert_false(token_is_hash(text));
	assert_false(token_is_hash(
	    "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_false(token_is_hash(
	    "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_token_is_one_and_matches_its_hash),
	    cmocka_unit_test(the_hash_is_sha256_of_the_text),
	    cmocka_unit_test(what_is_no_hash_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
