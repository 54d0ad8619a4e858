#include "shared/base/text_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void columns_are_as_wide_as_their_widest(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct text_table t = TEXT_TABLE_INIT("lrl");
	text_table_row(&t, "NAME", "N", "LAST");
	text_table_row(&t,
		       "Kamera-K\xc3\xbc"
		       "che",
		       "7", "x");
	text_table_row(&t, NULL, "1234", "");
	text_table_write(&t, "  ", &out);
	assert_string_equal(buf_str(&out), "  NAME             N  LAST\n"
					   "  Kamera-K\xc3\xbc"
					   "che     7  x\n"
					   "  -             1234  -\n");
	buf_fini(&out);
}

static void terminals_are_not_steered(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct text_table t = TEXT_TABLE_INIT("rr");
	text_table_row(&t, "\x1b[2J",
		       "a\xc2\x9b"
		       "2J\n\x7f");
	text_table_write(&t, "", &out);
	assert_string_equal(buf_str(&out), "?[2J  a?2J??\n");
	buf_fini(&out);
}

static void empty_table_is_nothing(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct text_table t = TEXT_TABLE_INIT("l");
	text_table_write(&t, "", &out);
	assert_int_equal(buf_len(&out), 0);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_as_wide_as_their_widest),
	    cmocka_unit_test(terminals_are_not_steered),
	    cmocka_unit_test(empty_table_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
