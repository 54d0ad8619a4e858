/* Requests, as they are written, to a server with routes of every kind: who may do what; streams;
 * the record of changes. */
#include "shared/admin/admin_file.h"
#include "shared/admin/admin_server.h"
#include "shared/admin/audit_log.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct lab {
	struct loop *loop;
	struct admin_server *server;
	struct admin_config config;
	char dir[64], file[96];
	char token[TOKEN_TEXT], reader[TOKEN_TEXT]; /* of "robot", and of "eyes", read-only */
	char wrote[64], rest[64];                   /* what the last write said */
	char answer[128 * 1024]; /* its half is more than any file that is asked for */
};

static void serve_read(void *owner, const struct admin_request *r)
{
	(void)owner;
	struct buf out = BUF_INIT;
	buf_puts(&out, "{\"read\":true}");
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void serve_write(void *owner, const struct admin_request *r)
{
	struct lab *lab = owner;
	struct conf *body = admin_request_body(r);
	if (!body)
		return;
	const char *name = "";
	conf_str(conf_root(body), "name", &name);
	if (admin_request_is_read(r, body)) {
		snprintf(lab->wrote, sizeof lab->wrote, "%.63s", name);
		snprintf(lab->rest, sizeof lab->rest, "%.63s", r->rest);
		admin_server_audit(lab->server, &r->asker, "thing changed", NULL, name);
		struct buf out = BUF_INIT;
		buf_puts(&out, "{}");
		admin_answer_status(r->exchange, 201, &out);
		buf_fini(&out);
	}
	conf_free(body);
}

static void serve_events(void *owner, const struct admin_request *r)
{
	struct event_streams *all = admin_server_listeners(((struct lab *)owner)->server);
	if (!event_streams_add(all, r->exchange, r->asker.hash)) {
		admin_answer_error(r->exchange, 503, "too many listen");
		return;
	}
	struct refcounted_text *first = event_streams_event("first", 7, "{}", 2);
	event_streams_tell(all, r->exchange, first);
	refcounted_text_drop(first);
}

static const struct admin_route routes[] = {
    {"GET", "/metrics", ADMIN_METRICS, serve_read},
    {"GET", "/api/v1/things", ADMIN_READS, serve_read},
    {"POST", "/api/v1/things", ADMIN_WRITES, serve_write},
    {"PATCH", "/api/v1/things/", ADMIN_WRITES, serve_write},
    {"GET", "/api/v1/events", ADMIN_READS, serve_events},
    {0},
};
static const struct web_file files[] = {{0}};

static void add_token(struct admin_file *f, const char *name, bool read_only, char out[TOKEN_TEXT])
{
	struct admin_token *t = &f->tokens[f->count++];
	snprintf(t->name, sizeof t->name, "%s", name);
	token_new(out);
	token_hash(out, t->hash);
	t->read_only = read_only;
}

static int set_up(void **state)
{
	struct lab *lab = mem_zalloc(sizeof *lab);
	struct admin_file f = {.count = 0};
	char *why;
	static struct addr listen[1];
	const struct admin_program program = {.name = "relay",
					      .routes = routes,
					      .openapi = &web_files_signin,
					      .files = files,
					      .owner = lab};
	snprintf(lab->dir, sizeof lab->dir, "/tmp/admin_server.XXXXXX");
	assert_non_null(mkdtemp(lab->dir));
	snprintf(lab->file, sizeof lab->file, "%s/admin.json", lab->dir);
	add_token(&f, "robot", false, lab->token);
	add_token(&f, "eyes", true, lab->reader);
	assert_int_equal(admin_file_write(lab->file, &f, &why), 0);
	assert_int_equal(addr_parse("127.0.0.1:7080", &listen[0]), 0);
	lab->config = (struct admin_config){
	    .on = true, .file = lab->file, .listen = listen, .listen_count = 1};
	lab->loop = loop_new("admin");
	lab->server = admin_server_new(lab->loop, &program);
	admin_server_set(lab->server, &lab->config);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	admin_server_close(lab->server);
	loop_stop(lab->loop);
	loop_run(lab->loop);
	assert_int_equal(loop_free(lab->loop), 0);
	unlink(lab->file);
	rmdir(lab->dir);
	mem_free(lab);
	return 0;
}

/* A connection that has sent this. */
static int say(struct lab *lab, const char *text)
{
	int pair[2];
	struct addr peer;
	assert_int_equal(addr_parse("127.0.0.1:50000", &peer), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	assert_int_equal(send(pair[0], text, strlen(text), 0), (ssize_t)strlen(text));
	admin_server_accept_plain(lab->server, pair[1], &peer, &peer);
	return pair[0];
}

/* Until the answer holds this; NULL: until it ends. False: it ended before. Of a long one the
 * end is kept. */
static bool hear(struct lab *lab, int fd, const char *until)
{
	const size_t half = sizeof lab->answer / 2;
	size_t len = 0;
	for (ssize_t n; (n = recv(fd, lab->answer + len, half - 1, 0));) {
		if (n < 0) {
			loop_turn(lab->loop);
			continue;
		}
		len += (size_t)n;
		lab->answer[len] = '\0';
		if (until && strstr(lab->answer, until))
			return true;
		if (len > half) {
			memmove(lab->answer, lab->answer + half, len - half);
			len -= half;
		}
	}
	return !until;
}

/* What is asked, with these lines in its head and this body: the status. */
static int ask(struct lab *lab, const char *what, const char *head, const char *body)
{
	char *text = mem_printf("%s HTTP/1.1\r\nContent-Length: %zu\r\n%s\r\n%s", what,
				strlen(body), head, body);
	int fd = say(lab, text), status = 0;
	assert_true(hear(lab, fd, NULL));
	close(fd);
	mem_free(text);
	assert_int_equal(sscanf(lab->answer, "HTTP/1.%*d %d", &status), 1);
	return status;
}

#define OWN_HOST  "Host: localhost:7080\r\n"
#define OWN_PAGE  OWN_HOST "Origin: http://localhost:7080\r\n"
#define JSON_BODY "Content-Type: application/json\r\n"

/* The cookie of somebody who has come by a link. */
static char *sign_in(struct lab *lab)
{
	char *link = admin_server_link(lab->server, NULL), cookie[256];
	assert_non_null(strstr(link, "http://127.0.0.1:7080/link?t="));
	char *what = mem_printf("GET %s", strstr(link, "/link"));
	assert_int_equal(ask(lab, what, OWN_HOST "Sec-Purpose: prefetch\r\n", ""), 403);
	assert_int_equal(ask(lab, what, OWN_HOST, ""), 303);
	assert_int_equal(
	    sscanf(strstr(lab->answer, "Set-Cookie: "), "Set-Cookie: %255[^;]", cookie), 1);
	assert_int_equal(ask(lab, what, OWN_HOST, ""), 200);
	assert_null(strstr(lab->answer, "Set-Cookie"));
	mem_free(what);
	mem_free(link);
	return mem_printf("Cookie: %s\r\n", cookie);
}

static char *with_token(const char *token)
{
	return mem_printf(OWN_HOST "Authorization: Bearer %s\r\n", token);
}

static void nobody_sees_how_to_sign_in_and_nothing_else(void **state)
{
	struct lab *lab = *state;
	assert_int_equal(ask(lab, "GET /", OWN_HOST, ""), 200);
	assert_non_null(strstr(lab->answer, "sudo groundnut-relay admin link"));
	assert_int_equal(ask(lab, "GET /healthz", OWN_HOST, ""), 200);
	assert_int_equal(ask(lab, "GET /style.css", OWN_HOST, ""), 200);
	assert_int_equal(ask(lab, "GET /api/v1/things", OWN_HOST, ""), 401);
	assert_int_equal(ask(lab, "GET /api/v1/session", OWN_HOST, ""), 401);
	assert_int_equal(ask(lab, "GET /api/v1/audit", OWN_HOST, ""), 401);
	assert_int_equal(ask(lab, "GET /metrics", OWN_HOST, ""), 401);
	assert_int_equal(ask(lab, "POST /api/v1/things", OWN_PAGE JSON_BODY, "{}"), 403);
	assert_int_equal(ask(lab, "GET /other", OWN_HOST, ""), 404);
	assert_int_equal(ask(lab, "DELETE /api/v1/things", OWN_HOST, ""), 405);
	assert_non_null(strstr(lab->answer, "Allow: GET, HEAD, POST\r\n"));
	assert_int_equal(ask(lab, "GET /healthz", "Host: evil.example\r\n", ""), 403);
}

static int listen_on(struct lab *lab, const char *head)
{
	char *text = mem_printf("GET /api/v1/events HTTP/1.1\r\n%s\r\n", head);
	int fd = say(lab, text);
	assert_true(hear(lab, fd, "event: first"));
	mem_free(text);
	return fd;
}

/* A file comes by gzip where that is wanted, and not again to who has it. */
static void files_come_packed_and_once(void **state)
{
	struct lab *lab = *state;
	char tag[2][32];
	static const char *const wants[] = {OWN_HOST "Accept-Encoding: gzip;q=0\r\n",
					    OWN_HOST "Accept-Encoding: br, gzip\r\n"};
	for (int gzip = 0; gzip < 2; gzip++) {
		assert_int_equal(ask(lab, "GET /style.css", wants[gzip], ""), 200);
		assert_int_equal(strstr(lab->answer, "Content-Encoding: gzip\r\n") != NULL, gzip);
		assert_non_null(strstr(lab->answer, "Vary: Accept-Encoding\r\n"));
		assert_non_null(strstr(lab->answer, "Cache-Control: private, no-cache\r\n"));
		assert_null(strstr(lab->answer, "no-store"));
		assert_int_equal(sscanf(strstr(lab->answer, "ETag: "), "ETag: %31s", tag[gzip]), 1);
		char *again = mem_printf("%sIf-None-Match: \"x\", %s\r\n", wants[gzip], tag[gzip]);
		assert_int_equal(ask(lab, "GET /style.css", again, ""), 304);
		assert_non_null(strstr(lab->answer, tag[gzip]));
		assert_string_equal(strstr(lab->answer, "\r\n\r\n"), "\r\n\r\n");
		mem_free(again);
	}
	assert_string_not_equal(tag[0], tag[1]);
	char *other = mem_printf("%sIf-None-Match: %s\r\n", wants[0], tag[1]);
	assert_int_equal(ask(lab, "GET /style.css", other, ""), 200);
	mem_free(other);
}

/* No answer is good for a browser but as what it is. */
static void each_answer_is_guarded(void **state)
{
	struct lab *lab = *state;
	char *may = with_token(lab->token);
	const struct {
		const char *what, *head;
		bool page;
	} cases[] = {
	    {"GET /", OWN_HOST, true},
	    {"GET /style.css", OWN_HOST, true},
	    {"GET /healthz", OWN_HOST, false},
	    {"GET /api/v1/things", may, false},
	    {"GET /api/v1/things", OWN_HOST, false},
	    {"GET /other", OWN_HOST, false},
	    {"POST /healthz", OWN_HOST, false},
	    {"GET /healthz", "Host: evil.example\r\n", false},
	    {"GET /healthz", "no field\r\n", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask(lab, cases[i].what, cases[i].head, "");
		const char *policy =
		    strstr(lab->answer, "Content-Security-Policy: default-src 'none'; ");
		assert_non_null(policy);
		assert_non_null(strstr(policy, "frame-ancestors 'none'"));
		assert_int_equal(strstr(policy, "script-src 'self'") != NULL, cases[i].page);
		assert_non_null(strstr(lab->answer, "X-Content-Type-Options: nosniff\r\n"));
		assert_non_null(strstr(lab->answer, "Referrer-Policy: no-referrer\r\n"));
	}
	int fd = listen_on(lab, may);
	assert_non_null(strstr(lab->answer, "Content-Security-Policy: default-src 'none'; "));
	close(fd);
	mem_free(may);
}

static void read_only_token_writes_nothing(void **state)
{
	struct lab *lab = *state;
	static const char body[] = "{\"name\": \"a\"}";
	char *may = with_token(lab->token), *eyes = with_token(lab->reader);
	char *writes = mem_printf(JSON_BODY "%s", may),
	     *foreign = mem_printf(JSON_BODY "Origin: http://evil.example\r\n%s", may),
	     *reads = mem_printf(JSON_BODY "%s", eyes);
	assert_int_equal(ask(lab, "GET /api/v1/things", reads, ""), 200);
	assert_int_equal(ask(lab, "GET /metrics", reads, ""), 200);
	assert_int_equal(ask(lab, "POST /api/v1/things", reads, body), 403);
	assert_int_equal(ask(lab, "POST /api/v1/things", foreign, body), 403);
	assert_string_equal(lab->wrote, "");
	assert_int_equal(ask(lab, "POST /api/v1/things", writes, body), 201);
	assert_string_equal(lab->wrote, "a");
	assert_int_equal(ask(lab, "PATCH /api/v1/things/a%2Fb", writes, body), 201);
	assert_string_equal(lab->rest, "a/b");
	assert_int_equal(ask(lab, "PATCH /api/v1/things/", writes, body), 404);
	mem_free(writes);
	mem_free(foreign);
	mem_free(reads);
	mem_free(may);
	mem_free(eyes);
}

static void body_is_read_strictly(void **state)
{
	struct lab *lab = *state;
	char *may = with_token(lab->token);
	char *json = mem_printf(JSON_BODY "%s", may),
	     *form = mem_printf("Content-Type: text/plain\r\n%s", may);
	static const char *const wrong[] = {"",
					    "[]",
					    "{",
					    "{}",
					    "{\"name\": 1}",
					    "{\"name\": \"a\", \"mane\": 1}",
					    "{\"name\": \"a\", \"name\": \"b\"}"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(ask(lab, "POST /api/v1/things", json, wrong[i]), 400);
	assert_non_null(strstr(lab->answer, "{\"error\":\"request: "));
	assert_int_equal(ask(lab, "POST /api/v1/things", form, "{\"name\": \"a\"}"), 415);
	char *large = mem_zalloc(ADMIN_BODY_MAX + 2);
	memset(large, ' ', ADMIN_BODY_MAX + 1);
	assert_int_equal(ask(lab, "POST /api/v1/things", json, large), 413);
	mem_free(large);
	assert_string_equal(lab->wrote, "");
	mem_free(form);
	mem_free(json);
	mem_free(may);
}

static void page_of_others_writes_nothing(void **state)
{
	struct lab *lab = *state;
	static const char body[] = "{\"name\": \"a\"}";
	char *cookie = sign_in(lab), token[TOKEN_HASH_TEXT];
	char *reads = mem_printf(OWN_HOST "%s", cookie);
	assert_int_equal(ask(lab, "GET /api/v1/session", reads, ""), 200);
	assert_int_equal(sscanf(strstr(lab->answer, "\"token\":"), "\"token\":\"%71[^\"]", token),
			 1);
	static const struct {
		const char *head;
		bool with_token;
		int status;
	} cases[] = {
	    {OWN_PAGE JSON_BODY, true, 201},
	    {OWN_PAGE JSON_BODY, false, 403},
	    {OWN_HOST JSON_BODY, true, 403},
	    {OWN_HOST JSON_BODY "Origin: null\r\n", true, 403},
	    {OWN_HOST JSON_BODY "Origin: https://localhost:7080\r\n", true, 403},
	    {OWN_HOST JSON_BODY "Origin: http://localhost:7081\r\n", true, 403},
	    {OWN_HOST JSON_BODY "Origin: http://evil.example\r\n", true, 403},
	    {"Host: evil.example\r\nOrigin: http://evil.example\r\n" JSON_BODY, true, 403},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *head = mem_printf("%s%sX-Groundnut-Token: %s\r\n", cases[i].head, cookie,
					cases[i].with_token ? token : "sha256:0");
		lab->wrote[0] = '\0';
		assert_int_equal(ask(lab, "POST /api/v1/things", head, body), cases[i].status);
		assert_string_equal(lab->wrote, cases[i].status == 201 ? "a" : "");
		mem_free(head);
	}
	assert_int_equal(ask(lab, "GET /api/v1/audit", reads, ""), 200);
	assert_non_null(strstr(lab->answer, "\"by\":\"session\",\"from\":\"127.0.0.1\",\"what\":"
					    "\"thing changed\",\"before\":null,\"after\":\"a\"}]"));
	mem_free(reads);
	mem_free(cookie);
}

static void guesses_are_not_looked_at_for_ever(void **state)
{
	struct lab *lab = *state;
	char *right = with_token(lab->token);
	int status = 0;
	for (int i = 0; i < 200 && status != 429; i++)
		status =
		    ask(lab, "GET /api/v1/things", "Authorization: Bearer wrong\r\n" OWN_HOST, "");
	assert_int_equal(status, 429);
	assert_int_equal(ask(lab, "GET /api/v1/things", right, ""), 429);
	/* A link is looked at: nobody guesses one. */
	char *link = admin_server_link(lab->server, NULL);
	char *what = mem_printf("GET %s", strstr(link, "/link"));
	assert_int_equal(ask(lab, "GET /link?t=wrong", OWN_HOST, ""), 429);
	assert_int_equal(ask(lab, what, OWN_HOST, ""), 303);
	mem_free(what);
	mem_free(link);
	mem_free(right);
}

/* By DNS rebinding, with a token so that its Host is not asked for. */
static void page_of_others_guesses_no_password(void **state)
{
	struct lab *lab = *state;
	static const char body[] = "{\"password\": \"right\"}";
	static const struct {
		const char *head;
		int status;
	} cases[] = {
	    {OWN_PAGE JSON_BODY, 401},
	    {OWN_HOST JSON_BODY, 403},
	    {OWN_HOST JSON_BODY "Origin: http://evil.example\r\n", 403},
	    {"Host: evil.example\r\nOrigin: http://evil.example\r\n" JSON_BODY, 403},
	    {"Host: evil.example\r\nOrigin: http://evil.example\r\nAuthorization: Bearer "
	     "x\r\n" JSON_BODY,
	     403},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(ask(lab, "POST /signin", cases[i].head, body), cases[i].status);
}

static void listeners_hear_and_are_bounded(void **state)
{
	struct lab *lab = *state;
	struct event_streams *all = admin_server_listeners(lab->server);
	char *head = with_token(lab->reader);
	char *text = mem_printf("GET /api/v1/events HTTP/1.1\r\n%s\r\n", head);
	int fds[EVENT_STREAMS_MOST];
	for (size_t i = 0; i < EVENT_STREAMS_MOST; i++) {
		fds[i] = say(lab, text);
		assert_true(hear(lab, fds[i], "event: first\ndata: {}\n\n"));
	}
	assert_non_null(strstr(lab->answer, "Content-Type: text/event-stream\r\n"));
	assert_int_equal(event_streams_count(all), EVENT_STREAMS_MOST);
	assert_int_equal(ask(lab, "GET /api/v1/events", head, ""), 503);
	event_streams_send(all, "news", 0, "[1]", 3);
	for (size_t i = 1; i < EVENT_STREAMS_MOST; i++)
		assert_true(hear(lab, fds[i], "event: news\ndata: [1]\n\n"));
	/* All but two go, of which one reads nothing any more. */
	for (size_t i = 2; i < EVENT_STREAMS_MOST; i++)
		close(fds[i]);
	while (event_streams_count(all) > 2)
		loop_turn(lab->loop);
	char *much = mem_zalloc(HTTP_STREAM_WAITING);
	memset(much, ' ', HTTP_STREAM_WAITING);
	while (event_streams_count(all) > 1) {
		event_streams_send(all, "much", 0, much, HTTP_STREAM_WAITING);
		assert_true(hear(lab, fds[1], " \n\n"));
	}
	event_streams_send(all, "news", 0, "[2]", 3);
	assert_true(hear(lab, fds[1], "event: news\ndata: [2]\n\n"));
	close(fds[0]);
	close(fds[1]);
	mem_free(much);
	mem_free(text);
	mem_free(head);
}

/* Its password is being looked at, another waits for that, and then the server closes. */
static void who_leaves_is_waited_for_by_nobody(void **state)
{
	struct lab *lab = *state;
	static const char body[] = "{\"password\": \"wrong\"}";
	char *text = mem_printf("POST /signin HTTP/1.1\r\nContent-Length: %zu\r\n%s\r\n%s",
				sizeof body - 1, OWN_PAGE JSON_BODY, body);
	int fds[2];
	for (int i = 0; i < 2; i++)
		fds[i] = say(lab, text);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(ask(lab, "POST /signin", OWN_PAGE JSON_BODY, body), 401);
	fds[0] = say(lab, text);
	assert_int_equal(ask(lab, "GET /healthz", OWN_HOST, ""), 200);
	close(fds[0]);
	mem_free(text);
}

static void who_is_signed_out_hears_no_more(void **state)
{
	struct lab *lab = *state;
	struct admin_file f;
	char *cookie = sign_in(lab), *head = mem_printf(OWN_HOST "%s", cookie), *why;
	int fd = listen_on(lab, head);
	assert_int_equal(admin_file_read(lab->file, &f, &why), 0);
	totp_new(f.totp_secret);
	assert_int_equal(admin_file_write(lab->file, &f, &why), 0);
	assert_true(hear(lab, fd, NULL));
	assert_int_equal(ask(lab, "GET /api/v1/things", head, ""), 401);
	close(fd);
	mem_free(head);
	mem_free(cookie);
}

/* A token that is taken away, and a session that signs out; another goes on. */
static void who_loses_its_right_hears_no_more(void **state)
{
	struct lab *lab = *state;
	struct admin_file f;
	char *cookie = sign_in(lab), *session = mem_printf(OWN_PAGE "%s", cookie),
	     *reader = with_token(lab->reader), *robot = with_token(lab->token), *why,
	     token[TOKEN_HASH_TEXT];
	int by_session = listen_on(lab, session), by_reader = listen_on(lab, reader),
	    by_robot = listen_on(lab, robot);
	assert_int_equal(admin_file_read(lab->file, &f, &why), 0);
	f.count--; /* "eyes" is the last */
	assert_int_equal(admin_file_write(lab->file, &f, &why), 0);
	assert_true(hear(lab, by_reader, NULL));
	assert_int_equal(ask(lab, "GET /api/v1/session", session, ""), 200);
	assert_int_equal(sscanf(strstr(lab->answer, "\"token\":"), "\"token\":\"%71[^\"]", token),
			 1);
	char *writes = mem_printf("%sX-Groundnut-Token: %s\r\n", session, token);
	assert_int_equal(ask(lab, "POST /signout", writes, ""), 303);
	assert_true(hear(lab, by_session, NULL));
	struct event_streams *all = admin_server_listeners(lab->server);
	assert_int_equal(event_streams_count(all), 1);
	event_streams_send(all, "news", 0, "{}", 2);
	assert_true(hear(lab, by_robot, "event: news"));
	close(by_session);
	close(by_reader);
	close(by_robot);
	mem_free(writes);
	mem_free(session);
	mem_free(reader);
	mem_free(robot);
	mem_free(cookie);
}

static void a_listener_that_is_off_tells_nobody(void **state)
{
	struct lab *lab = *state;
	char *head = with_token(lab->reader);
	int fd = listen_on(lab, head);
	lab->config.on = false;
	admin_server_set(lab->server, &lab->config);
	assert_true(hear(lab, fd, NULL));
	close(fd);
	mem_free(head);
}

/* More than sockets keep, and no dashboard would ever come up where it is not waited for. */
static void listener_has_time_for_a_long_status(void **state)
{
	enum { LONG = 64 * HTTP_STREAM_WAITING };
	struct lab *lab = *state;
	struct event_streams *all = admin_server_listeners(lab->server);
	char *head = with_token(lab->reader), *status = mem_alloc(LONG);
	int fd = listen_on(lab, head);
	memset(status, ' ', LONG);
	event_streams_send(all, "status", 0, status, LONG);
	event_streams_send(all, "change", 0, "{}", 2);
	assert_int_equal(event_streams_count(all), 1);
	close(fd);
	mem_free(status);
	mem_free(head);
}

static void record_of_changes_is_bounded(void **state)
{
	(void)state;
	struct audit_log *a = audit_log_new();
	char *large = mem_zalloc(2 * AUDIT_LOG_TEXT);
	memset(large, 'x', 2 * AUDIT_LOG_TEXT - 1);
	for (unsigned i = 0; i < 2 * AUDIT_LOG_KEPT; i++) {
		char what[32];
		snprintf(what, sizeof what, "change%u", i);
		audit_log_add(a, &(struct audit_change){
				     .by = "token x", .from = "::1", .what = what, .after = large});
	}
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	audit_log_write(a, &w);
	json_close(&w);
	const char *text = buf_str(&out);
	assert_non_null(strstr(text, "{\"audit\":[{\"at\":null,\"by\":\"token x\""));
	assert_non_null(strstr(text, "\"change399\""));
	assert_non_null(strstr(text, "\"change200\""));
	assert_null(strstr(text, "\"change199\""));
	assert_true(buf_len(&out) < AUDIT_LOG_KEPT * (AUDIT_LOG_TEXT + 128));
	buf_fini(&out);
	audit_log_free(a);
	mem_free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nobody_sees_how_to_sign_in_and_nothing_else, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(files_come_packed_and_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(each_answer_is_guarded, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(read_only_token_writes_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(body_is_read_strictly, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(page_of_others_writes_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(guesses_are_not_looked_at_for_ever, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(page_of_others_guesses_no_password, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_leaves_is_waited_for_by_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(listeners_hear_and_are_bounded, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_is_signed_out_hears_no_more, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(who_loses_its_right_hears_no_more, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_listener_that_is_off_tells_nobody, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(listener_has_time_for_a_long_status, set_up, tear_down),
	    cmocka_unit_test(record_of_changes_is_bounded),
	};
	log_setup("test", LOG_ERROR, LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
