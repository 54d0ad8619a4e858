#define _GNU_SOURCE /* nftw */
#include "shared/net/status_command.h"

#include "shared/base/log.h"

#include "tests/unit/capture.h"
#include "tests/unit/fake_control.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <cmocka.h>

static void echo(const char *json, struct terminal_text *page)
{
	buf_puts(page->out, json);
}

static bool says_up(const char *json)
{
	return strstr(json, "up") != NULL;
}

static const struct status_command command = {"agent", echo, says_up};

static void status_alone_is_printed(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *out, *err;
	} table[] = {
	    {"{\"ok\": true, \"status\": {\"b\": 0.1, \"a\": [], \"n\": null}}",
	     "{\n  \"b\": 0.1,\n  \"a\": [],\n  \"n\": null\n}", ""},
	    {"{\"ok\": true, \"status\": 7}", "",
	     "test: the running agent gave an answer without a status\n"},
	    {"{\"ok\": true}", "", "test: the running agent gave an answer without a status\n"},
	    {"{\"ok\": false, \"error\": \"no\"}", "", "test: no\n"},
	    {"{\"status\": {}}", "", "test: the running agent's answer makes no sense\n"},
	};
	for (size_t i = 0; i < 2 * sizeof(table) / sizeof(*table); i++) {
		static struct capture said;
		struct fake_control agent;
		bool as_json = i % 2;
		fake_control_start(&agent, tempdir_path("r.sock"), table[i / 2].answer);
		capture_start(&said);
		int code = status_command_run(&command, tempdir_path("r.sock"), as_json);
		capture_end(&said);
		fake_control_stop(&agent);
		unlink(tempdir_path("r.sock"));
		assert_int_equal(code, *table[i / 2].out ? 0 : EXIT_WORK);
		assert_string_equal(said.err, table[i / 2].err);
		size_t len = strlen(table[i / 2].out);
		assert_memory_equal(said.out, table[i / 2].out, len);
		assert_string_equal(said.out + len, as_json && len ? "\n" : "");
	}
}

static void check_prints_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *answer; /* NULL: nobody answers */
		int code;
	} table[] = {
	    {"{\"ok\": true, \"status\": {\"a\": \"up\"}}", 0},
	    {"{\"ok\": true, \"status\": {\"a\": \"down\"}}", EXIT_WORK},
	    {"{\"ok\": true, \"said\": \"up\"}", EXIT_WORK},
	    {"{\"ok\": false, \"error\": \"up\"}", EXIT_WORK},
	    {NULL, EXIT_WORK},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		static struct capture said;
		struct fake_control agent;
		const char *control = tempdir_path("r.sock");
		if (table[i].answer)
			fake_control_start(&agent, control, table[i].answer);
		capture_start(&said);
		int code = status_command_run(&command, control, STATUS_CHECK);
		capture_end(&said);
		if (table[i].answer) {
			fake_control_stop(&agent);
			unlink(tempdir_path("r.sock"));
		}
		assert_int_equal(code, table[i].code);
		assert_string_equal(said.out, "");
		assert_string_equal(said.err, "");
	}
}

/* The reader waits for the second page; Ctrl-C then ends the watch well. */
static void watch_draws_again_until_it_is_told_to_end(void **state)
{
	(void)state;
	int ends[2], status;
	char got[4096] = "";
	size_t len = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(status_command_run(&command, tempdir_path("r.sock"), STATUS_WATCH));
	}
	close(ends[1]);
	while (!strchr(got, '\n') || !strchr(strchr(got, '\n') + 1, '\n')) {
		ssize_t n = read(ends[0], got + len, sizeof(got) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
	}
	kill(child, SIGINT);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_memory_equal(got, "no agent is running (nobody answers at ", 39);
	close(ends[0]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(status_alone_is_printed),
	    TEST(check_prints_nothing),
	    TEST(watch_draws_again_until_it_is_told_to_end),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
