#define _GNU_SOURCE /* nftw */
#include "relay/status_output.h"

#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/net/status_command.h"

#include "tests/unit/capture.h"
#include "tests/unit/fake_control.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static const char sample[] =
    "{\"version\": \"0.1.0\", \"uptime_s\": 93784, \"listeners\": ["
    "{\"for\": \"agents\", \"at\": \"[::]:7000\", \"state\": \"open\", \"error\": null},"
    "{\"for\": \"http\", \"at\": \"[::]:80\", \"state\": \"error\", "
    "\"error\": \"nginx holds port 80\"}],"
    "\"agents\": ["
    "{\"account\": \"bob\", \"agent\": \"pi\", \"state\": \"detached\", \"mappings\": []},"
    "{\"account\": \"alice\", \"agent\": \"nas\", \"state\": \"attached\", \"remote\": "
    "\"198.51.100.7:41000\","
    " \"since\": \"2026-11-23T08:00:00Z\", \"rtt_ms\": 12, \"resumed\": 3, \"mappings\": ["
    "  {\"name\": \"web\", \"protocol\": \"tcp\", \"public\": \"203.0.113.10:8080\", \"target\": "
    "\"127.0.0.1:80\","
    "   \"state\": \"open\", \"error\": null, \"connections\": 2, \"connections_total\": 40, "
    "\"bytes_in\": 1023, \"bytes_out\": 1610612736},"
    "  {\"name\": \"p\", \"protocol\": \"tcp\", \"public\": null, \"target\": \"h:1\", \"state\": "
    "\"error\", \"error\": \"port 80 is held\\u001b[2J\\u009b\"}]}],"
    "\"names\": [{\"name\": \"alice.home.example.com\", \"type\": \"A\", \"wanted\": "
    "\"203.0.113.10\", \"value\": null, \"source\": \"relay\"}]}";

static void tables_for_people(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	status_output_render(sample, &page);
	assert_string_equal(
	    buf_str(&out),
	    "groundnut-relay 0.1.0, up 1 d 2 h, 2 agents\n"
	    "\n"
	    "LISTENER  STATE  AT\n"
	    "agents    open   [::]:7000\n"
	    "http      error  [::]:80\n"
	    "    nginx holds port 80\n"
	    "\n"
	    "alice/nas  attached since 2026-11-23 08:00:00 from 198.51.100.7:41000, 12 ms,\n"
	    "    resumed 3 times\n"
	    "    MAPPING  STATE  PUBLIC             NOW  TOTAL      IN     OUT\n"
	    "    p        error  -                    -      -       -       -\n"
	    "        tcp to h:1\n"
	    "        port 80 is held?[2J?\n"
	    "    web      open   203.0.113.10:8080    2     40  1.0 kB  1.6 GB\n"
	    "        tcp to 127.0.0.1:80\n"
	    "\n"
	    "bob/pi  detached\n"
	    "    no mappings\n"
	    "\n"
	    "NAME                    TYPE  WANTED        SOURCE  UPDATED\n"
	    "alice.home.example.com  A     203.0.113.10  relay   -\n"
	    "    published nowhere yet\n");
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
		struct terminal_text page = {&out, 80, false};
		status_output_render(texts[i], &page);
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
	assert_int_equal(status_output_run(control, STATUS_JSON), EXIT_WORK);
	capture_end(&said);
	assert_string_equal(said.out, "");
	assert_non_null(strstr(said.err, "test: no relay is running (nobody answers at "));
	snprintf(answer, sizeof(answer), "{\"ok\": true, \"status\": %s}", sample);
	fake_control_start(&relay, control, answer);
	capture_start(&said);
	int as_json = status_output_run(control, STATUS_JSON);
	capture_end(&said);
	assert_int_equal(as_json, 0);
	assert_non_null(strstr(said.out, "{\n  \"version\": \"0.1.0\",\n  \"uptime_s\": 93784,\n"));
	capture_start(&said);
	int as_text = status_output_run(control, 0);
	capture_end(&said);
	fake_control_stop(&relay);
	assert_int_equal(as_text, 0);
	assert_memory_equal(said.out, "groundnut-relay 0.1.0, up ", 26);
	assert_string_equal(relay.asked, "{\"do\": \"status\"}\n");
}

static void up_with_all_listeners_open(void **state)
{
	(void)state;
	assert_false(status_output_is_up(sample));
	assert_false(status_output_is_up("[]"));
	assert_false(status_output_is_up("{\"listeners\": [{}]}"));
	assert_true(status_output_is_up("{\"listeners\": [{\"state\": \"open\"}]}"));
}

/* Names and addresses as long as they can be: a terminal never has to wrap a line. */
static void no_line_is_wider_than_80(void **state)
{
	(void)state;
	struct buf out = BUF_INIT, json = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	char name[64], host[254];
	memset(name, 'n', sizeof(name));
	memset(host, 'h', sizeof(host));
	name[63] = host[253] = '\0';
	buf_printf(
	    &json,
	    "{\"version\": \"0.1.0\", \"listeners\": [{\"for\": \"http\", \"at\": \"%s\"}], "
	    "\"agents\": [{\"account\": \"%s\", \"agent\": \"%s\", \"mappings\": [{\"name\": "
	    "\"%s\", \"public\": \"%s\", \"target\": \"%s\", \"error\": \"%s\"}]}], "
	    "\"names\": [{\"name\": \"%s\", \"wanted\": \"%s\", \"source\": \"%s\"}]}",
	    host, name, name, name, host, host, host, host, host, name);
	status_output_render(buf_str(&json), &page);
	for (const char *line = buf_str(&out); *line; line = strchr(line, '\n') + 1)
		assert_true(strcspn(line, "\n") <= 80);
	buf_fini(&out);
	buf_fini(&json);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, tempdir_make, tempdir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(tables_for_people),        TEST(strange_documents_do_not_crash),
	    TEST(asked_over_the_socket),    TEST(up_with_all_listeners_open),
	    TEST(no_line_is_wider_than_80),
	};
	setenv("TZ", "UTC0", 1);
	log_setup("test", LOG_INFO, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
