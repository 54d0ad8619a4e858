/* Two ends of one connection over loopback on one loop, plain or TLS: the ground that the tests of
 * the net room stand on. */
#ifndef GROUNDNUT_TEST_PAIR_H
#define GROUNDNUT_TEST_PAIR_H

#include "tests/unit/self.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/io.h"
#include "shared/net/listener.h"
#include "shared/net/loop.h"
#include "shared/net/timer.h"
#include "shared/net/tls_context.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

struct pair;

struct end {
	struct pair *pair;
	struct io *io;
	int ups, datas, rooms, errors; /* events told */
	bool eof;
	int error; /* io_error() at IO_ERROR, or what reading said */
	void (*look)(struct end *e, enum io_event event);
	void *mine;
};

struct pair {
	struct loop *loop;
	struct listener *door;
	struct timer *limit;  /* a test that hangs fails instead */
	struct end near, far; /* near dialled, far was accepted */
	struct tls_context *server, *client;
	struct tls_context *server_tls; /* NULL: plain */
	const char *host;
	void (*accepted)(struct pair *p);
};

static char pair_dir[64];
static char pair_crt[96], pair_key[96], pair_pin[TLS_CONTEXT_PIN_TEXT];

/* A group setup: key and certificate for "localhost" and 127.0.0.1. */
static inline int pair_make_files(void **state)
{
	const char *names[] = {"localhost", "127.0.0.1", NULL};
	char *crt, *key, *why;

	(void)state;
	strcpy(pair_dir, "/tmp/groundnut-test-XXXXXX");
	assert_non_null(mkdtemp(pair_dir));
	snprintf(pair_crt, sizeof(pair_crt), "%s/relay.crt", pair_dir);
	snprintf(pair_key, sizeof(pair_key), "%s/relay.key", pair_dir);
	assert_int_equal(tls_context_make_self_signed(names, &crt, &key), 0);
	assert_int_equal(file_replace(pair_crt, crt, strlen(crt), 0644, false), 0);
	assert_int_equal(file_replace(pair_key, key, strlen(key), 0600, false), 0);
	assert_int_equal(tls_context_pin_of_certificate(pair_crt, pair_pin, &why), 0);
	mem_free(crt);
	mem_free(key);
	return 0;
}

static inline int pair_remove_files(void **state)
{
	(void)state;
	unlink(pair_crt);
	unlink(pair_key);
	return rmdir(pair_dir);
}

static inline void pair_event(void *owner, enum io_event event)
{
	struct end *e = owner;

	e->ups += event == IO_UP;
	e->datas += event == IO_DATA;
	e->rooms += event == IO_ROOM;
	e->errors += event == IO_ERROR;
	if (event == IO_ERROR)
		e->error = io_error(e->io);
	if (e->look)
		e->look(e, event);
}

static inline void pair_on_limit(void *owner)
{
	(void)owner;
	fprintf(stderr, "test: somebody waits for ever\n");
	abort();
}

static inline void pair_on_accept(void *owner, int fd, const struct addr *peer,
				  const struct addr *local)
{
	struct pair *p = owner;

	assert_null(p->far.io);
	p->far.io = io_take(p->loop, fd, peer, local, pair_event, &p->far);
	if (p->server_tls)
		io_tls_accept(p->far.io, p->server_tls);
	if (p->accepted)
		p->accepted(p);
}

static inline void pair_open(struct pair *p)
{
	struct addr at = {.family = 4, .ip = {127, 0, 0, 1}};
	int err;

	memset(p, 0, sizeof(*p));
	p->loop = loop_new("test");
	p->door = listener_open(p->loop, &at, false, pair_on_accept, p, &err, NULL);
	assert_non_null(p->door);
	p->limit = timer_new(p->loop, pair_on_limit, NULL);
	timer_set(p->limit, self_patience(60) * 1000);
	p->near.pair = p->far.pair = p;
}

static inline void pair_use_tls(struct pair *p)
{
	char *why;

	p->server =
	    tls_context_server_new(pair_crt, pair_key, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	assert_non_null(p->server);
	p->client = tls_context_client_new(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	assert_non_null(p->client);
	p->server_tls = p->server;
}

static inline void pair_dial(struct pair *p)
{
	p->near.io = io_dial(p->loop, listener_at(p->door), NULL, 0, pair_event, &p->near);
	if (p->client)
		io_tls_dial(p->near.io, p->client, p->host);
}

static inline void pair_close_end(struct end *e)
{
	io_close(e->io);
	e->io = NULL;
}

/* Closes all that is left, so that the loop runs dry. */
static inline void pair_stop(struct pair *p)
{
	pair_close_end(&p->near);
	pair_close_end(&p->far);
	listener_close(p->door);
	p->door = NULL;
	timer_close(p->limit);
	p->limit = NULL;
	loop_stop(p->loop);
}

static inline void pair_run(struct pair *p)
{
	loop_run(p->loop);
	tls_context_unref(p->server);
	tls_context_unref(p->client);
	assert_int_equal(loop_free(p->loop), 0);
}

#endif
