#include "relay/ports.h"

#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <uv.h>

struct claim {
	struct list node;
	enum mapping_protocol protocol;
	uint16_t first, last;
	char *owner;
};

struct ports {
	uv_mutex_t lock;
	struct list claims;
	size_t count, most; /* of all claims' ports */
};

struct ports *ports_new(size_t most)
{
	struct ports *p = mem_alloc(sizeof *p);
	uv_mutex_init(&p->lock);
	list_init(&p->claims);
	p->count = 0;
	p->most = most;
	return p;
}

static size_t span(uint16_t first, uint16_t last)
{
	return (size_t)(last - first) + 1;
}

static void drop(struct ports *p, struct claim *c)
{
	p->count -= span(c->first, c->last);
	list_remove(&c->node);
	mem_free(c->owner);
	mem_free(c);
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	while (!list_is_empty(&p->claims))
		drop(p, LIST_ENTRY(p->claims.next, struct claim, node));
	uv_mutex_destroy(&p->lock);
	mem_free(p);
}

bool ports_claim(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last,
		 const char *owner, char **holder)
{
	*holder = NULL;
	uv_mutex_lock(&p->lock);
	bool fits = span(first, last) <= p->most - p->count;
	LIST_EACH(node, &p->claims)
	{
		const struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->protocol == protocol && c->first <= last && first <= c->last) {
			*holder = mem_strdup(c->owner);
			break;
		}
	}
	bool held = fits && !*holder;
	if (held) {
		struct claim *c = mem_alloc(sizeof *c);
		*c = (struct claim){
		    .protocol = protocol, .first = first, .last = last, .owner = mem_strdup(owner)};
		list_append(&p->claims, &c->node);
		p->count += span(first, last);
	}
	uv_mutex_unlock(&p->lock);
	return held;
}

void ports_release(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last)
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
