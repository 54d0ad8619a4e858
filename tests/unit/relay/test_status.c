#define _GNU_SOURCE /* nftw */
#include "relay/status.h"

#include "shared/base/cli.h"
#include "shared/base/log.h"

#include "tests/unit/capture.h"
#include "tests/unit/fake_control.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static const char sample[] =
    "{\"version\": \"0.1.0\", \"uptime_s\": 93784, \"agents\": ["
    "{\"account\": \"alice\", \"agent\": \"nas\", \"state\": \"attached\", \"remote\": "
    "\"198.51.100.7:41000\","
    " \"since\": \"2026-11-23T08:00:00Z\", \"rtt_ms\": 12, \"resumed\": 3, \"mappings\": ["
    "  {\"name\": \"web\", \"protocol\": \"tcp\", \"public\": \"203.0.113.10:8080\", \"target\": "
    "\"127.0.0.1:80\","
    "   \"state\": \"open\", \"error\": null, \"connections\": 2, \"connections_total\": 40, "
    "\"bytes_in\": 1023, \"bytes_out\": 1610612736},"
    "  {\"name\": \"p\", \"protocol\": \"tcp\", \"public\": null, \"target\": \"h:1\", \"state\": "
    "\"error\", \"error\": \"port 80 is held\\u001b[2J\\u009b\"}]},"
    "{\"account\": \"bob\", \"agent\": \"pi\", \"state\": \"detached\", \"mappings\": []}],"
    "\"names\": [{\"name\": \"alice.home.example.com\", \"type\": \"A\", \"wanted\": "
    "\"203.0.113.10\", \"value\": null, \"source\": \"relay\"}]}";

static void tables_for_people(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	status_render(sample, &out);
	assert_string_equal(
	    buf_str(&out),
	    "groundnut-relay 0.1.0, up 1 d 2 h, 2 agents\n"
	    "\n"
	    "alice/nas  attached  from 198.51.100.7:41000  since 2026-11-23T08:00:00Z  rtt 12 ms  "
	    "resumed 3\n"
	    "    MAPPING  PROTOCOL  PUBLIC             TARGET        STATE  NOW  TOTAL      IN     "
	    "OUT\n"
	    "    web      tcp       203.0.113.10:8080  127.0.0.1:80  open     2     40  1.0 kB  "
	    "1.6 GB\n"
	    "    p        tcp       -                  h:1           error    -      -       -     "
	    "  -\n"
	    "    p: port 80 is held?[2J?\n"
	    "\n"
	    "bob/pi  detached  from -  since -  rtt - ms  resumed -\n"
	    "    no mappings\n"
	    "\n"
	    "NAME                    TYPE  WANTED        PUBLISHED  SOURCE  UPDATED\n"
	    "alice.home.example.com  A     203.0.113.10  -          relay   -\n");
	buf_fini(&out);
}

static void strange_documents_do_not_crash(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "",
	    "[]",
	    "{}",
	    "{\"agents\": 5, \"names\": {}}",
	    "{\"agents\": [5, null, {}]}",
	    "{\"agents\": [{\"mappings\": [7, {\"name\": 3, \"bytes_in\": -5, \"error\": \"x\"}, "
	    "{\"error\": []}]}], \"names\": [1]}",
	    "{\"version\": 3, \"uptime_s\": \"x\"}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buf out = BUF_INIT;
		status_render(texts[i], &out);
		assert_true(buf_len(&out) > 0);
		buf_fini(&out);
	}
}

static void asked_over_the_socket(void **state)
{
	(void)state;
	static struct capture said;
	struct fake_control relay;
	char control[128], answer[4096];
	snprintf(control, sizeof(control), "%s", tempdir_path("r.sock"));
	capture_start(&said);
	assert_int_equal(status_print(control, true, false), EXIT_WORK);
	capture_end(&said);
	assert_string_equal(said.out, "");
	assert_non_null(strstr(said.err, "test: no relay is running (nobody answers at "));
	snprintf(answer, sizeof(answer), "{\"ok\": true, \"status\": %s}", sample);
	fake_control_start(&relay, control, answer);
	capture_start(&said);
	int as_json = status_print(control, true, false);
	capture_end(&said);
	assert_int_equal(as_json, 0);
	assert_non_null(strstr(said.out, "{\n  \"version\": \"0.1.0\",\n  \"uptime_s\": 93784,\n"));
	capture_start(&said);
	int as_text = status_print(control, false, false);
	capture_end(&said);
	fake_control_stop(&relay);
	assert_int_equal(as_text, 0);
	assert_memory_equal(said.out, "groundnut-relay 0.1.0, up ", 26);
	assert_string_equal(relay.asked, "{\"do\": \"status\"}\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

static void one_listener_down_is_not_up(void **state)
{
	(void)state;
	assert_true(status_is_up("{}"));
	assert_true(status_is_up("{\"listeners\": [{\"state\": \"open\"}]}"));
	static const char *const down[] = {
	    "",
	    "[]",
	    "{\"listeners\": [{\"state\": \"open\"}, {\"state\": \"error\"}]}",
	    "{\"listeners\": [1]}",
	};
	for (size_t i = 0; i < sizeof(down) / sizeof(*down); i++)
		assert_false(status_is_up(down[i]));
}

static void check_says_nothing(void **state)
{
	(void)state;
	static struct capture said;
	struct fake_control relay;
	char control[128];
	snprintf(control, sizeof(control), "%s", tempdir_path("r.sock"));
	capture_start(&said);
	int nobody = status_print(control, false, true);
	fake_control_start(&relay, control, "{\"ok\": true, \"status\": {}}");
	int up = status_print(control, false, true);
	fake_control_stop(&relay);
	capture_end(&said);
	assert_int_equal(nobody, EXIT_WORK);
	assert_int_equal(up, 0);
	assert_string_equal(said.out, "");
	assert_string_equal(said.err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(tables_for_people),     TEST(strange_documents_do_not_crash),
	    TEST(asked_over_the_socket), cmocka_unit_test(one_listener_down_is_not_up),
	    TEST(check_says_nothing),
	};
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
