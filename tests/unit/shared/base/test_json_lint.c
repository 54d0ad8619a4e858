#include "shared/base/json_lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void depth_is_of_brackets_not_of_strings(void **state)
{
	(void)state;
	struct json_place at = {0, 0};
	static const struct {
		const char *text;
		unsigned most, line, column; /* line 0: not too deep */
	} cases[] = {
	    {"", 0, 0, 0},
	    {"[]", 1, 0, 0},
	    {"[]", 0, 1, 1},
	    {"[[], [], {}]", 2, 0, 0},
	    {"[\n {\"é\": [1]}]", 2, 2, 8},
	    {"{\"[[[\": \"{{{\\\"[\"}", 1, 0, 0},
	    {"]]]][", 1, 0, 0},
	    {"\"[", 0, 0, 0},
	    {"\"\\", 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool deep =
		    json_lint_too_deep(cases[i].text, strlen(cases[i].text), cases[i].most, &at);
		assert_int_equal(deep, cases[i].line != 0);
		if (deep) {
			assert_int_equal(at.line, cases[i].line);
			assert_int_equal(at.column, cases[i].column);
		}
	}
}

static void values_and_members_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t parts;
		unsigned line, column; /* of the one that is too many when one less is allowed */
	} cases[] = {
	    {"", 0, 0, 0},
	    {"[]", 1, 1, 1},
	    {"[1,2, 3]", 3, 1, 5},
	    {"{}", 4, 1, 1},
	    {"{\"a,[{\": 1,\n\"b\": {}, \"c\": [[]]}", 12, 2, 16},
	    {"]]}}:", 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct json_place at = {0, 0};
		const char *text = cases[i].text;
		size_t len = strlen(text), parts = cases[i].parts;
		assert_false(json_lint_too_many(text, len, parts, &at));
		assert_int_equal(parts && json_lint_too_many(text, len, parts - 1, &at), parts > 0);
		assert_int_equal(at.line, cases[i].line);
		assert_int_equal(at.column, cases[i].column);
	}
}

static void on_doubled(void *owner, const struct json_place *at, const char *key)
{
	char *said = owner;
	snprintf(said + strlen(said), 200 - strlen(said), "%u:%u %s\n", at->line, at->column, key);
}

static void every_doubled_key_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text, *said;
	} cases[] = {
	    {"{}", ""},
	    {"{\"a\": 1, \"b\": \"a\", \"c\": [\"a\", \"a\"]}", ""},
	    {"{\"a\": {\"a\": {\"a\": 1}}, \"b\": [{\"a\": 1}, {\"a\": 1}]}", ""},
	    {"{\"a\": 1, \"a\": 2, \"a\": 3}", "1:10 a\n1:18 a\n"},
	    {"{\"a\": 1,\n\"\\u0061\": 2}", "2:1 a\n"},
	    {"{\"é\": [], \"x\": {\"y\": 1, \"y\": 2},\n \"é\": {}}", "1:25 y\n2:2 é\n"},
	    {"[{\"a,\\\"\": \"}\", \"a,\\\"\": 1}]", "1:16 a,\"\n"},
	    {"{\"\": 1, \"\": 2}", "1:9 \n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char said[200] = "";
		json_lint_doubled(cases[i].text, strlen(cases[i].text), on_doubled, said);
		assert_string_equal(said, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(depth_is_of_brackets_not_of_strings),
	    cmocka_unit_test(values_and_members_are_counted),
	    cmocka_unit_test(every_doubled_key_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
