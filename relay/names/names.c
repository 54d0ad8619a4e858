#include "relay/names/names.h"

#include "relay/names/names_status.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

/* A door's request that waits for the ledger. */
struct asker {
	struct write_batch_wait wait; /* first */
	struct list node;             /* on names.askers */
	uint64_t ticket;
	names_done_fn *fn;
	void *owner;
	enum names_answer answer;
};

struct names {
	struct name_table *entries;
	struct declared_names *wishes;
	struct accounts *accounts; /* or NULL before the first list */
	struct list askers;
	uint64_t last_ticket;
};

static void on_published(void *owner, const struct name_entry *e)
{
	struct names *n = owner;
	declared_names_published(n->wishes, e);
}

struct names *names_new(struct loop *l, struct store *store, const struct publishers_config *config)
{
	struct names *n = mem_zalloc(sizeof(*n));
	list_init(&n->askers);
	n->entries = name_table_new(l, store, config, on_published, n);
	n->wishes = declared_names_new(n->entries);
	return n;
}

void names_reload(struct names *n, const struct publishers_config *config)
{
	name_table_change(n->entries, config);
	if (n->accounts)
		names_set_accounts(n, n->accounts);
}

static void asker_free(struct asker *a)
{
	write_batch_leave(&a->wait);
	list_remove(&a->node);
	mem_free(a);
}

void names_free(struct names *n)
{
	if (!n)
		return;
	while (!list_is_empty(&n->askers))
		asker_free(LIST_ENTRY(n->askers.next, struct asker, node));
	declared_names_free(n->wishes);
	name_table_free(n->entries);
	accounts_unref(n->accounts);
	mem_free(n);
}

const struct zone *names_zone(const struct names *n)
{
	return publishers_zone(name_table_outlets(n->entries));
}

/* --- accounts --- */

static void keep_or_let_go(void *arg, struct name_entry *e)
{
	struct names *n = arg;
	if (e->gone)
		return;
	const struct account *a = accounts_find(n->accounts, e->account);
	char own[256];
	e->own = a && name_table_name(n->entries, a->name, own) == 0 && strcmp(own, e->name) == 0;
	if (!a || (!e->own && !account_allows_host(a, e->name)) || !name_entry_has_reason(e))
		name_table_let_go(n->entries, e);
}

static void give_own_name(struct names *n, const char *account)
{
	char own[256];
	if (name_table_name(n->entries, account, own) != 0)
		return;
	struct name_entry *e = name_table_find(n->entries, own);
	if (e && !e->gone && e->own && strcmp(e->account, account) == 0)
		return;
	e = name_table_obtain(n->entries, own, account);
	e->own = true;
	if (name_table_settle(n->entries, e, false))
		name_table_mark(n->entries, e);
}

void names_set_accounts(struct names *n, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(n->accounts);
	n->accounts = accounts;
	for (size_t i = 0; i < accounts_count(accounts); i++)
		give_own_name(n, accounts_at(accounts, i)->name);
	name_table_each(n->entries, keep_or_let_go, n);
	declared_names_keep(n->wishes, accounts);
}

/* --- agents --- */

void names_set_agent(struct names *n, const struct declared_names_agent *a)
{
	declared_names_set(n->wishes, n->accounts ? accounts_find(n->accounts, a->account) : NULL,
			   a);
}

size_t names_report(struct names *n, const char *account, const char *agent,
		    struct name_report **out)
{
	return declared_names_report(n->wishes, account, agent, out);
}

void names_watch(struct names *n, declared_names_changed_fn *fn, void *owner)
{
	declared_names_watch(n->wishes, fn, owner);
}

/* --- door updates --- */

static bool is_set(const struct names_change *c, unsigned which)
{
	return c->set[which].family || c->offline[which];
}

static enum names_answer apply(struct names *n, struct name_entry *e,
			       const struct names_change *change, const char *client)
{
	bool changed = false, dummy = false;
	for (unsigned which = 0; which < 2; which++) {
		if (is_set(change, which))
			changed |= name_entry_set_door(&e->records[which], &change->set[which],
						       change->offline[which]);
		else
			dummy |= change->asked[which];
	}
	name_table_settle(n->entries, e, true);
	enum names_answer answer = changed || dummy ? NAMES_GOOD : NAMES_NOCHG;
	for (unsigned which = 0; which < 2; which++)
		if (is_set(change, which) || change->asked[which])
			name_entry_count(&e->records[which], client,
					 answer == NAMES_GOOD ? "good" : "nochg");
	name_table_mark(n->entries, e);
	return answer;
}

static void on_written(struct write_batch_wait *wait, bool written)
{
	struct asker *a = (struct asker *)wait;
	names_done_fn *fn = a->fn;
	void *owner = a->owner;
	uint64_t ticket = a->ticket;
	enum names_answer answer = written ? a->answer : NAMES_TROUBLE;
	asker_free(a);
	fn(owner, ticket, answer);
}

enum names_answer names_update(struct names *n, const struct account *account, const char *host,
			       const struct names_change *change, const char *client,
			       names_done_fn *fn, void *owner, uint64_t *ticket)
{
	char full[256];
	if (text_host(host, true, full) != 0 || !name_table_are_of(n->entries, full) ||
	    !account_allows_host(account, full))
		return NAMES_NOHOST;
	struct name_entry *e = name_table_find(n->entries, full);
	if ((!e || e->gone) && !is_set(change, 0) && !is_set(change, 1))
		return NAMES_GOOD;
	struct asker *a = mem_zalloc(sizeof(*a));
	*ticket = a->ticket = ++n->last_ticket;
	a->wait.fn = on_written;
	a->fn = fn;
	a->owner = owner;
	a->answer = apply(n, name_table_obtain(n->entries, full, account->name), change, client);
	list_append(&n->askers, &a->node);
	write_batch_join(name_table_ledger(n->entries), &a->wait);
	return NAMES_WAIT;
}

void names_forget(struct names *n, void *owner)
{
	LIST_EACH(node, &n->askers)
	{
		struct asker *a = LIST_ENTRY(node, struct asker, node);
		if (a->owner == owner)
			asker_free(a);
	}
}

/* --- what is told --- */

void names_status(struct names *n, struct json *w)
{
	names_status_write(n->entries, w);
}

size_t names_count(const struct names *n)
{
	return name_table_count(n->entries);
}
