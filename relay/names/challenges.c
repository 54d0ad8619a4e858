/*
 * A challenge that the account may have is live: its value is among the texts of its name until it
 * is not declared any more, its agent's session is over, the account loses the right, or its hour
 * is over. While one is pending, all are looked at each second:
 *
 *	each publisher has it                    published
 *	one has it, the others failed, 20 s      published
 *	all failed, 20 s                         error, and the publishers go on trying
 *	there is no publisher for the name       error
 *
 * One that the account may not have, or that is more than it may have, is an error and not live;
 * when another of the account's ends, or accounts.json changes, it is judged again.
 */
#include "relay/names/challenges.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 1000, TRY_MS = 20000, LIFE_MS = 3600 * 1000 };

struct item {
	struct list at; /* among the live ones of its name; on none: it is not live */
	struct challenge said;
	struct declarer *agent;
	char name[256]; /* _acme-challenge.HOST */
	uint64_t since_ms;
	bool over; /* its hour is */
	enum challenge_state state;
	char *error;
};

struct declarer {
	struct list same_account;
	struct account_challenges *account;
	struct item *items[CHALLENGES_MAX];
	size_t count;
	char *name;
};

struct account_challenges {
	struct list agents;
	unsigned live;
	bool judge;  /* those that are not live, too */
	char name[]; /* the key */
};

/* A name with live challenges. */
struct place {
	struct list items;
	char name[]; /* the key */
};

struct challenges {
	struct loop *loop;
	struct name_registry *names;
	struct hash_table *accounts, *places;
	struct timer *timer;
	challenges_fn *fn;
	void *owner;
};

/* --- the table --- */

static struct account_challenges *find_account(const struct challenges *c, const char *name)
{
	return hash_table_get(c->accounts, name, strlen(name));
}

static struct declarer *find_agent(const struct challenges *c, const char *account,
				   const char *name)
{
	struct account_challenges *of = find_account(c, account);
	if (!of)
		return NULL;
	LIST_EACH(node, &of->agents)
	{
		struct declarer *a = LIST_ENTRY(node, struct declarer, same_account);
		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

static struct declarer *obtain_agent(struct challenges *c, const char *account, const char *name)
{
	struct declarer *a = find_agent(c, account, name);
	struct account_challenges *of = find_account(c, account);
	size_t len = strlen(account);
	if (a)
		return a;
	if (!of) {
		of = mem_zalloc(sizeof(*of) + len + 1);
		list_init(&of->agents);
		memcpy(of->name, account, len);
		hash_table_add(c->accounts, of->name, len, of);
	}
	a = mem_zalloc(sizeof(*a));
	a->account = of;
	a->name = mem_strdup(name);
	list_append(&of->agents, &a->same_account);
	return a;
}

/* With its account when that has no other. */
static void drop_agent(struct challenges *c, struct declarer *a)
{
	struct account_challenges *of = a->account;
	list_remove(&a->same_account);
	mem_free(a->name);
	mem_free(a);
	if (!list_is_empty(&of->agents))
		return;
	hash_table_remove(c->accounts, of->name, strlen(of->name));
	mem_free(of);
}

/* All live values of the name go to the names. */
static void put_place(struct challenges *c, struct place *p)
{
	struct publish_set values = {0};
	LIST_EACH(node, &p->items)
	{
		const struct item *i = LIST_ENTRY(node, struct item, at);
		if (!publish_set_has(&values, i->said.txt))
			publish_set_add(&values, i->said.txt);
	}
	name_registry_set_texts(c->names, p->name, &values);
	if (values.count)
		return;
	hash_table_remove(c->places, p->name, strlen(p->name));
	mem_free(p);
}

static struct place *find_place(const struct challenges *c, const char *name)
{
	return hash_table_get(c->places, name, strlen(name));
}

static void enter(struct challenges *c, struct item *i)
{
	size_t len = strlen(i->name);
	struct place *p = find_place(c, i->name);
	if (!p) {
		p = mem_zalloc(sizeof(*p) + len + 1);
		list_init(&p->items);
		memcpy(p->name, i->name, len);
		hash_table_add(c->places, p->name, len, p);
	}
	list_append(&p->items, &i->at);
	i->agent->account->live++;
	i->since_ms = loop_now_ms(c->loop);
	put_place(c, p);
}

static void leave(struct challenges *c, struct item *i)
{
	if (list_is_empty(&i->at))
		return;
	list_remove(&i->at);
	i->agent->account->live--;
	i->agent->account->judge = true;
	put_place(c, find_place(c, i->name));
}

static void drop_item(struct challenges *c, struct item *i)
{
	leave(c, i);
	mem_free(i->error);
	mem_free(i);
}

/* --- judging --- */

static bool set_state(struct item *i, enum challenge_state state, const char *error)
{
	if (i->state == state && text_same(i->error, error))
		return false;
	i->state = state;
	char *copy = mem_strdup(error);
	mem_free(i->error);
	i->error = copy;
	return true;
}

/* NULL: the account may have it, and i->name is set. A TXT record at a name is worth that name and
 * a wildcard below it. */
static const char *why_not(const struct challenges *c, struct item *i)
{
	const struct accounts *accounts = name_registry_accounts(c->names);
	const struct account *a =
	    accounts ? accounts_find(accounts, i->agent->account->name) : NULL;
	const char *domain = name_registry_config(c->names)->domain;
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char host[256];
	if (strlen(i->said.txt) != CHALLENGE_TXT || strspn(i->said.txt, letters) != CHALLENGE_TXT)
		return "the value is not 43 characters of base64url";
	if (i->said.host[0] == '*' || text_full_host(i->said.host, domain, host) != 0 ||
	    snprintf(i->name, sizeof(i->name), "_acme-challenge.%s", host) >= 254)
		return "that is no host that a challenge can be for";
	if (!a || text_is_in(domain, host) || !accounts_allow_all_below(accounts, a, host))
		return "the account may not have that host and all below it";
	return NULL;
}

static bool look_at_progress(struct challenges *c, struct item *i)
{
	struct publish_progress at;
	name_registry_progress(c->names, i->name, i->said.txt, &at);
	bool is_young = loop_now_ms(c->loop) - i->since_ms < TRY_MS;
	if (!at.there && !at.failed && !at.tried)
		return set_state(i, CHALLENGE_ERROR,
				 "nothing in the relay's \"dns\" publishes TXT records of it");
	if (at.there && !at.tried && !(at.failed && is_young))
		return set_state(i, CHALLENGE_PUBLISHED, NULL);
	if (at.failed && !at.there && !at.tried && !is_young)
		return set_state(i, CHALLENGE_ERROR, at.why);
	return set_state(i, CHALLENGE_PENDING, at.why);
}

/* True: there is something else to tell. */
static bool look_at(struct challenges *c, struct item *i)
{
	bool live = !list_is_empty(&i->at);
	const char *why = why_not(c, i);
	i->over |= live && loop_now_ms(c->loop) - i->since_ms >= LIFE_MS;
	if (!why && i->over)
		why = "its hour is over";
	if (!why && !live && i->agent->account->live >= CHALLENGES_LIVE)
		why = "the account has 8 challenges already";
	if (why) {
		leave(c, i);
		return set_state(i, CHALLENGE_ERROR, why);
	}
	if (!live)
		enter(c, i);
	return look_at_progress(c, i);
}

static void tell(const struct challenges *c, const struct declarer *a)
{
	struct challenge_report *reports = mem_zalloc(a->count * sizeof(*reports));
	for (size_t k = 0; k < a->count; k++) {
		const struct item *i = a->items[k];
		reports[k] = (struct challenge_report){i->said, i->state, mem_strdup(i->error)};
	}
	c->fn(c->owner, a->account->name, a->name, reports, a->count);
}

static bool look_at_agent(struct challenges *c, struct declarer *a, bool all)
{
	bool news = false;
	for (size_t k = 0; k < a->count; k++)
		if (all || !list_is_empty(&a->items[k]->at))
			news |= look_at(c, a->items[k]);
	return news;
}

static void look_at_account(void *arg, void *value)
{
	struct challenges *c = arg;
	struct account_challenges *of = value;
	bool all = of->judge;
	of->judge = false;
	LIST_EACH(node, &of->agents)
	{
		struct declarer *a = LIST_ENTRY(node, struct declarer, same_account);
		if (look_at_agent(c, a, all))
			tell(c, a);
	}
}

static void on_timer(void *owner)
{
	struct challenges *c = owner;
	hash_table_each(c->accounts, look_at_account, c);
	if (hash_table_count(c->accounts))
		timer_set(c->timer, LOOK_MS);
}

static void on_texts_published(void *owner, const char *name)
{
	struct challenges *c = owner;
	const struct place *p = find_place(c, name);
	if (p)
		timer_set(c->timer, 0);
}

static void judge_later(void *arg, void *value)
{
	(void)arg;
	((struct account_challenges *)value)->judge = true;
}

static void on_accounts_changed(void *owner)
{
	struct challenges *c = owner;
	hash_table_each(c->accounts, judge_later, NULL);
	if (hash_table_count(c->accounts))
		timer_set(c->timer, 0);
}

static const struct name_registry_watcher watcher = {.accounts_changed = on_accounts_changed,
						     .texts_published = on_texts_published};

/* --- what agents say --- */

static struct item *take(struct declarer *a, const struct challenge *said)
{
	for (size_t k = 0; k < a->count; k++) {
		struct item *i = a->items[k];
		if (i && challenge_same(&i->said, said)) {
			a->items[k] = NULL;
			return i;
		}
	}
	return NULL;
}

static struct item *new_item(struct declarer *a, const struct challenge *said)
{
	struct item *i = mem_zalloc(sizeof(*i));
	list_init(&i->at);
	i->said = *said;
	i->agent = a;
	return i;
}

void challenges_set(struct challenges *c, const char *account, const char *agent,
		    const struct challenge *list, size_t count)
{
	struct declarer *a =
	    count ? obtain_agent(c, account, agent) : find_agent(c, account, agent);
	struct item *items[CHALLENGES_MAX];
	if (!a)
		return;
	for (size_t k = 0; k < count; k++)
		items[k] = take(a, &list[k]);
	for (size_t k = 0; k < a->count; k++)
		if (a->items[k])
			drop_item(c, a->items[k]);
	a->count = count;
	for (size_t k = 0; k < count; k++)
		a->items[k] = items[k] ? items[k] : new_item(a, &list[k]);
	look_at_agent(c, a, true);
	tell(c, a);
	if (!count)
		drop_agent(c, a);
	else
		timer_set(c->timer, LOOK_MS);
}

void challenges_drop(struct challenges *c, const char *account, const char *agent)
{
	struct declarer *a = find_agent(c, account, agent);
	for (size_t k = 0; a && k < a->count; k++)
		drop_item(c, a->items[k]);
	if (a)
		drop_agent(c, a);
}

/* --- beginning and end --- */

struct challenges *challenges_new(struct loop *l, struct name_registry *names, challenges_fn *fn,
				  void *owner)
{
	struct challenges *c = mem_zalloc(sizeof(*c));
	c->loop = l;
	c->names = names;
	c->accounts = hash_table_new();
	c->places = hash_table_new();
	c->timer = timer_new(l, on_timer, c);
	c->fn = fn;
	c->owner = owner;
	name_registry_watch(names, &watcher, c);
	return c;
}

static void free_account(void *arg, void *value)
{
	struct challenges *c = arg;
	struct account_challenges *of = value;
	bool last;
	do { /* the account goes with its last agent */
		struct declarer *a = LIST_ENTRY(of->agents.next, struct declarer, same_account);
		last = a->same_account.next == &of->agents;
		challenges_drop(c, of->name, a->name);
	} while (!last);
}

void challenges_free(struct challenges *c)
{
	if (!c)
		return;
	name_registry_unwatch(c->names, c);
	hash_table_each(c->accounts, free_account, c);
	hash_table_free(c->accounts);
	hash_table_free(c->places);
	timer_close(c->timer);
	mem_free(c);
}
