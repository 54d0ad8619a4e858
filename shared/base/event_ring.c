#include "shared/base/event_ring.h"

#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

/* The events that count against the same bound: one account, or one kind without an account,
 * because strangers can cause many events of some kinds. There while it has any. */
struct group {
	struct list entries; /* by beside, oldest first */
	size_t count;
	char key[];
};

struct entry {
	struct list node;   /* oldest first */
	struct list beside; /* of its group */
	struct group *group;
	uint64_t id, time_ms;
	enum event_kind kind;
	char *account, *agent, *subject, *why; /* NULL: none */
};

struct event_ring {
	struct list entries;
	size_t count;
	struct hash_table *groups;
	uint64_t next_id, last_id;
};

static char *keep(const char *text)
{
	char cut[EVENT_RING_TEXT];
	return text ? text_harmless(text_fit(text, cut, sizeof cut)) : NULL;
}

/* --- groups --- */

static char *key_of(const struct event *e)
{
	return e->account ? mem_printf("account %s", e->account) : mem_printf("kind %d", e->kind);
}

static struct group *find_group(const struct event_ring *r, const struct event *e)
{
	char *key = key_of(e);
	struct group *g = hash_table_get(r->groups, key, strlen(key));
	mem_free(key);
	return g;
}

static struct group *obtain_group(struct event_ring *r, const struct event *e)
{
	struct group *g = find_group(r, e);
	if (g)
		return g;
	char *key = key_of(e);
	g = mem_zalloc(sizeof *g + strlen(key) + 1);
	list_init(&g->entries);
	strcpy(g->key, key);
	mem_free(key);
	hash_table_add(r->groups, g->key, strlen(g->key), g);
	return g;
}

static void join_group(struct event_ring *r, struct entry *fresh, const struct event *e)
{
	fresh->group = obtain_group(r, e);
	fresh->group->count++;
	list_append(&fresh->group->entries, &fresh->beside);
}

static void leave_group(struct event_ring *r, struct entry *e)
{
	struct group *g = e->group;
	list_remove(&e->beside);
	if (--g->count)
		return;
	hash_table_remove(r->groups, g->key, strlen(g->key));
	mem_free(g);
}

/* --- events --- */

static void drop(struct event_ring *r, struct entry *e)
{
	leave_group(r, e);
	list_remove(&e->node);
	r->count--;
	mem_free(e->account);
	mem_free(e->agent);
	mem_free(e->subject);
	mem_free(e->why);
	mem_free(e);
}

static struct entry *entry_of(struct list *node)
{
	return LIST_ENTRY(node, struct entry, node);
}

/* Makes room for an event when needed: drops the oldest event of its group, or the oldest of
 * all. */
static void make_room(struct event_ring *r, const struct event *e)
{
	const struct group *g = find_group(r, e);
	if (g && g->count >= EVENT_RING_EACH)
		drop(r, LIST_ENTRY(g->entries.next, struct entry, beside));
	else if (r->count == EVENT_RING_MOST)
		drop(r, entry_of(r->entries.next));
}

void event_ring_add(struct event_ring *r, const struct event *e, uint64_t time_ms)
{
	make_room(r, e);
	struct entry *fresh = mem_zalloc(sizeof *fresh);
	*fresh = (struct entry){.id = r->next_id,
				.time_ms = time_ms,
				.kind = e->kind,
				.account = keep(e->account),
				.agent = keep(e->agent),
				.subject = keep(e->subject),
				.why = keep(e->why)};
	join_group(r, fresh, e);
	list_append(&r->entries, &fresh->node);
	r->count++;
	r->last_id = r->next_id++;
}

uint64_t event_ring_last(const struct event_ring *r)
{
	return r->last_id;
}

static void write_entry(const struct entry *e, struct json *w)
{
	json_open(w, NULL, '{');
	json_uint(w, "id", e->id);
	json_time(w, "time", e->time_ms);
	json_str(w, "event", event_kind_text(e->kind));
	json_str(w, "account", e->account);
	json_str(w, "agent", e->agent);
	json_str(w, "subject", e->subject);
	json_str(w, "why", e->why);
	json_close(w);
}

static bool is_asked(const struct entry *e, uint64_t after, enum event_kind only)
{
	return e->id > after && (only == EVENT_KIND_COUNT || e->kind == only);
}

void event_ring_write(const struct event_ring *r, uint64_t after, size_t most, enum event_kind only,
		      struct json *w)
{
	size_t count = 0;
	LIST_EACH(node, &r->entries)
	count += is_asked(entry_of(node), after, only);
	LIST_EACH(node, &r->entries)
	if (is_asked(entry_of(node), after, only) && count-- <= most)
		write_entry(entry_of(node), w);
}

struct event_ring *event_ring_new(uint64_t now_ms)
{
	struct event_ring *r = mem_zalloc(sizeof *r);
	list_init(&r->entries);
	r->groups = hash_table_new();
	r->next_id = now_ms;
	return r;
}

void event_ring_free(struct event_ring *r)
{
	if (!r)
		return;
	while (r->count)
		drop(r, entry_of(r->entries.next));
	hash_table_free(r->groups);
	mem_free(r);
}
