/*
 * Each https mapping has an entry. on_timer() looks at all entries every LOOK_MS.
 *
 * A certificate in files is read when the mapping comes, and again when one of the files has
 * changed. When the pair does not fit (yet), that is logged once and the old pair stays.
 *
 * A certificate of a CA: certificates_told() gets the mapping's full host from the relay and makes
 * an order (certificate_orders.h) for it, or shares the order of a wildcard. While the order is
 * due, look_first() checks that the host has an address and its port is open, so that no order is
 * wasted. deliver() copies a new certificate and runs the hook (certificate_delivery.h).
 *
 * Ways to fail: a host that is not the mapping's or changes too often is not taken; all other
 * trouble is that of certificate_orders.h. Each is an error in the status until it is over.
 */
#include "agent/certificates.h"

#include "agent/certificate_delivery.h"
#include "agent/operator_certificate.h"
#include "shared/net/certificate_orders.h"
#include "shared/base/file.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/dial.h"
#include "shared/net/resolver.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

enum {
	LOOK_MS = 5000,
	RECORD_MS = 60000,
	RECORD_WAIT_MS = 3000,
	CHANGES = 3,
	HTTPS_PORT = 443,
	DAY_MS = 24 * 60 * 60 * 1000
};

struct entry {
	struct list node;
	struct certificates *all;
	char *name;                        /* the mapping's */
	char *wanted;                      /* the mapping's host, as in the file */
	char *certificate, *key;           /* paths of the files; NULL: a CA gives it */
	struct stat stamps[2];             /* the states of the files that were read */
	struct operator_certificate shown; /* tls NULL: none is read */
	char *error; /* why the files or the relay's host are not taken; NULL: nothing is wrong */
	/* for a CA instead of files: */
	char *host;                      /* the full host as the relay told it; NULL: not yet */
	uint64_t told_ms[CHANGES];       /* when the host changed, newest first; 0: never */
	struct certificate_order *order; /* may be shared with other entries */
	struct certificate_delivery *delivery; /* NULL: neither copy nor hook */
	uint16_t port;                         /* where visitors come in; 0: they do not */
	bool was_valid;                        /* what the owner knows */
	bool is_probed;                        /* a probe is under way */
	char *closed; /* why visitors do not get through; NULL: not known */
	struct resolver *lookup;
	uint64_t looked_ms; /* when the last lookup began; 0: never */
	char *no_record;    /* says that the host has no address; NULL: not known */
};

struct certificates {
	struct loop *loop;
	certificates_fn *fn;
	void *owner;
	struct list entries;
	struct list deliveries; /* for certificate_delivery_new() */
	struct timer *timer;
	struct acme_config acme; /* the configuration that orders was made with */
	char *state, *account;
	struct certificate_orders *orders; /* NULL: no mapping wants a CA's certificate */
	bool can_publish;                  /* the relay publishes records */
	struct event_hub *events;
	certificates_probe_fn *probe; /* or NULL */
	void *prober;
};

static void entry_free(struct entry *e)
{
	tls_context_unref(e->shown.tls);
	list_remove(&e->node);
	mem_free(e->name);
	mem_free(e->certificate);
	mem_free(e->key);
	mem_free(e->error);
	mem_free(e->wanted);
	mem_free(e->host);
	certificate_order_free(e->order);
	certificate_delivery_free(e->delivery);
	resolver_close(e->lookup);
	mem_free(e->closed);
	mem_free(e->no_record);
	mem_free(e);
}

static struct entry *find(const struct certificates *all, const char *mapping)
{
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!strcmp(e->name, mapping))
			return e;
	}
	return NULL;
}

/* --- files --- */

static void read_files(struct entry *e)
{
	struct stat now[2] = {0};
	struct operator_certificate read;
	char *why;
	if (stat(e->certificate, &now[0]) == 0 && stat(e->key, &now[1]) == 0 && e->shown.tls &&
	    file_is_same(&now[0], &e->stamps[0]) && file_is_same(&now[1], &e->stamps[1]))
		return;
	if (operator_certificate_read(e->certificate, e->key, &read, &why) < 0) {
		if (!text_same(e->error, why))
			log_error("certificate_not_taken", "mapping=%s reason=%s", e->name, why);
		mem_free(e->error);
		e->error = why;
		return;
	}
	if (e->shown.tls)
		log_info("certificate_reloaded", "mapping=%s file=%s", e->name, e->certificate);
	mem_free(e->error);
	e->error = NULL;
	tls_context_unref(e->shown.tls);
	e->shown = read;
	memcpy(e->stamps, now, sizeof(now));
}

/* --- all --- */

/* The certificate of an entry and its state, from files or a CA. */
static struct certificate_order_look look(const struct entry *e)
{
	struct certificate_order_look out = {
	    .shown = e->shown.tls,
	    .not_before_ms = e->shown.not_before_ms,
	    .not_after_ms = e->shown.not_after_ms,
	    .issuer = e->shown.issuer,
	    .error = e->error,
	};
	if (e->order)
		certificate_order_look(e->order, &out);
	if (e->error)
		out.error = e->error;
	return out;
}

static bool is_valid(const struct entry *e)
{
	struct certificate_order_look at = look(e);
	return at.shown && loop_wall_ms() < at.not_after_ms;
}

/* Tells the owner when a certificate has become valid or invalid. */
static void settle(struct certificates *all)
{
	bool news = false;
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		news |= is_valid(e) != e->was_valid;
		e->was_valid = is_valid(e);
	}
	if (news)
		all->fn(all->owner);
}

static void on_orders(void *owner)
{
	struct certificates *all = owner;
	all->fn(all->owner);
}

/* --- before an order --- */

/* The port that counts for an order, of the open mappings that share it: 443, where a CA looks,
 * else that of the first in the file. 0: none is open. */
static uint16_t port_of(const struct certificates *all, const struct certificate_order *order)
{
	uint16_t port = 0;
	LIST_EACH(node, &all->entries)
	{
		const struct entry *e = LIST_ENTRY(node, const struct entry, node);
		if (e->order == order && e->port && (!port || e->port == HTTPS_PORT))
			port = e->port;
	}
	return port;
}

/* Of mappings that share an order one is enough for it to succeed, if a CA looks at its port. */
static void tell_look(struct certificates *all, const struct entry *e)
{
	const char *closed = NULL, *no_record = NULL;
	bool is_looking = false, is_first = true;
	uint16_t port = port_of(all, e->order);
	LIST_EACH(node, &all->entries)
	{
		const struct entry *at = LIST_ENTRY(node, const struct entry, node);
		if (at->order != e->order || at->port != port)
			continue;
		is_looking |= at->is_probed || (at->lookup && loop_now_ms(all->loop) <
								  at->looked_ms + RECORD_WAIT_MS);
		closed = is_first || !at->closed ? at->closed : closed;
		no_record = is_first || !at->no_record ? at->no_record : no_record;
		is_first = false;
	}
	certificate_order_set_look(e->order, is_looking, closed, no_record);
}

static void on_record(void *owner, const struct addr *list, size_t count, int err)
{
	struct entry *e = owner;
	(void)list;
	e->lookup = NULL;
	mem_free(e->no_record);
	e->no_record =
	    !count && (err == UV_EAI_NONAME || err == UV_EAI_NODATA)
		? mem_printf(
		      "%s has no address in the DNS: the records that `groundnut-relay init` "
		      "printed are missing (`groundnut-relay doctor` there says which)",
		      e->host)
		: NULL;
	timer_set(e->all->timer, 0);
}

/* While an order is due, looks up the host's address each minute, and has a closed port probed
 * again. A wildcard has no address of its own and does not need the port. */
static void look_first(struct certificates *all, struct entry *e)
{
	uint64_t now = loop_now_ms(all->loop);
	bool is_time = !e->looked_ms || now >= e->looked_ms + RECORD_MS;
	if (!e->lookup && is_time && e->host && *e->host != '*' &&
	    certificate_order_is_due(e->order)) {
		e->looked_ms = now;
		e->lookup = resolver_start(all->loop, DIAL_SERVICE, e->host, 0, on_record, e);
		if (e->closed && all->probe)
			all->probe(all->prober, e->name);
	}
	tell_look(all, e);
}

static void deliver(struct entry *e)
{
	if (!e->delivery || !e->order)
		return;
	char *path = certificate_order_file(e->order);
	certificate_delivery_look(e->delivery, path, e->host);
	mem_free(path);
}

static bool is_any_looked_up(const struct certificates *all)
{
	LIST_EACH(node, &all->entries)
	{
		if (LIST_ENTRY(node, const struct entry, node)->lookup)
			return true;
	}
	return false;
}

static void on_timer(void *owner)
{
	struct certificates *all = owner;
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (e->certificate)
			read_files(e);
		deliver(e);
		if (e->order)
			look_first(all, e);
	}
	if (!list_is_empty(&all->entries))
		timer_set(all->timer, is_any_looked_up(all) ? RECORD_WAIT_MS : LOOK_MS);
	settle(all);
}

struct certificates *certificates_new(struct loop *l, struct event_hub *events, certificates_fn *fn,
				      void *owner)
{
	struct certificates *all = mem_zalloc(sizeof *all);
	all->loop = l;
	all->events = events;
	all->fn = fn;
	all->owner = owner;
	list_init(&all->entries);
	list_init(&all->deliveries);
	all->timer = timer_new(l, on_timer, all);
	return all;
}

void certificates_set_probe(struct certificates *all, certificates_probe_fn *fn, void *owner)
{
	all->probe = fn;
	all->prober = owner;
}

void certificates_free(struct certificates *all)
{
	if (!all)
		return;
	while (!list_is_empty(&all->entries))
		entry_free(LIST_ENTRY(all->entries.next, struct entry, node));
	while (!list_is_empty(&all->deliveries))
		list_remove(all->deliveries.next);
	certificate_orders_free(all->orders);
	acme_config_fini(&all->acme);
	mem_free(all->state);
	mem_free(all->account);
	timer_close(all->timer);
	mem_free(all);
}

static bool is_same(const struct entry *e, const struct mapping *m, const char *certificate,
		    const char *key)
{
	return !strcmp(e->name, m->name) && !strcmp(e->wanted, m->host) &&
	       text_same(e->certificate, certificate) && text_same(e->key, key);
}

static void add(struct certificates *all, struct list *old, const struct mapping *m,
		const char *file)
{
	char *certificate = m->certificate ? file_beside(file, m->certificate) : NULL,
	     *key = m->private_key ? file_beside(file, m->private_key) : NULL;
	struct entry *e = NULL;
	LIST_EACH(node, old)
	{
		struct entry *had = LIST_ENTRY(node, struct entry, node);
		if (is_same(had, m, certificate, key))
			e = had;
	}
	if (e) {
		mem_free(certificate);
		mem_free(key);
		list_remove(&e->node);
	} else {
		e = mem_zalloc(sizeof *e);
		e->all = all;
		e->name = mem_strdup(m->name);
		e->wanted = mem_strdup(m->host);
		e->certificate = certificate;
		e->key = key;
	}
	list_append(&all->entries, &e->node);
	if (certificate_delivery_is_of(e->delivery, m, all->state))
		return;
	certificate_delivery_free(e->delivery);
	e->delivery = certificate_delivery_new(all->loop, m, all->state, &all->deliveries);
}

/* When the CA, the account or the directory has changed, drops all orders: certificates of the old
 * CA are shown no more. */
static void set_acme(struct certificates *all, const struct agent_config *c)
{
	if (all->state && !strcmp(all->state, c->state) && !strcmp(all->account, c->account) &&
	    acme_config_same(&all->acme, &c->acme))
		return;
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		certificate_order_free(e->order);
		e->order = NULL;
	}
	certificate_orders_free(all->orders);
	all->orders = NULL;
	acme_config_fini(&all->acme);
	acme_config_copy(&all->acme, &c->acme);
	mem_free(all->state);
	all->state = mem_strdup(c->state);
	mem_free(all->account);
	all->account = mem_strdup(c->account);
}

void certificates_set(struct certificates *all, const struct agent_config *c)
{
	struct list old = {&old, &old};
	set_acme(all, c);
	list_move(&old, &all->entries);
	for (size_t i = 0; i < c->mappings.count; i++)
		if (c->mappings.items[i].protocol == MAPPING_HTTPS)
			add(all, &old, &c->mappings.items[i], c->file);
	while (!list_is_empty(&old))
		entry_free(LIST_ENTRY(old.next, struct entry, node));
	on_timer(all);
}

/* With "wildcard" in `acme`, the account's name and all hosts one label below it share one
 * certificate. Returns its wildcard when the host is among them; the caller frees it. NULL: the
 * host has a certificate of its own. */
static char *wildcard_of(const struct certificates *all, const char *host)
{
	size_t len = strlen(all->account);
	const char *dot = strchr(host, '.');
	if (!all->acme.wildcard || !dot)
		return NULL;
	if (!strncmp(host, all->account, len) && host[len] == '.')
		return mem_printf("*.%s", host);
	if (!strncmp(dot + 1, all->account, len) && dot[1 + len] == '.')
		return mem_printf("*%s", dot);
	return NULL;
}

/* Whether the host is the mapping's host below any domain. A mapping's host that ends in a dot must
 * be the host itself. */
static bool is_of_mapping(const struct entry *e, const char *host)
{
	size_t len = strlen(e->wanted), host_len = strlen(host);
	if (len && e->wanted[len - 1] == '.')
		return host_len == len - 1 && !strncmp(e->wanted, host, host_len);
	return !strncmp(e->wanted, host, len) && (host[len] == '.' || !host[len]);
}

/* Whether the relay may change the host now. Each new host costs orders at the CA, so a relay may
 * change it CHANGES times a day. */
static bool may_change(struct entry *e, uint64_t now)
{
	if (e->told_ms[CHANGES - 1] && now < e->told_ms[CHANGES - 1] + DAY_MS)
		return false;
	memmove(e->told_ms + 1, e->told_ms, sizeof(e->told_ms) - sizeof(e->told_ms[0]));
	e->told_ms[0] = now;
	return true;
}

static void set_right(struct entry *e)
{
	mem_free(e->error);
	e->error = NULL;
}

static void take_host(struct entry *e, const char *host)
{
	char name[256];
	bool is_name = text_host(host, true, name) == 0;
	if (is_name && text_same(e->host, name)) {
		set_right(e);
		return;
	}
	/* The host goes to the CA and to the user's programs, so it is checked. */
	const char *why = !is_name                  ? "is no host name"
			  : !is_of_mapping(e, name) ? "is not the mapping's"
			  : !may_change(e, loop_clock_ms())
			      ? "is another one again, and may change three times a day"
			      : NULL;
	if (why) {
		char *words = mem_printf("the host that the relay tells, %s, %s", host, why);
		if (!e->error)
			log_warn("host_not_taken", "mapping=%s why=%s", e->name, words);
		mem_free(e->error);
		e->error = words;
		return;
	}
	set_right(e);
	certificate_order_free(e->order);
	e->order = NULL;
	mem_free(e->host);
	e->host = mem_strdup(name);
	resolver_close(e->lookup);
	e->lookup = NULL;
	e->looked_ms = 0;
	mem_free(e->no_record); /* of the host before */
	e->no_record = NULL;
}

void certificates_told(struct certificates *all, const char *mapping,
		       const struct certificates_public *at)
{
	struct entry *e = find(all, mapping);
	if (!e || e->certificate)
		return;
	if (at->host)
		take_host(e, at->host);
	if (e->host && !e->order) {
		if (!all->orders)
			all->orders = certificate_orders_new(all->loop, &all->acme, all->state,
							     on_orders, all);
		certificate_orders_set_events(all->orders, all->events);
		certificate_orders_set_relay(all->orders, all->can_publish);
		char *wildcard = wildcard_of(all, e->host);
		e->order = certificate_order_new(all->orders, wildcard ? wildcard : e->host,
						 wildcard != NULL);
		mem_free(wildcard);
	}
	e->port = at->is_open ? at->port : 0;
	e->is_probed = at->is_probed;
	mem_free(e->closed);
	e->closed = mem_strdup(at->closed);
	if (e->order) {
		uint16_t port = port_of(all, e->order);
		certificate_order_set_open(e->order, port != 0, port);
		look_first(all, e);
	}
	settle(all);
}

void certificates_set_relay(struct certificates *all, bool can_publish)
{
	all->can_publish = can_publish;
	if (all->orders)
		certificate_orders_set_relay(all->orders, can_publish);
}

size_t certificates_records(const struct certificates *all, struct challenge *out, size_t most)
{
	return all->orders ? certificate_orders_records(all->orders, out, most) : 0;
}

void certificates_stated(struct certificates *all, const struct state *state)
{
	if (all->orders)
		certificate_orders_stated(all->orders, state->challenges, state->challenge_count);
}

void certificates_away(struct certificates *all)
{
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		e->port = 0;
		if (e->order)
			certificate_order_set_open(e->order, false, 0);
	}
}

struct tls_context *certificates_shown(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	return e ? look(e).shown : NULL;
}

bool certificates_is_valid(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	return e && is_valid(e);
}

bool certificates_is_settled(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	if (!e || is_valid(e))
		return true;
	struct certificate_order_look at = look(e);
	return at.error && !at.is_trying;
}

struct tls_context *certificates_validation(const struct certificates *all, const char *name)
{
	return all->orders ? certificate_orders_validation(all->orders, name) : NULL;
}

const char *certificates_renew(struct certificates *all, const char *mapping)
{
	struct entry *e = find(all, mapping);
	if (!e)
		return "no https mapping is called so";
	if (e->certificate)
		return "its certificate is in files of your own";
	if (!e->order)
		return "the relay has not told the mapping's full host yet";
	certificate_order_hurry(e->order);
	return NULL;
}

struct certificate_progress certificates_progress(const struct certificates *all,
						  const char *mapping)
{
	const struct entry *e = find(all, mapping);
	if (!e)
		return (struct certificate_progress){.error = "no https mapping is called so"};
	struct certificate_order_look at = look(e);
	return (struct certificate_progress){at.taken, at.failed, at.error};
}

struct report_part certificates_part(const struct certificates *all, const char *mapping)
{
	static char time_is_over[] = "its time is over";
	const struct entry *e = find(all, mapping);
	struct report_part part = {.error = NULL};
	if (!e)
		return part;
	struct certificate_order_look at = look(e);
	bool over = at.shown && !is_valid(e);
	snprintf(part.state, sizeof part.state, "%s",
		 is_valid(e)        ? "valid"
		 : at.error || over ? "error"
				    : "pending");
	part.time_ms = at.not_after_ms;
	part.next_ms = at.next_try_ms;
	part.error = at.error ? (char *)(uintptr_t)at.error : over ? time_is_over : NULL;
	return part;
}

struct report_part certificates_status_part(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	struct report_part part = certificates_part(all, mapping);
	if (e && !part.error)
		part.error = (char *)(uintptr_t)certificate_delivery_error(e->delivery);
	return part;
}

void certificates_list(const struct certificates *all, struct json *w)
{
	LIST_EACH(node, &all->entries)
	{
		const struct entry *e = LIST_ENTRY(node, struct entry, node);
		struct certificate_order_look at = look(e);
		struct report_part part = certificates_status_part(all, e->name);
		json_open(w, NULL, '{');
		json_str(w, "name", e->name);
		json_str(w, "host", e->host ? e->host : e->wanted);
		json_str(w, "state", part.state);
		json_time(w, "not_before", at.not_before_ms);
		json_time(w, "not_after", part.time_ms);
		json_str(w, "issuer", *at.issuer ? at.issuer : NULL);
		json_time(w, "next_try", part.next_ms);
		json_str(w, "error", part.error);
		json_close(w);
	}
}
