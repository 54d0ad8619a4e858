#include "shared/base/eviction_queue.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

enum { NETWORK_KEY = 17 /* family and address */ };

struct eviction_queue_network {
	struct list node; /* eviction_queue.by_count[] */
	uint8_t key[NETWORK_KEY];
	struct list members;
	size_t count;
};

struct eviction_queue {
	size_t count;
	/* The networks by address, and by how many members they have. Both are NULL while the queue
	 * is empty: each mapping of the relay has a queue, and these take 4 KiB. */
	struct hash_table *networks;
	struct list *by_count;
	size_t fullest; /* the last list of by_count that is not empty, or 0 */
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

/* Puts the network into the list of its count, as the last one there. */
static void place(struct eviction_queue *c, struct eviction_queue_network *n)
{
	size_t rank = n->count < EVICTION_QUEUE_FULLEST ? n->count : EVICTION_QUEUE_FULLEST;
	list_remove(&n->node);
	if (n->count)
		list_append(&c->by_count[rank], &n->node);
	if (rank > c->fullest)
		c->fullest = rank;
	while (c->fullest && list_is_empty(&c->by_count[c->fullest]))
		c->fullest--;
}

static void begin(struct eviction_queue *c)
{
	c->networks = hash_table_new();
	c->by_count = mem_alloc((EVICTION_QUEUE_FULLEST + 1) * sizeof *c->by_count);
	for (size_t i = 0; i <= EVICTION_QUEUE_FULLEST; i++)
		list_init(&c->by_count[i]);
}

static void end(struct eviction_queue *c)
{
	hash_table_free(c->networks);
	mem_free(c->by_count);
	c->networks = NULL;
	c->by_count = NULL;
}

void eviction_queue_join(struct eviction_queue *c, struct eviction_queue_member *m,
			 const struct addr *from)
{
	if (!c->count)
		begin(c);
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
	if (!c->count)
		end(c);
}

void eviction_queue_put_last(struct eviction_queue *c, struct eviction_queue_member *m)
{
	list_remove(&m->node);
	list_append(&m->network->members, &m->node);
	place(c, m->network);
}

struct eviction_queue_member *eviction_queue_first(const struct eviction_queue *c)
{
	if (!c->count)
		return NULL;
	struct eviction_queue_network *n =
	    LIST_ENTRY(c->by_count[c->fullest].next, struct eviction_queue_network, node);
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
