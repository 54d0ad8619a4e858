#include "shared/admin/status_difference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void expect(const char *before, const char *after, const char *wanted)
{
	struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
	buf_puts(&a, before);
	buf_puts(&b, after);
	bool differs = status_difference_write(&a, &b, &out);
	assert_int_equal(differs, *wanted != '\0');
	assert_string_equal(buf_str(&out), wanted);
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&out);
}

#define NAS "{\"account\":\"alice\",\"agent\":\"nas\",\"rtt_ms\":5,\"mappings\":[{\"name\":\"a\"}]}"
#define NAS2                                                                                       \
	"{\"account\":\"alice\",\"agent\":\"nas\",\"rtt_ms\":6,\"mappings\":[{\"name\":\"a\"}]}"
#define PC "{\"account\":\"alice\",\"agent\":\"pc\",\"rtt_ms\":5,\"link\":\"a ] , } \\\" \\\\\"}"

static void members_that_differ_are_told(void **state)
{
	(void)state;
	expect("{}", "{}", "");
	expect("{\"a\":1,\"b\":\"x\"}", "{\"a\":1,\"b\":\"x\"}", "");
	expect("{\"a\":1,\"b\":\"x\"}", "{\"a\":2,\"b\":\"x\"}", "{\"a\":2}");
	expect("{\"a\":1}", "{\"a\":1,\"b\":[],\"c\":{\"d\":[1,{}]}}",
	       "{\"b\":[],\"c\":{\"d\":[1,{}]}}");
	expect("{\"a\":1,\"more\":{\"x\":1}}", "{\"a\":1}", "{\"more\":null}");
	expect("{\"a\":\"},{\\\\\",\"b\":1}", "{\"a\":\"},{\\\"\",\"b\":1}", "{\"a\":\"},{\\\"\"}");
}

static void of_a_list_only_what_differs_is_told(void **state)
{
	(void)state;
	expect("{\"agents\":[" NAS "," PC "]}", "{\"agents\":[" NAS "," PC "]}", "");
	expect("{\"agents\":[" NAS "," PC "]}", "{\"agents\":[" NAS2 "," PC "]}",
	       "{\"agents\":{\"set\":[" NAS2 "],\"gone\":[]}}");
	expect("{\"agents\":[" NAS "]}", "{\"agents\":[" NAS "," PC "]}",
	       "{\"agents\":{\"set\":[" PC "],\"gone\":[]}}");
	expect("{\"agents\":[" NAS "," PC "]}", "{\"agents\":[" PC "]}",
	       "{\"agents\":{\"set\":[],\"gone\":[{\"account\":\"alice\",\"agent\":\"nas\"}]}}");
	expect("{\"agents\":[" PC "]}", "{\"agents\":[]}",
	       "{\"agents\":{\"set\":[],\"gone\":[{\"account\":\"alice\",\"agent\":\"pc\"}]}}");
	expect("{\"agents\":[]}", "{\"agents\":[" PC "]}",
	       "{\"agents\":{\"set\":[" PC "],\"gone\":[]}}");
}

/* Elements of one member, and none. */
static void what_names_an_element_may_be_short(void **state)
{
	(void)state;
	expect("{\"l\":[{\"a\":1},{}]}", "{\"l\":[{\"a\":2},{}]}",
	       "{\"l\":{\"set\":[{\"a\":2}],\"gone\":[{\"a\":1}]}}");
}

/* Of what was cut anywhere nothing is read beyond its end. */
static void every_beginning_is_harmless(void **state)
{
	static const char whole[] =
	    "{\"a\":\"\\\"\",\"agents\":[" NAS "," PC "],\"more\":{\"x\":[]}}";
	(void)state;
	for (size_t len = 0; len < sizeof whole; len++) {
		struct buf a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
		buf_put(&a, whole, len);
		buf_put(&b, whole, sizeof whole - 1 - len / 2);
		status_difference_write(&a, &b, &out);
		status_difference_write(&b, &a, &out);
		buf_fini(&a);
		buf_fini(&b);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members_that_differ_are_told),
	    cmocka_unit_test(of_a_list_only_what_differs_is_told),
	    cmocka_unit_test(what_names_an_element_may_be_short),
	    cmocka_unit_test(every_beginning_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
