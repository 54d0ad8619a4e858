#include "shared/admin/audit_log.h"

#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <string.h>

struct entry {
	struct list node;
	uint64_t at_ms;
	char *by, *from, *what, *before, *after;
};

struct audit_log {
	struct list entries; /* the newest first */
	size_t count;
};

struct audit_log *audit_log_new(void)
{
	struct audit_log *a = mem_zalloc(sizeof *a);
	list_init(&a->entries);
	return a;
}

static void drop(struct audit_log *a, struct entry *e)
{
	list_remove(&e->node);
	a->count--;
	mem_free(e->by);
	mem_free(e->from);
	mem_free(e->what);
	mem_free(e->before);
	mem_free(e->after);
	mem_free(e);
}

void audit_log_free(struct audit_log *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->entries))
		drop(a, LIST_ENTRY(a->entries.next, struct entry, node));
	mem_free(a);
}

static char *beginning(const char *text)
{
	return text ? mem_printf("%.*s", AUDIT_LOG_TEXT, text) : NULL;
}

void audit_log_add(struct audit_log *a, const struct audit_change *c)
{
	struct entry *e = mem_zalloc(sizeof *e);
	*e = (struct entry){.at_ms = c->at_ms,
			    .by = beginning(c->by),
			    .from = beginning(c->from),
			    .what = beginning(c->what),
			    .before = beginning(c->before),
			    .after = beginning(c->after)};
	log_info("admin_change", "what=%s by=%s source=%s before=%s after=%s", e->what, e->by,
		 e->from, e->before, e->after);
	list_prepend(&a->entries, &e->node);
	if (++a->count > AUDIT_LOG_KEPT)
		drop(a, LIST_ENTRY(a->entries.prev, struct entry, node));
}

void audit_log_write(const struct audit_log *a, struct json *w)
{
	json_open(w, "audit", '[');
	LIST_EACH(node, &a->entries)
	{
		const struct entry *e = LIST_ENTRY(node, struct entry, node);
		json_open(w, NULL, '{');
		json_time(w, "at", e->at_ms);
		json_str(w, "by", e->by);
		json_str(w, "from", e->from);
		json_str(w, "what", e->what);
		json_str(w, "before", e->before);
		json_str(w, "after", e->after);
		json_close(w);
	}
	json_close(w);
}
