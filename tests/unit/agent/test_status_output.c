#include "agent/status_output.h"

#include "tests/unit/agent/scratch.h"

#define STATUS                                                                                     \
	"{\"version\": \"0.1.0\", \"uptime_s\": 93784, \"relay\": \"r.example:7000\", "            \
	"\"state\": \"attached\", \"rtt_ms\": 23.4, \"resumed\": 2, \"last_error\": null, "        \
	"\"address\": \"203.0.113.77\", \"nat\": \"cgnat\", \"advice\": \"\\u001b[31mred\", "      \
	"\"names\": [], "                                                                          \
	"\"mappings\": [{\"name\": \"web\", \"protocol\": \"tcp\", \"public\": "                   \
	"\"203.0.113.10:8080\", "                                                                  \
	"\"target_state\": {\"state\": \"down\", \"error\": \"connection refused\"}, "             \
	"\"target\": \"127.0.0.1:80\", \"state\": \"open\", \"error\": null, \"connections\": 3, " \
	"\"connections_total\": 120, \"flows\": 0, \"dropped\": 0, \"bytes_in\": 999, "            \
	"\"bytes_out\": 41234567}, "                                                               \
	"{\"name\": \"a-long-name\", \"protocol\": \"tcp\", \"public\": null, \"wanted\": "        \
	"\"8000-8009\", \"target\": \"x:1\", "                                                     \
	"\"state\": \"error\", \"error\": \"port taken\\u009b\"}]}"

static void person_reads_lines_and_columns(void **state)
{
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	(void)state;
	status_output_render(STATUS, &page);
	assert_string_equal(buf_str(&out),
			    "relay       r.example:7000, attached, 23.4 ms, resumed 2 times\n"
			    "address     203.0.113.77 (cgnat)\n"
			    "up          1 d 2 h, version 0.1.0\n"
			    "\n"
			    "MAPPING      STATE  PUBLIC             NOW  TOTAL   IN    OUT\n"
			    "a-long-name  error  (8000-8009)          -      -    -      -\n"
			    "    tcp to x:1\n"
			    "    port taken?\n"
			    "web          open   203.0.113.10:8080    3    120  999  41 MB\n"
			    "    tcp to 127.0.0.1:80\n"
			    "    the target is down: connection refused\n");
	buf_fini(&out);
}

static void what_is_not_known_is_not_shown(void **state)
{
	static const char unknown[] =
	    "{\"relay\": \"r.example:7000\", \"state\": \"connecting\", \"rtt_ms\": 0, "
	    "\"address\": \"203.0.113.77\", \"nat\": \"unknown\", \"advice\": \"who knows\", "
	    "\"names\": [%s], "
	    "\"mappings\": []}";
	char text[512];
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	(void)state;
	snprintf(text, sizeof(text), unknown, "");
	status_output_render(text, &page);
	assert_int_equal(
	    strncmp(buf_str(&out),
		    "relay       r.example:7000, connecting\naddress     203.0.113.77\nup ", 67),
	    0);
	buf_fini(&out);
	snprintf(text, sizeof(text), unknown, "{\"follow\": \"relay\"}");
	status_output_render(text, &page);
	assert_null(strstr(buf_str(&out), "advice"));
	buf_fini(&out);
	snprintf(text, sizeof(text), unknown, "{\"follow\": \"home\"}");
	status_output_render(text, &page);
	assert_non_null(strstr(buf_str(&out), "\nadvice      who knows\n"));
	buf_fini(&out);
}

static void least_status_is_shown(void **state)
{
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	(void)state;
	status_output_render("{\"mappings\": [7], \"names\": {}}", &page);
	assert_non_null(strstr(buf_str(&out), "relay       -, -\n"));
	buf_fini(&out);
}

static void strange_documents_do_not_crash(void **state)
{
	static const char *const texts[] = {
	    "",
	    "{",
	    "[]",
	    "{\"mappings\": 5, \"names\": {}}",
	    "{\"mappings\": [7, null, {\"name\": 3, \"bytes_in\": -5, \"error\": []}], \"names\": "
	    "[1], \"uptime_s\": \"x\"}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf out = BUF_INIT;
		struct terminal_text page = {&out, 80, false};
		status_output_render(texts[i], &page);
		assert_non_null(strstr(buf_str(&out), "relay       -, -\n"));
		buf_fini(&out);
	}
}

static void attached_alone_is_up(void **state)
{
	(void)state;
	assert_true(status_output_is_up("{\"state\": \"attached\"}"));
	static const char *const down[] = {"",
					   "[]",
					   "{}",
					   "{\"state\": \"connecting\"}",
					   "{\"state\": \"detached\"}",
					   "{\"state\": 1}"};
	for (size_t i = 0; i < sizeof(down) / sizeof(*down); i++)
		assert_false(status_output_is_up(down[i]));
}

static void names_tell_what_differs(void **state)
{
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	(void)state;
	status_output_render(
	    "{\"names\": ["
	    "{\"name\": \"z\", \"follow\": \"home\", \"wanted\": \"192.0.2.1\", "
	    "\"published\": \"192.0.2.2\", \"updates_sent\": 3, \"updates_answered\": 2, "
	    "\"last\": \"dnserr\"},"
	    "{\"name\": \"a\", \"follow\": \"relay\", \"wanted\": \"192.0.2.1\", "
	    "\"published\": \"192.0.2.1\"}]}",
	    &page);
	assert_non_null(strstr(buf_str(&out), "\n"
					      "NAME  FOLLOWS  PUBLISHED  SENT  ANSWERED\n"
					      "a     relay    192.0.2.1     -         -\n"
					      "z     home     192.0.2.2     3         2\n"
					      "    wanted 192.0.2.1\n"
					      "    last answer: dnserr\n"));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(person_reads_lines_and_columns),
	    cmocka_unit_test(what_is_not_known_is_not_shown),
	    cmocka_unit_test(least_status_is_shown),
	    cmocka_unit_test(strange_documents_do_not_crash),
	    cmocka_unit_test(attached_alone_is_up),
	    cmocka_unit_test(names_tell_what_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
