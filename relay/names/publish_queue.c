/*
 * An item is due when what is wanted differs from what was published. One job is under way at a
 * time. It ends well: the values that were sent are now the published ones, and the item is due
 * again if more has been wished meanwhile. This name refused: the item waits wait_ms behind the
 * others. Server in trouble: the item goes to the front and everybody waits. An item that is
 * removed while under way leaves the job running and its answer unheard.
 */
#include "relay/names/publish_queue.h"

#include "shared/base/backoff.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <string.h>

enum {
	REFUSED_MS = 60000,
	BACKOFF_BASE_MS = 2000,
	BACKOFF_MAX_MS = 300000,
	BACKOFF_FLOOR_MS = 1000
};

struct publish_queue {
	struct loop *loop;
	char *id;
	const struct publish_queue_owner *fns;
	void *owner;
	const struct publisher_kind *kind;
	void *self;                       /* the publisher */
	struct list due;                  /* items to be brought out, in turn */
	struct list refused;              /* items that wait, the first one the shortest */
	bool flying;                      /* a job is with the publisher */
	struct publish_queue_item *flier; /* whose, NULL when it was removed meanwhile */
	struct publish_job job;
	char *job_name; /* own copy, since the flier may go */
	struct backoff backoff;
	uint64_t paused_ms; /* loop time until which nobody is tried */
	bool stopped;
	char *trouble; /* why it pauses or has stopped */
	struct timer *timer;
	struct task pump;
};

const char *publish_queue_text(const struct publish_set *set, char out[PUBLISH_QUEUE_TEXT])
{
	size_t at = 0;
	out[0] = 0;
	for (unsigned i = 0; i < set->count; i++) {
		char ip[ADDR_TEXT];
		addr_ip_text(&set->list[i], ip);
		size_t len = strlen(ip);
		if (i)
			out[at++] = ',';
		memcpy(out + at, ip, len + 1);
		at += len;
	}
	return out;
}

static void replace(char **at, const char *text)
{
	char *copy = mem_strdup(text); /* text may be *at */
	mem_free(*at);
	*at = copy;
}

/* Never published and nothing wanted is the same as deleted. */
static bool is_due(const struct publish_queue *c, struct publish_queue_item *item, unsigned which,
		   struct publish_set *set)
{
	char text[PUBLISH_QUEUE_TEXT];
	c->fns->wanted(c->owner, item, which ? 6 : 4, set);
	publish_queue_text(set, text);
	set->due = strcmp(text, item->published[which] ? item->published[which] : "") != 0;
	return set->due;
}

static bool any_due(struct publish_queue *c, struct publish_queue_item *item,
		    struct publish_set sets[2])
{
	bool four = is_due(c, item, 0, &sets[0]), six = is_due(c, item, 1, &sets[1]);
	return four || six;
}

static void set_timer(struct publish_queue *c)
{
	uint64_t now = loop_now_ms(c->loop), at = UINT64_MAX;
	if (c->paused_ms > now && !list_is_empty(&c->due))
		at = c->paused_ms;
	if (!list_is_empty(&c->refused)) {
		uint64_t first =
		    LIST_ENTRY(c->refused.next, struct publish_queue_item, node)->retry_ms;
		at = first < at ? first : at;
	}
	if (at == UINT64_MAX || c->stopped)
		timer_stop(c->timer);
	else
		timer_set(c->timer, at > now ? at - now : 1);
}

static void pump(void *arg)
{
	struct publish_queue *c = arg;
	if (c->flying || c->stopped || !c->self)
		return;
	if (c->paused_ms > loop_now_ms(c->loop)) {
		set_timer(c);
		return;
	}
	while (!list_is_empty(&c->due)) {
		struct publish_queue_item *item =
		    LIST_ENTRY(c->due.next, struct publish_queue_item, node);
		list_remove(&item->node);
		if (!any_due(c, item, c->job.sets))
			continue;
		c->flying = true;
		c->flier = item;
		replace(&c->job_name, item->name);
		c->job.name = c->job_name;
		c->kind->publish(c->self, &c->job);
		return;
	}
}

static void on_timer(void *owner)
{
	struct publish_queue *c = owner;
	uint64_t now = loop_now_ms(c->loop);
	while (!list_is_empty(&c->refused)) {
		struct publish_queue_item *item =
		    LIST_ENTRY(c->refused.next, struct publish_queue_item, node);
		if (item->retry_ms > now)
			break;
		list_remove(&item->node);
		list_append(&c->due, &item->node);
	}
	set_timer(c);
	task_mark(c->loop, &c->pump);
}

struct publish_queue *publish_queue_new(struct loop *l, const char *id,
					const struct publish_queue_owner *fns, void *owner)
{
	struct publish_queue *c = mem_zalloc(sizeof(*c));
	c->loop = l;
	c->id = mem_strdup(id);
	c->fns = fns;
	c->owner = owner;
	list_init(&c->due);
	list_init(&c->refused);
	c->backoff = (struct backoff){.base_ms = BACKOFF_BASE_MS, .max_ms = BACKOFF_MAX_MS};
	c->timer = timer_new(l, on_timer, c);
	task_init(&c->pump, pump, c);
	return c;
}

void publish_queue_attach(struct publish_queue *c, const struct publisher_kind *kind, void *self)
{
	c->kind = kind;
	c->self = self;
	task_mark(c->loop, &c->pump);
}

void publish_queue_close(struct publish_queue *c)
{
	if (!c)
		return;
	if (c->self)
		c->kind->close(c->self);
	timer_close(c->timer);
	task_cancel(&c->pump);
	mem_free(c->trouble);
	mem_free(c->job_name);
	mem_free(c->id);
	mem_free(c);
}

const char *publish_queue_id(const struct publish_queue *c)
{
	return c->id;
}

void publish_queue_add(struct publish_queue *c, struct publish_queue_item *item, const char *name)
{
	(void)c;
	list_init(&item->node);
	item->name = name;
}

void publish_queue_check(struct publish_queue *c, struct publish_queue_item *item)
{
	struct publish_set sets[2];
	if (!c->kind->serves(c->self, item->name) || c->flier == item || !any_due(c, item, sets)) {
		if (c->flier != item)
			list_remove(&item->node);
		return;
	}
	list_remove(&item->node);
	list_append(&c->due, &item->node);
	task_mark(c->loop, &c->pump);
}

void publish_queue_remove(struct publish_queue *c, struct publish_queue_item *item)
{
	list_remove(&item->node);
	if (c->flier == item)
		c->flier = NULL;
	for (unsigned which = 0; which < 2; which++) {
		mem_free(item->published[which]);
		item->published[which] = NULL;
	}
	mem_free(item->error);
	item->error = NULL;
}

bool publish_queue_is_settled(const struct publish_queue *c, const struct publish_queue_item *item)
{
	if (c->flier == item)
		return false;
	return (!item->published[0] || !*item->published[0]) &&
	       (!item->published[1] || !*item->published[1]);
}

static void went_well(struct publish_queue *c, struct publish_queue_item *item)
{
	char text[PUBLISH_QUEUE_TEXT];
	backoff_reset(&c->backoff);
	c->paused_ms = 0;
	mem_free(c->trouble);
	c->trouble = NULL;
	if (!item)
		return;
	mem_free(item->error);
	item->error = NULL;
	for (unsigned which = 0; which < 2; which++) {
		if (!c->job.sets[which].due)
			continue;
		replace(&item->published[which], publish_queue_text(&c->job.sets[which], text));
		item->since_ms[which] = loop_wall_ms();
	}
	struct publish_set sets[2];
	if (any_due(c, item, sets))
		list_append(&c->due, &item->node);
	c->fns->published(c->owner, c, item);
}

static void was_refused(struct publish_queue *c, struct publish_queue_item *item, uint64_t wait_ms,
			const char *error)
{
	if (!item)
		return;
	replace(&item->error, error);
	item->retry_ms = loop_now_ms(c->loop) + (wait_ms ? wait_ms : REFUSED_MS);
	/* In order of time; nearly always that is the end. */
	struct list *before = c->refused.prev;
	while (before != &c->refused &&
	       LIST_ENTRY(before, struct publish_queue_item, node)->retry_ms > item->retry_ms)
		before = before->prev;
	list_prepend(before, &item->node);
	log_warn("name_not_published", "publisher=%s name=%s reason=%s", c->kind->kind, item->name,
		 error);
}

static void must_wait(struct publish_queue *c, struct publish_queue_item *item, bool stop,
		      uint64_t wait_ms, const char *error)
{
	if (!wait_ms)
		wait_ms = backoff_next(&c->backoff, BACKOFF_FLOOR_MS, random_u32());
	c->paused_ms = loop_now_ms(c->loop) + wait_ms;
	c->stopped = stop;
	/* once for each kind of trouble, not for each try */
	if (!c->trouble || strcmp(c->trouble, error) != 0)
		log_warn(stop ? "publisher_stopped" : "publisher_waits", "publisher=%s reason=%s",
			 c->id, error);
	replace(&c->trouble, error);
	if (!item)
		return;
	replace(&item->error, error);
	list_prepend(&c->due, &item->node);
}

void publish_queue_done(void *converge, enum publish_result result, uint64_t wait_ms,
			const char *error)
{
	struct publish_queue *c = converge;
	struct publish_queue_item *item = c->flier;
	assert(c->flying);
	c->flying = false;
	c->flier = NULL;
	task_mark(c->loop, &c->pump);
	switch (result) {
	case PUBLISH_OK:
		went_well(c, item);
		break;
	case PUBLISH_REFUSED:
		was_refused(c, item, wait_ms, error);
		break;
	case PUBLISH_LATER:
	case PUBLISH_STOP:
		must_wait(c, item, result == PUBLISH_STOP, wait_ms, error);
		break;
	}
	set_timer(c);
}

const char *publish_queue_value(const struct publish_queue_item *item, unsigned family)
{
	return item->published[family == 4 ? 0 : 1];
}

/* When the next try is, in UNIX time, or 0: none is needed, or none will be made. */
static uint64_t next_try(const struct publish_queue *c, const struct publish_queue_item *item)
{
	uint64_t now = loop_now_ms(c->loop);
	if (list_is_empty(&item->node) || c->stopped)
		return 0;
	uint64_t at = item->error && item->retry_ms > now ? item->retry_ms : c->paused_ms;
	return loop_wall_ms() + (at > now ? at - now : 0);
}

void publish_queue_status(const struct publish_queue *c, const struct publish_queue_item *item,
			  unsigned family, struct json *w)
{
	unsigned which = family == 4 ? 0 : 1;
	if (!c->kind->serves(c->self, item->name))
		return;
	const char *value = item->published[which];
	bool waits = !list_is_empty(&item->node);
	json_open(w, NULL, '{');
	json_str(w, "kind", c->kind->kind);
	json_str(w, "value", value && *value ? value : NULL);
	json_time(w, "since", value ? item->since_ms[which] : 0);
	json_str(w, "error", item->error ? item->error : waits ? c->trouble : NULL);
	json_time(w, "next_try", next_try(c, item));
	json_close(w);
}
