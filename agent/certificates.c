/*
 * Files: read when the mapping comes, and again when either has changed, looked at each LOOK_MS. A
 * pair that does not fit (yet) is said once, and the old one stays.
 */
#include "agent/certificates.h"

#include "agent/certificate_files.h"
#include "shared/base/file.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_MS = 5000 };

struct entry {
	struct list node;
	char *name; /* the mapping's */
	char *certificate, *key;
	struct stat stamps[2];
	struct certificate_files shown; /* tls NULL: none */
	char *error;                    /* why it is not newer; NULL: nothing is wrong */
	bool was_valid;                 /* as the owner knows it */
};

struct certificates {
	struct loop *loop;
	certificates_fn *fn;
	void *owner;
	struct list entries;
	struct timer *timer;
};

static void entry_free(struct entry *e)
{
	tls_context_unref(e->shown.tls);
	list_remove(&e->node);
	mem_free(e->name);
	mem_free(e->certificate);
	mem_free(e->key);
	mem_free(e->error);
	mem_free(e);
}

static struct entry *find(const struct certificates *all, const char *mapping)
{
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (!strcmp(e->name, mapping))
			return e;
	}
	return NULL;
}

/* --- files --- */

static void read_files(struct entry *e)
{
	struct stat now[2] = {0};
	struct certificate_files read;
	char *why;
	if (stat(e->certificate, &now[0]) == 0 && stat(e->key, &now[1]) == 0 && e->shown.tls &&
	    file_is_same(&now[0], &e->stamps[0]) && file_is_same(&now[1], &e->stamps[1]))
		return;
	if (certificate_files_read(e->certificate, e->key, &read, &why) < 0) {
		if (!text_same(e->error, why))
			log_error("certificate_not_taken", "mapping=%s reason=%s", e->name, why);
		mem_free(e->error);
		e->error = why;
		return;
	}
	if (e->shown.tls)
		log_info("certificate_reloaded", "mapping=%s file=%s", e->name, e->certificate);
	mem_free(e->error);
	e->error = NULL;
	tls_context_unref(e->shown.tls);
	e->shown = read;
	memcpy(e->stamps, now, sizeof(now));
}

/* --- all --- */

static bool is_valid(const struct entry *e)
{
	return e->shown.tls && loop_wall_ms() < e->shown.not_after_ms;
}

/* Tells the owner when one is valid that was not, or the other way round. */
static void settle(struct certificates *all)
{
	bool news = false;
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		news |= is_valid(e) != e->was_valid;
		e->was_valid = is_valid(e);
	}
	if (news)
		all->fn(all->owner);
}

static void on_timer(void *owner)
{
	struct certificates *all = owner;
	LIST_EACH(node, &all->entries)
	{
		struct entry *e = LIST_ENTRY(node, struct entry, node);
		if (e->certificate)
			read_files(e);
	}
	if (!list_is_empty(&all->entries))
		timer_set(all->timer, LOOK_MS);
	settle(all);
}

struct certificates *certificates_new(struct loop *l, certificates_fn *fn, void *owner)
{
	struct certificates *all = mem_zalloc(sizeof *all);
	all->loop = l;
	all->fn = fn;
	all->owner = owner;
	list_init(&all->entries);
	all->timer = timer_new(l, on_timer, all);
	return all;
}

void certificates_free(struct certificates *all)
{
	if (!all)
		return;
	while (!list_is_empty(&all->entries))
		entry_free(LIST_ENTRY(all->entries.next, struct entry, node));
	timer_close(all->timer);
	mem_free(all);
}

static bool has_files(const struct entry *e, const char *certificate, const char *key)
{
	return text_same(e->certificate, certificate) && text_same(e->key, key);
}

static void add(struct certificates *all, struct list *old, const struct mapping *m,
		const char *file)
{
	char *certificate = m->certificate ? file_beside(file, m->certificate) : NULL,
	     *key = m->private_key ? file_beside(file, m->private_key) : NULL;
	struct entry *e = NULL;
	LIST_EACH(node, old)
	{
		struct entry *had = LIST_ENTRY(node, struct entry, node);
		if (!strcmp(had->name, m->name) && has_files(had, certificate, key))
			e = had;
	}
	if (e) {
		mem_free(certificate);
		mem_free(key);
		list_remove(&e->node);
	} else {
		e = mem_zalloc(sizeof *e);
		e->name = mem_strdup(m->name);
		e->certificate = certificate;
		e->key = key;
	}
	list_append(&all->entries, &e->node);
}

void certificates_set(struct certificates *all, const struct agent_config *c)
{
	struct list old = {&old, &old};
	list_move(&old, &all->entries);
	for (size_t i = 0; i < c->mappings.count; i++)
		if (c->mappings.items[i].protocol == MAPPING_HTTPS)
			add(all, &old, &c->mappings.items[i], c->file);
	while (!list_is_empty(&old))
		entry_free(LIST_ENTRY(old.next, struct entry, node));
	on_timer(all);
}

struct tls_context *certificates_shown(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	return e ? e->shown.tls : NULL;
}

bool certificates_is_valid(const struct certificates *all, const char *mapping)
{
	const struct entry *e = find(all, mapping);
	return e && is_valid(e);
}

struct report_part certificates_part(const struct certificates *all, const char *mapping)
{
	static char time_is_over[] = "its time is over";
	const struct entry *e = find(all, mapping);
	struct report_part part = {.error = NULL};
	if (!e)
		return part;
	bool over = e->shown.tls && !is_valid(e);
	snprintf(part.state, sizeof part.state, "%s",
		 is_valid(e)        ? "valid"
		 : e->error || over ? "error"
				    : "pending");
	part.time_ms = e->shown.not_after_ms;
	part.error = e->error ? e->error : over ? time_is_over : NULL;
	return part;
}
