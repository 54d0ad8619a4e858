#include "shared/http/http_gateway.h"

#include "shared/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The owner, without sockets: does at once what is wanted, and keeps what was sent to whom. */
struct gate {
	struct http_gateway *r;
	struct buf sent[2]; /* by the end it went to */
	size_t piece;       /* bytes fed at a time */
	bool passing;       /* bodies go past the machine where they may */
	bool stuck[2];      /* nothing can be sent there now */
	bool refuse_open;
	bool noting;  /* requests are noted */
	bool basic;   /* the site asks for a password */
	size_t wrong; /* ones it was given */
	unsigned opened, dropped;
	char routed[512]; /* hosts in the order they were asked for */
	struct addr visitor;
	const char *proto;
	uint16_t port;
	const char *host;
};

static void gate_open(struct gate *g)
{
	*g = (struct gate){.piece = SIZE_MAX, .r = http_gateway_new("http"), .proto = "http"};
	addr_parse("192.0.2.7:5555", &g->visitor);
}

static void gate_close(struct gate *g)
{
	http_gateway_free(g->r);
	buf_fini(&g->sent[0]);
	buf_fini(&g->sent[1]);
}

static void route(struct gate *g)
{
	const struct http_head *h = http_gateway_request(g->r);
	size_t len = strlen(g->routed);
	if (g->noting)
		http_gateway_note(g->r);
	snprintf(g->routed + len, sizeof(g->routed) - len, "%s ", h->host);
	if (!strcmp(h->host, "none.example")) {
		http_gateway_refuse(g->r, 404, 0);
	} else if (!strcmp(h->host, "secure.example")) {
		http_gateway_redirect(g->r, h->port ? h->port : 443);
	} else if (!strcmp(h->host, "other.example")) {
		http_gateway_refuse(g->r, 421, 0);
	} else if (!strcmp(h->host, "away.example")) {
		http_gateway_refuse(g->r, 503, 30);
	} else {
		struct http_route to = {.key = (uint64_t)h->host[0],
					.visitor = &g->visitor,
					.proto = g->proto,
					.port = g->port,
					.host = g->host,
					.realm = "blog"};
		if (g->basic)
			to.user = "ann", to.password = "s3:cret";
		g->wrong += http_gateway_route(g->r, &to) == BASIC_AUTH_WRONG;
	}
}

static void look(struct gate *g)
{
	for (bool again = true; again;) {
		unsigned wants = http_gateway_wants(g->r);
		again = true;
		if (wants & HTTP_WANT_ROUTE) {
			route(g);
		} else if (wants & HTTP_WANT_DROP) {
			assert_false(wants & HTTP_WANT_OPEN);
			g->dropped++;
			http_gateway_dropped(g->r);
		} else if (wants & HTTP_WANT_OPEN) {
			g->opened++;
			if (g->refuse_open)
				http_gateway_refuse(g->r, 502, 0);
			else
				http_gateway_opened(g->r);
		} else {
			again = false;
		}
		for (int to = 0; to < 2; to++) {
			const uint8_t *p;
			size_t len = g->stuck[to] ? 0 : http_gateway_peek(g->r, to, &p);
			if (!len)
				continue;
			if (len > g->piece)
				len = g->piece;
			buf_put(&g->sent[to], p, len);
			http_gateway_consume(g->r, to, len);
			again = true;
		}
	}
}

/* Feeds all it may; returns how much was taken. */
static size_t give(struct gate *g, enum http_end from, const char *p, size_t len)
{
	size_t at = 0;
	while (at < len) {
		size_t n = len - at < g->piece ? len - at : g->piece;
		uint64_t pass = g->passing && !g->stuck[!from] ? http_gateway_pass(g->r, from) : 0;
		if (pass) {
			n = n < pass ? n : (size_t)pass;
			buf_put(&g->sent[!from], p + at, n);
			http_gateway_passed(g->r, from, n);
		} else {
			size_t room = http_gateway_room(g->r, from);
			if (!room)
				break;
			n = n < room ? n : room;
			uint8_t *copy = mem_dup(p + at, n);
			http_gateway_feed(g->r, from, copy, n);
			mem_free(copy);
		}
		at += n;
		look(g);
	}
	return at;
}

static void visit(struct gate *g, const char *text)
{
	assert_int_equal(give(g, HTTP_VISITOR, text, strlen(text)), strlen(text));
}

static void serve(struct gate *g, const char *text)
{
	assert_int_equal(give(g, HTTP_SERVICE, text, strlen(text)), strlen(text));
}

static void end(struct gate *g, enum http_end from)
{
	http_gateway_eof(g->r, from);
	look(g);
}

static void expect_sent(struct gate *g, enum http_end to, const char *text)
{
	assert_string_equal(buf_str(&g->sent[to]), text);
	buf_take(&g->sent[to], buf_len(&g->sent[to]));
}

/* A page of our own, once, and nothing else. */
static void expect_page(struct gate *g, unsigned status, const char *with)
{
	char line[32];
	const char *got = buf_str(&g->sent[HTTP_VISITOR]);
	snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
	if (strncmp(got, line, strlen(line)) || (with && !strstr(got, with)))
		fail_msg("wanted %u %s, got %s", status, with ? with : "", got);
	const char *length = strstr(got, "Content-Length: "), *body = strstr(got, "\r\n\r\n");
	assert_non_null(body);
	assert_int_equal(strlen(body + 4), strtoul(length + 16, NULL, 10));
	buf_take(&g->sent[HTTP_VISITOR], buf_len(&g->sent[HTTP_VISITOR]));
}

#define ORIGIN                                                                                     \
	"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n" \
	"Forwarded: for=192.0.2.7;host=a.example;proto=http\r\n"
#define ORIGIN_B                                                                                   \
	"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: b.example\r\n" \
	"Forwarded: for=192.0.2.7;host=b.example;proto=http\r\n"
#define GET_A    "GET / HTTP/1.1\r\nHost: a.example\r\n"
#define ONWARD_A GET_A ORIGIN "\r\n"
#define ONWARD_B "GET / HTTP/1.1\r\nHost: b.example\r\n" ORIGIN_B "\r\n"
#define OK       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void heads_are_written_anew(void **state)
{
	(void)state;
	static const struct {
		const char *from, *onward;
	} cases[] = {
	    {GET_A "\r\n", ONWARD_A},
	    {"\r\n" GET_A "\r\n", ONWARD_A},
	    {GET_A "Accept:  */* \r\nCookie: a=b; c=d\r\nCookie: e=f\r\nEmpty:\r\n\r\n",
	     GET_A "Accept: */*\r\nCookie: a=b; c=d\r\nCookie: e=f\r\nEmpty: \r\n" ORIGIN "\r\n"},
	    /* what the visitor claims about itself */
	    {GET_A "X-Forwarded-For: 127.0.0.1\r\nx-forwarded-proto: https\r\nX-FORWARDED-HOST: "
		   "evil\r\nForwarded: for=127.0.0.1\r\n"
		   "X-Real-IP: 127.0.0.1\r\nX-Forwarded-Port: 1\r\nX_Forwarded_For: "
		   "127.0.0.1\r\nX-Forwarded_For: 1\r\nProxy: http://evil\r\n\r\n",
	     ONWARD_A},
	    {GET_A "X-Forwarded.For: 1\r\nX!Forwarded!For: 1\r\nX.Forwarded_Proto: https\r\n"
		   "x~forwarded|host: evil\r\nX'Real`IP: 1\r\nContent.Length: 7\r\n"
		   "Transfer_Encoding: chunked\r\nX#Forwarded#Prefix: /x\r\n\r\n",
	     ONWARD_A},
	    {GET_A "X-Forwarded: 1\r\nX-Forwardedx: 2\r\n\r\n",
	     GET_A "X-Forwarded: 1\r\nX-Forwardedx: 2\r\n" ORIGIN "\r\n"},
	    /* what belongs to this connection only */
	    {GET_A "Connection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nTE: "
		   "trailers\r\nTrailer: x\r\nProxy-Connection: close\r\n"
		   "Proxy-Authorization: Basic eDp5\r\nUpgrade: foo\r\n\r\n",
	     ONWARD_A},
	    {GET_A "Connection: close, X-Forwarded-For, Authorization\r\nAuthorization: Basic "
		   "eDp5\r\n\r\n",
	     ONWARD_A},
	    {GET_A "Authorization: Bearer t\r\n\r\n",
	     GET_A "Authorization: Bearer t\r\n" ORIGIN "\r\n"},
	    {GET_A
	     "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
	     ONWARD_A},
	    {GET_A "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: foo/2, h2c\r\nUpgrade: H2C\r\n"
		   "Upgrade: bar\r\nHTTP2-Settings: AAMA\r\n\r\n",
	     GET_A "Upgrade: foo/2\r\nUpgrade: bar\r\n" ORIGIN "Connection: upgrade\r\n\r\n"},
	    {GET_A "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n",
	     GET_A "Upgrade: websocket\r\nSec-WebSocket-Key: k\r\n" ORIGIN
		   "Connection: upgrade\r\n\r\n"},
	    /* methods, also unheard-of ones; HEAD is none when it is written otherwise */
	    {"LIST /v1/kv HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "LIST /v1/kv HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    {"\r\nRDG_IN_DATA /x HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "RDG_IN_DATA /x HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    {"head / HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "head / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    /* targets */
	    {"GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "GET /x?y HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    {"GET http://a.example?y HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "GET /?y HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    {"OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
	     "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    /* the host as it was written */
	    {"GET / HTTP/1.1\r\nHost: A.example:80\r\n\r\n",
	     "GET / HTTP/1.1\r\nHost: A.example:80\r\nX-Forwarded-For: "
	     "192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: A.example:80\r\n"
	     "Forwarded: for=192.0.2.7;host=\"A.example:80\";proto=http\r\n\r\n"},
	    /* HTTP/1.0 stays what it is */
	    {"GET / HTTP/1.0\r\nHost: a.example\r\nExpect: 100-continue\r\n\r\n",
	     "GET / HTTP/1.0\r\nHost: a.example\r\n" ORIGIN "\r\n"},
	    {"GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n",
	     "GET / HTTP/1.0\r\nHost: a.example\r\n" ORIGIN "Connection: keep-alive\r\n\r\n"},
	    /* bodies */
	    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 05\r\nExpect: "
	     "100-continue\r\n\r\nhello",
	     "POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n" ORIGIN
	     "Content-Length: 5\r\n\r\nhello"},
	    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n",
	     "POST / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN "Content-Length: 0\r\n\r\n"},
	    {"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n005;x=y\r\nhello\r\nA\r\n0123456789\r\n000\r\nX: y\r\n\r\n",
	     "POST / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN
	     "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 0; piece < 3; piece++) {
			for (int passing = 0; passing < 2; passing++) {
				struct gate g;
				gate_open(&g);
				g.piece = piece ? piece : SIZE_MAX;
				g.passing = passing;
				visit(&g, cases[i].from);
				expect_sent(&g, HTTP_SERVICE, cases[i].onward);
				expect_sent(&g, HTTP_VISITOR, "");
				assert_int_equal(g.opened, 1);
				assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_SERVING);
				/* And the connection is where the next request begins, if there may
				 * be one. */
				serve(&g, OK);
				bool last = strstr(cases[i].from, "close,") ||
					    (strstr(cases[i].from, "HTTP/1.0") &&
					     !strstr(cases[i].from, "keep-alive"));
				assert_int_equal(http_gateway_phase(g.r),
						 last ? HTTP_PHASE_LINGER : HTTP_PHASE_IDLE);
				gate_close(&g);
			}
		}
	}
}

static void a_v6_visitor_is_quoted(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	addr_parse("[2001:db8::7]:5555", &g.visitor);
	g.proto = "https";
	visit(&g, GET_A "\r\n");
	expect_sent(&g, HTTP_SERVICE,
		    GET_A "X-Forwarded-For: 2001:db8::7\r\nX-Forwarded-Proto: "
			  "https\r\nX-Forwarded-Host: a.example\r\n"
			  "Forwarded: for=\"[2001:db8::7]\";host=a.example;proto=https\r\n\r\n");
	gate_close(&g);
}

/* A proxy's connection carries requests of many visitors: each is sent for its own, and a stream
 * is used again for the same visitor only. */
static void requests_of_many_visitors(void **state)
{
	(void)state;
	static const struct {
		const char *visitor, *proto;
		unsigned opened;
	} cases[] = {
	    {"192.0.2.7:1", "http", 1},  {"192.0.2.7:1", "https", 1}, {"192.0.2.8:1", "https", 2},
	    {"192.0.2.7:1", "https", 3}, {"192.0.2.7:2", "https", 4},
	};
	struct gate g;
	gate_open(&g);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char wanted[300], ip[ADDR_TEXT];
		addr_parse(cases[i].visitor, &g.visitor);
		g.proto = cases[i].proto;
		addr_ip_text(&g.visitor, ip);
		visit(&g, GET_A "X-Forwarded-For: 10.0.0.1\r\n\r\n");
		snprintf(wanted, sizeof(wanted),
			 GET_A "X-Forwarded-For: %s\r\nX-Forwarded-Proto: %s\r\n"
			       "X-Forwarded-Host: a.example\r\n"
			       "Forwarded: for=%s;host=a.example;proto=%s\r\n\r\n",
			 ip, g.proto, ip, g.proto);
		expect_sent(&g, HTTP_SERVICE, wanted);
		assert_int_equal(g.opened, cases[i].opened);
		assert_true(addr_equal(http_gateway_visitor(g.r), &g.visitor));
		serve(&g, OK);
		expect_sent(&g, HTTP_VISITOR, OK);
	}
	gate_close(&g);
}

static void answers_find_their_end(void **state)
{
	(void)state;
	static const struct {
		const char *from, *back;
		bool goes_on, reuses; /* of the visitor's connection; of the stream */
	} cases[] = {
	    {OK, OK, true, true},
	    {"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: "
	     "5\r\nContent-Length: 2\r\n\r\nok",
	     OK, true, false},
	    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", OK, true, false},
	    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", OK, true,
	     true},
	    {"HTTP/1.1 200 OK\nContent-Length : 2\nX: a\n b\n\nok",
	     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: a  b\r\n\r\nok", true, true},
	    {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
	     "HTTP/1.1 204 No Content\r\n\r\n", true, true},
	    {"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 70\r\n\r\n",
	     "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 70\r\n\r\n", true, true},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nT: "
	     "1\r\n\r\n",
	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\nhello\r\n0\r\nT: "
	     "1\r\n\r\n",
	     true, true},
	    {"HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade\r\nContent-Length: "
	     "2\r\n\r\nok",
	     OK, true, true},
	    {"HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n",
	     "HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\nContent-Length: 0\r\nConnection: "
	     "upgrade\r\n\r\n",
	     true, true},
	    {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK,
	     "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK, true, true},
	    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK,
	     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK, true, true},
	    {OK "excess", OK, true, false},
	    {"HTTP/1.1 200 OK\r\n\r\nuntil the end",
	     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", false, false},
	    {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false,
	     false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 0; piece < 4; piece++) {
			for (int passing = 0; passing < 2; passing++) {
				struct gate g;
				gate_open(&g);
				g.passing = passing;
				visit(&g, GET_A "\r\n");
				expect_sent(&g, HTTP_SERVICE, ONWARD_A);
				g.piece = piece ? piece : SIZE_MAX;
				give(&g, HTTP_SERVICE, cases[i].from, strlen(cases[i].from));
				if (!cases[i].goes_on) {
					assert_int_equal(http_gateway_phase(g.r),
							 HTTP_PHASE_SERVING);
					end(&g, HTTP_SERVICE);
					assert_int_equal(http_gateway_wants(g.r),
							 HTTP_WANT_FIN_VISITOR);
					assert_int_equal(http_gateway_phase(g.r),
							 HTTP_PHASE_LINGER);
				}
				expect_sent(&g, HTTP_VISITOR, cases[i].back);
				if (cases[i].goes_on) {
					assert_int_equal(http_gateway_wants(g.r), 0);
					assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
					visit(&g, GET_A "\r\n");
					expect_sent(&g, HTTP_SERVICE, ONWARD_A);
					assert_int_equal(g.opened, cases[i].reuses ? 1 : 2);
				}
				gate_close(&g);
			}
		}
	}
}

static void an_answer_to_head_has_no_body(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, "HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n");
	expect_sent(&g, HTTP_VISITOR, "HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n");
	visit(&g, "HEAD / HTTP/1.1\r\nHost: none.example\r\n\r\n");
	const char *got = buf_str(&g.sent[HTTP_VISITOR]);
	assert_ptr_equal(strstr(got, "HTTP/1.1 404 Not Found\r\n"), got);
	assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
	gate_close(&g);
}

static void each_request_is_routed_anew(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	serve(&g, OK);
	visit(&g, "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
	assert_int_equal(g.opened, 2);
	assert_int_equal(g.dropped, 1);
	serve(&g, OK);
	visit(&g, "GET / HTTP/1.1\r\nHost: none.example\r\n\r\n");
	visit(&g, "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n");
	assert_int_equal(g.opened, 2);
	serve(&g, OK);
	assert_string_equal(g.routed, "a.example b.example none.example b.example ");
	expect_sent(&g, HTTP_SERVICE, ONWARD_A ONWARD_B ONWARD_B);
	gate_close(&g);
}

static void requests_sent_ahead_wait_their_turn(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc"
		  "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"
		  "GET / HTTP/1.1\r\nHost: none.example\r\n\r\n" GET_A "\r\n");
	assert_string_equal(g.routed, "a.example ");
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK);
	assert_string_equal(g.routed, "a.example b.example ");
	serve(&g, OK);
	assert_string_equal(g.routed, "a.example b.example none.example a.example ");
	buf_take(&g.sent[HTTP_VISITOR], strlen(OK));
	expect_page(&g, 404, NULL);
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK);
	gate_close(&g);
}

static void pipelining_is_bounded(void **state)
{
	(void)state;
	struct gate g;
	char *many = mem_alloc(100000);
	gate_open(&g);
	memset(many, 'x', 100000);
	visit(&g, GET_A "\r\n");
	assert_int_equal(give(&g, HTTP_VISITOR, many, 100000), HTTP_HEAD_MAX);
	assert_int_equal(http_gateway_room(g.r, HTTP_VISITOR), 0);
	mem_free(many);
	gate_close(&g);
}

static void smuggled_requests_reach_nobody(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned status;
	} cases[] = {
	    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\nTransfer-Encoding: "
	     "chunked\r\n\r\n0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n",
	     400},
	    {"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nContent-Length: "
	     "6\r\n\r\nabcdef",
	     400},
	    {GET_A "Host: b.example\r\n\r\n", 400},
	    {GET_A "X: a\r\n b\r\n\r\n", 400},
	    {"GET / HTTP/1.1\nHost: a.example\n\n", 400},
	    {"GET / HTTP/1.1\r\n\r\n", 400},
	    {"\x16\3\1\2\0\1\0\1\xfc\3\3", 400},
	    {"\r\n\r\n", 400},
	    {"\r\rGET", 400},
	    {"\nGET", 400},
	    {"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n", 400},
	    {"(get / HTTP/1.1\r\n", 400},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece < 100; piece += 49) {
			struct gate g;
			gate_open(&g);
			g.piece = piece;
			give(&g, HTTP_VISITOR, cases[i].text, strlen(cases[i].text));
			expect_page(&g, cases[i].status, "Connection: close\r\n");
			expect_sent(&g, HTTP_SERVICE, "");
			assert_string_equal(g.routed, "");
			/* Whatever follows is thrown away. */
			visit(&g, GET_A "\r\n");
			expect_sent(&g, HTTP_VISITOR, "");
			assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
			end(&g, HTTP_VISITOR);
			assert_true(http_gateway_wants(g.r) & HTTP_WANT_END);
			gate_close(&g);
		}
	}
}

static void an_oversize_head_is_431(void **state)
{
	(void)state;
	static char text[HTTP_HEAD_MAX + 100];
	struct gate g;
	gate_open(&g);
	snprintf(text, sizeof(text), GET_A "X: %0*d", HTTP_HEAD_MAX, 0);
	g.piece = 1000;
	visit(&g, text);
	expect_page(&g, 431, "Connection: close\r\n");
	gate_close(&g);
	/* The page says how much it may be. */
	gate_open(&g);
	visit(&g, text);
	expect_page(&g, 431, "32 KiB in 256 fields, of which the first line may have 8 KiB");
	gate_close(&g);
}

static void a_broken_chunk_ends_the_request(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g,
	      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello");
	visit(&g, "XX0\r\n\r\n");
	expect_page(&g, 400, "Connection: close\r\n");
	assert_int_equal(g.dropped, 1);
	expect_sent(&g, HTTP_SERVICE,
		    "POST / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN
		    "Transfer-Encoding: chunked\r\n\r\n5\r\nhello");
	gate_close(&g);
	/* Once an answer has begun, only a broken connection is honest. */
	gate_open(&g);
	visit(&g,
	      "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello");
	serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
	visit(&g, "XX0\r\n\r\n");
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
}

static void own_pages(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, "GET / HTTP/1.1\r\nHost: none.example\r\n\r\n");
	expect_page(&g, 404, NULL);
	visit(&g, "GET / HTTP/1.1\r\nHost: away.example\r\n\r\n");
	expect_page(&g, 503, "Retry-After: 30\r\n");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
	g.refuse_open = true;
	visit(&g, GET_A "\r\n");
	expect_page(&g, 502, NULL);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
	/* With a body on its way the connection cannot be used again. */
	visit(&g, "POST / HTTP/1.1\r\nHost: none.example\r\nContent-Length: 500000\r\n\r\nabc");
	expect_page(&g, 404, "Connection: close\r\n");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_LINGER);
	gate_close(&g);
	gate_open(&g);
	visit(&g, "GET / HTTP/1.0\r\nHost: none.example\r\nConnection: keep-alive\r\n\r\n");
	expect_page(&g, 404, "Connection: keep-alive\r\n");
	visit(&g, "GET / HTTP/1.0\r\n\r\n");
	assert_string_equal(g.routed, "none.example  ");
	gate_close(&g);
}

static void slow_heads_get_408_and_idle_ones_nothing(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
	visit(&g, "GET / HT");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_HEAD);
	http_gateway_timeout(g.r);
	look(&g);
	expect_page(&g, 408, "Connection: close\r\n");
	gate_close(&g);
	gate_open(&g);
	visit(&g, "\r\n");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_HEAD);
	gate_close(&g);
	gate_open(&g);
	http_gateway_timeout(g.r);
	look(&g);
	expect_sent(&g, HTTP_VISITOR, "");
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
	gate_close(&g);
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	http_gateway_timeout(g.r);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_SERVING);
	gate_close(&g);
}

static void whoever_does_not_send_his_body_is_awaited_and_given_up(void **state)
{
	(void)state;
	static const char *const heads[] = {"Content-Length: 5\r\n\r\nab",
					    "Transfer-Encoding: chunked\r\n\r\n5\r\nab"};
	for (size_t i = 0; i < 2; i++) {
		struct gate g;
		gate_open(&g);
		assert_false(http_gateway_awaits_body(g.r));
		visit(&g, "POST / HTTP/1.1\r\nHost: a.example\r\n");
		assert_false(http_gateway_awaits_body(g.r));
		visit(&g, heads[i]);
		assert_true(http_gateway_awaits_body(g.r));
		http_gateway_give_up(g.r);
		look(&g);
		expect_page(&g, 408, "Connection: close\r\n");
		assert_int_equal(g.dropped, 1);
		assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
		gate_close(&g);
		/* Something of the answer has gone out. */
		gate_open(&g);
		visit(&g, "POST / HTTP/1.1\r\nHost: a.example\r\n");
		visit(&g, heads[i]);
		serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
		assert_true(http_gateway_awaits_body(g.r));
		http_gateway_give_up(g.r);
		assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
		gate_close(&g);
	}
}

static void whoever_waits_himself_is_not_awaited(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nExpect: "
		  "100-continue\r\n\r\n");
	assert_false(http_gateway_awaits_body(g.r));
	serve(&g, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_true(http_gateway_awaits_body(g.r));
	visit(&g, "abc");
	assert_false(http_gateway_awaits_body(g.r));
	serve(&g, OK);
	gate_close(&g);
}

static void whoever_does_not_take_his_answer_is_given_up(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	g.stuck[HTTP_VISITOR] = true;
	serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
	http_gateway_give_up(g.r);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
	/* The last of an answer that is whole. */
	gate_open(&g);
	visit(&g, GET_A "Connection: close\r\n\r\n");
	g.stuck[HTTP_VISITOR] = true;
	serve(&g, OK);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_LINGER);
	http_gateway_give_up(g.r);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
	/* Nothing is left of it: nothing breaks. */
	gate_open(&g);
	visit(&g, GET_A "Connection: close\r\n\r\n");
	serve(&g, OK);
	http_gateway_give_up(g.r);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
	gate_close(&g);
	/* Idle, or in a head. */
	gate_open(&g);
	http_gateway_give_up(g.r);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
	gate_close(&g);
	gate_open(&g);
	visit(&g, "GET / HT");
	http_gateway_give_up(g.r);
	look(&g);
	expect_page(&g, 408, "Connection: close\r\n");
	gate_close(&g);
	/* An upgraded connection. */
	gate_open(&g);
	visit(&g, GET_A "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
	serve(&g, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
	http_gateway_give_up(g.r);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
}

/* A service that answers with 1xx without end costs no more memory than any answer. */
static void a_flood_of_interim_answers_is_bounded(void **state)
{
	(void)state;
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
	struct gate g;
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	g.stuck[HTTP_VISITOR] = true;
	size_t taken = 0;
	for (size_t n; (n = give(&g, HTTP_SERVICE, hint, sizeof(hint) - 1)) > 0; taken += n)
		assert_true(taken < HTTP_QUEUE_MAX + 2 * HTTP_ANSWER_HEAD_MAX);
	const uint8_t *p;
	assert_true(http_gateway_peek(g.r, HTTP_VISITOR, &p) <
		    HTTP_QUEUE_MAX + HTTP_ANSWER_HEAD_MAX);
	gate_close(&g);
}

/* What a bad origin sends beyond its answer is nobody's, and that stream carries no further
 * request. */
static void bytes_behind_an_answer_are_no_answer(void **state)
{
	(void)state;
	static const struct {
		const char *ask, *answer, *back;
	} cases[] = {
	    {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" OK,
	     "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"},
	    {"GET", "HTTP/1.1 204 No Content\r\n\r\n" OK, "HTTP/1.1 204 No Content\r\n\r\n"},
	    {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 60\r\n\r\n" OK,
	     "HTTP/1.1 304 Not Modified\r\nContent-Length: 60\r\n\r\n"},
	    {"GET", OK OK, OK},
	    {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK,
	     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece < 200; piece += 33) {
			struct gate g;
			gate_open(&g);
			visit(&g, cases[i].ask);
			visit(&g, " / HTTP/1.1\r\nHost: a.example\r\n\r\n");
			g.piece = piece;
			give(&g, HTTP_SERVICE, cases[i].answer, strlen(cases[i].answer));
			expect_sent(&g, HTTP_VISITOR, cases[i].back);
			assert_int_equal(g.dropped, 1);
			visit(&g, GET_A "\r\n");
			assert_int_equal(g.opened, 2);
			serve(&g, OK);
			expect_sent(&g, HTTP_VISITOR, OK);
			gate_close(&g);
		}
	}
}

static void basic_auth(void **state)
{
	(void)state;
	/* ann:s3:cret */
	static const char good[] = GET_A "Authorization: bAsIc YW5uOnMzOmNyZXQ=\r\n\r\n";
	static const char *const bad[] = {
	    "Authorization: Basic YW5uOnMzOmNyZXU=\r\n",
	    "Authorization: Basic YW5uOg==\r\n",
	    "Authorization: Basic YW5uOnMzOmNyZXRhbm46czM6Y3JldA==\r\n",
	    "Authorization: Basic\r\n",
	    "Authorization: Basic ====\r\n",
	    "Authorization: Bearer YW5uOnMzOmNyZXQ=\r\n",
	    "Authorization: YW5uOnMzOmNyZXQ=\r\n",
	    "X-Authorization: Basic YW5uOnMzOmNyZXQ=\r\n",
	};
	struct gate g;
	gate_open(&g);
	g.basic = true;
	visit(&g, GET_A "\r\n");
	expect_page(&g, 401, "WWW-Authenticate: Basic realm=\"blog\", charset=\"UTF-8\"\r\n");
	assert_int_equal(g.wrong, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char text[512];
		snprintf(text, sizeof(text), GET_A "%s\r\n", bad[i]);
		visit(&g, text);
		expect_page(&g, 401, NULL);
	}
	assert_int_equal(g.wrong, sizeof(bad) / sizeof(*bad) - 1);
	assert_int_equal(g.opened, 0);
	visit(&g, good);
	expect_sent(&g, HTTP_SERVICE, ONWARD_A);
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK);
	visit(&g, GET_A "\r\n");
	expect_page(&g, 401, NULL);
	gate_close(&g);
}

static void expecting_a_100(void **state)
{
	(void)state;
	static const char put[] = "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: "
				  "3\r\nExpect: 100-continue\r\n\r\n";
	struct gate g;
	gate_open(&g);
	visit(&g, put);
	expect_sent(&g, HTTP_SERVICE,
		    "PUT / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\n" ORIGIN
		    "Content-Length: 3\r\n\r\n");
	serve(&g, "HTTP/1.1 100 Continue\r\n\r\n");
	expect_sent(&g, HTTP_VISITOR, "HTTP/1.1 100 Continue\r\n\r\n");
	visit(&g, "abc");
	expect_sent(&g, HTTP_SERVICE, "abc");
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
	/* Refused: its body may never come. */
	visit(&g, put);
	serve(&g, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_LINGER);
	visit(&g, "abc" GET_A "\r\n");
	assert_string_equal(g.routed, "a.example a.example ");
	gate_close(&g);
	/* To HTTP/1.0 no 100 is sent. */
	gate_open(&g);
	visit(&g, "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n");
	serve(&g, "HTTP/1.1 100 Continue\r\n\r\n" OK);
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	gate_close(&g);
}

static void http_1_0_gets_no_chunks(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 4; piece++) {
		for (int passing = 0; passing < 2; passing++) {
			static const char answer[] =
			    "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n5;a\r\nhello\r\n1\r\n!\r\n0\r\nT: 1\r\n\r\n";
			struct gate g;
			gate_open(&g);
			g.passing = passing;
			visit(
			    &g,
			    "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n");
			g.piece = piece;
			give(&g, HTTP_SERVICE, answer, strlen(answer));
			expect_sent(&g, HTTP_VISITOR,
				    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello!");
			assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
			gate_close(&g);
		}
	}
}

static void early_413_arrives(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\nabc");
	serve(&g, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig");
	http_gateway_broken(g.r);
	look(&g);
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_LINGER);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR);
	assert_int_equal(g.dropped, 1);
	visit(&g, "more of the body");
	gate_close(&g);
	/* A service that answers first and reads on gets the rest. */
	gate_open(&g);
	visit(&g, "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\n\r\nabc");
	serve(&g, OK);
	visit(&g, "def" GET_A "\r\n");
	expect_sent(&g, HTTP_SERVICE,
		    "PUT / HTTP/1.1\r\nHost: a.example\r\n" ORIGIN
		    "Content-Length: 6\r\n\r\nabcdef" ONWARD_A);
	gate_close(&g);
}

static void a_kept_stream_that_closed_is_asked_again(void **state)
{
	(void)state;
	for (int reset = 0; reset < 2; reset++) {
		struct gate g;
		gate_open(&g);
		visit(&g, GET_A "\r\n");
		serve(&g, OK);
		visit(&g, GET_A "\r\n");
		assert_int_equal(g.opened, 1);
		if (reset)
			http_gateway_broken(g.r);
		else
			http_gateway_eof(g.r, HTTP_SERVICE);
		look(&g);
		assert_int_equal(g.opened, 2);
		expect_sent(&g, HTTP_SERVICE, ONWARD_A ONWARD_A ONWARD_A);
		/* Once; a fresh stream that does the same is a service that does not answer. */
		end(&g, HTTP_SERVICE);
		buf_take(&g.sent[HTTP_VISITOR], strlen(OK));
		expect_page(&g, 502, NULL);
		assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
		gate_close(&g);
	}
	/* Closed while idle: the next request knows. */
	struct gate g;
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	serve(&g, OK);
	end(&g, HTTP_SERVICE);
	assert_int_equal(g.dropped, 1);
	visit(&g, GET_A "\r\n");
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK OK);
	/* What is not safe to repeat never goes over a kept stream. */
	visit(&g, "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(g.opened, 3);
	end(&g, HTTP_SERVICE);
	expect_page(&g, 502, NULL);
	assert_int_equal(g.opened, 3);
	gate_close(&g);
}

static void bad_answers_are_502(void **state)
{
	(void)state;
	static const char *const cases[] = {
	    "SSH-2.0-OpenSSH_9.2\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Le",
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct gate g;
		gate_open(&g);
		visit(&g, GET_A "\r\n");
		serve(&g, cases[i]);
		end(&g, HTTP_SERVICE);
		expect_page(&g, 502, NULL);
		assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
		assert_int_equal(g.dropped, 1);
		gate_close(&g);
	}
	static char big[HTTP_ANSWER_HEAD_MAX + 10];
	struct gate g;
	gate_open(&g);
	memset(big, 'a', sizeof(big) - 1);
	memcpy(big, "HTTP/1.1 200 OK\r\nX: ", 20);
	visit(&g, GET_A "\r\n");
	give(&g, HTTP_SERVICE, big, sizeof(big) - 1);
	expect_page(&g, 502, NULL);
	gate_close(&g);
}

/* As a switch and a web server said them: they reach the visitor, without what was odd. */
static void odd_answers_reach_the_visitor(void **state)
{
	(void)state;
	static const char *const cases[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
	    "HTTP/1.1 200 OK\r\nactiveLangId=English; isStackableDevice=falseServer: switch\r\n"
	    "Content-Length: 2\r\n\r\nok",
	};
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		struct gate g;
		gate_open(&g);
		g.piece = i % 2 ? 1 : SIZE_MAX;
		visit(&g, GET_A "\r\n");
		serve(&g, cases[i / 2]);
		expect_sent(&g, HTTP_VISITOR, OK);
		assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
		assert_int_equal(g.dropped, 0);
		gate_close(&g);
	}
}

static void a_cut_answer_breaks_the_connection(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool reset, whole;
	} cases[] = {
	    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", false, false},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false, false},
	    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n", false,
	     false},
	    {"HTTP/1.1 200 OK\r\n\r\nabc", true, false},
	    {"HTTP/1.1 200 OK\r\n\r\nabc", false, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct gate g;
		gate_open(&g);
		visit(&g, GET_A "\r\n");
		g.stuck[HTTP_VISITOR] = true;
		give(&g, HTTP_SERVICE, cases[i].text, strlen(cases[i].text));
		if (cases[i].reset)
			http_gateway_broken(g.r);
		else
			http_gateway_eof(g.r, HTTP_SERVICE);
		look(&g);
		/* What did come is delivered first. */
		assert_false(http_gateway_wants(g.r) & (HTTP_WANT_ABORT | HTTP_WANT_FIN_VISITOR));
		g.stuck[HTTP_VISITOR] = false;
		look(&g);
		assert_non_null(strstr(buf_str(&g.sent[HTTP_VISITOR]),
				       strstr(cases[i].text, "hello") ? "hello" : "abc"));
		unsigned wants = http_gateway_wants(g.r);
		assert_int_equal(wants, cases[i].whole ? HTTP_WANT_FIN_VISITOR : HTTP_WANT_ABORT);
		gate_close(&g);
	}
}

static void a_visitor_that_ends_early(void **state)
{
	(void)state;
	struct gate g;
	/* after its request: it still gets its answer, and then the end */
	gate_open(&g);
	visit(&g, GET_A "\r\n");
	end(&g, HTTP_VISITOR);
	assert_int_equal(http_gateway_wants(g.r), 0);
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR | HTTP_WANT_END);
	gate_close(&g);
	/* in the middle of its body, of its head, before anything */
	gate_open(&g);
	visit(&g, "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 6\r\n\r\nabc");
	end(&g, HTTP_VISITOR);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
	gate_open(&g);
	visit(&g, "PUT / HTTP/1.1\r\nHost: a.exa");
	end(&g, HTTP_VISITOR);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR | HTTP_WANT_END);
	expect_sent(&g, HTTP_VISITOR, "");
	gate_close(&g);
	gate_open(&g);
	end(&g, HTTP_VISITOR);
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_VISITOR | HTTP_WANT_END);
	gate_close(&g);
}

#define SOCKET GET_A "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"

static void websocket(void **state)
{
	(void)state;
	for (int passing = 0; passing < 2; passing++) {
		struct gate g;
		gate_open(&g);
		g.passing = passing;
		/* Frames sent before the answer wait for it. */
		visit(&g, SOCKET "frame 1");
		expect_sent(&g, HTTP_SERVICE,
			    GET_A "Upgrade: websocket\r\n" ORIGIN "Connection: upgrade\r\n\r\n");
		serve(&g, SWITCH "Connection: Upgrade\r\n\r\nhello");
		expect_sent(&g, HTTP_VISITOR, SWITCH "Connection: upgrade\r\n\r\nhello");
		expect_sent(&g, HTTP_SERVICE, "frame 1");
		assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_TUNNEL);
		assert_true(http_gateway_pass(g.r, HTTP_VISITOR) == UINT64_MAX);
		visit(&g, "GET /not-a-request HTTP/1.1\r\n\r\n");
		expect_sent(&g, HTTP_SERVICE, "GET /not-a-request HTTP/1.1\r\n\r\n");
		/* Half-close passes, each way on its own. */
		end(&g, HTTP_VISITOR);
		assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_SERVICE);
		serve(&g, "last");
		expect_sent(&g, HTTP_VISITOR, "last");
		end(&g, HTTP_SERVICE);
		assert_int_equal(http_gateway_wants(g.r),
				 HTTP_WANT_FIN_SERVICE | HTTP_WANT_FIN_VISITOR | HTTP_WANT_END);
		gate_close(&g);
	}
}

#define EXEC(framing)                                                                              \
	"POST /exec HTTP/1.1\r\nHost: a.example\r\n" framing                                       \
	"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
#define EXEC_ONWARD(framing)                                                                       \
	"POST /exec HTTP/1.1\r\nHost: a.example\r\nUpgrade: tcp\r\n" ORIGIN framing                \
	"Connection: upgrade\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: upgrade\r\n\r\n"

/* As docker exec does it: the request has a body, and what is behind its end is the other
 * protocol's, whether it comes before or behind the 101. */
static void an_upgrade_may_have_a_body(void **state)
{
	(void)state;
	static const struct {
		const char *head, *body, *onward, *passed;
	} cases[] = {
	    {EXEC("Content-Length: 7\r\n"), "{\"a\":1}", EXEC_ONWARD("Content-Length: 7\r\n"),
	     "{\"a\":1}"},
	    {EXEC("Transfer-Encoding: chunked\r\n"), "007\r\n{\"a\":1}\r\n0\r\n\r\n",
	     EXEC_ONWARD("Transfer-Encoding: chunked\r\n"), "7\r\n{\"a\":1}\r\n0\r\n\r\n"},
	};
	for (unsigned way = 0; way < 24; way++) {
		const char *body = cases[way % 2].body;
		size_t cut = way / 2 % 3 * strlen(body) / 2; /* of the body come before the 101 */
		char wanted[1000];
		struct gate g;
		gate_open(&g);
		g.passing = way / 6 % 2;
		g.piece = way / 12 ? 1 : SIZE_MAX;
		visit(&g, cases[way % 2].head);
		give(&g, HTTP_VISITOR, body, cut);
		if (cut == strlen(body)) {
			visit(&g, "early ");
			expect_sent(&g, HTTP_VISITOR, "");
		}
		serve(&g, "HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\nhi");
		give(&g, HTTP_VISITOR, body + cut, strlen(body) - cut);
		visit(&g, "GET / HTTP/1.1\r\n\r\n");
		snprintf(wanted, sizeof(wanted), "%s%s%sGET / HTTP/1.1\r\n\r\n",
			 cases[way % 2].onward, cases[way % 2].passed,
			 cut == strlen(body) ? "early " : "");
		expect_sent(&g, HTTP_SERVICE, wanted);
		expect_sent(&g, HTTP_VISITOR, SWITCHED "hi");
		assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_TUNNEL);
		assert_int_equal(g.opened, 1);
		end(&g, HTTP_VISITOR);
		assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_FIN_SERVICE);
		serve(&g, "!");
		expect_sent(&g, HTTP_VISITOR, "!");
		end(&g, HTTP_SERVICE);
		assert_true(http_gateway_wants(g.r) & HTTP_WANT_END);
		gate_close(&g);
	}
}

/* The service has said 101 and ends, or the visitor does, before the request's body is whole. */
static void an_upgrade_that_breaks_off_in_its_body(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct gate g;
		gate_open(&g);
		visit(&g, EXEC("Content-Length: 7\r\n") "abc");
		serve(&g, SWITCHED "hi");
		expect_sent(&g, HTTP_VISITOR, SWITCHED "hi");
		end(&g, who ? HTTP_SERVICE : HTTP_VISITOR);
		assert_int_equal(http_gateway_wants(g.r),
				 who ? HTTP_WANT_FIN_VISITOR : HTTP_WANT_ABORT);
		end(&g, HTTP_VISITOR);
		assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
		gate_close(&g);
	}
}

static void an_upgrade_that_is_refused_is_a_plain_answer(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, SOCKET GET_A "\r\n");
	serve(&g, OK);
	expect_sent(&g, HTTP_VISITOR, OK);
	assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_SERVING);
	gate_close(&g);
	/* A reset of the upgraded stream passes as one, behind what came before it. */
	gate_open(&g);
	visit(&g, SOCKET);
	serve(&g, SWITCH "\r\nbye");
	http_gateway_broken(g.r);
	look(&g);
	expect_sent(&g, HTTP_VISITOR, SWITCH "Connection: upgrade\r\n\r\nbye");
	assert_int_equal(http_gateway_wants(g.r), HTTP_WANT_ABORT);
	gate_close(&g);
}

static void bodies_of_any_size_are_not_kept(void **state)
{
	(void)state;
	enum { SIZE = 5000000 };
	static char data[SIZE];
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 251);
	for (int passing = 0; passing < 2; passing++) {
		for (enum http_end from = 0; from < 2; from++) {
			struct gate g;
			gate_open(&g);
			g.passing = passing;
			visit(&g, from == HTTP_VISITOR
				      ? "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: "
					"5000000\r\n\r\n"
				      : GET_A "\r\n");
			if (from == HTTP_SERVICE)
				serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
			buf_take(&g.sent[!from], buf_len(&g.sent[!from]));
			g.stuck[!from] = true;
			size_t at = give(&g, from, data, SIZE);
			assert_in_range(at, 1, HTTP_QUEUE_MAX + HTTP_ANSWER_HEAD_MAX);
			assert_int_equal(give(&g, from, data + at, SIZE - at), 0);
			g.stuck[!from] = false;
			look(&g);
			g.piece = 10000;
			assert_int_equal(give(&g, from, data + at, SIZE - at), SIZE - at);
			assert_int_equal(buf_len(&g.sent[!from]), SIZE);
			assert_memory_equal(buf_data(&g.sent[!from]), data, SIZE);
			if (from == HTTP_SERVICE)
				assert_int_equal(http_gateway_phase(g.r), HTTP_PHASE_IDLE);
			gate_close(&g);
		}
	}
}

static void events_stream_as_they_come(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	visit(&g, GET_A "Accept: text/event-stream\r\n\r\n");
	serve(&g, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
		  "chunked\r\n\r\n");
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		serve(&g, "9\r\ndata: 1\n\n");
		expect_sent(&g, HTTP_VISITOR, "9\r\ndata: 1\n\n");
		serve(&g, "\r\n");
		expect_sent(&g, HTTP_VISITOR, "\r\n");
	}
	gate_close(&g);
}

static void another_door_can_take_it_over(void **state)
{
	(void)state;
	struct buf raw = BUF_INIT;
	struct http_gateway *r = http_gateway_new("http");
	static const char text[] =
	    "POST /nic/update HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Length: 9\r\n\r\nhostname=";
	assert_false(http_gateway_unread(r, &raw));
	http_gateway_feed(r, HTTP_VISITOR, text, strlen(text));
	assert_int_equal(http_gateway_wants(r), HTTP_WANT_ROUTE);
	assert_string_equal(http_gateway_request(r)->host, "192.0.2.1");
	assert_true(http_gateway_unread(r, &raw));
	assert_string_equal(buf_str(&raw), text);
	buf_fini(&raw);
	http_gateway_free(r);
	http_gateway_free(NULL);
}

/* Any bytes, in any pieces, any facts in any order: nothing but the sanitizer and the asserts
 * inside to complain. */
static void anything_may_happen(void **state)
{
	(void)state;
	static const char *const said[] = {
	    GET_A "\r\n",
	    SOCKET,
	    "POST / HTTP/1.1\r\nHost: b.example\r\nContent-Length: 10\r\n\r\n",
	    "0123456789",
	    "\r\n",
	    "5\r\nhello\r\n",
	    "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "0\r\n\r\n",
	    "HEAD / HTTP/1.0\r\nHost: a.example\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: none.example\r\n\r\n",
	    "x",
	    OK,
	    "HTTP/1.1 200 OK\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\n",
	    SWITCH "\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 204 No\r\n\r\n",
	    "HTTP/1.0 200 OK\r\n\r\n",
	};
	srand(1);
	for (int round = 0; round < 3000; round++) {
		struct gate g;
		gate_open(&g);
		g.piece = (size_t)(rand() % 3 ? 1000 : 1 + rand() % 7);
		for (int step = 0; step < 30; step++) {
			int what = rand() % 21;
			enum http_end e = rand() % 2;
			const char *text = said[(size_t)rand() % (sizeof(said) / sizeof(*said))];
			g.passing = rand() % 2;
			g.refuse_open = rand() % 10 == 0;
			if (what == 0)
				end(&g, e);
			else if (what == 1)
				http_gateway_broken(g.r);
			else if (what == 2)
				http_gateway_timeout(g.r);
			else if (what == 3)
				g.stuck[e] = !g.stuck[e];
			else if (what == 4)
				http_gateway_refuse(g.r, 503, 1);
			else if (what == 20)
				http_gateway_give_up(g.r);
			else if (what == 5)
				g.basic = !g.basic;
			else
				give(&g, e, text, strlen(text));
			look(&g);
			unsigned wants = http_gateway_wants(g.r);
			assert_false(wants & (HTTP_WANT_ROUTE | HTTP_WANT_OPEN | HTTP_WANT_DROP));
			assert_true(!(wants & HTTP_WANT_END) || wants & HTTP_WANT_FIN_VISITOR);
		}
		gate_close(&g);
	}
}

static void plain_requests_are_sent_to_https(void **state)
{
	(void)state;
	static const struct {
		const char *request, *location;
	} cases[] = {
	    {"GET /a?b=c HTTP/1.1\r\nHost: Secure.example\r\n\r\n", "https://secure.example/a?b=c"},
	    {"GET / HTTP/1.1\r\nHost: secure.example:8443\r\n\r\n", "https://secure.example:8443/"},
	    {"GET http://secure.example HTTP/1.1\r\nHost: secure.example\r\n\r\n",
	     "https://secure.example/"},
	    {"OPTIONS * HTTP/1.1\r\nHost: secure.example\r\n\r\n", "https://secure.example/"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct gate g;
		gate_open(&g);
		char *line = mem_printf("\r\nLocation: %s\r\n", cases[i].location);
		visit(&g, cases[i].request);
		expect_page(&g, 308, line);
		/* the connection goes on, and so does one to another name */
		visit(&g, GET_A "\r\n");
		expect_sent(&g, HTTP_SERVICE, ONWARD_A);
		mem_free(line);
		gate_close(&g);
	}
}

static void the_service_may_be_told_another_host(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	g.host = "inside.lan";
	visit(&g, GET_A "\r\n");
	expect_sent(&g, HTTP_SERVICE, "GET / HTTP/1.1\r\nHost: inside.lan\r\n" ORIGIN "\r\n");
	gate_close(&g);
}

static void https_is_told_both_ways(void **state)
{
	(void)state;
	struct gate g;
	gate_open(&g);
	g.proto = "https";
	g.port = 8443;
	http_gateway_set_hsts(g.r, 600);
	visit(&g, GET_A "\r\n");
	expect_sent(&g, HTTP_SERVICE,
		    GET_A "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
			  "X-Forwarded-Port: 8443\r\nX-Forwarded-Host: a.example\r\n"
			  "Forwarded: for=192.0.2.7;host=a.example;proto=https\r\n\r\n");
	serve(&g, "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\nContent-Length: "
		  "2\r\n\r\nok");
	expect_sent(&g, HTTP_VISITOR,
		    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nStrict-Transport-Security: "
		    "max-age=600\r\n\r\nok");
	visit(&g, "GET / HTTP/1.1\r\nHost: other.example\r\n\r\n");
	expect_page(&g, 421, "Strict-Transport-Security: max-age=600\r\n");
	gate_close(&g);
}

static void is_noted(struct gate *g, const char *method, const char *path, unsigned status,
		     uint64_t in, uint64_t out)
{
	struct http_note note;
	assert_true(http_gateway_take_note(g->r, false, &note));
	assert_string_equal(note.method, method);
	assert_string_equal(note.path, path);
	assert_int_equal(note.status, status);
	assert_int_equal(note.in, in);
	assert_int_equal(note.out, out);
	assert_false(http_gateway_take_note(g->r, true, &note));
}

/* Whatever the pieces, and whether bodies go past the gateway or through it. */
static void a_request_is_noted_when_it_is_over(void **state)
{
	(void)state;
	struct http_note note;
	for (int passing = 0; passing < 2; passing++) {
		struct gate g;
		gate_open(&g);
		g.noting = true;
		g.passing = passing;
		g.piece = passing ? 3 : SIZE_MAX;
		visit(&g, "POST /in?secret=1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: "
			  "5\r\n\r\n12345");
		assert_false(http_gateway_take_note(g.r, false, &note));
		serve(&g, "HTTP/1.1 201 Made\r\nContent-Length: 7\r\n\r\n1234567");
		is_noted(&g, "POST", "/in", 201, 5, 7);
		visit(&g, "GET /gone HTTP/1.1\r\nHost: none.example\r\n\r\n");
		is_noted(&g, "GET", "/gone", 404, 0, 0);
		visit(&g, "HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n");
		serve(&g, "HTTP/1.1 304 Same\r\n\r\n");
		is_noted(&g, "HEAD", "/", 304, 0, 0);
		visit(&g, "GET /cut HTTP/1.1\r\nHost: a.example\r\n\r\n");
		serve(&g, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n123");
		assert_false(http_gateway_take_note(g.r, false, &note));
		assert_true(http_gateway_take_note(g.r, true, &note));
		assert_int_equal(note.status, 200);
		assert_int_equal(note.out, 3);
		gate_close(&g);
	}
}

static void a_long_path_is_cut_and_nothing_is_noted_unasked(void **state)
{
	(void)state;
	struct gate g;
	struct http_note note;
	gate_open(&g);
	char *head = mem_printf("GET /%01000d HTTP/1.1\r\nHost: none.example\r\n\r\n", 0);
	visit(&g, head);
	assert_false(http_gateway_take_note(g.r, true, &note));
	g.noting = true;
	visit(&g, head);
	assert_true(http_gateway_take_note(g.r, true, &note));
	assert_int_equal(strlen(note.path), sizeof note.path - 1);
	mem_free(head);
	gate_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_request_is_noted_when_it_is_over),
	    cmocka_unit_test(a_long_path_is_cut_and_nothing_is_noted_unasked),
	    cmocka_unit_test(heads_are_written_anew),
	    cmocka_unit_test(a_v6_visitor_is_quoted),
	    cmocka_unit_test(requests_of_many_visitors),
	    cmocka_unit_test(answers_find_their_end),
	    cmocka_unit_test(an_answer_to_head_has_no_body),
	    cmocka_unit_test(each_request_is_routed_anew),
	    cmocka_unit_test(requests_sent_ahead_wait_their_turn),
	    cmocka_unit_test(pipelining_is_bounded),
	    cmocka_unit_test(smuggled_requests_reach_nobody),
	    cmocka_unit_test(an_oversize_head_is_431),
	    cmocka_unit_test(a_broken_chunk_ends_the_request),
	    cmocka_unit_test(own_pages),
	    cmocka_unit_test(slow_heads_get_408_and_idle_ones_nothing),
	    cmocka_unit_test(whoever_does_not_send_his_body_is_awaited_and_given_up),
	    cmocka_unit_test(whoever_waits_himself_is_not_awaited),
	    cmocka_unit_test(whoever_does_not_take_his_answer_is_given_up),
	    cmocka_unit_test(a_flood_of_interim_answers_is_bounded),
	    cmocka_unit_test(bytes_behind_an_answer_are_no_answer),
	    cmocka_unit_test(basic_auth),
	    cmocka_unit_test(expecting_a_100),
	    cmocka_unit_test(http_1_0_gets_no_chunks),
	    cmocka_unit_test(early_413_arrives),
	    cmocka_unit_test(a_kept_stream_that_closed_is_asked_again),
	    cmocka_unit_test(bad_answers_are_502),
	    cmocka_unit_test(odd_answers_reach_the_visitor),
	    cmocka_unit_test(a_cut_answer_breaks_the_connection),
	    cmocka_unit_test(a_visitor_that_ends_early),
	    cmocka_unit_test(websocket),
	    cmocka_unit_test(an_upgrade_may_have_a_body),
	    cmocka_unit_test(an_upgrade_that_breaks_off_in_its_body),
	    cmocka_unit_test(an_upgrade_that_is_refused_is_a_plain_answer),
	    cmocka_unit_test(bodies_of_any_size_are_not_kept),
	    cmocka_unit_test(events_stream_as_they_come),
	    cmocka_unit_test(another_door_can_take_it_over),
	    cmocka_unit_test(anything_may_happen),
	    cmocka_unit_test(plain_requests_are_sent_to_https),
	    cmocka_unit_test(the_service_may_be_told_another_host),
	    cmocka_unit_test(https_is_told_both_ways),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
