/* REPORT: written, read, cut, and what is odd in it. */
#include "shared/tunnel/report_message.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int read_text(const char *text, struct report *out)
{
	char why[256] = "";
	int err = report_read(text, strlen(text), out, why);
	if (err)
		assert_true(why[0] && !out->mappings && !out->count);
	return err;
}

static const char whole[] =
    "{\"mappings\":[{\"id\":1,\"reachable\":{\"state\":\"no\",\"error\":\"a wall\",\"checked\":17},"
    "\"target\":{\"state\":\"up\",\"since\":5}},"
    "{\"id\":9,\"certificate\":{\"state\":\"valid\",\"not_after\":8,\"next_try\":3}}]}";

static void what_was_written_is_read(void **state)
{
	(void)state;
	struct report r;
	struct buf b = BUF_INIT;
	assert_int_equal(read_text(whole, &r), 0);
	assert_int_equal(r.count, 2);
	assert_true(r.mappings[0].has[REPORT_REACHABLE] && r.mappings[0].has[REPORT_TARGET]);
	assert_false(r.mappings[0].has[REPORT_CERTIFICATE]);
	assert_string_equal(r.mappings[0].parts[REPORT_REACHABLE].error, "a wall");
	assert_int_equal(r.mappings[1].parts[REPORT_CERTIFICATE].next_ms, 3);
	struct json w = json_into(&b, false);
	json_open(&w, NULL, '{');
	json_open(&w, "mappings", '[');
	for (size_t i = 0; i < r.count; i++)
		report_write_mapping(&r.mappings[i], &w);
	json_close(&w);
	json_close(&w);
	assert_string_equal(buf_str(&b), whole);
	report_fini(&r);
	buf_fini(&b);
	for (size_t cut = 0; cut < strlen(whole); cut++) {
		char *part = mem_printf("%.*s", (int)cut, whole);
		assert_int_equal(read_text(part, &r), ERR_SYNTAX);
		mem_free(part);
	}
}

static void what_is_malformed_is_refused(void **state)
{
	(void)state;
	static const char *const table[] = {
	    "[]",
	    "{\"mappings\":{}}",
	    "{\"mappings\":[1]}",
	    "{\"mappings\":[{}]}",
	    "{\"mappings\":[{\"id\":0}]}",
	    "{\"mappings\":[{\"id\":4294967296}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":\"up\"}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":{}}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":{\"state\":1}}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":{\"state\":\"up\",\"since\":-1}}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":{\"state\":\"up\",\"since\":1e30}}]}",
	    "{\"mappings\":[{\"id\":1,\"target\":{\"state\":\"up\",\"error\":[]}}]}",
	};
	struct report r;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		assert_int_equal(read_text(table[i], &r), ERR_SYNTAX);
}

static void what_is_only_of_a_later_version_is_not(void **state)
{
	(void)state;
	struct report r;
	assert_int_equal(read_text("{\"later\":1,\"mappings\":[{\"id\":1,\"later\":{},\"target\":"
				   "{\"state\":\"Half up\",\"later\":1}},{\"id\":2,\"reachable\":"
				   "{\"state\":\"aaaaaaaaaaaaaaaaaaaaaaaaa\"}}]}",
				   &r),
			 0);
	assert_string_equal(r.mappings[0].parts[REPORT_TARGET].state, "unknown");
	assert_string_equal(r.mappings[1].parts[REPORT_REACHABLE].state, "unknown");
	report_fini(&r);
	assert_int_equal(read_text("{}", &r), 0);
	assert_int_equal(r.count, 0);
	report_fini(&r);
}

static void status_has_what_was_said(void **state)
{
	(void)state;
	struct report_part part = {.state = "no", .error = "a wall", .time_ms = 1000};
	struct report_part none = {.error = NULL};
	struct buf b = BUF_INIT;
	struct json w = json_into(&b, false);
	json_open(&w, NULL, '{');
	report_part_status(&part, REPORT_REACHABLE, &w);
	report_part_status(&none, REPORT_TARGET, &w);
	json_close(&w);
	assert_string_equal(buf_str(&b),
			    "{\"reachable\":{\"state\":\"no\",\"error\":\"a wall\",\"checked\":"
			    "\"1970-01-01T00:00:01Z\"},\"target_state\":{\"state\":\"unknown\","
			    "\"error\":null,\"since\":null}}");
	buf_fini(&b);
}

static void a_copy_is_its_own(void **state)
{
	(void)state;
	struct report_part a = {.state = "no", .error = "a wall", .time_ms = 1},
			   b = {.error = NULL};
	assert_false(report_part_same(&a, &b));
	report_part_copy(&b, &a);
	assert_true(report_part_same(&a, &b));
	assert_ptr_not_equal(a.error, b.error);
	b.time_ms++;
	assert_false(report_part_same(&a, &b));
	report_part_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_is_read),
	    cmocka_unit_test(what_is_malformed_is_refused),
	    cmocka_unit_test(what_is_only_of_a_later_version_is_not),
	    cmocka_unit_test(status_has_what_was_said),
	    cmocka_unit_test(a_copy_is_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
