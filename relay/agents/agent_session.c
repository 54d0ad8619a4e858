/*
 *	HELLO for a new session            begin: a trunk, an id, WELCOME
 *	DECLARE                            doors are closed, kept, opened; STATE answers
 *	the link lost                      detached: visitors and doors stay, unread, for grace_s
 *                                         since the last byte
 *	HELLO that resumes, a newer epoch  the old link is dropped with all its unread bytes,
 *                                         WELCOME says what was taken, on we go
 *	BYE, the grace over, a violation   it ends: visitors get what has come for them, then a
 *                                         reset; the doors rest, open
 */
#include "relay/agents/agent_session.h"

#include "relay/agents/agent.h"
#include "relay/names/names_link.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/link_summary.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { PEER_STREAMS = 64 }; /* agents open none yet; each is answered by a reset */

struct agent_session {
	struct agent *home;
	struct worker *worker;
	struct agent_mappings *doors;
	agent_session_fn *over;
	void *owner;

	struct transport *trunk; /* NULL: no session */
	size_t budget;           /* the trunk's, each way */
	uint8_t id[SESSION_ID];
	uint64_t epoch;    /* of the link's HELLO; 0 before the first resume */
	uint64_t instance; /* of the agent's process */
	/* the agent said goodbye: its link's end is the session's */
	bool bye;
	struct timer *grace; /* runs while detached */
	struct addr remote;

	uint64_t since_ms; /* wall clock: in this state since */
	uint64_t resumed;  /* how often, over all the home's sessions */
	struct link_summary story;
};

static uint64_t grace_ms(const struct agent_session *s)
{
	return (uint64_t)agent_config(s->home)->grace_s * 1000;
}

static uint64_t silent_ms(const struct agent_session *s)
{
	return loop_now_ms(s->worker->loop) - transport_heard_ms(s->trunk);
}

static void detached(struct agent_session *s, int why)
{
	s->since_ms = loop_wall_ms();
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	log_warn(
	    "agent_detached", "account=%s agent=%s why=%s silent_ms=%" PRIu64 " grace_s=%" PRIu64,
	    agent_account_name(s->home), agent_name(s->home), err_text(why), silent, grace / 1000);
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

static void on_trunk(void *owner, enum transport_event event)
{
	struct agent_session *s = owner;
	if (event == TRANSPORT_LOST && s->bye)
		end_itself(s, "the agent said goodbye");
	else if (event == TRANSPORT_LOST)
		detached(s, transport_why(s->trunk));
	else if (event == TRANSPORT_OVER)
		end_itself(s, "protocol violation inside the session");
}

static void declared(struct agent_session *s, const uint8_t *p, size_t len)
{
	struct agent *h = s->home;
	struct declare d;
	char why[256];
	if (declare_read((const char *)p, len, &d, why) < 0) {
		log_warn("bad_declare", "account=%s agent=%s why=%s", agent_account_name(h),
			 agent_name(h), why);
		transport_break(s->trunk, ERR_SESSION);
		return;
	}
	names_link_declare(agent_world(h), agent_account_name(h), agent_name(h), &d, &s->remote);
	agent_mappings_declare(s->doors, &d);
	declare_fini(&d);
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct agent_session *s = owner;
	switch (news->event) {
	case TUNNEL_DECLARED:
		declared(s, news->p, news->len);
		break;
	case TUNNEL_OPENED: /* agents open nothing yet */
		stream_reset(news->stream, RESET_NO_MAPPING);
		stream_close(news->stream);
		transport_mark(s->trunk);
		break;
	case TUNNEL_BYE:
	case TUNNEL_REFUSED: /* the agent has given the session up */
		s->bye = true;
		break;
	case TUNNEL_STATED:
	case TUNNEL_PONGED: /* the trunk keeps those */
		break;
	}
}

struct agent_session *agent_session_new(struct agent *h, struct worker *worker,
					struct agent_mappings *doors, agent_session_fn *over,
					void *owner)
{
	struct agent_session *s = mem_zalloc(sizeof *s);
	s->home = h;
	s->worker = worker;
	s->doors = doors;
	s->over = over;
	s->owner = owner;
	s->grace = timer_new(worker->loop, on_grace, s);
	return s;
}

void agent_session_free(struct agent_session *s)
{
	if (!s)
		return;
	timer_close(s->grace);
	mem_free(s);
}

enum agent_session_verdict agent_session_judge(const struct agent_session *s,
					       const struct hello *hello)
{
	bool live = agent_session_is_attached(s);
	if (!s->trunk || !hello->resume || CRYPTO_memcmp(hello->session, s->id, SESSION_ID) != 0)
		return live && hello->instance != s->instance ? AGENT_SESSION_HELD
							      : AGENT_SESSION_NEW;
	bool fits = tunnel_fits(transport_tunnel(s->trunk), hello->taken);
	if (hello->epoch <= s->epoch || (live && !fits))
		return AGENT_SESSION_STALE;
	return fits ? AGENT_SESSION_RESUMES : AGENT_SESSION_NEW;
}

static struct transport *new_trunk(struct agent_session *s)
{
	struct context *w = agent_world(s->home);
	s->budget = (size_t)agent_config(s->home)->limits.session_memory_mib << 20;
	struct tunnel_config c = {
	    .first_id = 2,
	    .accepts = PEER_STREAMS,
	    .send_budget = s->budget,
	    .receive_budget = s->budget,
	    .send_whole = &w->send,
	    .receive_whole = &w->receive,
	    .pool = &s->worker->pool,
	};
	return transport_new(s->worker->loop, &c, &PULSE_RELAY, on_trunk, s, on_news, s);
}

/* The link that g brings is the session's from here; g is gone. Negative: the link, too. */
static int attach(struct agent_session *s, struct pending_agent *g, bool resumed)
{
	const struct relay_config *c = agent_config(s->home);
	struct welcome w = {
	    .version = HELLO_VERSION,
	    .resumed = resumed,
	    .taken = resumed ? tunnel_taken(transport_tunnel(s->trunk)) : 0,
	    .grace_s = c->grace_s,
	    .receive_budget = s->budget,
	    .can = CAPABILITIES_OURS,
	    .time_ms = loop_wall_ms(),
	};
	snprintf(w.program, sizeof w.program, "groundnut-relay %s", GROUNDNUT_VERSION);
	memcpy(w.session, s->id, SESSION_ID);
	addr_ip_text(io_peer(g->io), w.address);
	s->remote = *io_peer(g->io);
	s->remote.port = 0;
	s->epoch = resumed ? g->hello.epoch : 0;
	s->bye = false;
	s->since_ms = loop_wall_ms();
	timer_stop(s->grace);
	return pending_agent_welcome(g, s->trunk, &w);
}

int agent_session_begin(struct agent_session *s, struct pending_agent *g)
{
	agent_session_end(s, "a new session begins");
	s->trunk = new_trunk(s);
	random_bytes(s->id, sizeof s->id);
	s->instance = g->hello.instance;
	char peer[ADDR_TEXT];
	log_info("agent_attached", "account=%s agent=%s remote=%s program=%s",
		 agent_account_name(s->home), agent_name(s->home), addr_text(io_peer(g->io), peer),
		 g->hello.program);
	int err = attach(s, g, false);
	if (err < 0)
		agent_session_end(s, "the link was gone at once");
	return err;
}

int agent_session_resume(struct agent_session *s, struct pending_agent *g)
{
	bool was_attached = transport_is_attached(s->trunk);
	uint64_t silent = silent_ms(s);
	char peer[ADDR_TEXT];
	addr_text(io_peer(g->io), peer);
	transport_detach(s->trunk);
	int err = attach(s, g, true);
	if (err < 0) {
		detached(s, ERR_CLOSED);
		return err;
	}
	uint64_t again = tunnel_replay(transport_tunnel(s->trunk));
	s->resumed++;
	link_summary_resumed(&s->story, loop_wall_ms(), silent, again);
	log_info("agent_resumed",
		 "account=%s agent=%s remote=%s after_ms=%" PRIu64 " sent_again=%" PRIu64 " was=%s",
		 agent_account_name(s->home), agent_name(s->home), peer, silent, again,
		 was_attached ? "attached" : "detached");
	agent_mappings_wake(s->doors);
	return 0;
}

void agent_session_refuse(struct agent_session *s, enum refuse_code code, uint32_t retry_ms)
{
	if (!agent_session_is_attached(s))
		return;
	struct buf frame = BUF_INIT;
	refuse_put(code, NULL, retry_ms, &frame);
	transport_refuse(s->trunk, &frame);
	buf_fini(&frame);
}

void agent_session_end(struct agent_session *s, const char *why)
{
	if (!s->trunk)
		return;
	log_info("session_over", "account=%s agent=%s why=%s", agent_account_name(s->home),
		 agent_name(s->home), why);
	link_summary_over(&s->story, loop_wall_ms(), why);
	timer_stop(s->grace);
	agent_mappings_orphan(s->doors);
	transport_free(s->trunk);
	s->trunk = NULL;
	s->bye = false;
	s->since_ms = loop_wall_ms();
}

/* --- what is known --- */

struct transport *agent_session_trunk(const struct agent_session *s)
{
	return s->trunk;
}

bool agent_session_is_attached(const struct agent_session *s)
{
	return s->trunk && transport_is_attached(s->trunk);
}

const struct addr *agent_session_remote(const struct agent_session *s)
{
	return &s->remote;
}

void agent_session_status(const struct agent_session *s, struct json *w)
{
	bool up = transport_is_attached(s->trunk);
	char remote[ADDR_TEXT];
	json_str(w, "state", up ? "attached" : "detached");
	json_str(w, "remote", addr_ip_text(&s->remote, remote));
	json_time(w, "since", s->since_ms);
	json_uint(w, "rtt_ms", transport_rtt_ms(s->trunk));
	json_uint(w, "resumed", s->resumed);
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	char *story =
	    link_summary_text(&s->story, up ? LINK_SUMMARY_ATTACHED : LINK_SUMMARY_DETACHED, silent,
			      grace > silent ? grace - silent : 0);
	json_str(w, "link", story);
	mem_free(story);
	struct tunnel_numbers n = tunnel_numbers(transport_tunnel(s->trunk));
	json_uint(w, "outbox_bytes", n.outbox);
	json_uint(w, "waiting", n.waiting);
}
