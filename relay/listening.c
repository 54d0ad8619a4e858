#include "relay/listening.h"

#include "relay/names/dns_packet.h"
#include "shared/base/mem.h"

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

static void add(struct found *f, uint8_t protocols, const struct addr *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint16_t port = list[i].port;
		if (!port || !meets_mappings(f->config, &list[i]))
			continue;
		f->list = mem_resize(f->list, (f->count + 1) * sizeof *f->list);
		f->list[f->count++] = (struct ports_range){port, port, protocols};
	}
}

struct ports_range *listening_ports(const struct relay_config *c, size_t *count)
{
	static const struct addr machine = {.family = 6, .port = DNS_PORT};
	struct found f = {.config = c};
	add(&f, PORTS_TCP, c->listen, c->listen_count);
	add(&f, PORTS_TCP, c->http, c->http_count);
	add(&f, PORTS_TCP, c->tls, c->tls_count);
	add(&f, PORTS_TCP, c->update.http, c->update.http_count);
	add(&f, PORTS_TCP, c->update.https, c->update.https_count);
	for (size_t i = 0; i < c->dns.count; i++) {
		const struct serve_config *s = &c->dns.items[i].serve;
		if (c->dns.items[i].kind != DNS_SERVE)
			continue;
		add(&f, PORTS_TCP | PORTS_UDP, s->listen, s->listen_count);
		if (!s->listen_count)
			add(&f, PORTS_TCP | PORTS_UDP, &machine, 1);
	}
	*count = f.count;
	return f.list;
}
