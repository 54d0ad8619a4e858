#include "relay/doors/host_match.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

struct entry {
	struct entry *next; /* in its slot */
	char *name;         /* lower case, no final dot; a wildcard begins with "*." */
	void *owner;
	char *holder;
};

struct host_match {
	struct entry **slots; /* a power of two */
	size_t slot_count;
	size_t count;
};

/* FNV-1a. Names enter the table only from accounts, so nobody outside can choose collisions. */
static uint32_t hash(const char *name)
{
	uint32_t h = 2166136261u;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ h >> 15;
}

/* Where the entry of this name hangs, or where it would. */
static struct entry **place(const struct host_match *h, const char *name)
{
	struct entry **at = &h->slots[hash(name) & (h->slot_count - 1)];
	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static void grow(struct host_match *h)
{
	struct entry **old = h->slots;
	size_t count = h->slot_count;
	h->slot_count = count * 2;
	h->slots = mem_zalloc(h->slot_count * sizeof(*h->slots));
	for (size_t i = 0; i < count; i++) {
		for (struct entry *e = old[i], *next; e; e = next) {
			next = e->next;
			e->next = NULL;
			*place(h, e->name) = e;
		}
	}
	mem_free(old);
}

static void name_entry_free(struct entry *e)
{
	mem_free(e->name);
	mem_free(e->holder);
	mem_free(e);
}

struct host_match *host_match_new(void)
{
	struct host_match *h = mem_zalloc(sizeof(*h));
	h->slot_count = FIRST_SLOTS;
	h->slots = mem_zalloc(h->slot_count * sizeof(*h->slots));
	return h;
}

void host_match_free(struct host_match *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->slot_count; i++) {
		for (struct entry *e = h->slots[i], *next; e; e = next) {
			next = e->next;
			name_entry_free(e);
		}
	}
	mem_free(h->slots);
	mem_free(h);
}

int host_match_add(struct host_match *h, const char *host, void *owner, const char *holder,
		   const char **held_by)
{
	char name[256];
	if (text_host(host, true, name))
		return ERR_SYNTAX;
	struct entry *e = *place(h, name);
	if (e && e->owner != owner) {
		*held_by = e->holder;
		return -EADDRINUSE;
	}
	if (!e) {
		if (h->count == h->slot_count)
			grow(h);
		e = mem_zalloc(sizeof(*e));
		e->name = mem_strdup(name);
		e->owner = owner;
		*place(h, name) = e;
		h->count++;
	}
	mem_free(e->holder);
	e->holder = mem_strdup(holder);
	return 0;
}

bool host_match_remove(struct host_match *h, const char *host, const void *owner)
{
	char name[256];
	if (text_host(host, true, name))
		return false;
	struct entry **at = place(h, name), *e = *at;
	if (!e || e->owner != owner)
		return false;
	*at = e->next;
	name_entry_free(e);
	h->count--;
	return true;
}

void *host_match_find(const struct host_match *h, const char *host)
{
	char text[1 + 256];
	/* a byte in front, where a wildcard's '*' replaces the label before the dot */
	char *name = text + 1;
	if (text_host(host, false, name))
		return NULL;
	struct entry *e = *place(h, name);
	for (char *dot = strchr(name, '.'); !e && dot; dot = strchr(dot + 1, '.')) {
		dot[-1] = '*';
		e = *place(h, dot - 1);
	}
	return e ? e->owner : NULL;
}

const char *host_match_holder(const struct host_match *h, const char *host)
{
	char name[256];
	if (text_host(host, true, name))
		return NULL;
	struct entry *e = *place(h, name);
	return e ? e->holder : NULL;
}

size_t host_match_count(const struct host_match *h)
{
	return h->count;
}
