/*
 * A peer is accepted, does TLS, and sends HELLO; when its token fits, it goes to
 * agent_registry_hello(). A peer whose handshake has not begun after QUEUE_MS ends: so many are
 * before it that it would time out in the middle, and with it all behind it. Its agent comes again.
 *
 * A peer ends by its own end or error, the timeout, bytes that are no HELLO, a token that does not
 * fit (REFUSE), or because others need its place. The first few in a minute get a log line each,
 * and the others are counted.
 *
 * unauthenticated_peers.h says how many there may be, and which one ends when one more comes. When
 * descriptors are short, only few strangers may stay.
 */
#include "relay/agents/agent_listener.h"

#include "relay/accounts/agent_credentials.h"
#include "relay/agents/unauthenticated_peers.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/net/failure_log.h"
#include "shared/net/first_frame.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	SOURCES = 4096,
	RETRY_TOKEN_MS = 30000,
	RETRY_VERSION_MS = 60000,
	RETRY_BUSY_MS = 30000,
	QUEUE_MS = FIRST_FRAME_TIMEOUT_MS / 2,
	LINGER_MS = 1000, /* for a refused peer to read why */
	YOUNG_MS = 1000,
	/* a valid token also pays for the connections that its agent dialled beside the one it
	 * used, and for some of its neighbours */
	FORGIVEN = 16,
};

struct peer {
	struct newcomer newcomer; /* first */
	struct list beside;       /* those of its source, oldest first */
	struct agent_listener *listener;
	struct io *io;
	struct buf in;
	struct timer *timer;
	struct addr source;
	struct exchange *exchange; /* of its invitation, under way; or NULL */
	/* REFUSE, or WELCOME to a probe, is on its way; only its end is awaited */
	bool answered;
	bool in_time; /* it has not waited in the queue for QUEUE_MS */
};

struct agent_listener {
	struct context *context;
	struct agent_registry *agents;
	struct tls_context *tls;
	struct unauthenticated_peers *newcomers; /* peers */
	/* Descriptors from that number on are kept for links: when they are in use, that many
	 * strangers may stay. */
	unsigned kept_from, strangers_then;
	struct rate_limiter *failures, *held;
	struct failure_log *log;
};

/* An invitation becomes a credential, in accounts.json. */
struct exchange {
	struct peer *peer; /* NULL: it has gone meanwhile */
	struct context *context;
	struct relay_config *config; /* a reference */
	struct hello hello;
	size_t payload; /* of its frame, which is still in peer.in */
	enum agent_credentials_result result;
};

static void drop(struct peer *p)
{
	if (p->exchange)
		p->exchange->peer = NULL;
	unauthenticated_peers_leave(p->listener->newcomers, &p->newcomer);
	list_remove(&p->beside);
	rate_limiter_release(p->listener->held, &p->source);
	timer_close(p->timer);
	io_close(p->io);
	buf_fini(&p->in);
	mem_free(p);
}

static void tell_failed(struct peer *p, const char *why)
{
	char at[ADDR_TEXT];
	if (failure_log_count(p->listener->log, "peer_failed", &p->source, why))
		log_info("peer_failed", "remote=%s why=%s", addr_text(io_peer(p->io), at), why);
}

/* A handshake has brought no valid token. */
static void fail(struct peer *p, const char *why)
{
	struct loop *l = p->listener->context->main;
	rate_limiter_count(p->listener->failures, &p->source, loop_now_ms(l));
	tell_failed(p, why);
}

static const char *words_for(const struct peer *p, int err)
{
	const char *detail = io_error_detail(p->io);
	return *detail ? detail : err_text(err);
}

/* Sends the last frame to a peer. From then on only its end is awaited. */
static void say_last(struct peer *p, struct buf *frame)
{
	io_write(p->io, buf_data(frame), buf_len(frame));
	buf_fini(frame);
	io_shutdown(p->io);
	p->answered = true;
	timer_set(p->timer, LINGER_MS);
}

static void refuse(struct peer *p, enum refuse_code code, const char *reason, uint32_t retry_ms)
{
	struct buf frame = BUF_INIT;
	refuse_put(code, reason, retry_ms, &frame);
	say_last(p, &frame);
}

static void welcome_probe(struct peer *p)
{
	struct welcome w = {
	    .version = HELLO_VERSION,
	    .grace_s = p->listener->context->config->grace_s,
	    .can = CAPABILITIES_OURS,
	    .time_ms = loop_wall_ms(),
	};
	snprintf(w.program, sizeof w.program, "groundnut-relay %s", GROUNDNUT_VERSION);
	addr_ip_text(io_peer(p->io), w.address);
	struct buf frame = BUF_INIT;
	welcome_write(&w, &frame);
	say_last(p, &frame);
}

/* --- HELLO --- */

static void attach(struct peer *p, const struct hello *h, size_t payload)
{
	struct agent_listener *d = p->listener;
	if (!agent_registry_has_room(d->agents, h->account, h->agent)) {
		refuse(p, REFUSE_BUSY,
		       "the account has all the agents that it may have (agents_per_account in the "
		       "relay's limits)",
		       RETRY_BUSY_MS);
		return;
	}
	rate_limiter_forgive(d->failures, &p->source, FORGIVEN, loop_now_ms(d->context->main));
	buf_take(&p->in, FRAME_HEADER + payload);
	struct addr from = *io_peer(p->io);
	struct io_parcel *parcel = io_pack(p->io);
	p->io = NULL;
	agent_registry_hello(d->agents, parcel, &from, h, &p->in);
	drop(p);
}

static void refuse_token(struct peer *p, const struct hello *h, enum accounts_verdict v)
{
	char why[128], reason[HELLO_TEXT];
	snprintf(why, sizeof why, "account %s and the token do not fit", h->account);
	snprintf(reason, sizeof reason, "%s", refuse_code_reason(REFUSE_TOKEN));
	if (v == ACCOUNTS_INVITATION_OVER)
		snprintf(reason, sizeof reason,
			 "the invitation was used already, or its time is over: `groundnut-relay "
			 "account invite %s` prints a new line",
			 h->account);
	else if (v == ACCOUNTS_OTHER_AGENT)
		snprintf(
		    reason, sizeof reason,
		    "what this machine was given is for an agent of another name than %s, which "
		    "belongs into \"agent\" of its agent.json",
		    h->agent);
	fail(p, v == ACCOUNTS_REFUSED ? why : reason);
	event_hub_wrong(p->listener->context->events, &p->source, "tokens of agents");
	refuse(p, REFUSE_TOKEN, reason, RETRY_TOKEN_MS);
}

static void refuse_exchange(struct peer *p, const struct exchange *e)
{
	char reason[2 * HELLO_TEXT]; /* it is cut */
	switch (e->result) {
	case AGENT_CREDENTIALS_DONE: /* and yet it is not admitted: removed at once */
	case AGENT_CREDENTIALS_OVER:
		refuse_token(p, &e->hello, ACCOUNTS_INVITATION_OVER);
		break;
	case AGENT_CREDENTIALS_NAME_TAKEN:
		snprintf(reason, sizeof reason,
			 "another agent %s of this account has a credential of its own: choose "
			 "another \"agent\" in agent.json, or `groundnut-relay agent remove %s/%s`",
			 e->hello.agent, e->hello.account, e->hello.agent);
		fail(p, reason);
		refuse(p, REFUSE_NAME_IN_USE, reason, RETRY_TOKEN_MS);
		break;
	case AGENT_CREDENTIALS_FAILED:
		refuse(p, REFUSE_BUSY, "the relay cannot write its accounts.json; its log says why",
		       RETRY_BUSY_MS);
		break;
	}
}

static struct accounts_claim claim_of(const struct hello *h)
{
	return (struct accounts_claim){.account = h->account,
				       .agent = h->agent,
				       .token = h->token,
				       .invite = h->invite,
				       .now_s = loop_wall_ms() / 1000};
}

static void answer_hello(struct peer *p, const struct hello *h, size_t payload,
			 const struct exchange *done);

static void write_credential(void *arg)
{
	struct exchange *e = arg;
	const struct accounts_claim claim = claim_of(&e->hello);
	e->result = agent_credentials_take(e->config, &claim, !e->hello.probe);
}

static void on_credential(void *arg)
{
	struct exchange *e = arg;
	struct peer *p = e->peer;
	struct context *c = e->context;
	log_info("invitation", "account=%s agent=%s result=%s", e->hello.account, e->hello.agent,
		 e->result == AGENT_CREDENTIALS_DONE ? "taken" : "refused");
	if (e->result == AGENT_CREDENTIALS_DONE && c->accounts_edited)
		c->accounts_edited(c->accounts_edited_owner);
	if (p) {
		p->exchange = NULL;
		io_watch(p->io, IO_WATCH_READ);
		answer_hello(p, &e->hello, e->payload, e);
	}
	relay_config_unref(e->config);
	mem_wipe(&e->hello, sizeof e->hello);
	mem_free(e);
}

static void begin_exchange(struct peer *p, const struct hello *h, size_t payload)
{
	struct exchange *e = mem_zalloc(sizeof *e);
	e->peer = p;
	e->context = p->listener->context;
	e->config = relay_config_ref(e->context->config);
	e->hello = *h;
	e->payload = payload;
	p->exchange = e;
	io_watch(p->io, 0);
	loop_edit(e->context->main, write_credential, on_credential, e);
}

/* done: an exchange that was for this HELLO, or NULL. */
static void answer_hello(struct peer *p, const struct hello *h, size_t payload,
			 const struct exchange *done)
{
	const struct accounts_claim claim = claim_of(h);
	enum accounts_verdict v =
	    accounts_admit(agent_registry_accounts(p->listener->agents), &claim);
	bool admitted = v == ACCOUNTS_ADMITTED || (v == ACCOUNTS_NEW && h->probe);
	if (!admitted && v != ACCOUNTS_NEW && v != ACCOUNTS_INVITED)
		refuse_token(p, h, v);
	else if (!admitted && done)
		refuse_exchange(p, done);
	else if (!admitted)
		begin_exchange(p, h, payload);
	else if (h->probe)
		welcome_probe(p);
	else
		attach(p, h, payload);
}

static void take_hello(struct peer *p, size_t payload)
{
	struct hello h;
	char reason[HELLO_TEXT];
	if (hello_read(buf_data(&p->in) + FRAME_HEADER, payload, &h) < 0) {
		fail(p, "its HELLO is not well formed");
		drop(p);
	} else if (h.version != HELLO_VERSION) {
		snprintf(reason, sizeof reason,
			 "this relay speaks version %d of the protocol, the agent version %u",
			 HELLO_VERSION, h.version);
		fail(p, reason);
		refuse(p, REFUSE_VERSION, reason, RETRY_VERSION_MS);
	} else {
		answer_hello(p, &h, payload, NULL);
	}
	mem_wipe(&h, sizeof h);
}

static void on_peer(void *owner, enum io_event event)
{
	struct peer *p = owner;
	if (event == IO_UP) {
		io_watch(p->io, IO_WATCH_READ);
		return;
	}
	if (event == IO_ERROR) {
		if (!p->answered)
			fail(p, words_for(p, io_error(p->io)));
		drop(p);
		return;
	}
	if (p->exchange)
		return;
	if (p->answered) {
		uint8_t rest[256];
		ssize_t n = io_read(p->io, rest, sizeof rest);
		if (n == 0 || (n < 0 && n != UV_EAGAIN))
			drop(p);
		return;
	}
	struct frame f;
	int got = first_frame_read(p->io, &p->in, &f);
	if (got == 0)
		return;
	if (got < 0 || f.kind != FRAME_HELLO) {
		fail(p, got < 0 ? words_for(p, got) : "something else came instead of HELLO");
		drop(p);
		return;
	}
	take_hello(p, f.len);
}

static void on_timeout(void *owner)
{
	struct peer *p = owner;
	if (!p->answered && io_is_queued(p->io)) {
		tell_failed(p, "so many came before it that it would not be ready in time");
	} else if (!p->answered && !p->in_time) {
		p->in_time = true;
		timer_set(p->timer, FIRST_FRAME_TIMEOUT_MS - QUEUE_MS);
		return;
	} else if (!p->answered) {
		fail(p, "it said no HELLO in time");
	}
	drop(p);
}

static void evict(struct peer *p)
{
	if (!p->answered)
		fail(p, "too many newcomers: the oldest goes");
	drop(p);
}

static bool has_spoken(const struct newcomer *n)
{
	return socket_info(io_fd(((const struct peer *)n)->io)).bytes_received;
}

/* Makes room for one more of source, and counts it; false: there is none. */
static bool make_room(struct agent_listener *d, const struct addr *source, bool known, uint64_t now)
{
	struct newcomer *goes;
	enum unauthenticated_peers_answer answer =
	    unauthenticated_peers_ask(d->newcomers, source, known, now, &goes);
	if (answer == UNAUTHENTICATED_PEERS_NONE)
		return false;
	if (answer == UNAUTHENTICATED_PEERS_INSTEAD)
		evict((struct peer *)goes);
	if (rate_limiter_held(d->held, source) >= AGENT_LISTENER_PEERS_EACH) {
		struct list *beside = rate_limiter_holders(d->held, source);
		struct peer *oldest = LIST_ENTRY(beside->next, struct peer, beside);
		if (now >= oldest->newcomer.since_ms + YOUNG_MS)
			evict(oldest);
	}
	return rate_limiter_hold(d->held, source, AGENT_LISTENER_PEERS_BURST, now);
}

static void tell_turned_away(struct agent_listener *d, const struct addr *peer)
{
	static const char why[] = "too many of its handshakes brought no valid token";
	char at[ADDR_TEXT];
	if (failure_log_count(d->log, "turned_away", peer, why))
		log_warn("turned_away", "remote=%s why=%s", addr_ip_text(peer, at), why);
}

void agent_listener_take(struct agent_listener *d, struct io *io)
{
	struct loop *l = d->context->main;
	uint64_t now = loop_now_ms(l);
	struct addr source = addr_source(io_peer(io));
	if (rate_limiter_is_over(d->failures, &source, now)) {
		tell_turned_away(d, io_peer(io));
		io_close(io);
		return;
	}
	bool known = agent_registry_knows(d->agents, &source);
	if (!make_room(d, &source, known, now)) {
		io_close(io);
		return;
	}
	struct peer *p = mem_zalloc(sizeof *p);
	p->listener = d;
	p->io = io;
	p->source = source;
	p->timer = timer_new(l, on_timeout, p);
	timer_set(p->timer, QUEUE_MS);
	unauthenticated_peers_join(d->newcomers, &p->newcomer, &source, known, now);
	list_append(rate_limiter_holders(d->held, &source), &p->beside);
	congestion_control_set(io_fd(io), d->context->config->congestion_used);
	io_own(io, on_peer, p);
	io_tls_accept(io, d->tls);
}

void agent_listener_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct agent_listener *d = owner;
	uint64_t now = loop_now_ms(d->context->main);
	while ((unsigned)fd >= d->kept_from &&
	       unauthenticated_peers_strangers(d->newcomers) > d->strangers_then)
		evict((struct peer *)unauthenticated_peers_stranger(d->newcomers, now));
	agent_listener_take(d, io_take(d->context->main, fd, peer, local, NULL, NULL));
}

struct agent_listener *agent_listener_new(struct context *c, struct agent_registry *agents,
					  struct tls_context *tls)
{
	struct agent_listener *d = mem_zalloc(sizeof *d);
	d->context = c;
	d->agents = agents;
	d->tls = tls_context_ref(tls);
	d->newcomers = unauthenticated_peers_new(has_spoken);
	d->kept_from = file_limit_for_visitors();
	d->strangers_then = file_limit_for_links() / 4;
	d->failures =
	    rate_limiter_new(SOURCES, c->config->limits.failed_handshakes_per_second_per_address,
			     AGENT_LISTENER_FAILED_BURST);
	d->held = rate_limiter_new(SOURCES, 0, 0);
	d->log = failure_log_new(c->main);
	return d;
}

void agent_listener_reload(struct agent_listener *d, struct tls_context *tls)
{
	tls_context_unref(d->tls);
	d->tls = tls_context_ref(tls);
	rate_limiter_change(d->failures,
			    d->context->config->limits.failed_handshakes_per_second_per_address,
			    AGENT_LISTENER_FAILED_BURST);
}

void agent_listener_free(struct agent_listener *d)
{
	if (!d)
		return;
	for (struct newcomer *n; (n = unauthenticated_peers_any(d->newcomers));)
		drop((struct peer *)n);
	unauthenticated_peers_free(d->newcomers);
	rate_limiter_free(d->failures);
	rate_limiter_free(d->held);
	failure_log_close(d->log);
	tls_context_unref(d->tls);
	mem_free(d);
}
