#include "relay/admin/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char status[] =
    "{\"quotas\": [{\"account\": \"alice\", \"quota_bytes\": 500000000000, \"quota_used\": "
    "7}], \"version\": \"1\", \"uptime_s\": 61, \"listeners\": [{\"state\": \"open\"}, {\"state\": "
    "\"error\"}], \"agents\": [{\"account\": \"alice\", \"agent\": \"nas\", \"state\": "
    "\"attached\", \"rtt_ms\": 12, \"resumed\": 3, \"mappings\": [{\"name\": \"web\", \"state\": "
    "\"open\", \"connections\": 2, \"connections_total\": 9, \"bytes_in\": 9007199254740991, "
    "\"bytes_out\": 5, \"target_state\": {\"state\": \"down\"}, \"reachable\": {\"state\": "
    "\"unknown\"}, \"certificate\": {\"state\": \"valid\", \"not_after\": "
    "\"2026-11-23T08:00:00Z\"}}, {\"name\": \"new\", \"certificate\": {\"state\": \"error\", "
    "\"not_after\": null}}]}, {\"account\": \"a\\\"b\\\\c\\nd\", \"agent\": \"pc\", \"state\": "
    "\"detached\", \"rtt_ms\": null, \"mappings\": []}]}";

static void assert_line(const struct buf *out, const char *line)
{
	char *whole = strstr(buf_str((struct buf *)(uintptr_t)out), line);
	if (!whole)
		fail_msg("no %s in: %s", line, buf_str((struct buf *)(uintptr_t)out));
}

static void each_value_has_its_line(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	assert_true(metrics_write(status, strlen(status), &out));
	assert_line(&out, "\ngroundnut_uptime_seconds 61\n");
	assert_line(&out, "\ngroundnut_listeners 2\n");
	assert_line(&out, "\ngroundnut_listeners_open 1\n");
	assert_line(&out, "\ngroundnut_account_quota_bytes{account=\"alice\"} 500000000000\n");
	assert_line(&out, "\ngroundnut_account_quota_used_bytes{account=\"alice\"} 7\n");
	assert_line(&out, "\ngroundnut_agent_attached{account=\"alice\",agent=\"nas\"} 1\n");
	assert_line(&out, "\ngroundnut_agent_rtt_seconds{account=\"alice\",agent=\"nas\"} 0.012");
	assert_line(&out, "{account=\"alice\",agent=\"nas\",mapping=\"web\"} 9007199254740991\n");
	assert_line(&out, "\ngroundnut_mapping_target_up{account=\"alice\",agent=\"nas\","
			  "mapping=\"web\"} 0\n");
	assert_line(&out, "\ngroundnut_mapping_certificate_valid{account=\"alice\",agent=\"nas\","
			  "mapping=\"web\"} 1\n");
	assert_line(&out, "\ngroundnut_mapping_certificate_valid{account=\"alice\",agent=\"nas\","
			  "mapping=\"new\"} 0\n");
	assert_line(&out, "\ngroundnut_mapping_certificate_expiry_timestamp_seconds{account="
			  "\"alice\",agent=\"nas\",mapping=\"web\"} 1795420800\n");
	buf_fini(&out);
}

static void unknown_is_no_value(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	assert_true(metrics_write(status, strlen(status), &out));
	assert_null(strstr(buf_str(&out), "groundnut_mapping_reachable{"));
	assert_null(strstr(buf_str(&out), "groundnut_mapping_flows{"));
	assert_null(
	    strstr(buf_str(&out),
		   "expiry_timestamp_seconds{account=\"alice\",agent=\"nas\",mapping=\"new\""));
	assert_null(strstr(buf_str(&out), "-1"));
	buf_fini(&out);
}

/* Quotes, backslashes and line ends in a name cannot end its label. */
static void labels_are_escaped(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	assert_true(metrics_write(status, strlen(status), &out));
	assert_line(&out,
		    "\ngroundnut_agent_attached{account=\"a\\\"b\\\\c\\nd\",agent=\"pc\"} 0\n");
	buf_fini(&out);
}

static void what_is_no_status_is_refused(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	assert_false(metrics_write("[]", 2, &out));
	assert_false(metrics_write("{", 1, &out));
	assert_int_equal(buf_len(&out), 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_value_has_its_line),
	    cmocka_unit_test(unknown_is_no_value),
	    cmocka_unit_test(labels_are_escaped),
	    cmocka_unit_test(what_is_no_status_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
