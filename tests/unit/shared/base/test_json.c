#include "shared/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_document_reads_like_its_calls(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_str(&w, "name", "web");
	json_str(&w, "error", NULL);
	json_int(&w, "low", INT64_MIN);
	json_uint(&w, "high", UINT64_MAX);
	json_bool(&w, "yes", true);
	json_none(&w, "none");
	json_time(&w, "since", 1000);
	json_time(&w, "never", 0);
	json_raw(&w, "raw", "[1]", 3);
	json_open(&w, "list", '[');
	json_open(&w, NULL, '{');
	json_close(&w);
	json_open(&w, NULL, '[');
	json_close(&w);
	json_strn(&w, NULL, "abc", 2);
	json_bool(&w, NULL, false);
	json_close(&w);
	json_open(&w, "o", '{');
	json_int(&w, "a", 1);
	json_close(&w);
	json_int(&w, "after", 2);
	json_close(&w);
	assert_string_equal(buf_str(&out),
			    "{\"name\":\"web\",\"error\":null,\"low\":-9223372036854775808,"
			    "\"high\":18446744073709551615,\"yes\":true,\"none\":null,"
			    "\"since\":\"1970-01-01T00:00:01Z\",\"never\":null,\"raw\":[1],"
			    "\"list\":[{},[],\"ab\",false],\"o\":{\"a\":1},\"after\":2}");
	buf_fini(&out);
}

static void an_indented_document_is_for_people(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, true);
	json_open(&w, NULL, '{');
	json_int(&w, "a", 1);
	json_open(&w, "b", '[');
	json_int(&w, NULL, 2);
	json_int(&w, NULL, 3);
	json_close(&w);
	json_open(&w, "c", '{');
	json_close(&w);
	json_close(&w);
	assert_string_equal(buf_str(&out),
			    "{\n  \"a\": 1,\n  \"b\": [\n    2,\n    3\n  ],\n  \"c\": {}\n}");
	buf_fini(&out);
}

static void bytes_of_a_visitor_stay_inside_the_string(void **state)
{
	(void)state;
	static const struct {
		const char *text, *json;
	} rows[] = {{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
		    {"\n\r\t\x01\x1b\x7f", "\"\\n\\r\\t\\u0001\\u001b\\u007f\""},
		    {"é€😀", "\"é€😀\""},
		    {"\xc2\x9b", "\"\\u009b\""},
		    {"\xff", "\"�\""},
		    {"a\xc3", "\"a�\""},
		    {"\xc3(", "\"�(\""},
		    {"\xc0\x80", "\"��\""},
		    {"\xe0\x80\x80", "\"���\""},
		    {"\xed\xa0\x80", "\"���\""},
		    {"\xf4\x90\x80\x80", "\"����\""},
		    {"\xf8\x88\x80\x80\x80", "\"�����\""},
		    {"\xe2\x82", "\"��\""}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT;
		struct json w = json_into(&out, false);
		json_str(&w, NULL, rows[i].text);
		assert_string_equal(buf_str(&out), rows[i].json);
		buf_fini(&out);
	}
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_strn(&w, "k\"", "a\0b", 3);
	json_close(&w);
	assert_string_equal(buf_str(&out), "{\"k\\\"\":\"a\\u0000b\"}");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_document_reads_like_its_calls),
	    cmocka_unit_test(an_indented_document_is_for_people),
	    cmocka_unit_test(bytes_of_a_visitor_stay_inside_the_string),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
