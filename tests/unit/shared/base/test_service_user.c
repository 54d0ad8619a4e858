#define _GNU_SOURCE /* nftw */
#include "shared/base/service_user.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { NOBODY = 65534 };

static void modes_of_file_and_directories_count(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	const char *file = tempdir_path("relay.key");
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	chmod(file, 0600);
	char dir[128];
	snprintf(dir, sizeof(dir), "%s", tempdir_path(""));
	chmod(dir, 0755);
	assert_false(service_user_can("nobody", NOBODY, NOBODY, file));
	chmod(file, 0640);
	assert_false(service_user_can("nobody", NOBODY, NOBODY, file));
	assert_int_equal(chown(file, 0, NOBODY), 0);
	assert_true(service_user_can("nobody", NOBODY, NOBODY, file));
	chmod(dir, 0700);
	assert_false(service_user_can("nobody", NOBODY, NOBODY, file));
}

static void only_the_systems_files_are_asked_about(void **state)
{
	(void)state;
	const char *const files[] = {"/etc/shadow", NULL};
	assert_true(service_user_reads(tempdir_path("relay.json"), files));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(modes_of_file_and_directories_count),
	    TEST(only_the_systems_files_are_asked_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
