/* Messages cut at every byte, too large, broken. */
#include "shared/http/http_message.h"

#include "shared/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char post[] =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Long: v1\r\nContent-Length: 5\r\n\r\nhello";

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(post) - 1; cut++) {
		struct http_message *h = http_message_new(HTTP_MESSAGE_REQUEST, 100);
		assert_int_equal(http_message_input(h, post, cut), 0);
		assert_int_equal(http_message_input(h, post + cut, sizeof(post) - 1 - cut), 1);
		size_t len;
		assert_string_equal(http_message_head(h)->method.p, "POST");
		assert_string_equal(http_message_head(h)->target.p, "/a?b=c");
		assert_string_equal(http_message_header(h, "x-long"), "v1");
		assert_null(http_message_header(h, "y"));
		assert_string_equal(http_message_body(h, &len), "hello");
		assert_int_equal(len, 5);
		assert_true(http_message_head(h)->minor == 1);
		http_message_free(h);
		h = http_message_new(HTTP_MESSAGE_REQUEST, 100);
		http_message_input(h, post, cut);
		assert_true(http_message_end(h) < 0);
		http_message_free(h);
	}
}

static void too_much_is_refused(void **state)
{
	(void)state;
	struct http_message *h = http_message_new(HTTP_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, post, sizeof(post) - 1), ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, "GET / HTTP/1.1\r\n", 16), 0);
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < 100000; i++)
		rc = http_message_input(h, "A: b\r\n", 6);
	assert_int_equal(rc, ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_REQUEST, 4);
	rc = http_message_input(h, "GET /", 5);
	for (unsigned i = 0; rc == 0 && i < 100000; i++)
		rc = http_message_input(h, "xxxxxxxx", 8);
	assert_int_equal(rc, ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, "\x16\x03\x01\x00\x00", 5), ERR_SYNTAX);
	http_message_free(h);
}

/* What the strict reader refuses is no request here either, but for the host of an absolute URL,
 * by which nothing is routed. */
static void requests_are_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int verdict;
	} cases[] = {
	    {"GET / HTTP/1.0\r\n\r\n", 1},
	    {"\r\nGET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", 1},
	    {"GET / HTTP/1.1\r\n\r\n", ERR_SYNTAX},
	    {"GET / HTTP/1.1\nHost: a\n\n", ERR_SYNTAX},
	    {"GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n", ERR_SYNTAX},
	    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
	     ERR_SYNTAX},
	    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
	     ERR_SYNTAX},
	    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", ERR_TOO_BIG},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_message *h = http_message_new(HTTP_MESSAGE_REQUEST, 100);
		int verdict = http_message_input(h, cases[i].text, strlen(cases[i].text));
		if (verdict != cases[i].verdict)
			fail_msg("%d for %s", verdict, cases[i].text);
		http_message_free(h);
	}
}

static void answers_with_and_without_length(void **state)
{
	(void)state;
	static const char interim[] =
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
	static const char until_end[] = "HTTP/1.0 401 No\r\nA: b\r\n\r\nbadauth";
	size_t len;
	struct http_message *h = http_message_new(HTTP_MESSAGE_RESPONSE, 100);
	assert_int_equal(http_message_input(h, interim, sizeof(interim) - 1), 1);
	assert_int_equal(http_message_head(h)->status, 200);
	assert_string_equal(http_message_body(h, &len), "abc");
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_RESPONSE, 100);
	assert_int_equal(http_message_input(h, until_end, sizeof(until_end) - 1), 0);
	assert_int_equal(http_message_end(h), 1);
	assert_int_equal(http_message_head(h)->status, 401);
	assert_string_equal(http_message_body(h, &len), "badauth");
	http_message_free(h);
	static const char to_head[] = "HTTP/1.1 200 OK\r\nContent-Length: 7000\r\n\r\n";
	h = http_message_new(HTTP_MESSAGE_HEAD, 100);
	assert_int_equal(http_message_input(h, to_head, sizeof(to_head) - 1), 1);
	assert_string_equal(http_message_header(h, "content-length"), "7000");
	http_message_free(h);
}

static void an_answer_to_head_has_no_body(void **state)
{
	(void)state;
	static const char *const heads[] = {
	    "HTTP/1.1 200 OK\r\nReplay-Nonce: n\r\nContent-Length: 100\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nReplay-Nonce: n\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nReplay-Nonce: n\r\n\r\n"};
	for (size_t i = 0; i < 3; i++) {
		size_t len;
		struct http_message *h = http_message_new(HTTP_MESSAGE_HEAD, 100);
		assert_int_equal(http_message_input(h, heads[i], strlen(heads[i]) - 1), 0);
		assert_int_equal(http_message_input(h, "\n", 1), 1);
		assert_string_equal(http_message_header(h, "replay-nonce"), "n");
		http_message_body(h, &len);
		assert_int_equal(len, 0);
		http_message_free(h);
	}
}

static void escapes(void **state)
{
	(void)state;
	char out[32];
	assert_int_equal(http_message_unescape("a%41+%3a", 8, out), 4);
	assert_string_equal(out, "aA :");
	assert_true(http_message_unescape("%00", 3, out) == SIZE_MAX);
	assert_true(http_message_unescape("%4", 2, out) == SIZE_MAX);
	assert_true(http_message_unescape("%zz", 3, out) == SIZE_MAX);
	struct buf b = BUF_INIT;
	http_message_escape(&b, "a b/é");
	assert_string_equal(buf_str(&b), "a%20b%2F%C3%A9");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cut_at_every_byte),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(requests_are_read_strictly),
	    cmocka_unit_test(answers_with_and_without_length),
	    cmocka_unit_test(an_answer_to_head_has_no_body),
	    cmocka_unit_test(escapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
