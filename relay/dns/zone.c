/*
 * Nodes by name. A node lives while it holds something or `below` says that a deeper one does, so
 * an empty non-terminal answers NOERROR and a wildcard's closest encloser is the first ancestor
 * that the table has.
 */
#include "relay/dns/zone.h"

#include "shared/base/err.h"
#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

struct address_set {
	uint8_t count;
	uint8_t ip[]; /* count times 4 or 16 bytes */
};

struct zone_node {
	uint32_t below;                   /* nodes under this one that hold something */
	struct address_set *addresses[2]; /* A, AAAA; NULL: none */
	struct dns_record **records;      /* the operator's, in the order given */
	struct dns_record **texts;        /* that change, beside them */
	uint16_t record_count, text_count;
	uint8_t len;
	uint8_t name[];
};

struct zone {
	struct dns_name apex;
	uint32_t serial;
	struct dns_record *soa; /* with the serial */
	struct hash_table *nodes;
};

/* Those of the SOA are what checkers of zones expect; there are no secondaries. */
enum { ADDRESSES_MAX = 64, REFRESH_S = 14400, RETRY_S = 3600, EXPIRE_S = 604800 };

static struct zone_node *find(const struct zone *z, const uint8_t *p, size_t len)
{
	return hash_table_get(z->nodes, p, len);
}

static struct zone_node *obtain(struct zone *z, const uint8_t *p, size_t len)
{
	struct zone_node *n = find(z, p, len);
	if (n)
		return n;
	n = mem_zalloc(sizeof(*n) + len);
	n->len = (uint8_t)len;
	memcpy(n->name, p, len);
	hash_table_add(z->nodes, n->name, n->len, n);
	return n;
}

static bool holds(const struct zone_node *n)
{
	return n->addresses[0] || n->addresses[1] || n->record_count || n->text_count;
}

static void drop_texts(struct zone_node *n)
{
	for (size_t i = 0; i < n->text_count; i++)
		dns_record_free(n->texts[i]);
	mem_free(n->texts);
	n->texts = NULL;
	n->text_count = 0;
}

static void node_free(void *zone, void *node)
{
	struct zone_node *n = node;
	(void)zone;
	for (size_t i = 0; i < n->record_count; i++)
		dns_record_free(n->records[i]);
	mem_free(n->records);
	drop_texts(n);
	mem_free(n->addresses[0]);
	mem_free(n->addresses[1]);
	mem_free(n);
}

static void drop_if_empty(struct zone *z, struct zone_node *n)
{
	if (holds(n) || n->below)
		return;
	hash_table_remove(z->nodes, n->name, n->len);
	node_free(z, n);
}

/* Tells every ancestor within the zone that a node came to hold something, or ceased to. */
static void count_above(struct zone *z, const struct dns_name *name, int by)
{
	for (size_t at = name->wire[0] + 1u; name->len - at >= z->apex.len;
	     at += name->wire[at] + 1u) {
		struct zone_node *n = obtain(z, name->wire + at, name->len - at);
		n->below += (uint32_t)by;
		drop_if_empty(z, n);
	}
}

struct zone *zone_new(const char *domain, const char *const *nameservers)
{
	struct dns_name apex, server;
	if (!nameservers[0] || dns_name_parse(domain, &apex) != 0)
		return NULL;
	for (size_t i = 0; nameservers[i]; i++)
		if (dns_name_parse(nameservers[i], &server) != 0)
			return NULL;
	struct zone *z = mem_zalloc(sizeof(*z));
	z->apex = apex;
	z->serial = 1;
	z->nodes = hash_table_new();
	char *why, *text = mem_printf("%s. hostmaster.%s. 1 %d %d %d %d", nameservers[0], domain,
				      REFRESH_S, RETRY_S, EXPIRE_S, ZONE_NEGATIVE_TTL);
	z->soa = dns_record_parse("SOA", ZONE_TTL, text, domain, &why);
	assert(z->soa);
	mem_free(text);
	for (size_t i = 0; nameservers[i]; i++) {
		text = mem_printf("%s.", nameservers[i]);
		struct dns_record *ns = dns_record_parse("NS", ZONE_NS_TTL, text, domain, &why);
		assert(ns);
		zone_add_record(z, &apex, ns);
		mem_free(text);
	}
	return z;
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	hash_table_each(z->nodes, node_free, z);
	hash_table_free(z->nodes);
	dns_record_free(z->soa);
	mem_free(z);
}

const struct dns_name *zone_apex(const struct zone *z)
{
	return &z->apex;
}

uint32_t zone_serial(const struct zone *z)
{
	return z->serial;
}

void zone_set_serial(struct zone *z, uint32_t serial)
{
	z->serial = serial;
	dns_record_set_serial(z->soa, serial);
}

void zone_set_addresses(struct zone *z, const struct dns_name *name, uint8_t family,
			const struct addr *list, size_t count)
{
	if (!dns_name_below(name, &z->apex))
		return;
	size_t size = family == 4 ? 4 : 16;
	unsigned which = family == 4 ? 0 : 1;
	if (count > ADDRESSES_MAX)
		count = ADDRESSES_MAX;
	struct zone_node *n =
	    count ? obtain(z, name->wire, name->len) : find(z, name->wire, name->len);
	if (!n)
		return;
	bool held = holds(n);
	mem_free(n->addresses[which]);
	n->addresses[which] = NULL;
	if (count) {
		struct address_set *set = mem_alloc(sizeof(*set) + count * size);
		set->count = (uint8_t)count;
		for (size_t i = 0; i < count; i++)
			memcpy(set->ip + i * size, list[i].ip, size);
		n->addresses[which] = set;
	}
	if (held != holds(n))
		count_above(z, name, held ? -1 : 1);
	drop_if_empty(z, n);
}

void zone_set_texts(struct zone *z, const struct dns_name *name, struct dns_record *const *list,
		    size_t count)
{
	bool inside = dns_name_below(name, &z->apex);
	struct zone_node *n = !inside ? NULL
			      : count ? obtain(z, name->wire, name->len)
				      : find(z, name->wire, name->len);
	if (!n) {
		for (size_t i = 0; i < count; i++)
			dns_record_free(list[i]);
		return;
	}
	bool held = holds(n);
	drop_texts(n);
	n->texts = count ? mem_dup(list, count * sizeof(struct dns_record *)) : NULL;
	n->text_count = (uint16_t)count;
	if (held != holds(n))
		count_above(z, name, held ? -1 : 1);
	drop_if_empty(z, n);
}

int zone_add_record(struct zone *z, const struct dns_name *name, struct dns_record *r)
{
	int err = ERR_RANGE;
	if (!dns_name_below(name, &z->apex))
		goto fail;
	err = ERR_SYNTAX;
	struct zone_node *n = find(z, name->wire, name->len);
	bool alias = dns_record_type(r) == DNS_CNAME;
	if (alias && dns_name_equal(name, &z->apex))
		goto fail;
	for (size_t i = 0; n && i < n->record_count; i++)
		if (alias || dns_record_type(n->records[i]) == DNS_CNAME)
			goto fail;
	n = obtain(z, name->wire, name->len);
	bool held = holds(n);
	n->records = mem_resize(n->records, (n->record_count + 1u) * sizeof(struct dns_record *));
	n->records[n->record_count++] = r;
	if (!held)
		count_above(z, name, 1);
	return 0;
fail:
	dns_record_free(r);
	return err;
}

enum zone_found zone_find(const struct zone *z, const struct dns_name *name,
			  const struct zone_node **out)
{
	if (!dns_name_below(name, &z->apex))
		return ZONE_OUTSIDE;
	*out = find(z, name->wire, name->len);
	if (*out || dns_name_equal(name, &z->apex))
		return *out ? ZONE_NODE : ZONE_NONE;
	/* The closest encloser is the nearest ancestor there is; only its own "*" stands for the
	 * name (RFC 4592). */
	size_t at = 0;
	do {
		at += name->wire[at] + 1u;
	} while (name->len - at > z->apex.len && !find(z, name->wire + at, name->len - at));
	uint8_t star[DNS_NAME_MAX + 2] = {1, '*'};
	memcpy(star + 2, name->wire + at, name->len - at);
	*out = find(z, star, name->len - at + 2);
	return *out ? ZONE_NODE : ZONE_NONE;
}

const uint8_t *zone_addresses(const struct zone_node *n, uint8_t family, size_t *count)
{
	const struct address_set *set = n->addresses[family == 4 ? 0 : 1];
	*count = set ? set->count : 0;
	return set ? set->ip : NULL;
}

const struct dns_record *zone_record(const struct zone_node *n, unsigned type, size_t *i)
{
	while (*i < (size_t)n->record_count + n->text_count) {
		size_t at = (*i)++;
		const struct dns_record *r =
		    at < n->record_count ? n->records[at] : n->texts[at - n->record_count];
		if (dns_record_type(r) == type)
			return r;
	}
	return NULL;
}

const struct dns_record *zone_soa(const struct zone *z)
{
	return z->soa;
}

size_t zone_count(const struct zone *z)
{
	return hash_table_count(z->nodes);
}
