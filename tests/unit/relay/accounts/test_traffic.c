/*
 * The book of traffic: bytes are in the file once, whatever fails and whenever it ends; names have
 * an end; a quota is judged by its month. The clock is the test's own.
 */
#define _GNU_SOURCE /* nftw */
#include "relay/accounts/traffic.h"

#include "relay/accounts/traffic_report.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"

#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/resource.h>

#include <cmocka.h>

struct bench {
	struct loop *loop;
	struct store *store;
	struct traffic *traffic;
	struct accounts *accounts;
	struct buf sums; /* what the loops will say */
	uint64_t wall_ms;
	unsigned changed, told, settled, failed;
	char said[256];
};

static uint64_t ms_of(const char *date)
{
	int64_t day;
	assert_int_equal(quota_parse_date(date, &day), 0);
	return (uint64_t)day * QUOTA_DAY_MS + 1000;
}

static void collect(void *owner)
{
	struct bench *b = owner;
	struct buf sums = b->sums;
	b->sums = (struct buf)BUF_INIT;
	traffic_take(b->traffic, &sums, b->wall_ms);
	buf_fini(&sums);
}

static void changed(void *owner, const char *account)
{
	assert_string_equal(account, "alice");
	((struct bench *)owner)->changed++;
}

static void tell(void *owner, const char *account, enum quota_level level, const char *said)
{
	assert_true(level > QUOTA_BELOW);
	struct bench *b = owner;
	assert_string_equal(account, "alice");
	snprintf(b->said, sizeof b->said, "%s", said);
	b->told++;
}

static void load_accounts(struct bench *b, const char *quota)
{
	char *text = mem_printf("[{\"name\": \"alice\", \"token\": \"sha256:%064d\"%s%s}]", 0,
				*quota ? ", \"quota\": " : "", quota);
	char *errors;
	tempdir_write("accounts.json", text);
	accounts_unref(b->accounts);
	assert_int_equal(accounts_load(tempdir_path("accounts.json"), "home.test", NULL, false,
				       &b->accounts, &errors),
			 0);
	traffic_set_accounts(b->traffic, b->accounts);
	mem_free(text);
}

static void begin(struct bench *b, const char *date)
{
	char *why;
	const struct traffic_calls calls = {b, collect, changed, tell};
	*b = (struct bench){.loop = loop_new("test"), .wall_ms = ms_of(date)};
	b->store = store_open(b->loop, tempdir_path("relay.db"), &why);
	assert_non_null(b->store);
	b->traffic = traffic_new(b->loop, b->store, &calls, b->wall_ms);
}

static void end(struct bench *b)
{
	traffic_free(b->traffic);
	store_close(b->store);
	accounts_unref(b->accounts);
	buf_fini(&b->sums);
	loop_stop(b->loop);
	loop_run(b->loop);
	assert_int_equal(loop_free(b->loop), 0);
}

static void carry(struct bench *b, const char *mapping, uint64_t in, uint64_t out)
{
	traffic_sums_put(&b->sums, "alice", "pc", mapping, in, out);
}

static void on_settled(void *arg, bool written)
{
	struct bench *b = arg;
	b->settled++;
	b->failed += !written;
}

static void settle(struct bench *b)
{
	unsigned before = b->settled;
	traffic_settle(b->traffic, on_settled, b);
	while (b->settled == before)
		loop_turn(b->loop);
}

/* One number of the file, read by another connection. */
static long long ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_open_v2(tempdir_path("relay.db"), &db, SQLITE_OPEN_READONLY, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	long long value = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return value;
}

static void bytes_add_up_over_batches_days_and_restarts(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-29");
	load_accounts(&b, "");
	carry(&b, "web", 10, 1000);
	carry(&b, "ssh", 5, 50);
	settle(&b);
	assert_int_equal(ask("SELECT bytes_out FROM traffic WHERE mapping = 'web'"), 1000);
	carry(&b, "web", 1, 2);
	settle(&b);
	assert_int_equal(ask("SELECT bytes_in FROM traffic WHERE mapping = 'web'"), 11);
	b.wall_ms = ms_of("2026-11-30");
	carry(&b, "web", 7, 7);
	settle(&b);
	assert_int_equal(ask("SELECT COUNT(*) FROM traffic"), 3);
	carry(&b, "web", 100, 0); /* not settled: written at the end */
	collect(&b);
	end(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic WHERE day = 20787"), 107);

	begin(&b, "2026-11-30");
	load_accounts(&b, "{\"bytes\": 10000}");
	assert_int_equal(traffic_quota(b.traffic, "alice").used, 10 + 1000 + 5 + 50 + 3 + 14 + 100);
	assert_int_equal(b.failed, 0);
	end(&b);
}

/* What comes while a batch is away is in the next one, also at the end. */
static void what_comes_while_a_batch_is_away(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-29");
	carry(&b, "web", 1, 0);
	traffic_settle(b.traffic, on_settled, &b); /* the batch is away */
	carry(&b, "web", 2, 0);
	traffic_settle(b.traffic, on_settled, &b);
	while (b.settled < 2)
		loop_turn(b.loop);
	assert_int_equal(ask("SELECT bytes_in FROM traffic"), 3);
	carry(&b, "web", 4, 0);
	traffic_settle(b.traffic, on_settled, &b);
	carry(&b, "web", 8, 0);
	collect(&b);
	end(&b);
	assert_int_equal(b.settled, 3);
	assert_int_equal(ask("SELECT bytes_in FROM traffic"), 15);
}

static void fill_disk(bool full)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = full ? 0 : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-29");
	carry(&b, "web", 1, 10);
	settle(&b);
	fill_disk(true);
	carry(&b, "web", 2, 20);
	settle(&b);
	assert_int_equal(b.failed, 1);
	b.wall_ms = ms_of("2026-11-30");
	carry(&b, "web", 4, 40);
	settle(&b);
	assert_int_equal(b.failed, 2);
	fill_disk(false);
	settle(&b);
	assert_int_equal(b.failed, 2);
	assert_int_equal(ask("SELECT SUM(bytes_in * 1000 + bytes_out) FROM traffic"), 7070);
	assert_int_equal(ask("SELECT COUNT(*) FROM traffic"), 2);
	end(&b);
}

static void names_have_an_end(void **state)
{
	struct bench b;
	char name[32];
	(void)state;
	begin(&b, "2026-11-29");
	for (int i = 0; i < TRAFFIC_NAMES + 10; i++) {
		snprintf(name, sizeof name, "m%d", i);
		carry(&b, name, 1, 0);
	}
	settle(&b);
	assert_int_equal(ask("SELECT COUNT(*) FROM traffic"), TRAFFIC_NAMES + 1);
	assert_int_equal(ask("SELECT bytes_in FROM traffic WHERE mapping = 'other'"), 10);
	end(&b);
	begin(&b, "2026-11-30"); /* the month's names are known again */
	carry(&b, "new", 3, 0);
	carry(&b, "m7", 5, 0);
	settle(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic WHERE mapping = 'other'"), 13);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic WHERE mapping = 'm7'"), 6);
	b.wall_ms = ms_of("2026-12-01");
	carry(&b, "new", 3, 0);
	settle(&b);
	assert_int_equal(ask("SELECT bytes_in FROM traffic WHERE mapping = 'new'"), 3);
	end(&b);
}

static void what_is_too_old_goes(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2025-10-31");
	carry(&b, "web", 1, 0);
	settle(&b);
	b.wall_ms = ms_of("2025-11-01");
	carry(&b, "web", 2, 0);
	settle(&b);
	b.wall_ms = ms_of("2026-11-30");
	carry(&b, "web", 4, 0);
	settle(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic"), 7);
	b.wall_ms = ms_of("2026-12-01");
	settle(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic"), 6);
	end(&b);
}

static enum quota_level level(struct bench *b)
{
	return traffic_quota(b->traffic, "alice").level;
}

static void a_clock_that_leaps_ahead_throws_nothing_away(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-30");
	carry(&b, "web", 1, 0);
	settle(&b);
	b.wall_ms = ms_of("2036-02-07");
	carry(&b, "web", 2, 0);
	settle(&b);
	b.wall_ms = ms_of("2026-11-30");
	carry(&b, "web", 4, 0);
	settle(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic"), 7);
	end(&b);
	begin(&b, "2046-02-07");
	settle(&b);
	assert_int_equal(ask("SELECT SUM(bytes_in) FROM traffic"), 7);
	end(&b);
}

/* As on a board that has no clock of its own, until it has asked for the time. */
static void a_clock_that_is_behind_closes_nobody(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-30");
	carry(&b, "web", 600, 600);
	settle(&b);
	end(&b);
	begin(&b, "1970-01-01");
	load_accounts(&b, "{\"bytes\": 1000, \"at_limit\": \"stop\"}");
	assert_int_equal(level(&b), QUOTA_BELOW);
	b.wall_ms = ms_of("2026-11-30");
	settle(&b);
	assert_int_equal(level(&b), QUOTA_USED);
	end(&b);
}

static void a_quota_is_judged_by_its_month(void **state)
{
	struct bench b;
	(void)state;
	begin(&b, "2026-11-14");
	carry(&b, "web", 500, 0);
	collect(&b);
	load_accounts(&b, "{\"bytes\": 1000, \"reset_day\": 15, \"at_limit\": \"stop\"}");
	assert_int_equal(level(&b), QUOTA_BELOW);
	b.changed = 0;
	carry(&b, "web", 200, 100);
	collect(&b);
	assert_int_equal(level(&b), QUOTA_NEAR);
	assert_int_equal(b.changed, 1);
	carry(&b, "web", 50, 100);
	collect(&b);
	assert_int_equal(level(&b), QUOTA_NEAR);
	assert_int_equal(b.changed, 1); /* said once */
	assert_int_equal(b.told, 1);
	assert_true(strstr(b.said, "alice has used 80 % of its 1.0 kB"));
	carry(&b, "web", 0, 50);
	collect(&b);
	assert_int_equal(level(&b), QUOTA_USED);
	assert_int_equal(b.changed, 2);
	assert_true(b.told == 2 && strstr(b.said, "its mappings are closed"));
	load_accounts(&b, "{\"bytes\": 2000, \"reset_day\": 15}");
	assert_int_equal(level(&b), QUOTA_BELOW);
	load_accounts(&b, "{\"bytes\": 1000, \"reset_day\": 15}");
	assert_int_equal(level(&b), QUOTA_USED);
	b.wall_ms = ms_of("2026-11-15");
	collect(&b);
	assert_int_equal(level(&b), QUOTA_BELOW);
	assert_int_equal(traffic_quota(b.traffic, "alice").used, 0);
	/* a day that begins the month earlier counts what was carried since */
	load_accounts(&b, "{\"bytes\": 1000, \"reset_day\": 14}");
	assert_int_equal(level(&b), QUOTA_USED);
	load_accounts(&b, "");
	assert_int_equal(level(&b), QUOTA_BELOW);
	end(&b);
}

static void a_report_of_a_broken_file_has_what_is_there(void **state)
{
	sqlite3 *db;
	struct buf out = BUF_INIT;
	const struct traffic_report r = {.path = tempdir_path("relay.db"),
					 .from = 1,
					 .to = 9,
					 .by = TRAFFIC_BY_MAPPING,
					 .csv = true};
	(void)state;
	assert_non_null(traffic_report_write(&r, &out));
	buf_fini(&out);
	assert_int_equal(sqlite3_open(r.path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(
		db,
		"CREATE TABLE traffic (day, account, mapping, bytes_in, bytes_out);"
		"INSERT INTO traffic VALUES (2, NULL, NULL, NULL, 'x'), (3, 'a', 'm', 1, 2)",
		NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_null(traffic_report_write(&r, &out));
	assert_string_equal(buf_str(&out), "day,account,mapping,bytes_in,bytes_out\r\n"
					   "1970-01-03,,,0,0\r\n1970-01-04,a,m,1,2\r\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, tempdir_make, tempdir_remove)
	    TEST(bytes_add_up_over_batches_days_and_restarts),
	    TEST(what_comes_while_a_batch_is_away),
	    TEST(a_full_disk_loses_nothing),
	    TEST(names_have_an_end),
	    TEST(what_is_too_old_goes),
	    TEST(a_clock_that_leaps_ahead_throws_nothing_away),
	    TEST(a_clock_that_is_behind_closes_nobody),
	    TEST(a_quota_is_judged_by_its_month),
	    TEST(a_report_of_a_broken_file_has_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
