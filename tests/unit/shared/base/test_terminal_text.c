#define _GNU_SOURCE /* ptsname */
#include "shared/base/terminal_text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static void times_are_local(void **state)
{
	(void)state;
	static const char *const table[][2] = {
	    {"2026-11-23T08:00:00Z", "2026-11-23 16:00:00"},
	    {"refused (at 2026-12-31T20:00:01Z)", "refused (at 2027-01-01 04:00:01)"},
	    {"2026-13-23T08:00:00Z", "2026-13-23T08:00:00Z"},
	    {"2026-11-23T08:00:00", "2026-11-23T08:00:00"},
	    {"20262026-11-23T08:00:00ZZ", "20262026-11-23 16:00:00Z"},
	    {"", ""},
	    {"\x1b[2J", "?[2J"},
	};
	setenv("TZ", "CST-8", 1);
	tzset();
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char *shown = terminal_text_shown(table[i][0]);
		assert_string_equal(shown, table[i][1]);
		free(shown);
	}
	unsetenv("TZ");
	tzset();
}

static void lines_break_at_spaces_then_at_marks(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t width, len;
	} table[] = {
	    {"one two", 7, 7},
	    {"one two", 6, 3},
	    {"one two", 3, 3},
	    {"a.example.com", 9, 2},
	    {"a.example.com", 10, 10},
	    {"abcdef", 4, 4},
	    {"", 4, 0},
	    {"\xe5\x8d\x9a\xe5\xae\xa2", 3, 3},
	    {"\xe5\x8d\x9a", 1, 3},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		assert_int_equal(terminal_text_break(table[i].text, table[i].width), table[i].len);
}

static void no_terminal_is_plain_and_80_wide(void **state)
{
	(void)state;
	struct terminal_text page;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	terminal_text_init(&page, NULL, ends[1]);
	assert_int_equal(page.width, 80);
	assert_false(page.coloured);
	close(ends[0]);
	close(ends[1]);
}

static void terminal_has_its_width_and_colours(void **state)
{
	(void)state;
	struct terminal_text page;
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(fd >= 0 && unlockpt(fd) == 0);
	int terminal = open(ptsname(fd), O_RDWR | O_NOCTTY);
	struct winsize size = {.ws_col = 120};
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &size), 0);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	terminal_text_init(&page, NULL, terminal);
	assert_int_equal(page.width, 120);
	assert_true(page.coloured);
	setenv("NO_COLOR", "1", 1);
	terminal_text_init(&page, NULL, terminal);
	assert_false(page.coloured);
	close(terminal);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(times_are_local),
	    cmocka_unit_test(lines_break_at_spaces_then_at_marks),
	    cmocka_unit_test(no_terminal_is_plain_and_80_wide),
	    cmocka_unit_test(terminal_has_its_width_and_colours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
