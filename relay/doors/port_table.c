#include "relay/doors/port_table.h"

#include "shared/base/mem.h"

#include <string.h>
#include <uv.h>

enum { PORTS = 65536 };

struct claim {
	uint16_t first, last;
	char *owner;
};

struct port_table {
	uv_mutex_t lock;
	struct claim *holders[2][PORTS]; /* of each tcp port, of each udp port; NULL: it is free */
	uint8_t own[PORTS];              /* ports_protocol: where the relay itself listens */
	size_t count, most;              /* of held ports */
};

struct port_table *port_table_new(size_t most)
{
	struct port_table *p = mem_zalloc(sizeof *p);
	uv_mutex_init(&p->lock);
	p->most = most;
	return p;
}

static size_t span(uint16_t first, uint16_t last)
{
	return (size_t)(last - first) + 1;
}

static void set(struct claim **holders, uint16_t first, uint16_t last, struct claim *c)
{
	for (unsigned port = first; port <= last; port++)
		holders[port] = c;
}

static void drop(struct port_table *p, struct claim **holders, struct claim *c)
{
	p->count -= span(c->first, c->last);
	set(holders, c->first, c->last, NULL);
	mem_free(c->owner);
	mem_free(c);
}

void port_table_free(struct port_table *p)
{
	if (!p)
		return;
	for (int udp = 0; udp <= 1; udp++)
		for (unsigned port = 0; port < PORTS; port++)
			if (p->holders[udp][port])
				drop(p, p->holders[udp], p->holders[udp][port]);
	uv_mutex_destroy(&p->lock);
	mem_free(p);
}

void port_table_set_own(struct port_table *p, const struct ports_range *own, size_t count)
{
	uv_mutex_lock(&p->lock);
	memset(p->own, 0, sizeof p->own);
	for (size_t i = 0; i < count; i++)
		for (unsigned port = own[i].first; port <= own[i].last; port++)
			p->own[port] |= own[i].protocols;
	uv_mutex_unlock(&p->lock);
}

/* Under the lock. */
static char *why_not(const struct port_table *p, enum ports_protocol transport, uint16_t first,
		     uint16_t last)
{
	for (unsigned port = first; port <= last; port++)
		if (p->own[port] & transport)
			return mem_printf("the relay itself listens on port %u%s", port,
					  transport == PORTS_UDP ? "/udp" : "");
	return NULL;
}

char *port_table_why_not(struct port_table *p, enum ports_protocol transport, uint16_t first,
			 uint16_t last)
{
	uv_mutex_lock(&p->lock);
	char *why = why_not(p, transport, first, last);
	uv_mutex_unlock(&p->lock);
	return why;
}

int port_table_claim(struct port_table *p, enum ports_protocol transport, uint16_t first,
		     uint16_t last, const char *owner, char **holder, char **why)
{
	struct claim **holders = p->holders[transport == PORTS_UDP];
	int err = UV_EADDRINUSE;
	*holder = NULL;
	uv_mutex_lock(&p->lock);
	*why = why_not(p, transport, first, last);
	for (unsigned port = first; port <= last && !*why && !*holder; port++)
		if (holders[port])
			*holder = mem_strdup(holders[port]->owner);
	if (!*why && !*holder && span(first, last) > p->most - p->count) {
		*why = mem_strdup("the relay has no descriptors left for so many ports");
		err = UV_EMFILE;
	}
	if (!*why && !*holder) {
		struct claim *c = mem_alloc(sizeof *c);
		*c = (struct claim){first, last, mem_strdup(owner)};
		set(holders, first, last, c);
		p->count += span(first, last);
		err = 0;
	}
	uv_mutex_unlock(&p->lock);
	return err;
}

void port_table_release(struct port_table *p, enum ports_protocol transport, uint16_t first,
			uint16_t last)
{
	struct claim **holders = p->holders[transport == PORTS_UDP];
	uv_mutex_lock(&p->lock);
	struct claim *c = holders[first];
	if (c && c->first == first && c->last == last)
		drop(p, holders, c);
	uv_mutex_unlock(&p->lock);
}
