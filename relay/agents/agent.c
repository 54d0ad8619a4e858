/*
 * What a HELLO brings, in this order:
 *
 *	resuming our session, a newer epoch            the session goes on over the new link
 *	… an older epoch, or numbers that cannot be    REFUSE stale; a live session is never ended
 *                                                     by a wrong number
 *	a new session                                  by the same process, or while detached: at
 *                                                     once. By another process while we are
 *                                                     attached:
 *	                                               a challenge, and the holder is
 *	                                                 replaced, or REFUSE name_in_use
 *
 * After the end of a session its doors rest, open, until the next DECLARE adopts or drops them;
 * with no session and nothing to wait for, the home has ended.
 */
#include "relay/agents/agent.h"

#include "relay/agents/takeover.h"
#include "relay/agents/agent_mappings.h"
#include "relay/agents/agent_session.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <string.h>

enum {
	ACCOUNT_FLOWS = 32768, /* half of what an agent lets be opened to it */
	RETRY_REPLACED_MS = 60000,
	RETRY_STALE_MS = 500,
	RETRY_REMOVED_MS = 30000,
};

struct agent {
	struct list node; /* worker.homes */
	struct context *world;
	struct worker *worker;
	char *account, *agent, *label;
	struct account_use *use;
	agent_ended_fn *ended;
	void *owner;

	struct accounts *accounts; /* the list that is in force here */
	uint64_t greeted;          /* HELLOs it has had */
	bool told_ended;           /* … and nobody has greeted since */

	/* parts; NULL until the first message */
	struct agent_session *session;
	struct agent_mappings *doors;
	struct takeover *challenge;
};

struct agent *agent_new(struct context *world, struct worker *worker, const char *account,
			const char *agent, struct account_use *use, agent_ended_fn *ended,
			void *owner)
{
	struct agent *h = mem_zalloc(sizeof *h);
	h->world = world;
	h->worker = worker;
	h->account = mem_strdup(account);
	h->agent = mem_strdup(agent);
	h->label = mem_printf("%s/%s", account, agent);
	h->use = account_use_ref(use);
	h->ended = ended;
	h->owner = owner;
	list_init(&h->node);
	return h;
}

/* --- the end --- */

/* By the time it is read the home may be gone, if everything ends: so it says everything itself. */
struct obituary {
	agent_ended_fn *ended;
	void *owner;
	struct agent *home;
	uint64_t greeted;
};

static void tell_ended(void *arg)
{
	struct obituary *o = arg;
	o->ended(o->owner, o->home, o->greeted);
	mem_free(o);
}

static void maybe_end(struct agent *h)
{
	if (agent_session_trunk(h->session) || takeover_is_on(h->challenge) || h->told_ended)
		return;
	agent_mappings_close(h->doors);
	h->told_ended = true;
	struct obituary *o = mem_alloc(sizeof *o);
	*o = (struct obituary){
	    .ended = h->ended, .owner = h->owner, .home = h, .greeted = h->greeted};
	if (!loop_post(h->world->main, tell_ended, o))
		mem_free(o);
}

/* --- HELLO --- */

static void begin_session(struct agent *h, struct pending_agent *g)
{
	if (agent_session_begin(h->session, g) < 0)
		maybe_end(h);
}

static void on_challenge(void *owner, struct pending_agent *winner)
{
	struct agent *h = owner;
	if (!winner) {
		maybe_end(h);
		return;
	}
	if (agent_session_trunk(h->session))
		log_info("agent_replaced", "account=%s agent=%s", h->account, h->agent);
	agent_session_refuse(h->session, REFUSE_REPLACED, RETRY_REPLACED_MS);
	begin_session(h, winner);
}

static void greet(struct agent *h, struct pending_agent *g)
{
	switch (agent_session_judge(h->session, &g->hello)) {
	case AGENT_SESSION_NEW:
		begin_session(h, g);
		break;
	case AGENT_SESSION_RESUMES:
		agent_session_resume(h->session, g);
		break;
	case AGENT_SESSION_STALE:
		pending_agent_refuse(g, REFUSE_STALE, NULL, RETRY_STALE_MS);
		break;
	case AGENT_SESSION_HELD:
		takeover_pose(h->challenge, g);
		break;
	}
}

/* --- messages from the main loop --- */

struct message {
	struct agent *home;
	struct pending_agent *greeting;
	struct accounts *accounts;
	struct name_report *names;
	size_t name_count;
	enum refuse_code why;
};

static void on_session_over(void *owner)
{
	maybe_end(owner);
}

/* The first message makes a home known to its loop. */
static void settle_in(struct agent *h)
{
	if (h->session)
		return;
	h->doors = agent_mappings_new(h);
	h->session = agent_session_new(h, h->worker, h->doors, on_session_over, h);
	h->challenge = takeover_new(h, on_challenge, h);
	list_append(&h->worker->homes, &h->node);
}

static void set_accounts(struct agent *h, struct accounts *a)
{
	accounts_unref(h->accounts);
	h->accounts = a;
}

static void take_greeting(void *arg)
{
	struct message *m = arg;
	struct agent *h = m->home;
	struct pending_agent *g = m->greeting;
	settle_in(h);
	h->greeted++;
	h->told_ended = false;
	set_accounts(h, m->accounts);
	mem_free(m);
	pending_agent_unpack(g, h->worker->loop);
	greet(h, g);
}

void agent_greet(struct agent *h, struct io_parcel *parcel, const struct hello *hello,
		 struct buf *early, struct accounts *accounts)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h,
			      .accounts = accounts_ref(accounts),
			      .greeting = pending_agent_new(parcel, hello, early)};
	loop_post(h->worker->loop, take_greeting, m);
}

static void end_by_refusal(struct agent *h, enum refuse_code code, uint32_t retry_ms)
{
	takeover_refuse(h->challenge, code, NULL, retry_ms);
	agent_session_refuse(h->session, code, retry_ms);
	agent_session_end(h->session, refuse_code_reason(code));
}

static void take_accounts(void *arg)
{
	struct message *m = arg;
	struct agent *h = m->home;
	settle_in(h);
	const struct account *old = agent_account(h);
	const struct account *new = accounts_find(m->accounts, h->account);
	bool renewed = old && new &&strcmp(old->token, new->token) != 0;
	bool removed = !new;
	set_accounts(h, m->accounts);
	mem_free(m);
	if (removed || renewed) {
		end_by_refusal(h, removed ? REFUSE_REMOVED : REFUSE_TOKEN, RETRY_REMOVED_MS);
		maybe_end(h);
		return;
	}
	agent_mappings_judge(h->doors);
}

void agent_set_accounts(struct agent *h, struct accounts *accounts)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .accounts = accounts_ref(accounts)};
	loop_post(h->worker->loop, take_accounts, m);
}

struct visit {
	struct agent *home;
	uint64_t claim;
	struct io_parcel *parcel;
	struct http_gateway *machine;
};

static void take_visit(void *arg)
{
	struct visit *v = arg;
	agent_mappings_visit(v->home->doors, v->claim, v->parcel, v->machine);
	mem_free(v);
}

void agent_visit(struct agent *h, uint64_t claim, struct io_parcel *parcel,
		 struct http_gateway *machine)
{
	struct visit *v = mem_alloc(sizeof *v);
	*v = (struct visit){.home = h, .claim = claim, .parcel = parcel, .machine = machine};
	loop_post(h->worker->loop, take_visit, v);
}

static void take_names(void *arg)
{
	struct message *m = arg;
	agent_mappings_set_names(m->home->doors, m->names, m->name_count);
	mem_free(m);
}

void agent_set_names(struct agent *h, struct name_report *reports, size_t count)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .names = reports, .name_count = count};
	loop_post(h->worker->loop, take_names, m);
}

static void take_stop(void *arg)
{
	struct message *m = arg;
	struct agent *h = m->home;
	enum refuse_code why = m->why;
	mem_free(m);
	settle_in(h);
	end_by_refusal(h, why, 0);
	agent_mappings_close(h->doors);
}

void agent_stop(struct agent *h, enum refuse_code why)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .why = why};
	loop_post(h->worker->loop, take_stop, m);
}

static void free_here(void *arg)
{
	struct agent *h = arg;
	takeover_refuse(h->challenge, REFUSE_STOPPING, NULL, 0);
	agent_session_end(h->session, "freed");
	agent_mappings_free(h->doors); /* which asks for the session, to its end */
	agent_session_free(h->session);
	takeover_free(h->challenge);
	list_remove(&h->node);
	accounts_unref(h->accounts);
	account_use_unref(h->use);
	mem_free(h->account);
	mem_free(h->agent);
	mem_free(h->label);
	mem_free(h);
}

void agent_free_later(struct agent *h)
{
	loop_post(h->worker->loop, free_here, h);
}

/* --- what is known --- */

struct agent *agent_of_node(struct list *node)
{
	return LIST_ENTRY(node, struct agent, node);
}

void agent_status(const struct agent *h, struct json *w)
{
	if (!agent_session_trunk(h->session))
		return;
	json_open(w, NULL, '{');
	json_str(w, "account", h->account);
	json_str(w, "agent", h->agent);
	agent_session_status(h->session, w);
	agent_mappings_status(h->doors, w);
	json_close(w);
}

struct transport *agent_trunk(struct agent *h)
{
	return agent_session_trunk(h->session);
}

struct context *agent_world(struct agent *h)
{
	return h->world;
}

const struct relay_config *agent_config(const struct agent *h)
{
	return h->worker->config;
}

struct worker *agent_worker(struct agent *h)
{
	return h->worker;
}

struct loop *agent_loop(struct agent *h)
{
	return h->worker->loop;
}

const char *agent_label(const struct agent *h)
{
	return h->label;
}

const char *agent_account_name(const struct agent *h)
{
	return h->account;
}

const char *agent_name(const struct agent *h)
{
	return h->agent;
}

const struct addr *agent_remote(const struct agent *h)
{
	return agent_session_remote(h->session);
}

const struct account *agent_account(const struct agent *h)
{
	return h->accounts ? accounts_find(h->accounts, h->account) : NULL;
}

struct shaper_whole *agent_bandwidth(const struct agent *h)
{
	const struct account *a = agent_account(h);
	return a && a->bandwidth ? h->use->bandwidth : NULL;
}

bool agent_is_attached(const struct agent *h)
{
	return agent_session_is_attached(h->session);
}

bool agent_enter(struct agent *h)
{
	const struct account *a = agent_account(h);
	uint32_t most = a && a->connections ? a->connections
					    : h->worker->config->limits.connections_per_account;
	if (atomic_fetch_add(&h->use->connections, 1) < most)
		return true;
	atomic_fetch_sub(&h->use->connections, 1);
	return false;
}

void agent_leave(struct agent *h)
{
	atomic_fetch_sub(&h->use->connections, 1);
}

bool agent_enter_flow(struct agent *h)
{
	if (atomic_fetch_add(&h->use->flows, 1) < ACCOUNT_FLOWS)
		return true;
	atomic_fetch_sub(&h->use->flows, 1);
	return false;
}

void agent_leave_flow(struct agent *h)
{
	atomic_fetch_sub(&h->use->flows, 1);
}
