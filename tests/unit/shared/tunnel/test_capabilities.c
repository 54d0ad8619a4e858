#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/tunnel/capabilities.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool read_text(const char *text, struct capabilities *out)
{
	struct conf *c = conf_parse("HELLO", text, strlen(text), true);
	capabilities_read(conf_root(c), out);
	bool ok = conf_errors(c) == 0;
	conf_free(c);
	return ok;
}

static void every_set_comes_as_it_went(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 1u << CAPABILITY_COUNT; bits++) {
		struct buf b = BUF_INIT;
		struct capabilities back = {~bits};
		struct json w = json_into(&b, false);
		json_open(&w, NULL, '{');
		capabilities_write(&w, (struct capabilities){bits});
		json_close(&w);
		assert_true(read_text(buf_str(&b), &back));
		assert_int_equal(back.bits, bits);
		for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
			assert_int_equal(capabilities_has(back, (enum ability)i), bits >> i & 1);
		buf_fini(&b);
	}
}

static void words_of_later_versions_are_passed_over(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool good, time;
	} table[] = {
	    {"{}", true, false},
	    {"{\"can\": []}", true, false},
	    {"{\"can\": [\"fly\", \"time\", \"\", \"time\", \"Time\", \"time \"]}", true, true},
	    {"{\"can\": [\"TIME\", \"tim\", \"timer\"]}", true, false},
	    {"{\"can\": \"time\"}", false, false},
	    {"{\"can\": {\"time\": true}}", false, false},
	    {"{\"can\": [\"time\", null]}", false, true},
	    {"{\"can\": null}", false, false},
	};
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct capabilities a;
		if (read_text(table[i].json, &a) != table[i].good ||
		    capabilities_has(a, CAPABILITY_TIME) != table[i].time)
			fail_msg("%s", table[i].json);
	}
}

static void a_list_without_end_is_not_read(void **state)
{
	(void)state;
	for (int count = CAPABILITIES_WORDS_MOST; count <= CAPABILITIES_WORDS_MOST + 1; count++) {
		struct buf b = BUF_INIT;
		struct capabilities a;
		buf_puts(&b, "{\"can\": [\"time\"");
		for (int i = 1; i < count; i++)
			buf_puts(&b, ",\"\"");
		buf_puts(&b, "]}");
		assert_int_equal(read_text(buf_str(&b), &a), count == CAPABILITIES_WORDS_MOST);
		assert_int_equal(capabilities_has(a, CAPABILITY_TIME),
				 count == CAPABILITIES_WORDS_MOST);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_set_comes_as_it_went),
	    cmocka_unit_test(words_of_later_versions_are_passed_over),
	    cmocka_unit_test(a_list_without_end_is_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
