/* The log of requests: what is in it, and what makes room. The clock is the test's own. */
#include "shared/base/request_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct request_log *l, const char *account, const char *path, uint64_t now_ms)
{
	request_log_add(l,
			&(struct request){.account = account,
					  .agent = "nas",
					  .mapping = "web",
					  .method = "GET",
					  .path = path,
					  .code = 200,
					  .time_ms = 1000,
					  .took_ms = 3,
					  .bytes_in = 1,
					  .bytes_out = 2},
			now_ms);
}

/* The array as text; valid until the next call. */
static const char *written(struct request_log *l, const char *account, uint64_t now_ms)
{
	static struct buf out;
	buf_fini(&out);
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '[');
	request_log_write(l, account, now_ms, &w);
	json_close(&w);
	return buf_str(&out);
}

static unsigned count(const char *text)
{
	unsigned n = 0;
	while ((text = strstr(text, "\"path\""))) {
		text++;
		n++;
	}
	return n;
}

static void what_is_in_it(void **state)
{
	(void)state;
	struct request_log *l = request_log_new(1 << 20);
	assert_string_equal(written(l, "", 0), "[]");
	add(l, "alice", "/a", 0);
	add(l, "bob", "/b", 1);
	assert_string_equal(
	    written(l, "alice", 2),
	    "[{\"time\":\"1970-01-01T00:00:01Z\",\"account\":\"alice\",\"agent\":\"nas\","
	    "\"mapping\":\"web\",\"method\":\"GET\",\"path\":\"/a\",\"code\":200,\"took_ms\":3,"
	    "\"bytes_in\":1,\"bytes_out\":2}]");
	assert_int_equal(count(written(l, "", 2)), 2);
	assert_int_equal(count(written(l, "carol", 2)), 0);
	assert_true(strstr(written(l, "", 2), "/a") < strstr(written(l, "", 2), "/b"));
	request_log_free(l);
}

static void minutes_later_it_is_empty(void **state)
{
	(void)state;
	struct request_log *l = request_log_new(1 << 20);
	add(l, "alice", "/old", 5);
	add(l, "alice", "/new", 6);
	assert_int_equal(count(written(l, "", REQUEST_LOG_MS + 4)), 2);
	assert_int_equal(count(written(l, "", REQUEST_LOG_MS + 5)), 1);
	assert_int_equal(count(written(l, "", REQUEST_LOG_MS + 6)), 0);
	assert_int_equal(request_log_bytes(l), 0);
	request_log_free(l);
}

static void an_answer_has_the_newest(void **state)
{
	(void)state;
	struct request_log *l = request_log_new(8 << 20);
	char path[16];
	for (int i = 0; i < REQUEST_LOG_ANSWER + 5; i++) {
		snprintf(path, sizeof path, "/%d.", i);
		add(l, "alice", path, 0);
	}
	const char *text = written(l, "", 0);
	assert_int_equal(count(text), REQUEST_LOG_ANSWER);
	assert_null(strstr(text, "\"/4.\""));
	assert_non_null(strstr(text, "\"/5.\""));
	assert_non_null(strstr(text, "\"/1004.\""));
	request_log_free(l);
}

/* One that asks without end takes its own quarter, and nobody else's place. */
static void it_has_an_end_and_shares(void **state)
{
	(void)state;
	enum { MOST = 1 << 20, ACCOUNTS = 40 };
	struct request_log *l = request_log_new(MOST);
	char long_path[2000], name[16];
	memset(long_path, 'x', sizeof long_path);
	long_path[sizeof long_path - 1] = '\0';
	add(l, "quiet", "/mine", 0);
	for (int i = 0; i < 10000; i++)
		add(l, "loud", long_path, 1);
	assert_true(request_log_bytes(l) <= MOST / 4 + 4096);
	assert_int_equal(count(written(l, "quiet", 1)), 1);
	for (int i = 0; i < 40000; i++) {
		snprintf(name, sizeof name, "a%d", i % ACCOUNTS);
		add(l, name, "/", 1);
		assert_true(request_log_bytes(l) <= MOST + 4096);
	}
	assert_int_equal(count(written(l, "quiet", 1)), 1);
	for (int i = 0; i < ACCOUNTS; i++) {
		snprintf(name, sizeof name, "a%d", i);
		assert_true(count(written(l, name, 1)) > 10);
	}
	assert_null(strstr(written(l, "loud", 1), long_path)); /* cut */
	request_log_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_in_it),
	    cmocka_unit_test(minutes_later_it_is_empty),
	    cmocka_unit_test(an_answer_has_the_newest),
	    cmocka_unit_test(it_has_an_end_and_shares),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
