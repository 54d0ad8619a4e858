#include "relay/own_listeners.h"

#include "relay/doors/shared_ports.h"
#include "relay/names/dns_packet.h"
#include "relay/names/names_service.h"
#include "shared/base/mem.h"
#include "shared/net/listener_set.h"

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
	for (size_t i = 0; i < c->dns.count; i++) {
		const struct serve_config *s = &c->dns.items[i].serve;
		if (c->dns.items[i].kind != DNS_SERVE)
			continue;
		add_ports(&f, PORTS_TCP | PORTS_UDP, s->listen, s->listen_count);
		if (!s->listen_count)
			add_ports(&f, PORTS_TCP | PORTS_UDP, &machine, 1);
	}
	*count = f.count;
	return f.list;
}

void own_listeners_reserve(struct context *w)
{
	size_t count;
	struct ports_range *own = own_listeners_ports(w->config, &count);
	port_table_set_own(w->ports, own, count);
	mem_free(own);
}

static bool is_agents_door(const struct relay_config *c, const struct addr *at)
{
	for (size_t i = 0; i < c->listen_count; i++)
		if (addr_equal(&c->listen[i], at))
			return true;
	return false;
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

void own_listeners_open(struct context *w)
{
	const struct relay_config *c = w->config;
	const struct update_config *u = &c->update;
	struct entries e = {0};
	add_entries(&e, "http", shared_ports_accept_http, w->front, c->http, c->http_count);
	for (size_t i = 0; i < c->tls_count; i++)
		if (!is_agents_door(c, &c->tls[i])) /* which sends everybody to the front itself */
			add_entries(&e, "tls", shared_ports_accept_tls, w->front, &c->tls[i], 1);
	add_entries(&e, "update", names_service_accept_http, w->naming, u->http, u->http_count);
	add_entries(&e, "update over tls", names_service_accept_https, w->naming, u->https,
		    u->https_count);
	listener_set_set(w->listeners, e.list, e.count);
	mem_free(e.list);
}
