#include "shared/base/crowd.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

struct crowd_network {
	struct list node; /* crowd.by_count[] */
	uint8_t key[17];  /* family and address */
	struct list members;
	size_t count;
};

struct crowd {
	struct hash_table *networks;
	size_t count;
	struct list by_count[CROWD_FULLEST + 1]; /* networks */
	size_t fullest;                          /* no network has more */
};

struct crowd *crowd_new(void)
{
	struct crowd *c = mem_zalloc(sizeof *c);
	c->networks = hash_table_new();
	for (size_t i = 0; i <= CROWD_FULLEST; i++)
		list_init(&c->by_count[i]);
	return c;
}

void crowd_free(struct crowd *c)
{
	if (!c)
		return;
	assert(!c->count);
	hash_table_free(c->networks);
	mem_free(c);
}

static struct crowd_network *network_of(struct crowd *c, const struct addr *from)
{
	struct addr prefix = addr_prefix(from, 24, 48);
	uint8_t key[17] = {prefix.family};
	memcpy(key + 1, prefix.ip, sizeof prefix.ip);
	struct crowd_network *n = hash_table_get(c->networks, key, sizeof key);
	if (n)
		return n;
	n = mem_zalloc(sizeof *n);
	memcpy(n->key, key, sizeof key);
	list_init(&n->node);
	list_init(&n->members);
	hash_table_add(c->networks, n->key, sizeof n->key, n);
	return n;
}

/* Puts the network where its count belongs, as the last of those with as many. */
static void place(struct crowd *c, struct crowd_network *n)
{
	size_t rank = n->count < CROWD_FULLEST ? n->count : CROWD_FULLEST;
	list_remove(&n->node);
	if (n->count)
		list_append(&c->by_count[rank], &n->node);
	if (rank > c->fullest)
		c->fullest = rank;
	while (c->fullest && list_is_empty(&c->by_count[c->fullest]))
		c->fullest--;
}

void crowd_join(struct crowd *c, struct crowd_member *m, const struct addr *from)
{
	m->network = network_of(c, from);
	list_append(&m->network->members, &m->node);
	m->network->count++;
	c->count++;
	place(c, m->network);
}

void crowd_leave(struct crowd *c, struct crowd_member *m)
{
	struct crowd_network *n = m->network;
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
}

void crowd_put_last(struct crowd_member *m)
{
	list_remove(&m->node);
	list_append(&m->network->members, &m->node);
}

struct crowd_member *crowd_first(const struct crowd *c)
{
	if (!c->count)
		return NULL;
	struct crowd_network *n =
	    LIST_ENTRY(c->by_count[c->fullest].next, struct crowd_network, node);
	return LIST_ENTRY(n->members.next, struct crowd_member, node);
}

size_t crowd_count(const struct crowd *c)
{
	return c->count;
}

size_t crowd_beside(const struct crowd_member *m)
{
	return m->network->count;
}
