#include "shared/base/default_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void expect(char *got, const char *of_root, const char *of_others)
{
	const char *want = geteuid() == 0 ? of_root : of_others;
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
	free(got);
}

static void what_the_environment_says_counts_if_absolute(void **state)
{
	(void)state;
	setenv("HOME", "/home/u", 1);
	setenv("XDG_CONFIG_HOME", "/xdg/config", 1);
	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("XDG_RUNTIME_DIR", "/xdg/run", 1);
	expect(default_paths_config("a.json"), "/etc/groundnut/a.json",
	       "/xdg/config/groundnut/a.json");
	expect(default_paths_state("a.db"), "/var/lib/groundnut/a.db",
	       "/home/u/.local/state/groundnut/a.db");
	expect(default_paths_runtime("a.sock"), "/run/groundnut/a.sock",
	       "/xdg/run/groundnut/a.sock");
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_RUNTIME_DIR", "", 1);
	expect(default_paths_config("a.json"), "/etc/groundnut/a.json",
	       "/home/u/.config/groundnut/a.json");
	expect(default_paths_runtime("a.sock"), "/run/groundnut/a.sock", NULL);
}

static void home_is_known_without_the_environment(void **state)
{
	(void)state;
	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	char *path = default_paths_config("a.json");
	assert_true(path[0] == '/');
	assert_non_null(strstr(path, "/groundnut/a.json"));
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_environment_says_counts_if_absolute),
	    cmocka_unit_test(home_is_known_without_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
