#include "shared/base/terminal_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void columns_are_as_wide_as_their_widest(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	struct terminal_table t = TERMINAL_TABLE_INIT("lrl");
	terminal_table_row(&t, "NAME", "N", "LAST");
	terminal_table_row(&t,
			   "Kamera-K\xc3\xbc"
			   "che",
			   "7", "x");
	terminal_table_row(&t, NULL, "1234", "");
	terminal_table_write(&t, 2, &page);
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
	struct terminal_text page = {&out, 80, false};
	struct terminal_table t = TERMINAL_TABLE_INIT("rr");
	terminal_table_row(&t, "\x1b[2J",
			   "a\xc2\x9b"
			   "2J\n\x7f");
	terminal_table_write(&t, 0, &page);
	assert_string_equal(buf_str(&out), "?[2J  a?2J??\n");
	buf_fini(&out);
}

static void empty_table_is_nothing(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, false};
	struct terminal_table t = TERMINAL_TABLE_INIT("l");
	terminal_table_write(&t, 0, &page);
	assert_int_equal(buf_len(&out), 0);
	buf_fini(&out);
}

static void widest_columns_go_on_below(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 40, false};
	struct terminal_table t = TERMINAL_TABLE_INIT("llr");
	terminal_table_row(&t, "NAME", "PUBLIC", "NOW");
	terminal_table_row(&t, "blog", "a-long-name.alice.home.example.com", "12");
	terminal_table_note(&t, TEXT_RED,
			    "nothing answers at 192.168.1.20:631: connection refused");
	terminal_table_row(&t, "web", "203.0.113.10:8080", "3");
	terminal_table_write(&t, 0, &page);
	assert_string_equal(buf_str(&out), "NAME  PUBLIC                         NOW\n"
					   "blog  a-long-name.alice.home.         12\n"
					   "      example.com\n"
					   "    nothing answers at 192.168.1.20:631:\n"
					   "      connection refused\n"
					   "web   203.0.113.10:8080                3\n");
	buf_fini(&out);
}

static void colours_take_no_room(void **state)
{
	(void)state;
	struct buf out = BUF_INIT;
	struct terminal_text page = {&out, 80, true};
	struct terminal_table t = TERMINAL_TABLE_INIT("ll");
	terminal_table_row(&t, "open", "x");
	terminal_table_cell(&t, "error");
	terminal_table_paint(&t, TEXT_RED);
	terminal_table_cell(&t, "y");
	terminal_table_write(&t, 0, &page);
	assert_string_equal(buf_str(&out), "open   x\n\033[31merror\033[0m  y\n");
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns_are_as_wide_as_their_widest),
	    cmocka_unit_test(terminals_are_not_steered),
	    cmocka_unit_test(empty_table_is_nothing),
	    cmocka_unit_test(widest_columns_go_on_below),
	    cmocka_unit_test(colours_take_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
