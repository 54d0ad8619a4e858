#define _GNU_SOURCE /* nftw */
#include "shared/base/bind_mounted_file.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include "tests/unit/capture.h"
#include "tests/unit/tempdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

static char file[128], dir[128], backup[160];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void holds(const char *path, const char *text)
{
	char *got;
	size_t len;
	assert_int_equal(file_read(path, 4096, &got, &len), 0);
	assert_string_equal(got, text);
	mem_free(got);
}

static int setup(void **state)
{
	int err = tempdir_make(state);
	snprintf(file, sizeof(file), "%s", tempdir_path("agent.json"));
	snprintf(dir, sizeof(dir), "%s", tempdir_path("state"));
	snprintf(backup, sizeof(backup), "%s/agent.json.backup", dir);
	return err;
}

static void written_in_place(void **state)
{
	(void)state;
	struct stat before, after;
	put(file, "{\"a\": 1, \"b\": 2}");
	assert_int_equal(stat(file, &before), 0);
	assert_int_equal(bind_mounted_file_write(file, "{\"a\": 3}", 8, dir), 0);
	holds(file, "{\"a\": 3}");
	assert_int_equal(bind_mounted_file_write(file, "{\"long\": \"0123456789\"}", 22, dir), 0);
	holds(file, "{\"long\": \"0123456789\"}");
	assert_int_equal(stat(file, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_false(file_exists(backup));
}

static void without_a_backup_nothing_is_written(void **state)
{
	(void)state;
	put(file, "{}");
	put(dir, "no directory");
	assert_int_equal(bind_mounted_file_write(file, "{\"a\": 3}", 8, dir), -ENOTDIR);
	holds(file, "{}");
	assert_int_equal(bind_mounted_file_write(tempdir_path("none"), "{}", 2, dir), -ENOENT);
}

/* What a machine that loses its power in the middle leaves behind. */
static void unfinished(const char *path, const char *now)
{
	char text[256];
	assert_int_equal(file_make_dirs(dir, 0700), 0);
	snprintf(text, sizeof(text), "%s\n{\"old\": true}\n", path);
	put(backup, text);
	put(file, now);
}

static void mended(const char *later, const char *said_part)
{
	static struct capture said;
	capture_start(&said);
	int err = bind_mounted_file_mend(file, dir);
	capture_end(&said);
	assert_int_equal(err, 0);
	holds(file, later);
	if (said_part)
		assert_non_null(strstr(said.err, said_part));
	else
		assert_string_equal(said.err, "");
}

static void an_unfinished_write_is_taken_back(void **state)
{
	(void)state;
	unfinished(file, "{\"new\": tru\"old\": true}\n");
	mended("{\"old\": true}\n",
	       "agent.json: its last change was not finished; it is again what it was before\n");
	assert_false(file_exists(backup));
	mended("{\"old\": true}\n", NULL);
}

static void what_is_whole_stays(void **state)
{
	(void)state;
	unfinished(file, "{\"new\": true}\n");
	mended("{\"new\": true}\n", NULL);
	assert_false(file_exists(backup));
}

static void what_a_person_broke_stays(void **state)
{
	(void)state;
	put(file, "{broken");
	mended("{broken", NULL);
	unfinished("/somewhere/else/agent.json", "{broken");
	mended("{broken", NULL);
	assert_true(file_exists(backup));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(written_in_place),
	    TEST(without_a_backup_nothing_is_written),
	    TEST(an_unfinished_write_is_taken_back),
	    TEST(what_is_whole_stays),
	    TEST(what_a_person_broke_stays),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
