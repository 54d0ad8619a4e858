#include "relay/doors/port_table.h"

#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <uv.h>

struct claim {
	struct list node;
	enum mapping_protocol protocol;
	uint16_t first, last;
	char *owner;
};

struct port_table {
	uv_mutex_t lock;
	struct list claims;
	size_t count, most; /* of all claims' ports */
	struct ports_range *own;
	size_t own_count;
};

struct port_table *port_table_new(size_t most)
{
	struct port_table *p = mem_zalloc(sizeof *p);
	uv_mutex_init(&p->lock);
	list_init(&p->claims);
	p->most = most;
	return p;
}

static size_t span(uint16_t first, uint16_t last)
{
	return (size_t)(last - first) + 1;
}

static void drop(struct port_table *p, struct claim *c)
{
	p->count -= span(c->first, c->last);
	list_remove(&c->node);
	mem_free(c->owner);
	mem_free(c);
}

void port_table_free(struct port_table *p)
{
	if (!p)
		return;
	while (!list_is_empty(&p->claims))
		drop(p, LIST_ENTRY(p->claims.next, struct claim, node));
	uv_mutex_destroy(&p->lock);
	mem_free(p->own);
	mem_free(p);
}

void port_table_set_own(struct port_table *p, const struct ports_range *own, size_t count)
{
	struct ports_range *fresh = mem_zalloc(count * sizeof *fresh);
	for (size_t i = 0; i < count; i++)
		fresh[i] = own[i];
	uv_mutex_lock(&p->lock);
	mem_free(p->own);
	p->own = fresh;
	p->own_count = count;
	uv_mutex_unlock(&p->lock);
}

/* Under the lock. */
static char *why_not(const struct port_table *p, enum mapping_protocol protocol, uint16_t first,
		     uint16_t last)
{
	bool udp = protocol == MAPPING_UDP;
	for (size_t i = 0; i < p->own_count; i++) {
		const struct ports_range *r = &p->own[i];
		if ((r->protocols & (udp ? PORTS_UDP : PORTS_TCP)) && r->first <= last &&
		    first <= r->last)
			return mem_printf("the relay itself listens on port %u%s",
					  r->first > first ? r->first : first, udp ? "/udp" : "");
	}
	return NULL;
}

char *port_table_why_not(struct port_table *p, enum mapping_protocol protocol, uint16_t first,
			 uint16_t last)
{
	uv_mutex_lock(&p->lock);
	char *why = why_not(p, protocol, first, last);
	uv_mutex_unlock(&p->lock);
	return why;
}

static char *held_by(const struct port_table *p, enum mapping_protocol protocol, uint16_t first,
		     uint16_t last)
{
	LIST_EACH(node, &p->claims)
	{
		const struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->protocol == protocol && c->first <= last && first <= c->last)
			return mem_printf("held by %s", c->owner);
	}
	return NULL;
}

static void add(struct port_table *p, enum mapping_protocol protocol, uint16_t first, uint16_t last,
		const char *owner)
{
	struct claim *c = mem_alloc(sizeof *c);
	*c = (struct claim){
	    .protocol = protocol, .first = first, .last = last, .owner = mem_strdup(owner)};
	list_append(&p->claims, &c->node);
	p->count += span(first, last);
}

int port_table_claim(struct port_table *p, enum mapping_protocol protocol, uint16_t first,
		     uint16_t last, const char *owner, char **why)
{
	int err = 0;
	uv_mutex_lock(&p->lock);
	*why = why_not(p, protocol, first, last);
	if (!*why)
		*why = held_by(p, protocol, first, last);
	if (*why) {
		err = UV_EADDRINUSE;
	} else if (span(first, last) > p->most - p->count) {
		*why = mem_strdup("the relay has no descriptors left for so many ports");
		err = UV_EMFILE;
	} else {
		add(p, protocol, first, last, owner);
	}
	uv_mutex_unlock(&p->lock);
	return err;
}

void port_table_release(struct port_table *p, enum mapping_protocol protocol, uint16_t first,
			uint16_t last)
{
	uv_mutex_lock(&p->lock);
	LIST_EACH(node, &p->claims)
	{
		struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->protocol == protocol && c->first == first && c->last == last)
			drop(p, c);
	}
	uv_mutex_unlock(&p->lock);
}
