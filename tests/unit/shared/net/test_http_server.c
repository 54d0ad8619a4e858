/* The small server and the client meet on loopback: many, nobody there, silence, and a crowd of
 * clients that finish nothing. */
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/http_client.h"
#include "shared/net/http_server.h"
#include "shared/net/listener.h"
#include "shared/net/timer.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

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
	assert_string_equal(http_message_head(http_exchange_request(x))->target.p, "/path?q");
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
		assert_int_equal(http_message_head(answer)->status, 200);
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

/* Clients that say half a request, or stay after their answer, from addresses of 127/8, until the
 * places are taken; then one more asks, from the same source or from another. */
static void crowd(unsigned places, unsigned per_source, unsigned sources, const char *newcomer,
		  bool stay)
{
	const char *said = stay ? "GET /path?q HTTP/1.1\r\nHost: h\r\n\r\n" : "GET /path?q HT";
	struct meeting m;
	struct http_server_limits limits = {
	    .head_ms = 60000, .connections = places, .per_source = per_source, .body_max = 100};
	int fds[64];
	open_meeting(&m, 1);
	http_server_close(m.server);
	m.server = http_server_new(m.loop, &limits, on_request, &m);
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(listener_at(m.listener)->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (unsigned i = 0; i < 20; i++) {
		struct sockaddr_in from = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(0x7f000002 + i % sources)};
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(bind(fds[i], (struct sockaddr *)&from, sizeof(from)), 0);
		assert_int_equal(connect(fds[i], (struct sockaddr *)&to, sizeof(to)), 0);
		assert_int_equal(send(fds[i], said, strlen(said), 0), strlen(said));
	}
	while (stay && m.asked < places)
		loop_turn(m.loop);
	unsigned asked = m.asked;
	struct sockaddr_in from = {.sin_family = AF_INET};
	assert_int_equal(inet_pton(AF_INET, newcomer, &from.sin_addr), 1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	const char request[] = "POST /path?q HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nping";
	assert_int_equal(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	char answer[200] = "";
	while (recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) < 0)
		loop_turn(m.loop);
	assert_memory_equal(answer, "HTTP/1.1 200 OK\r\n", 17);
	assert_true(stay ? m.asked > asked : m.asked == 1);
	close(fd);
	for (unsigned i = 0; i < 20; i++)
		close(fds[i]);
	finish(&m);
	loop_run(m.loop);
	assert_int_equal(loop_free(m.loop), 0);
}

static void who_finishes_nothing_keeps_nobody_out(void **state)
{
	(void)state;
	crowd(16, 64, 20, "127.0.0.1", false);
	crowd(64, 8, 1, "127.0.0.2", false);
	crowd(64, 8, 1, "127.0.0.1", false);
}

static void who_stays_after_its_answer_keeps_nobody_out(void **state)
{
	(void)state;
	crowd(16, 64, 20, "127.0.0.1", true);
}

static void on_stream_gone(void *owner)
{
	finish(owner);
}

static size_t memory_in_use(void)
{
	struct mallinfo2 now = mallinfo2();
	return now.uordblks + now.hblkhd;
}

/* Asks, and returns the socket when the request has come: m->held is its exchange. */
static int ask_and_hold(struct meeting *m)
{
	const char said[] = "GET /path?q HTTP/1.1\r\nHost: h\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(listener_at(m->listener)->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	m->hold = true;
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(send(fd, said, sizeof said - 1, 0), sizeof said - 1);
	while (!m->held)
		loop_turn(m->loop);
	return fd;
}

/* Reads until these many x have come; the head has none. */
static void read_text(struct meeting *m, int fd, size_t left)
{
	static char block[65536];
	while (left) {
		ssize_t n = recv(fd, block, sizeof block, MSG_DONTWAIT);
		if (n < 0)
			loop_turn(m->loop);
		for (ssize_t i = 0; i < n; i++)
			left -= block[i] == 'x';
	}
}

enum { LONG = 4 * 1024 * 1024 };

static struct refcounted_text *long_text(void)
{
	struct buf text = BUF_INIT;
	memset(buf_reserve(&text, LONG), 'x', LONG);
	buf_commit(&text, LONG);
	return refcounted_text_new(&text);
}

/* The first text of a stream may be megabytes, and there may be many streams, which live long. */
static void a_stream_keeps_nothing_of_what_it_has_sent(void **state)
{
	(void)state;
	struct meeting m;
	open_meeting(&m, 1);
	int fd = ask_and_hold(&m);
	size_t before = memory_in_use();
	struct refcounted_text *text = long_text();
	http_stream_begin(m.held, "audio/y", NULL, on_stream_gone, &m);
	assert_true(http_stream_write(m.held, text));
	refcounted_text_drop(text);
	read_text(&m, fd, LONG);
	if (before) /* a sanitizer's malloc does not say */
		assert_true(memory_in_use() < before + LONG / 4);
	close(fd);
	loop_run(m.loop);
	assert_int_equal(loop_free(m.loop), 0);
}

/* Nobody reads, and all of them hold the text once; then all get it whole. */
static void streams_of_one_text_hold_it_once(void **state)
{
	(void)state;
	enum { STREAMS = 16 };
	struct meeting m;
	int fds[STREAMS];
	struct http_exchange *streams[STREAMS];
	open_meeting(&m, STREAMS);
	for (int i = 0; i < STREAMS; i++) {
		m.held = NULL;
		fds[i] = ask_and_hold(&m);
		streams[i] = m.held;
		http_stream_begin(streams[i], "audio/y", NULL, on_stream_gone, &m);
	}
	size_t before = memory_in_use();
	struct refcounted_text *text = long_text();
	for (int i = 0; i < STREAMS; i++)
		assert_true(http_stream_write(streams[i], text));
	refcounted_text_drop(text);
	if (before)
		assert_true(memory_in_use() < before + 2 * LONG);
	for (int i = 0; i < STREAMS; i++) {
		read_text(&m, fds[i], LONG);
		close(fds[i]);
	}
	loop_run(m.loop);
	assert_int_equal(loop_free(m.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls),
	    cmocka_unit_test(they_meet),
	    cmocka_unit_test(nobody_there_silence_and_closing),
	    cmocka_unit_test(who_finishes_nothing_keeps_nobody_out),
	    cmocka_unit_test(who_stays_after_its_answer_keeps_nobody_out),
	    cmocka_unit_test(a_stream_keeps_nothing_of_what_it_has_sent),
	    cmocka_unit_test(streams_of_one_text_hold_it_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
