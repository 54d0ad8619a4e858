#include "relay/doors/host_match.h"

#include "shared/base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static int owners[8];

static void add(struct host_match *h, const char *host, int owner)
{
	const char *held_by = NULL;
	assert_int_equal(host_match_add(h, host, &owners[owner], "alice/nas web", &held_by), 0);
}

static void the_nearest_name_wins(void **state)
{
	(void)state;
	struct host_match *h = host_match_new();
	add(h, "alice.home.example.com", 1);
	add(h, "*.alice.home.example.com", 2);
	add(h, "blog.alice.home.example.com", 3);
	add(h, "*.deep.alice.home.example.com", 4);
	add(h, "*.home.example.com", 5);
	add(h, "Shout.Example.COM.", 6);
	static const struct {
		const char *host;
		int owner;
	} cases[] = {
	    {"alice.home.example.com", 1},
	    {"ALICE.home.Example.com", 1},
	    {"alice.home.example.com.", 1},
	    {"x.alice.home.example.com", 2},
	    {"x.y.alice.home.example.com", 2},
	    {"deep.alice.home.example.com", 2},
	    {"blog.alice.home.example.com", 3},
	    {"www.blog.alice.home.example.com", 2},
	    {"a.deep.alice.home.example.com", 4},
	    {"a.b.deep.alice.home.example.com", 4},
	    {"bob.home.example.com", 5},
	    {"malice.home.example.com", 5},
	    {"home.example.com", 0},
	    {"example.com", 0},
	    {"com", 0},
	    {"", 0},
	    {".", 0},
	    {"*.alice.home.example.com", 0},
	    {"a..alice.home.example.com", 0},
	    {".alice.home.example.com", 0},
	    {"192.0.2.1", 0},
	    {"shout.example.com", 6},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const int *got = host_match_find(h, cases[i].host);
		if (got != (cases[i].owner ? &owners[cases[i].owner] : NULL))
			fail_msg("%s went to %d", cases[i].host, got ? (int)(got - owners) : 0);
	}
	host_match_free(h);
}

static void a_held_name_is_refused_with_its_holder(void **state)
{
	(void)state;
	struct host_match *h = host_match_new();
	const char *held_by = NULL;
	assert_int_equal(host_match_add(h, "a.example.com", &owners[1], "alice/nas blog", &held_by),
			 0);
	assert_int_equal(host_match_add(h, "A.example.com.", &owners[2], "bob/pc site", &held_by),
			 -EADDRINUSE);
	assert_string_equal(held_by, "alice/nas blog");
	assert_int_equal(host_match_add(h, "*.example.com", &owners[2], "bob/pc site", &held_by),
			 0);
	assert_int_equal(
	    host_match_add(h, "a.example.com", &owners[1], "alice/nas renamed", &held_by), 0);
	assert_string_equal(host_match_holder(h, "a.example.com"), "alice/nas renamed");
	assert_string_equal(host_match_holder(h, "*.example.com"), "bob/pc site");
	assert_null(host_match_holder(h, "b.example.com"));
	assert_int_equal(host_match_count(h), 2);
	host_match_free(h);
}

static void only_the_owner_removes(void **state)
{
	(void)state;
	struct host_match *h = host_match_new();
	add(h, "a.example.com", 1);
	assert_false(host_match_remove(h, "a.example.com", &owners[2]));
	assert_false(host_match_remove(h, "b.example.com", &owners[1]));
	assert_false(host_match_remove(h, "no host!", &owners[1]));
	assert_true(host_match_remove(h, "A.example.com", &owners[1]));
	assert_false(host_match_remove(h, "a.example.com", &owners[1]));
	assert_null(host_match_find(h, "a.example.com"));
	add(h, "a.example.com", 2);
	assert_ptr_equal(host_match_find(h, "a.example.com"), &owners[2]);
	host_match_free(h);
	host_match_free(NULL);
}

static void what_is_no_name_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"",    "*",      "*.",   "a.*.com", "**.com",
					  "a b", "-a.com", "a..b", "a/b",     "*a.com"};
	struct host_match *h = host_match_new();
	const char *held_by = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(host_match_add(h, bad[i], &owners[1], "x", &held_by), ERR_SYNTAX);
	assert_int_equal(host_match_count(h), 0);
	host_match_free(h);
}

static void thousands_of_names(void **state)
{
	(void)state;
	static int many[5000];
	struct host_match *h = host_match_new();
	const char *held_by = NULL;
	char name[64];
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "*.", i);
		assert_int_equal(host_match_add(h, name, &many[i], "x", &held_by), 0);
	}
	for (int i = 0; i < 5000; i += 2) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "*.", i);
		assert_true(host_match_remove(h, name, &many[i]));
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "%sh%d.example.com", i % 3 ? "" : "www.", i);
		assert_ptr_equal(host_match_find(h, name), i % 2 ? &many[i] : NULL);
	}
	assert_int_equal(host_match_count(h), 2500);
	host_match_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_nearest_name_wins),
	    cmocka_unit_test(a_held_name_is_refused_with_its_holder),
	    cmocka_unit_test(only_the_owner_removes),
	    cmocka_unit_test(what_is_no_name_is_refused),
	    cmocka_unit_test(thousands_of_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
