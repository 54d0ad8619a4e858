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
#include "relay/home_session.h"

#include "relay/home.h"
#include "relay/names/names_link.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/story.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum { PEER_STREAMS = 64 }; /* agents open none yet; each is answered by a reset */

struct home_session {
	struct home *home;
	struct worker *worker;
	struct home_doors *doors;
	home_session_fn *over;
	void *owner;

	struct trunk *trunk; /* NULL: no session */
	size_t budget;       /* the trunk's, each way */
	uint8_t id[SESSION_ID];
	uint64_t epoch;    /* of the link's HELLO; 0 before the first resume */
	uint64_t instance; /* of the agent's process */
	/* the agent said goodbye: its link's end is the session's */
	bool bye;
	struct timer *grace; /* runs while detached */
	struct addr remote;

	uint64_t since_ms; /* wall clock: in this state since */
	uint64_t resumed;  /* how often, over all the home's sessions */
	struct story story;
};

static uint64_t grace_ms(const struct home_session *s)
{
	return (uint64_t)home_config(s->home)->grace_s * 1000;
}

static uint64_t silent_ms(const struct home_session *s)
{
	return loop_now_ms(s->worker->loop) - trunk_heard_ms(s->trunk);
}

static void detached(struct home_session *s, int why)
{
	s->since_ms = loop_wall_ms();
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	log_warn(
	    "agent_detached", "account=%s agent=%s why=%s silent_ms=%" PRIu64 " grace_s=%" PRIu64,
	    home_account_name(s->home), home_agent(s->home), err_text(why), silent, grace / 1000);
	timer_set(s->grace, grace > silent ? grace - silent : 0);
}

static void end_itself(struct home_session *s, const char *why)
{
	home_session_end(s, why);
	s->over(s->owner);
}

static void on_grace(void *owner)
{
	end_itself(owner, "grace over");
}

static void on_trunk(void *owner, enum trunk_event event)
{
	struct home_session *s = owner;
	if (event == TRUNK_LOST && s->bye)
		end_itself(s, "the agent said goodbye");
	else if (event == TRUNK_LOST)
		detached(s, trunk_why(s->trunk));
	else if (event == TRUNK_OVER)
		end_itself(s, "protocol violation inside the session");
}

static void declared(struct home_session *s, const uint8_t *p, size_t len)
{
	struct home *h = s->home;
	struct declare d;
	char why[256];
	if (declare_read((const char *)p, len, &d, why) < 0) {
		log_warn("bad_declare", "account=%s agent=%s why=%s", home_account_name(h),
			 home_agent(h), why);
		trunk_break(s->trunk, ERR_SESSION);
		return;
	}
	names_link_declare(home_world(h), home_account_name(h), home_agent(h), &d, &s->remote);
	home_doors_declare(s->doors, &d);
	declare_fini(&d);
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct home_session *s = owner;
	switch (news->event) {
	case TUNNEL_DECLARED:
		declared(s, news->p, news->len);
		break;
	case TUNNEL_OPENED: /* agents open nothing yet */
		stream_reset(news->stream, RESET_NO_MAPPING);
		stream_close(news->stream);
		trunk_mark(s->trunk);
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

struct home_session *home_session_new(struct home *h, struct worker *worker,
				      struct home_doors *doors, home_session_fn *over, void *owner)
{
	struct home_session *s = mem_zalloc(sizeof *s);
	s->home = h;
	s->worker = worker;
	s->doors = doors;
	s->over = over;
	s->owner = owner;
	s->grace = timer_new(worker->loop, on_grace, s);
	return s;
}

void home_session_free(struct home_session *s)
{
	if (!s)
		return;
	timer_close(s->grace);
	mem_free(s);
}

enum home_session_verdict home_session_judge(const struct home_session *s,
					     const struct hello *hello)
{
	bool live = home_session_is_attached(s);
	if (!s->trunk || !hello->resume || CRYPTO_memcmp(hello->session, s->id, SESSION_ID) != 0)
		return live && hello->instance != s->instance ? HOME_SESSION_HELD
							      : HOME_SESSION_NEW;
	bool fits = tunnel_fits(trunk_tunnel(s->trunk), hello->taken);
	if (hello->epoch <= s->epoch || (live && !fits))
		return HOME_SESSION_STALE;
	return fits ? HOME_SESSION_RESUMES : HOME_SESSION_NEW;
}

static struct trunk *new_trunk(struct home_session *s)
{
	struct world *w = home_world(s->home);
	s->budget = (size_t)home_config(s->home)->limits.session_memory_mib << 20;
	struct tunnel_config c = {
	    .first_id = 2,
	    .accepts = PEER_STREAMS,
	    .send_budget = s->budget,
	    .receive_budget = s->budget,
	    .send_whole = &w->send,
	    .receive_whole = &w->receive,
	    .pool = &s->worker->pool,
	};
	return trunk_new(s->worker->loop, &c, &PULSE_RELAY, on_trunk, s, on_news, s);
}

/* The link that g brings is the session's from here; g is gone. Negative: the link, too. */
static int attach(struct home_session *s, struct greeting *g, bool resumed)
{
	const struct relay_config *c = home_config(s->home);
	struct welcome w = {
	    .version = HELLO_VERSION,
	    .resumed = resumed,
	    .taken = resumed ? tunnel_taken(trunk_tunnel(s->trunk)) : 0,
	    .grace_s = c->grace_s,
	    .receive_budget = s->budget,
	    .can = ABILITIES_OURS,
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
	return greeting_welcome(g, s->trunk, &w);
}

int home_session_begin(struct home_session *s, struct greeting *g)
{
	home_session_end(s, "a new session begins");
	s->trunk = new_trunk(s);
	random_bytes(s->id, sizeof s->id);
	s->instance = g->hello.instance;
	char peer[ADDR_TEXT];
	log_info("agent_attached", "account=%s agent=%s remote=%s program=%s",
		 home_account_name(s->home), home_agent(s->home), addr_text(io_peer(g->io), peer),
		 g->hello.program);
	int err = attach(s, g, false);
	if (err < 0)
		home_session_end(s, "the link was gone at once");
	return err;
}

int home_session_resume(struct home_session *s, struct greeting *g)
{
	bool was_attached = trunk_is_attached(s->trunk);
	uint64_t silent = silent_ms(s);
	char peer[ADDR_TEXT];
	addr_text(io_peer(g->io), peer);
	trunk_detach(s->trunk);
	int err = attach(s, g, true);
	if (err < 0) {
		detached(s, ERR_CLOSED);
		return err;
	}
	uint64_t again = tunnel_replay(trunk_tunnel(s->trunk));
	s->resumed++;
	story_resumed(&s->story, loop_wall_ms(), silent, again);
	log_info("agent_resumed",
		 "account=%s agent=%s remote=%s after_ms=%" PRIu64 " sent_again=%" PRIu64 " was=%s",
		 home_account_name(s->home), home_agent(s->home), peer, silent, again,
		 was_attached ? "attached" : "detached");
	home_doors_wake(s->doors);
	return 0;
}

void home_session_refuse(struct home_session *s, enum refuse_code code, uint32_t retry_ms)
{
	if (!home_session_is_attached(s))
		return;
	struct buf frame = BUF_INIT;
	refuse_put(code, NULL, retry_ms, &frame);
	trunk_refuse(s->trunk, &frame);
	buf_fini(&frame);
}

void home_session_end(struct home_session *s, const char *why)
{
	if (!s->trunk)
		return;
	log_info("session_over", "account=%s agent=%s why=%s", home_account_name(s->home),
		 home_agent(s->home), why);
	story_over(&s->story, loop_wall_ms(), why);
	timer_stop(s->grace);
	home_doors_orphan(s->doors);
	trunk_free(s->trunk);
	s->trunk = NULL;
	s->bye = false;
	s->since_ms = loop_wall_ms();
}

/* --- what is known --- */

struct trunk *home_session_trunk(const struct home_session *s)
{
	return s->trunk;
}

bool home_session_is_attached(const struct home_session *s)
{
	return s->trunk && trunk_is_attached(s->trunk);
}

const struct addr *home_session_remote(const struct home_session *s)
{
	return &s->remote;
}

void home_session_status(const struct home_session *s, struct json *w)
{
	bool up = trunk_is_attached(s->trunk);
	char remote[ADDR_TEXT];
	json_str(w, "state", up ? "attached" : "detached");
	json_str(w, "remote", addr_ip_text(&s->remote, remote));
	json_time(w, "since", s->since_ms);
	json_uint(w, "rtt_ms", trunk_rtt_ms(s->trunk));
	json_uint(w, "resumed", s->resumed);
	uint64_t silent = silent_ms(s), grace = grace_ms(s);
	char *story = story_text(&s->story, up ? STORY_ATTACHED : STORY_DETACHED, silent,
				 grace > silent ? grace - silent : 0);
	json_str(w, "link", story);
	mem_free(story);
	struct tunnel_numbers n = tunnel_numbers(trunk_tunnel(s->trunk));
	json_uint(w, "outbox_bytes", n.outbox);
	json_uint(w, "waiting", n.waiting);
}
