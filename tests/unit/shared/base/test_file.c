#include "shared/base/file.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int enter_dir(void **state)
{
	static char dir[64];
	strcpy(dir, "/tmp/test_file.XXXXXX");
	*state = dir;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave_dir(void **state)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -rf '%s'", (const char *)*state);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void expect_content(const char *path, const char *expected)
{
	char *text;
	size_t len;
	assert_int_equal(file_read(path, 1000, &text, &len), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	mem_free(text);
}

static struct stat stat_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st;
}

static unsigned mode_of(const char *path)
{
	return stat_of(path).st_mode & 07777;
}

static unsigned entries(void)
{
	unsigned n = 0;
	DIR *dir = opendir(".");
	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void a_file_is_read_up_to_its_ceiling(void **state)
{
	(void)state;
	char *text;
	size_t len;
	assert_int_equal(file_read("absent", 10, &text, &len), -ENOENT);
	assert_null(text);
	assert_int_equal(file_read(".", 10, &text, &len), -EISDIR);
	assert_int_equal(file_replace("f", "0123456789", 10, 0644, false), 0);
	assert_int_equal(file_read("f", 9, &text, &len), -EFBIG);
	assert_null(text);
	assert_int_equal(file_read("f", 10, &text, &len), 0);
	assert_int_equal(len, 10);
	assert_string_equal(text, "0123456789");
	mem_free(text);
	assert_int_equal(file_replace("f", "", 0, 0644, false), 0);
	expect_content("f", "");
}

static void a_large_file_is_whole(void **state)
{
	(void)state;
	size_t size = 100001, len;
	char *data = mem_alloc(size), *text;
	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 7);
	assert_int_equal(file_replace("f", data, size, 0600, false), 0);
	assert_int_equal(file_read("f", size, &text, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(text, data, size);
	mem_free(text);
	mem_free(data);
}

static void a_new_file_gets_its_mode_whatever_the_umask(void **state)
{
	(void)state;
	mode_t old = umask(077);
	assert_int_equal(file_replace("f", "x", 1, 0644, false), 0);
	umask(0);
	assert_int_equal(file_replace("secret", "x", 1, 0600, false), 0);
	umask(old);
	assert_int_equal(mode_of("f"), 0644);
	assert_int_equal(mode_of("secret"), 0600);
}

static void a_replaced_file_keeps_its_mode_and_leaves_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(file_replace("f", "old", 3, 0644, false), 0);
	assert_int_equal(chmod("f", 0640), 0);
	assert_int_equal(file_replace("f", "new", 3, 0600, false), 0);
	expect_content("f", "new");
	assert_int_equal(mode_of("f"), 0640);
	assert_int_equal(entries(), 1);
}

static void exclusive_never_overwrites(void **state)
{
	(void)state;
	assert_int_equal(file_replace("f", "first", 5, 0600, true), 0);
	assert_int_equal(file_replace("f", "second", 6, 0600, true), -EEXIST);
	expect_content("f", "first");
	assert_int_equal(entries(), 1);
	assert_int_equal(stat_of("f").st_nlink, 1);
}

static void a_link_is_followed_not_replaced(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(symlink("d/inner", "outer"), 0);
	assert_int_equal(symlink("target", "d/inner"), 0);
	assert_int_equal(file_replace("outer", "1", 1, 0600, false), 0);
	expect_content("d/target", "1");
	assert_int_equal(file_replace("outer", "2", 1, 0600, false), 0);
	expect_content("d/target", "2");
	assert_int_equal(lstat("outer", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(symlink("loop", "loop"), 0);
	assert_int_equal(file_replace("loop", "3", 1, 0600, false), -ELOOP);
}

/* The service's user owns the state directory; root's commands write there, too. */
static void root_is_led_nowhere_by_links_of_others(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(mkdir("other", 0700), 0);
	assert_int_equal(file_replace("other/f", "old", 3, 0600, false), 0);
	assert_int_equal(symlink("../other/f", "d/f"), 0);
	assert_int_equal(symlink("../other", "d/way"), 0);
	assert_int_equal(file_replace("d/f", "root", 4, 0600, false), 0);
	assert_int_equal(file_replace("d/way/f", "too", 3, 0600, false), 0);
	expect_content("other/f", "too");
	assert_int_equal(lchown("d/f", 1234, 2345), 0);
	assert_int_equal(lchown("d/way", 1234, 2345), 0);
	assert_int_equal(file_replace("d/f", "bad", 3, 0600, false), ERR_FOREIGN_LINK);
	assert_int_equal(file_replace("d/way/f", "bad", 3, 0600, false), ERR_FOREIGN_LINK);
	assert_int_equal(file_replace("d/way/new", "bad", 3, 0600, true), ERR_FOREIGN_LINK);
	assert_int_equal(file_open_to_change("d/f"), ERR_FOREIGN_LINK);
	assert_int_equal(file_open_to_change("d/way/f"), ERR_FOREIGN_LINK);
	expect_content("other/f", "too");
	assert_false(file_exists("other/new"));
}

static void a_failure_leaves_the_old_file(void **state)
{
	(void)state;
	assert_int_equal(file_replace("absent/f", "x", 1, 0600, false), -ENOENT);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(file_replace("d", "x", 1, 0600, false), -EISDIR);
	assert_int_equal(entries(), 1);
}

static void owners_are_kept_or_come_from_the_directory(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("d", 0750), 0);
	assert_int_equal(chown("d", 1234, 2345), 0);
	assert_int_equal(file_replace("d/f", "x", 1, 0640, false), 0);
	assert_int_equal(stat_of("d/f").st_uid, 1234);
	assert_int_equal(stat_of("d/f").st_gid, 2345);
	assert_int_equal(chown("d/f", 1, 3456), 0);
	assert_int_equal(file_replace("d/f", "y", 1, 0600, false), 0);
	assert_int_equal(stat_of("d/f").st_uid, 1);
	assert_int_equal(stat_of("d/f").st_gid, 3456);
	assert_int_equal(mode_of("d/f"), 0640);
}

static void a_secret_is_shared_only_where_a_package_said_so(void **state)
{
	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(file_secret_mode("d/f"), 0600);
	assert_int_equal(file_secret_mode("absent/f"), 0600);
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown("d", 0, 2345), 0);
	assert_int_equal(file_secret_mode("d/f"), 0600);
	assert_int_equal(chmod("d", 0750), 0);
	assert_int_equal(file_secret_mode("d/f"), 0640);
	assert_int_equal(chmod("d", 02770), 0);
	assert_int_equal(file_secret_mode("d/f"), 0640);
	assert_int_equal(chmod("d", 0755), 0);
	assert_int_equal(file_secret_mode("d/f"), 0600);
	assert_int_equal(chmod("d", 0750), 0);
	assert_int_equal(chown("d", 0, 0), 0);
	assert_int_equal(file_secret_mode("d/f"), 0600);
}

static void directories_are_made_and_left(void **state)
{
	char path[128];
	assert_int_equal(file_make_dirs("a/b//c/", 0700), 0);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(chmod("a/b", 0755), 0);
	assert_int_equal(file_make_dirs("a/b/d", 0700), 0);
	assert_int_equal(mode_of("a/b"), 0755);
	assert_int_equal(file_make_dirs("a", 0700), 0);
	assert_int_equal(file_make_dirs("/", 0700), 0);
	assert_int_equal(file_make_dirs(".", 0700), 0);
	snprintf(path, sizeof(path), "%s/x/y", (const char *)*state);
	assert_int_equal(file_make_dirs(path, 0700), 0);
	assert_true(file_exists("x/y"));
	assert_int_equal(file_replace("plain", "x", 1, 0600, false), 0);
	assert_int_equal(file_make_dirs("plain", 0700), -ENOTDIR);
	assert_int_equal(file_make_dirs("plain/sub", 0700), -ENOTDIR);
	assert_int_equal(file_make_dirs("", 0700), -ENOENT);
}

/* The last test of locks: the waits of this process are over then. */
static void a_lock_is_waited_for_until_the_process_ends(void **state)
{
	(void)state;
	int first = file_lock_dir("f"), second;
	assert_true(first >= 0);
	file_end_waits();
	assert_int_equal(file_lock_dir("f"), ERR_LOCKED);
	close(first);
	second = file_lock_dir("f");
	assert_true(second >= 0);
	close(second);
}

static void paths_are_relative_to_the_file_they_stand_in(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
	    {"/etc/g/relay.json", "relay.crt", "/etc/g/relay.crt"},
	    {"/etc/g/relay.json", "/x/relay.crt", "/x/relay.crt"},
	    {"relay.json", "relay.crt", "relay.crt"},
	    {"d/relay.json", "../k", "d/../k"},
	    {"/relay.json", "k", "/k"}};
	static const char *const dirs[][2] = {
	    {"/etc/g/f", "/etc/g"}, {"f", "."}, {"/f", "/"}, {"d/f", "d"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = file_beside(rows[i][0], rows[i][1]);
		assert_string_equal(path, rows[i][2]);
		mem_free(path);
	}
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		char *dir = file_dir(dirs[i][0]);
		assert_string_equal(dir, dirs[i][1]);
		mem_free(dir);
	}
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter_dir, leave_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_DIR(a_file_is_read_up_to_its_ceiling),
	    IN_DIR(a_large_file_is_whole),
	    IN_DIR(a_new_file_gets_its_mode_whatever_the_umask),
	    IN_DIR(a_replaced_file_keeps_its_mode_and_leaves_nothing_behind),
	    IN_DIR(exclusive_never_overwrites),
	    IN_DIR(a_link_is_followed_not_replaced),
	    IN_DIR(root_is_led_nowhere_by_links_of_others),
	    IN_DIR(a_failure_leaves_the_old_file),
	    IN_DIR(owners_are_kept_or_come_from_the_directory),
	    IN_DIR(a_secret_is_shared_only_where_a_package_said_so),
	    IN_DIR(directories_are_made_and_left),
	    IN_DIR(a_lock_is_waited_for_until_the_process_ends),
	    cmocka_unit_test(paths_are_relative_to_the_file_they_stand_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
