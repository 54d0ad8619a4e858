#include "shared/base/eviction_queue.h"

#include "shared/base/bucket_queue.h"
#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

enum { NETWORK_KEY = 17 /* family and address */ };

struct eviction_queue_network {
	struct list node; /* eviction_queue.by_count */
	uint8_t key[NETWORK_KEY];
	struct list members;
	size_t count;
};

struct eviction_queue {
	size_t count;
	/* The networks by address; NULL while the queue is empty: each mapping of the relay has a
	 * queue. */
	struct hash_table *networks;
	struct bucket_queue by_count; /* the networks by how many members they have */
};

struct eviction_queue *eviction_queue_new(void)
{
	return mem_zalloc(sizeof(struct eviction_queue));
}

void eviction_queue_free(struct eviction_queue *c)
{
	if (!c)
		return;
	assert(!c->count);
	mem_free(c);
}

static void put_key(const struct addr *from, uint8_t key[NETWORK_KEY])
{
	struct addr prefix = addr_prefix(from, 24, 48);
	key[0] = prefix.family;
	memcpy(key + 1, prefix.ip, sizeof prefix.ip);
}

static struct eviction_queue_network *network_of(struct eviction_queue *c, const struct addr *from)
{
	uint8_t key[NETWORK_KEY];
	put_key(from, key);
	struct eviction_queue_network *n = hash_table_get(c->networks, key, sizeof key);
	if (n)
		return n;
	n = mem_zalloc(sizeof *n);
	memcpy(n->key, key, sizeof key);
	list_init(&n->node);
	list_init(&n->members);
	hash_table_add(c->networks, n->key, sizeof n->key, n);
	return n;
}

static void place(struct eviction_queue *c, struct eviction_queue_network *n)
{
	bucket_queue_put(&c->by_count, &n->node, n->count);
}

void eviction_queue_join(struct eviction_queue *c, struct eviction_queue_member *m,
			 const struct addr *from)
{
	if (!c->count)
		c->networks = hash_table_new();
	m->network = network_of(c, from);
	list_append(&m->network->members, &m->node);
	m->network->count++;
	c->count++;
	place(c, m->network);
}

void eviction_queue_leave(struct eviction_queue *c, struct eviction_queue_member *m)
{
	struct eviction_queue_network *n = m->network;
	if (!n)
		return;
	m->network = NULL;
	list_remove(&m->node);
	n->count--;
	c->count--;
	place(c, n);
	if (n->count)
		return;
	hash_table_remove(c->networks, n->key, sizeof n->key);
	mem_free(n);
	if (c->count)
		return;
	hash_table_free(c->networks);
	c->networks = NULL;
}

void eviction_queue_put_last(struct eviction_queue *c, struct eviction_queue_member *m)
{
	list_remove(&m->node);
	list_append(&m->network->members, &m->node);
	place(c, m->network);
}

struct eviction_queue_member *eviction_queue_first(const struct eviction_queue *c)
{
	struct list *fullest = bucket_queue_fullest(&c->by_count);
	if (!fullest)
		return NULL;
	struct eviction_queue_network *n = LIST_ENTRY(fullest, struct eviction_queue_network, node);
	return LIST_ENTRY(n->members.next, struct eviction_queue_member, node);
}

size_t eviction_queue_count(const struct eviction_queue *c)
{
	return c->count;
}

bool eviction_queue_is_near(const struct eviction_queue_member *m, const struct addr *from)
{
	uint8_t key[NETWORK_KEY];
	put_key(from, key);
	return memcmp(m->network->key, key, sizeof key) == 0;
}

size_t eviction_queue_beside(const struct eviction_queue_member *m)
{
	return m->network->count;
}
