#define _GNU_SOURCE /* nftw */
#include "shared/net/control_client.h"

#include "shared/base/cli.h"
#include "shared/base/log.h"

#include "tests/unit/capture.h"
#include "tests/unit/fake_control.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void answers_and_what_they_mean(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum control_client_result result;
		const char *said;
	} table[] = {
	    {"{\"ok\": true}", CONTROL_CLIENT_DONE, NULL},
	    {"{\"ok\": true, \"said\": \"read again\"}", CONTROL_CLIENT_DONE, "read again"},
	    {"{\"ok\": false, \"error\": \"no\"}", CONTROL_CLIENT_REFUSED, "no"},
	    {"{\"ok\": false}", CONTROL_CLIENT_REFUSED,
	     "the running relay refused, and did not say why"},
	    {"{\"ok\": 1}", CONTROL_CLIENT_FAILED, "the running relay's answer makes no sense"},
	    {"{", CONTROL_CLIENT_FAILED, "the running relay's answer makes no sense"},
	    {"[]", CONTROL_CLIENT_FAILED, "the running relay's answer makes no sense"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct fake_control relay;
		struct control_client ask;
		fake_control_start(&relay, tempdir_path("r.sock"), table[i].answer);
		control_client_program("relay", tempdir_path("r.sock"), "{\"do\": \"reload\"}",
				       CONTROL_CLIENT_MS, &ask);
		fake_control_stop(&relay);
		unlink(tempdir_path("r.sock"));
		assert_int_equal(ask.result, table[i].result);
		if (table[i].said)
			assert_string_equal(ask.said, table[i].said);
		else
			assert_null(ask.said);
		if (ask.result == CONTROL_CLIENT_DONE)
			assert_string_equal(ask.answer, table[i].answer);
		else
			assert_null(ask.answer);
		control_client_fini(&ask);
	}
}

static void nobody_there(void **state)
{
	(void)state;
	struct control_client ask;
	control_client_program("agent", tempdir_path("r.sock"), "{}", CONTROL_CLIENT_MS, &ask);
	assert_int_equal(ask.result, CONTROL_CLIENT_NOBODY);
	assert_memory_equal(ask.said, "no agent is running (nobody answers at ", 39);
	control_client_fini(&ask);
}

static void echo(const char *json, struct buf *out)
{
	buf_puts(out, json);
}

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
		int code =
		    control_client_print_status("agent", tempdir_path("r.sock"), as_json, echo);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_and_what_they_mean),
	    TEST(nobody_there),
	    TEST(status_alone_is_printed),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
