/*
 * A declaration is the agent's whole word: its entries are marked while it is read, and what it
 * held before and did not name again is withdrawn. Each declaration is a report that waits in the
 * ledger; the agent's count of answered ones grows when it is durable.
 */
#include "relay/names/wishes.h"

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
	struct ledger_wait wait; /* first */
	struct list node;        /* on agent.reports */
	struct wishes *wishes;
	struct agent *agent;
};

struct wishes {
	struct entries *entries;
	struct list agents;
	wishes_changed_fn *changed;
	void *owner;
};

static void tell_agent(const struct wishes *w, const char *account, const char *agent)
{
	if (w->changed && *agent)
		w->changed(w->owner, account, agent);
}

/* --- what one entry is told --- */

static void set_home(struct entry *e, const struct wishes_agent *a)
{
	const struct addr *v6 =
	    addr_is_public(&a->address6) && a->address6.family == 6 ? &a->address6 : &a->seen;
	/* Whether that address leads home is being found out, or the word is about another one:
	 * sent before the link that it came over. */
	bool pending = strcmp(a->nat, "pending") == 0 ||
		       (a->judged.family && !addr_equal_ip(&a->judged, &a->seen));
	if (!pending && strcmp(a->nat, "cgnat") == 0)
		entry_set_agent(&e->records[0], ENTRY_AGENT_RELAY, NULL);
	else if (!pending && a->seen.family == 4 && addr_is_public(&a->seen))
		entry_set_agent(&e->records[0], ENTRY_AGENT_HOME, &a->seen);
	else if (!pending)
		entry_set_agent(&e->records[0], ENTRY_AGENT_NONE, NULL);
	entry_set_agent(&e->records[1],
			v6->family == 6 && addr_is_public(v6) ? ENTRY_AGENT_HOME : ENTRY_AGENT_NONE,
			v6);
}

static void clear(struct entry *e)
{
	entry_set_agent(&e->records[0], ENTRY_AGENT_NONE, NULL);
	entry_set_agent(&e->records[1], ENTRY_AGENT_NONE, NULL);
}

static void take_wish(struct wishes *w, struct entry *e, const struct wishes_agent *a,
		      enum name_follow follow)
{
	char *client = mem_printf("groundnut-agent %s", a->agent);
	if (follow == NAME_FOLLOW_HOME) {
		set_home(e, a);
	} else {
		entry_set_agent(&e->records[0], ENTRY_AGENT_RELAY, NULL);
		entry_set_agent(&e->records[1], ENTRY_AGENT_RELAY, NULL);
	}
	e->wished = true;
	bool changed = entries_settle(w->entries, e, true);
	for (unsigned which = 0; which < 2; which++)
		if (e->records[which].agent_value != ENTRY_AGENT_NONE)
			entry_count(&e->records[which], client, changed ? "good" : "nochg");
	mem_free(client);
}

/* The entry for a host that this agent declares, or NULL when the account may not have it. */
static struct entry *declared(struct wishes *w, const struct account *account,
			      const struct wishes_agent *a, const char *host, bool wish)
{
	char full[256];
	if (!account || entries_name(w->entries, host, full) != 0 ||
	    !account_allows_host(account, full))
		return NULL;
	struct entry *e = entries_obtain(w->entries, full, a->account);
	/* A mapping's host does not take a name from the agent that wishes where it points. */
	if (!wish && e->wished && strcmp(e->holder, a->agent) != 0)
		return e;
	if (strcmp(e->holder, a->agent) != 0) {
		e->wished = e->mapped = false;
		entry_set_holder(e, a->agent);
	}
	e->marked = true;
	return e;
}

/* What this agent declared before and does not any more. */
static void withdraw(struct wishes *w, struct entry *e)
{
	e->wished = e->mapped = false;
	entry_set_holder(e, "");
	clear(e);
	if (!entry_has_reason(e)) {
		entries_let_go(w->entries, e);
		return;
	}
	entries_settle(w->entries, e, true);
	entries_mark(w->entries, e);
}

static bool is_held_by(const struct entry *e, const struct wishes_agent *a)
{
	return !e->gone && strcmp(e->account, a->account) == 0 && strcmp(e->holder, a->agent) == 0;
}

/* --- one declaration --- */

static void take_mappings(struct wishes *w, const struct account *account,
			  const struct wishes_agent *a)
{
	for (size_t i = 0; a->mappings && i < a->mappings->count; i++) {
		const char *host = a->mappings->items[i].host;
		struct entry *e = host ? declared(w, account, a, host, false) : NULL;
		if (!e)
			continue;
		e->mapped = true;
		entries_settle(w->entries, e, false);
		entries_mark(w->entries, e);
	}
}

static void take_wishes(struct wishes *w, const struct account *account,
			const struct wishes_agent *a)
{
	for (size_t i = 0; i < a->wishes->count; i++) {
		const struct name_wish *wish = &a->wishes->items[i];
		struct entry *e = NULL;
		if (wish->follow != NAME_FOLLOW_UNKNOWN)
			e = declared(w, account, a, wish->host, true);
		if (!e)
			continue;
		take_wish(w, e, a, wish->follow);
		entries_mark(w->entries, e);
	}
}

static void withdraw_rest(struct wishes *w, const struct wishes_agent *a, struct list *mine)
{
	LIST_EACH(node, mine)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, same_account);
		if (!is_held_by(e, a))
			continue;
		if (!e->marked) {
			withdraw(w, e);
		} else if (!e->wished && (e->records[0].agent_value != ENTRY_AGENT_NONE ||
					  e->records[1].agent_value != ENTRY_AGENT_NONE)) {
			clear(e);
			entries_settle(w->entries, e, true);
			entries_mark(w->entries, e);
		}
	}
}

static struct agent *agent_of(const struct wishes *w, const char *account, const char *agent)
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

static struct agent *remember_agent(struct wishes *w, const struct wishes_agent *from)
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
		bool is_name = entries_name(w->entries, wish->host, full) == 0;
		a->wishes[i] = (struct wish){mem_strdup(is_name ? full : wish->host),
					     wish->follow == NAME_FOLLOW_UNKNOWN};
	}
	return a;
}

static void drop_report(struct report *r)
{
	ledger_leave(&r->wait);
	list_remove(&r->node);
	mem_free(r);
}

static void on_written(struct ledger_wait *wait, bool written)
{
	struct report *r = (struct report *)wait;
	struct wishes *w = r->wishes;
	struct agent *a = r->agent;
	drop_report(r);
	if (!written)
		return;
	a->answered++;
	tell_agent(w, a->account, a->name);
}

static void wait_for_ledger(struct wishes *w, struct agent *a)
{
	struct report *r = mem_zalloc(sizeof(*r));
	r->wait.fn = on_written;
	r->wishes = w;
	r->agent = a;
	list_append(&a->reports, &r->node);
	a->sent++;
	ledger_join(entries_ledger(w->entries), &r->wait);
}

void wishes_set(struct wishes *w, const struct account *account, const struct wishes_agent *a)
{
	struct list *mine = entries_of(w->entries, a->account);
	LIST_EACH(node, mine)
	LIST_ENTRY(node, struct entry, same_account)->marked = false;
	take_mappings(w, account, a);
	LIST_EACH(node, mine)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, same_account);
		if (is_held_by(e, a))
			e->wished = false;
	}
	take_wishes(w, account, a);
	withdraw_rest(w, a, mine);
	wait_for_ledger(w, remember_agent(w, a));
}

void wishes_published(struct wishes *w, const struct entry *e)
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

static void report_one(const struct wishes *w, const struct agent *a, const struct wish *wish,
		       struct name_report *out)
{
	const struct entry *e = entries_find(w->entries, wish->name);
	const struct outlets *outlets = entries_outlets(w->entries);
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
	out->published = joined(outlets_value(outlets, e, 0), outlets_value(outlets, e, 1));
	const char *answer = e->records[0].answer ? e->records[0].answer : e->records[1].answer;
	out->answer = mem_strdup(a->answered < a->sent ? NULL : answer ? answer : "good");
}

size_t wishes_report(const struct wishes *w, const char *account, const char *agent,
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

void wishes_report_free(struct name_report *reports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free(reports[i].name);
		mem_free(reports[i].wanted);
		mem_free(reports[i].published);
		mem_free(reports[i].answer);
	}
	mem_free(reports);
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

void wishes_keep(struct wishes *w, const struct accounts *accounts)
{
	LIST_EACH(node, &w->agents)
	{
		struct agent *a = LIST_ENTRY(node, struct agent, node);
		if (!accounts_find(accounts, a->account))
			agent_free(a);
	}
}

struct wishes *wishes_new(struct entries *t)
{
	struct wishes *w = mem_zalloc(sizeof(*w));
	w->entries = t;
	list_init(&w->agents);
	return w;
}

void wishes_free(struct wishes *w)
{
	if (!w)
		return;
	while (!list_is_empty(&w->agents))
		agent_free(LIST_ENTRY(w->agents.next, struct agent, node));
	mem_free(w);
}

void wishes_watch(struct wishes *w, wishes_changed_fn *fn, void *owner)
{
	w->changed = fn;
	w->owner = owner;
}
