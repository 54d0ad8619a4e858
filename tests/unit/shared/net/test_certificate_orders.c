/* Certificates that are not wanted any more while a CA is being asked for them. */
#define _GNU_SOURCE /* nftw */
#include "shared/base/mem.h"
#include "shared/net/certificate_orders.h"
#include "shared/net/http_server.h"
#include "shared/net/listener.h"
#include "shared/net/timer.h"
#include "tests/unit/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LATER_MS = 100, PORT = 443 };

struct desk {
	struct loop *loop;
	struct http_server *ca;
	struct listener *listener;
	struct certificate_orders *orders;
	struct certificate_order *order;
	struct timer *timer;
	unsigned asked;
};

static void on_news(void *owner)
{
	(void)owner;
}

static void on_later(void *owner)
{
	struct desk *d = owner;
	certificate_orders_free(d->orders);
	timer_close(d->timer);
	listener_close(d->listener);
	http_server_close(d->ca);
	loop_stop(d->loop);
}

/* The CA answers what nobody waits for any more. */
static void on_request(void *owner, struct http_exchange *x)
{
	struct desk *d = owner;
	d->asked++;
	certificate_order_free(d->order);
	d->order = NULL;
	http_answer(x, 200, "application/json", NULL, "{}", 2);
	timer_set(d->timer, LATER_MS);
}

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct desk *d = owner;
	(void)local;
	http_server_accept(d->ca, fd, peer, false);
}

static void an_order_may_go_while_the_ca_is_asked(void **state)
{
	const struct http_server_limits limits = {
	    .head_ms = 5000, .connections = 10, .per_source = 10, .body_max = 100000};
	struct desk d = {.asked = 0};
	struct acme_config config = {.way = ACME_WAY_TLS_ALPN};
	struct addr at;
	char *why;
	int err;
	(void)state;
	d.loop = loop_new("test");
	d.timer = timer_new(d.loop, on_later, &d);
	d.ca = http_server_new(d.loop, &limits, on_request, &d);
	addr_parse("127.0.0.1:0", &at);
	d.listener = listener_open(d.loop, &at, false, on_visitor, &d, &err, &why);
	assert_non_null(d.listener);
	config.directory = mem_printf("http://127.0.0.1:%u/", listener_at(d.listener)->port);
	d.orders = certificate_orders_new(d.loop, &config, tempdir, on_news, &d);
	d.order = certificate_order_new(d.orders, "nas.example", false);
	certificate_order_set_open(d.order, true, PORT);
	loop_run(d.loop);
	assert_int_equal(d.asked, 1);
	mem_free(config.directory);
	assert_int_equal(loop_free(d.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(an_order_may_go_while_the_ca_is_asked, tempdir_make,
					    tempdir_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
