/* Orders through sockets, from a CA in memory behind a small HTTP server. */
#include "shared/base/mem.h"
#include "shared/net/acme_driver.h"
#include "shared/net/http_server.h"
#include "shared/net/listener.h"
#include "tests/unit/shared/acme/fake_ca.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum what { TO_THE_END, END_JOB, CLOSE_DRIVER, SAY_MUCH };

struct order {
	struct loop *loop;
	struct http_server *server;
	struct listener *listener;
	struct fake_ca ca;
	struct acme_client *client;
	struct acme_driver *driver;
	enum what what; /* to do when request number at comes */
	unsigned at;
	enum acme_client_state state;
	char words[ACME_WORDS];
};

static void leave(struct order *o)
{
	acme_driver_close(o->driver);
	o->driver = NULL;
	listener_close(o->listener);
	http_server_close(o->server);
	loop_stop(o->loop);
}

static void look(void *owner)
{
	struct order *o = owner;
	o->state = acme_driver_look(o->driver);
	if (o->state == ACME_CLIENT_PUBLISH) {
		for (size_t i = 0; i < acme_client_wishes(o->client); i++) {
			assert_true(fake_ca_sees(&o->ca, i, acme_client_wish(o->client, i)));
			acme_client_published(o->client, i);
		}
		look(o);
		return;
	}
	if (o->state == ACME_CLIENT_WAIT && !acme_client_words(o->client)[0])
		return;
	snprintf(o->words, sizeof(o->words), "%s", acme_client_words(o->client));
	leave(o);
}

static void answer(struct order *o, struct http_exchange *x)
{
	struct http_message *h = http_exchange_request(x);
	char *url = mem_printf("%s%s", o->ca.base, http_message_head(h)->target.p);
	struct acme_client_request q = {.method = http_message_head(h)->method.p, .url = url};
	struct acme_client_answer a;
	struct buf fields = BUF_INIT;
	q.body = http_message_body(h, &q.body_len);
	q.content_type = http_message_header(h, "Content-Type");
	assert_non_null(strstr(http_message_header(h, "User-Agent"), "groundnut/"));
	fake_ca_ask(&o->ca, &q, &a);
	if (a.nonce)
		buf_printf(&fields, "Replay-Nonce: %s\r\n", a.nonce);
	if (a.location)
		buf_printf(&fields, "Location: %s\r\n", a.location);
	http_answer(x, a.status, "application/json", buf_str(&fields), a.body, a.body_len);
	buf_fini(&fields);
	mem_free(url);
}

static void say_much(struct http_exchange *x)
{
	size_t len = ACME_CLIENT_ANSWER_MAX + 1;
	char *much = mem_alloc(len);
	memset(much, ' ', len);
	http_answer(x, 200, "application/json", NULL, much, len);
	mem_free(much);
}

static void on_request(void *owner, struct http_exchange *x)
{
	struct order *o = owner;
	if (o->ca.asked + 1 != o->at) {
		answer(o, x);
		return;
	}
	switch (o->what) {
	case END_JOB:
		acme_client_end(o->client);
		assert_int_equal(acme_driver_look(o->driver), ACME_CLIENT_IDLE);
		leave(o);
		break;
	case CLOSE_DRIVER:
		leave(o);
		break;
	case SAY_MUCH:
		say_much(x);
		break;
	default:
		answer(o, x);
	}
}

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct order *o = owner;
	(void)local;
	http_server_accept(o->server, fd, peer, false);
}

static void open_order(struct order *o, size_t body_max)
{
	const struct http_server_limits limits = {
	    .head_ms = 5000, .connections = 100, .per_source = 50, .body_max = body_max};
	struct acme_client_config config = {.email = NULL};
	const char *name = "nas.example";
	const struct acme_client_order wanted = {
	    .names = &name, .count = 1, .challenge = ACME_TLS_ALPN_01};
	struct addr at;
	char *why, words[ACME_WORDS];
	int err;
	memset(o, 0, sizeof(*o));
	fake_ca_init(&o->ca);
	o->loop = loop_new("test");
	o->server = http_server_new(o->loop, &limits, on_request, o);
	addr_parse("127.0.0.1:0", &at);
	o->listener = listener_open(o->loop, &at, false, on_visitor, o, &err, &why);
	assert_non_null(o->listener);
	snprintf(o->ca.base, sizeof(o->ca.base), "http://127.0.0.1:%u",
		 listener_at(o->listener)->port);
	config.directory = fake_ca_url(&o->ca, "/directory");
	p256_new(&config.key);
	o->client = acme_client_new(&config, words);
	assert_non_null(o->client);
	assert_int_equal(acme_client_order(o->client, &wanted, words), 0);
	o->driver = acme_driver_new(o->loop, o->client, NULL, look, o);
}

static void run(struct order *o)
{
	look(o);
	loop_run(o->loop);
	acme_client_free(o->client);
	fake_ca_fini(&o->ca);
	assert_int_equal(loop_free(o->loop), 0);
}

static void an_order_goes_through(void **state)
{
	struct order o;
	(void)state;
	open_order(&o, 100000);
	run(&o);
	assert_int_equal(o.state, ACME_CLIENT_DONE);
	assert_int_equal(o.ca.asked, 10);
}

static void a_ca_that_is_not_there_is_told(void **state)
{
	struct order o;
	(void)state;
	open_order(&o, 100000);
	char *words = mem_printf("%s: connection refused", o.ca.base + 7);
	listener_close(o.listener);
	o.listener = NULL;
	run(&o);
	assert_string_equal(o.words, words);
	mem_free(words);
}

static void an_answer_that_is_too_large_is_told(void **state)
{
	struct order o;
	(void)state;
	open_order(&o, 100000);
	o.what = SAY_MUCH;
	o.at = 1;
	char *words = mem_printf("%s: larger than allowed", o.ca.base + 7);
	run(&o);
	assert_string_equal(o.words, words);
	mem_free(words);
}

static void a_job_and_a_driver_may_end_while_an_answer_is_awaited(void **state)
{
	(void)state;
	for (unsigned what = END_JOB; what <= CLOSE_DRIVER; what++) {
		for (unsigned at = 1; at <= 10; at += 3) {
			struct order o;
			open_order(&o, 100000);
			o.what = what;
			o.at = at;
			run(&o);
			assert_int_equal(o.ca.asked, at - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_order_goes_through),
	    cmocka_unit_test(a_ca_that_is_not_there_is_told),
	    cmocka_unit_test(an_answer_that_is_too_large_is_told),
	    cmocka_unit_test(a_job_and_a_driver_may_end_while_an_answer_is_awaited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
