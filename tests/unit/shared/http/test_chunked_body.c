#include "shared/http/chunked_body.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Reads text, given piece bytes at a time; the data goes to out. 1: whole, *rest bytes behind it;
 * 0: not yet; -1: bad. */
static int read_all(enum http_strictness how, const char *text, size_t len, size_t piece, char *out,
		    size_t *rest)
{
	struct chunked_body c;
	size_t at = 0, have = 0, got = 0;
	chunked_body_init(&c, how);
	while (have < len) {
		have += piece < len - have ? piece : len - have;
		for (;;) {
			size_t used;
			uint8_t *p = mem_dup(text + at, have - at);
			enum http_piece what = chunked_body_next(&c, p, have - at, &used);
			if (what == HTTP_PIECE_DATA) {
				memcpy(out + got, p, used);
				got += used;
			}
			mem_free(p);
			at += used;
			if (what == HTTP_PIECE_BAD)
				return -1;
			out[got] = 0;
			*rest = len - at;
			if (what == HTTP_PIECE_END)
				return 1;
			if (what == HTTP_PIECE_MORE)
				break;
		}
	}
	return 0;
}

static const struct {
	const char *text, *data;
	bool lenient_only;
} goods[] = {
    {"0\r\n\r\n", "", false},
    {"5\r\nhello\r\n0\r\n\r\n", "hello", false},
    {"000000000000005\r\nhello\r\n1;a=b\r\n!\r\n0;last\r\n\r\n", "hello!", false},
    {"A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789", false},
    {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", false},
    {"1\r\nx\r\n0\r\nETag: \"1\"\r\nX-Sum: 5\r\n\r\n", "x", false},
    {"5  \r\nhello\r\n0\r\n\r\n", "hello", true},
    {" 5\r\nhello\r\n0\r\n\r\n", "hello", true},
    {"5\nhello\n0\n\n", "hello", true},
    {"1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n", "x", true},
};

static void good_bodies_in_any_pieces(void **state)
{
	(void)state;
	char text[256], out[256];
	size_t rest;
	for (size_t i = 0; i < sizeof(goods) / sizeof(*goods); i++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "%sGET /", goods[i].text);
		for (size_t piece = 1; piece <= len; piece++) {
			assert_int_equal(read_all(HTTP_LENIENT, text, len, piece, out, &rest), 1);
			assert_string_equal(out, goods[i].data);
			int strict = read_all(HTTP_STRICT, text, len, piece, out, &rest);
			assert_int_equal(strict, goods[i].lenient_only ? -1 : 1);
			if (strict == 1) {
				assert_int_equal(rest, 5);
				assert_string_equal(out, goods[i].data);
			}
		}
		for (size_t cut = 0; cut < len - 5 && !goods[i].lenient_only; cut++)
			assert_int_equal(read_all(HTTP_STRICT, text, cut, 1, out, &rest), 0);
	}
}

static void bad_bodies_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool strict_only;
	} cases[] = {
	    {"\r\n", false},
	    {"g\r\n", false},
	    {"-1\r\n", false},
	    {"+1\r\n", true},
	    {"0x5\r\nhello\r\n", false},
	    {"5 5\r\nhello\r\n", true},
	    {"5 \r\nhello\r\n", true},
	    {" 5\r\nhello\r\n", true},
	    {"5\nhello\r\n", true},
	    {"5;a\nb\r\nhello\r\n", true},
	    {"5;a\rb\r\nhello\r\n", true},
	    {"5;\x01\r\nhello\r\n", true},
	    {"5\r\nhelloXX0\r\n\r\n", false},
	    {"5\r\nhello0\r\n\r\n", false},
	    {"5\r\nhello\r0\r\n\r\n", false},
	    {"5\r\nhello\n0\r\n\r\n", true},
	    {"1000000000000000\r\n", false},
	    {"ffffffffffffffff1\r\n", false},
	    {"0000000000000000\r\n\r\n", false},
	    {"0\r\n\n", true},
	    {"0\r\nfoo\r\n\r\n", true},
	    {"0\r\nfoo : bar\r\n\r\n", true},
	    {"0\r\nfoo: bar\r\n more\r\n\r\n", true},
	    {"0\r\nfoo: bar\n\r\n", true},
	    {"0\r\nContent-Length: 5\r\n\r\n", true},
	    {"0\r\ntransfer-encoding: chunked\r\n\r\n", true},
	    {"0\r\nHost: b.example\r\n\r\n", true},
	    {"0\r\nConnection: close\r\n\r\n", true},
	};
	char out[256], longest[3000];
	size_t rest;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].text);
		for (size_t piece = 1; piece <= len; piece++)
			if (read_all(HTTP_STRICT, cases[i].text, len, piece, out, &rest) != -1)
				fail_msg("taken: %s", cases[i].text);
		if (!cases[i].strict_only &&
		    read_all(HTTP_LENIENT, cases[i].text, len, len, out, &rest) != -1)
			fail_msg("taken from a service: %s", cases[i].text);
	}
	int len = snprintf(longest, sizeof(longest), "5;%02000d", 0);
	assert_int_equal(read_all(HTTP_STRICT, longest, (size_t)len, 7, out, &rest), -1);
	assert_int_equal(read_all(HTTP_LENIENT, longest, (size_t)len, 7, out, &rest), -1);
	assert_int_equal(read_all(HTTP_STRICT, longest, 1000, 7, out, &rest), 0);
}

static void data_may_go_by_unseen(void **state)
{
	(void)state;
	struct chunked_body c;
	size_t used;
	chunked_body_init(&c, HTTP_STRICT);
	assert_int_equal(chunked_body_next(&c, (const uint8_t *)"fffffff\r\n", 9, &used),
			 HTTP_PIECE_SIZE);
	assert_int_equal(used, 9);
	assert_int_equal(c.left, 0xfffffff);
	chunked_body_skip(&c, 0xffffff0);
	assert_int_equal(chunked_body_next(&c, (const uint8_t *)"0123456789abcde\r\n", 17, &used),
			 HTTP_PIECE_DATA);
	assert_int_equal(used, 15);
	assert_int_equal(chunked_body_next(&c, (const uint8_t *)"\r\n", 2, &used),
			 HTTP_PIECE_CLOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_bodies_in_any_pieces),
	    cmocka_unit_test(bad_bodies_are_refused),
	    cmocka_unit_test(data_may_go_by_unseen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
