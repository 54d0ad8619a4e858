#include "shared/base/doctor_report.h"
#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* The lines so far, as they would be printed to no terminal. */
static void lines_say_verdict_topic_and_sentence(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, false);
	doctor_report_add(&r, DOCTOR_OK, "relay", "answers at %s", "192.0.2.1:7000");
	doctor_report_add(&r, DOCTOR_ADVICE, "address", "none");
	assert_false(r.wrong);
	assert_string_equal(buf_str(&r.out), "ok       relay         answers at 192.0.2.1:7000\n"
					     "advice   address       none\n");
	doctor_report_add(&r, DOCTOR_WRONG, "target", "web: nothing answers");
	assert_true(r.wrong);
	buf_fini(&r.out);
}

/* A sentence that came from afar can neither steer a terminal nor break a line. */
static void long_and_hostile_sentences_stay_in_their_column(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, false);
	doctor_report_add(&r, DOCTOR_WRONG, "agent",
			  "a sentence that is longer than the line is wide, and goes on below it\n"
			  "ok \033[31m");
	assert_null(strstr(buf_str(&r.out), "\nok"));
	assert_null(strchr(buf_str(&r.out), '\033'));
	assert_non_null(strstr(buf_str(&r.out), "\n                       "));
	buf_fini(&r.out);
}

static void json_has_an_item_for_each(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, true);
	doctor_report_add(&r, DOCTOR_OK, "relay", "says \"yes\"");
	doctor_report_add(&r, DOCTOR_UNKNOWN, "clock", "not told");
	buf_puts(&r.out, "]");
	char *text = mem_printf("[%s", buf_str(&r.out));
	json_t *list = json_loads(text, 0, NULL);
	assert_int_equal(json_array_size(list), 2);
	const json_t *first = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(first, "said")), "says \"yes\"");
	assert_string_equal(json_string_value(json_object_get(first, "verdict")), "ok");
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "verdict")),
			    "unknown");
	json_decref(list);
	mem_free(text);
	buf_fini(&r.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_say_verdict_topic_and_sentence),
	    cmocka_unit_test(long_and_hostile_sentences_stay_in_their_column),
	    cmocka_unit_test(json_has_an_item_for_each),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
