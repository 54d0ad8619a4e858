/*
 * Start: the addresses of `listen` are opened once and stay (the entrances); a failure ends the
 * start. Then, and at each reload, own_listeners_set makes the list of all others and gives it to a
 * listener_set, which keeps the sockets that stay and opens or closes the rest.
 *
 * Ways to fail: a socket of the others that cannot be opened is tried again by the listener_set.
 * While the shared port of http or tls is closed, its mappings are told why, and are judged anew
 * when that changes.
 *
 * Ports: what relay.json listens on is reserved in the port table before any mapping can ask for
 * it.
 */
#include "relay/own_listeners.h"

#include "relay/doors/port_table.h"
#include "relay/doors/shared_ports.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/listener_set.h"

#include <string.h>
#include <uv.h>

struct found {
	const struct relay_config *config;
	struct ports_range *list;
	size_t count;
};

/* "::" means both families, also where a v4 wildcard stands beside it. */
static bool covers(const struct addr *a, const struct addr *b)
{
	return addr_equal_ip(a, b) || (addr_is_any(a) && (a->family == 6 || b->family == 4));
}

static bool meets_mappings(const struct relay_config *c, const struct addr *at)
{
	for (size_t i = 0; i < c->bind_count; i++)
		if (covers(&c->bind[i], at) || covers(at, &c->bind[i]))
			return true;
	return false;
}

static void add_ports(struct found *f, uint8_t protocols, const struct addr *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint16_t port = list[i].port;
		if (!port || !meets_mappings(f->config, &list[i]))
			continue;
		f->list = mem_resize(f->list, (f->count + 1) * sizeof *f->list);
		f->list[f->count++] = (struct ports_range){port, port, protocols};
	}
}

struct ports_range *own_listeners_ports(const struct relay_config *c, size_t *count)
{
	static const struct addr machine = {.family = 6, .port = DNS_PORT};
	struct found f = {.config = c};
	add_ports(&f, PORTS_TCP, c->listen, c->listen_count);
	add_ports(&f, PORTS_TCP, c->http, c->http_count);
	add_ports(&f, PORTS_TCP, c->tls, c->tls_count);
	add_ports(&f, PORTS_TCP, c->update.http, c->update.http_count);
	add_ports(&f, PORTS_TCP, c->update.https, c->update.https_count);
	add_ports(&f, PORTS_TCP, c->admin.listen, c->admin.listen_count);
	const struct zone_config *serve = publishers_config_dns_server(&c->dns);
	if (serve && serve->listen_count)
		add_ports(&f, PORTS_TCP | PORTS_UDP, serve->listen, serve->listen_count);
	else if (serve)
		add_ports(&f, PORTS_TCP | PORTS_UDP, &machine, 1);
	*count = f.count;
	return f.list;
}

void own_listeners_reserve(const struct context *c)
{
	size_t count;
	struct ports_range *own = own_listeners_ports(c->config, &count);
	port_table_set_own(c->ports, own, count);
	mem_free(own);
}

/* One address of `listen`. */
struct entrance {
	struct relay_parts *relay;
	struct listener *listener;
	struct addr at;
};

struct own_listeners {
	struct relay_parts *relay;
	struct entrance *entrances;
	size_t entrance_count;
	struct listener_set *others;
};

static const char update_over_tls[] = "update over tls"; /* in the log */

static bool has(const struct addr *list, size_t count, const struct addr *at)
{
	for (size_t i = 0; i < count; i++)
		if (addr_equal(&list[i], at))
			return true;
	return false;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	const struct entrance *e = owner;
	const struct context *c = &e->relay->context;
	if (has(c->config->tls, c->config->tls_count, &e->at))
		shared_ports_accept_tls_or_agent(c->shared_ports, fd, peer, local);
	else
		agent_listener_accept(e->relay->agent_listener, fd, peer, local);
}

/* What a shared port's mappings are told; error NULL: nothing. */
struct shared_port {
	const char *what;
	char *error, *detail;
};

static void find_closed(void *arg, const struct listener_set_entry *e, int err, const char *why)
{
	struct shared_port *p = arg;
	char at[ADDR_TEXT];
	if (!why || p->error || strcmp(e->what, p->what) != 0)
		return;
	p->error = err == UV_EADDRINUSE
		       ? mem_printf("%s is held by another program", addr_text(&e->at, at))
		       : mem_strdup(why);
	p->detail = mem_strdup(why);
}

static bool tell_mappings(const struct own_listeners *o, const char *what,
			  enum mapping_entrance entrance)
{
	struct shared_port p = {.what = what};
	listener_set_each(o->others, find_closed, &p);
	bool news = vhost_table_set_closed(o->relay->context.vhosts, entrance, p.error, p.detail);
	mem_free(p.error);
	mem_free(p.detail);
	return news;
}

/* A mapping is open only while the shared port that it needs is. */
static void on_retried(void *owner)
{
	const struct own_listeners *o = owner;
	bool http = tell_mappings(o, "http", MAPPING_SHARED_HTTP);
	bool tls = tell_mappings(o, "tls", MAPPING_SHARED_TLS);
	if (http || tls)
		agent_registry_judge(o->relay->registry);
}

static bool has_v4(const struct relay_config *c)
{
	for (size_t i = 0; i < c->listen_count; i++)
		if (c->listen[i].family == 4)
			return true;
	return false;
}

struct own_listeners *own_listeners_new(struct relay_parts *r, char **why)
{
	const struct relay_config *c = r->context.config;
	struct own_listeners *o = mem_zalloc(sizeof *o);
	o->relay = r;
	o->entrances = mem_zalloc(c->listen_count * sizeof *o->entrances);
	o->others = listener_set_new(r->context.main, file_limit_for_visitors(), on_retried, o);
	for (size_t i = 0; i < c->listen_count; i++) {
		struct entrance *e = &o->entrances[i];
		int err;
		char at[ADDR_TEXT];
		*e = (struct entrance){.relay = r, .at = c->listen[i]};
		e->listener = listener_open(r->context.main, &e->at, e->at.family == 6 && has_v4(c),
					    on_accept, e, &err, why);
		if (!e->listener) {
			own_listeners_close(o);
			return NULL;
		}
		o->entrance_count++;
		log_info("listening", "for=agents at=%s", addr_text(listener_at(e->listener), at));
	}
	return o;
}

void own_listeners_close(struct own_listeners *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->entrance_count; i++)
		listener_close(o->entrances[i].listener);
	listener_set_close(o->others);
	mem_free(o->entrances);
	mem_free(o);
}

struct entries {
	struct listener_set_entry *list;
	size_t count;
};

static void add_entries(struct entries *e, const char *what, listener_fn *fn, void *owner,
			const struct addr *list, size_t count)
{
	e->list = mem_resize(e->list, (e->count + count + 1) * sizeof *e->list);
	for (size_t i = 0; i < count; i++)
		e->list[e->count++] = (struct listener_set_entry){list[i], what, fn, owner};
}

void own_listeners_set(struct own_listeners *o)
{
	const struct context *x = &o->relay->context;
	const struct relay_config *c = x->config;
	const struct update_config *u = &c->update;
	struct ddns_server *ddns = o->relay->ddns_server;
	struct entries e = {0};
	add_entries(&e, "http", shared_ports_accept_http, x->shared_ports, c->http, c->http_count);
	for (size_t i = 0; i < c->tls_count; i++)
		if (!has(c->listen, c->listen_count, &c->tls[i]))
			add_entries(&e, "tls", shared_ports_accept_tls, x->shared_ports, &c->tls[i],
				    1);
	add_entries(&e, "update", ddns_server_accept_http, ddns, u->http, u->http_count);
	add_entries(&e, update_over_tls, ddns_server_accept_https, ddns, u->https, u->https_count);
	for (size_t i = 0; i < c->admin.listen_count; i++)
		add_entries(&e, "admin",
			    addr_is_loopback(&c->admin.listen[i]) ? admin_server_accept_plain
								  : admin_server_accept_tls,
			    relay_api_server(o->relay->relay_api), &c->admin.listen[i], 1);
	listener_set_set(o->others, e.list, e.count);
	mem_free(e.list);
	on_retried(o);
}

static void put_listener(struct json *w, const char *what, const struct addr *at, const char *why)
{
	char text[ADDR_TEXT];
	json_open(w, NULL, '{');
	json_str(w, "for", what);
	json_str(w, "at", addr_text(at, text));
	json_str(w, "state", why ? "error" : "open");
	json_str(w, "error", why);
	json_close(w);
}

static void put_other(void *arg, const struct listener_set_entry *e, int err, const char *why)
{
	(void)err;
	put_listener(arg, e->what == update_over_tls ? "update" : e->what, &e->at, why);
}

void own_listeners_status(const struct own_listeners *o, struct json *w)
{
	for (size_t i = 0; o && i < o->entrance_count; i++)
		put_listener(w, "agents", listener_at(o->entrances[i].listener), NULL);
	if (o)
		listener_set_each(o->others, put_other, w);
}
