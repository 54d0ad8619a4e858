/*
 * An entry without any reason to exist is taken out of the zone at once, and kept as `gone` until
 * every publisher has deleted it; a name that the store knows to be published, but not why, begins
 * like that.
 */
#include "relay/names/name_table.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

enum { BUCKETS = 4096, ACCOUNT_BUCKETS = 512 };

struct name_table {
	char *domain;
	struct addr addresses[PUBLISH_ADDRESSES]; /* the relay's */
	size_t address_count;
	struct name_entry **buckets;
	struct list *account_buckets;
	size_t count;
	struct write_batch *ledger;
	struct publishers *outlets;
	void (*published)(void *owner, const struct name_entry *e);
	void *owner;
};

static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ^ h >> 15;
}

struct name_entry *name_table_find(const struct name_table *t, const char *name)
{
	struct name_entry *e = t->buckets[hash_text(name) % BUCKETS];
	while (e && strcmp(e->name, name) != 0)
		e = e->next;
	return e;
}

struct list *name_table_of(struct name_table *t, const char *account)
{
	return &t->account_buckets[hash_text(account) % ACCOUNT_BUCKETS];
}

static void join_account(struct name_table *t, struct name_entry *e, const char *account)
{
	list_remove(&e->same_account);
	list_append(name_table_of(t, account), &e->same_account);
}

static struct name_entry *add(struct name_table *t, const char *name, const char *account)
{
	struct name_entry *e = name_entry_new(name, account),
			  **bucket = &t->buckets[hash_text(name) % BUCKETS];
	e->next = *bucket;
	*bucket = e;
	t->count++;
	publishers_enter(t->outlets, e);
	join_account(t, e, account);
	return e;
}

struct name_entry *name_table_obtain(struct name_table *t, const char *name, const char *account)
{
	struct name_entry *e = name_table_find(t, name);
	if (!e)
		e = add(t, name, account);
	if (strcmp(e->account, account) != 0) {
		name_entry_set_account(e, account);
		join_account(t, e, account);
	}
	e->gone = false;
	return e;
}

static void drop(struct name_table *t, struct name_entry *e)
{
	struct name_entry **at = &t->buckets[hash_text(e->name) % BUCKETS];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	t->count--;
	list_remove(&e->same_account);
	list_remove(&e->dirty);
	publishers_leave(t->outlets, e);
	name_entry_free(e);
}

static void drop_if_settled(struct name_table *t, struct name_entry *e)
{
	if (publishers_is_settled(t->outlets, e))
		drop(t, e);
}

void name_table_each(struct name_table *t, void (*fn)(void *arg, struct name_entry *e), void *arg)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct name_entry *e = t->buckets[i], *next; e; e = next) {
			next = e->next;
			fn(arg, e);
		}
}

size_t name_table_count(const struct name_table *t)
{
	return t->count;
}

enum name_entry_source name_table_want(const struct name_table *t, const struct name_entry *e,
				       unsigned which, struct publish_set *out)
{
	return name_entry_want(e, which, t->addresses, t->address_count, out);
}

bool name_table_settle(struct name_table *t, struct name_entry *e, bool counts)
{
	bool changed = false;
	for (unsigned which = 0; which < 2; which++) {
		struct name_entry_record *r = &e->records[which];
		struct publish_set set;
		char text[PUBLISH_QUEUE_TEXT];
		name_table_want(t, e, which, &set);
		publish_queue_text(&set, text);
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
		publishers_show(t->outlets, e, which, &set);
		publishers_number(t->outlets);
		changed = true;
	}
	if (changed)
		publishers_check(t->outlets, e);
	return changed;
}

void name_table_mark(struct name_table *t, struct name_entry *e)
{
	write_batch_mark(t->ledger, e);
}

void name_table_let_go(struct name_table *t, struct name_entry *e)
{
	if (e->gone)
		return;
	e->gone = true;
	name_entry_forget(e);
	for (unsigned which = 0; which < 2; which++)
		store_drop_name(write_batch_batch(t->ledger), e->name, which ? 6 : 4);
	list_remove(&e->dirty);
	name_table_settle(t, e, false);
	drop_if_settled(t, e);
}

bool name_table_are_of(const struct name_table *t, const char *name)
{
	size_t len = strlen(name), tail = strlen(t->domain);
	return len > tail + 1 && name[len - tail - 1] == '.' &&
	       strcmp(name + len - tail, t->domain) == 0 &&
	       !publishers_is_reserved(t->outlets, name);
}

int name_table_name(const struct name_table *t, const char *host, char out[256])
{
	return text_full_host(host, t->domain, out) == 0 && name_table_are_of(t, out) ? 0
										      : ERR_SYNTAX;
}

/* --- the store and the outlets --- */

static void mark_one(void *arg, struct name_entry *e)
{
	struct name_table *t = arg;
	if (!e->gone)
		write_batch_mark(t->ledger, e);
}

static void on_all(void *owner)
{
	struct name_table *t = owner;
	name_table_each(t, mark_one, t);
	publishers_repeat(t->outlets);
}

static void on_wanted(void *owner, const struct name_entry *e, unsigned which,
		      struct publish_set *out)
{
	name_table_want(owner, e, which, out);
}

static void on_published(void *owner, struct name_entry *e)
{
	struct name_table *t = owner;
	if (e->gone)
		drop_if_settled(t, e);
	else if (e->wished)
		t->published(t->owner, e);
}

static const struct publishers_owner outlets_fns = {.wanted = on_wanted, .published = on_published};

static void on_stored_name(void *arg, const struct store_name *row)
{
	struct name_table *t = arg;
	if (name_table_are_of(t, row->name) && (row->family == 4 || row->family == 6))
		name_entry_read(name_table_obtain(t, row->name, row->account), row);
}

static void on_stored_published(void *arg, const struct store_published *row)
{
	struct name_table *t = arg;
	if (!publishers_knows(t->outlets, row->publisher) || (row->family != 4 && row->family != 6))
		return;
	struct name_entry *e = name_table_find(t, row->name);
	if (!e) {
		e = name_table_obtain(t, row->name, "");
		e->gone = true;
	}
	publishers_restore(t->outlets, e, row);
}

static void apply(struct name_table *t, const struct publishers_config *config)
{
	mem_free(t->domain);
	t->domain = mem_strdup(config->domain);
	t->address_count =
	    config->address_count < PUBLISH_ADDRESSES ? config->address_count : PUBLISH_ADDRESSES;
	for (size_t i = 0; i < t->address_count; i++)
		t->addresses[i] = config->addresses[i];
	publishers_change(t->outlets, config);
}

static void carry(void *arg, struct name_entry *e)
{
	struct name_table *t = arg;
	publishers_carry(t->outlets, e);
}

/* After a start or a change: everything is derived and shown anew, and counts as nobody's change
 * unless it is one. */
static void show(void *arg, struct name_entry *e)
{
	struct name_table *t = arg;
	bool known = e->records[0].wanted != NULL;
	name_table_settle(t, e, known);
	for (unsigned which = 0; which < 2; which++) {
		struct publish_set set;
		name_table_want(t, e, which, &set);
		publishers_show(t->outlets, e, which, &set);
	}
	publishers_check(t->outlets, e);
	if (e->gone)
		drop_if_settled(t, e);
}

static void leave_if_outside(void *arg, struct name_entry *e)
{
	struct name_table *t = arg;
	if (!name_table_are_of(t, e->name))
		name_table_let_go(t, e);
}

void name_table_change(struct name_table *t, const struct publishers_config *config)
{
	apply(t, config);
	name_table_each(t, carry, t);
	publishers_changed(t->outlets);
	name_table_each(t, show, t);
	name_table_each(t, leave_if_outside, t);
}

struct name_table *name_table_new(struct loop *l, struct store *store,
				  const struct publishers_config *config,
				  void (*published)(void *owner, const struct name_entry *e),
				  void *owner)
{
	struct name_table *t = mem_zalloc(sizeof(*t));
	t->published = published;
	t->owner = owner;
	t->buckets = mem_zalloc(BUCKETS * sizeof(struct name_entry *));
	t->account_buckets = mem_alloc(ACCOUNT_BUCKETS * sizeof(struct list));
	for (size_t i = 0; i < ACCOUNT_BUCKETS; i++)
		list_init(&t->account_buckets[i]);
	t->ledger = write_batch_new(l, store, on_all, t);
	t->outlets = publishers_new(l, store, t->ledger, &outlets_fns, t);
	apply(t, config);
	publishers_changed(t->outlets);
	store_read_names(store, on_stored_name, t);
	store_read_published(store, on_stored_published, t);
	name_table_each(t, show, t);
	return t;
}

static void drop_one(void *arg, struct name_entry *e)
{
	drop(arg, e);
}

void name_table_free(struct name_table *t)
{
	if (!t)
		return;
	write_batch_free(t->ledger); /* first: it writes what the entries hold */
	name_table_each(t, drop_one, t);
	publishers_free(t->outlets);
	mem_free(t->buckets);
	mem_free(t->account_buckets);
	mem_free(t->domain);
	mem_free(t);
}

const struct publishers *name_table_outlets(const struct name_table *t)
{
	return t->outlets;
}

struct write_batch *name_table_ledger(const struct name_table *t)
{
	return t->ledger;
}
