#include "relay/agents/registry.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <inttypes.h>
#include <string.h>

enum { TRIM_MS = 5000 };

/* A question to each loop, answered into one text. */
struct survey {
	struct list node;
	registry_status_fn *fn;
	void *arg;
	unsigned open;   /* answers still out */
	struct buf json; /* "[{…},{…}" */
};

struct account_entry {
	struct list node;
	char *name;
	struct account_use *use;
};

struct entry {
	struct list node;
	struct registry *agents;
	char *account, *agent;
	struct agent *home;
	struct worker *worker;
	uint64_t greeted; /* HELLOs sent to it */
};

struct registry {
	struct context *world;
	struct accounts *accounts;
	struct list entries;
	struct list uses;
	struct list surveys; /* open ones */
	struct timer *trim;
	bool stopping;
};

static void end_survey(struct survey *s);

struct account_use *account_use_ref(struct account_use *u)
{
	atomic_fetch_add(&u->refs, 1);
	return u;
}

void account_use_unref(struct account_use *u)
{
	if (atomic_fetch_sub(&u->refs, 1) != 1)
		return;
	shaper_whole_unref(u->bandwidth);
	mem_free(u);
}

/* What detached homes held is worth giving back; soon, as their last visitors are still being
 * written to. So is what many handshakes needed, when they are over: a third of what an idle
 * home holds. */
static void on_trim(void *owner)
{
	(void)owner;
	mem_trim();
}

struct registry *registry_new(struct context *world, struct accounts *accounts)
{
	struct registry *a = mem_zalloc(sizeof *a);
	a->world = world;
	a->accounts = accounts_ref(accounts);
	list_init(&a->entries);
	list_init(&a->uses);
	list_init(&a->surveys);
	a->trim = timer_new(world->main, on_trim, a);
	return a;
}

static void drop_entry(struct entry *e)
{
	list_remove(&e->node);
	e->worker->count--;
	mem_free(e->account);
	mem_free(e->agent);
	mem_free(e);
}

void registry_free(struct registry *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->surveys)) /* the loops ended before all had answered */
		end_survey(LIST_ENTRY(a->surveys.next, struct survey, node));
	while (!list_is_empty(&a->entries))
		drop_entry(LIST_ENTRY(a->entries.next, struct entry, node));
	while (!list_is_empty(&a->uses)) {
		struct account_entry *u = LIST_ENTRY(a->uses.next, struct account_entry, node);
		list_remove(&u->node);
		account_use_unref(u->use);
		mem_free(u->name);
		mem_free(u);
	}
	accounts_unref(a->accounts);
	mem_free(a);
}

struct accounts *registry_accounts(struct registry *a)
{
	return a->accounts;
}

static bool is_here(const struct registry *a, const char *account)
{
	LIST_EACH(node, &a->entries)
	if (!strcmp(LIST_ENTRY(node, struct entry, node)->account, account))
		return true;
	return false;
}

bool registry_would_serve(const struct registry *a, const char *host)
{
	for (size_t i = 0; *host && i < accounts_count(a->accounts); i++) {
		const struct account *at = accounts_at(a->accounts, i);
		if (account_allows_host(at, host) && !is_here(a, at->name))
			return true;
	}
	return false;
}

void registry_set_accounts(struct registry *a, struct accounts *accounts)
{
	accounts_unref(a->accounts);
	a->accounts = accounts_ref(accounts);
	LIST_EACH(node, &a->uses)
	{
		struct account_entry *u = LIST_ENTRY(node, struct account_entry, node);
		const struct account *of = accounts_find(accounts, u->name);
		shaper_whole_change(u->use->bandwidth, of ? of->bandwidth : 0);
	}
	LIST_EACH(node, &a->entries)
	agent_set_accounts(LIST_ENTRY(node, struct entry, node)->home, accounts);
}

struct news {
	struct worker *worker;
	struct relay_config *config; /* a reference */
};

static void take_config(void *arg)
{
	struct news *n = arg;
	relay_config_unref(n->worker->config);
	n->worker->config = n->config;
	mem_free(n);
}

void registry_set_config(struct registry *a, struct relay_config *config)
{
	for (unsigned i = 0; i < a->world->worker_count; i++) {
		struct news *n = mem_alloc(sizeof *n);
		*n = (struct news){&a->world->workers[i], relay_config_ref(config)};
		if (loop_post(n->worker->loop, take_config, n))
			continue;
		relay_config_unref(n->config);
		mem_free(n);
	}
}

static struct account_use *use_of(struct registry *a, const char *account)
{
	LIST_EACH(node, &a->uses)
	{
		struct account_entry *u = LIST_ENTRY(node, struct account_entry, node);
		if (!strcmp(u->name, account))
			return u->use;
	}
	struct account_entry *u = mem_alloc(sizeof *u);
	*u = (struct account_entry){.name = mem_strdup(account), .use = mem_zalloc(sizeof *u->use)};
	account_use_ref(u->use);
	const struct account *of = accounts_find(a->accounts, account);
	u->use->bandwidth = shaper_whole_new(of ? of->bandwidth : 0);
	list_append(&a->uses, &u->node);
	return u->use;
}

/* A home has nothing left; unless a HELLO is on its way to it, it goes. */
static void on_ended(void *owner, struct agent *h, uint64_t greeted)
{
	struct entry *e = owner;
	struct registry *a = e->agents;
	if (a->stopping || e->greeted != greeted)
		return;
	drop_entry(e);
	agent_free_later(h);
	timer_set(a->trim, TRIM_MS);
}

static struct worker *least_busy(struct context *w)
{
	struct worker *best = &w->workers[0];
	for (unsigned i = 1; i < w->worker_count; i++)
		if (w->workers[i].count < best->count)
			best = &w->workers[i];
	return best;
}

struct agent *registry_home(struct registry *a, const char *account, const char *agent)
{
	LIST_EACH(node, &a->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!strcmp(e->account, account) && !strcmp(e->agent, agent))
			return a->stopping ? NULL : e->home;
	}
	return NULL;
}

bool registry_has_room(const struct registry *a, const char *account, const char *agent)
{
	unsigned count = 0;
	LIST_EACH(node, &a->entries)
	{
		const struct entry *e = LIST_ENTRY(node, const struct entry, node);
		if (strcmp(e->account, account) != 0)
			continue;
		if (!strcmp(e->agent, agent))
			return true;
		count++;
	}
	return count < REGISTRY_EACH;
}

static struct entry *entry_of(struct registry *a, const char *account, const char *agent)
{
	LIST_EACH(node, &a->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!strcmp(e->account, account) && !strcmp(e->agent, agent))
			return e;
	}
	struct entry *e = mem_alloc(sizeof *e);
	*e = (struct entry){.agents = a,
			    .account = mem_strdup(account),
			    .agent = mem_strdup(agent),
			    .worker = least_busy(a->world)};
	e->worker->count++;
	e->home = agent_new(a->world, e->worker, account, agent, use_of(a, account), on_ended, e);
	list_append(&a->entries, &e->node);
	return e;
}

void registry_greet(struct registry *a, struct io_parcel *parcel, const struct hello *hello,
		    struct buf *early)
{
	if (a->stopping) {
		io_parcel_free(parcel);
		return;
	}
	struct entry *e = entry_of(a, hello->account, hello->agent);
	e->greeted++;
	agent_greet(e->home, parcel, hello, early, a->accounts);
	timer_set(a->trim, TRIM_MS);
}

void registry_stop(struct registry *a)
{
	a->stopping = true;
	timer_close(a->trim);
	a->trim = NULL;
	LIST_EACH(node, &a->entries)
	{
		struct agent *h = LIST_ENTRY(node, struct entry, node)->home;
		agent_stop(h, REFUSE_STOPPING);
		agent_free_later(h);
	}
}

/* --- status --- */

struct answer {
	struct survey *survey;
	struct worker *worker;
	struct loop *main;
	struct buf json; /* "[…]" of one loop */
};

static void end_survey(struct survey *s)
{
	list_remove(&s->node);
	buf_puts(&s->json, "]");
	s->fn(s->arg, &s->json);
	buf_fini(&s->json);
	mem_free(s);
}

static void drop_answer(struct answer *n)
{
	buf_fini(&n->json);
	mem_free(n);
}

static void take_answer(void *arg)
{
	struct answer *n = arg;
	struct survey *s = n->survey;
	size_t len = buf_len(&n->json);
	if (len > 2) {
		buf_puts(&s->json, buf_len(&s->json) > 1 ? "," : "");
		buf_put(&s->json, buf_data(&n->json) + 1, len - 2);
	}
	drop_answer(n);
	if (--s->open == 0)
		end_survey(s);
}

static void pass(void *arg)
{
	struct answer *n = arg;
	if (!loop_post(n->main, take_answer, n))
		drop_answer(n);
}

static void ask_worker(void *arg)
{
	struct answer *n = arg;
	struct json w = json_into(&n->json, false);
	json_open(&w, NULL, '[');
	LIST_EACH(node, &n->worker->homes)
	agent_status(agent_of_node(node), &w);
	json_close(&w);
	pass(n);
}

/* ask runs on each worker's loop. */
static void survey(struct registry *a, void (*ask)(void *arg), registry_status_fn *fn, void *arg)
{
	struct survey *s = mem_zalloc(sizeof *s);
	*s = (struct survey){.fn = fn, .arg = arg, .open = a->world->worker_count};
	buf_puts(&s->json, "[");
	list_append(&a->surveys, &s->node);
	for (unsigned i = 0; i < a->world->worker_count; i++) {
		struct answer *n = mem_zalloc(sizeof *n);
		n->survey = s;
		n->worker = &a->world->workers[i];
		n->main = a->world->main;
		if (!loop_post(n->worker->loop, ask, n))
			drop_answer(n);
	}
}

void registry_status(struct registry *a, registry_status_fn *fn, void *arg)
{
	survey(a, ask_worker, fn, arg);
}

void registry_settle(struct registry *a, registry_status_fn *fn, void *arg)
{
	survey(a, pass, fn, arg);
}
