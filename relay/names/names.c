/*
 * An entry is a name with two records, A and AAAA. Each record holds the values of its sources; settle() derives what is wanted and, when
 * that differs from before, counts the change, tells the zone and every publisher, and marks the entry dirty. Dirty entries are
 * written together once a turn, one batch at a time; the requests that made them dirty are answered when their batch is durable.
 * A batch that fails answers them with trouble, and everything is written again a little later, so memory stays ahead of the disk, never
 * the other way round, and no request was told "good" in between.
 *
 * An entry without any reason to exist is taken out of the zone at once, and kept as `gone` until every publisher has deleted it.
 */
#include "relay/names/names.h"

#include "relay/names/cloudflare.h"
#include "relay/names/converge.h"
#include "relay/names/dyndns2.h"
#include "relay/names/rfc2136.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <string.h>

enum { BUCKETS = 4096, ACCOUNT_BUCKETS = 512, WRITE_AGAIN_MS = 2000, SERIALS_AHEAD = 20000 };

enum source { SOURCE_RELAY, SOURCE_DOOR, SOURCE_AGENT };
enum agent_value { AGENT_NONE, AGENT_RELAY, AGENT_HOME };
enum door_value { DOOR_NONE, DOOR_ADDRESS, DOOR_OFFLINE };

struct record {
	enum agent_value agent_value; /* what an agent's names entry says */
	struct addr agent;            /* with AGENT_HOME */
	enum door_value door_value;   /* the last accepted door update */
	struct addr door;             /* with DOOR_ADDRESS */
	char *wanted;                 /* as settled last, comma list; NULL before */
	uint64_t requests, changes;
	uint64_t updated_ms;          /* UNIX time of the last change of what is wanted */
	char *client;                 /* who asked last, or NULL */
	char *answer;                 /* what it was told, or NULL */
};

struct slot {
	struct converge_item item;    /* first: a slot is found from it */
	struct entry *entry;
};

struct entry {
	struct entry *next;           /* in its bucket */
	struct list same_account;     /* in the account's bucket */
	struct list dirty;            /* on names.dirty while not written */
	char *name;                   /* full, lower case */
	char *account;
	char *holder;                 /* the agent that declares it, "" none */
	bool own;                     /* the account's own name */
	bool wished, mapped;          /* declared by holder: in `names`, as a mapping's host */
	bool marked;                  /* seen in the declaration being read */
	bool gone;                    /* only there until the publishers have deleted it */
	struct record records[2];     /* A, AAAA */
	struct slot *slots;           /* one a publisher */
};

struct agent {
	struct list node;
	char *account, *name;
	char **wishes;                /* full names, or as written when they are none */
	size_t wish_count;
	uint64_t reports, answered;   /* names_set_agent calls; those that are durable */
};

struct waiter {
	struct list node;
	uint64_t ticket;
	names_done_fn *fn;            /* NULL: forgotten */
	void *owner;
	enum names_answer answer;
	struct agent *agent;          /* an agent's report instead of a request; NULL: it has gone */
};

struct names {
	struct loop *loop;
	struct store *store;
	char *domain;
	struct addr addresses[PUBLISH_ADDRESSES]; /* the relay's */
	size_t address_count;
	char **reserved;              /* names that the relay itself needs: apex, name servers, its host */
	size_t reserved_count;
	struct zone *zone;            /* or NULL: no `serve` */
	int64_t serials_reserved;     /* the store knows that none above this was ever served */
	struct accounts *accounts;    /* or NULL before the first list */
	struct converge **publishers;
	size_t publisher_count;
	struct entry **buckets;
	struct list *account_buckets;
	size_t count;
	struct list agents;
	struct list dirty;
	struct list collecting;       /* waiters for the batch that is being gathered */
	struct list flying;           /* waiters for the batch that is being written */
	struct list telling;          /* waiters whose batch is done, being told */
	struct store_batch *pending;  /* what goes into the next batch besides dirty entries, or NULL */
	bool writing;
	bool write_all;               /* a batch was lost: write every entry again */
	uint64_t last_ticket;
	struct timer *again;          /* after a failed batch */
	struct task flush;
	names_changed_fn *changed;
	void *changed_owner;
};

static void flush(void *arg);

static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ^ h >> 15;
}

static void replace(char **at, const char *text)
{
	char *copy = mem_strdup(text);
	mem_free(*at);
	*at = copy;
}

static struct entry *find(const struct names *n, const char *name)
{
	struct entry *e = n->buckets[hash_text(name) % BUCKETS];
	while (e && strcmp(e->name, name) != 0)
		e = e->next;
	return e;
}

static bool is_reserved(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->reserved_count; i++)
		if (strcmp(n->reserved[i], name) == 0)
			return true;
	return false;
}

static void mark_dirty(struct names *n, struct entry *e)
{
	if (list_is_empty(&e->dirty))
		list_append(&n->dirty, &e->dirty);
	task_mark(n->loop, &n->flush);
}

static struct store_batch *pending(struct names *n)
{
	if (!n->pending)
		n->pending = store_batch_new();
	task_mark(n->loop, &n->flush);
	return n->pending;
}

/* What one record is to hold. */
static enum source want(const struct names *n, const struct entry *e, unsigned which, struct publish_set *out)
{
	const struct record *r = &e->records[which];
	out->count = 0;
	if (e->gone)
		return SOURCE_RELAY;
	if (r->agent_value == AGENT_HOME) {
		out->list[out->count++] = r->agent;
		return SOURCE_AGENT;
	}
	if (r->agent_value == AGENT_NONE && r->door_value != DOOR_NONE) {
		if (r->door_value == DOOR_ADDRESS)
			out->list[out->count++] = r->door;
		return SOURCE_DOOR;
	}
	/* A name that only the doors know never held the relay's addresses: a family that nobody named stays empty. */
	for (size_t i = 0; (e->own || e->wished || e->mapped) && i < n->address_count; i++)
		if (n->addresses[i].family == (which ? 6 : 4))
			out->list[out->count++] = n->addresses[i];
	return r->agent_value == AGENT_RELAY ? SOURCE_AGENT : SOURCE_RELAY;
}

static void wanted_by_publisher(void *owner, struct converge_item *item, unsigned family, struct publish_set *out)
{
	struct slot *slot = (struct slot *)item;
	want(owner, slot->entry, family == 4 ? 0 : 1, out);
}

static void bump_serial(struct names *n)
{
	uint32_t serial = zone_serial(n->zone) + 1;
	if (serial == 0)
		serial = 1;
	zone_set_serial(n->zone, serial);
	/* Half used up: reserve further ahead, long before they are needed. */
	if ((uint32_t)n->serials_reserved - serial < SERIALS_AHEAD / 2) {
		n->serials_reserved = (int64_t)(uint32_t)(serial + SERIALS_AHEAD);
		store_put_number(pending(n), "serial", n->serials_reserved);
	}
}

static void show_in_zone(struct names *n, const struct entry *e, unsigned which, const struct publish_set *set)
{
	struct dns_name name;
	if (!n->zone || dns_name_parse(e->name, &name) != 0)
		return;
	zone_set_addresses(n->zone, &name, which ? 6 : 4, set->list, set->count);
	bump_serial(n);
}

/* Derives what is wanted; true when either record changed. counts: whether that is a change that somebody asked for. */
static bool settle(struct names *n, struct entry *e, bool counts)
{
	bool changed = false;
	for (unsigned which = 0; which < 2; which++) {
		struct record *r = &e->records[which];
		struct publish_set set;
		char text[CONVERGE_TEXT];
		want(n, e, which, &set);
		converge_text(&set, text);
		if (r->wanted && strcmp(r->wanted, text) == 0)
			continue;
		bool untouched = !r->wanted && !*text; /* a family that this new name never had */
		replace(&r->wanted, text);
		if (untouched)
			continue;
		r->changes += counts;
		if (counts || !r->updated_ms)
			r->updated_ms = loop_wall_ms();
		show_in_zone(n, e, which, &set);
		changed = true;
	}
	if (changed)
		for (size_t i = 0; i < n->publisher_count; i++)
			converge_check(n->publishers[i], &e->slots[i].item);
	return changed;
}

static void add_slots(struct names *n, struct entry *e)
{
	e->slots = mem_zalloc((n->publisher_count + 1) * sizeof(struct slot));
	for (size_t i = 0; i < n->publisher_count; i++) {
		e->slots[i].entry = e;
		converge_add(n->publishers[i], &e->slots[i].item, e->name);
	}
}

static void join_account(struct names *n, struct entry *e, const char *account)
{
	if (e->account && strcmp(e->account, account) == 0)
		return;
	list_remove(&e->same_account);
	replace(&e->account, account);
	list_append(&n->account_buckets[hash_text(account) % ACCOUNT_BUCKETS], &e->same_account);
}

static struct entry *obtain(struct names *n, const char *name, const char *account)
{
	struct entry *e = find(n, name);
	if (!e) {
		e = mem_zalloc(sizeof(*e));
		e->name = mem_strdup(name);
		e->holder = mem_strdup("");
		list_init(&e->same_account);
		list_init(&e->dirty);
		e->next = n->buckets[hash_text(name) % BUCKETS];
		n->buckets[hash_text(name) % BUCKETS] = e;
		n->count++;
		add_slots(n, e);
	}
	join_account(n, e, account);
	e->gone = false;
	return e;
}

static void entry_free(struct names *n, struct entry *e)
{
	struct entry **at = &n->buckets[hash_text(e->name) % BUCKETS];
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	n->count--;
	list_remove(&e->same_account);
	list_remove(&e->dirty);
	for (size_t i = 0; i < n->publisher_count; i++)
		converge_remove(n->publishers[i], &e->slots[i].item);
	for (unsigned which = 0; which < 2; which++) {
		mem_free(e->records[which].wanted);
		mem_free(e->records[which].client);
		mem_free(e->records[which].answer);
	}
	mem_free(e->slots);
	mem_free(e->name);
	mem_free(e->account);
	mem_free(e->holder);
	mem_free(e);
}

static void free_if_settled(struct names *n, struct entry *e)
{
	for (size_t i = 0; i < n->publisher_count; i++)
		if (!converge_is_settled(n->publishers[i], &e->slots[i].item))
			return;
	entry_free(n, e);
}

/* Out of the zone and the store now, out of the publishers by and by. */
static void let_go(struct names *n, struct entry *e)
{
	if (e->gone)
		return;
	e->gone = true;
	e->own = e->wished = e->mapped = false;
	replace(&e->holder, "");
	for (unsigned which = 0; which < 2; which++) {
		struct record *r = &e->records[which];
		mem_free(r->client);
		mem_free(r->answer);
		*r = (struct record){.wanted = r->wanted};
		store_drop_name(pending(n), e->name, which ? 6 : 4);
	}
	list_remove(&e->dirty);
	settle(n, e, false);
	free_if_settled(n, e);
}

static bool has_reason(const struct entry *e)
{
	return e->own || e->wished || e->mapped || e->records[0].door_value != DOOR_NONE || e->records[1].door_value != DOOR_NONE;
}

static void tell_agent(struct names *n, const char *account, const char *agent)
{
	if (n->changed && *agent)
		n->changed(n->changed_owner, account, agent);
}

static void on_published(void *owner, struct converge *c, struct converge_item *item)
{
	struct names *n = owner;
	struct entry *e = ((struct slot *)item)->entry;
	for (unsigned which = 0; which < 2; which++) {
		const char *value = item->published[which];
		if (value && !*value) {
			store_drop_published(pending(n), converge_id(c), e->name, which ? 6 : 4);
		} else if (value) {
			const struct store_published row = {.publisher = converge_id(c), .name = e->name, .family = which ? 6 : 4,
							    .value = value, .since_ms = item->since_ms[which]};
			store_put_published(pending(n), &row);
		}
	}
	if (e->gone)
		free_if_settled(n, e);
	else if (e->wished)
		tell_agent(n, e->account, e->holder);
}

static const struct converge_owner converge_fns = {.wanted = wanted_by_publisher, .published = on_published};

/* What the agent's entry holds, as the store keeps it. */
static const char *agent_text(const struct record *r, char out[ADDR_TEXT])
{
	return r->agent_value == AGENT_HOME ? addr_ip_text(&r->agent, out) : r->agent_value == AGENT_RELAY ? "relay" : "";
}

static const char *door_text(const struct record *r, char out[ADDR_TEXT])
{
	return r->door_value == DOOR_ADDRESS ? addr_ip_text(&r->door, out) : r->door_value == DOOR_OFFLINE ? "offline" : "";
}

static void put_entry(struct store_batch *b, const struct entry *e)
{
	for (unsigned which = 0; which < 2; which++) {
		const struct record *r = &e->records[which];
		char agent[ADDR_TEXT], door[ADDR_TEXT];
		const struct store_name row = {
			.name = e->name, .family = which ? 6 : 4, .account = e->account, .holder = e->holder,
			.agent = agent_text(r, agent), .door = door_text(r, door), .client = r->client, .answer = r->answer,
			.requests = r->requests, .changes = r->changes, .updated_ms = r->updated_ms};
		store_put_name(b, &row);
	}
}

static void answer_waiters(struct names *n, bool well)
{
	while (!list_is_empty(&n->flying)) {
		struct list *node = n->flying.next;
		list_remove(node);
		list_append(&n->telling, node);
	}
	while (!list_is_empty(&n->telling)) {
		struct waiter *w = LIST_ENTRY(n->telling.next, struct waiter, node);
		list_remove(&w->node);
		if (w->agent && well) {
			w->agent->answered++;
			tell_agent(n, w->agent->account, w->agent->name);
		} else if (w->fn) {
			w->fn(w->owner, w->ticket, well ? w->answer : NAMES_TROUBLE);
		}
		mem_free(w);
	}
}

static void on_written(void *owner, int err)
{
	struct names *n = owner;
	n->writing = false;
	if (err < 0) {
		n->write_all = true;
		timer_set(n->again, WRITE_AGAIN_MS);
	} else {
		task_mark(n->loop, &n->flush);
	}
	answer_waiters(n, err == 0);
}

static void on_again(void *owner)
{
	struct names *n = owner;
	task_mark(n->loop, &n->flush);
}

static void mark_all_dirty(struct names *n)
{
	n->write_all = false;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = n->buckets[i]; e; e = e->next)
			if (!e->gone)
				mark_dirty(n, e);
	if (n->zone)
		store_put_number(pending(n), "serial", n->serials_reserved);
}

static struct store_batch *gather(struct names *n)
{
	struct store_batch *b = pending(n);
	n->pending = NULL;
	while (!list_is_empty(&n->dirty)) {
		struct entry *e = LIST_ENTRY(n->dirty.next, struct entry, dirty);
		list_remove(&e->dirty);
		put_entry(b, e);
	}
	return b;
}

static void flush(void *arg)
{
	struct names *n = arg;
	if (n->writing)
		return;
	/* After a failed batch requests go on being tried: each one's answer is its own batch's. */
	if (n->write_all && !timer_is_set(n->again))
		mark_all_dirty(n);
	if (!n->pending && list_is_empty(&n->dirty) && list_is_empty(&n->collecting))
		return;
	while (!list_is_empty(&n->collecting)) {
		struct list *node = n->collecting.next;
		list_remove(node);
		list_append(&n->flying, node);
	}
	n->writing = true;
	store_commit(n->store, gather(n), on_written, n);
}

static struct waiter *wait_for_store(struct names *n)
{
	struct waiter *w = mem_zalloc(sizeof(*w));
	w->ticket = ++n->last_ticket;
	list_append(&n->collecting, &w->node);
	task_mark(n->loop, &n->flush);
	return w;
}

static void read_record(struct record *r, const struct store_name *row)
{
	r->requests = row->requests;
	r->changes = row->changes;
	r->updated_ms = row->updated_ms;
	replace(&r->client, *row->client ? row->client : NULL);
	replace(&r->answer, *row->answer ? row->answer : NULL);
	if (strcmp(row->agent, "relay") == 0)
		r->agent_value = AGENT_RELAY;
	else if (addr_parse_ip(row->agent, &r->agent) == 0)
		r->agent_value = AGENT_HOME;
	if (strcmp(row->door, "offline") == 0)
		r->door_value = DOOR_OFFLINE;
	else if (addr_parse_ip(row->door, &r->door) == 0)
		r->door_value = DOOR_ADDRESS;
}

/* Whether a name lies below the domain (not the domain itself). */
static bool is_ours(const struct names *n, const char *name)
{
	size_t len = strlen(name), domain = strlen(n->domain);
	return len > domain + 1 && name[len - domain - 1] == '.' && strcmp(name + len - domain, n->domain) == 0;
}

static void on_stored_name(void *arg, const struct store_name *row)
{
	struct names *n = arg;
	if (!is_ours(n, row->name) || is_reserved(n, row->name) || (row->family != 4 && row->family != 6))
		return;
	struct entry *e = obtain(n, row->name, row->account);
	read_record(&e->records[row->family == 6], row);
	replace(&e->holder, row->holder);
	/* Until its agent speaks again, all that it declared stands. */
	e->wished = e->wished || *row->agent;
	e->mapped = e->mapped || *row->holder;
}

static struct slot *slot_of(struct names *n, struct entry *e, const char *publisher)
{
	for (size_t i = 0; i < n->publisher_count; i++)
		if (strcmp(converge_id(n->publishers[i]), publisher) == 0)
			return &e->slots[i];
	return NULL;
}

static void on_stored_published(void *arg, const struct store_published *row)
{
	struct names *n = arg;
	bool known = false;
	for (size_t i = 0; i < n->publisher_count; i++)
		known |= strcmp(converge_id(n->publishers[i]), row->publisher) == 0;
	if (!known || (row->family != 4 && row->family != 6))
		return;
	struct entry *e = find(n, row->name);
	if (!e) {
		e = obtain(n, row->name, "");
		e->gone = true;
	}
	struct slot *slot = slot_of(n, e, row->publisher);
	replace(&slot->item.published[row->family == 6], row->value);
	slot->item.since_ms[row->family == 6] = row->since_ms;
}

static void copy_addresses(struct names *n, const struct names_config *config)
{
	n->address_count = config->address_count < PUBLISH_ADDRESSES ? config->address_count : PUBLISH_ADDRESSES;
	for (size_t i = 0; i < n->address_count; i++)
		n->addresses[i] = config->addresses[i];
}

static void reserve(struct names *n, const char *name)
{
	struct dns_name wire;
	size_t len = strlen(name), domain = strlen(n->domain);
	bool inside = strcmp(name, n->domain) == 0 || (len > domain && name[len - domain - 1] == '.' && !strcmp(name + len - domain, n->domain));
	if (!inside || dns_name_parse(name, &wire) != 0 || is_reserved(n, name))
		return;
	n->reserved = mem_resize(n->reserved, (n->reserved_count + 1) * sizeof(char *));
	n->reserved[n->reserved_count++] = mem_strdup(name);
}

static void drop_reserved(struct names *n)
{
	for (size_t i = 0; i < n->reserved_count; i++)
		mem_free(n->reserved[i]);
	mem_free(n->reserved);
	n->reserved = NULL;
	n->reserved_count = 0;
}

/* Names that hold the relay's own addresses whatever happens. */
static void fill_reserved(struct names *n)
{
	for (size_t i = 0; i < n->reserved_count; i++) {
		struct dns_name name;
		if (dns_name_parse(n->reserved[i], &name) != 0)
			continue;
		for (unsigned family = 4; family <= 6; family += 2) {
			struct addr list[PUBLISH_ADDRESSES];
			size_t count = 0;
			for (size_t k = 0; k < n->address_count; k++)
				if (n->addresses[k].family == family)
					list[count++] = n->addresses[k];
			zone_set_addresses(n->zone, &name, (uint8_t)family, list, count);
		}
	}
}

static void add_static(struct names *n, const struct serve_config *serve)
{
	for (size_t i = 0; i < serve->record_count; i++) {
		const struct dns_record_config *rec = &serve->records[i];
		struct dns_name name;
		char *why;
		struct dns_record *r = dns_record_parse(rec->type, rec->ttl, rec->value, n->domain, &why);
		mem_free(why);
		if (r && (dns_name_parse(rec->name, &name) != 0 || zone_add_record(n->zone, &name, r) != 0))
			log_warn("record_ignored", "name=%s type=%s", rec->name, rec->type);
	}
}

/* A fresh zone in place of the old one, with a serial above any that was served before. */
static void make_zone(struct names *n, const struct serve_config *serve)
{
	uint32_t serial = n->zone ? zone_serial(n->zone) + 1 : 0;
	if (!n->zone) {
		serial = (uint32_t)store_read_number(n->store, "serial", (int64_t)(loop_wall_ms() / 1000)) + 1;
		n->serials_reserved = (int64_t)(uint32_t)(serial + SERIALS_AHEAD);
		store_write_number_now(n->store, "serial", n->serials_reserved);
	}
	zone_free(n->zone);
	n->zone = zone_new(n->domain, (const char *const *)serve->nameservers, serve->nameserver_count);
	assert(n->zone); /* names_config has checked the domain and each name server */
	zone_set_serial(n->zone, serial ? serial : 1);
	reserve(n, n->domain);
	for (size_t i = 0; i < serve->nameserver_count; i++)
		reserve(n, serve->nameservers[i]);
	fill_reserved(n);
	add_static(n, serve);
}

static struct converge *make_publisher(struct names *n, const struct dns_config *config)
{
	struct converge *c = NULL;
	char *id = NULL;
	switch (config->kind) {
	case DNS_SERVE:
		return NULL;
	case DNS_RFC2136:
		id = mem_printf("rfc2136 %s %s:%u", config->rfc2136.zone, config->rfc2136.server.host, config->rfc2136.server.first);
		c = converge_new(n->loop, id, &converge_fns, n);
		converge_attach(c, &rfc2136_kind, rfc2136_new(n->loop, &config->rfc2136, converge_done, c));
		break;
	case DNS_DYNDNS2:
		id = mem_printf("dyndns2 %s %s", config->dyndns2.url, config->dyndns2.username);
		c = converge_new(n->loop, id, &converge_fns, n);
		converge_attach(c, &dyndns2_kind, dyndns2_new(n->loop, &config->dyndns2, converge_done, c));
		break;
	case DNS_CLOUDFLARE:
		id = mem_printf("cloudflare %s %s", config->cloudflare.zone, config->cloudflare.api);
		c = converge_new(n->loop, id, &converge_fns, n);
		converge_attach(c, &cloudflare_kind, cloudflare_new(n->loop, &config->cloudflare, converge_done, c));
		break;
	}
	mem_free(id);
	return c;
}

static const struct serve_config *serve_of(const struct dns_config_list *dns)
{
	for (size_t i = 0; i < dns->count; i++)
		if (dns->items[i].kind == DNS_SERVE)
			return &dns->items[i].serve;
	return NULL;
}

static void make_publishers(struct names *n, const struct dns_config_list *dns)
{
	n->publishers = mem_zalloc((dns->count + 1) * sizeof(struct converge *));
	n->publisher_count = 0;
	for (size_t i = 0; i < dns->count; i++) {
		struct converge *c = make_publisher(n, &dns->items[i]);
		if (c)
			n->publishers[n->publisher_count++] = c;
	}
}

static void apply(struct names *n, const struct names_config *config)
{
	const struct serve_config *serve = serve_of(config->dns);
	replace(&n->domain, config->domain);
	copy_addresses(n, config);
	drop_reserved(n);
	if (config->host)
		reserve(n, config->host);
	if (serve) {
		make_zone(n, serve);
	} else {
		zone_free(n->zone);
		n->zone = NULL;
	}
}

static void each_entry(struct names *n, void (*fn)(struct names *n, struct entry *e))
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = n->buckets[i], *next; e; e = next) {
			next = e->next;
			fn(n, e);
		}
}

/* After a start or a reload: everything is derived and shown anew, and counts as nobody's change unless it is one. */
static void show(struct names *n, struct entry *e)
{
	bool known = e->records[0].wanted != NULL;
	settle(n, e, known);
	for (unsigned which = 0; which < 2; which++) {
		struct publish_set set;
		struct dns_name name;
		want(n, e, which, &set);
		if (n->zone && dns_name_parse(e->name, &name) == 0)
			zone_set_addresses(n->zone, &name, which ? 6 : 4, set.list, set.count);
	}
	for (size_t i = 0; i < n->publisher_count; i++)
		converge_check(n->publishers[i], &e->slots[i].item);
	if (e->gone)
		free_if_settled(n, e);
}

struct names *names_new(struct loop *l, struct store *store, const struct names_config *config)
{
	struct names *n = mem_zalloc(sizeof(*n));
	n->loop = l;
	n->store = store;
	n->buckets = mem_zalloc(BUCKETS * sizeof(struct entry *));
	n->account_buckets = mem_alloc(ACCOUNT_BUCKETS * sizeof(struct list));
	for (size_t i = 0; i < ACCOUNT_BUCKETS; i++)
		list_init(&n->account_buckets[i]);
	list_init(&n->agents);
	list_init(&n->dirty);
	list_init(&n->collecting);
	list_init(&n->flying);
	list_init(&n->telling);
	task_init(&n->flush, flush, n);
	n->again = timer_new(l, on_again, n);
	apply(n, config);
	make_publishers(n, config->dns);
	store_read_names(store, on_stored_name, n);
	store_read_published(store, on_stored_published, n);
	each_entry(n, show);
	return n;
}

/* Carries what is known to be published over to the publisher of the same id. */
static void move_slots(struct names *n, struct entry *e, struct converge **old, size_t old_count)
{
	struct slot *slots = e->slots;
	add_slots(n, e);
	for (size_t i = 0; i < old_count; i++) {
		struct slot *to = slot_of(n, e, converge_id(old[i]));
		for (unsigned which = 0; to && which < 2; which++) {
			to->item.published[which] = slots[i].item.published[which];
			to->item.since_ms[which] = slots[i].item.since_ms[which];
			slots[i].item.published[which] = NULL;
		}
		converge_remove(old[i], &slots[i].item);
	}
	mem_free(slots);
}

static void leave_if_outside(struct names *n, struct entry *e)
{
	if (!is_ours(n, e->name) || is_reserved(n, e->name))
		let_go(n, e);
}

void names_reload(struct names *n, const struct names_config *config)
{
	struct converge **old = n->publishers;
	size_t old_count = n->publisher_count;
	apply(n, config);
	make_publishers(n, config->dns);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *e = n->buckets[i]; e; e = e->next)
			move_slots(n, e, old, old_count);
	for (size_t i = 0; i < old_count; i++)
		converge_close(old[i]);
	mem_free(old);
	each_entry(n, show);
	each_entry(n, leave_if_outside);
	if (n->accounts)
		names_set_accounts(n, n->accounts);
}

static void agent_free(struct names *n, struct agent *a)
{
	struct list *waiting[] = {&n->collecting, &n->flying, &n->telling};
	for (unsigned i = 0; i < 3; i++)
		LIST_EACH(node, waiting[i])
			if (LIST_ENTRY(node, struct waiter, node)->agent == a)
				LIST_ENTRY(node, struct waiter, node)->agent = NULL;
	list_remove(&a->node);
	for (size_t i = 0; i < a->wish_count; i++)
		mem_free(a->wishes[i]);
	mem_free(a->wishes);
	mem_free(a->account);
	mem_free(a->name);
	mem_free(a);
}

static void free_waiters(struct list *list)
{
	while (!list_is_empty(list)) {
		struct waiter *w = LIST_ENTRY(list->next, struct waiter, node);
		list_remove(&w->node);
		mem_free(w);
	}
}

void names_free(struct names *n)
{
	if (!n)
		return;
	if (n->pending || !list_is_empty(&n->dirty))
		store_commit(n->store, gather(n), NULL, NULL);
	store_forget(n->store, n);
	task_cancel(&n->flush);
	timer_close(n->again);
	while (!list_is_empty(&n->agents))
		agent_free(n, LIST_ENTRY(n->agents.next, struct agent, node));
	each_entry(n, entry_free);
	for (size_t i = 0; i < n->publisher_count; i++)
		converge_close(n->publishers[i]);
	free_waiters(&n->collecting);
	free_waiters(&n->flying);
	free_waiters(&n->telling);
	drop_reserved(n);
	zone_free(n->zone);
	accounts_unref(n->accounts);
	mem_free(n->publishers);
	mem_free(n->buckets);
	mem_free(n->account_buckets);
	mem_free(n->domain);
	mem_free(n);
}

const struct zone *names_zone(const struct names *n)
{
	return n->zone;
}

/* An account's own name, or false when it makes none. */
static bool own_name(const struct names *n, const char *account, char out[256])
{
	return names_full(account, n->domain, out) == 0 && is_ours(n, out) && !is_reserved(n, out);
}

static void keep_or_let_go(struct names *n, struct entry *e)
{
	if (e->gone)
		return;
	const struct account *a = accounts_find(n->accounts, e->account);
	char own[256];
	e->own = a && own_name(n, a->name, own) && strcmp(own, e->name) == 0;
	if (!a || (!e->own && !account_allows_host(a, e->name)) || !has_reason(e))
		let_go(n, e);
}

void names_set_accounts(struct names *n, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(n->accounts);
	n->accounts = accounts;
	for (size_t i = 0; i < accounts_count(accounts); i++) {
		char own[256];
		const char *name = accounts_at(accounts, i)->name;
		if (!own_name(n, name, own))
			continue;
		struct entry *e = find(n, own);
		if (e && !e->gone && e->own && strcmp(e->account, name) == 0)
			continue;
		e = obtain(n, own, name);
		e->own = true;
		if (settle(n, e, false))
			mark_dirty(n, e);
	}
	each_entry(n, keep_or_let_go);
	LIST_EACH(node, &n->agents) {
		struct agent *a = LIST_ENTRY(node, struct agent, node);
		if (!accounts_find(accounts, a->account))
			agent_free(n, a);
	}
}

static void note_request(struct record *r, const char *client, const char *answer)
{
	r->requests++;
	if (!r->client || strcmp(r->client, client) != 0)
		replace(&r->client, client);
	if (!r->answer || strcmp(r->answer, answer) != 0)
		replace(&r->answer, answer);
}

static void set_agent_value(struct record *r, enum agent_value value, const struct addr *home)
{
	r->agent_value = value;
	r->agent = value == AGENT_HOME ? *home : (struct addr){0};
	r->agent.port = 0;
}

static void set_home(struct entry *e, const struct names_agent *a)
{
	const struct addr *v6 = addr_is_public(&a->address6) && a->address6.family == 6 ? &a->address6 : &a->seen;
	bool pending = strcmp(a->nat, "pending") == 0; /* whether that address leads home is being found out */
	if (!pending && strcmp(a->nat, "cgnat") == 0)
		set_agent_value(&e->records[0], AGENT_RELAY, NULL);
	else if (!pending && a->seen.family == 4 && addr_is_public(&a->seen))
		set_agent_value(&e->records[0], AGENT_HOME, &a->seen);
	else if (!pending)
		set_agent_value(&e->records[0], AGENT_NONE, NULL);
	set_agent_value(&e->records[1], v6->family == 6 && addr_is_public(v6) ? AGENT_HOME : AGENT_NONE, v6);
}

static void take_wish(struct names *n, struct entry *e, const struct names_agent *a, enum name_follow follow)
{
	char *client = mem_printf("groundnut-agent %s", a->agent);
	if (follow == NAME_FOLLOW_HOME) {
		set_home(e, a);
	} else {
		set_agent_value(&e->records[0], AGENT_RELAY, NULL);
		set_agent_value(&e->records[1], AGENT_RELAY, NULL);
	}
	e->wished = true;
	bool changed = settle(n, e, true);
	for (unsigned which = 0; which < 2; which++)
		if (e->records[which].agent_value != AGENT_NONE)
			note_request(&e->records[which], client, changed ? "good" : "nochg");
	mem_free(client);
}

/* The entry for a host that this agent declares, or NULL when the account may not have it. */
static struct entry *declared(struct names *n, const struct names_agent *a, const char *host, bool wish)
{
	char full[256];
	const struct account *account = n->accounts ? accounts_find(n->accounts, a->account) : NULL;
	if (!account || names_full(host, n->domain, full) != 0 || !is_ours(n, full) || is_reserved(n, full))
		return NULL;
	if (!account_allows_host(account, full))
		return NULL;
	struct entry *e = obtain(n, full, a->account);
	/* A mapping's host does not take a name from the agent that wishes where it points. */
	if (!wish && e->wished && strcmp(e->holder, a->agent) != 0)
		return e;
	if (strcmp(e->holder, a->agent) != 0) {
		e->wished = e->mapped = false;
		replace(&e->holder, a->agent);
	}
	e->marked = true;
	return e;
}

static struct agent *agent_of(struct names *n, const char *account, const char *agent)
{
	LIST_EACH(node, &n->agents) {
		struct agent *a = LIST_ENTRY(node, struct agent, node);
		if (strcmp(a->account, account) == 0 && strcmp(a->name, agent) == 0)
			return a;
	}
	return NULL;
}

static struct agent *remember_agent(struct names *n, const struct names_agent *from)
{
	struct agent *a = agent_of(n, from->account, from->agent);
	if (!a) {
		a = mem_zalloc(sizeof(*a));
		a->account = mem_strdup(from->account);
		a->name = mem_strdup(from->agent);
		list_append(&n->agents, &a->node);
	}
	for (size_t i = 0; i < a->wish_count; i++)
		mem_free(a->wishes[i]);
	a->wish_count = from->wishes->count;
	a->wishes = mem_resize(a->wishes, (a->wish_count + 1) * sizeof(char *));
	for (size_t i = 0; i < a->wish_count; i++) {
		char full[256];
		const char *host = from->wishes->items[i].host;
		a->wishes[i] = mem_strdup(names_full(host, n->domain, full) == 0 ? full : host);
	}
	a->reports++;
	return a;
}

/* What this agent declared before and does not any more. */
static void withdraw(struct names *n, struct entry *e)
{
	e->wished = e->mapped = false;
	replace(&e->holder, "");
	set_agent_value(&e->records[0], AGENT_NONE, NULL);
	set_agent_value(&e->records[1], AGENT_NONE, NULL);
	if (!has_reason(e)) {
		let_go(n, e);
		return;
	}
	settle(n, e, true);
	mark_dirty(n, e);
}

static bool is_held_by(const struct entry *e, const struct names_agent *a)
{
	return !e->gone && strcmp(e->account, a->account) == 0 && strcmp(e->holder, a->agent) == 0;
}

void names_set_agent(struct names *n, const struct names_agent *a)
{
	struct list *mine = &n->account_buckets[hash_text(a->account) % ACCOUNT_BUCKETS];
	LIST_EACH(node, mine)
		LIST_ENTRY(node, struct entry, same_account)->marked = false;
	for (size_t i = 0; a->mappings && i < a->mappings->count; i++) {
		const char *host = a->mappings->items[i].host;
		struct entry *e = host ? declared(n, a, host, false) : NULL;
		if (!e)
			continue;
		e->mapped = true;
		settle(n, e, false);
		mark_dirty(n, e);
	}
	LIST_EACH(node, mine) {
		struct entry *e = LIST_ENTRY(node, struct entry, same_account);
		if (is_held_by(e, a))
			e->wished = false;
	}
	for (size_t i = 0; i < a->wishes->count; i++) {
		struct entry *e = declared(n, a, a->wishes->items[i].host, true);
		if (!e)
			continue;
		take_wish(n, e, a, a->wishes->items[i].follow);
		mark_dirty(n, e);
	}
	LIST_EACH(node, mine) {
		struct entry *e = LIST_ENTRY(node, struct entry, same_account);
		if (!is_held_by(e, a))
			continue;
		if (!e->marked) {
			withdraw(n, e);
		} else if (!e->wished && (e->records[0].agent_value != AGENT_NONE || e->records[1].agent_value != AGENT_NONE)) {
			set_agent_value(&e->records[0], AGENT_NONE, NULL);
			set_agent_value(&e->records[1], AGENT_NONE, NULL);
			settle(n, e, true);
			mark_dirty(n, e);
		}
	}
	wait_for_store(n)->agent = remember_agent(n, a);
}

static const char *published_value(const struct names *n, const struct entry *e, unsigned which)
{
	const char *value = n->zone || n->publisher_count == 0 ? e->records[which].wanted : converge_value(&e->slots[0].item, which ? 6 : 4);
	return value && *value ? value : NULL;
}

/* Both families in one text, or NULL for none. */
static char *joined(const char *a, const char *b)
{
	a = a && *a ? a : NULL;
	b = b && *b ? b : NULL;
	return a && b ? mem_printf("%s,%s", a, b) : mem_strdup(a ? a : b);
}

static void report_one(const struct names *n, const struct agent *a, const char *name, struct name_report *out)
{
	const struct entry *e = find(n, name);
	*out = (struct name_report){.name = mem_strdup(name), .counted = a->answered};
	if (!e || e->gone || !e->wished || strcmp(e->holder, a->name) != 0) {
		out->answer = mem_strdup("nohost");
		return;
	}
	out->wanted = joined(e->records[0].wanted, e->records[1].wanted);
	out->published = joined(published_value(n, e, 0), published_value(n, e, 1));
	const char *answer = e->records[0].answer ? e->records[0].answer : e->records[1].answer;
	out->answer = mem_strdup(a->answered < a->reports ? NULL : answer ? answer : "good");
}

size_t names_report(struct names *n, const char *account, const char *agent, struct name_report **out)
{
	const struct agent *a = agent_of(n, account, agent);
	*out = NULL;
	if (!a || a->wish_count == 0)
		return 0;
	*out = mem_zalloc(a->wish_count * sizeof(struct name_report));
	for (size_t i = 0; i < a->wish_count; i++)
		report_one(n, a, a->wishes[i], &(*out)[i]);
	return a->wish_count;
}

void names_report_free(struct name_report *reports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free(reports[i].name);
		mem_free(reports[i].wanted);
		mem_free(reports[i].published);
		mem_free(reports[i].answer);
	}
	mem_free(reports);
}

void names_watch(struct names *n, names_changed_fn *fn, void *owner)
{
	n->changed = fn;
	n->changed_owner = owner;
}

/* The new door value of one record; whether it differs from the old one. */
static bool set_door(struct record *r, const struct addr *value, bool offline)
{
	if (offline) {
		bool changed = r->door_value != DOOR_OFFLINE;
		r->door_value = DOOR_OFFLINE;
		return changed;
	}
	bool changed = r->door_value != DOOR_ADDRESS || !addr_equal_ip(&r->door, value);
	r->door_value = DOOR_ADDRESS;
	r->door = *value;
	r->door.port = 0;
	return changed;
}

enum names_answer names_update(struct names *n, const struct account *account, const char *host, const struct names_change *change,
			       const char *client, names_done_fn *fn, void *owner, uint64_t *ticket)
{
	char full[256];
	if (text_host(host, true, full) != 0 || !is_ours(n, full) || is_reserved(n, full) || !account_allows_host(account, full))
		return NAMES_NOHOST;
	struct entry *e = find(n, full);
	bool sets = change->set[0].family || change->set[1].family || change->offline[0] || change->offline[1];
	if ((!e || e->gone) && !sets)
		return NAMES_GOOD;
	e = obtain(n, full, account->name);
	bool changed = false, dummy = false;
	for (unsigned which = 0; which < 2; which++) {
		if (change->set[which].family || change->offline[which])
			changed |= set_door(&e->records[which], &change->set[which], change->offline[which]);
		else
			dummy |= change->asked[which];
	}
	settle(n, e, true);
	enum names_answer answer = changed || dummy ? NAMES_GOOD : NAMES_NOCHG;
	for (unsigned which = 0; which < 2; which++)
		if (change->set[which].family || change->offline[which] || change->asked[which])
			note_request(&e->records[which], client, answer == NAMES_GOOD ? "good" : "nochg");
	mark_dirty(n, e);
	struct waiter *w = wait_for_store(n);
	w->fn = fn;
	w->owner = owner;
	w->answer = answer;
	*ticket = w->ticket;
	return NAMES_WAIT;
}

void names_forget(struct names *n, void *owner)
{
	struct list *waiting[] = {&n->collecting, &n->flying, &n->telling};
	for (unsigned i = 0; i < 3; i++) {
		LIST_EACH(node, waiting[i]) {
			struct waiter *w = LIST_ENTRY(node, struct waiter, node);
			if (w->owner == owner)
				w->fn = NULL;
		}
	}
}

static void status_published(const struct names *n, const struct entry *e, unsigned which, struct json *w)
{
	const struct record *r = &e->records[which];
	json_open(w, "published", '[');
	if (n->zone) {
		json_open(w, NULL, '{');
		json_str(w, "kind", dns_kind_text(DNS_SERVE));
		json_str(w, "value", r->wanted && *r->wanted ? r->wanted : NULL);
		json_time(w, "since", r->updated_ms);
		json_none(w, "error");
		json_none(w, "next_try");
		json_close(w);
	}
	for (size_t i = 0; i < n->publisher_count; i++)
		converge_status(n->publishers[i], &e->slots[i].item, which ? 6 : 4, w);
	json_close(w);
}

static void status_record(const struct names *n, const struct entry *e, unsigned which, struct json *w)
{
	static const char *const sources[] = {[SOURCE_RELAY] = "relay", [SOURCE_DOOR] = "door", [SOURCE_AGENT] = "agent"};
	const struct record *r = &e->records[which];
	struct publish_set set;
	json_open(w, NULL, '{');
	json_str(w, "name", e->name);
	json_str(w, "type", which ? "AAAA" : "A");
	json_str(w, "wanted", r->wanted && *r->wanted ? r->wanted : NULL);
	json_str(w, "value", published_value(n, e, which));
	json_str(w, "source", sources[want(n, e, which, &set)]);
	json_time(w, "updated", r->updated_ms);
	json_uint(w, "requests", r->requests);
	json_uint(w, "changes", r->changes);
	json_str(w, "client", r->client);
	json_str(w, "answer", r->answer);
	status_published(n, e, which, w);
	json_close(w);
}

void names_status(struct names *n, struct json *w)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct entry *e = n->buckets[i]; e; e = e->next) {
			for (unsigned which = 0; which < 2; which++) {
				const struct record *r = &e->records[which];
				/* A family that nobody has and nobody asked for is not worth a line. */
				if (!e->gone && ((r->wanted && *r->wanted) || r->requests))
					status_record(n, e, which, w);
			}
		}
	}
}

size_t names_count(const struct names *n)
{
	return n->count;
}
