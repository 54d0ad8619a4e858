#include "relay/accounts/reserved_names.h"

#include "shared/acme/acme_challenge.h"
#include "shared/base/hash_table.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

static const char challenge[] = "_acme-challenge";

struct reserved_names {
	atomic_uint refs;
	struct hash_table *names; /* the key is the value */
	struct hash_table *above; /* each name that one of names lies below; the key is the value */
};

struct reserved_names *reserved_names_new(void)
{
	struct reserved_names *o = mem_zalloc(sizeof *o);
	atomic_init(&o->refs, 1);
	o->names = hash_table_new();
	o->above = hash_table_new();
	return o;
}

/* Writes the one text that stands for all spellings of a host or address; "" when it is none. */
static void plain(const char *host, char out[256])
{
	struct addr a;
	if (addr_parse_ip(host, &a) == 0)
		addr_ip_text(&a, out);
	else if (text_host(host, true, out) < 0)
		*out = '\0';
}

static bool is_challenge(const char *host)
{
	for (const char *label = host; label; label = strchr(label, '.')) {
		label += *label == '.';
		if (!strncasecmp(label, challenge, sizeof challenge - 1))
			return true;
	}
	return false;
}

static void add(struct hash_table *names, const char *name)
{
	char *copy = mem_strdup(name);
	if (hash_table_add(names, copy, strlen(copy), copy))
		mem_free(copy);
}

void reserved_names_add(struct reserved_names *o, const char *name)
{
	char text[256] = "";
	if (name)
		plain(name, text);
	if (!*text)
		return;
	add(o->names, text);
	for (const char *dot = is_challenge(text) ? NULL : strchr(text, '.'); dot;
	     dot = strchr(dot + 1, '.'))
		add(o->above, dot + 1);
}

void reserved_names_add_address(struct reserved_names *o, const struct addr *a)
{
	char text[ADDR_TEXT], reverse[256];
	reserved_names_add(o, addr_ip_text(a, text));
	acme_challenge_sni(text, reverse);
	reserved_names_add(o, reverse);
}

struct reserved_names *reserved_names_ref(struct reserved_names *o)
{
	if (o)
		atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
	return o;
}

static void drop(void *arg, void *name)
{
	(void)arg;
	mem_free(name);
}

void reserved_names_unref(struct reserved_names *o)
{
	if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1)
		return;
	hash_table_each(o->names, drop, NULL);
	hash_table_each(o->above, drop, NULL);
	hash_table_free(o->names);
	hash_table_free(o->above);
	mem_free(o);
}

bool reserved_names_has(const struct reserved_names *o, const char *host)
{
	char text[256];
	if (!o)
		return false;
	plain(host, text);
	return is_challenge(host) || hash_table_get(o->names, text, strlen(text));
}

bool reserved_names_has_below(const struct reserved_names *o, const char *host)
{
	char text[256];
	if (!o)
		return false;
	plain(host, text);
	return hash_table_get(o->above, text, strlen(text));
}
