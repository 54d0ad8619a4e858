/*
 * approach → HELLO with probe → WELCOME or REFUSE, on a loop of its own that is stopped by whatever
 * comes first.
 */
#include "agent/join_test.h"

#include "agent/relay_connection.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/first_frame.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

struct join_test {
	const struct agent_config *config;
	struct loop *loop;
	struct relay_connection *way;
	struct io *io;
	struct buf in;
	struct timer *timer;
	int err;
	char *said;
};

static void end(struct join_test *t, int err, char *said)
{
	t->err = err;
	t->said = said;
	relay_connection_close(t->way);
	t->way = NULL;
	io_close(t->io);
	t->io = NULL;
	timer_close(t->timer);
	loop_stop(t->loop);
}

static void failed(struct join_test *t, int err, const char *detail)
{
	const char *relay = t->config->relay_text;
	if (*detail)
		end(t, err, mem_printf("%s: %s: %s", relay, err_text(err), detail));
	else
		end(t, err, mem_printf("%s: %s", relay, err_text(err)));
}

static void on_io(void *owner, enum io_event event)
{
	struct join_test *t = owner;
	struct frame f;
	if (event == IO_ERROR) {
		failed(t, io_error(t->io), io_error_detail(t->io));
		return;
	}
	if (event != IO_DATA)
		return;
	int got = first_frame_read(t->io, &t->in, &f);
	if (got == 0)
		return;
	struct welcome w;
	struct refuse r;
	const uint8_t *json = got > 0 ? buf_data(&t->in) + FRAME_HEADER : NULL;
	if (got > 0 && f.kind == FRAME_WELCOME && welcome_read(json, f.len, &w) == 0)
		end(t, 0,
		    mem_printf("%s answers, its key is the expected one, and it takes the token of "
			       "account %s",
			       t->config->relay_text, t->config->account));
	else if (got > 0 && f.kind == FRAME_REFUSE && refuse_read(json, f.len, &r) == 0)
		end(t, ERR_REFUSED,
		    mem_printf("%s answers, but refuses: %s", t->config->relay_text, r.reason));
	else
		failed(t, got < 0 ? got : ERR_PROTOCOL, "");
}

static void on_connection(void *owner, struct relay_connection *a, struct io *io, int err,
			  const char *detail)
{
	struct join_test *t = owner;
	(void)a;
	t->way = NULL;
	if (!io) {
		failed(t, err, detail);
		return;
	}
	t->io = io;
	io_own(io, on_io, t);
	struct hello h = {.version = HELLO_VERSION, .probe = true, .can = CAPABILITIES_OURS};
	snprintf(h.program, sizeof h.program, "groundnut-agent %s", GROUNDNUT_VERSION);
	snprintf(h.account, sizeof h.account, "%s", t->config->account);
	snprintf(h.agent, sizeof h.agent, "%s", t->config->agent);
	snprintf(h.token, sizeof h.token, "%s", t->config->token);
	random_bytes(&h.instance, sizeof h.instance);
	struct buf frame = BUF_INIT;
	hello_write(&h, &frame);
	ssize_t n = io_write(io, buf_data(&frame), buf_len(&frame));
	bool whole = n == (ssize_t)buf_len(&frame);
	buf_fini(&frame);
	if (whole)
		io_watch(io, IO_WATCH_READ);
	else
		failed(t, n < 0 ? (int)n : ERR_CLOSED, "");
}

static void on_timeout(void *owner)
{
	failed(owner, ERR_TIMEOUT, "");
}

int join_test_run(const struct agent_config *c, unsigned timeout_ms, char **said)
{
	struct join_test t = {.config = c, .loop = loop_new("trial")};
	char *why = NULL;
	struct tls_context *tls =
	    tls_context_client_new(c->pin, c->ca_file, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	t.timer = timer_new(t.loop, on_timeout, &t);
	timer_set(t.timer, timeout_ms);
	if (tls)
		t.way =
		    relay_connection_start(t.loop, &c->relay, tls, NULL, 0, 0, on_connection, &t);
	else
		end(&t, ERR_CONFIG, why);
	loop_run(t.loop);
	loop_free(t.loop);
	buf_fini(&t.in);
	tls_context_unref(tls);
	*said = t.said;
	return t.err;
}
