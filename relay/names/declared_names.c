/*
 * A declaration is the agent's whole word: its entries are marked while it is read, and what it
 * held before and did not name again is withdrawn. Each declaration is a report that waits in the
 * ledger; the agent's count of answered ones grows when it is durable.
 */
#include "relay/names/declared_names.h"

#include "shared/base/mem.h"

#include <string.h>

/* A name that an agent declared. */
struct wish {
	char *name;      /* full, or as written when it is none */
	bool is_unknown; /* what it follows is known to a later version only */
};

struct agent {
	struct list node;
	struct list reports; /* that wait for the ledger */
	char *account, *name;
	struct wish *wishes;
	size_t wish_count;
	uint64_t sent, answered; /* reports; those that are durable */
};

struct report {
	struct write_batch_wait wait; /* first */
	struct list node;             /* on agent.reports */
	struct declared_names *wishes;
	struct agent *agent;
};

struct declared_names {
	struct name_table *entries;
	struct list agents;
	declared_names_changed_fn *changed;
	void *owner;
};

static void tell_agent(const struct declared_names *w, const char *account, const char *agent)
{
	if (w->changed && *agent)
		w->changed(w->owner, account, agent);
}

/* --- what one entry is told --- */

static void set_home(struct name_entry *e, const struct declared_names_agent *a)
{
	const struct addr *v6 =
	    addr_is_public(&a->address6) && a->address6.family == 6 ? &a->address6 : &a->seen;
	/* Whether that address leads home is being found out, or the word is about another one:
	 * sent before the link that it came over. */
	bool pending = strcmp(a->nat, "pending") == 0 ||
		       (a->judged.family && !addr_equal_ip(&a->judged, &a->seen));
	if (!pending && strcmp(a->nat, "cgnat") == 0)
		name_entry_set_agent(&e->records[0], NAME_ENTRY_AGENT_RELAY, NULL);
	else if (!pending && a->seen.family == 4 && addr_is_public(&a->seen))
		name_entry_set_agent(&e->records[0], NAME_ENTRY_AGENT_HOME, &a->seen);
	else if (!pending)
		name_entry_set_agent(&e->records[0], NAME_ENTRY_AGENT_NONE, NULL);
	name_entry_set_agent(&e->records[1],
			     v6->family == 6 && addr_is_public(v6) ? NAME_ENTRY_AGENT_HOME
								   : NAME_ENTRY_AGENT_NONE,
			     v6);
}

static void clear(struct name_entry *e)
{
	name_entry_set_agent(&e->records[0], NAME_ENTRY_AGENT_NONE, NULL);
	name_entry_set_agent(&e->records[1], NAME_ENTRY_AGENT_NONE, NULL);
}

static void take_wish(struct declared_names *w, struct name_entry *e,
		      const struct declared_names_agent *a, enum name_follow follow)
{
	char *client = mem_printf("groundnut-agent %s", a->agent);
	if (follow == NAME_FOLLOW_HOME) {
		set_home(e, a);
	} else {
		name_entry_set_agent(&e->records[0], NAME_ENTRY_AGENT_RELAY, NULL);
		name_entry_set_agent(&e->records[1], NAME_ENTRY_AGENT_RELAY, NULL);
	}
	e->wished = true;
	bool changed = name_table_settle(w->entries, e, true);
	for (unsigned which = 0; which < 2; which++)
		if (e->records[which].agent_value != NAME_ENTRY_AGENT_NONE)
			name_entry_count(&e->records[which], client, changed ? "good" : "nochg");
	mem_free(client);
}

/* The entry for a host that this agent declares, or NULL when the account may not have it. */
static struct name_entry *declared(struct declared_names *w, const struct account *account,
				   const struct declared_names_agent *a, const char *host,
				   bool wish)
{
	char full[256];
	if (!account || name_table_name(w->entries, host, full) != 0 ||
	    !account_allows_host(account, full))
		return NULL;
	struct name_entry *e = name_table_obtain(w->entries, full, a->account);
	/* A mapping's host does not take a name from the agent that wishes where it points. */
	if (!wish && e->wished && strcmp(e->holder, a->agent) != 0)
		return e;
	if (strcmp(e->holder, a->agent) != 0) {
		e->wished = e->mapped = false;
		name_entry_set_holder(e, a->agent);
	}
	e->marked = true;
	return e;
}

/* What this agent declared before and does not any more. */
static void withdraw(struct declared_names *w, struct name_entry *e)
{
	e->wished = e->mapped = false;
	name_entry_set_holder(e, "");
	clear(e);
	if (!name_entry_has_reason(e)) {
		name_table_let_go(w->entries, e);
		return;
	}
	name_table_settle(w->entries, e, true);
	name_table_mark(w->entries, e);
}

static bool is_held_by(const struct name_entry *e, const struct declared_names_agent *a)
{
	return !e->gone && strcmp(e->account, a->account) == 0 && strcmp(e->holder, a->agent) == 0;
}

/* --- one declaration --- */

static void take_mappings(struct declared_names *w, const struct account *account,
			  const struct declared_names_agent *a)
{
	for (size_t i = 0; a->mappings && i < a->mappings->count; i++) {
		const char *host = a->mappings->items[i].host;
		struct name_entry *e = host ? declared(w, account, a, host, false) : NULL;
		if (!e)
			continue;
		e->mapped = true;
		name_table_settle(w->entries, e, false);
		name_table_mark(w->entries, e);
	}
}

static void take_wishes(struct declared_names *w, const struct account *account,
			const struct declared_names_agent *a)
{
	for (size_t i = 0; i < a->wishes->count; i++) {
		const struct name_wish *wish = &a->wishes->items[i];
		struct name_entry *e = NULL;
		if (wish->follow != NAME_FOLLOW_UNKNOWN)
			e = declared(w, account, a, wish->host, true);
		if (!e)
			continue;
		take_wish(w, e, a, wish->follow);
		name_table_mark(w->entries, e);
	}
}

static void withdraw_rest(struct declared_names *w, const struct declared_names_agent *a,
			  struct list *mine)
{
	LIST_EACH(node, mine)
	{
		struct name_entry *e = LIST_ENTRY(node, struct name_entry, same_account);
		if (!is_held_by(e, a))
			continue;
		if (!e->marked) {
			withdraw(w, e);
		} else if (!e->wished && (e->records[0].agent_value != NAME_ENTRY_AGENT_NONE ||
					  e->records[1].agent_value != NAME_ENTRY_AGENT_NONE)) {
			clear(e);
			name_table_settle(w->entries, e, true);
			name_table_mark(w->entries, e);
		}
	}
}

static struct agent *agent_of(const struct declared_names *w, const char *account,
			      const char *agent)
{
	for (const struct list *node = w->agents.next; node != &w->agents; node = node->next) {
		struct agent *a = LIST_ENTRY(node, struct agent, node);
		if (strcmp(a->account, account) == 0 && strcmp(a->name, agent) == 0)
			return a;
	}
	return NULL;
}

static void forget_wishes(struct agent *a)
{
	for (size_t i = 0; i < a->wish_count; i++)
		mem_free(a->wishes[i].name);
	a->wish_count = 0;
}

static struct agent *remember_agent(struct declared_names *w,
				    const struct declared_names_agent *from)
{
	struct agent *a = agent_of(w, from->account, from->agent);
	if (!a) {
		a = mem_zalloc(sizeof(*a));
		a->account = mem_strdup(from->account);
		a->name = mem_strdup(from->agent);
		list_init(&a->reports);
		list_append(&w->agents, &a->node);
	}
	forget_wishes(a);
	a->wish_count = from->wishes->count;
	a->wishes = mem_resize(a->wishes, (a->wish_count + 1) * sizeof(*a->wishes));
	for (size_t i = 0; i < a->wish_count; i++) {
		char full[256];
		const struct name_wish *wish = &from->wishes->items[i];
		bool is_name = name_table_name(w->entries, wish->host, full) == 0;
		a->wishes[i] = (struct wish){mem_strdup(is_name ? full : wish->host),
					     wish->follow == NAME_FOLLOW_UNKNOWN};
	}
	return a;
}

static void drop_report(struct report *r)
{
	write_batch_leave(&r->wait);
	list_remove(&r->node);
	mem_free(r);
}

static void on_written(struct write_batch_wait *wait, bool written)
{
	struct report *r = (struct report *)wait;
	struct declared_names *w = r->wishes;
	struct agent *a = r->agent;
	drop_report(r);
	if (!written)
		return;
	a->answered++;
	tell_agent(w, a->account, a->name);
}

static void wait_for_ledger(struct declared_names *w, struct agent *a)
{
	struct report *r = mem_zalloc(sizeof(*r));
	r->wait.fn = on_written;
	r->wishes = w;
	r->agent = a;
	list_append(&a->reports, &r->node);
	a->sent++;
	write_batch_join(name_table_ledger(w->entries), &r->wait);
}

void declared_names_set(struct declared_names *w, const struct account *account,
			const struct declared_names_agent *a)
{
	struct list *mine = name_table_of(w->entries, a->account);
	LIST_EACH(node, mine)
	LIST_ENTRY(node, struct name_entry, same_account)->marked = false;
	take_mappings(w, account, a);
	LIST_EACH(node, mine)
	{
		struct name_entry *e = LIST_ENTRY(node, struct name_entry, same_account);
		if (is_held_by(e, a))
			e->wished = false;
	}
	take_wishes(w, account, a);
	withdraw_rest(w, a, mine);
	wait_for_ledger(w, remember_agent(w, a));
}

void declared_names_published(struct declared_names *w, const struct name_entry *e)
{
	tell_agent(w, e->account, e->holder);
}

/* --- reports --- */

/* Both families in one text, or NULL for none. */
static char *joined(const char *a, const char *b)
{
	a = a && *a ? a : NULL;
	b = b && *b ? b : NULL;
	return a && b ? mem_printf("%s,%s", a, b) : mem_strdup(a ? a : b);
}

static void report_one(const struct declared_names *w, const struct agent *a,
		       const struct wish *wish, struct name_report *out)
{
	const struct name_entry *e = name_table_find(w->entries, wish->name);
	const struct publishers *outlets = name_table_outlets(w->entries);
	*out = (struct name_report){.name = mem_strdup(wish->name), .counted = a->answered};
	if (wish->is_unknown) {
		out->answer = mem_strdup("the relay is older than the agent, update it: it does "
					 "not know what this name follows");
		return;
	}
	if (!e || e->gone || !e->wished || strcmp(e->holder, a->name) != 0) {
		out->answer = mem_strdup("nohost");
		return;
	}
	out->wanted = joined(e->records[0].wanted, e->records[1].wanted);
	out->published = joined(publishers_value(outlets, e, 0), publishers_value(outlets, e, 1));
	const char *answer = e->records[0].answer ? e->records[0].answer : e->records[1].answer;
	out->answer = mem_strdup(a->answered < a->sent ? NULL : answer ? answer : "good");
}

size_t declared_names_report(const struct declared_names *w, const char *account, const char *agent,
			     struct name_report **out)
{
	const struct agent *a = agent_of(w, account, agent);
	*out = NULL;
	if (!a || a->wish_count == 0)
		return 0;
	*out = mem_zalloc(a->wish_count * sizeof(struct name_report));
	for (size_t i = 0; i < a->wish_count; i++)
		report_one(w, a, &a->wishes[i], &(*out)[i]);
	return a->wish_count;
}

/* --- beginning and end --- */

static void agent_free(struct agent *a)
{
	while (!list_is_empty(&a->reports))
		drop_report(LIST_ENTRY(a->reports.next, struct report, node));
	list_remove(&a->node);
	forget_wishes(a);
	mem_free(a->wishes);
	mem_free(a->account);
	mem_free(a->name);
	mem_free(a);
}

void declared_names_keep(struct declared_names *w, const struct accounts *accounts)
{
	LIST_EACH(node, &w->agents)
	{
		struct agent *a = LIST_ENTRY(node, struct agent, node);
		if (!accounts_find(accounts, a->account))
			agent_free(a);
	}
}

struct declared_names *declared_names_new(struct name_table *t)
{
	struct declared_names *w = mem_zalloc(sizeof(*w));
	w->entries = t;
	list_init(&w->agents);
	return w;
}

void declared_names_free(struct declared_names *w)
{
	if (!w)
		return;
	while (!list_is_empty(&w->agents))
		agent_free(LIST_ENTRY(w->agents.next, struct agent, node));
	mem_free(w);
}

void declared_names_watch(struct declared_names *w, declared_names_changed_fn *fn, void *owner)
{
	w->changed = fn;
	w->owner = owner;
}
