#include "relay/doors/vhost_table.h"

#include "relay/doors/host_match.h"
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

struct vhost_table {
	uv_mutex_t lock;
	struct host_match *http, *tls;
	struct list claims;
	uint64_t next;
	_Atomic uint64_t version;
};

struct vhost_table *vhost_table_new(void)
{
	struct vhost_table *v = mem_zalloc(sizeof *v);
	uv_mutex_init(&v->lock);
	v->http = host_match_new();
	v->tls = host_match_new();
	v->next = 1;
	list_init(&v->claims);
	return v;
}

static void drop(struct claim *c)
{
	list_remove(&c->node);
	mem_free(c);
}

void vhost_table_free(struct vhost_table *v)
{
	if (!v)
		return;
	host_match_free(v->http);
	host_match_free(v->tls);
	while (!list_is_empty(&v->claims))
		drop(LIST_ENTRY(v->claims.next, struct claim, node));
	uv_mutex_destroy(&v->lock);
	mem_free(v);
}

static struct host_match *table(struct vhost_table *v, enum mapping_protocol protocol)
{
	return protocol == MAPPING_TLS ? v->tls : v->http;
}

int vhost_table_claim(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
		      struct agent *home, const char *owner, uint64_t *claim, char **why)
{
	const char *held_by = NULL;
	uv_mutex_lock(&v->lock);
	struct claim *c = mem_alloc(sizeof *c);
	*c = (struct claim){.is = {.home = home, .claim = v->next}};
	list_append(&v->claims, &c->node);
	int err = host_match_add(table(v, protocol), host, c, owner, &held_by);
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

void vhost_table_release(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
			 uint64_t claim)
{
	uv_mutex_lock(&v->lock);
	LIST_EACH(node, &v->claims)
	{
		struct claim *c = LIST_ENTRY(node, struct claim, node);
		if (c->is.claim != claim)
			continue;
		host_match_remove(table(v, protocol), host, c);
		drop(c);
		atomic_fetch_add(&v->version, 1);
		break;
	}
	uv_mutex_unlock(&v->lock);
}

bool vhost_table_find(struct vhost_table *v, enum mapping_protocol protocol, const char *host,
		      struct vhost *out)
{
	uv_mutex_lock(&v->lock);
	const struct claim *c = host_match_find(table(v, protocol), host);
	if (c)
		*out = c->is;
	uv_mutex_unlock(&v->lock);
	return c != NULL;
}

uint64_t vhost_table_version(struct vhost_table *v)
{
	return atomic_load(&v->version);
}
