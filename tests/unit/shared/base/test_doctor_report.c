#include "shared/base/doctor_report.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <errno.h>
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

static void each_line_that_was_said_is_a_finding(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, false);
	doctor_report_listen(&r);
	log_say("a.json: %s", "one");
	log_say("a.json: two");
	doctor_report_heard(&r, DOCTOR_WRONG, "files", "all good");
	doctor_report_listen(&r);
	doctor_report_heard(&r, DOCTOR_WRONG, "readers", "all good");
	assert_true(r.wrong);
	assert_string_equal(buf_str(&r.out), "wrong    files         a.json: one\n"
					     "wrong    files         a.json: two\n"
					     "ok       readers       all good\n");
	buf_fini(&r.out);
}

static void configuration_says_the_reason_and_the_cure(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, false);
	for (int i = 0; i < 4; i++) {
		static const int errors[] = {0, -ENOENT, -EACCES, ERR_CONFIG};
		doctor_report_listen(&r);
		if (errors[i])
			log_say("a.json: said");
		doctor_report_configuration(&r, "a.json", errors[i], "join LINE");
	}
	assert_string_equal(
	    buf_str(&r.out),
	    "ok       configuration a.json is in order\n"
	    "wrong    configuration a.json is not there: `join LINE` writes it\n"
	    "wrong    configuration a.json: this user may not read it: the same command with\n"
	    "                       sudo\n"
	    "wrong    configuration a.json: said\n");
	buf_fini(&r.out);
}

static void congestion_names_the_cure_that_fits(void **state)
{
	(void)state;
	struct doctor_report r;
	doctor_report_init(&r, true);
	doctor_report_congestion(&r, "bbr", "bbr");
	doctor_report_congestion(&r, "cubic", NULL);
	doctor_report_congestion(&r, "reno", "reno");
	const char *text = buf_str(&r.out);
	const char *module = strstr(text, "modprobe"), *key = strstr(text, "take the key away");
	assert_non_null(module);
	assert_non_null(key);
	assert_true(module < key);
	assert_null(strstr(module + 1, "modprobe"));
	buf_fini(&r.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_say_verdict_topic_and_sentence),
	    cmocka_unit_test(long_and_hostile_sentences_stay_in_their_column),
	    cmocka_unit_test(json_has_an_item_for_each),
	    cmocka_unit_test(each_line_that_was_said_is_a_finding),
	    cmocka_unit_test(configuration_says_the_reason_and_the_cure),
	    cmocka_unit_test(congestion_names_the_cure_that_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
