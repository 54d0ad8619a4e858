/*
 * One table for each shared port, and one for redirects; the keys are names, with ":PORT" behind
 * those of a port of its own. A look goes from the exact name to the shortest wildcard.
 */
#include "relay/doors/vhost_table.h"

#include "shared/base/err.h"
#include "shared/base/hash_table.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { NAME = 256, KEY = NAME + sizeof(":65535") };

struct entry {
	struct vhost door;
	/* lower case, no final dot, and ":PORT" of a port of its own; the key. Behind it, its owner
	 */
	char name[];
};

/* why a shared port is not open */
struct closed {
	char *error, *detail; /* NULL: it is open */
};

struct vhost_table {
	uv_mutex_t lock;
	struct hash_table *http, *tls;
	struct hash_table *redirects; /* of the http port */
	struct closed http_closed, tls_closed;
	struct accounts *accounts; /* or NULL */
	uint64_t claims;           /* so far */
	_Atomic uint64_t version;
};

struct vhost_table *vhost_table_new(void)
{
	struct vhost_table *v = mem_zalloc(sizeof *v);
	uv_mutex_init(&v->lock);
	v->http = hash_table_new();
	v->tls = hash_table_new();
	v->redirects = hash_table_new();
	return v;
}

static struct entry *new_entry(const char *name, const char *owner)
{
	size_t name_size = strlen(name) + 1, owner_size = strlen(owner) + 1;
	struct entry *e = mem_zalloc(sizeof *e + name_size + owner_size);
	memcpy(e->name, name, name_size);
	memcpy(e->name + name_size, owner, owner_size);
	return e;
}

static const char *owner_of(const struct entry *e)
{
	return e->name + strlen(e->name) + 1;
}

static void drop(void *arg, void *value)
{
	(void)arg;
	mem_free(value);
}

static void set_closed(struct closed *c, const char *error, const char *detail)
{
	mem_free(c->error);
	mem_free(c->detail);
	c->error = mem_strdup(error);
	c->detail = mem_strdup(detail);
}

void vhost_table_free(struct vhost_table *v)
{
	if (!v)
		return;
	hash_table_each(v->http, drop, NULL);
	hash_table_each(v->tls, drop, NULL);
	hash_table_each(v->redirects, drop, NULL);
	hash_table_free(v->http);
	hash_table_free(v->tls);
	hash_table_free(v->redirects);
	set_closed(&v->http_closed, NULL, NULL);
	set_closed(&v->tls_closed, NULL, NULL);
	accounts_unref(v->accounts);
	uv_mutex_destroy(&v->lock);
	mem_free(v);
}

static struct hash_table *table(struct vhost_table *v, enum mapping_entrance entrance)
{
	return entrance == MAPPING_SHARED_TLS ? v->tls : v->http;
}

static struct entry *get(struct hash_table *t, const char *name)
{
	return hash_table_get(t, name, strlen(name));
}

static void put_port(char *name, uint16_t port)
{
	if (port)
		sprintf(name + strlen(name), ":%u", (unsigned)port);
}

int vhost_table_claim(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      const char *owner, struct vhost *door, char **holder, char **why)
{
	char name[KEY];
	*holder = *why = NULL;
	if (text_host(host, true, name) < 0) {
		*why = mem_printf("\"%s\" is no host name", host);
		return ERR_SYNTAX;
	}
	put_port(name, at.port);
	struct entry *e = new_entry(name, owner), *before;
	uv_mutex_lock(&v->lock);
	before = hash_table_add(door->redirect ? v->redirects : table(v, at.shared), e->name,
				strlen(e->name), e);
	if (before) {
		*holder = mem_strdup(owner_of(before));
	} else {
		door->claim = ++v->claims;
		e->door = *door;
		atomic_fetch_add(&v->version, 1);
	}
	uv_mutex_unlock(&v->lock);
	if (!before)
		return 0;
	mem_free(e);
	return UV_EADDRINUSE;
}

static bool release(struct hash_table *t, const char *name, uint64_t claim)
{
	struct entry *e = get(t, name);
	if (!e || e->door.claim != claim)
		return false;
	hash_table_remove(t, name, strlen(name));
	mem_free(e);
	return true;
}

void vhost_table_release(struct vhost_table *v, struct vhost_entrance at, const char *host,
			 uint64_t claim)
{
	char name[KEY];
	if (text_host(host, true, name) < 0)
		return;
	put_port(name, at.port);
	uv_mutex_lock(&v->lock);
	if (release(table(v, at.shared), name, claim) || release(v->redirects, name, claim))
		atomic_fetch_add(&v->version, 1);
	uv_mutex_unlock(&v->lock);
}

void vhost_table_set_accounts(struct vhost_table *v, struct accounts *accounts)
{
	uv_mutex_lock(&v->lock);
	struct accounts *before = v->accounts;
	v->accounts = accounts_ref(accounts);
	atomic_fetch_add(&v->version, 1);
	uv_mutex_unlock(&v->lock);
	accounts_unref(before);
}

/* Whether the account of a wildcard's door may have the host. */
static bool may_serve(const struct vhost_table *v, const struct entry *e, const char *host)
{
	char account[256];
	const char *owner = owner_of(e);
	snprintf(account, sizeof account, "%.*s", (int)strcspn(owner, "/"), owner);
	const struct account *a = accounts_find(v->accounts, account);
	return a && accounts_allow_host(v->accounts, a, host);
}

/* A door, else a redirect. */
static struct entry *look_up(struct vhost_table *v, struct vhost_entrance at, const char *name)
{
	struct entry *e = get(table(v, at.shared), name);
	return e || at.shared != MAPPING_SHARED_HTTP ? e : get(v->redirects, name);
}

bool vhost_table_find(struct vhost_table *v, struct vhost_entrance at, const char *host,
		      struct vhost *out)
{
	char text[1 + KEY];
	/* a byte in front, where a wildcard's '*' replaces the label before the dot */
	char *name = text + 1, whole[256];
	if (text_host(host, false, name) < 0)
		return false;
	strcpy(whole, name);
	put_port(name, at.port);
	uv_mutex_lock(&v->lock);
	const struct entry *e = look_up(v, at, name);
	for (char *dot = strchr(name, '.'); !e && dot; dot = strchr(dot + 1, '.')) {
		dot[-1] = '*';
		e = look_up(v, at, dot - 1);
		if (e && v->accounts && !may_serve(v, e, whole))
			e = NULL;
	}
	if (e)
		*out = e->door;
	uv_mutex_unlock(&v->lock);
	return e != NULL;
}

static struct closed *closed(struct vhost_table *v, enum mapping_entrance entrance)
{
	return entrance == MAPPING_SHARED_TLS ? &v->tls_closed : &v->http_closed;
}

bool vhost_table_set_closed(struct vhost_table *v, enum mapping_entrance entrance,
			    const char *error, const char *detail)
{
	struct closed *c = closed(v, entrance);
	uv_mutex_lock(&v->lock);
	bool news = !text_same(c->error, error) || !text_same(c->detail, detail);
	if (news)
		set_closed(c, error, detail);
	uv_mutex_unlock(&v->lock);
	return news;
}

char *vhost_table_closed(struct vhost_table *v, enum mapping_entrance entrance, bool for_operator)
{
	const struct closed *c = closed(v, entrance);
	uv_mutex_lock(&v->lock);
	char *why = mem_strdup(for_operator && c->detail ? c->detail : c->error);
	uv_mutex_unlock(&v->lock);
	return why;
}

uint64_t vhost_table_version(struct vhost_table *v)
{
	return atomic_load(&v->version);
}
