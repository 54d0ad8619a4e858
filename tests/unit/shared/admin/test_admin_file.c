#include "shared/admin/admin_file.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/admin_file.XXXXXX", file[64];
static const char hash[] =
    "scrypt:10:8:1:AAECAwQFBgcICQoLDA0ODw:HxrcnnyStMUHPXrTd-w0_OwXG07hZiyzJ6iv48mfrPQ";
static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

static void what_is_written_is_read(void **state)
{
	(void)state;
	struct admin_file f = {.count = 1, .totp_used = 57889211}, got;
	char token[TOKEN_TEXT], *why;
	struct stat st;
	snprintf(f.tokens[0].name, sizeof f.tokens[0].name, "robot");
	token_new(token);
	token_hash(token, f.tokens[0].hash);
	f.tokens[0].read_only = true;
	snprintf(f.password, sizeof f.password, "%s", hash);
	snprintf(f.totp_secret, sizeof f.totp_secret, "%s", secret);
	assert_int_equal(admin_file_write(file, &f, &why), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(admin_file_read(file, &got, &why), 0);
	assert_string_equal(got.password, hash);
	assert_string_equal(got.totp_secret, secret);
	assert_int_equal(got.totp_used, 57889211);
	assert_int_equal(got.count, 1);
	assert_ptr_equal(admin_file_match(&got, token), &got.tokens[0]);
	assert_true(got.tokens[0].read_only);
}

static void an_absent_file_lets_nobody_in(void **state)
{
	(void)state;
	struct admin_file got;
	char *why;
	unlink(file);
	assert_int_equal(admin_file_read(file, &got, &why), 0);
	assert_int_equal(got.count, 0);
	assert_string_equal(got.password, "");
	assert_string_equal(got.totp_secret, "");
}

/* A file that is wrong lets nobody in, and its reader is told where. */
static void what_is_wrong_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} cases[] = {
	    {"{\"password\": \"right\"}", "password: is not what `admin passwd` writes"},
	    {"{\"password\": 7}", "password: must be a string"},
	    {"{\"totp\": {\"secret\": \"abc\"}}",
	     "totp.secret: is not what `admin totp on` writes"},
	    {"{\"totp\": {}}", "totp.secret: "},
	    {"{\"totp\": {\"secret\": \"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\", \"used\": -1}}",
	     "totp.used: "},
	    {"{\"totp\": {\"secret\": \"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\", \"usd\": 1}}",
	     "did you mean \"used\""},
	    {"{\"pasword\": \"x\"}", "did you mean \"password\""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct admin_file got;
		char *why = NULL;
		assert_int_equal(
		    file_replace(file, cases[i].text, strlen(cases[i].text), 0600, false), 0);
		assert_int_equal(admin_file_read(file, &got, &why), ERR_CONFIG);
		assert_non_null(why);
		if (!strstr(why, cases[i].why))
			fail_msg("\"%s\" is not in: %s", cases[i].why, why);
		assert_string_equal(got.password, "");
		assert_string_equal(got.totp_secret, "");
		mem_free(why);
	}
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof file, "%s/admin.json", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read),
	    cmocka_unit_test(an_absent_file_lets_nobody_in),
	    cmocka_unit_test(what_is_wrong_is_told),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
