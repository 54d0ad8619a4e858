/*
 * A declaration is the agent's whole word: its names are marked while it is read, and what it held
 * before and did not name again is withdrawn. Each declaration with names is a report that waits
 * for the write batch; the agent's count of answered ones grows when it is durable.
 */
#include "relay/names/declared_names.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

enum { SWEEP_LEAST = 64 };

/* An entry of an agent's `names`. */
struct entry {
	char *name;      /* full, or as written when it is none */
	bool is_unknown; /* only a later version knows what it follows */
};

struct declarer {
	struct list reports; /* that wait for the write batch */
	char *account, *name;
	char *key; /* both */
	struct entry *entries;
	size_t entry_count;
	size_t told;             /* how many entries it was told of last */
	uint64_t sent, answered; /* reports; those that are durable */
};

struct pending_report {
	struct write_batch_wait wait; /* first */
	struct list node;             /* declarer.reports */
	struct declared_names *all;
	struct declarer *agent;
	unsigned count; /* how many of its reports this answers */
};

struct declaration {
	const char *account, *agent;
	const struct declare *said;
	const struct addr *seen; /* the agent's address as the relay sees it */
};

struct declared_names {
	struct name_registry *names;
	struct hash_table *agents; /* by key */
	/* when there are so many agents, those that are gone are forgotten */
	size_t sweep_at;
	declared_names_fn *fn;
	declared_names_alive_fn *is_alive;
	void *owner;
};

/* --- reports --- */

/* Both families in one text, or NULL for none. */
static char *joined(const char *a, const char *b)
{
	a = a && *a ? a : NULL;
	b = b && *b ? b : NULL;
	return a && b ? mem_printf("%s,%s", a, b) : mem_strdup(a ? a : b);
}

static void report_one(const struct declared_names *d, const struct declarer *a,
		       const struct entry *e, struct name_report *out)
{
	const struct name *n = name_registry_find(d->names, e->name);
	*out = (struct name_report){.name = mem_strdup(e->name), .counted = a->answered};
	if (e->is_unknown) {
		out->answer = mem_strdup("the relay is older than the agent, update it: it does "
					 "not know what this name follows");
		return;
	}
	if (!n || !n->declared || strcmp(n->holder, a->name) != 0) {
		out->answer =
		    mem_strdup(!n && name_registry_is_full(d->names, a->account)
				   ? "this account has all the names that it may have (limits: "
				     "names_per_account, records_per_account)"
				   : "nohost");
		return;
	}
	const struct name_record *four = &n->records[PUBLISH_A], *six = &n->records[PUBLISH_AAAA];
	out->wanted = joined(four->wanted, six->wanted);
	out->published = joined(name_registry_value(d->names, n, PUBLISH_A),
				name_registry_value(d->names, n, PUBLISH_AAAA));
	const char *of_four = name_requests(four).answer, *of_six = name_requests(six).answer;
	const char *answer = of_four ? of_four : of_six;
	out->answer = mem_strdup(a->answered < a->sent ? NULL : answer ? answer : "good");
}

/* Most agents have mappings only. Each would get two more STATEs that say nothing. */
static void tell(const struct declared_names *d, struct declarer *a)
{
	if (!a->entry_count && !a->told)
		return;
	a->told = a->entry_count;
	struct name_report *reports = mem_zalloc(a->entry_count * sizeof(*reports));
	for (size_t i = 0; i < a->entry_count; i++)
		report_one(d, a, &a->entries[i], &reports[i]);
	d->fn(d->owner, a->account, a->name, reports, a->entry_count);
}

static void drop_report(struct pending_report *r)
{
	write_batch_leave(&r->wait);
	list_remove(&r->node);
	mem_free(r);
}

static void on_written(struct write_batch_wait *wait, bool written)
{
	struct pending_report *r = (struct pending_report *)wait;
	struct declared_names *d = r->all;
	struct declarer *a = r->agent;
	a->answered += written ? r->count : 0;
	drop_report(r);
	if (written)
		tell(d, a);
}

static void wait_for_batch(struct declared_names *d, struct declarer *a, unsigned count)
{
	struct pending_report *r = mem_zalloc(sizeof(*r));
	r->wait.fn = on_written;
	r->all = d;
	r->agent = a;
	r->count = count;
	list_append(&a->reports, &r->node);
	a->sent += count;
	write_batch_join(name_registry_batch(d->names), &r->wait);
}

/* --- the agents --- */

static char *key_of(const char *account, const char *agent)
{
	return mem_printf("%s/%s", account, agent);
}

static struct declarer *find_agent(const struct declared_names *d, const char *account,
				   const char *agent)
{
	char *key = key_of(account, agent);
	struct declarer *a = hash_table_get(d->agents, key, strlen(key));
	mem_free(key);
	return a;
}

static void drop_agent(void *arg, void *value);

static void drop_if_gone(void *arg, void *value)
{
	struct declared_names *d = arg;
	const struct declarer *a = value;
	if (!d->is_alive(d->owner, a->account, a->name))
		drop_agent(d, value);
}

static struct declarer *obtain_agent(struct declared_names *d, const char *account,
				     const char *agent)
{
	struct declarer *a = find_agent(d, account, agent);
	if (a)
		return a;
	if (hash_table_count(d->agents) >= d->sweep_at) {
		hash_table_each(d->agents, drop_if_gone, d);
		d->sweep_at = 2 * hash_table_count(d->agents) + SWEEP_LEAST;
	}
	a = mem_zalloc(sizeof(*a));
	a->account = mem_strdup(account);
	a->name = mem_strdup(agent);
	a->key = key_of(a->account, a->name);
	list_init(&a->reports);
	hash_table_add(d->agents, a->key, strlen(a->key), a);
	return a;
}

static void drop_entries(struct declarer *a)
{
	for (size_t i = 0; i < a->entry_count; i++)
		mem_free(a->entries[i].name);
	mem_free(a->entries);
}

static void remember(struct declared_names *d, struct declarer *a,
		     const struct name_entry_list *said)
{
	drop_entries(a);
	a->entry_count = said->count;
	a->entries = said->count ? mem_alloc(said->count * sizeof(*a->entries)) : NULL;
	for (size_t i = 0; i < said->count; i++) {
		char full[256];
		bool is_name = name_registry_full(d->names, said->items[i].host, full) == 0;
		a->entries[i] = (struct entry){mem_strdup(is_name ? full : said->items[i].host),
					       said->items[i].follow == NAME_FOLLOW_UNKNOWN};
	}
}

/* Called by the table's own walk, or with all of it. */
static void drop_agent(void *arg, void *value)
{
	struct declared_names *d = arg;
	struct declarer *a = value;
	while (!list_is_empty(&a->reports))
		drop_report(LIST_ENTRY(a->reports.next, struct pending_report, node));
	hash_table_remove(d->agents, a->key, strlen(a->key));
	drop_entries(a);
	mem_free(a->account);
	mem_free(a->name);
	mem_free(a->key);
	mem_free(a);
}

/* --- one declaration --- */

static void set_home(struct name *n, const struct declare *said, const struct addr *seen)
{
	const struct addr *v6 = seen;
	char four[ADDR_TEXT], six[ADDR_TEXT];
	const char *a = NULL;
	if (said->address6.family == 6 && addr_is_public(&said->address6))
		v6 = &said->address6;
	/* It is not known yet whether that address leads home. Or the word is about another
	 * address, since it was sent before the link came up. */
	if (strcmp(said->nat, "pending") == 0 ||
	    (said->judged.family && !addr_equal_ip(&said->judged, seen)))
		a = n->records[PUBLISH_A].agent;
	else if (strcmp(said->nat, "cgnat") == 0)
		a = NAME_RELAY;
	else if (seen->family == 4 && addr_is_public(seen))
		a = addr_ip_text(seen, four);
	name_set_agent(n, a, v6->family == 6 && addr_is_public(v6) ? addr_ip_text(v6, six) : NULL);
}

/* Whether no live agent holds the name, so that nothing would miss it. */
static bool is_left_over(struct declared_names *d, const struct name *n)
{
	return !n->own && !(*n->holder && d->is_alive(d->owner, n->account, n->holder));
}

/* A declaration being read. */
struct reading {
	struct declared_names *d;
	const struct account *account; /* or NULL: it is not known */
	const struct declaration *by;
	struct list *mine; /* the account's names */
	size_t looks;      /* how many more names may be looked at to make room */
};

/* Drops the oldest name of the account that is left over. Those that are not are put behind the
 * others, so that the next look begins where this one ended. */
static bool make_room(struct reading *r)
{
	while (r->looks && !list_is_empty(r->mine)) {
		struct name *n = LIST_ENTRY(r->mine->next, struct name, same_account);
		r->looks--;
		if (is_left_over(r->d, n)) {
			name_registry_drop(r->d->names, n);
			return true;
		}
		list_remove(&n->same_account);
		list_append(r->mine, &n->same_account);
	}
	return false;
}

/* The name of a host that this agent declares, or NULL when the account may not have it. */
static struct name *declare(struct reading *r, const char *host, bool is_entry)
{
	struct name_registry *names = r->d->names;
	const struct declaration *by = r->by;
	char full[256];
	if (!r->account || name_registry_full(names, host, full) != 0 ||
	    !accounts_allow_host(name_registry_accounts(names), r->account, full))
		return NULL;
	struct name *n = name_registry_obtain(names, full, by->account);
	while (!n && make_room(r))
		n = name_registry_obtain(names, full, by->account);
	if (!n) {
		name_registry_tell_full(names, by->account);
		return NULL;
	}
	bool held = strcmp(n->holder, by->agent) == 0;
	/* A mapping's host does not take a name from the agent whose entry says where it points. */
	if (!is_entry && n->declared && !held)
		return n;
	if (!held) {
		n->declared = n->mapped = n->https = false;
		name_registry_set_holder(names, n, by->agent);
	}
	n->marked = true;
	return n;
}

static void take_mappings(struct reading *r)
{
	const struct mapping_list *mappings = &r->by->said->mappings;
	for (size_t i = 0; i < mappings->count; i++) {
		const char *host = mappings->items[i].host;
		struct name *n = host ? declare(r, host, false) : NULL;
		if (!n)
			continue;
		bool is_news = !n->mapped;
		n->mapped = true;
		n->https |= mappings->items[i].protocol == MAPPING_HTTPS;
		is_news |= n->https != n->was_https;
		if (name_registry_settle(r->d->names, n, false) || is_news)
			name_registry_mark(r->d->names, n);
	}
}

static void take_entries(struct reading *r)
{
	char *client = mem_printf("groundnut-agent %s", r->by->agent);
	for (size_t i = 0; i < r->by->said->names.count; i++) {
		const struct name_entry *entry = &r->by->said->names.items[i];
		struct name *n =
		    entry->follow == NAME_FOLLOW_UNKNOWN ? NULL : declare(r, entry->host, true);
		if (!n)
			continue;
		if (entry->follow == NAME_FOLLOW_HOME)
			set_home(n, r->by->said, r->by->seen);
		else
			name_set_agent(n, NAME_RELAY, NAME_RELAY);
		n->declared = true;
		bool changed = name_registry_settle(r->d->names, n, true);
		for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++)
			if (n->records[t].agent)
				name_note_request(&n->records[t], client,
						  changed ? "good" : "nochg");
		name_registry_mark(r->d->names, n);
	}
	mem_free(client);
}

/* What this agent declared before and does not any more; may drop the name. */
static void withdraw(struct declared_names *d, struct name *n)
{
	if (n->marked && (n->declared || !name_has_agent(n)))
		return;
	if (!n->marked) {
		n->declared = n->mapped = n->https = false;
		name_registry_set_holder(d->names, n, "");
	}
	name_set_agent(n, NULL, NULL);
	if (name_has_reason(n)) {
		name_registry_settle(d->names, n, true);
		name_registry_mark(d->names, n);
	} else {
		name_registry_drop(d->names, n);
	}
}

static struct name *first_held(const struct reading *r)
{
	return name_registry_first_held(r->d->names, r->by->account, r->by->agent);
}

void declared_names_set(struct declared_names *d, const char *account, const char *agent,
			const struct declare *said, const struct addr *seen, unsigned count)
{
	const struct declaration by = {account, agent, said, seen};
	struct accounts *accounts = name_registry_accounts(d->names);
	struct reading r = {.d = d,
			    .by = &by,
			    .mine = name_registry_of(d->names, account),
			    .looks = name_registry_count_of(d->names, account)};
	r.account = accounts ? accounts_find(accounts, account) : NULL;
	for (struct name *n = first_held(&r); n; n = name_registry_next_held(n)) {
		n->was_https = n->https;
		n->marked = n->https = false;
	}
	take_mappings(&r);
	for (struct name *n = first_held(&r); n; n = name_registry_next_held(n))
		n->declared = false;
	take_entries(&r);
	for (struct name *n = first_held(&r), *next; n; n = next) {
		next = name_registry_next_held(n);
		withdraw(d, n);
	}
	struct declarer *a = obtain_agent(d, account, agent);
	remember(d, a, &said->names);
	if (a->entry_count)
		wait_for_batch(d, a, count);
	tell(d, a);
}

/* --- what the names tell --- */

static void on_published(void *owner, const struct name *n)
{
	struct declared_names *d = owner;
	struct declarer *a = find_agent(d, n->account, n->holder);
	if (a)
		tell(d, a);
}

static void drop_if_removed(void *arg, void *value)
{
	struct declared_names *d = arg;
	const struct declarer *a = value;
	if (!accounts_find(name_registry_accounts(d->names), a->account))
		drop_agent(d, value);
}

static void on_accounts_changed(void *owner)
{
	struct declared_names *d = owner;
	hash_table_each(d->agents, drop_if_removed, d);
}

static const struct name_registry_watcher watcher = {.published = on_published,
						     .accounts_changed = on_accounts_changed};

struct declared_names *declared_names_new(struct name_registry *all, declared_names_fn *fn,
					  declared_names_alive_fn *is_alive, void *owner)
{
	struct declared_names *d = mem_zalloc(sizeof(*d));
	d->names = all;
	d->agents = hash_table_new();
	d->sweep_at = SWEEP_LEAST;
	d->fn = fn;
	d->is_alive = is_alive;
	d->owner = owner;
	name_registry_watch(all, &watcher, d);
	return d;
}

void declared_names_free(struct declared_names *d)
{
	if (!d)
		return;
	name_registry_unwatch(d->names, d);
	hash_table_each(d->agents, drop_agent, d);
	hash_table_free(d->agents);
	mem_free(d);
}
