#include "relay/doors/door_owner.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"

enum {
	ACCOUNT_FLOWS = 32768, /* half of what an agent lets be opened to it */
	ACCOUNT_GUESS_LIMITERS = 32
};

void door_owner_init(struct door_owner *t, struct worker *worker, const char *account,
		     const char *agent, struct account_usage *usage)
{
	*t = (struct door_owner){
	    .worker = worker,
	    .account = mem_strdup(account),
	    .agent = mem_strdup(agent),
	    .label = mem_printf("%s/%s", account, agent),
	    .usage = account_usage_ref(usage),
	};
	list_init(&t->doors);
	list_init(&t->guess_limiters);
}

void door_owner_fini(struct door_owner *t)
{
	accounts_unref(t->accounts);
	account_usage_unref(t->usage);
	mem_free(t->account);
	mem_free(t->agent);
	mem_free(t->label);
}

const struct account *door_owner_account(const struct door_owner *t)
{
	return t->accounts ? accounts_find(t->accounts, t->account) : NULL;
}

bool door_owner_is_attached(const struct door_owner *t)
{
	return t->transport && transport_is_attached(t->transport);
}

bool door_owner_may_log(const struct door_owner *t)
{
	unsigned left_out;
	bool may = account_usage_may_log(t->usage, loop_now_ms(t->worker->loop), &left_out);
	if (left_out)
		log_warn("lines_left_out", "account=%s lines=%u", t->account, left_out);
	return may;
}

/* On its way to the main loop. Self-contained: the agent may be gone by then. */
struct told {
	struct context *context;
	struct event event;
	char *account, *agent, *subject, *why;
};

static void free_told(struct told *m)
{
	mem_free(m->account);
	mem_free(m->agent);
	mem_free(m->subject);
	mem_free(m->why);
	mem_free(m);
}

static void take_told(void *arg)
{
	struct told *m = arg;
	event_hub_take(m->context->events, &m->event);
	free_told(m);
}

void door_owner_tell(const struct door_owner *t, enum event_kind kind, const char *subject,
		     const char *why, bool repeated)
{
	if (!account_usage_may_tell(t->usage, loop_now_ms(t->worker->loop)))
		return;
	struct told *m = mem_alloc(sizeof *m);
	*m = (struct told){.context = t->worker->context,
			   .account = mem_strdup(t->account),
			   .agent = mem_strdup(t->agent),
			   .subject = mem_strdup(subject),
			   .why = mem_strdup(why)};
	m->event = (struct event){kind, m->account, m->agent, m->subject, m->why, repeated};
	if (!loop_post(t->worker->context->main, take_told, m))
		free_told(m);
}

static bool take(atomic_uint *count, uint32_t most)
{
	if (atomic_fetch_add(count, 1) < most)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

bool door_owner_enter(struct door_owner *t)
{
	const struct account *a = door_owner_account(t);
	return take(&t->usage->connections,
		    a && a->connections ? a->connections
					: t->worker->config->limits.connections_per_account);
}

void door_owner_leave(struct door_owner *t)
{
	atomic_fetch_sub(&t->usage->connections, 1);
}

bool door_owner_enter_flow(struct door_owner *t)
{
	return take(&t->usage->flows, ACCOUNT_FLOWS);
}

void door_owner_leave_flow(struct door_owner *t)
{
	atomic_fetch_sub(&t->usage->flows, 1);
}

bool door_owner_enter_mapping(struct door_owner *t)
{
	return take(&t->usage->mappings, t->worker->config->limits.mappings_per_account);
}

void door_owner_leave_mapping(struct door_owner *t)
{
	atomic_fetch_sub(&t->usage->mappings, 1);
}

bool door_owner_enter_guesses(struct door_owner *t)
{
	return take(&t->usage->guess_limiters, ACCOUNT_GUESS_LIMITERS);
}

void door_owner_leave_guesses(struct door_owner *t)
{
	atomic_fetch_sub(&t->usage->guess_limiters, 1);
}

char *door_owner_quota_sentence(const struct door_owner *t)
{
	const struct account *a = door_owner_account(t);
	return a ? quota_sentence(a->name, &a->quota,
				  (enum quota_level)atomic_load(&t->usage->quota_level),
				  atomic_load(&t->usage->quota_day))
		 : NULL;
}

struct shaper_whole *door_owner_bandwidth(const struct door_owner *t)
{
	const struct account *a = door_owner_account(t);
	bool limited = a && (a->bandwidth || (a->quota.bytes && a->quota.at_limit == QUOTA_SLOW));
	return limited || t->worker->config->egress ? t->usage->bandwidth : NULL;
}
