/* The store: what was told durable is there after kill -9, order is kept, trouble is told. */
#define _GNU_SOURCE /* nftw */
#include "relay/database.h"
#include "relay/store.h"

#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/relay/sqlite_use.h"

static char path[128];

static int setup(void **state)
{
	assert_int_equal(tempdir_make(state), 0);
	snprintf(path, sizeof(path), "%s/deep/relay.db", tempdir);
	return 0;
}

static struct store *open_store(struct loop *l)
{
	char *why;
	struct store *s = store_open(l, path, &why);
	if (!s)
		fail_msg("%s", why);
	return s;
}

static void put(struct store *s, const char *name, unsigned family, const char *door,
		uint64_t requests, store_fn *fn, void *owner)
{
	struct store_batch *b = store_batch_new();
	const struct store_name row = {.name = name,
				       .family = family,
				       .account = "alice",
				       .ddns = door,
				       .requests = requests,
				       .client = "inadyn/2.10",
				       .answer = "good",
				       .updated_ms = 5};
	store_put_name(b, &row);
	store_commit(s, b, fn, owner);
}

struct seen {
	unsigned rows, told, failed;
	uint64_t requests;
	char ddns[64];
};

static void note(void *arg, const struct store_name *row)
{
	struct seen *seen = arg;
	seen->rows++;
	seen->requests = row->requests;
	snprintf(seen->ddns, sizeof(seen->ddns), "%s", row->ddns);
	assert_string_equal(row->account, "alice");
	assert_string_equal(row->holder, "");
}

static void told(void *owner, int err)
{
	struct seen *seen = owner;
	seen->told++;
	seen->failed += err < 0;
}

static void last_value_wins_and_all_are_told(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	struct store *s = open_store(l);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	struct seen seen = {0};
	for (unsigned i = 1; i <= 100; i++)
		put(s, "a.home.test", 4, i == 100 ? "11.0.0.9" : "11.0.0.1", i, told, &seen);
	struct store_batch *b = store_batch_new();
	store_put_number(b, "serial", 4000000000);
	store_drop_name(b, "a.home.test", 6);
	store_commit(s, b, NULL, NULL);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(seen.told, 0); /* closed: nobody is told, yet all is written */
	assert_int_equal(loop_free(l), 0);

	l = loop_new("test");
	s = open_store(l);
	assert_int_equal(store_read_names(s, note, &seen), 0);
	assert_int_equal(seen.rows, 1);
	assert_int_equal(seen.requests, 100);
	assert_string_equal(seen.ddns, "11.0.0.9");
	assert_true(store_read_number(s, "serial", 0) == 4000000000);
	assert_true(store_read_number(s, "nothing", -7) == -7);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

static void note_home(void *arg, const struct store_home *row)
{
	assert_string_equal(row->account, "a");
	++*(unsigned *)arg;
}

static void put_home_later(struct store *s, const char *agent, struct seen *seen)
{
	struct store_batch *b = store_batch_new();
	store_put_home(b, &(struct store_home){"a", agent, 1});
	store_commit_later(s, b, told, seen);
}

static void what_may_wait_is_written_in_its_time_and_at_the_close(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	struct store *s = open_store(l);
	struct seen seen = {0};
	unsigned homes = 0;
	put_home_later(s, "one", &seen);
	put_home_later(s, "two", &seen);
	while (seen.told < 2)
		loop_turn(l);
	assert_int_equal(seen.failed, 0);
	put_home_later(s, "three", NULL);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);

	l = loop_new("test");
	s = open_store(l);
	assert_int_equal(store_read_homes(s, note_home, &homes), 0);
	assert_int_equal(homes, 3);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

static void die_when_told(void *owner, int err)
{
	(void)owner;
	if (err == 0)
		kill(getpid(), SIGKILL);
}

static void kill_9_after_told_loses_nothing(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct loop *l = loop_new("child");
		struct store *s = open_store(l);
		put(s, "a.home.test", 4, "11.0.0.1", 1, NULL, NULL);
		put(s, "a.home.test", 4, "11.0.0.2", 2, die_when_told, NULL);
		loop_run(l);
		_exit(9);
	}
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	struct loop *l = loop_new("test");
	struct store *s = open_store(l);
	struct seen seen = {0};
	store_read_names(s, note, &seen);
	assert_int_equal(seen.requests, 2);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

struct chain {
	struct store *store;
	struct loop *loop;
	unsigned left, told;
};

static void again(void *owner, int err)
{
	struct chain *c = owner;
	assert_int_equal(err, 0);
	c->told++;
	if (--c->left) {
		put(c->store, "b.home.test", 6, "2a00::1", c->left, again, c);
		return;
	}
	store_close(c->store); /* from inside its own callback */
	loop_stop(c->loop);
}

static void callbacks_may_commit_and_close(void **state)
{
	(void)state;
	struct chain c = {.loop = loop_new("test"), .left = 5};
	c.store = open_store(c.loop);
	put(c.store, "b.home.test", 6, "2a00::1", 1, again, &c);
	loop_run(c.loop);
	assert_int_equal(c.told, 5);
	assert_int_equal(loop_free(c.loop), 0);
}

/* A disk that is slow holds up nobody: neither while batches are written nor at the end. */
static void after_the_start_only_the_pool_touches_the_file(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	struct seen seen = {0};
	sqlite_use_watch();
	struct store *s = open_store(l);
	store_read_names(s, note, &seen);
	assert_int_equal(store_write_number_now(s, "serial", 7), 0);
	assert_true(sqlite_use_here > 0);
	sqlite_use_here = 0;
	put(s, "a.home.test", 4, "11.0.0.1", 1, told, &seen);
	while (!seen.told)
		loop_turn(l);
	store_close(s); /* idle: it closes at once, and again while a batch is written */
	s = open_store(l);
	sqlite_use_here = 0;
	put(s, "a.home.test", 4, "11.0.0.2", 2, told, &seen);
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(sqlite_use_here, 0);
	assert_true(sqlite_use_elsewhere > 0);
	assert_int_equal(loop_free(l), 0);
}

/* Whether this process holds a lock on the file; only another process can ask. */
static bool is_locked(void)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct flock ask = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		int fd = open(path, O_RDWR);
		_exit(fd >= 0 && fcntl(fd, F_GETLK, &ask) == 0 && ask.l_type != F_UNLCK);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* A report may read the file while the store opens it again. */
static void to_open_it_again_leaves_the_locks_of_who_reads_it(void **state)
{
	(void)state;
	struct sqlite3 *reader = NULL, *again = NULL;
	char *why = NULL;
	const char *schema = "CREATE TABLE IF NOT EXISTS t (a)";
	assert_int_equal(database_open(path, schema, 1, &reader, &why), DATABASE_OPEN);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM t", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(is_locked());
	assert_int_equal(database_open(path, schema, 1, &again, &why), DATABASE_OPEN);
	assert_true(is_locked());
	sqlite3_close(again);
	sqlite3_close(reader);
}

static void no_file_is_told(void **state)
{
	(void)state;
	struct loop *l = loop_new("test");
	char *why, *bad = mem_printf("%s/plain/relay.db", tempdir);
	char *plain = mem_printf("touch %s/plain", tempdir);
	assert_int_equal(system(plain), 0);
	assert_null(store_open(l, bad, &why));
	assert_non_null(strstr(why, "plain/relay.db"));
	mem_free(why);
	mem_free(bad);
	mem_free(plain);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

static void end(struct loop *l, struct store *s)
{
	store_close(s);
	loop_stop(l);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
}

/* A file with one name, closed. */
static void make_good(void)
{
	struct loop *l = loop_new("test");
	struct store *s = open_store(l);
	struct seen seen = {0};
	put(s, "a.home.test", 4, "11.0.0.1", 7, told, &seen);
	while (!seen.told)
		loop_turn(l);
	end(l, s);
}

static void write_file(const char *name, const char *p, size_t len)
{
	FILE *f = fopen(name, "w");
	assert_int_equal(fwrite(p, 1, len, f), len);
	fclose(f);
}

static size_t read_file(const char *name, char *p, size_t cap)
{
	FILE *f = fopen(name, "r");
	assert_non_null(f);
	size_t len = fread(p, 1, cap, f);
	fclose(f);
	return len;
}

static void a_broken_file_is_kept_aside(void **state)
{
	(void)state;
	static char good[65536], bad[65536], kept[65536];
	char *aside = mem_printf("%s.broken", path);
	make_good();
	assert_null(database_check(path));
	size_t good_len = read_file(path, good, sizeof(good));
	for (unsigned round = 0; round < 3; round++) {
		size_t len = round == 0 ? 20000 : round == 1 ? 3000 : good_len;
		memcpy(bad, good, sizeof(bad));
		for (size_t i = round == 0 ? 0 : 4096; round != 1 && i < len; i++)
			bad[i] = (char)(i * 7 + i / 256);
		write_file(path, bad, len);
		char *why = database_check(path);
		if (!why)
			fail_msg("round %u: found in order", round);
		mem_free(why);
		struct loop *l = loop_new("test");
		struct store *s = open_store(l);
		struct seen seen = {0};
		assert_int_equal(read_file(aside, kept, sizeof(kept)), len);
		assert_memory_equal(kept, bad, len);
		store_read_names(s, note, &seen);
		assert_int_equal(seen.rows, 0);
		put(s, "b.home.test", 4, "11.0.0.2", 8, told, &seen);
		while (!seen.told)
			loop_turn(l);
		assert_int_equal(seen.failed, 0);
		end(l, s);
		assert_null(database_check(path));
		l = loop_new("test");
		s = open_store(l);
		store_read_names(s, note, &seen);
		assert_int_equal(seen.requests, 8);
		end(l, s);
	}
	mem_free(aside);
}

/* Files may not grow from here on, as on a disk that is full; or they may. */
static void fill_disk(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_is_gone_on_without(void **state)
{
	(void)state;
	make_good();
	struct loop *l = loop_new("test");
	struct seen seen = {0};
	fill_disk(true);
	struct store *s = open_store(l);
	store_read_names(s, note, &seen);
	put(s, "b.home.test", 4, "11.0.0.2", 8, told, &seen);
	while (!seen.told)
		loop_turn(l);
	fill_disk(false);
	assert_int_equal(seen.rows, 1); /* what can be read is read */
	assert_int_equal(seen.failed, 1);
	put(s, "b.home.test", 4, "11.0.0.2", 9, told, &seen);
	while (seen.told < 2)
		loop_turn(l);
	assert_int_equal(seen.failed, 1);
	end(l, s);
	l = loop_new("test");
	s = open_store(l);
	seen = (struct seen){0};
	store_read_names(s, note, &seen);
	assert_int_equal(seen.rows, 2);
	end(l, s);
}

/* Nor is there any file yet. */
static void a_full_disk_and_no_file(void **state)
{
	(void)state;
	char *directory = mem_printf("mkdir %s/deep", tempdir);
	assert_int_equal(system(directory), 0);
	mem_free(directory);
	struct loop *l = loop_new("test");
	struct seen seen = {0};
	fill_disk(true);
	struct store *s = open_store(l);
	fill_disk(false);
	store_read_names(s, note, &seen);
	assert_int_equal(seen.rows, 0);
	assert_true(store_read_number(s, "serial", 5) == 5);
	put(s, "b.home.test", 4, "11.0.0.2", 9, told, &seen);
	while (!seen.told)
		loop_turn(l);
	assert_int_equal(seen.failed, 0);
	end(l, s);
	assert_null(database_check(path));
}

static void a_later_versions_file_is_left_alone(void **state)
{
	(void)state;
	sqlite3 *db;
	char *why;
	make_good();
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	struct loop *l = loop_new("test");
	assert_null(store_open(l, path, &why));
	assert_non_null(strstr(why, "written by a later version of this program"));
	mem_free(why);
	end(l, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(last_value_wins_and_all_are_told, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(what_may_wait_is_written_in_its_time_and_at_the_close,
					    setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(kill_9_after_told_loses_nothing, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(callbacks_may_commit_and_close, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(after_the_start_only_the_pool_touches_the_file, setup,
					    tempdir_remove),
	    cmocka_unit_test_setup_teardown(to_open_it_again_leaves_the_locks_of_who_reads_it,
					    setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(no_file_is_told, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_broken_file_is_kept_aside, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_full_disk_is_gone_on_without, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_full_disk_and_no_file, setup, tempdir_remove),
	    cmocka_unit_test_setup_teardown(a_later_versions_file_is_left_alone, setup,
					    tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
