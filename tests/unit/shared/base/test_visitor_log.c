/* The key "log", and the line of a visitor that leaves. */
#include "shared/base/log.h"
#include "shared/base/visitor_log.h"

#include "tests/unit/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct capture said;
static bool requests; /* as read last */

static bool visitors_of(const char *text, const char *error)
{
	struct conf *c = conf_parse("relay.json", text, strlen(text), false);
	bool on;
	visitor_log_read(conf_root(c), &on, &requests);
	if (error)
		assert_string_equal(conf_error_text(c, 0), error);
	else
		assert_int_equal(conf_errors(c), 0);
	conf_free(c);
	return on;
}

static void off_unless_asked_for(void **state)
{
	(void)state;
	assert_false(visitors_of("{}", NULL));
	assert_false(visitors_of("{\"log\": {}}", NULL));
	assert_false(visitors_of("{\"log\": {\"visitors\": false}}", NULL));
	assert_true(visitors_of("{\"log\": {\"visitors\": true}}", NULL));
	assert_true(visitors_of("{\"log\": {\"visitors\": true, \"requests\": false}}", NULL));
	assert_false(requests);
	assert_false(visitors_of("{\"log\": {\"requests\": true}}", NULL));
	assert_true(requests);
}

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	visitors_of("{\"log\": {\"requests\": \"all\"}}",
		    "relay.json: log.requests: must be true or false, not a string");
	visitors_of("{\"log\": {\"visitor\": true}}",
		    "relay.json: log.visitor: unknown key; did you mean \"visitors\"?");
	assert_false(
	    visitors_of("{\"log\": true}", "relay.json: log: must be an object, not true"));
	assert_false(visitors_of("{\"log\": {\"visitors\": 1}}",
				 "relay.json: log.visitors: must be true or false, not a number"));
}

static const char *line_of(struct visitor_end e, const char *visitor)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(visitor, &a), 0);
	e.visitor = &a;
	capture_start(&said);
	visitor_log_end(&e);
	capture_end(&said);
	return strchr(said.err, ' ') + 1;
}

static void a_line_names_who_and_why(void **state)
{
	(void)state;
	struct visitor_end e = {.mapping = "ssh",
				.bytes_in = 2013,
				.bytes_out = UINT64_MAX,
				.duration_ms = 812,
				.why = "idle for too long"};
	assert_string_equal(line_of(e, "2001:db8::20"),
			    "info visitor_end mapping=ssh visitor=2001:db8::20 bytes_in=2013 "
			    "bytes_out=18446744073709551615 duration_ms=812 "
			    "why=\"idle for too long\"\n");
	e.agent = "alice/nas";
	e.why = "closed";
	assert_string_equal(line_of(e, "::ffff:198.51.100.20"),
			    "info visitor_end mapping=ssh visitor=198.51.100.20 bytes_in=2013 "
			    "bytes_out=18446744073709551615 duration_ms=812 why=closed "
			    "agent=alice/nas\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(off_unless_asked_for),
	    cmocka_unit_test(what_is_wrong_is_said),
	    cmocka_unit_test(a_line_names_who_and_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
