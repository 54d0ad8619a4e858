#define _GNU_SOURCE /* nftw */
#include "shared/net/control_client.h"

#include "shared/base/log.h"

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

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_and_what_they_mean),
	    TEST(nobody_there),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
