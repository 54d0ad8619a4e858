#include "shared/base/idn.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static void names_in_any_script(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
	    {"博客.alice", "xn--9krq6q.alice"},
	    {"博客。alice", "xn--9krq6q.alice"}, /* as typed in Chinese */
	    {"*.博客.alice", "*.xn--9krq6q.alice"},
	    {"博客.example.org.", "xn--9krq6q.example.org"},
	    {"xn--9krq6q.alice", "xn--9krq6q.alice"},
	    {"BÜCHER.alice", "xn--bcher-kva.alice"},
	    {"bu\u0308cher.alice", "xn--bcher-kva.alice"},
	    {"straße.alice", "xn--strae-oqa.alice"}, /* not "strasse" */
	    {"ｎａｓ.alice", "nas.alice"},
	    {"_dienst.müller", "_dienst.xn--mller-kva"},
	    {"my_app.müller", "my_app.xn--mller-kva"},
	    {"מחשב.alice", "xn--5dblu9b.alice"},
	    {"Blog.Alice", "blog.alice"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		const char *why;
		if (idn_host(rows[i][0], true, out, &why) != 0)
			fail_msg("%s is refused%s", rows[i][0], why);
		assert_string_equal(out, rows[i][1]);
	}
}

#define CHARACTER ": it holds a character that host names may not have"

static void labels_that_may_not_be(void **state)
{
	(void)state;
	char forty[2 * 256] = "";
	for (int i = 0; i < 60; i++)
		sprintf(forty + 6 * i, "博客");
	const char *const rows[][2] = {
	    {"☃.alice", CHARACTER},
	    {"I♥NY.alice", CHARACTER},
	    {"_博客.alice", CHARACTER},
	    {"博 客.alice", CHARACTER},
	    {"博/客.alice", CHARACTER},
	    {"\xff\xfe.alice", ": it is not UTF-8"},
	    {forty, ": it is too long"},
	    {"-博客.alice", ": its hyphens stand where they may not"},
	    {"א1a.alice", ": it mixes letters of both directions"},
	    {"\u200d客.alice", ": its letters do not go together in a host name"},
	    {"博..alice", ""},
	    {"博*.alice", CHARACTER},
	    {"a b", ""},
	    {"", ""}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		const char *why;
		if (idn_host(rows[i][0], true, out, &why) != ERR_SYNTAX)
			fail_msg("%s passes as %s", rows[i][0], out);
		assert_string_equal(why, rows[i][1]);
	}
}

static void full_names(void **state)
{
	(void)state;
	static const char *const rows[][2] = {{"博客.alice", "xn--9krq6q.alice.home.test"},
					      {"博客.example.org.", "xn--9krq6q.example.org"},
					      {"博客.example.org。", "xn--9krq6q.example.org"},
					      {"blog", "blog.home.test"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256];
		const char *why;
		assert_int_equal(idn_full_host(rows[i][0], "home.test", out, &why), 0);
		assert_string_equal(out, rows[i][1]);
	}
}

static void a_person_sees_what_it_typed(void **state)
{
	(void)state;
	static const struct {
		const char *full, *host, *typed, *shown;
	} rows[] = {
	    {"xn--x.alice.home.test", "xn--x.alice", "博客.alice", "博客.alice.home.test"},
	    {"xn--x.example.org", "xn--x.example.org.", "博客.example.org.", "博客.example.org"},
	    {"*.xn--x.home.test:8080", "*.xn--x", "*.博客", "*.博客.home.test:8080"},
	    {"xn--x.alice.home.test", "xn--x.alice", NULL, "xn--x.alice.home.test"},
	    {"xn--xy.home.test", "xn--x", "博客", "xn--xy.home.test"},
	    {"203.0.113.10:8080", NULL, NULL, "203.0.113.10:8080"},
	    {NULL, "xn--x", "博客", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *shown = idn_as_typed(rows[i].full, rows[i].host, rows[i].typed);
		if (rows[i].shown)
			assert_string_equal(shown, rows[i].shown);
		else
			assert_null(shown);
		mem_free(shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_in_any_script),
	    cmocka_unit_test(labels_that_may_not_be),
	    cmocka_unit_test(full_names),
	    cmocka_unit_test(a_person_sees_what_it_typed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
