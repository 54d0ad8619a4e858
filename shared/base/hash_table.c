/* The table has a power of two of slots, each a chain. While its size changes it keeps the slots of
 * the old size, too. Each call moves HASH_TABLE_STEP of them; slots below `moved` are empty, and a
 * new entry goes to the new slots. The size changes when there are as many entries as slots, or an
 * eighth of that; moving ends long before the next change. */
#include "shared/base/hash_table.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/siphash.h"

#include <stdbool.h>
#include <string.h>

enum { LEAST_SLOTS = 16, SPARSE = 8 };

struct entry {
	struct entry *next; /* in its slot */
	uint64_t hash;
	const void *key;
	size_t len;
	void *value;
};

struct slots {
	struct entry **at;
	size_t count; /* a power of two, or 0: there are none */
};

struct hash_table {
	uint64_t secret[2];
	struct slots now, before;
	size_t moved; /* of before */
	size_t entries;
	bool walking; /* nothing may be moved */
};

static struct slots new_slots(size_t count)
{
	return (struct slots){mem_zalloc(count * sizeof(struct entry *)), count};
}

static struct entry **slot_of(const struct slots *s, uint64_t hash)
{
	return &s->at[hash & (s->count - 1)];
}

struct hash_table *hash_table_new(void)
{
	return mem_zalloc(sizeof(struct hash_table));
}

/* Many tables never have an entry. */
static void begin(struct hash_table *d)
{
	random_bytes(d->secret, sizeof(d->secret));
	d->now = new_slots(LEAST_SLOTS);
}

static void free_slots(struct slots *s)
{
	for (size_t i = 0; i < s->count; i++) {
		for (struct entry *e = s->at[i], *next; e; e = next) {
			next = e->next;
			mem_free(e);
		}
	}
	mem_free(s->at);
	*s = (struct slots){0};
}

void hash_table_free(struct hash_table *d)
{
	if (!d)
		return;
	free_slots(&d->now);
	free_slots(&d->before);
	mem_free(d);
}

static void put(struct slots *s, struct entry *e)
{
	struct entry **slot = slot_of(s, e->hash);
	e->next = *slot;
	*slot = e;
}

static void move_slot(struct hash_table *d)
{
	struct entry **from = &d->before.at[d->moved++];
	for (struct entry *e = *from, *next; e; e = next) {
		next = e->next;
		put(&d->now, e);
	}
	*from = NULL;
	if (d->moved == d->before.count)
		free_slots(&d->before);
}

static void change_size(struct hash_table *d, size_t count)
{
	d->before = d->now;
	d->now = new_slots(count);
	d->moved = 0;
}

static void step(struct hash_table *d)
{
	for (unsigned i = 0; i < HASH_TABLE_STEP && d->before.count; i++)
		move_slot(d);
	if (d->before.count)
		return;
	if (d->entries >= d->now.count)
		change_size(d, d->now.count * 2);
	else if (d->now.count > 2 * LEAST_SLOTS && d->entries < d->now.count / SPARSE)
		change_size(d, d->now.count / 4);
}

static struct entry **find_in(const struct slots *s, uint64_t hash, const void *key, size_t len)
{
	struct entry **at = s->count ? slot_of(s, hash) : NULL;
	while (at && *at) {
		const struct entry *e = *at;
		if (e->hash == hash && e->len == len && !memcmp(e->key, key, len))
			return at;
		at = &(*at)->next;
	}
	return NULL;
}

/* Where the entry hangs, or NULL. */
static struct entry **find(const struct hash_table *d, uint64_t hash, const void *key, size_t len)
{
	struct entry **at = find_in(&d->now, hash, key, len);
	return at ? at : find_in(&d->before, hash, key, len);
}

void *hash_table_get(const struct hash_table *d, const void *key, size_t len)
{
	struct entry **at = find(d, siphash(d->secret, key, len), key, len);
	return at ? (*at)->value : NULL;
}

void *hash_table_add(struct hash_table *d, const void *key, size_t len, void *value)
{
	if (!d->now.count)
		begin(d);
	uint64_t hash = siphash(d->secret, key, len);
	struct entry **at = find(d, hash, key, len);
	if (at)
		return (*at)->value;
	step(d);
	struct entry *e = mem_alloc(sizeof(*e));
	*e = (struct entry){.hash = hash, .key = key, .len = len, .value = value};
	put(&d->now, e);
	d->entries++;
	return NULL;
}

void *hash_table_remove(struct hash_table *d, const void *key, size_t len)
{
	struct entry **at = find(d, siphash(d->secret, key, len), key, len);
	if (!at)
		return NULL;
	struct entry *e = *at;
	void *value = e->value;
	*at = e->next;
	mem_free(e);
	d->entries--;
	if (!d->walking)
		step(d);
	return value;
}

size_t hash_table_count(const struct hash_table *d)
{
	return d->entries;
}

static void walk(const struct slots *s, hash_table_fn *fn, void *arg)
{
	for (size_t i = 0; i < s->count; i++) {
		for (struct entry *e = s->at[i], *next; e; e = next) {
			next = e->next;
			fn(arg, e->value);
		}
	}
}

void hash_table_each(struct hash_table *d, hash_table_fn *fn, void *arg)
{
	d->walking = true;
	walk(&d->now, fn, arg);
	walk(&d->before, fn, arg);
	d->walking = false;
}

size_t hash_table_unmoved(const struct hash_table *d)
{
	return d->before.count ? d->before.count - d->moved : 0;
}
