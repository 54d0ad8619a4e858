/*
 * Happy path: the retry timer fires → a connection is dialled (TCP, TLS) → HELLO → WELCOME → the
 * transport is attached and stays attached.
 *
 *	no link      A connection is begun about every second, at most three at once. When the
 *	             relay accepts one, the others are given up, and no further one is begun while
 *	             the relay is busy with it. One that it accepts and then ends, slows the
 *	             dialling down: the relay has more newcomers than it can take.
 *	suspect      Connections are dialled beside the old link, and nothing is said on them. Life
 *	             on the old link, or a connection that is up, decides; whichever comes first.
 *	             When a connection is up, the old link is closed for good, so that what it has
 *	             brought is final. Only then HELLO is said.
 *	pending      HELLO has been said. WELCOME resumed: the transport goes on. WELCOME new: the
 *	             old session is over and its streams are reset. REFUSE: wait as told. Anything
 *	             else: HELLO again, with an epoch one higher. A resume that is not answered
 *	             soon, though the relay is not just busy, gets further connections beside it.
 *	worn         The link is idle, has lost packets, and its congestion control (any but bbr)
 *	             will stay slow for it. A connection is dialled beside it, at most one a
 *	             minute; when it is up and the session still idle, the session moves to it.
 *	grace over   No link for grace_s since the last byte was heard: the session is given up.
 *	             The relay does the same.
 */
#include "agent/relay_session.h"

#include "agent/path_tuning.h"
#include "agent/relay_attempt.h"
#include "agent/relay_dialer.h"
#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/link_summary.h"
#include "shared/net/first_frame.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	FIRST_JITTER_MS = 250,
	RETRY_MS = 1000,
	QUICK_MS = 120 * 1000,         /* for this long each second, then with back-off */
	REFUSED_QUICK_MS = 600 * 1000, /* the machine is up, the program is not: longer */
	TURNED_AWAY_MS = 8 * 1000,     /* at most, between two that the relay ends */
	WELCOME_TIMEOUT_MS = 10000,
	/* a resume that is not answered for this long gets another connection beside it */
	WELCOME_DOUBT_MS = 2000,
	STEADY_MS = 5000, /* a link that lived this long was a good one */
	/* links in a row that were not good before the dialling slows down */
	QUICK_TRIES = 3,
	SPARE_GAP_MS = 5000, /* between two spares, unless the last was used */
	RENEW_IDLE_MS = 500, /* nothing has moved for so long: idle enough for a fresh link */
	RENEW_GAP_MS = 60 * 1000,
	TICK_MS = 1000,
	SLEPT_MS = 2000,
	REPLACED_WAIT_MS = 60 * 1000,
	SEND_BUDGET = 16 * 1024 * 1024,
	RECEIVE_BUDGET = 16 * 1024 * 1024,
	STREAMS_MOST = 65536,
};

struct relay_session {
	struct loop *loop;
	const struct agent_config *config;
	struct tls_context *tls;
	char congestion[CONGESTION_CONTROL_NAME]; /* of links; "": as the system has it */
	relay_session_fn *fn;
	tunnel_fn *news;
	void *owner;
	enum relay_session_state state;

	struct session_pool pool;
	struct transport *transport; /* never NULL before relay_session_free */
	bool has_session;            /* the relay knows it: session, epoch */
	uint8_t session[SESSION_ID];
	uint64_t epoch, instance;
	uint32_t grace_ms;
	char address[ADDR_TEXT];
	struct capabilities can; /* the relay, by its last WELCOME */
	bool knows_clock;        /* the relay has told its clock … */
	int64_t clock_off_ms;    /* … which was so far ahead of this machine's */

	struct relay_dialer *dialer;
	struct timer *retry; /* dials the next connection */
	struct backoff backoff;
	struct backoff turned_away; /* connections in a row that the relay ended before HELLO */
	uint64_t down_ms;           /* since when a link is missed */
	uint64_t hold_ms;           /* the relay said not to come before */
	int last_failure;
	unsigned bad_links; /* links in a row that failed at HELLO or soon after */

	struct io *pending;  /* HELLO has been said on it … */
	uint64_t pending_ms; /* … then */
	struct buf in;
	struct timer *welcome_timer;

	bool renewing;       /* a connection is dialled beside a worn link */
	uint64_t renewed_ms; /* when that was last begun; 0: never */

	struct timer *tick;
	/* how far the clock that counts sleep is ahead of the loop's */
	uint64_t boot_skew_ms;
	/* when a spare was last closed unused; 0: the last one was used */
	uint64_t spare_ms;
	uint64_t network_changed_ms; /* when this machine's network last changed; 0: never */
	uint64_t attached_ms;
	bool refused;     /* … by the link that is up: its end has begun */
	uint64_t lost_ms; /* last byte heard before this outage */
	uint64_t resumed;

	struct path_tuning silence;
	struct link_summary summary;
	char last_error[512];
	bool stopped;
};

static void say_hello(struct relay_session *u, struct io *io);
static void close_pending(struct relay_session *u);
static void link_missing(struct relay_session *u);
static void retry_after(struct relay_session *u, uint64_t ms);

const char *relay_session_state_text(enum relay_session_state s)
{
	static const char *const texts[] = {"connecting", "attached", "detached"};
	return texts[s];
}

static void set_state(struct relay_session *u, enum relay_session_state state)
{
	if (state != u->state)
		log_debug("session_state", "from=%s to=%s", relay_session_state_text(u->state),
			  relay_session_state_text(state));
	u->state = state;
}

/* --- sessions --- */

static void on_transport(void *owner, enum transport_event event);

static void new_transport(struct relay_session *u)
{
	struct tunnel_config c = {
	    .first_id = 1,
	    .accepts = STREAMS_MOST,
	    .send_budget = SEND_BUDGET,
	    .receive_budget = RECEIVE_BUDGET,
	    .pool = &u->pool,
	};
	u->transport =
	    transport_new(u->loop, &c, &KEEPALIVE_AGENT, on_transport, u, u->news, u->owner);
	transport_set_silence(u->transport, u->silence.silence_ms);
}

static void give_up_session(struct relay_session *u, const char *why)
{
	if (u->has_session)
		log_warn("session_over", "why=%s", why);
	/* Of one that the relay has refused the link is lost, and no session waits. */
	if (u->has_session || u->summary.is_lost)
		link_summary_over(&u->summary, loop_wall_ms(), why);
	u->has_session = false;
	u->epoch = 0;
	set_state(u, RELAY_SESSION_CONNECTING);
	u->fn(u->owner, RELAY_SESSION_ENDING);
	transport_free(u->transport);
	new_transport(u);
}

/* --- dialling --- */

static bool wants_link(const struct relay_session *u)
{
	if (u->stopped)
		return false;
	if (u->pending)
		/* While it resumes: a relay that is there answers at once, otherwise the path is
		 * dead again. */
		return u->has_session;
	return !transport_is_attached(u->transport) ||
	       transport_keepalive(u->transport)->is_suspect;
}

static bool is_idle(const struct relay_session *u)
{
	return u->state == RELAY_SESSION_ATTACHED && !u->pending && !wants_link(u) &&
	       loop_now_ms(u->loop) >=
		   tunnel_last_moved_ms(transport_tunnel(u->transport)) + RENEW_IDLE_MS;
}

static bool is_worn(const struct relay_session *u)
{
	int fd = io_fd(transport_io(u->transport));
	return !congestion_control_is_bbr(fd) && socket_info(fd).has_lost;
}

static void stop_dialling(struct relay_session *u)
{
	u->renewing = false;
	relay_dialer_close(u->dialer);
	timer_stop(u->retry);
}

static void note_error(struct relay_session *u, const char *text)
{
	if (strcmp(u->last_error, text)) {
		snprintf(u->last_error, sizeof u->last_error, "%s", text);
		log_warn("relay_unreachable", "relay=%s why=%s", u->config->relay_text, text);
		u->fn(u->owner, RELAY_SESSION_ERROR);
	}
}

static void note_failure(struct relay_session *u, int err, const char *detail)
{
	char text[sizeof u->last_error];
	u->last_failure = err;
	if (err == ERR_TLS && detail && strstr(detail, "no application protocol"))
		snprintf(
		    text, sizeof text,
		    "%s: the relay does not speak %s: it is too old, too new, or something else",
		    u->config->relay_text, TLS_CONTEXT_ALPN_TUNNEL);
	else
		snprintf(text, sizeof text, "%s: %s%s%s", u->config->relay_text, err_text(err),
			 detail && *detail ? ": " : "", detail ? detail : "");
	if (!transport_is_attached(u->transport))
		note_error(u, text);
}

static void note_loss(struct relay_session *u, int why)
{
	uint64_t silent = loop_now_ms(u->loop) - u->lost_ms;
	link_summary_lost(&u->summary, loop_wall_ms() - silent, err_text(why));
}

static void on_connection(void *owner, struct io *io, int err, const char *detail)
{
	struct relay_session *u = owner;
	bool renews = u->renewing && is_idle(u);
	u->renewing = false;
	if (!io) {
		note_failure(u, err, detail);
		if (relay_dialer_was_accepted(u->dialer))
			retry_after(u, backoff_next(&u->turned_away, RETRY_MS / 2, random_u32()));
		return;
	}
	backoff_reset(&u->turned_away);
	if (!wants_link(u) && !renews) {
		io_close(io);
		return;
	}
	if (transport_is_attached(u->transport)) {
		u->lost_ms =
		    renews ? loop_now_ms(u->loop) : transport_keepalive(u->transport)->heard_ms;
		u->spare_ms = 0;
		if (renews)
			link_missing(u);
		else
			note_loss(u, ERR_TIMEOUT);
		/* closed for good, so that what it has brought is final */
		transport_detach(u->transport);
		set_state(u, RELAY_SESSION_DETACHED);
		u->fn(u->owner, RELAY_SESSION_STATE);
	}
	close_pending(u);
	say_hello(u, io);
}

static void dial_once(struct relay_session *u, bool must)
{
	relay_dialer_start(u->dialer, &u->config->relay, u->tls, u->silence.maxseg, must);
}

static void renew(struct relay_session *u)
{
	uint64_t now = loop_now_ms(u->loop);
	if (!is_idle(u) || (u->renewed_ms && now < u->renewed_ms + RENEW_GAP_MS) || !is_worn(u))
		return;
	log_info("link_worn", NULL);
	u->renewing = true;
	u->renewed_ms = now;
	dial_once(u, false);
}

static uint64_t next_try_ms(struct relay_session *u)
{
	uint64_t since = loop_now_ms(u->loop) - u->down_ms;
	bool refused = u->last_failure == UV_ECONNREFUSED;
	if (since < (refused ? REFUSED_QUICK_MS : QUICK_MS))
		return RETRY_MS / 2 + random_below(RETRY_MS);
	return backoff_next(&u->backoff, RETRY_MS, random_u32());
}

/* HELLO is at the relay, which is busy. */
static bool is_answer_due(const struct relay_session *u)
{
	return u->pending &&
	       relay_attempt_waits_in_queue(io_fd(u->pending), u->pending_ms, loop_now_ms(u->loop));
}

static void on_retry(void *owner)
{
	struct relay_session *u = owner;
	if (!wants_link(u))
		return;
	if (!is_answer_due(u))
		dial_once(u, false);
	timer_set(u->retry, next_try_ms(u));
}

static void retry_after(struct relay_session *u, uint64_t ms)
{
	uint64_t now = loop_now_ms(u->loop);
	if (now + ms < u->hold_ms)
		ms = u->hold_ms - now;
	if (wants_link(u))
		timer_set(u->retry, ms);
}

/* From now on no link is up. */
static void link_missing(struct relay_session *u)
{
	u->down_ms = loop_now_ms(u->loop);
	u->last_failure = 0;
	backoff_reset(&u->backoff);
}

/* The relay named a time to wait. Only a changed file shortens it. */
static void hold(struct relay_session *u, uint64_t ms)
{
	u->hold_ms = loop_now_ms(u->loop) + ms;
	stop_dialling(u);
}

/* Slows the dialling down for a path or a relay that lets links come up and then fails them. */
static uint64_t delay_after_bad_link(struct relay_session *u)
{
	return u->bad_links++ < QUICK_TRIES ? random_below(FIRST_JITTER_MS) : next_try_ms(u);
}

/* --- HELLO and its answer --- */

static void close_pending(struct relay_session *u)
{
	io_close(u->pending);
	u->pending = NULL;
	buf_fini(&u->in);
	timer_stop(u->welcome_timer);
}

static void hello_failed(struct relay_session *u, int err)
{
	const char *detail = u->pending ? io_error_detail(u->pending) : "";
	char words[256];
	snprintf(words, sizeof words, "%s", detail);
	close_pending(u);
	note_failure(u, err, words);
	retry_after(u, delay_after_bad_link(u));
}

static void resumed(struct relay_session *u)
{
	const struct tunnel *t = transport_tunnel(u->transport);
	bool eased = path_tuning_resumed(&u->silence, loop_now_ms(u->loop), tunnel_progress(t),
					 tunnel_streams(t) > 0);
	transport_set_silence(u->transport, u->silence.silence_ms);
	if (eased)
		log_warn("patience", "suspect_after_ms=%u maxseg=%u", u->silence.silence_ms,
			 u->silence.maxseg);
}

static void attached(struct relay_session *u, const struct welcome *w)
{
	set_state(u, RELAY_SESSION_ATTACHED);
	u->attached_ms = loop_now_ms(u->loop);
	u->hold_ms = 0;
	u->refused = false;
	u->last_error[0] = 0;
	u->grace_ms = w->grace_s * 1000;
	u->knows_clock = capabilities_has(w->can, CAPABILITY_TIME) && w->time_ms;
	u->clock_off_ms = (int64_t)w->time_ms - (int64_t)loop_wall_ms();
	u->fn(u->owner, RELAY_SESSION_STATE);
}

static void welcomed(struct relay_session *u, const struct welcome *w)
{
	struct io *io = u->pending;
	struct buf early = u->in;
	u->in = (struct buf)BUF_INIT;
	u->pending = NULL;
	close_pending(u);
	stop_dialling(u);
	if (!w->resumed) {
		if (u->has_session)
			give_up_session(u, "the relay does not know it any more");
		u->has_session = true;
		memcpy(u->session, w->session, SESSION_ID);
		u->epoch = 0;
	}
	u->can = w->can;
	tunnel_use_reserve(transport_tunnel(u->transport),
			   capabilities_has(u->can, CAPABILITY_RESERVE));
	if (transport_attach(u->transport, io, w->resumed ? w->taken : 0, w->receive_budget,
			     buf_data(&early), buf_len(&early)) < 0) {
		buf_fini(&early);
		io_close(io);
		give_up_session(u, "the relay has other numbers");
		retry_after(u, RETRY_MS);
		return;
	}
	buf_fini(&early);
	relay_dialer_remember(u->dialer, io_peer(io));
	snprintf(u->address, sizeof u->address, "%s", w->address);
	char peer[ADDR_TEXT];
	addr_text(io_peer(io), peer);
	uint64_t now = loop_now_ms(u->loop);
	if (w->resumed) {
		u->resumed++;
		uint64_t again = tunnel_replay(transport_tunnel(u->transport));
		log_info("resumed",
			 "relay=%s after_ms=%" PRIu64 " sent_again=%" PRIu64 " address=%s", peer,
			 now - u->lost_ms, again, w->address);
		link_summary_resumed(&u->summary, loop_wall_ms(), now - u->lost_ms, again);
		resumed(u);
	} else {
		log_info("attached", "relay=%s program=%s address=%s grace_s=%u", peer, w->program,
			 w->address, w->grace_s);
		u->fn(u->owner, RELAY_SESSION_BEGINS);
	}
	attached(u, w);
}

/* The relay answered HELLO by REFUSE: when to try again, and whether the session goes on. */
static void refused(struct relay_session *u, const struct refuse *r)
{
	char text[sizeof u->last_error];
	snprintf(text, sizeof text, "%s: refused: %s", u->config->relay_text,
		 r->reason[0] ? r->reason : refuse_code_reason(r->code));
	note_error(u, text);
	uint64_t wait = r->retry_ms ? r->retry_ms : RETRY_MS;
	if (r->code == REFUSE_REPLACED && wait < REPLACED_WAIT_MS)
		wait = REPLACED_WAIT_MS;
	if (r->code == REFUSE_PROTOCOL || r->code == REFUSE_REPLACED)
		give_up_session(u, refuse_code_text(r->code));
	link_missing(u);
	hold(u, wait);
	retry_after(u, wait);
}

void relay_session_heard_refuse(struct relay_session *u, const void *json, size_t len)
{
	struct refuse r;
	if (u->refused || refuse_read(json, len, &r) < 0)
		return;
	u->refused = true;
	transport_break(u->transport, ERR_REFUSED);
	snprintf(u->last_error, sizeof u->last_error, "%s: refused: %s", u->config->relay_text,
		 r.reason);
	log_warn("refused", "code=%s why=%s", refuse_code_text(r.code), r.reason);
	if (r.code == REFUSE_PROTOCOL || r.code == REFUSE_REPLACED || r.code == REFUSE_REMOVED ||
	    r.code == REFUSE_TOKEN || r.code == REFUSE_AGENT_REMOVED)
		/* The relay has dropped the session. Ours ends with the link, which ends now. */
		u->has_session = false;
	hold(u, r.code == REFUSE_REPLACED && r.retry_ms < REPLACED_WAIT_MS ? REPLACED_WAIT_MS
									   : r.retry_ms);
}

static void on_pending(void *owner, enum io_event event)
{
	struct relay_session *u = owner;
	struct frame f;
	if (event == IO_ERROR) {
		hello_failed(u, io_error(u->pending));
		return;
	}
	if (event == IO_ROOM) {
		io_flush(u->pending);
		return;
	}
	int got = first_frame_read(u->pending, &u->in, &f);
	if (got == 0)
		return;
	struct welcome w;
	struct refuse r;
	const uint8_t *json = got > 0 ? buf_data(&u->in) + FRAME_HEADER : NULL;
	if (got > 0 && f.kind == FRAME_WELCOME && welcome_read(json, f.len, &w) == 0) {
		if (w.version != HELLO_VERSION || (w.resumed && !u->has_session)) {
			hello_failed(u, w.version != HELLO_VERSION ? ERR_VERSION : ERR_PROTOCOL);
			return;
		}
		buf_take(&u->in, FRAME_HEADER + f.len);
		welcomed(u, &w);
	} else if (got > 0 && f.kind == FRAME_REFUSE && refuse_read(json, f.len, &r) == 0) {
		close_pending(u);
		stop_dialling(u);
		refused(u, &r);
	} else {
		hello_failed(u, got < 0 ? got : ERR_PROTOCOL);
	}
}

static void on_welcome_timeout(void *owner)
{
	hello_failed(owner, ERR_TIMEOUT);
}

static void say_hello(struct relay_session *u, struct io *io)
{
	stop_dialling(u);
	const struct agent_config *c = u->config;
	struct hello h = {.version = HELLO_VERSION,
			  .instance = u->instance,
			  .receive_budget = RECEIVE_BUDGET,
			  .can = CAPABILITIES_OURS,
			  .resume = u->has_session};
	snprintf(h.program, sizeof h.program, "groundnut-agent %s", GROUNDNUT_VERSION);
	snprintf(h.account, sizeof h.account, "%s", c->account);
	snprintf(h.agent, sizeof h.agent, "%s", c->agent);
	snprintf(h.token, sizeof h.token, "%s", c->token);
	snprintf(h.invite, sizeof h.invite, "%s", c->invite ? c->invite : "");
	if (h.resume) {
		memcpy(h.session, u->session, SESSION_ID);
		h.epoch = ++u->epoch;
		h.taken = tunnel_taken(transport_tunnel(u->transport));
	}
	struct buf frame = BUF_INIT;
	hello_write(&h, &frame);
	congestion_control_set(io_fd(io), u->congestion);
	u->pending = io;
	u->pending_ms = loop_now_ms(u->loop);
	io_own(io, on_pending, u);
	ssize_t n = io_write(io, buf_data(&frame), buf_len(&frame));
	bool whole = n == (ssize_t)buf_len(&frame);
	mem_wipe(buf_data(&frame), buf_len(&frame));
	mem_wipe(h.token, sizeof h.token);
	buf_fini(&frame);
	if (!whole) {
		hello_failed(u, n < 0 ? (int)n : ERR_CLOSED);
		return;
	}
	io_watch(io, IO_WATCH_READ | (io_flush(io) == UV_EAGAIN ? IO_WATCH_WRITE : 0));
	timer_set(u->welcome_timer, WELCOME_TIMEOUT_MS);
	retry_after(u, WELCOME_DOUBT_MS);
}

/* --- the link that is up --- */

static void on_lost(struct relay_session *u)
{
	int why = transport_why(u->transport);
	set_state(u, RELAY_SESSION_DETACHED);
	uint64_t now = loop_now_ms(u->loop);
	u->lost_ms = transport_keepalive(u->transport)->heard_ms;
	log_warn("detached", "why=%s silent_ms=%" PRIu64, err_text(why), now - u->lost_ms);
	note_loss(u, why);
	if (!u->last_error[0])
		snprintf(u->last_error, sizeof u->last_error, "%s: %s", u->config->relay_text,
			 err_text(why));
	if (now >= u->attached_ms + STEADY_MS) {
		u->bad_links = 0;
		link_missing(u);
	}
	if (!u->has_session || why == ERR_SESSION)
		give_up_session(u, err_text(why));
	u->fn(u->owner, RELAY_SESSION_STATE);
	retry_after(u, why == ERR_SESSION ? RETRY_MS : delay_after_bad_link(u));
}

static void on_suspect(struct relay_session *u)
{
	uint64_t now = loop_now_ms(u->loop);
	log_info("suspect", "silent_ms=%" PRIu64 " rtt_ms=%u",
		 now - transport_keepalive(u->transport)->life_ms,
		 keepalive_rtt_ms(transport_keepalive(u->transport)));
	bool changed = u->network_changed_ms &&
		       /* then the path has changed and does not flap */
		       now < u->network_changed_ms + SPARE_GAP_MS;
	uint64_t allowed = u->spare_ms && !changed ? u->spare_ms + SPARE_GAP_MS : now;
	link_missing(u);
	retry_after(u, allowed > now ? allowed - now : 0);
}

static void on_transport(void *owner, enum transport_event event)
{
	struct relay_session *u = owner;
	switch (event) {
	case TRANSPORT_LOST:
	case TRANSPORT_OVER:
		on_lost(u);
		break;
	case TRANSPORT_SUSPECT:
		on_suspect(u);
		break;
	case TRANSPORT_ALIVE:
		log_info("alive", "rtt_ms=%u", keepalive_rtt_ms(transport_keepalive(u->transport)));
		if (relay_dialer_count(u->dialer))
			u->spare_ms = loop_now_ms(u->loop);
		stop_dialling(u);
		break;
	}
}

/* --- each second --- */

static uint64_t boot_skew(const struct relay_session *u)
{
	uint64_t boot = loop_boot_ms(), now = loop_now_ms(u->loop);
	return boot > now ? boot - now : 0;
}

/* The grace counts from the last byte heard, whether the link is gone or only silent. */
static bool is_over(const struct relay_session *u, uint64_t now)
{
	if (!u->has_session || u->pending)
		return false;
	if (transport_is_attached(u->transport))
		return transport_keepalive(u->transport)->is_suspect &&
		       now > transport_keepalive(u->transport)->heard_ms + u->grace_ms;
	return now > u->lost_ms + u->grace_ms;
}

static void on_tick(void *owner)
{
	struct relay_session *u = owner;
	timer_set(u->tick, TICK_MS);
	uint64_t now = loop_now_ms(u->loop), skew = boot_skew(u);
	bool slept = skew > u->boot_skew_ms + SLEPT_MS;
	u->boot_skew_ms = skew;
	if (slept) {
		log_info("slept", NULL);
		relay_session_doubt(u);
		relay_session_hurry(u);
	}
	if (is_over(u, now))
		give_up_session(u, "the grace is over");
	renew(u);
}

/* --- the owner's side --- */

static struct tls_context *tls_for(const struct agent_config *c, char **why)
{
	return tls_context_client_new(c->pin, c->ca_file, TLS_CONTEXT_ALPN_TUNNEL, false, why);
}

struct relay_session *relay_session_new(struct loop *l, const struct agent_config *c,
					relay_session_fn *fn, tunnel_fn *news, void *owner,
					char **why)
{
	struct tls_context *tls = tls_for(c, why);
	if (!tls)
		return NULL;
	struct relay_session *u = mem_zalloc(sizeof *u);
	u->loop = l;
	u->config = c;
	u->tls = tls;
	u->fn = fn;
	u->news = news;
	u->owner = owner;
	congestion_control_choose(c->congestion, u->congestion);
	u->backoff = (struct backoff){.base_ms = 2000, .max_ms = 60000};
	u->turned_away = (struct backoff){.base_ms = RETRY_MS, .max_ms = TURNED_AWAY_MS};
	u->silence = (struct path_tuning)PATH_TUNING_INIT(KEEPALIVE_AGENT.suspect_ms,
							  KEEPALIVE_SUSPECT_MOST_MS);
	u->dialer = relay_dialer_new(l, on_connection, u);
	random_bytes(&u->instance, sizeof u->instance);
	u->boot_skew_ms = boot_skew(u);
	u->retry = timer_new(l, on_retry, u);
	u->welcome_timer = timer_new(l, on_welcome_timeout, u);
	u->tick = timer_new(l, on_tick, u);
	timer_set(u->tick, TICK_MS);
	new_transport(u);
	link_missing(u);
	retry_after(u, 0);
	return u;
}

int relay_session_set_config(struct relay_session *u, const struct agent_config *c, char **why)
{
	struct tls_context *tls = tls_for(c, why);
	if (!tls)
		return ERR_CONFIG;
	tls_context_unref(u->tls);
	u->tls = tls;
	u->config = c;
	congestion_control_choose(c->congestion, u->congestion);
	if (transport_is_attached(u->transport))
		congestion_control_set(io_fd(transport_io(u->transport)), u->congestion);
	return 0;
}

void relay_session_restart(struct relay_session *u)
{
	transport_bye(u->transport, "reconfigured");
	close_pending(u);
	stop_dialling(u);
	relay_dialer_forget(u->dialer);
	u->hold_ms = 0;
	u->bad_links = 0;
	give_up_session(u, "relay, account or name changed");
	link_missing(u);
	retry_after(u, 0);
}

void relay_session_hurry(struct relay_session *u)
{
	uint64_t now = loop_now_ms(u->loop);
	if (!wants_link(u) || transport_is_attached(u->transport) || now < u->hold_ms)
		return; /* a spare has its own time */
	link_missing(u);
	dial_once(u, true);
	timer_set(u->retry, RETRY_MS);
}

void relay_session_doubt(struct relay_session *u)
{
	u->network_changed_ms = loop_now_ms(u->loop);
	transport_doubt(u->transport);
}

void relay_session_stop(struct relay_session *u)
{
	u->stopped = true;
	stop_dialling(u);
	close_pending(u);
	timer_stop(u->tick);
	transport_bye(u->transport, "stopping");
}

void relay_session_free(struct relay_session *u)
{
	if (!u)
		return;
	relay_dialer_free(u->dialer);
	close_pending(u);
	transport_free(u->transport);
	session_pool_fini(&u->pool);
	timer_close(u->retry);
	timer_close(u->welcome_timer);
	timer_close(u->tick);
	tls_context_unref(u->tls);
	link_summary_fini(&u->summary);
	mem_free(u);
}

struct transport *relay_session_transport(struct relay_session *u)
{
	return u->transport;
}

enum relay_session_state relay_session_state(const struct relay_session *u)
{
	return u->state;
}

uint64_t relay_session_resumed(const struct relay_session *u)
{
	return u->resumed;
}

const char *relay_session_last_error(const struct relay_session *u)
{
	return u->last_error;
}

const char *relay_session_address(const struct relay_session *u)
{
	return u->address;
}

bool relay_session_clock(const struct relay_session *u, int64_t *off_ms)
{
	*off_ms = u->clock_off_ms;
	return u->knows_clock;
}

const uint8_t *relay_session_id(const struct relay_session *u)
{
	return u->session;
}

struct capabilities relay_session_can(const struct relay_session *u)
{
	return u->can;
}

void relay_session_put_break(const struct relay_session *u, struct json *w)
{
	link_summary_put_break(&u->summary, u->summary.lost_ms + u->grace_ms, w);
}

char *relay_session_summary(const struct relay_session *u)
{
	uint64_t now = loop_now_ms(u->loop), silent = now - u->lost_ms,
		 left = u->grace_ms > silent ? u->grace_ms - silent : 0;
	if (!u->has_session)
		return link_summary_text(&u->summary, LINK_SUMMARY_NO_SESSION, 0, 0);
	if (!transport_is_attached(u->transport))
		return link_summary_text(&u->summary, LINK_SUMMARY_DETACHED, silent, left);
	return link_summary_text(&u->summary,
				 transport_keepalive(u->transport)->is_suspect
				     ? LINK_SUMMARY_SUSPECT
				     : LINK_SUMMARY_ATTACHED,
				 now - transport_keepalive(u->transport)->life_ms, 0);
}
