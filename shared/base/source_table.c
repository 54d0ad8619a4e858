/*
 * Two hash tables find sources and networks. Each network has a list of its sources that may be
 * forgotten, the one seen longest ago first. A bucket_queue has the networks by the number of these
 * sources. So the source to forget is the first of the fullest network, and each step takes
 * constant time.
 */
#include "shared/base/source_table.h"

#include "shared/base/bucket_queue.h"
#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

struct key {
	uint8_t family;
	uint8_t ip[16];
	char label[SOURCE_TABLE_LABEL];
};

struct network {
	struct list node; /* source_table.by_count, while it has a source that may be forgotten */
	struct key key;
	struct list sources; /* those that may be forgotten, the one seen longest ago first */
	size_t count;        /* the number of sources in this list */
	size_t held;         /* the number of its held sources */
};

struct source {
	struct list node; /* network.sources, while it is not held */
	struct network *network;
	size_t holds;
	struct key key;
	alignas(max_align_t) uint8_t kept[];
};

struct source_table {
	struct hash_table *sources, *networks;
	size_t max, size;
	struct bucket_queue by_count; /* the networks */
};

struct source_table *source_table_new(size_t max, size_t size)
{
	assert(max);
	struct source_table *t = mem_zalloc(sizeof(*t));
	t->sources = hash_table_new();
	t->networks = hash_table_new();
	t->max = max;
	t->size = size;
	return t;
}

static void free_one(void *arg, void *value)
{
	(void)arg;
	mem_free(value);
}

void source_table_free(struct source_table *t)
{
	if (!t)
		return;
	hash_table_each(t->sources, free_one, NULL);
	hash_table_each(t->networks, free_one, NULL);
	hash_table_free(t->sources);
	hash_table_free(t->networks);
	bucket_queue_fini(&t->by_count);
	mem_free(t);
}

static struct key key_of(const struct addr *prefix, const char *label)
{
	struct key key = {.family = prefix->family};
	memcpy(key.ip, prefix->ip, prefix->family == 4 ? 4 : 16);
	if (label)
		memcpy(key.label, label, strnlen(label, sizeof(key.label)));
	return key;
}

/* The source may be forgotten from now on, and was seen last. */
static void enlist(struct source_table *t, struct source *s)
{
	list_append(&s->network->sources, &s->node);
	bucket_queue_put(&t->by_count, &s->network->node, ++s->network->count);
}

static void delist(struct source_table *t, struct source *s)
{
	list_remove(&s->node);
	bucket_queue_put(&t->by_count, &s->network->node, --s->network->count);
}

static void forget(struct source_table *t, struct source *s)
{
	struct network *n = s->network;
	delist(t, s);
	if (!n->count && !n->held) {
		hash_table_remove(t->networks, &n->key, sizeof(n->key));
		mem_free(n);
	}
	hash_table_remove(t->sources, &s->key, sizeof(s->key));
	mem_free(s);
}

static void make_room(struct source_table *t)
{
	struct list *fullest;
	while (hash_table_count(t->sources) >= t->max &&
	       (fullest = bucket_queue_fullest(&t->by_count))) {
		struct network *n = LIST_ENTRY(fullest, struct network, node);
		forget(t, LIST_ENTRY(n->sources.next, struct source, node));
	}
}

static struct network *network_of(struct source_table *t, const struct addr *prefix)
{
	struct addr whole = addr_prefix(prefix, 24, 48);
	struct key key = key_of(&whole, NULL);
	struct network *n = hash_table_get(t->networks, &key, sizeof(key));
	if (n)
		return n;
	n = mem_zalloc(sizeof(*n));
	n->key = key;
	list_init(&n->node);
	list_init(&n->sources);
	hash_table_add(t->networks, &n->key, sizeof(n->key), n);
	return n;
}

static struct source *source_of(void *kept)
{
	return (struct source *)((char *)kept - offsetof(struct source, kept));
}

void *source_table_get(const struct source_table *t, const struct addr *prefix, const char *label)
{
	struct key key = key_of(prefix, label);
	struct source *s = hash_table_get(t->sources, &key, sizeof(key));
	return s ? s->kept : NULL;
}

void *source_table_see(struct source_table *t, const struct addr *prefix, const char *label)
{
	struct key key = key_of(prefix, label);
	struct source *s = hash_table_get(t->sources, &key, sizeof(key));
	if (!s) {
		make_room(t);
		s = mem_zalloc(sizeof(*s) + t->size);
		s->key = key;
		s->network = network_of(t, prefix);
		hash_table_add(t->sources, &s->key, sizeof(s->key), s);
		enlist(t, s);
	} else if (!s->holds) {
		list_remove(&s->node);
		list_append(&s->network->sources, &s->node);
		bucket_queue_put(&t->by_count, &s->network->node, s->network->count);
	}
	return s->kept;
}

void source_table_hold(struct source_table *t, void *kept)
{
	struct source *s = source_of(kept);
	if (s->holds++)
		return;
	s->network->held++;
	delist(t, s);
}

void source_table_release(struct source_table *t, void *kept)
{
	struct source *s = source_of(kept);
	assert(s->holds);
	if (--s->holds)
		return;
	s->network->held--;
	enlist(t, s);
	if (hash_table_count(t->sources) > t->max)
		make_room(t);
}

size_t source_table_count(const struct source_table *t)
{
	return hash_table_count(t->sources);
}
