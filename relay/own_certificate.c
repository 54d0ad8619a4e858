/*
 * Owns one order of certificate_orders.h. own_certificate_set() derives its name, CA and way from
 * the configuration; when one of them changes, a new order begins with what its files have.
 * on_news() tells the owner of a new certificate. A CA that validates by tls-alpn-01 gets a
 * handshake and is closed; it has VALIDATION_MS for that, and a crowd of them ends its own.
 */
#include "relay/own_certificate.h"

#include "shared/base/eviction_queue.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/certificate_orders.h"
#include "shared/net/timer.h"

#include <string.h>

enum { VALIDATIONS = 20, VALIDATION_MS = 10000, TLS_PORT = 443 };

struct own_certificate {
	struct loop *loop;
	struct event_hub *events;
	own_certificate_fn *fn;
	void *owner;
	struct acme_config acme; /* the configuration that orders was made with */
	char *name, *state;      /* NULL: no certificate is wanted */
	struct certificate_orders *orders;
	struct certificate_order *order;
	struct tls_context *shown; /* what the owner was last told */
	struct eviction_queue *validations;
};

/* A CA's handshake under way. */
struct validation {
	struct eviction_queue_member member;
	struct own_certificate *own;
	struct io *io;
	struct timer *timer;
};

/* --- validations --- */

static void end_validation(struct validation *v)
{
	eviction_queue_leave(v->own->validations, &v->member);
	io_close(v->io);
	timer_close(v->timer);
	mem_free(v);
}

/* The handshake is done, or has failed. */
static void on_validation(void *owner, enum io_event event)
{
	(void)event;
	end_validation(owner);
}

static void on_timer(void *owner)
{
	end_validation(owner);
}

static struct validation *first_to_go(const struct own_certificate *o)
{
	struct eviction_queue_member *first = eviction_queue_first(o->validations);
	return first ? LIST_ENTRY(first, struct validation, member) : NULL;
}

/* Anybody can look like a CA, so validations are bounded, and one network ends its own. */
bool own_certificate_take(void *owner, struct io *io, const char *host)
{
	struct own_certificate *o = owner;
	struct tls_context *tls = o->orders ? certificate_orders_validation(o->orders, host) : NULL;
	if (!tls)
		return false;
	if (eviction_queue_count(o->validations) >= VALIDATIONS)
		end_validation(first_to_go(o));
	struct validation *v = mem_zalloc(sizeof *v);
	v->own = o;
	v->io = io;
	v->timer = timer_new(o->loop, on_timer, v);
	timer_set(v->timer, VALIDATION_MS);
	eviction_queue_join(o->validations, &v->member, io_peer(io));
	io_own(io, on_validation, v);
	io_tls_accept(io, tls);
	io_watch(io, IO_WATCH_READ);
	return true;
}

const char *own_certificate_token(void *owner, const char *token)
{
	const struct own_certificate *o = owner;
	return o->orders ? certificate_orders_token(o->orders, token) : NULL;
}

/* --- the order --- */

static void on_news(void *owner)
{
	struct own_certificate *o = owner;
	struct certificate_order_look at;
	certificate_order_look(o->order, &at);
	if (at.shown == o->shown)
		return;
	o->shown = at.shown;
	o->fn(o->owner, at.shown);
}

static void drop(struct own_certificate *o)
{
	certificate_order_free(o->order);
	certificate_orders_free(o->orders);
	o->order = NULL;
	o->orders = NULL;
	acme_config_fini(&o->acme);
	mem_free(o->name);
	mem_free(o->state);
	o->name = o->state = NULL;
}

/* Returns the relay's host or first address; the caller frees it. NULL: it has neither. */
static char *name_of(const struct relay_config *c)
{
	char ip[ADDR_TEXT];
	if (c->host)
		return mem_strdup(c->host);
	return c->address_count ? mem_strdup(addr_ip_text(&c->addresses[0], ip)) : NULL;
}

static bool is_wanted(const struct relay_config *c)
{
	return c->update.certificate.automatic || c->admin_certificate.automatic;
}

/* A CA connects to ports 443 and 80 only. When tls does not listen on 443, http may still work. */
static enum acme_way way_of(const struct relay_config *c)
{
	for (size_t i = 0; i < c->tls_count; i++)
		if (c->tls[i].port == TLS_PORT)
			return ACME_WAY_TLS_ALPN;
	return c->http_count && c->update.on ? ACME_WAY_HTTP : ACME_WAY_TLS_ALPN;
}

void own_certificate_set(struct own_certificate *o, struct relay_config *config)
{
	struct acme_config acme;
	char *name = is_wanted(config) ? name_of(config) : NULL;
	acme_config_copy(&acme, &config->acme);
	acme.way = way_of(config);
	if (text_same(name, o->name) && (!name || acme_config_same(&acme, &o->acme))) {
		acme_config_fini(&acme);
		mem_free(name);
		return;
	}
	drop(o);
	o->acme = acme;
	o->name = name;
	if (name) {
		o->state = file_dir(config->state);
		o->orders = certificate_orders_new(o->loop, &o->acme, o->state, on_news, o);
		certificate_orders_set_events(o->orders, o->events);
		o->order = certificate_order_new(o->orders, name, false);
		certificate_order_set_open(o->order, true, TLS_PORT);
		on_news(o);
	} else if (o->shown) {
		o->shown = NULL;
		o->fn(o->owner, NULL);
	}
}

void own_certificate_status(const struct own_certificate *o, struct json *w)
{
	struct certificate_order_look at;
	if (!o || !o->order)
		return;
	certificate_order_look(o->order, &at);
	json_open(w, "certificate", '{');
	json_str(w, "name", o->name);
	json_str(w, "state", at.error ? "error" : at.shown ? "valid" : "pending");
	json_time(w, "not_after", at.not_after_ms);
	json_str(w, "issuer", *at.issuer ? at.issuer : NULL);
	json_time(w, "next_try", at.next_try_ms);
	json_str(w, "error", at.error);
	json_close(w);
}

struct own_certificate *own_certificate_new(struct loop *l, struct event_hub *events,
					    own_certificate_fn *fn, void *owner)
{
	struct own_certificate *o = mem_zalloc(sizeof *o);
	o->loop = l;
	o->events = events;
	o->fn = fn;
	o->owner = owner;
	o->validations = eviction_queue_new();
	return o;
}

void own_certificate_close(struct own_certificate *o)
{
	if (!o)
		return;
	for (struct validation *v; (v = first_to_go(o));)
		end_validation(v);
	eviction_queue_free(o->validations);
	drop(o);
	mem_free(o);
}
