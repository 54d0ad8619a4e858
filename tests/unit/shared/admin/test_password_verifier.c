#include "shared/admin/password_verifier.h"

#include "shared/admin/admin_file.h"
#include "shared/base/mem.h"
#include "shared/base/totp.h"

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

enum { MOST = 256 };

static char dir[] = "/tmp/admin_login.XXXXXX", file[64];
/* "right", by few rounds */
static const char hash[] =
    "scrypt:10:8:1:AAECAwQFBgcICQoLDA0ODw:HxrcnnyStMUHPXrTd-w0_OwXG07hZiyzJ6iv48mfrPQ";

static struct {
	struct loop *loop;
	struct password_verifier *login;
	size_t told;
	int order[MOST]; /* which try, as they were told */
	enum password_verifier_result results[MOST];
	bool refused[MOST];
} t;

static void on_result(void *owner, void *arg, enum password_verifier_result result)
{
	assert_ptr_equal(owner, &t);
	int which = (int)(uintptr_t)arg;
	t.order[t.told++] = which;
	t.results[which] = result;
}

static void write_file(const char *secret)
{
	struct admin_file f = {.count = 0};
	char *why;
	snprintf(f.password, sizeof f.password, "%s", hash);
	snprintf(f.totp_secret, sizeof f.totp_secret, "%s", secret);
	assert_int_equal(admin_file_write(file, &f, &why), 0);
}

static void begin(void)
{
	memset(&t, 0, sizeof t);
	t.loop = loop_new("test");
	t.login = password_verifier_new(t.loop, on_result, &t);
}

/* Whether it will be told. */
static bool try(int which, const char *from, const char *password, const char *code)
{
	struct addr peer;
	assert_int_equal(addr_parse_ip(from, &peer), 0);
	void *refused = password_verifier_try(t.login, &(struct password_verifier_try){
							   .file = file,
							   .peer = &peer,
							   .password = password,
							   .code = code,
							   .arg = (void *)(uintptr_t)which,
						       });
	if (refused)
		t.refused[(uintptr_t)refused] = true;
	return !refused;
}

/* Until so many have been told. */
static void await(size_t count)
{
	while (t.told < count)
		loop_turn(t.loop);
	assert_int_equal(t.told, count);
}

static void end(void)
{
	password_verifier_close(t.login);
	loop_stop(t.loop);
	loop_run(t.loop);
	assert_int_equal(loop_free(t.loop), 0);
}

/* One try with a loop of its own, from an address that has not failed. */
static enum password_verifier_result alone(const char *password, const char *code)
{
	begin();
	assert_true(try(1, "192.0.2.1", password, code));
	await(1);
	end();
	return t.results[1];
}

static void the_password_signs_in_and_no_other(void **state)
{
	(void)state;
	write_file("");
	assert_int_equal(alone("right", ""), PASSWORD_VERIFIER_RIGHT);
	assert_int_equal(alone("right", "123456"), PASSWORD_VERIFIER_RIGHT);
	assert_int_equal(alone("wrong", ""), PASSWORD_VERIFIER_WRONG);
	assert_int_equal(alone("", ""), PASSWORD_VERIFIER_WRONG);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(alone("right", ""), PASSWORD_VERIFIER_WRONG);
}

static void a_code_is_wanted_too_and_works_once(void **state)
{
	(void)state;
	char secret[TOTP_SECRET_TEXT], code[TOTP_CODE], wrong[TOTP_CODE];
	totp_new(secret);
	write_file(secret);
	totp_code(secret, loop_wall_ms() / 1000 / TOTP_STEP_S + 1, code);
	snprintf(wrong, sizeof wrong, "%c%s", code[0] == '9' ? '0' : code[0] + 1, code + 1);
	assert_int_equal(alone("right", ""), PASSWORD_VERIFIER_WRONG);
	assert_int_equal(alone("right", wrong), PASSWORD_VERIFIER_WRONG);
	assert_int_equal(alone("wrong", code), PASSWORD_VERIFIER_WRONG);
	assert_int_equal(alone("right", code), PASSWORD_VERIFIER_RIGHT);
	assert_int_equal(alone("right", code), PASSWORD_VERIFIER_WRONG);
	struct admin_file f;
	char *why;
	assert_int_equal(admin_file_read(file, &f, &why), 0);
	assert_int_not_equal(f.totp_used, 0);
}

/* Nor is it told that the password is right: that is as wrong as any other. */
static void who_knows_the_password_may_not_guess_codes(void **state)
{
	(void)state;
	char secret[TOTP_SECRET_TEXT], code[TOTP_CODE], from[32];
	totp_new(secret);
	write_file(secret);
	begin();
	for (int i = 0; i < PASSWORD_VERIFIER_CODES; i++) {
		snprintf(from, sizeof from, "192.0.%d.1", i);
		assert_true(try(i + 1, from, "right", "no"));
		await((size_t)i + 1);
	}
	totp_code(secret, loop_wall_ms() / 1000 / TOTP_STEP_S + 1, code);
	assert_true(try(100, "198.51.100.1", "right", code));
	await(PASSWORD_VERIFIER_CODES + 1);
	assert_true(try(101, "198.51.100.2", "wrong", code));
	await(PASSWORD_VERIFIER_CODES + 2);
	assert_int_equal(t.results[PASSWORD_VERIFIER_CODES], PASSWORD_VERIFIER_WRONG);
	assert_int_equal(t.results[100], PASSWORD_VERIFIER_WRONG);
	assert_int_equal(t.results[101], PASSWORD_VERIFIER_WRONG);
	end();
}

/* One network guesses as fast as it goes; who comes from elsewhere does not wait behind it. */
static void a_network_that_guesses_keeps_out_nobody_else(void **state)
{
	(void)state;
	char from[32];
	write_file("");
	begin();
	for (int i = 0; i < PASSWORD_VERIFIER_WAITING; i++) {
		snprintf(from, sizeof from, "192.0.2.%d", i);
		assert_true(try(i + 1, from, "wrong", ""));
	}
	assert_true(try(200, "198.51.100.1", "right", ""));
	/* The one before is on the pool already. */
	await(2);
	assert_int_equal(t.order[1], 200);
	assert_int_equal(t.results[200], PASSWORD_VERIFIER_RIGHT);
	end();
}

static void the_last_of_the_fullest_network_makes_room(void **state)
{
	(void)state;
	char from[32];
	write_file("");
	begin();
	/* one on the pool, the others wait */
	for (int i = 0; i < PASSWORD_VERIFIER_WAITING + 1; i++) {
		snprintf(from, sizeof from, "192.0.2.%d", i);
		assert_true(try(i + 1, from, "wrong", ""));
	}
	assert_false(try(200, "198.51.100.1", "right", ""));
	assert_true(t.refused[PASSWORD_VERIFIER_WAITING + 1]);
	await(2);
	assert_int_equal(t.results[200], PASSWORD_VERIFIER_RIGHT);
	end();
}

static void who_guesses_is_not_looked_at(void **state)
{
	(void)state;
	int looked = 0;
	write_file("");
	begin();
	while (looked < MOST - 1 && try(looked + 1, "192.0.2.1", "wrong", ""))
		await((size_t)++looked);
	assert_in_range(looked, 20, MOST - 2);
	assert_false(try(MOST - 1, "192.0.2.1", "right", ""));
	end();
}

static void a_file_that_is_none_is_told(void **state)
{
	(void)state;
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs("{\"password\": 1}", f);
	fclose(f);
	assert_int_equal(alone("right", ""), PASSWORD_VERIFIER_FAILED);
}

static void it_ends_while_passwords_wait(void **state)
{
	(void)state;
	write_file("");
	begin();
	for (int i = 0; i < 5; i++)
		assert_true(try(i + 1, "192.0.2.1", "right", ""));
	end();
	assert_int_equal(t.told, 0);
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
	    cmocka_unit_test(the_password_signs_in_and_no_other),
	    cmocka_unit_test(a_code_is_wanted_too_and_works_once),
	    cmocka_unit_test(who_knows_the_password_may_not_guess_codes),
	    cmocka_unit_test(a_network_that_guesses_keeps_out_nobody_else),
	    cmocka_unit_test(the_last_of_the_fullest_network_makes_room),
	    cmocka_unit_test(who_guesses_is_not_looked_at),
	    cmocka_unit_test(a_file_that_is_none_is_told),
	    cmocka_unit_test(it_ends_while_passwords_wait),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
