/*
 * What happens to a session:
 *
 *	HELLO for a new session            it begins: a transport, an id, WELCOME
 *	DECLARE                            doors are closed, kept or opened; STATE answers
 *	the link is lost                   detached: visitors and doors stay, and are not read, for
 *	                                   grace_s since the last byte
 *	HELLO resumes, with a newer epoch  the old link is dropped with all its unread bytes;
 *	                                   WELCOME says what was taken, and the session goes on
 *	BYE, the grace over, a violation   it ends: visitors get the bytes that have come for them,
 *	                                   then a reset; the doors rest, open
 */
#include "relay/agents/agent_session.h"

#include "relay/agents/pending_declare.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/link_summary.h"
#include "shared/base/text.h"
#include "shared/base/token_bucket.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { PEER_STREAMS = 64 }; /* agents open none yet; each is answered by a reset */

struct agent_session {
	struct door_owner *tenant; /* its transport and remote are set here */
	struct agent_mappings *mappings;
	agent_session_fn *over;
	void *owner;

	size_t budget; /* the transport's, each way */
	uint8_t id[SESSION_ID];
	uint64_t epoch;    /* of the link's HELLO; 0 before the first resume */
	uint64_t instance; /* of the agent's process */
	/* the agent said goodbye: its link's end is the session's */
	bool bye;
	struct timer *grace; /* runs while detached */

	bool has_declared;               /* in this session */
	struct buf waiting;              /* a DECLARE that came too soon … */
	unsigned waiting_count;          /* … and how many it stands for; 0: none waits */
	struct memory_budget waiting_in; /* what waiting counts in */
	struct timer *wait;
	struct pending_declare *pending;

	struct token_bucket probes;

	uint64_t since_ms; /* wall clock: in this state since */
	uint64_t resumed;  /* how often, over all the agent's sessions */
	struct link_summary summary;
};

static uint64_t grace_ms(const struct agent_session *s)
{
	return (uint64_t)s->tenant->worker->config->grace_s * 1000;
}

static uint64_t silent_ms(const struct agent_session *s)
{
	return loop_now_ms(s->tenant->worker->loop) -
	       transport_keepalive(s->tenant->transport)->heard_ms;
}

static void detached(struct agent_session *s, int why)
{
	s->since_ms = loop_wall_ms();
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	link_summary_lost(&s->summary, s->since_ms - silent, err_text(why));
	if (door_owner_may_log(s->tenant))
		log_warn("agent_detached",
			 "account=%s agent=%s why=%s silent_ms=%" PRIu64 " grace_s=%" PRIu64,
			 s->tenant->account, s->tenant->agent, err_text(why), silent, grace / 1000);
	door_owner_tell(s->tenant, EVENT_HOME_DETACHED, NULL, err_text(why), false);
	timer_set(s->grace, grace > silent ? grace - silent : 0);
}

static void end_itself(struct agent_session *s, const char *why)
{
	agent_session_end(s, why);
	s->over(s->owner);
}

static void on_grace(void *owner)
{
	end_itself(owner, "grace over");
}

static void on_transport(void *owner, enum transport_event event)
{
	struct agent_session *s = owner;
	if (event == TRANSPORT_LOST && s->bye)
		end_itself(s, "the agent said goodbye");
	else if (event == TRANSPORT_LOST)
		detached(s, transport_why(s->tenant->transport));
	else if (event == TRANSPORT_OVER)
		end_itself(s, "protocol violation inside the session");
}

static void drop_waiting(struct agent_session *s)
{
	timer_stop(s->wait);
	memory_budget_give(&s->waiting_in, buf_len(&s->waiting));
	buf_fini(&s->waiting);
	s->waiting_count = 0;
}

/* False: it is no DECLARE, and the session is to end. */
static bool take_declare(struct agent_session *s, const uint8_t *p, size_t len, unsigned count)
{
	const struct door_owner *t = s->tenant;
	struct declare d;
	char why[256];
	if (declare_read((const char *)p, len, &d, why) < 0) {
		if (door_owner_may_log(t))
			log_warn("bad_declare", "account=%s agent=%s why=%s", t->account, t->agent,
				 why);
		return false;
	}
	s->has_declared = true;
	agent_mappings_declare(s->mappings, &d);
	pending_declare_put(s->pending, &d, &t->remote, count);
	return true;
}

/* 0: a DECLARE may be taken now. The first of a session always may, or agents that come back
 * together would wait for each other. */
static uint64_t declare_wait_ms(struct agent_session *s)
{
	const struct worker *w = s->tenant->worker;
	return s->has_declared
		   ? account_usage_declare_wait_ms(s->tenant->usage,
						   w->config->limits.declares_per_second,
						   loop_now_ms(w->loop))
		   : 0;
}

static void on_wait(void *owner)
{
	struct agent_session *s = owner;
	uint64_t wait_ms = declare_wait_ms(s);
	if (wait_ms) {
		timer_set(s->wait, wait_ms);
		return;
	}
	struct buf text = s->waiting;
	unsigned count = s->waiting_count;
	memory_budget_give(&s->waiting_in, buf_len(&text));
	buf_init(&s->waiting);
	s->waiting_count = 0;
	bool good = take_declare(s, buf_data(&text), buf_len(&text), count);
	buf_fini(&text);
	if (good)
		return;
	agent_session_refuse(s, REFUSE_PROTOCOL, 0);
	end_itself(s, "protocol violation inside the session");
}

/* The newest wins: it replaces one that still waits for its time. */
static void declared(struct agent_session *s, const uint8_t *p, size_t len)
{
	uint64_t wait_ms = timer_is_set(s->wait) ? 1 : declare_wait_ms(s);
	if (!wait_ms) {
		if (!take_declare(s, p, len, 1))
			transport_break(s->tenant->transport, ERR_SESSION);
		return;
	}
	memory_budget_give(&s->waiting_in, buf_len(&s->waiting));
	buf_fini(&s->waiting);
	buf_put(&s->waiting, p, len);
	memory_budget_take(&s->waiting_in, len);
	s->waiting_count++;
	if (!timer_is_set(s->wait))
		timer_set(s->wait, wait_ms);
}

/* The session ends with what is malformed. */
static void bad_message(struct agent_session *s, const char *what, const char *why)
{
	if (door_owner_may_log(s->tenant))
		log_warn(what, "account=%s agent=%s why=%s", s->tenant->account, s->tenant->agent,
			 why);
	transport_break(s->tenant->transport, ERR_SESSION);
}

static void reported(struct agent_session *s, const uint8_t *p, size_t len)
{
	struct report r;
	char why[256];
	if (report_read((const char *)p, len, &r, why) < 0) {
		bad_message(s, "bad_report", why);
		return;
	}
	agent_mappings_report(s->mappings, &r);
	report_fini(&r);
}

/* One that cannot be answered, since too much waits for the link, is lost: the agent has a
 * clock. */
static void probed(struct agent_session *s, const uint8_t *p, size_t len)
{
	struct reachability_probe_ask ask;
	char why[256];
	if (reachability_probe_ask_read((const char *)p, len, &ask, why) < 0) {
		bad_message(s, "bad_probe", why);
		return;
	}
	struct reachability_probe_answer answer = {.number = ask.number};
	const char *error = "too many probes";
	uint8_t proof[REACHABILITY_PROBE_PROOF];
	reachability_probe_prove(s->id, ask.nonce, proof);
	if (token_bucket_try(&s->probes, 1, loop_now_ms(s->tenant->worker->loop)))
		answer.port = agent_mappings_arm(s->mappings, &ask, proof, &error);
	if (!answer.port)
		text_fit(error, answer.error, sizeof answer.error);
	struct buf json = BUF_INIT;
	reachability_probe_answer_write(&answer, &json);
	tunnel_say(transport_tunnel(s->tenant->transport), FRAME_PROBE, &json);
	transport_mark(s->tenant->transport);
	buf_fini(&json);
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct agent_session *s = owner;
	switch (news->event) {
	case TUNNEL_DECLARED:
		declared(s, news->p, news->len);
		break;
	case TUNNEL_REPORTED:
		reported(s, news->p, news->len);
		break;
	case TUNNEL_PROBED:
		probed(s, news->p, news->len);
		break;
	case TUNNEL_OPENED: /* agents open nothing yet */
		stream_reset(news->stream, RESET_NO_MAPPING);
		stream_close(news->stream);
		transport_mark(s->tenant->transport);
		break;
	case TUNNEL_BYE:
	case TUNNEL_REFUSED: /* the agent has given the session up */
		s->bye = true;
		break;
	case TUNNEL_STATED:
	case TUNNEL_PONGED: /* the transport keeps those */
		break;
	}
}

struct agent_session *agent_session_new(struct door_owner *t, struct agent_mappings *mappings,
					agent_session_fn *over, void *owner)
{
	struct agent_session *s = mem_zalloc(sizeof *s);
	s->tenant = t;
	s->mappings = mappings;
	s->over = over;
	s->owner = owner;
	s->grace = timer_new(t->worker->loop, on_grace, s);
	s->wait = timer_new(t->worker->loop, on_wait, s);
	s->waiting_in.account = &t->usage->receive;
	s->pending = pending_declare_new(t);
	buf_init(&s->waiting);
	return s;
}

void agent_session_free(struct agent_session *s)
{
	if (!s)
		return;
	timer_close(s->grace);
	timer_close(s->wait);
	pending_declare_unref(s->pending);
	link_summary_fini(&s->summary);
	mem_free(s);
}

enum agent_session_verdict agent_session_judge(const struct agent_session *s,
					       const struct hello *hello)
{
	bool live = door_owner_is_attached(s->tenant);
	if (!s->tenant->transport || !hello->resume ||
	    CRYPTO_memcmp(hello->session, s->id, SESSION_ID) != 0)
		return live && hello->instance != s->instance ? AGENT_SESSION_HELD
							      : AGENT_SESSION_NEW;
	bool fits = tunnel_fits(transport_tunnel(s->tenant->transport), hello->taken);
	if (hello->epoch <= s->epoch || (live && !fits))
		return AGENT_SESSION_STALE;
	return fits ? AGENT_SESSION_RESUMES : AGENT_SESSION_NEW;
}

static struct transport *new_transport(struct agent_session *s)
{
	s->budget = (size_t)s->tenant->worker->config->limits.session_memory_mib << 20;
	struct tunnel_config c = {
	    .first_id = 2,
	    .accepts = PEER_STREAMS,
	    .send_budget = s->budget,
	    .receive_budget = s->budget,
	    .send_account = &s->tenant->usage->send,
	    .receive_account = &s->tenant->usage->receive,
	    .pool = &s->tenant->worker->pool,
	};
	return transport_new(s->tenant->worker->loop, &c, &KEEPALIVE_RELAY, on_transport, s,
			     on_news, s);
}

/* From here on the link that p brings is the session's, and p is gone. Negative: the link was gone,
 * too. */
static int attach(struct agent_session *s, struct agent_admission *p, bool resumed)
{
	const struct relay_config *c = s->tenant->worker->config;
	struct welcome w = {
	    .version = HELLO_VERSION,
	    .resumed = resumed,
	    .taken = resumed ? tunnel_taken(transport_tunnel(s->tenant->transport)) : 0,
	    .grace_s = c->grace_s,
	    .receive_budget = s->budget,
	    .can = CAPABILITIES_OURS,
	    .time_ms = loop_wall_ms(),
	};
	snprintf(w.program, sizeof w.program, "groundnut-relay %s", GROUNDNUT_VERSION);
	memcpy(w.session, s->id, SESSION_ID);
	addr_ip_text(io_peer(p->io), w.address);
	s->tenant->remote = *io_peer(p->io);
	s->tenant->remote.port = 0;
	s->epoch = resumed ? p->hello.epoch : 0;
	s->bye = false;
	s->since_ms = loop_wall_ms();
	timer_stop(s->grace);
	return agent_admission_welcome(p, s->tenant->transport, &w);
}

int agent_session_begin(struct agent_session *s, struct agent_admission *p)
{
	agent_session_end(s, "a new session begins");
	s->tenant->transport = new_transport(s);
	random_bytes(s->id, sizeof s->id);
	token_bucket_init(&s->probes, REACHABILITY_PROBE_RATE, REACHABILITY_PROBE_BURST,
			  loop_now_ms(s->tenant->worker->loop));
	s->instance = p->hello.instance;
	char peer[ADDR_TEXT];
	if (door_owner_may_log(s->tenant))
		log_info("agent_attached", "account=%s agent=%s remote=%s program=%s",
			 s->tenant->account, s->tenant->agent, addr_text(io_peer(p->io), peer),
			 p->hello.program);
	door_owner_tell(s->tenant, EVENT_HOME_ATTACHED, NULL, addr_ip_text(io_peer(p->io), peer),
			false);
	int err = attach(s, p, false);
	if (err < 0)
		agent_session_end(s, "the link was gone at once");
	return err;
}

int agent_session_resume(struct agent_session *s, struct agent_admission *p)
{
	bool was_attached = transport_is_attached(s->tenant->transport);
	uint64_t silent = silent_ms(s);
	char peer[ADDR_TEXT];
	addr_text(io_peer(p->io), peer);
	transport_detach(s->tenant->transport);
	int err = attach(s, p, true);
	if (err < 0) {
		detached(s, ERR_CLOSED);
		return err;
	}
	uint64_t again = tunnel_replay(transport_tunnel(s->tenant->transport));
	s->resumed++;
	link_summary_resumed(&s->summary, loop_wall_ms(), silent, again);
	if (door_owner_may_log(s->tenant))
		log_info("agent_resumed",
			 "account=%s agent=%s remote=%s after_ms=%" PRIu64 " sent_again=%" PRIu64
			 " was=%s",
			 s->tenant->account, s->tenant->agent, peer, silent, again,
			 was_attached ? "attached" : "detached");
	char *after = mem_printf("after %.1f s, from %s", (double)silent / 1000, peer);
	door_owner_tell(s->tenant, EVENT_HOME_RESUMED, NULL, after, false);
	mem_free(after);
	agent_mappings_wake(s->mappings);
	return 0;
}

void agent_session_refuse(struct agent_session *s, enum refuse_code code, uint32_t retry_ms)
{
	if (!door_owner_is_attached(s->tenant))
		return;
	link_summary_lost(&s->summary, loop_wall_ms(), refuse_code_reason(code));
	struct buf frame = BUF_INIT;
	refuse_put(code, NULL, retry_ms, &frame);
	transport_refuse(s->tenant->transport, &frame);
	buf_fini(&frame);
}

void agent_session_end(struct agent_session *s, const char *why)
{
	if (!s->tenant->transport)
		return;
	if (door_owner_may_log(s->tenant))
		log_info("session_over", "account=%s agent=%s why=%s", s->tenant->account,
			 s->tenant->agent, why);
	door_owner_tell(s->tenant, EVENT_HOME_GONE, NULL, why, false);
	link_summary_over(&s->summary, loop_wall_ms(), why);
	timer_stop(s->grace);
	drop_waiting(s);
	s->has_declared = false;
	agent_mappings_orphan(s->mappings);
	transport_free(s->tenant->transport);
	s->tenant->transport = NULL;
	s->bye = false;
	s->since_ms = loop_wall_ms();
}

/* --- what is known --- */

void agent_session_status(const struct agent_session *s, struct json *w)
{
	bool up = transport_is_attached(s->tenant->transport);
	char remote[ADDR_TEXT];
	json_str(w, "state", up ? "attached" : "detached");
	json_str(w, "remote", addr_ip_text(&s->tenant->remote, remote));
	json_time(w, "since", s->since_ms);
	json_uint(w, "rtt_ms", keepalive_rtt_ms(transport_keepalive(s->tenant->transport)));
	json_uint(w, "resumed", s->resumed);
	char congestion[CONGESTION_CONTROL_NAME];
	json_str(w, "congestion", transport_congestion(s->tenant->transport, congestion));
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	char *summary =
	    link_summary_text(&s->summary, up ? LINK_SUMMARY_ATTACHED : LINK_SUMMARY_DETACHED,
			      silent, grace > silent ? grace - silent : 0);
	json_str(w, "link", summary);
	mem_free(summary);
	link_summary_put_break(&s->summary, s->summary.lost_ms + grace, w);
	struct tunnel_numbers n = tunnel_numbers(transport_tunnel(s->tenant->transport));
	json_uint(w, "outbox_bytes", n.outbox);
	json_uint(w, "waiting", n.waiting);
}
