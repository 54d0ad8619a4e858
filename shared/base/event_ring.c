#include "shared/base/event_ring.h"

#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

struct entry {
	struct list node; /* oldest first */
	uint64_t id, time_ms;
	enum event_kind kind;
	char *account, *agent, *subject, *why; /* NULL: none */
};

struct event_ring {
	struct list entries;
	size_t count;
	uint64_t next_id, last_id;
};

static char *keep(const char *text)
{
	char cut[EVENT_RING_TEXT];
	return text ? text_harmless(text_fit(text, cut, sizeof cut)) : NULL;
}

static void drop(struct event_ring *r, struct entry *e)
{
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

/* Whether both count against the same bound: one account, or one kind without an account, because
 * strangers can cause many events of some kinds. */
static bool is_beside(const struct entry *other, const struct event *e)
{
	return text_same(other->account, e->account) && (e->account || other->kind == e->kind);
}

/* Makes room for an event when needed: drops the oldest event of its bound, or the oldest of
 * all. */
static void make_room(struct event_ring *r, const struct event *e)
{
	struct entry *oldest = NULL;
	size_t count = 0;
	LIST_EACH(node, &r->entries)
	{
		if (!is_beside(entry_of(node), e))
			continue;
		oldest = oldest ? oldest : entry_of(node);
		count++;
	}
	if (count >= EVENT_RING_EACH)
		drop(r, oldest);
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
	r->next_id = now_ms;
	return r;
}

void event_ring_free(struct event_ring *r)
{
	if (!r)
		return;
	while (r->count)
		drop(r, entry_of(r->entries.next));
	mem_free(r);
}
