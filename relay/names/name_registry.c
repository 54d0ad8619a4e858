/*
 * Whatever changes a name settles it: name_registry_settle derives what is wanted, and what is
 * something else than before is shown in the zone at once, counted, and due at the publishers. Then
 * the name is marked, and the write batch brings it to the store; a DDNS request waits for that.
 *
 * A name without any reason to exist is dropped at once. What the publishers have of it is theirs
 * to delete: they ask what is wanted of it, and that is nothing.
 *
 * A batch that is lost is told to those who wait for it, and everything is written again.
 */
#include "relay/names/name_registry.h"

#include "shared/base/err.h"
#include "shared/base/hash_table.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* A DDNS request that waits for the write batch. */
struct asker {
	struct write_batch_wait wait; /* first */
	struct list node;             /* on names.askers */
	uint64_t ticket;
	name_registry_done_fn *fn;
	void *owner;
	enum name_registry_answer answer;
};

struct account_names {
	struct list names; /* by same_account */
	size_t count, records;
	bool told; /* the log has said that it is full; cleared when a quarter is free again */
	char account[];
};

/* The names that one agent holds. There while it holds any. */
struct holder_names {
	struct list names; /* by same_holder */
	const char *agent; /* in key */
	char key[];        /* account and agent */
};

/* TXT records that a name is to hold. */
struct texts {
	struct publish_set values;
	char name[]; /* full; the key */
};

struct watcher {
	const struct name_registry_watcher *fns; /* NULL: none */
	void *owner;
};

enum { NOT_COUNTED = PUBLISH_ADDRESSES + 1, PAGE = 1000, WATCHERS = 2 };

struct name_registry {
	struct relay_config *config;                 /* a reference */
	struct publish_set relay[PUBLISH_ADDRESSES]; /* the relay's addresses */
	struct hash_table *names;                    /* by name */
	struct list list;                            /* the same, by id */
	uint64_t last_id;
	struct hash_table *by_account; /* struct account_names */
	struct hash_table *by_holder;  /* struct holder_names */
	struct accounts *accounts;     /* or NULL before the first list */
	struct write_batch *batch;
	struct publishers *publishers;
	struct hash_table *texts; /* struct texts */
	struct watcher watchers[WATCHERS];
	struct list askers;
	uint64_t last_ticket;
	struct event_hub *events; /* or NULL */
};

/* --- the table --- */

struct name *name_registry_find(const struct name_registry *all, const char *name)
{
	return hash_table_get(all->names, name, strlen(name));
}

static struct account_names *obtain_account(struct name_registry *all, const char *account)
{
	size_t len = strlen(account);
	struct account_names *of = hash_table_get(all->by_account, account, len);
	if (of)
		return of;
	of = mem_zalloc(sizeof(*of) + len + 1);
	list_init(&of->names);
	memcpy(of->account, account, len);
	hash_table_add(all->by_account, of->account, len, of);
	return of;
}

struct list *name_registry_of(struct name_registry *all, const char *account)
{
	return &obtain_account(all, account)->names;
}

size_t name_registry_count_of(struct name_registry *all, const char *account)
{
	return obtain_account(all, account)->count;
}

/* --- who holds them --- */

static struct holder_names *find_holder(const struct name_registry *all, const char *account,
					const char *agent)
{
	char *key = mem_printf("%s/%s", account, agent);
	struct holder_names *h = hash_table_get(all->by_holder, key, strlen(key));
	mem_free(key);
	return h;
}

static struct holder_names *add_holder(struct name_registry *all, const char *account,
				       const char *agent)
{
	size_t size = strlen(account) + strlen(agent) + 2;
	struct holder_names *h = mem_alloc(sizeof(*h) + size);
	list_init(&h->names);
	snprintf(h->key, size, "%s/%s", account, agent);
	h->agent = h->key + strlen(account) + 1;
	hash_table_add(all->by_holder, h->key, size - 1, h);
	return h;
}

static struct holder_names *obtain_holder(struct name_registry *all, const char *account,
					  const char *agent)
{
	struct holder_names *h = find_holder(all, account, agent);
	return h ? h : add_holder(all, account, agent);
}

void name_registry_set_holder(struct name_registry *all, struct name *n, const char *agent)
{
	struct holder_names *before = n->held;
	list_remove(&n->same_holder);
	n->held = *agent ? obtain_holder(all, n->account, agent) : NULL;
	n->holder = n->held ? n->held->agent : "";
	if (n->held)
		list_append(&n->held->names, &n->same_holder);
	if (!before || !list_is_empty(&before->names))
		return;
	hash_table_remove(all->by_holder, before->key, strlen(before->key));
	mem_free(before);
}

struct name *name_registry_first_held(const struct name_registry *all, const char *account,
				      const char *agent)
{
	const struct holder_names *h = find_holder(all, account, agent);
	return h ? LIST_ENTRY(h->names.next, struct name, same_holder) : NULL;
}

struct name *name_registry_next_held(const struct name *n)
{
	struct list *next = n->same_holder.next;
	return next == &n->held->names ? NULL : LIST_ENTRY(next, struct name, same_holder);
}

/* --- what an account may have --- */

static bool is_over(const struct name_registry *all, const struct account_names *of, unsigned names,
		    unsigned records)
{
	const struct relay_limits *l = &all->config->limits;
	return (names && of->count + names > l->names_per_account) ||
	       (records && of->records + records > l->records_per_account);
}

bool name_registry_is_full(const struct name_registry *all, const char *account)
{
	static const struct account_names none = {0};
	const struct account_names *of = hash_table_get(all->by_account, account, strlen(account));
	return is_over(all, of ? of : &none, 1, PUBLISH_ADDRESSES);
}

/* Logs it once, until a quarter is free again. */
void name_registry_tell_full(struct name_registry *all, const char *account)
{
	struct account_names *of = obtain_account(all, account);
	if (!of->told)
		log_warn("names_full", "account=%s names=%zu records=%zu", of->account, of->count,
			 of->records);
	of->told = true;
}

static void enter(struct name_registry *all, struct account_names *of, struct name *n)
{
	list_append(&of->names, &n->same_account);
	n->account = of->account;
	name_registry_set_holder(all, n, n->holder);
	of->count++;
	of->records += name_records(n);
}

static void leave(struct name_registry *all, struct name *n)
{
	struct account_names *of = obtain_account(all, n->account);
	list_remove(&n->same_account);
	of->count--;
	of->records -= name_records(n);
	of->told &= of->count > all->config->limits.names_per_account / 4 * 3;
}

/* records: how many more than now. NULL: the account would have more than it may have. */
static struct name *obtain(struct name_registry *all, const char *name, const char *account,
			   unsigned records)
{
	struct account_names *of = obtain_account(all, account);
	struct name *n = name_registry_find(all, name);
	bool is_new = !n || strcmp(n->account, account) != 0;
	if (records != NOT_COUNTED && is_over(all, of, is_new, records))
		return NULL;
	if (n && !is_new)
		return n;
	if (n) {
		leave(all, n);
	} else {
		n = name_new(name);
		n->id = ++all->last_id;
		list_append(&all->list, &n->all);
		hash_table_add(all->names, n->name, strlen(n->name), n);
	}
	enter(all, of, n);
	return n;
}

struct name *name_registry_obtain(struct name_registry *all, const char *name, const char *account)
{
	const struct name *n = name_registry_find(all, name);
	bool has = n && strcmp(n->account, account) == 0;
	return obtain(all, name, account, has ? 0 : PUBLISH_ADDRESSES);
}

const struct relay_config *name_registry_config(const struct name_registry *all)
{
	return all->config;
}

/* Whether a full name lies below the domain and is not one that the relay itself needs. */
static bool may_be(const struct name_registry *all, const char *name)
{
	return text_is_in(name, all->config->domain) && strcmp(name, all->config->domain) != 0 &&
	       !reserved_names_has(all->config->reserved_names, name);
}

int name_registry_full(const struct name_registry *all, const char *host, char out[256])
{
	return text_full_host(host, all->config->domain, out) == 0 && may_be(all, out) ? 0
										       : ERR_SYNTAX;
}

bool name_registry_settle(struct name_registry *all, struct name *n, bool counts)
{
	bool changed = false;
	size_t before = name_records(n);
	n->settled = true;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		struct name_record *r = &n->records[t];
		struct publish_set set;
		char text[PUBLISH_TEXT];
		name_want(n, t, all->relay, &set);
		publish_set_text(&set, text);
		if (strcmp(r->wanted ? r->wanted : "", text) == 0)
			continue;
		name_set_text(&r->wanted, *text ? text : NULL);
		r->changes += counts;
		if (counts || !r->updated_ms)
			r->updated_ms = loop_wall_ms();
		publishers_show(all->publishers, n->name, t, &set);
		publishers_number(all->publishers);
		changed = true;
	}
	if (changed) {
		obtain_account(all, n->account)->records += name_records(n) - before;
		publishers_check(all->publishers, n->name);
	}
	return changed;
}

void name_registry_mark(struct name_registry *all, struct name *n)
{
	write_batch_mark(all->batch, n);
}

void name_registry_drop(struct name_registry *all, struct name *n)
{
	static const struct publish_set none = {0};
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		store_drop_name(write_batch_batch(all->batch), n->name, publish_type_number(t));
		if (n->records[t].wanted) {
			publishers_show(all->publishers, n->name, t, &none);
			publishers_number(all->publishers);
		}
	}
	name_registry_set_holder(all, n, "");
	leave(all, n);
	hash_table_remove(all->names, n->name, strlen(n->name));
	list_remove(&n->all);
	list_remove(&n->dirty);
	publishers_check(all->publishers, n->name);
	name_free(n);
}

struct write_batch *name_registry_batch(struct name_registry *all)
{
	return all->batch;
}

const char *name_registry_value(const struct name_registry *all, const struct name *n,
				enum publish_type type)
{
	return publishers_value(all->publishers, n->name, type, n->records[type].wanted);
}

const struct zone *name_registry_zone(const struct name_registry *all)
{
	return publishers_zone(all->publishers);
}

void name_registry_watch(struct name_registry *all, const struct name_registry_watcher *fns,
			 void *owner)
{
	struct watcher *w = all->watchers;
	while (w->fns)
		w++;
	assert(w < all->watchers + WATCHERS);
	*w = (struct watcher){fns, owner};
}

void name_registry_unwatch(struct name_registry *all, const void *owner)
{
	for (size_t i = 0; i < WATCHERS; i++)
		if (all->watchers[i].owner == owner)
			all->watchers[i] = (struct watcher){0};
}

/* --- TXT records --- */

static struct texts *find_texts(const struct name_registry *all, const char *name)
{
	return hash_table_get(all->texts, name, strlen(name));
}

void name_registry_set_texts(struct name_registry *all, const char *name,
			     const struct publish_set *values)
{
	struct texts *t = find_texts(all, name);
	size_t len = strlen(name);
	publishers_show(all->publishers, name, PUBLISH_TXT, values);
	publishers_number(all->publishers);
	if (!t && values->count) {
		t = mem_zalloc(sizeof(*t) + len + 1);
		memcpy(t->name, name, len);
		hash_table_add(all->texts, t->name, len, t);
	} else if (t && !values->count) {
		hash_table_remove(all->texts, name, len);
		mem_free(t);
		t = NULL;
	}
	if (t)
		t->values = *values;
	publishers_check(all->publishers, name);
}

void name_registry_progress(const struct name_registry *all, const char *name, const char *value,
			    struct publish_progress *out)
{
	publishers_progress(all->publishers, name, value, out);
}

static void show_texts(void *arg, void *value)
{
	const struct name_registry *all = arg;
	const struct texts *t = value;
	publishers_show(all->publishers, t->name, PUBLISH_TXT, &t->values);
	publishers_check(all->publishers, t->name);
}

/* --- accounts --- */

static void keep_or_drop(void *arg, void *value)
{
	struct name_registry *all = arg;
	struct name *n = value;
	const struct account *a = accounts_find(all->accounts, n->account);
	char own[256];
	n->own = a && name_registry_full(all, a->name, own) == 0 && strcmp(own, n->name) == 0;
	if (!a || (!n->own && !accounts_allow_host(all->accounts, a, n->name)) ||
	    !name_has_reason(n))
		name_registry_drop(all, n);
}

static void give_own_name(struct name_registry *all, const char *account)
{
	char own[256];
	if (name_registry_full(all, account, own) != 0)
		return;
	struct name *n = obtain(all, own, account, NOT_COUNTED);
	n->own = true;
	if (name_registry_settle(all, n, false))
		name_registry_mark(all, n);
}

static void drop_account_names(void *arg, void *value)
{
	struct name_registry *all = arg;
	struct account_names *of = value;
	if (!list_is_empty(&of->names))
		return;
	hash_table_remove(all->by_account, of->account, strlen(of->account));
	mem_free(of);
}

void name_registry_set_accounts(struct name_registry *all, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(all->accounts);
	all->accounts = accounts;
	for (size_t i = 0; i < accounts_count(accounts); i++)
		give_own_name(all, accounts_at(accounts, i)->name);
	hash_table_each(all->names, keep_or_drop, all);
	hash_table_each(all->by_account, drop_account_names, all);
	for (size_t i = 0; i < WATCHERS; i++)
		if (all->watchers[i].fns)
			all->watchers[i].fns->accounts_changed(all->watchers[i].owner);
}

struct accounts *name_registry_accounts(const struct name_registry *all)
{
	return all->accounts;
}

/* --- DDNS updates --- */

static bool is_set(const struct name_registry_change *c, enum publish_type t)
{
	return c->set[t].family || c->offline[t];
}

static bool set_ddns(struct name_record *r, const struct name_registry_change *c,
		     enum publish_type t)
{
	char ip[ADDR_TEXT];
	const char *value = c->offline[t] ? NAME_OFFLINE : addr_ip_text(&c->set[t], ip);
	bool changed = !text_same(r->ddns, value);
	name_set_text(&r->ddns, value);
	return changed;
}

static enum name_registry_answer apply(struct name_registry *all, struct name *n,
				       const struct name_registry_change *c, const char *client)
{
	bool changed = false, dummy = false;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		if (is_set(c, t))
			changed |= set_ddns(&n->records[t], c, t);
		else
			dummy |= c->asked[t];
	}
	name_registry_settle(all, n, true);
	enum name_registry_answer answer =
	    changed || dummy ? NAME_REGISTRY_GOOD : NAME_REGISTRY_NOCHG;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++)
		if (is_set(c, t) || c->asked[t])
			name_note_request(&n->records[t], client,
					  answer == NAME_REGISTRY_GOOD ? "good" : "nochg");
	name_registry_mark(all, n);
	return answer;
}

static void asker_free(struct asker *a)
{
	write_batch_leave(&a->wait);
	list_remove(&a->node);
	mem_free(a);
}

static void on_written(struct write_batch_wait *wait, bool written)
{
	struct asker a = *(struct asker *)wait;
	asker_free((struct asker *)wait);
	a.fn(a.owner, a.ticket, written ? a.answer : NAME_REGISTRY_TROUBLE);
}

/* Or a router's password would be worth a certificate. */
static bool is_of_https(const struct name_registry *all, const char *full)
{
	const struct name *exact = name_registry_find(all, full), *wild = NULL;
	const char *dot = strchr(full, '.');
	if (dot) {
		char *text = mem_printf("*%s", dot);
		wild = name_registry_find(all, text);
		mem_free(text);
	}
	return (exact && exact->https) || (wild && wild->https);
}

enum name_registry_answer name_registry_update(struct name_registry *all,
					       const struct account *account, const char *host,
					       const struct name_registry_change *change,
					       const char *client, name_registry_done_fn *fn,
					       void *owner, uint64_t *ticket)
{
	char full[256];
	int err = host ? text_host(host, true, full)
		       : text_full_host(account->name, all->config->domain, full);
	if (err || !may_be(all, full) || !accounts_allow_host(all->accounts, account, full) ||
	    is_of_https(all, full))
		return NAME_REGISTRY_NOHOST;
	const struct name *known = name_registry_find(all, full);
	unsigned records = 0;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++)
		records += change->set[t].family && !(known && known->records[t].wanted);
	if (!known && !is_set(change, PUBLISH_A) && !is_set(change, PUBLISH_AAAA))
		return NAME_REGISTRY_GOOD;
	struct name *n = obtain(all, full, account->name, records);
	if (!n) {
		name_registry_tell_full(all, account->name);
		return NAME_REGISTRY_FULL;
	}
	struct asker *a = mem_zalloc(sizeof(*a));
	*ticket = a->ticket = ++all->last_ticket;
	a->wait.fn = on_written;
	a->fn = fn;
	a->owner = owner;
	a->answer = apply(all, n, change, client);
	list_append(&all->askers, &a->node);
	write_batch_join(all->batch, &a->wait);
	return NAME_REGISTRY_WAIT;
}

void name_registry_forget(struct name_registry *all, void *owner)
{
	LIST_EACH(node, &all->askers)
	{
		struct asker *a = LIST_ENTRY(node, struct asker, node);
		if (a->owner == owner)
			asker_free(a);
	}
}

/* --- what is told --- */

struct telling {
	const struct name_registry *all;
	struct json *w;
};

static void write_record(const struct telling *to, const struct name *n, enum publish_type type)
{
	static const char *const sources[] = {
	    [NAME_FROM_RELAY] = "relay", [NAME_FROM_DDNS] = "door", [NAME_FROM_AGENT] = "agent"};
	const struct name_record *r = &n->records[type];
	const struct name_requests asked = name_requests(r);
	struct json *w = to->w;
	struct publish_set set;
	json_open(w, NULL, '{');
	json_str(w, "name", n->name);
	json_str(w, "type", publish_type_text(type));
	json_str(w, "wanted", r->wanted);
	json_str(w, "value", name_registry_value(to->all, n, type));
	json_str(w, "source", sources[name_want(n, type, to->all->relay, &set)]);
	json_time(w, "updated", r->updated_ms);
	json_uint(w, "requests", asked.count);
	json_uint(w, "changes", r->changes);
	json_str(w, "client", asked.client);
	json_str(w, "answer", asked.answer);
	publishers_status(to->all->publishers, n->name, type, r->wanted, r->updated_ms, w);
	json_close(w);
}

static void write_name(const struct telling *to, const struct name *n)
{
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		const struct name_record *r = &n->records[t];
		/* A family that is empty and was never asked for gets no line. */
		if (r->wanted || r->requests)
			write_record(to, n, t);
	}
}

/* The first name behind the cursor, also when the name at which the cursor stands has gone. */
static const struct list *node_behind(const struct name_registry *all,
				      const struct name_registry_cursor *at)
{
	const struct name *n = name_registry_find(all, at->name);
	if (n && n->id == at->id)
		return n->all.next;
	const struct list *node = all->list.next;
	while (node != &all->list && LIST_ENTRY(node, struct name, all)->id <= at->id)
		node = node->next;
	return node;
}

bool name_registry_status(const struct name_registry *all, struct name_registry_cursor *at,
			  struct json *w)
{
	const struct telling to = {all, w};
	const struct list *node = node_behind(all, at);
	for (unsigned i = 0; i < PAGE && node != &all->list; i++, node = node->next) {
		const struct name *n = LIST_ENTRY(node, struct name, all);
		write_name(&to, n);
		at->id = n->id;
		snprintf(at->name, sizeof(at->name), "%s", n->name);
	}
	return node != &all->list;
}

size_t name_registry_count(const struct name_registry *all)
{
	return hash_table_count(all->names);
}

/* --- the store and the publishers --- */

static void mark_one(void *arg, void *value)
{
	name_registry_mark(arg, value);
}

static void on_lost(void *owner)
{
	struct name_registry *all = owner;
	store_drop_names(write_batch_batch(all->batch));
	hash_table_each(all->names, mark_one, all);
	publishers_repeat(all->publishers);
}

static void on_wanted(void *owner, const char *name, enum publish_type type,
		      struct publish_set *out)
{
	const struct name_registry *all = owner;
	const struct name *n = name_registry_find(all, name);
	const struct texts *texts = type == PUBLISH_TXT ? find_texts(all, name) : NULL;
	out->count = 0;
	if (texts)
		*out = texts->values;
	else if (n && type != PUBLISH_TXT)
		name_want(n, type, all->relay, out);
}

static void on_told(void *owner, enum event_kind kind, const char *subject, const char *why)
{
	struct name_registry *all = owner;
	bool is_name = kind == EVENT_NAME_PUBLISHED || kind == EVENT_NAME_FAILED;
	const struct name *n = is_name ? name_registry_find(all, subject) : NULL;
	const struct event e = {
	    .kind = kind, .account = n ? n->account : NULL, .subject = subject, .why = why};
	event_hub_take(all->events, &e);
}

static void on_published(void *owner, const char *name)
{
	struct name_registry *all = owner;
	const struct name *n = name_registry_find(all, name);
	bool declared = n && n->declared, texts = find_texts(all, name);
	for (size_t i = 0; i < WATCHERS; i++) {
		const struct watcher *w = &all->watchers[i];
		if (declared && w->fns && w->fns->published)
			w->fns->published(w->owner, n);
		if (texts && w->fns && w->fns->texts_published)
			w->fns->texts_published(w->owner, name);
	}
}

static const struct publish_queue_owner queue_fns = {
    .wanted = on_wanted, .published = on_published, .told = on_told};

static void on_stored_name(void *arg, const struct store_name *row)
{
	struct name_registry *all = arg;
	int type = publish_type_of_number(row->family);
	if (!may_be(all, row->name) || type < 0 || type >= PUBLISH_ADDRESSES)
		return;
	struct name *n = obtain(all, row->name, row->account, NOT_COUNTED);
	name_read(n, row);
	name_registry_set_holder(all, n, row->holder);
}

static void on_stored_published(void *arg, const struct store_published *row)
{
	struct name_registry *all = arg;
	publishers_restore(all->publishers, row);
}

static void put_in_force(struct name_registry *all, struct relay_config *config)
{
	memset(all->relay, 0, sizeof(all->relay));
	for (size_t i = 0; i < config->address_count; i++) {
		const struct addr *a = &config->addresses[i];
		char ip[ADDR_TEXT];
		publish_set_add(&all->relay[a->family == 4 ? PUBLISH_A : PUBLISH_AAAA],
				addr_ip_text(a, ip));
	}
	const struct publishers_setup setup = {.domain = config->domain,
					       .host = config->host,
					       .addresses = all->relay,
					       .dns = &config->dns};
	publishers_change(all->publishers, &setup);
	relay_config_ref(config);
	relay_config_unref(all->config);
	all->config = config;
}

/* After a start or a change everything is derived and shown again. It counts as a change only when
 * a value was known before and is another now. */
static void show(void *arg, void *value)
{
	struct name_registry *all = arg;
	struct name *n = value;
	name_registry_settle(all, n, n->settled);
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		struct publish_set set;
		name_want(n, t, all->relay, &set);
		publishers_show(all->publishers, n->name, t, &set);
	}
	publishers_check(all->publishers, n->name);
}

static void drop_if_outside(void *arg, void *value)
{
	struct name_registry *all = arg;
	const struct name *n = value;
	if (!may_be(all, n->name))
		name_registry_drop(all, value);
}

void name_registry_reload(struct name_registry *all, struct relay_config *config)
{
	put_in_force(all, config);
	hash_table_each(all->names, show, all);
	hash_table_each(all->names, drop_if_outside, all);
	hash_table_each(all->texts, show_texts, all);
	publishers_check_all(all->publishers);
	if (all->accounts)
		name_registry_set_accounts(all, all->accounts);
}

struct name_registry *name_registry_new(struct loop *l, struct store *store,
					struct relay_config *config)
{
	struct name_registry *all = mem_zalloc(sizeof(*all));
	list_init(&all->askers);
	list_init(&all->list);
	all->names = hash_table_new();
	all->texts = hash_table_new();
	all->by_account = hash_table_new();
	all->by_holder = hash_table_new();
	all->batch = write_batch_new(l, store, on_lost, all);
	all->publishers = publishers_new(l, store, all->batch, &queue_fns, all);
	put_in_force(all, config);
	store_read_names(store, on_stored_name, all);
	store_read_published(store, on_stored_published, all);
	hash_table_each(all->names, show, all);
	publishers_check_all(all->publishers);
	return all;
}

static void free_name(void *arg, void *value)
{
	struct name *n = value;
	(void)arg;
	list_remove(&n->dirty);
	name_free(n);
}

static void free_value(void *arg, void *value)
{
	(void)arg;
	mem_free(value);
}

void name_registry_set_events(struct name_registry *all, struct event_hub *events)
{
	all->events = events;
}

struct event_hub *name_registry_events(const struct name_registry *all)
{
	return all->events;
}

void name_registry_free(struct name_registry *all)
{
	if (!all)
		return;
	while (!list_is_empty(&all->askers))
		asker_free(LIST_ENTRY(all->askers.next, struct asker, node));
	write_batch_free(all->batch); /* first: it writes what the names hold */
	publishers_free(all->publishers);
	hash_table_each(all->names, free_name, NULL);
	hash_table_free(all->names);
	hash_table_each(all->by_account, free_value, NULL);
	hash_table_free(all->by_account);
	hash_table_each(all->by_holder, free_value, NULL);
	hash_table_free(all->by_holder);
	hash_table_each(all->texts, free_value, NULL);
	hash_table_free(all->texts);
	accounts_unref(all->accounts);
	relay_config_unref(all->config);
	mem_free(all);
}
