#include "shared/base/failure_summary.h"

#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <stdio.h>
#include <string.h>

enum { WHY = 96 };

struct network {
	struct list node; /* kind.networks */
	struct addr prefix;
	uint8_t key[17]; /* family and address */
	uint64_t times;
	char why[WHY]; /* of the last one */
};

struct kind {
	struct list node; /* failure_summary.kinds */
	const char *event;
	unsigned told;
	uint64_t others; /* failures of networks that were forgotten */
	struct hash_table *known;
	struct list networks; /* the one that failed longest ago first */
};

struct failure_summary {
	struct list kinds;
};

struct failure_summary *failure_summary_new(void)
{
	struct failure_summary *s = mem_zalloc(sizeof *s);
	list_init(&s->kinds);
	return s;
}

static void forget(struct kind *k, struct network *n)
{
	hash_table_remove(k->known, n->key, sizeof n->key);
	list_remove(&n->node);
	mem_free(n);
}

static void drop_kind(struct kind *k)
{
	while (!list_is_empty(&k->networks))
		forget(k, LIST_ENTRY(k->networks.next, struct network, node));
	hash_table_free(k->known);
	list_remove(&k->node);
	mem_free(k);
}

void failure_summary_free(struct failure_summary *s)
{
	if (!s)
		return;
	while (!list_is_empty(&s->kinds))
		drop_kind(LIST_ENTRY(s->kinds.next, struct kind, node));
	mem_free(s);
}

static struct kind *kind_of(struct failure_summary *s, const char *event)
{
	LIST_EACH(node, &s->kinds)
	{
		struct kind *k = LIST_ENTRY(node, struct kind, node);
		if (!strcmp(k->event, event))
			return k;
	}
	struct kind *k = mem_zalloc(sizeof *k);
	k->event = event;
	k->known = hash_table_new();
	list_init(&k->networks);
	list_append(&s->kinds, &k->node);
	return k;
}

static struct network *network_of(struct kind *k, const struct addr *from)
{
	struct addr prefix = addr_prefix(from, 24, 48);
	uint8_t key[17] = {prefix.family};
	memcpy(key + 1, prefix.ip, sizeof prefix.ip);
	struct network *n = hash_table_get(k->known, key, sizeof key);
	if (n)
		return n;
	if (hash_table_count(k->known) == FAILURE_SUMMARY_KNOWN) {
		struct network *oldest = LIST_ENTRY(k->networks.next, struct network, node);
		k->others += oldest->times;
		forget(k, oldest);
	}
	n = mem_zalloc(sizeof *n);
	n->prefix = prefix;
	memcpy(n->key, key, sizeof key);
	list_init(&n->node);
	hash_table_add(k->known, n->key, sizeof n->key, n);
	return n;
}

bool failure_summary_count(struct failure_summary *s, const char *event, const struct addr *from,
			   const char *why)
{
	struct kind *k = kind_of(s, event);
	if (k->told < FAILURE_SUMMARY_TOLD) {
		k->told++;
		return true;
	}
	struct network *n = network_of(k, from);
	n->times++;
	snprintf(n->why, sizeof n->why, "%s", why);
	list_remove(&n->node);
	list_append(&k->networks, &n->node);
	return false;
}

static struct network *worst_of(const struct kind *k)
{
	struct network *worst = NULL;
	LIST_EACH(node, &k->networks)
	{
		struct network *n = LIST_ENTRY(node, struct network, node);
		if (!worst || n->times > worst->times)
			worst = n;
	}
	return worst;
}

static void say_kind(struct kind *k, failure_summary_fn *fn, void *owner)
{
	struct network *n;
	for (int i = 0; i < FAILURE_SUMMARY_WORST && (n = worst_of(k)); i++) {
		char at[ADDR_TEXT], text[ADDR_TEXT + 4];
		snprintf(text, sizeof text, "%s/%d", addr_ip_text(&n->prefix, at),
			 n->prefix.family == 4 ? 24 : 48);
		fn(owner, &(struct failure_line){k->event, text, n->times, n->why});
		forget(k, n);
	}
	LIST_EACH(node, &k->networks)
	k->others += LIST_ENTRY(node, struct network, node)->times;
	if (k->others)
		fn(owner, &(struct failure_line){.event = k->event, .times = k->others});
}

void failure_summary_say(struct failure_summary *s, failure_summary_fn *fn, void *owner)
{
	while (!list_is_empty(&s->kinds)) {
		struct kind *k = LIST_ENTRY(s->kinds.next, struct kind, node);
		say_kind(k, fn, owner);
		drop_kind(k);
	}
}
