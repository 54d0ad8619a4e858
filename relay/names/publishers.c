/*
 * The configuration is read by the table of kinds. From it come the zone, where there is a `serve`,
 * and a queue for each other publisher. A change of a name is shown in the zone at once and is due
 * at the queues; what the world sees of it is the zone's value, or else the first queue's.
 *
 * A reload makes the zone and the queues anew. A queue hands what it knows to the one of the same
 * id that takes its place. The serial of the zone only grows: the store holds a number that lies
 * above every serial that was served, and is moved on long before it is reached.
 */
#include "relay/names/publishers.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

enum { SERIALS_AHEAD = 20000 };

/* A new kind is one file, and one word here. */
#define KINDS(X)      X(serve) X(rfc2136) X(dyndns2) X(cloudflare) X(alidns) X(dnspod)
#define DECLARE(kind) extern const struct publisher_kind kind##_kind;
#define ROW(kind)     &kind##_kind,
KINDS(DECLARE)
static const struct publisher_kind *const kinds[] = {KINDS(ROW)};
enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds) };

struct publishers {
	struct loop *loop;
	struct write_batch *batch;
	const struct publish_queue_owner *fns;
	void *owner;
	struct hash_table *reserved; /* names that the relay itself needs */
	struct zone *zone;           /* or NULL: no `serve` */
	uint32_t serial;             /* the last one given to a zone */
	int64_t serials_reserved;    /* the store knows that none above this was ever served */
	struct publish_queue **queues;
	size_t queue_count;
};

/* --- `dns` of relay.json --- */

static const struct publisher_kind *read_kind(struct conf_at at)
{
	const char *name = NULL, *names[KIND_COUNT + 1] = {NULL};
	if (!conf_str(at, "kind", &name))
		return NULL;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		names[i] = kinds[i]->name;
		if (strcmp(names[i], name) == 0)
			return kinds[i];
	}
	const char *near = text_nearest(name, names);
	struct buf all = BUF_INIT;
	for (size_t i = 0; i < KIND_COUNT; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	conf_error(at, "kind", "\"%s\" is not one of %s%s%s%s", name, buf_str(&all),
		   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	buf_fini(&all);
	return NULL; /* its keys could belong to any of them */
}

bool publishers_config_read(struct conf_at list, const struct publisher_place *place,
			    struct publishers_config *out)
{
	*out = (struct publishers_config){0};
	out->items = mem_zalloc((conf_len(list) + 1) * sizeof(*out->items));
	for (size_t i = 0; i < conf_len(list); i++) {
		struct conf_at at = conf_item(list, i);
		const struct publisher_kind *kind = at.value ? read_kind(at) : NULL;
		if (!kind)
			continue;
		bool served = publishers_config_dns_server(out) != NULL;
		out->items[out->count++] = (struct publisher_config){kind, kind->read(at, place)};
		conf_done(at);
		if (served && kind == &serve_kind && conf_ok(at))
			conf_error(at, "kind", "\"serve\" can stand here only once");
	}
	if (conf_ok(list))
		return true;
	publishers_config_fini(out);
	return false;
}

void publishers_config_fini(struct publishers_config *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->items[i].kind->drop(c->items[i].settings);
	mem_free(c->items);
	*c = (struct publishers_config){0};
}

const struct zone_config *publishers_config_dns_server(const struct publishers_config *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->items[i].kind == &serve_kind)
			return c->items[i].settings;
	return NULL;
}

/* --- the zone --- */

static void reserve(struct publishers *p, const char *domain, const char *name)
{
	if (!text_is_in(name, domain))
		return;
	char *copy = mem_strdup(name);
	if (hash_table_add(p->reserved, copy, strlen(copy), copy))
		mem_free(copy);
}

static void free_name(void *arg, void *name)
{
	(void)arg;
	mem_free(name);
}

static void drop_reserved(struct publishers *p)
{
	hash_table_each(p->reserved, free_name, NULL);
	hash_table_free(p->reserved);
}

/* The next serial is above any that was served before, also before a kill -9. When half of the
 * reserve is used up, more is reserved, long before it is needed. */
static uint32_t next_serial(struct publishers *p)
{
	if (++p->serial == 0)
		p->serial = 1;
	if ((uint32_t)p->serials_reserved - p->serial < SERIALS_AHEAD / 2) {
		p->serials_reserved = (int64_t)(uint32_t)(p->serial + SERIALS_AHEAD);
		publishers_repeat(p);
	}
	return p->serial;
}

/* The name that a CNAME at another server may lead to, where this zone is not delegated as a whole:
 * _acme-challenge.ALICE.DOMAIN is also ALICE._acme-challenge.DOMAIN. */
static struct dns_name alias_of(const struct dns_name *name, const struct dns_name *apex)
{
	struct dns_name out = {.len = name->len};
	size_t first = name->wire[0] + 1u, rest = name->len - apex->len - first;
	memcpy(out.wire, name->wire + first, rest);
	memcpy(out.wire + rest, name->wire, first);
	memcpy(out.wire + rest + first, apex->wire, apex->len);
	return out;
}

static void show_texts_at(struct publishers *p, const struct dns_name *at,
			  const struct publish_set *set)
{
	struct dns_record *list[PUBLISH_VALUES];
	size_t count = 0;
	for (unsigned i = 0; i < set->count; i++) {
		char *why;
		list[count] =
		    dns_record_parse("TXT", PUBLISH_TXT_TTL, set->values[i], "invalid", &why);
		count += list[count] != NULL;
		mem_free(why);
	}
	zone_set_texts(p->zone, at, list, count);
}

static void show_texts(struct publishers *p, const struct dns_name *name,
		       const struct publish_set *set)
{
	const struct dns_name *apex = zone_apex(p->zone);
	if (!dns_name_below(name, apex) || dns_name_equal(name, apex))
		return;
	const struct dns_name alias = alias_of(name, apex);
	show_texts_at(p, name, set);
	if (!dns_name_equal(name, &alias))
		show_texts_at(p, &alias, set);
}

void publishers_show(struct publishers *p, const char *name, enum publish_type type,
		     const struct publish_set *set)
{
	struct dns_name wire;
	struct addr list[PUBLISH_VALUES] = {{0}};
	if (!p->zone || dns_name_parse(name, &wire) != 0)
		return;
	if (type == PUBLISH_TXT) {
		show_texts(p, &wire, set);
		return;
	}
	for (unsigned i = 0; i < set->count; i++)
		addr_parse_ip(set->values[i], &list[i]);
	zone_set_addresses(p->zone, &wire, type == PUBLISH_A ? 4 : 6, list, set->count);
}

void publishers_number(struct publishers *p)
{
	if (p->zone)
		zone_set_serial(p->zone, next_serial(p));
}

void publishers_repeat(struct publishers *p)
{
	store_put_number(write_batch_batch(p->batch), "serial", p->serials_reserved);
}

const struct zone *publishers_zone(const struct publishers *p)
{
	return p->zone;
}

struct showing {
	struct publishers *publishers;
	const struct publish_set *addresses;
};

/* These names hold the relay's own addresses in any case. */
static void show_reserved(void *arg, void *name)
{
	const struct showing *s = arg;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++)
		publishers_show(s->publishers, name, t, &s->addresses[t]);
}

static void change_zone(struct publishers *p, const struct publishers_setup *setup)
{
	const struct zone_config *serve = publishers_config_dns_server(setup->dns);
	drop_reserved(p);
	zone_free(p->zone);
	p->reserved = hash_table_new();
	p->zone = serve ? zone_config_zone(serve, setup->domain) : NULL;
	publishers_number(p);
	if (setup->host)
		reserve(p, setup->domain, setup->host);
	if (serve)
		reserve(p, setup->domain, setup->domain);
	for (size_t i = 0; serve && serve->nameservers[i]; i++)
		reserve(p, setup->domain, serve->nameservers[i]);
	hash_table_each(p->reserved, show_reserved, &(struct showing){p, setup->addresses});
}

/* --- the queues --- */

static struct publish_queue *find_queue(struct publish_queue **queues, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(publish_queue_id(queues[i]), id) == 0)
			return queues[i];
	return NULL;
}

static void close_queues(struct publish_queue **queues, size_t count)
{
	for (size_t i = 0; i < count; i++)
		publish_queue_close(queues[i]);
	mem_free(queues);
}

static void change_queues(struct publishers *p, const struct publishers_config *dns)
{
	struct publish_queue **before = p->queues;
	size_t before_count = p->queue_count;
	p->queues = mem_zalloc((dns->count + 1) * sizeof(*p->queues));
	p->queue_count = 0;
	for (size_t i = 0; i < dns->count; i++) {
		const struct publisher_config *c = &dns->items[i];
		if (!c->kind->id)
			continue;
		char *id = c->kind->id(c->settings);
		p->queues[p->queue_count++] = publish_queue_new(
		    p->loop, p->batch, c, find_queue(before, before_count, id), p->fns, p->owner);
		mem_free(id);
	}
	close_queues(before, before_count);
}

void publishers_change(struct publishers *p, const struct publishers_setup *setup)
{
	change_zone(p, setup);
	change_queues(p, setup->dns);
}

void publishers_restore(struct publishers *p, const struct store_published *row)
{
	struct publish_queue *q = find_queue(p->queues, p->queue_count, row->publisher);
	if (q)
		publish_queue_restore(q, row);
}

void publishers_check(struct publishers *p, const char *name)
{
	for (size_t i = 0; i < p->queue_count; i++)
		publish_queue_check(p->queues[i], name);
}

void publishers_check_all(struct publishers *p)
{
	for (size_t i = 0; i < p->queue_count; i++)
		publish_queue_check_all(p->queues[i]);
}

/* --- what is told --- */

void publishers_progress(const struct publishers *p, const char *name, const char *value,
			 struct publish_progress *out)
{
	struct dns_name wire;
	*out = (struct publish_progress){0};
	if (p->zone && dns_name_parse(name, &wire) == 0 &&
	    dns_name_below(&wire, zone_apex(p->zone)))
		out->there++;
	for (size_t i = 0; i < p->queue_count; i++)
		publish_queue_progress(p->queues[i], name, value, out);
}

const char *publishers_value(const struct publishers *p, const char *name, enum publish_type type,
			     const char *wanted)
{
	const char *value =
	    p->zone || p->queue_count == 0 ? wanted : publish_queue_value(p->queues[0], name, type);
	return value && *value ? value : NULL;
}

void publishers_status(const struct publishers *p, const char *name, enum publish_type type,
		       const char *wanted, uint64_t since_ms, struct json *w)
{
	json_open(w, "published", '[');
	if (p->zone) {
		json_open(w, NULL, '{');
		json_str(w, "kind", serve_kind.name);
		json_str(w, "value", wanted && *wanted ? wanted : NULL);
		json_time(w, "since", since_ms);
		json_none(w, "error");
		json_none(w, "next_try");
		json_close(w);
	}
	for (size_t i = 0; i < p->queue_count; i++)
		publish_queue_status(p->queues[i], name, type, w);
	json_close(w);
}

/* --- beginning and end --- */

/* Done also without a zone: a reload may bring one, and the store may be read and written here only
 * at the start. */
static void reserve_serials(struct publishers *p, struct store *store)
{
	p->serial = (uint32_t)store_read_number(store, "serial", (int64_t)(loop_wall_ms() / 1000));
	p->serials_reserved = (int64_t)(uint32_t)(p->serial + SERIALS_AHEAD);
	store_write_number_now(store, "serial", p->serials_reserved);
}

struct publishers *publishers_new(struct loop *l, struct store *store, struct write_batch *batch,
				  const struct publish_queue_owner *fns, void *owner)
{
	struct publishers *p = mem_zalloc(sizeof(*p));
	p->loop = l;
	p->batch = batch;
	p->fns = fns;
	p->owner = owner;
	p->reserved = hash_table_new();
	reserve_serials(p, store);
	return p;
}

void publishers_free(struct publishers *p)
{
	if (!p)
		return;
	close_queues(p->queues, p->queue_count);
	drop_reserved(p);
	zone_free(p->zone);
	mem_free(p);
}
