#include "relay/doors/tenant.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"

enum {
	ACCOUNT_FLOWS = 32768, /* half of what an agent lets be opened to it */
	ACCOUNT_GUESS_LIMITERS = 32
};

void tenant_init(struct tenant *t, struct worker *worker, const char *account, const char *agent,
		 struct usage *usage)
{
	*t = (struct tenant){
	    .worker = worker,
	    .account = mem_strdup(account),
	    .agent = mem_strdup(agent),
	    .label = mem_printf("%s/%s", account, agent),
	    .usage = usage_ref(usage),
	};
	list_init(&t->doors);
	list_init(&t->guess_limiters);
}

void tenant_fini(struct tenant *t)
{
	accounts_unref(t->accounts);
	usage_unref(t->usage);
	mem_free(t->account);
	mem_free(t->agent);
	mem_free(t->label);
}

const struct account *tenant_account(const struct tenant *t)
{
	return t->accounts ? accounts_find(t->accounts, t->account) : NULL;
}

bool tenant_is_attached(const struct tenant *t)
{
	return t->transport && transport_is_attached(t->transport);
}

bool tenant_may_log(const struct tenant *t)
{
	unsigned left_out;
	bool may = usage_may_log(t->usage, loop_now_ms(t->worker->loop), &left_out);
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

void tenant_tell(const struct tenant *t, enum event_kind kind, const char *subject, const char *why,
		 bool repeated)
{
	if (!usage_may_tell(t->usage, loop_now_ms(t->worker->loop)))
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

bool tenant_enter(struct tenant *t)
{
	const struct account *a = tenant_account(t);
	return take(&t->usage->connections,
		    a && a->connections ? a->connections
					: t->worker->config->limits.connections_per_account);
}

void tenant_leave(struct tenant *t)
{
	atomic_fetch_sub(&t->usage->connections, 1);
}

bool tenant_enter_flow(struct tenant *t)
{
	return take(&t->usage->flows, ACCOUNT_FLOWS);
}

void tenant_leave_flow(struct tenant *t)
{
	atomic_fetch_sub(&t->usage->flows, 1);
}

bool tenant_enter_mapping(struct tenant *t)
{
	return take(&t->usage->mappings, t->worker->config->limits.mappings_per_account);
}

void tenant_leave_mapping(struct tenant *t)
{
	atomic_fetch_sub(&t->usage->mappings, 1);
}

bool tenant_enter_guesses(struct tenant *t)
{
	return take(&t->usage->guess_limiters, ACCOUNT_GUESS_LIMITERS);
}

void tenant_leave_guesses(struct tenant *t)
{
	atomic_fetch_sub(&t->usage->guess_limiters, 1);
}

char *tenant_quota_sentence(const struct tenant *t)
{
	const struct account *a = tenant_account(t);
	return a ? quota_sentence(a->name, &a->quota,
				  (enum quota_level)atomic_load(&t->usage->quota_level),
				  atomic_load(&t->usage->quota_day))
		 : NULL;
}

struct shaper_whole *tenant_bandwidth(const struct tenant *t)
{
	const struct account *a = tenant_account(t);
	bool limited = a && (a->bandwidth || (a->quota.bytes && a->quota.at_limit == QUOTA_SLOW));
	return limited || t->worker->config->egress ? t->usage->bandwidth : NULL;
}
