/* On a loop of its own, it connects, sends a HELLO that only probes, and reads WELCOME or REFUSE.
 * The first result, good or bad, stops the loop by end(). */
#include "agent/join_probe.h"

#include "agent/relay_attempt.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/first_frame.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { LOOK_MS = 50 };

struct join_probe {
	const struct agent_config *config;
	struct loop *loop;
	struct relay_attempt *attempt;
	bool accepted; /* TCP is up */
	bool refused;  /* the relay does not take the token */
	struct io *io;
	struct buf in;
	struct timer *timer; /* looks at the two below */
	const atomic_bool *enough;
	uint64_t until_ms;
	int err;
	enum join_probe_step step; /* where err was found */
	char *said;
};

static bool is_of_name(int err)
{
	return err == UV_EAI_NONAME || err == UV_EAI_NODATA || err == UV_EAI_AGAIN ||
	       err == UV_EAI_FAIL;
}

static enum join_probe_step step_of(const struct join_probe *t, int err)
{
	if (err == ERR_PIN || err == ERR_CERTIFICATE)
		return JOIN_PROBE_PIN;
	if (is_of_name(err))
		return JOIN_PROBE_NAME;
	return t->refused ? JOIN_PROBE_TOKEN : JOIN_PROBE_RELAY;
}

static void end(struct join_probe *t, int err, char *said)
{
	t->err = err;
	t->step = step_of(t, err);
	t->said = said;
	relay_attempt_close(t->attempt);
	t->attempt = NULL;
	io_close(t->io);
	t->io = NULL;
	timer_close(t->timer);
	t->timer = NULL;
	loop_stop(t->loop);
}

/* Returns the likely cause of err and its cure; the caller frees it. */
static char *cure(const struct agent_config *c, int err)
{
	switch (err) {
	case ERR_PIN:
		return mem_printf("was the relay installed anew? There, `groundnut-relay account "
				  "renew %s` prints a line with its present pin",
				  c->account);
	case ERR_CERTIFICATE:
		return mem_printf("it must be signed by %s and name %s; or the file has the pin "
				  "that `groundnut-relay account renew %s` prints",
				  c->ca_file ? c->ca_file : "one of the system's CAs",
				  c->relay.host, c->account);
	case UV_ECONNREFUSED:
		return mem_printf("is groundnut-relay running there? On the VPS: "
				  "`systemctl status groundnut-relay`");
	case ERR_TIMEOUT:
	case UV_ETIMEDOUT:
	case UV_EHOSTUNREACH:
	case UV_ENETUNREACH:
		return mem_printf("the VPS may be down, or its firewall (or its provider's) keeps "
				  "port %u/tcp closed",
				  c->relay.first);
	case ERR_TLS:
	case ERR_CLOSED:
	case ERR_RESET:
	case UV_ECONNRESET:
	case ERR_PROTOCOL:
		return mem_printf("is port %u another service's? relay.json's \"listen\" names the "
				  "relay's",
				  c->relay.first);
	case UV_EAI_NONAME:
	case UV_EAI_NODATA:
		return mem_printf("is %s spelled right, and does it lead to the VPS?",
				  c->relay.host);
	case UV_EAI_AGAIN:
	case UV_EAI_FAIL:
		return mem_strdup("can this machine look up any name? /etc/resolv.conf names its "
				  "name servers");
	default:
		return mem_strdup("the relay's log on the VPS may tell more");
	}
}

static void failed(struct join_probe *t, int err, const char *detail)
{
	const struct agent_config *c = t->config;
	char *advice = cure(c, err);
	end(t, err,
	    mem_printf("%s: %s%s%s; %s", c->relay_text, err_text(err), *detail ? ": " : "", detail,
		       advice));
	mem_free(advice);
}

static void refused(struct join_probe *t, const struct refuse *r)
{
	const struct agent_config *c = t->config;
	char *advice =
	    r->code == REFUSE_TOKEN && !c->invite
		? mem_printf("; on the VPS, `groundnut-relay account renew %s` prints a new line",
			     c->account)
		: mem_strdup("");
	t->refused =
	    r->code == REFUSE_TOKEN || r->code == REFUSE_REMOVED || r->code == REFUSE_AGENT_REMOVED;
	end(t, ERR_REFUSED,
	    mem_printf("%s answers, but refuses: %s%s", c->relay_text, r->reason, advice));
	mem_free(advice);
}

static void on_io(void *owner, enum io_event event)
{
	struct join_probe *t = owner;
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
		    mem_printf("%s answers, its key is the expected one, and it takes the %s of "
			       "account %s",
			       t->config->relay_text, t->config->invite ? "invitation" : "token",
			       t->config->account));
	else if (got > 0 && f.kind == FRAME_REFUSE && refuse_read(json, f.len, &r) == 0)
		refused(t, &r);
	else
		failed(t, got < 0 ? got : ERR_PROTOCOL, "");
}

static void on_connection(void *owner, struct relay_attempt *a, struct io *io, int err,
			  const char *detail)
{
	struct join_probe *t = owner;
	(void)a;
	t->attempt = NULL;
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
	snprintf(h.invite, sizeof h.invite, "%s", t->config->invite ? t->config->invite : "");
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

static void on_accepted(void *owner, struct relay_attempt *a)
{
	struct join_probe *t = owner;
	(void)a;
	t->accepted = true;
}

/* Lookup and TCP have a limit of their own: what is missing here is TLS or the relay's answer. */
static void on_timer(void *owner)
{
	struct join_probe *t = owner;
	bool enough = t->enough && atomic_load(t->enough);
	if (!enough && (!t->accepted || loop_now_ms(t->loop) < t->until_ms))
		return;
	if (t->attempt) {
		failed(t, ERR_TLS, err_text(ERR_TIMEOUT));
		return;
	}
	end(t, ERR_TIMEOUT,
	    mem_printf("%s is the relay, but does not answer in time; its log on the VPS may tell "
		       "more",
		       t->config->relay_text));
}

int join_probe_run(const struct agent_config *c, unsigned timeout_ms, const atomic_bool *enough,
		   enum join_probe_step *failed, char **said)
{
	struct join_probe t = {.config = c, .loop = loop_new("join"), .enough = enough};
	char *why = NULL;
	struct tls_context *tls =
	    tls_context_client_new(c->pin, c->ca_file, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	t.timer = timer_new(t.loop, on_timer, &t);
	t.until_ms = loop_now_ms(t.loop) + timeout_ms;
	if (tls) {
		t.attempt =
		    relay_attempt_start(t.loop, &c->relay, tls, NULL, 0, 0, on_connection, &t);
		relay_attempt_on_accepted(t.attempt, on_accepted);
	} else {
		end(&t, ERR_CONFIG, why);
	}
	if (t.timer)
		timer_set_every(t.timer, LOOK_MS);
	loop_run(t.loop);
	loop_free(t.loop);
	buf_fini(&t.in);
	tls_context_unref(tls);
	*said = t.said;
	if (failed)
		*failed = t.step;
	return t.err;
}
