#include "relay/names/publishers.h"

#include "relay/names/cloudflare.h"
#include "relay/names/dyndns2.h"
#include "relay/names/rfc2136.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <assert.h>
#include <string.h>

enum { SERIALS_AHEAD = 20000 };

struct publishers {
	struct loop *loop;
	struct write_batch *ledger;
	const struct publishers_owner *fns;
	void *owner;
	char **reserved; /* names that the relay itself needs */
	size_t reserved_count;
	struct zone *zone;        /* or NULL: no `serve` */
	uint32_t serial;          /* the last one given to a zone */
	int64_t serials_reserved; /* the store knows that none above this was ever served */
	struct publish_queue **publishers;
	size_t publisher_count;
	struct publish_queue **old; /* between publishers_change and publishers_changed */
	size_t old_count;
};

/* --- the zone --- */

bool publishers_is_reserved(const struct publishers *o, const char *name)
{
	for (size_t i = 0; i < o->reserved_count; i++)
		if (strcmp(o->reserved[i], name) == 0)
			return true;
	return false;
}

static void reserve(struct publishers *o, const char *domain, const char *name)
{
	struct dns_name wire;
	size_t len = strlen(name), tail = strlen(domain);
	bool inside = strcmp(name, domain) == 0 || (len > tail && name[len - tail - 1] == '.' &&
						    !strcmp(name + len - tail, domain));
	if (!inside || dns_name_parse(name, &wire) != 0 || publishers_is_reserved(o, name))
		return;
	o->reserved = mem_resize(o->reserved, (o->reserved_count + 1) * sizeof(char *));
	o->reserved[o->reserved_count++] = mem_strdup(name);
}

static void drop_reserved(struct publishers *o)
{
	for (size_t i = 0; i < o->reserved_count; i++)
		mem_free(o->reserved[i]);
	mem_free(o->reserved);
	o->reserved = NULL;
	o->reserved_count = 0;
}

/* Names that hold the relay's own addresses whatever happens. */
static void fill_reserved(struct publishers *o, const struct publishers_config *config)
{
	for (size_t i = 0; i < o->reserved_count; i++) {
		struct dns_name name;
		if (dns_name_parse(o->reserved[i], &name) != 0)
			continue;
		for (unsigned family = 4; family <= 6; family += 2) {
			struct addr list[PUBLISH_ADDRESSES];
			size_t count = 0;
			for (size_t k = 0; k < config->address_count && count < PUBLISH_ADDRESSES;
			     k++)
				if (config->addresses[k].family == family)
					list[count++] = config->addresses[k];
			zone_set_addresses(o->zone, &name, (uint8_t)family, list, count);
		}
	}
}

static void add_records(struct publishers *o, const char *domain, const struct serve_config *serve)
{
	for (size_t i = 0; i < serve->record_count; i++) {
		const struct dns_record_config *rec = &serve->records[i];
		struct dns_name name;
		char *why;
		struct dns_record *r =
		    dns_record_parse(rec->type, rec->ttl, rec->value, domain, &why);
		mem_free(why);
		if (r && (dns_name_parse(rec->name, &name) != 0 ||
			  zone_add_record(o->zone, &name, r) != 0))
			log_warn("record_ignored", "name=%s type=%s", rec->name, rec->type);
	}
}

/* Above any that was served before, also before a kill -9. Half of the reserve used up: more is
 * reserved, long before it is needed. */
static uint32_t next_serial(struct publishers *o)
{
	if (++o->serial == 0)
		o->serial = 1;
	if ((uint32_t)o->serials_reserved - o->serial < SERIALS_AHEAD / 2) {
		o->serials_reserved = (int64_t)(uint32_t)(o->serial + SERIALS_AHEAD);
		publishers_repeat(o);
	}
	return o->serial;
}

/* A fresh zone in place of the old one. */
static void make_zone(struct publishers *o, const struct publishers_config *config,
		      const struct serve_config *serve)
{
	zone_free(o->zone);
	o->zone = zone_new(config->domain, (const char *const *)serve->nameservers,
			   serve->nameserver_count);
	assert(o->zone); /* names_config has checked the domain and each name server */
	zone_set_serial(o->zone, next_serial(o));
	reserve(o, config->domain, config->domain);
	for (size_t i = 0; i < serve->nameserver_count; i++)
		reserve(o, config->domain, serve->nameservers[i]);
	fill_reserved(o, config);
	add_records(o, config->domain, serve);
}

void publishers_show(struct publishers *o, const struct name_entry *e, unsigned which,
		     const struct publish_set *set)
{
	struct dns_name name;
	if (o->zone && dns_name_parse(e->name, &name) == 0)
		zone_set_addresses(o->zone, &name, which ? 6 : 4, set->list, set->count);
}

void publishers_number(struct publishers *o)
{
	if (o->zone)
		zone_set_serial(o->zone, next_serial(o));
}

void publishers_repeat(struct publishers *o)
{
	store_put_number(write_batch_batch(o->ledger), "serial", o->serials_reserved);
}

const struct zone *publishers_zone(const struct publishers *o)
{
	return o->zone;
}

/* --- the publishers --- */

static void wanted_by_publisher(void *owner, struct publish_queue_item *item, unsigned family,
				struct publish_set *out)
{
	struct publishers *o = owner;
	o->fns->wanted(o->owner, ((struct name_entry_slot *)item)->entry, family == 4 ? 0 : 1, out);
}

static void on_published(void *owner, struct publish_queue *c, struct publish_queue_item *item)
{
	struct publishers *o = owner;
	struct name_entry *e = ((struct name_entry_slot *)item)->entry;
	for (unsigned which = 0; which < 2; which++) {
		const char *value = item->published[which];
		if (value && !*value) {
			store_drop_published(write_batch_batch(o->ledger), publish_queue_id(c),
					     e->name, which ? 6 : 4);
		} else if (value) {
			const struct store_published row = {.publisher = publish_queue_id(c),
							    .name = e->name,
							    .family = which ? 6 : 4,
							    .value = value,
							    .since_ms = item->since_ms[which]};
			store_put_published(write_batch_batch(o->ledger), &row);
		}
	}
	o->fns->published(o->owner, e);
}

static const struct publish_queue_owner converge_fns = {.wanted = wanted_by_publisher,
							.published = on_published};

static struct publish_queue *make_publisher(struct publishers *o, const struct dns_config *config)
{
	struct publish_queue *c = NULL;
	char *id = NULL;
	switch (config->kind) {
	case DNS_SERVE:
		return NULL;
	case DNS_RFC2136:
		id = mem_printf("rfc2136 %s %s:%u", config->rfc2136.zone,
				config->rfc2136.server.host, config->rfc2136.server.first);
		c = publish_queue_new(o->loop, id, &converge_fns, o);
		publish_queue_attach(c, &rfc2136_kind,
				     rfc2136_new(o->loop, &config->rfc2136, publish_queue_done, c));
		break;
	case DNS_DYNDNS2:
		id = mem_printf("dyndns2 %s %s", config->dyndns2.url, config->dyndns2.username);
		c = publish_queue_new(o->loop, id, &converge_fns, o);
		publish_queue_attach(c, &dyndns2_kind,
				     dyndns2_new(o->loop, &config->dyndns2, publish_queue_done, c));
		break;
	case DNS_CLOUDFLARE:
		id =
		    mem_printf("cloudflare %s %s", config->cloudflare.zone, config->cloudflare.api);
		c = publish_queue_new(o->loop, id, &converge_fns, o);
		publish_queue_attach(
		    c, &cloudflare_kind,
		    cloudflare_new(o->loop, &config->cloudflare, publish_queue_done, c));
		break;
	}
	mem_free(id);
	return c;
}

static void make_publishers(struct publishers *o, const struct dns_config_list *dns)
{
	o->publishers = mem_zalloc((dns->count + 1) * sizeof(struct publish_queue *));
	o->publisher_count = 0;
	for (size_t i = 0; i < dns->count; i++) {
		struct publish_queue *c = make_publisher(o, &dns->items[i]);
		if (c)
			o->publishers[o->publisher_count++] = c;
	}
}

static struct name_entry_slot *slot_of(const struct publishers *o, const struct name_entry *e,
				       const char *publisher)
{
	for (size_t i = 0; i < o->publisher_count; i++)
		if (strcmp(publish_queue_id(o->publishers[i]), publisher) == 0)
			return &e->slots[i];
	return NULL;
}

void publishers_enter(struct publishers *o, struct name_entry *e)
{
	e->slots = mem_zalloc((o->publisher_count + 1) * sizeof(struct name_entry_slot));
	for (size_t i = 0; i < o->publisher_count; i++) {
		e->slots[i].entry = e;
		publish_queue_add(o->publishers[i], &e->slots[i].item, e->name);
	}
}

void publishers_leave(struct publishers *o, struct name_entry *e)
{
	for (size_t i = 0; i < o->publisher_count; i++)
		publish_queue_remove(o->publishers[i], &e->slots[i].item);
}

bool publishers_knows(const struct publishers *o, const char *publisher)
{
	for (size_t i = 0; i < o->publisher_count; i++)
		if (strcmp(publish_queue_id(o->publishers[i]), publisher) == 0)
			return true;
	return false;
}

void publishers_restore(struct publishers *o, struct name_entry *e,
			const struct store_published *row)
{
	struct publish_queue_item *item = &slot_of(o, e, row->publisher)->item;
	unsigned which = row->family == 6;
	mem_free(item->published[which]);
	item->published[which] = mem_strdup(row->value);
	item->since_ms[which] = row->since_ms;
}

void publishers_check(struct publishers *o, struct name_entry *e)
{
	for (size_t i = 0; i < o->publisher_count; i++)
		publish_queue_check(o->publishers[i], &e->slots[i].item);
}

bool publishers_is_settled(const struct publishers *o, const struct name_entry *e)
{
	for (size_t i = 0; i < o->publisher_count; i++)
		if (!publish_queue_is_settled(o->publishers[i], &e->slots[i].item))
			return false;
	return true;
}

/* --- both --- */

static const struct serve_config *serve_of(const struct dns_config_list *dns)
{
	for (size_t i = 0; i < dns->count; i++)
		if (dns->items[i].kind == DNS_SERVE)
			return &dns->items[i].serve;
	return NULL;
}

void publishers_change(struct publishers *o, const struct publishers_config *config)
{
	const struct serve_config *serve = serve_of(config->dns);
	drop_reserved(o);
	if (config->host)
		reserve(o, config->domain, config->host);
	if (serve) {
		make_zone(o, config, serve);
	} else {
		zone_free(o->zone);
		o->zone = NULL;
	}
	o->old = o->publishers;
	o->old_count = o->publisher_count;
	make_publishers(o, config->dns);
}

/* What is known to be published goes over to the publisher of the same id. */
void publishers_carry(struct publishers *o, struct name_entry *e)
{
	struct name_entry_slot *slots = e->slots;
	publishers_enter(o, e);
	for (size_t i = 0; i < o->old_count; i++) {
		struct name_entry_slot *to = slot_of(o, e, publish_queue_id(o->old[i]));
		for (unsigned which = 0; to && which < 2; which++) {
			to->item.published[which] = slots[i].item.published[which];
			to->item.since_ms[which] = slots[i].item.since_ms[which];
			slots[i].item.published[which] = NULL;
		}
		publish_queue_remove(o->old[i], &slots[i].item);
	}
	mem_free(slots);
}

void publishers_changed(struct publishers *o)
{
	for (size_t i = 0; i < o->old_count; i++)
		publish_queue_close(o->old[i]);
	mem_free(o->old);
	o->old = NULL;
	o->old_count = 0;
}

const char *publishers_value(const struct publishers *o, const struct name_entry *e, unsigned which)
{
	const char *value = o->zone || o->publisher_count == 0
				? e->records[which].wanted
				: publish_queue_value(&e->slots[0].item, which ? 6 : 4);
	return value && *value ? value : NULL;
}

void publishers_status(const struct publishers *o, const struct name_entry *e, unsigned which,
		       struct json *w)
{
	const struct name_entry_record *r = &e->records[which];
	json_open(w, "published", '[');
	if (o->zone) {
		json_open(w, NULL, '{');
		json_str(w, "kind", dns_kind_text(DNS_SERVE));
		json_str(w, "value", r->wanted && *r->wanted ? r->wanted : NULL);
		json_time(w, "since", r->updated_ms);
		json_none(w, "error");
		json_none(w, "next_try");
		json_close(w);
	}
	for (size_t i = 0; i < o->publisher_count; i++)
		publish_queue_status(o->publishers[i], &e->slots[i].item, which ? 6 : 4, w);
	json_close(w);
}

/* Also without a zone: a reload may bring one, and the store is read and written here at the start
 * only. */
static void reserve_serials(struct publishers *o, struct store *store)
{
	o->serial = (uint32_t)store_read_number(store, "serial", (int64_t)(loop_wall_ms() / 1000));
	o->serials_reserved = (int64_t)(uint32_t)(o->serial + SERIALS_AHEAD);
	store_write_number_now(store, "serial", o->serials_reserved);
}

struct publishers *publishers_new(struct loop *l, struct store *store, struct write_batch *g,
				  const struct publishers_owner *fns, void *owner)
{
	struct publishers *o = mem_zalloc(sizeof(*o));
	o->loop = l;
	o->ledger = g;
	o->fns = fns;
	o->owner = owner;
	reserve_serials(o, store);
	return o;
}

void publishers_free(struct publishers *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->publisher_count; i++)
		publish_queue_close(o->publishers[i]);
	mem_free(o->publishers);
	drop_reserved(o);
	zone_free(o->zone);
	mem_free(o);
}
