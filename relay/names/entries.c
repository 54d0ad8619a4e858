/*
 * An entry without any reason to exist is taken out of the zone at once, and kept as `gone` until
 * every publisher has deleted it; a name that the store knows to be published, but not why, begins
 * like that.
 */
#include "relay/names/entries.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"

#include <string.h>

enum { BUCKETS = 4096, ACCOUNT_BUCKETS = 512 };

struct entries {
	char *domain;
	struct addr addresses[PUBLISH_ADDRESSES]; /* the relay's */
	size_t address_count;
	struct entry **buckets;
	struct list *account_buckets;
	size_t count;
	struct ledger *ledger;
	struct outlets *outlets;
	void (*published)(void *owner, const struct entry *e);
	void *owner;
};

static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ^ h >> 15;
}

struct entry *entries_find(const struct entries *t, const char *name)
{
	struct entry *e = t->buckets[hash_text(name) % BUCKETS];
	while (e && strcmp(e->name, name) != 0)
		e = e->next;
	return e;
}

struct list *entries_of(struct entries *t, const char *account)
{
	return &t->account_buckets[hash_text(account) % ACCOUNT_BUCKETS];
}

static void join_account(struct entries *t, struct entry *e, const char *account)
{
	list_remove(&e->same_account);
	list_append(entries_of(t, account), &e->same_account);
}

static struct entry *add(struct entries *t, const char *name, const char *account)
{
	struct entry *e = entry_new(name, account),
		     **bucket = &t->buckets[hash_text(name) % BUCKETS];
	e->next = *bucket;
	*bucket = e;
	t->count++;
	outlets_enter(t->outlets, e);
	join_account(t, e, account);
	return e;
}

struct entry *entries_obtain(struct entries *t, const char *name, const char *account)
{
	struct entry *e = entries_find(t, name);
	if (!e)
		e = add(t, name, account);
	if (strcmp(e->account, account) != 0) {
		entry_set_account(e, account);
		join_account(t, e, account);
	}
	e->gone = false;
	return e;
}

static void drop(struct entries *t, struct entry *e)
{
	struct entry **at = &t->buckets[hash_text(e->name) % BUCKETS];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	t->count--;
	list_remove(&e->same_account);
	list_remove(&e->dirty);
	outlets_leave(t->outlets, e);
	entry_free(e);
}

static void drop_if_settled(struct entries *t, struct entry *e)
{
	if (outlets_is_settled(t->outlets, e))
		drop(t, e);
}

void entries_each(struct entries *t, void (*fn)(void *arg, struct entry *e), void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = t->buckets[i], *next; e; e = next) {
			next = e->next;
			fn(arg, e);
		}
}

size_t entries_count(const struct entries *t)
{
	return t->count;
}

enum entry_source entries_want(const struct entries *t, const struct entry *e, unsigned which,
			       struct publish_set *out)
{
	return entry_want(e, which, t->addresses, t->address_count, out);
}

bool entries_settle(struct entries *t, struct entry *e, bool counts)
{
	bool changed = false;
	for (unsigned which = 0; which < 2; which++) {
		struct entry_record *r = &e->records[which];
		struct publish_set set;
		char text[CONVERGE_TEXT];
		entries_want(t, e, which, &set);
		converge_text(&set, text);
		if (r->wanted && strcmp(r->wanted, text) == 0)
			continue;
		bool untouched = !r->wanted && !*text; /* a family that this new name never had */
		mem_free(r->wanted);
		r->wanted = mem_strdup(text);
		if (untouched)
			continue;
		r->changes += counts;
		if (counts || !r->updated_ms)
			r->updated_ms = loop_wall_ms();
		outlets_show(t->outlets, e, which, &set);
		outlets_number(t->outlets);
		changed = true;
	}
	if (changed)
		outlets_check(t->outlets, e);
	return changed;
}

void entries_mark(struct entries *t, struct entry *e)
{
	ledger_mark(t->ledger, e);
}

void entries_let_go(struct entries *t, struct entry *e)
{
	if (e->gone)
		return;
	e->gone = true;
	entry_forget(e);
	for (unsigned which = 0; which < 2; which++)
		store_drop_name(ledger_batch(t->ledger), e->name, which ? 6 : 4);
	list_remove(&e->dirty);
	entries_settle(t, e, false);
	drop_if_settled(t, e);
}

bool entries_are_of(const struct entries *t, const char *name)
{
	size_t len = strlen(name), tail = strlen(t->domain);
	return len > tail + 1 && name[len - tail - 1] == '.' &&
	       strcmp(name + len - tail, t->domain) == 0 && !outlets_is_reserved(t->outlets, name);
}

int entries_name(const struct entries *t, const char *host, char out[256])
{
	return names_full(host, t->domain, out) == 0 && entries_are_of(t, out) ? 0 : ERR_SYNTAX;
}

/* --- the store and the outlets --- */

static void mark_one(void *arg, struct entry *e)
{
	struct entries *t = arg;
	if (!e->gone)
		ledger_mark(t->ledger, e);
}

static void on_all(void *owner)
{
	struct entries *t = owner;
	entries_each(t, mark_one, t);
	outlets_repeat(t->outlets);
}

static void on_wanted(void *owner, const struct entry *e, unsigned which, struct publish_set *out)
{
	entries_want(owner, e, which, out);
}

static void on_published(void *owner, struct entry *e)
{
	struct entries *t = owner;
	if (e->gone)
		drop_if_settled(t, e);
	else if (e->wished)
		t->published(t->owner, e);
}

static const struct outlets_owner outlets_fns = {.wanted = on_wanted, .published = on_published};

static void on_stored_name(void *arg, const struct store_name *row)
{
	struct entries *t = arg;
	if (entries_are_of(t, row->name) && (row->family == 4 || row->family == 6))
		entry_read(entries_obtain(t, row->name, row->account), row);
}

static void on_stored_published(void *arg, const struct store_published *row)
{
	struct entries *t = arg;
	if (!outlets_knows(t->outlets, row->publisher) || (row->family != 4 && row->family != 6))
		return;
	struct entry *e = entries_find(t, row->name);
	if (!e) {
		e = entries_obtain(t, row->name, "");
		e->gone = true;
	}
	outlets_restore(t->outlets, e, row);
}

static void apply(struct entries *t, const struct outlets_config *config)
{
	mem_free(t->domain);
	t->domain = mem_strdup(config->domain);
	t->address_count =
	    config->address_count < PUBLISH_ADDRESSES ? config->address_count : PUBLISH_ADDRESSES;
	for (size_t i = 0; i < t->address_count; i++)
		t->addresses[i] = config->addresses[i];
	outlets_change(t->outlets, config);
}

static void carry(void *arg, struct entry *e)
{
	struct entries *t = arg;
	outlets_carry(t->outlets, e);
}

/* After a start or a change: everything is derived and shown anew, and counts as nobody's change
 * unless it is one. */
static void show(void *arg, struct entry *e)
{
	struct entries *t = arg;
	bool known = e->records[0].wanted != NULL;
	entries_settle(t, e, known);
	for (unsigned which = 0; which < 2; which++) {
		struct publish_set set;
		entries_want(t, e, which, &set);
		outlets_show(t->outlets, e, which, &set);
	}
	outlets_check(t->outlets, e);
	if (e->gone)
		drop_if_settled(t, e);
}

static void leave_if_outside(void *arg, struct entry *e)
{
	struct entries *t = arg;
	if (!entries_are_of(t, e->name))
		entries_let_go(t, e);
}

void entries_change(struct entries *t, const struct outlets_config *config)
{
	apply(t, config);
	entries_each(t, carry, t);
	outlets_changed(t->outlets);
	entries_each(t, show, t);
	entries_each(t, leave_if_outside, t);
}

struct entries *entries_new(struct loop *l, struct store *store,
			    const struct outlets_config *config,
			    void (*published)(void *owner, const struct entry *e), void *owner)
{
	struct entries *t = mem_zalloc(sizeof(*t));
	t->published = published;
	t->owner = owner;
	t->buckets = mem_zalloc(BUCKETS * sizeof(struct entry *));
	t->account_buckets = mem_alloc(ACCOUNT_BUCKETS * sizeof(struct list));
	for (size_t i = 0; i < ACCOUNT_BUCKETS; i++)
		list_init(&t->account_buckets[i]);
	t->ledger = ledger_new(l, store, on_all, t);
	t->outlets = outlets_new(l, store, t->ledger, &outlets_fns, t);
	apply(t, config);
	outlets_changed(t->outlets);
	store_read_names(store, on_stored_name, t);
	store_read_published(store, on_stored_published, t);
	entries_each(t, show, t);
	return t;
}

static void drop_one(void *arg, struct entry *e)
{
	drop(arg, e);
}

void entries_free(struct entries *t)
{
	if (!t)
		return;
	ledger_free(t->ledger); /* first: it writes what the entries hold */
	entries_each(t, drop_one, t);
	outlets_free(t->outlets);
	mem_free(t->buckets);
	mem_free(t->account_buckets);
	mem_free(t->domain);
	mem_free(t);
}

const struct outlets *entries_outlets(const struct entries *t)
{
	return t->outlets;
}

struct ledger *entries_ledger(const struct entries *t)
{
	return t->ledger;
}
