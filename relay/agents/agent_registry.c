/*
 * An account is known from its first HELLO on; what it uses outlives its agents. An agent's entry
 * is found by "account/name", is made by its first HELLO, and goes when the agent says that it has
 * nothing left, unless another HELLO has been sent to it meanwhile.
 *
 * A survey asks each worker's loop in turn and puts the answers together on the main one.
 */
#include "relay/agents/agent_registry.h"

#include "relay/accounts/traffic.h"
#include "relay/doors/port_table.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/hash_table.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/source_table.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum { TRIM_MS = 5000, LABEL = 2 * HELLO_NAME, NETWORKS = 16384 };

/* A question to each loop, answered into one text. */
struct survey {
	struct list node;
	agent_registry_status_fn *fn;
	agent_registry_visitors_fn *visitors; /* in place of fn */
	void *arg;
	unsigned open; /* answers still out */
	bool sums;     /* a run of sums is gathered, else JSON */
	/* the visitors that are asked for; of requests, their account */
	struct live_visitors_wish wish;
	struct live_visitors_tally tally;
	struct buf json; /* "[{…},{…}", or the sums */
};

struct holder {
	struct account_usage *usage;
	unsigned agents;       /* entries */
	char name[HELLO_NAME]; /* of the account; the key */
};

/* What is remembered of a network that agents come from. */
struct network {
	unsigned agents; /* entries */
	uint64_t left_ms;
};

struct entry {
	struct agent_registry *registry;
	struct network *network; /* of the last HELLO; held */
	struct holder *holder;
	struct agent *agent;
	struct worker *worker;
	uint64_t hellos; /* sent to it */
	char label[];    /* "account/name"; the key */
};

struct agent_registry {
	struct context *context;
	struct accounts *accounts;
	struct hash_table *holders, *entries;
	struct source_table *networks;
	struct list surveys; /* open ones */
	struct timer *trim;
	bool stopping;
};

/* Gives memory back to the system: that of detached agents, soon, since their last visitors are
 * still being written to; and that of many handshakes when they are over, which is a third of what
 * an idle agent holds. */
static void on_trim(void *owner)
{
	(void)owner;
	mem_trim();
}

struct agent_registry *agent_registry_new(struct context *context, struct accounts *accounts)
{
	struct agent_registry *r = mem_zalloc(sizeof *r);
	r->context = context;
	r->accounts = accounts_ref(accounts);
	vhost_table_set_accounts(context->vhosts, accounts);
	port_table_set_accounts(context->ports, accounts_count(accounts));
	r->holders = hash_table_new();
	r->entries = hash_table_new();
	r->networks = source_table_new(NETWORKS, sizeof(struct network));
	list_init(&r->surveys);
	r->trim = timer_new(context->main, on_trim, r);
	return r;
}

static struct entry *get_entry(const struct agent_registry *r, const char *account,
			       const char *agent)
{
	char label[LABEL];
	int len = snprintf(label, sizeof label, "%s/%s", account, agent);
	return len < LABEL ? hash_table_get(r->entries, label, (size_t)len) : NULL;
}

static struct holder *get_holder(const struct agent_registry *r, const char *account)
{
	return hash_table_get(r->holders, account, strlen(account));
}

static void leave_network(struct entry *e)
{
	struct agent_registry *r = e->registry;
	if (!e->network)
		return;
	e->network->agents--;
	e->network->left_ms = loop_now_ms(r->context->main);
	source_table_release(r->networks, e->network);
	e->network = NULL;
}

static void come_from(struct entry *e, const struct addr *from)
{
	struct source_table *networks = e->registry->networks;
	struct addr prefix = addr_prefix(from, 24, 48);
	leave_network(e);
	e->network = source_table_see(networks, &prefix, NULL);
	e->network->agents++;
	source_table_hold(networks, e->network);
}

bool agent_registry_knows(const struct agent_registry *r, const struct addr *from)
{
	struct addr prefix = addr_prefix(from, 24, 48);
	const struct network *n = source_table_get(r->networks, &prefix, NULL);
	return n &&
	       (n->agents || loop_now_ms(r->context->main) < n->left_ms + AGENT_REGISTRY_KNOWN_MS);
}

static void drop_entry(void *arg, void *value)
{
	struct entry *e = value;
	(void)arg;
	leave_network(e);
	hash_table_remove(e->registry->entries, e->label, strlen(e->label));
	e->worker->count--;
	e->holder->agents--;
	mem_free(e);
}

static void drop_holder(void *arg, void *value)
{
	struct holder *h = value;
	(void)arg;
	account_usage_unref(h->usage);
	mem_free(h);
}

static void end_survey(struct survey *s)
{
	list_remove(&s->node);
	buf_puts(&s->json, s->sums ? "" : "]");
	if (s->visitors)
		s->visitors(s->arg, &s->json, s->tally.total);
	else
		s->fn(s->arg, &s->json);
	buf_fini(&s->json);
	mem_free(s);
}

void agent_registry_free(struct agent_registry *r)
{
	if (!r)
		return;
	while (!list_is_empty(&r->surveys)) /* the loops ended before all had answered */
		end_survey(LIST_ENTRY(r->surveys.next, struct survey, node));
	hash_table_each(r->entries, drop_entry, NULL);
	hash_table_each(r->holders, drop_holder, NULL);
	hash_table_free(r->entries);
	hash_table_free(r->holders);
	source_table_free(r->networks);
	accounts_unref(r->accounts);
	mem_free(r);
}

struct accounts *agent_registry_accounts(struct agent_registry *r)
{
	return r->accounts;
}

static bool is_away(void *arg, const struct account *a)
{
	const struct holder *h = get_holder(arg, a->name);
	return !h || !h->agents;
}

static bool is_used_up(void *arg, const struct account *a)
{
	const struct agent_registry *r = arg;
	return a->quota.at_limit == QUOTA_STOP &&
	       traffic_quota(r->context->traffic, a->name).level == QUOTA_USED;
}

unsigned agent_registry_absent_status(struct agent_registry *r, const char *host)
{
	if (accounts_any_with_host(r->accounts, host, is_used_up, r))
		return 509;
	return accounts_any_with_host(r->accounts, host, is_away, r) ? 503 : 404;
}

static void set_bandwidth(void *arg, void *value)
{
	struct holder *h = value;
	const struct account *a = accounts_find(arg, h->name);
	uint64_t bits = a ? a->bandwidth : 0;
	if (a && account_usage_is_slow(h->usage, &a->quota) && (!bits || bits > QUOTA_SLOW_BITS))
		bits = QUOTA_SLOW_BITS;
	shaper_whole_change(h->usage->bandwidth, bits);
}

static void take_quota(struct agent_registry *r, struct holder *h)
{
	struct traffic_quota q = traffic_quota(r->context->traffic, h->name);
	atomic_store(&h->usage->quota_level, q.level);
	atomic_store(&h->usage->quota_day, q.next);
	set_bandwidth(r->accounts, h);
}

static void set_accounts(void *arg, void *value)
{
	agent_set_accounts(((struct entry *)value)->agent, arg);
}

void agent_registry_set_accounts(struct agent_registry *r, struct accounts *accounts)
{
	accounts_unref(r->accounts);
	r->accounts = accounts_ref(accounts);
	vhost_table_set_accounts(r->context->vhosts, accounts);
	port_table_set_accounts(r->context->ports, accounts_count(accounts));
	hash_table_each(r->holders, set_bandwidth, accounts);
	hash_table_each(r->entries, set_accounts, accounts);
}

struct judged {
	const struct holder *holder;
	struct accounts *accounts;
};

static void judge_one(void *arg, void *value)
{
	const struct judged *j = arg;
	if (((struct entry *)value)->holder == j->holder)
		set_accounts(j->accounts, value);
}

void agent_registry_set_quota(struct agent_registry *r, const char *account)
{
	struct holder *h = get_holder(r, account);
	if (!h || r->stopping)
		return;
	take_quota(r, h);
	hash_table_each(r->entries, judge_one, &(struct judged){h, r->accounts});
}

void agent_registry_judge(struct agent_registry *r)
{
	hash_table_each(r->entries, set_accounts, r->accounts);
}

struct new_config {
	struct worker *worker;
	struct relay_config *config; /* a reference */
};

static void take_config(void *arg)
{
	struct new_config *n = arg;
	relay_config_unref(n->worker->config);
	n->worker->config = n->config;
	if (!n->config->log_requests) {
		request_log_free(n->worker->requests);
		n->worker->requests = NULL;
	}
	mem_free(n);
}

void agent_registry_set_config(struct agent_registry *r, struct relay_config *config)
{
	for (unsigned i = 0; i < r->context->worker_count; i++) {
		struct new_config *n = mem_alloc(sizeof *n);
		*n = (struct new_config){&r->context->workers[i], relay_config_ref(config)};
		if (loop_post(n->worker->loop, take_config, n))
			continue;
		relay_config_unref(config);
		mem_free(n);
	}
}

/* The agent has nothing left. It goes, unless a HELLO is on its way to it. */
static void on_ended(void *owner, struct agent *agent, uint64_t hellos)
{
	struct entry *e = owner;
	struct agent_registry *r = e->registry;
	if (r->stopping || e->hellos != hellos)
		return;
	const char *account = e->holder->name;
	if (r->context->on_gone)
		r->context->on_gone(r->context->on_declare_owner, account,
				    e->label + strlen(account) + 1);
	drop_entry(NULL, e);
	agent_free_later(agent);
	timer_set(r->trim, TRIM_MS);
}

static struct worker *least_busy(struct context *c)
{
	struct worker *best = &c->workers[0];
	for (unsigned i = 1; i < c->worker_count; i++)
		if (c->workers[i].count < best->count)
			best = &c->workers[i];
	return best;
}

bool agent_registry_has_room(const struct agent_registry *r, const char *account, const char *agent)
{
	const struct holder *h = get_holder(r, account);
	bool room = !h || h->agents < r->context->config->limits.agents_per_account ||
		    get_entry(r, account, agent);
	if (!room && account_usage_is_news(h->usage, loop_now_ms(r->context->main)))
		log_warn("agents_full", "account=%s agents=%u agent=%s", account, h->agents, agent);
	return room;
}

static struct holder *holder_of(struct agent_registry *r, const char *account)
{
	struct holder *h = get_holder(r, account);
	if (h)
		return h;
	h = mem_zalloc(sizeof *h);
	h->usage = account_usage_new(0, r->context->egress);
	h->usage->send.whole = &r->context->send;
	h->usage->receive.whole = &r->context->receive;
	snprintf(h->name, sizeof h->name, "%s", account);
	hash_table_add(r->holders, h->name, strlen(h->name), h);
	take_quota(r, h);
	return h;
}

static struct entry *entry_of(struct agent_registry *r, const char *account, const char *agent)
{
	struct entry *e = get_entry(r, account, agent);
	if (e)
		return e;
	size_t size = strlen(account) + 1 + strlen(agent) + 1;
	e = mem_zalloc(sizeof *e + size);
	e->registry = r;
	e->holder = holder_of(r, account);
	e->worker = least_busy(r->context);
	e->agent = agent_new(e->worker, account, agent, e->holder->usage, on_ended, e);
	e->worker->count++;
	e->holder->agents++;
	snprintf(e->label, size, "%s/%s", account, agent);
	hash_table_add(r->entries, e->label, size - 1, e);
	return e;
}

void agent_registry_hello(struct agent_registry *r, struct io_parcel *parcel,
			  const struct addr *from, const struct hello *hello, struct buf *early)
{
	if (r->stopping) {
		io_parcel_free(parcel);
		return;
	}
	struct entry *e = entry_of(r, hello->account, hello->agent);
	come_from(e, from);
	e->hellos++;
	agent_hello(e->agent, parcel, hello, early, r->accounts);
	timer_set(r->trim, TRIM_MS);
}

bool agent_registry_has(const struct agent_registry *r, const char *account, const char *agent)
{
	return get_entry(r, account, agent) != NULL;
}

bool agent_registry_cut(struct agent_registry *r, const char *account, const char *agent)
{
	const struct entry *e = r->stopping ? NULL : get_entry(r, account, agent);
	if (e)
		agent_cut(e->agent);
	return e;
}

void agent_registry_set_names(struct agent_registry *r, const char *account, const char *agent,
			      struct name_report *reports, size_t count)
{
	const struct entry *e = r->stopping ? NULL : get_entry(r, account, agent);
	if (e)
		agent_set_names(e->agent, reports, count);
	else
		name_reports_free(reports, count);
}

void agent_registry_set_challenges(struct agent_registry *r, const char *account, const char *agent,
				   struct challenge_report *reports, size_t count)
{
	const struct entry *e = r->stopping ? NULL : get_entry(r, account, agent);
	if (e)
		agent_set_challenges(e->agent, reports, count);
	else
		challenge_reports_free(reports, count);
}

static void stop_one(void *arg, void *value)
{
	struct agent *agent = ((struct entry *)value)->agent;
	(void)arg;
	agent_stop(agent, REFUSE_STOPPING);
	agent_free_later(agent);
}

void agent_registry_stop(struct agent_registry *r)
{
	r->stopping = true;
	timer_close(r->trim);
	r->trim = NULL;
	hash_table_each(r->entries, stop_one, NULL);
}

/* --- surveys --- */

struct answer {
	struct survey *survey;
	struct worker *worker;
	struct buf json; /* "[…]" of one loop */
};

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
	if (s->sums) {
		buf_put(&s->json, buf_data(&n->json), len);
	} else if (len > 2) {
		buf_puts(&s->json, buf_len(&s->json) > 1 ? "," : "");
		buf_put(&s->json, buf_data(&n->json) + 1, len - 2);
	}
	drop_answer(n);
	if (--s->open == 0)
		end_survey(s);
}

static void ask_nothing(void *arg)
{
	struct answer *n = arg;
	if (!loop_post(n->worker->context->main, take_answer, n))
		drop_answer(n);
}

static void ask_status(void *arg)
{
	struct answer *n = arg;
	struct json w = json_into(&n->json, false);
	json_open(&w, NULL, '[');
	LIST_EACH(node, &n->worker->agents)
	agent_status(agent_of_node(node), &w);
	json_close(&w);
	ask_nothing(n);
}

static void ask_requests(void *arg)
{
	struct answer *n = arg;
	struct worker *k = n->worker;
	struct json w = json_into(&n->json, false);
	json_open(&w, NULL, '[');
	if (k->requests)
		request_log_write(k->requests, n->survey->wish.account, loop_now_ms(k->loop), &w);
	json_close(&w);
	ask_nothing(n);
}

static void ask_traffic(void *arg)
{
	struct answer *n = arg;
	n->json = n->worker->departed;
	n->worker->departed = (struct buf)BUF_INIT;
	LIST_EACH(node, &n->worker->agents)
	agent_traffic(agent_of_node(node), &n->json);
	ask_nothing(n);
}

static void ask_visitors(void *arg)
{
	struct answer *n = arg;
	struct survey *s = n->survey;
	struct json w = json_into(&n->json, false);
	json_open(&w, NULL, '[');
	LIST_EACH(node, &n->worker->agents)
	agent_visitors(agent_of_node(node), &s->wish, &s->tally, &w);
	json_close(&w);
	ask_nothing(n);
}

/* ask runs on each worker's loop. like: what is asked for, how, and who is told. */
static void survey(struct agent_registry *r, void (*ask)(void *arg), const struct survey *like)
{
	struct survey *s = mem_dup(like, sizeof *like);
	s->open = r->context->worker_count;
	s->sums = ask == ask_traffic;
	buf_puts(&s->json, s->sums ? "" : "[");
	list_append(&r->surveys, &s->node);
	for (unsigned i = 0; i < r->context->worker_count; i++) {
		struct answer *n = mem_zalloc(sizeof *n);
		n->survey = s;
		n->worker = &r->context->workers[i];
		if (!loop_post(n->worker->loop, ask, n))
			drop_answer(n);
	}
}

void agent_registry_status(struct agent_registry *r, agent_registry_status_fn *fn, void *arg)
{
	survey(r, ask_status, &(struct survey){.fn = fn, .arg = arg});
}

void agent_registry_requests(struct agent_registry *r, const char *account,
			     agent_registry_status_fn *fn, void *arg)
{
	struct survey like = {.fn = fn, .arg = arg};
	snprintf(like.wish.account, sizeof like.wish.account, "%s", account);
	survey(r, ask_requests, &like);
}

void agent_registry_visitors(struct agent_registry *r, const struct live_visitors_wish *wish,
			     agent_registry_visitors_fn *fn, void *arg)
{
	survey(r, ask_visitors, &(struct survey){.visitors = fn, .arg = arg, .wish = *wish});
}

void agent_registry_traffic(struct agent_registry *r, agent_registry_status_fn *fn, void *arg)
{
	survey(r, ask_traffic, &(struct survey){.fn = fn, .arg = arg});
}

void agent_registry_settle(struct agent_registry *r, agent_registry_status_fn *fn, void *arg)
{
	survey(r, ask_nothing, &(struct survey){.fn = fn, .arg = arg});
}
