/* Messages cut at every byte, too large, broken; and a server and a client that meet on
 * loopback. */
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/http_server.h"
#include "shared/net/listener.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char post[] =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Long: v1\r\nContent-Length: 5\r\n\r\nhello";

static void cut_at_every_byte(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(post) - 1; cut++) {
		struct http_message *h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 100);
		assert_int_equal(http_message_input(h, post, cut), 0);
		assert_int_equal(http_message_input(h, post + cut, sizeof(post) - 1 - cut), 1);
		size_t len;
		assert_string_equal(http_message_method(h), "POST");
		assert_string_equal(http_message_target(h), "/a?b=c");
		assert_string_equal(http_message_header(h, "x-long"), "v1");
		assert_null(http_message_header(h, "y"));
		assert_string_equal(http_message_body(h, &len), "hello");
		assert_int_equal(len, 5);
		assert_true(http_message_is_11(h));
		http_message_free(h);
		h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 100);
		http_message_input(h, post, cut);
		assert_true(http_message_end(h) < 0);
		http_message_free(h);
	}
}

static void too_much_is_refused(void **state)
{
	(void)state;
	struct http_message *h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, post, sizeof(post) - 1), ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, "GET / HTTP/1.1\r\n", 16), 0);
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < 100000; i++)
		rc = http_message_input(h, "A: b\r\n", 6);
	assert_int_equal(rc, ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 4);
	rc = http_message_input(h, "GET /", 5);
	for (unsigned i = 0; rc == 0 && i < 100000; i++)
		rc = http_message_input(h, "xxxxxxxx", 8);
	assert_int_equal(rc, ERR_TOO_BIG);
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_MESSAGE_REQUEST, 4);
	assert_int_equal(http_message_input(h, "\x16\x03\x01\x00\x00", 5), ERR_SYNTAX);
	http_message_free(h);
}

static void answers_with_and_without_length(void **state)
{
	(void)state;
	static const char interim[] =
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
	static const char until_end[] = "HTTP/1.0 401 No\r\nA: b\r\n\r\nbadauth";
	size_t len;
	struct http_message *h = http_message_new(HTTP_MESSAGE_MESSAGE_RESPONSE, 100);
	assert_int_equal(http_message_input(h, interim, sizeof(interim) - 1), 1);
	assert_int_equal(http_message_status(h), 200);
	assert_string_equal(http_message_body(h, &len), "abc");
	http_message_free(h);
	h = http_message_new(HTTP_MESSAGE_MESSAGE_RESPONSE, 100);
	assert_int_equal(http_message_input(h, until_end, sizeof(until_end) - 1), 0);
	assert_int_equal(http_message_end(h), 1);
	assert_int_equal(http_message_status(h), 401);
	assert_string_equal(http_message_body(h, &len), "badauth");
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
		struct http_message *h = http_message_new(HTTP_MESSAGE_HEAD_RESPONSE, 100);
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

static void urls(void **state)
{
	(void)state;
	struct http_url u;
	assert_int_equal(http_url_parse("https://Example.com/a?b", &u), 0);
	assert_true(u.tls && u.port == 443 && !strcmp(u.host, "example.com") &&
		    !strcmp(u.path, "/a?b"));
	assert_int_equal(http_url_parse("http://[::1]:8080", &u), 0);
	assert_true(!u.tls && u.port == 8080 && !strcmp(u.host, "::1") && !strcmp(u.path, "/"));
	assert_int_equal(http_url_parse("http://h?x", &u), 0);
	assert_string_equal(u.path, "/?x");
	static const char *const wrong[] = {
	    "ftp://h/",    "http://",      "http://u:p@h/",     "http://h:0/",
	    "http://h:x/", "http://h/a b", "http://h/\r\nX: y", "h"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(http_url_parse(wrong[i], &u) < 0);
}

struct meeting {
	struct loop *loop;
	struct http_server *server;
	struct listener *listener;
	unsigned asked, answered, failed, left;
	struct http_exchange *held;
	bool hold;
};

static void on_request(void *owner, struct http_exchange *x)
{
	struct meeting *m = owner;
	size_t len;
	m->asked++;
	const char *body = http_message_body(http_exchange_request(x), &len);
	assert_string_equal(http_message_target(http_exchange_request(x)), "/path?q");
	assert_true(addr_is_loopback(http_exchange_peer(x)));
	if (m->hold)
		m->held = x;
	else
		http_answer(x, 200, "text/plain", "X-Extra: yes\r\n", body, len);
}

static void finish(struct meeting *m)
{
	if (--m->left)
		return;
	listener_close(m->listener);
	http_server_close(m->server);
	loop_stop(m->loop);
}

static void on_answer(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct meeting *m = owner;
	(void)detail;
	if (answer) {
		size_t len;
		assert_int_equal(http_message_status(answer), 200);
		assert_string_equal(http_message_body(answer, &len), "ping");
		assert_string_equal(http_message_header(answer, "x-extra"), "yes");
		assert_string_equal(http_message_header(answer, "connection"), "close");
		m->answered++;
	} else {
		assert_true(err < 0);
		m->failed++;
	}
	finish(m);
}

static struct http_ask *ask(struct meeting *m, uint16_t port, uint64_t timeout_ms)
{
	char text[64];
	struct http_url u;
	snprintf(text, sizeof(text), "http://127.0.0.1:%u/path?q", port);
	assert_int_equal(http_url_parse(text, &u), 0);
	const struct http_question q = {.url = &u,
					.method = "POST",
					.body = "ping",
					.body_len = 4,
					.answer_max = 100,
					.timeout_ms = timeout_ms};
	return http_ask_start(m->loop, &q, on_answer, m);
}

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct meeting *m = owner;
	(void)local;
	http_server_accept(m->server, fd, peer, false);
}

static void open_meeting(struct meeting *m, unsigned left)
{
	const struct http_server_limits limits = {
	    .head_ms = 5000, .connections = 100, .per_source = 50, .body_max = 100};
	char *why;
	int err;
	struct addr at;
	memset(m, 0, sizeof(*m));
	m->loop = loop_new("test");
	m->left = left;
	m->server = http_server_new(m->loop, &limits, on_request, m);
	addr_parse("127.0.0.1:0", &at);
	m->listener = listener_open(m->loop, &at, false, on_visitor, m, &err, &why);
	assert_non_null(m->listener);
}

static void they_meet(void **state)
{
	(void)state;
	struct meeting m;
	open_meeting(&m, 30);
	for (unsigned i = 0; i < 30; i++)
		ask(&m, listener_at(m.listener)->port, 10000);
	loop_run(m.loop);
	assert_int_equal(m.answered, 30);
	assert_int_equal(loop_free(m.loop), 0);
}

static void nobody_there_silence_and_closing(void **state)
{
	(void)state;
	struct meeting m;
	open_meeting(&m, 2);
	m.hold = true;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	getsockname(fd, (struct sockaddr *)&sin, &len);
	ask(&m, ntohs(sin.sin_port), 10000);         /* bound, nobody listens: refused */
	ask(&m, listener_at(m.listener)->port, 200); /* held: times out */
	http_ask_close(ask(&m, listener_at(m.listener)->port, 1000));
	loop_run(m.loop);
	assert_int_equal(m.failed, 2);
	assert_int_equal(m.asked, 1);
	close(fd);
	assert_int_equal(loop_free(m.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cut_at_every_byte),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(answers_with_and_without_length),
	    cmocka_unit_test(an_answer_to_head_has_no_body),
	    cmocka_unit_test(escapes),
	    cmocka_unit_test(urls),
	    cmocka_unit_test(they_meet),
	    cmocka_unit_test(nobody_there_silence_and_closing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
