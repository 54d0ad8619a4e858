#include "shared/admin/admin_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void link_works_once(void **state)
{
	(void)state;
	struct admin_sessions s = {0};
	char link[TOKEN_TEXT], session[TOKEN_TEXT];
	admin_sessions_link(&s, 1000, link);
	assert_false(admin_sessions_begin(&s, "", 1001, session));
	assert_false(admin_sessions_begin(&s, "x", 1001, session));
	assert_true(admin_sessions_begin(&s, link, 1001, session));
	assert_string_not_equal(link, session);
	assert_true(admin_sessions_has(&s, session, 1002));
	assert_false(admin_sessions_has(&s, link, 1002));
	assert_false(admin_sessions_begin(&s, link, 1002, session));
}

static void link_and_session_have_an_end(void **state)
{
	(void)state;
	struct admin_sessions s = {0};
	char link[TOKEN_TEXT], session[TOKEN_TEXT];
	admin_sessions_link(&s, 0, link);
	assert_false(admin_sessions_begin(&s, link, ADMIN_LINK_MS, session));
	assert_true(admin_sessions_begin(&s, link, ADMIN_LINK_MS - 1, session));
	uint64_t end = ADMIN_LINK_MS - 1 + ADMIN_SESSION_MS;
	assert_true(admin_sessions_has(&s, session, end - 1));
	assert_false(admin_sessions_has(&s, session, end));
}

static void signing_out_ends_one_session(void **state)
{
	(void)state;
	struct admin_sessions s = {0};
	char link[TOKEN_TEXT], one[TOKEN_TEXT], two[TOKEN_TEXT];
	admin_sessions_link(&s, 0, link);
	assert_true(admin_sessions_begin(&s, link, 1, one));
	admin_sessions_link(&s, 1, link);
	assert_true(admin_sessions_begin(&s, link, 2, two));
	admin_sessions_end(&s, one);
	admin_sessions_end(&s, "nobody's");
	assert_false(admin_sessions_has(&s, one, 3));
	assert_true(admin_sessions_has(&s, two, 3));
}

/* Whoever asks for many links or sessions takes the place of the oldest only. */
static void oldest_makes_room(void **state)
{
	(void)state;
	struct admin_sessions s = {0};
	char first[TOKEN_TEXT], link[TOKEN_TEXT], session[TOKEN_TEXT], last[TOKEN_TEXT];
	admin_sessions_link(&s, 0, first);
	for (uint64_t i = 1; i <= ADMIN_LINKS; i++)
		admin_sessions_link(&s, i, link);
	assert_false(admin_sessions_begin(&s, first, 10, session));
	assert_true(admin_sessions_begin(&s, link, 10, session));
	for (uint64_t i = 0; i < ADMIN_SESSIONS; i++) {
		assert_true(admin_sessions_has(&s, session, 11 + i));
		admin_sessions_link(&s, 11 + i, link);
		assert_true(admin_sessions_begin(&s, link, 11 + i, last));
	}
	assert_false(admin_sessions_has(&s, session, 100));
	assert_true(admin_sessions_has(&s, last, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(link_works_once),
	    cmocka_unit_test(link_and_session_have_an_end),
	    cmocka_unit_test(signing_out_ends_one_session),
	    cmocka_unit_test(oldest_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
