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
};

struct ports *ports_new(void)
{
	struct ports *p = mem_alloc(sizeof *p);
	uv_mutex_init(&p->lock);
	list_init(&p->claims);
	return p;
}

static void drop(struct claim *c)
{
	list_remove(&c->node);
	mem_free(c->owner);
	mem_free(c);
}

void ports_free(struct ports *p)
{
	if (!p)
		return;
	while (!list_is_empty(&p->claims))
		drop(LIST_ENTRY(p->claims.next, struct claim, node));
	uv_mutex_destroy(&p->lock);
	mem_free(p);
}

bool ports_claim(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last, const char *owner, char **holder)
{
	*holder = NULL;
	uv_mutex_lock(&p->lock);
	LIST_EACH(node, &p->claims) {
		const struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->protocol == protocol && c->first <= last && first <= c->last) {
			*holder = mem_strdup(c->owner);
			break;
		}
	}
	if (!*holder) {
		struct claim *c = mem_alloc(sizeof *c);
		*c = (struct claim){.protocol = protocol, .first = first, .last = last, .owner = mem_strdup(owner)};
		list_append(&p->claims, &c->node);
	}
	uv_mutex_unlock(&p->lock);
	return !*holder;
}

void ports_release(struct ports *p, enum mapping_protocol protocol, uint16_t first, uint16_t last)
{
	uv_mutex_lock(&p->lock);
	LIST_EACH(node, &p->claims) {
		struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->protocol == protocol && c->first == first && c->last == last)
			drop(c);
	}
	uv_mutex_unlock(&p->lock);
}
