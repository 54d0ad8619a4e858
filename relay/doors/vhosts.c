#include "relay/doors/vhosts.h"

#include "relay/doors/hosts.h"
#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <uv.h>

/* What hosts.h keeps as an owner: one for each claim. */
struct claim {
	struct list node;
	struct vhost is;
};

struct vhosts {
	uv_mutex_t lock;
	struct hosts *http, *tls;
	struct list claims;
	uint64_t next;
	_Atomic uint64_t version;
};

struct vhosts *vhosts_new(void)
{
	struct vhosts *v = mem_zalloc(sizeof *v);
	uv_mutex_init(&v->lock);
	v->http = hosts_new();
	v->tls = hosts_new();
	v->next = 1;
	list_init(&v->claims);
	return v;
}

static void drop(struct claim *c)
{
	list_remove(&c->node);
	mem_free(c);
}

void vhosts_free(struct vhosts *v)
{
	if (!v)
		return;
	hosts_free(v->http);
	hosts_free(v->tls);
	while (!list_is_empty(&v->claims))
		drop(LIST_ENTRY(v->claims.next, struct claim, node));
	uv_mutex_destroy(&v->lock);
	mem_free(v);
}

static struct hosts *table(struct vhosts *v, enum mapping_protocol protocol)
{
	return protocol == MAPPING_TLS ? v->tls : v->http;
}

int vhosts_claim(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		 struct home *home, const char *owner, uint64_t *claim, char **why)
{
	const char *held_by = NULL;
	uv_mutex_lock(&v->lock);
	struct claim *c = mem_alloc(sizeof *c);
	*c = (struct claim){.is = {.home = home, .claim = v->next}};
	list_append(&v->claims, &c->node);
	int err = hosts_add(table(v, protocol), host, c, owner, &held_by);
	if (err < 0) {
		*why = held_by ? mem_printf("held by %s", held_by)
			       : mem_printf("\"%s\" is no host name", host);
		drop(c);
	} else {
		*claim = v->next++;
		atomic_fetch_add(&v->version, 1);
	}
	uv_mutex_unlock(&v->lock);
	return err;
}

void vhosts_release(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		    uint64_t claim)
{
	uv_mutex_lock(&v->lock);
	LIST_EACH(node, &v->claims)
	{
		struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->is.claim != claim)
			continue;
		hosts_remove(table(v, protocol), host, c);
		drop(c);
		atomic_fetch_add(&v->version, 1);
		break;
	}
	uv_mutex_unlock(&v->lock);
}

bool vhosts_find(struct vhosts *v, enum mapping_protocol protocol, const char *host,
		 struct vhost *out)
{
	uv_mutex_lock(&v->lock);
	const struct claim *c = hosts_find(table(v, protocol), host);
	if (c)
		*out = c->is;
	uv_mutex_unlock(&v->lock);
	return c != NULL;
}

uint64_t vhosts_version(struct vhosts *v)
{
	return atomic_load(&v->version);
}
