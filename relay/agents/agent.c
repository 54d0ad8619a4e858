/*
 * What becomes of a HELLO, in this order:
 *
 *	it resumes our session, with a newer epoch     the session goes on over the new link
 *	it resumes it with an older epoch, or with     REFUSE stale; a wrong number never ends a
 *	numbers that cannot be                         live session
 *	it begins a session, and we are detached or    the session begins at once
 *	it is the same process
 *	it begins a session, and another process is    a takeover: the holder is replaced, or
 *	attached                                       REFUSE name_in_use
 *
 * After the end of a session its doors rest, open, until the next DECLARE adopts or drops them.
 * With no session and nothing to wait for, the agent has ended.
 */
#include "relay/agents/agent.h"

#include "relay/agents/agent_mappings.h"
#include "relay/agents/agent_session.h"
#include "relay/agents/takeover.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/token.h"

#include <string.h>

enum {
	RETRY_REPLACED_MS = 60000,
	RETRY_STALE_MS = 500,
	RETRY_REMOVED_MS = 30000,
	RETRY_CUT_MS = 5000
};

struct agent {
	struct list node; /* worker.agents */
	struct door_owner tenant;
	agent_ended_fn *ended;
	void *owner;
	char credential[TOKEN_HASH_TEXT]; /* by which its session was admitted */
	uint64_t hellos;                  /* it has had */
	bool told_ended;                  /* … and no HELLO has come since */

	/* NULL until the first message */
	struct agent_session *session;
	struct agent_mappings *mappings;
	struct takeover *takeover;
};

struct agent *agent_new(struct worker *worker, const char *account, const char *name,
			struct account_usage *usage, agent_ended_fn *ended, void *owner)
{
	struct agent *a = mem_zalloc(sizeof *a);
	door_owner_init(&a->tenant, worker, account, name, usage);
	a->ended = ended;
	a->owner = owner;
	list_init(&a->node);
	return a;
}

/* --- the end --- */

/* Self-contained: the agent may already be freed when this is read. */
struct end_message {
	agent_ended_fn *ended;
	void *owner;
	struct agent *agent;
	uint64_t hellos;
};

static void take_end(void *arg)
{
	struct end_message *m = arg;
	m->ended(m->owner, m->agent, m->hellos);
	mem_free(m);
}

static void maybe_end(struct agent *a)
{
	if (a->tenant.transport || takeover_is_on(a->takeover) || a->told_ended)
		return;
	agent_mappings_close(a->mappings);
	a->told_ended = true;
	struct end_message *m = mem_alloc(sizeof *m);
	*m = (struct end_message){a->ended, a->owner, a, a->hellos};
	if (!loop_post(a->tenant.worker->context->main, take_end, m))
		mem_free(m);
}

/* --- HELLO --- */

/* False: it is not any more, and has been refused. */
static bool still_admitted(struct agent *a, struct agent_admission *p)
{
	const struct door_owner *t = &a->tenant;
	char hash[TOKEN_HASH_TEXT];
	token_hash(p->hello.token, hash);
	if (!accounts_still_admit(t->accounts, t->account, t->agent, hash)) {
		agent_admission_refuse(p, REFUSE_TOKEN, NULL, RETRY_REMOVED_MS);
		return false;
	}
	memcpy(a->credential, hash, sizeof hash);
	return true;
}

static void begin_session(struct agent *a, struct agent_admission *p)
{
	if (!still_admitted(a, p))
		maybe_end(a);
	else if (agent_session_begin(a->session, p) < 0)
		maybe_end(a);
}

static void on_takeover(void *owner, struct agent_admission *winner)
{
	struct agent *a = owner;
	if (!winner) {
		maybe_end(a);
		return;
	}
	if (a->tenant.transport && door_owner_may_log(&a->tenant))
		log_info("agent_replaced", "account=%s agent=%s", a->tenant.account,
			 a->tenant.agent);
	agent_session_refuse(a->session, REFUSE_REPLACED, RETRY_REPLACED_MS);
	begin_session(a, winner);
}

static void answer_hello(struct agent *a, struct agent_admission *p)
{
	switch (agent_session_judge(a->session, &p->hello)) {
	case AGENT_SESSION_NEW:
		begin_session(a, p);
		break;
	case AGENT_SESSION_RESUMES:
		if (still_admitted(a, p))
			agent_session_resume(a->session, p);
		break;
	case AGENT_SESSION_STALE:
		agent_admission_refuse(p, REFUSE_STALE, NULL, RETRY_STALE_MS);
		break;
	case AGENT_SESSION_HELD:
		takeover_pose(a->takeover, p);
		break;
	}
}

/* --- messages from the main loop --- */

struct message {
	struct agent *agent;
	struct agent_admission *pending;
	struct accounts *accounts;
	struct name_report *names;
	struct challenge_report *challenges;
	size_t count; /* of names or challenges */
	enum refuse_code why;
};

static void on_session_over(void *owner)
{
	maybe_end(owner);
}

/* The first message makes the agent known to its loop. */
static void settle_in(struct agent *a)
{
	struct door_owner *t = &a->tenant;
	if (a->session)
		return;
	a->mappings = agent_mappings_new(t);
	a->session = agent_session_new(t, a->mappings, on_session_over, a);
	a->takeover = takeover_new(t, on_takeover, a);
	list_append(&t->worker->agents, &a->node);
}

static void set_accounts(struct agent *a, struct accounts *accounts)
{
	accounts_unref(a->tenant.accounts);
	a->tenant.accounts = accounts;
}

/* m is copied. False: the loop has ended, and with it all its agents. */
static bool post(struct agent *a, void (*take)(void *arg), const struct message *m)
{
	struct message *copy = mem_dup(m, sizeof *m);
	copy->agent = a;
	if (loop_post(a->tenant.worker->loop, take, copy))
		return true;
	mem_free(copy);
	return false;
}

static void take_hello(void *arg)
{
	struct message *m = arg;
	struct agent *a = m->agent;
	settle_in(a);
	a->hellos++;
	a->told_ended = false;
	set_accounts(a, m->accounts);
	agent_admission_unpack(m->pending, a->tenant.worker->loop);
	answer_hello(a, m->pending);
	mem_free(m);
}

void agent_hello(struct agent *a, struct io_parcel *parcel, const struct hello *hello,
		 struct buf *early, struct accounts *accounts)
{
	struct message m = {.accounts = accounts_ref(accounts),
			    .pending = agent_admission_new(parcel, hello, early)};
	if (post(a, take_hello, &m))
		return;
	accounts_unref(accounts);
	agent_admission_drop(m.pending);
}

static void end_by_refusal(struct agent *a, enum refuse_code code, uint32_t retry_ms)
{
	takeover_refuse(a->takeover, code, NULL, retry_ms);
	agent_session_refuse(a->session, code, retry_ms);
	agent_session_end(a->session, refuse_code_reason(code));
}

/* Why a session ends with these accounts; REFUSE_OTHER: it does not. */
static enum refuse_code why_not_admitted(const struct agent *a, const struct accounts *old,
					 const struct accounts *fresh)
{
	const char *name = a->tenant.account;
	const struct account *before = old ? accounts_find(old, name) : NULL;
	if (!accounts_find(fresh, name))
		return REFUSE_REMOVED;
	if (!*a->credential || accounts_still_admit(fresh, name, a->tenant.agent, a->credential))
		return REFUSE_OTHER;
	return before && !strcmp(before->token, a->credential) ? REFUSE_TOKEN
							       : REFUSE_AGENT_REMOVED;
}

static void take_accounts(void *arg)
{
	struct message *m = arg;
	struct agent *a = m->agent;
	settle_in(a);
	struct accounts *old = a->tenant.accounts;
	enum refuse_code why = why_not_admitted(a, old, m->accounts);
	set_accounts(a, m->accounts);
	mem_free(m);
	if (why == REFUSE_OTHER) {
		agent_mappings_judge(a->mappings);
		return;
	}
	end_by_refusal(a, why, RETRY_REMOVED_MS);
	if (why != REFUSE_TOKEN)
		door_owner_tell(&a->tenant, EVENT_HOME_REMOVED, NULL, refuse_code_reason(why),
				false);
	maybe_end(a);
}

void agent_set_accounts(struct agent *a, struct accounts *accounts)
{
	struct message m = {.accounts = accounts_ref(accounts)};
	if (!post(a, take_accounts, &m))
		accounts_unref(accounts);
}

static void take_names(void *arg)
{
	struct message *m = arg;
	agent_mappings_set_names(m->agent->mappings, m->names, m->count);
	mem_free(m);
}

void agent_set_names(struct agent *a, struct name_report *reports, size_t count)
{
	struct message m = {.names = reports, .count = count};
	if (!post(a, take_names, &m))
		name_reports_free(reports, count);
}

static void take_challenges(void *arg)
{
	struct message *m = arg;
	agent_mappings_set_challenges(m->agent->mappings, m->challenges, m->count);
	mem_free(m);
}

void agent_set_challenges(struct agent *a, struct challenge_report *reports, size_t count)
{
	struct message m = {.challenges = reports, .count = count};
	if (!post(a, take_challenges, &m))
		challenge_reports_free(reports, count);
}

static void take_cut(void *arg)
{
	struct message *m = arg;
	struct agent *a = m->agent;
	settle_in(a);
	agent_mappings_clear(a->mappings);
	agent_session_refuse(a->session, REFUSE_CUT, RETRY_CUT_MS);
	mem_free(m);
}

void agent_cut(struct agent *a)
{
	post(a, take_cut, &(struct message){.agent = a});
}

static void take_stop(void *arg)
{
	struct message *m = arg;
	settle_in(m->agent);
	end_by_refusal(m->agent, m->why, 0);
	agent_mappings_close(m->agent->mappings);
	mem_free(m);
}

void agent_stop(struct agent *a, enum refuse_code why)
{
	post(a, take_stop, &(struct message){.why = why});
}

static void free_here(void *arg)
{
	struct agent *a = arg;
	takeover_refuse(a->takeover, REFUSE_STOPPING, NULL, 0);
	agent_session_end(a->session, "freed");
	agent_mappings_free(a->mappings);
	agent_session_free(a->session);
	takeover_free(a->takeover);
	list_remove(&a->node);
	door_owner_fini(&a->tenant);
	mem_free(a);
}

void agent_free_later(struct agent *a)
{
	loop_post(a->tenant.worker->loop, free_here, a);
}

struct agent *agent_of_node(struct list *node)
{
	return LIST_ENTRY(node, struct agent, node);
}

void agent_traffic(const struct agent *a, struct buf *sums)
{
	agent_mappings_traffic(a->mappings, sums);
}

void agent_visitors(const struct agent *a, const struct live_visitors_wish *wish,
		    struct live_visitors_tally *tally, struct json *w)
{
	agent_mappings_visitors(a->mappings, wish, tally, w);
}

void agent_status(const struct agent *a, struct json *w)
{
	if (!a->tenant.transport)
		return;
	json_open(w, NULL, '{');
	json_str(w, "account", a->tenant.account);
	json_str(w, "agent", a->tenant.agent);
	agent_session_status(a->session, w);
	agent_mappings_status(a->mappings, w);
	json_close(w);
}
