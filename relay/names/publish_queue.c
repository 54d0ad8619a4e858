/*
 * There is an item for each name. It is due when what is wanted differs from what was published.
 * The values of a TXT record stand beside those of others, so each of ours is deleted by itself.
 * Therefore a value is written down among what was tried before it is sent for the first time, and
 * stays there until the publisher has deleted it.
 *
 * One job is under way at a time. How it ends (at debug level the log says so):
 *
 *	ok        what was sent is published now, and kept; the item is due again if something
 *	          else is wanted meanwhile
 *	refused   this name only: the item waits behind the others
 *	later     the server is in trouble: all wait, and then the others are tried before this
 *	          item, whose name may be the trouble
 *	stop      nothing is tried until the configuration is read again
 */
#include "relay/names/publish_queue.h"

#include "shared/base/backoff.h"
#include "shared/base/hash_table.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <string.h>

enum {
	REFUSED_MS = 60000,
	UNWRITTEN_MS = 2000,
	BACKOFF_BASE_MS = 2000,
	BACKOFF_MAX_MS = 300000,
	BACKOFF_FLOOR_MS = 1000
};

struct item {
	struct list node; /* among the due or the refused ones, or on none */
	/* comma list as brought out, "" for a deleted set, NULL: not known */
	char *published[PUBLISH_TYPES];
	/* something else was sent, and nobody knows whether it came through */
	bool unsure[PUBLISH_ADDRESSES];
	/* TXT: comma list of all values that may be there, as the store has it, or NULL */
	char *tried;
	char *before; /* that, as it was before what is sent next was written down */
	bool fresh;   /* before counts: it was not sent yet, or that is the job under way */
	uint64_t since_ms[PUBLISH_TYPES]; /* UNIX time of that */
	char *error;                      /* of the last try, NULL: it went well */
	uint64_t retry_ms;                /* loop time, while among the refused */
	char name[];
};

struct publish_queue {
	struct loop *loop;
	struct write_batch *batch;
	char *id;
	const struct publisher_kind *kind;
	const void *settings;
	const struct publish_queue_owner *fns;
	void *owner;
	void *publisher;
	struct hash_table *items; /* by name */
	struct list due;          /* in turn */
	struct list refused;      /* the first one waits the shortest */
	struct item *under_way;   /* whose job is with the publisher, or NULL */
	struct publish_job job;
	struct write_batch_wait written; /* of what is about to be tried */
	char *trying;                    /* that, as it is being written, or NULL */
	struct backoff backoff;
	uint64_t paused_ms; /* loop time until which nothing is tried */
	bool stopped;
	char *trouble; /* why it pauses or has stopped */
	struct timer *timer;
	struct task pump;
	bool is_failing; /* as told last */
};

static void replace(char **at, const char *text)
{
	char *copy = mem_strdup(text); /* text may be *at */
	mem_free(*at);
	*at = copy;
}

static struct item *find(const struct publish_queue *q, const char *name)
{
	return hash_table_get(q->items, name, strlen(name));
}

static struct item *obtain(struct publish_queue *q, const char *name)
{
	struct item *i = find(q, name);
	if (i)
		return i;
	size_t len = strlen(name);
	i = mem_zalloc(sizeof(*i) + len + 1);
	list_init(&i->node);
	memcpy(i->name, name, len);
	hash_table_add(q->items, i->name, len, i);
	return i;
}

static void free_item(void *arg, void *value)
{
	struct item *i = value;
	(void)arg;
	for (unsigned t = 0; t < PUBLISH_TYPES; t++)
		mem_free(i->published[t]);
	mem_free(i->tried);
	mem_free(i->before);
	mem_free(i->error);
	mem_free(i);
}

/* Of a TXT record whose wanted values are given: those that have to go; and of the wanted ones no
 * more than fit beside what was tried, the others are due afterwards. True: something has to
 * go. */
static bool plan_texts(struct publish_change *c, const char *tried_text)
{
	struct publish_set tried, fits = {0};
	publish_set_read(&tried, tried_text);
	unsigned room = PUBLISH_VALUES - tried.count;
	for (unsigned i = 0; i < tried.count; i++)
		if (!publish_set_has(&c->wanted, tried.values[i]))
			publish_set_add(&c->gone, tried.values[i]);
	for (unsigned i = 0; i < c->wanted.count; i++) {
		bool is_new = !publish_set_has(&tried, c->wanted.values[i]);
		if (!is_new || room)
			publish_set_add(&fits, c->wanted.values[i]);
		room -= is_new && room;
	}
	c->wanted = fits;
	return c->gone.count > 0;
}

/* What is to be changed; false: nothing. i NULL: nothing is published. */
static bool is_due(const struct publish_queue *q, const char *name, const struct item *i,
		   struct publish_job *out)
{
	*out = (struct publish_job){.name = i ? i->name : name};
	for (unsigned t = 0; t < PUBLISH_TYPES; t++) {
		struct publish_change *c = &out->changes[out->count];
		char text[PUBLISH_TEXT];
		*c = (struct publish_change){.type = t};
		if (t == PUBLISH_TXT && !q->kind->carries_texts)
			continue;
		q->fns->wanted(q->owner, name, t, &c->wanted);
		bool due =
		    t == PUBLISH_TXT ? plan_texts(c, i ? i->tried : NULL) : i && i->unsure[t];
		publish_set_text(&c->wanted, text);
		/* Never published and nothing wanted is the same as deleted. */
		if (due || !text_same(text, i ? i->published[t] : NULL))
			out->count++;
	}
	return out->count > 0;
}

/* Drops an item that is not due when nothing of it is published, either. */
static void drop_if_empty(struct publish_queue *q, struct item *i)
{
	for (unsigned t = 0; t < PUBLISH_TYPES; t++)
		if (i->published[t] && *i->published[t])
			return;
	if (i->tried && *i->tried)
		return;
	list_remove(&i->node);
	hash_table_remove(q->items, i->name, strlen(i->name));
	free_item(NULL, i);
}

static void set_timer(struct publish_queue *q)
{
	uint64_t now = loop_now_ms(q->loop), at = UINT64_MAX;
	if (q->paused_ms > now && !list_is_empty(&q->due))
		at = q->paused_ms;
	if (!list_is_empty(&q->refused)) {
		uint64_t first = LIST_ENTRY(q->refused.next, struct item, node)->retry_ms;
		at = first < at ? first : at;
	}
	if (at == UINT64_MAX || q->stopped)
		timer_stop(q->timer);
	else
		timer_set(q->timer, at > now ? at - now : 1);
}

/* What is published is kept; of a TXT record, what may be. */
static void keep(struct publish_queue *q, const char *name, enum publish_type t, const char *value,
		 uint64_t since_ms)
{
	struct store_batch *b = write_batch_batch(q->batch);
	const struct store_published row = {.publisher = q->id,
					    .name = name,
					    .family = publish_type_number(t),
					    .value = value,
					    .since_ms = since_ms};
	if (*row.value)
		store_put_published(b, &row);
	else
		store_drop_published(b, q->id, name, row.family);
}

/* Values that were never tried are written down before the job goes out. False: there are none. */
static bool writes_first(struct publish_queue *q, const struct item *i)
{
	const struct publish_change *c = &q->job.changes[q->job.count - 1];
	struct publish_set all;
	char text[PUBLISH_TEXT];
	publish_set_read(&all, i->tried);
	unsigned before = all.count;
	for (unsigned k = 0; c->type == PUBLISH_TXT && k < c->wanted.count; k++)
		if (!publish_set_has(&all, c->wanted.values[k]))
			publish_set_add(&all, c->wanted.values[k]);
	if (all.count == before)
		return false;
	replace(&q->trying, publish_set_text(&all, text));
	keep(q, i->name, PUBLISH_TXT, q->trying, 0);
	write_batch_join(q->batch, &q->written);
	return true;
}

static void publish(struct publish_queue *q, struct item *i)
{
	for (size_t k = 0; k < q->job.count; k++)
		if (q->job.changes[k].type < PUBLISH_ADDRESSES)
			i->unsure[q->job.changes[k].type] = true;
	q->kind->publish(q->publisher, &q->job);
}

static void pump(void *arg)
{
	struct publish_queue *q = arg;
	if (q->under_way || q->stopped)
		return;
	if (q->paused_ms > loop_now_ms(q->loop)) {
		set_timer(q);
		return;
	}
	while (!q->under_way && !list_is_empty(&q->due)) {
		struct item *i = LIST_ENTRY(q->due.next, struct item, node);
		list_remove(&i->node);
		if (is_due(q, i->name, i, &q->job)) {
			q->under_way = i;
			if (!writes_first(q, i))
				publish(q, i);
		} else {
			drop_if_empty(q, i);
		}
	}
}

static void on_timer(void *owner)
{
	struct publish_queue *q = owner;
	uint64_t now = loop_now_ms(q->loop);
	while (!list_is_empty(&q->refused)) {
		struct item *i = LIST_ENTRY(q->refused.next, struct item, node);
		if (i->retry_ms > now)
			break;
		list_remove(&i->node);
		list_append(&q->due, &i->node);
	}
	set_timer(q);
	task_mark(q->loop, &q->pump);
}

static void check(struct publish_queue *q, struct item *i)
{
	struct publish_job job;
	if (!q->kind->serves(q->settings, i->name) || q->under_way == i)
		return;
	list_remove(&i->node);
	if (!is_due(q, i->name, i, &job)) {
		drop_if_empty(q, i);
		return;
	}
	list_append(&q->due, &i->node);
	task_mark(q->loop, &q->pump);
}

void publish_queue_check(struct publish_queue *q, const char *name)
{
	struct publish_job job;
	struct item *i = find(q, name);
	if (!i && q->kind->serves(q->settings, name) && is_due(q, name, NULL, &job))
		i = obtain(q, name);
	if (i)
		check(q, i);
}

static void check_one(void *arg, void *value)
{
	check(arg, value);
}

void publish_queue_check_all(struct publish_queue *q)
{
	hash_table_each(q->items, check_one, q);
}

/* --- what became of a job --- */

/* How it is from now on; why: it fails. */
static void tell_publisher(struct publish_queue *q, const char *why)
{
	bool is_news = q->is_failing != (why != NULL);
	q->is_failing = why != NULL;
	if (is_news)
		q->fns->told(q->owner, why ? EVENT_PUBLISHER_FAILS : EVENT_PUBLISHER_WORKS, q->id,
			     why);
}

static void went_well(struct publish_queue *q, struct item *i)
{
	char text[PUBLISH_TEXT];
	backoff_reset(&q->backoff);
	q->paused_ms = 0;
	replace(&q->trouble, NULL);
	replace(&i->error, NULL);
	for (size_t k = 0; k < q->job.count; k++) {
		const struct publish_change *c = &q->job.changes[k];
		replace(&i->published[c->type], publish_set_text(&c->wanted, text));
		i->since_ms[c->type] = loop_wall_ms();
		if (c->type == PUBLISH_TXT)
			replace(&i->tried, text);
		else
			i->unsure[c->type] = false;
		keep(q, i->name, c->type, i->published[c->type], i->since_ms[c->type]);
	}
	tell_publisher(q, NULL);
	q->fns->told(q->owner, EVENT_NAME_PUBLISHED, i->name, q->kind->name);
	q->fns->published(q->owner, i->name);
	check(q, i);
}

static void was_refused(struct publish_queue *q, struct item *i, uint64_t wait_ms,
			const char *error)
{
	replace(&i->error, error);
	i->retry_ms = loop_now_ms(q->loop) + (wait_ms ? wait_ms : REFUSED_MS);
	/* The list is in order of time. Nearly always the place is at the end. */
	struct list *before = q->refused.prev;
	while (before != &q->refused &&
	       LIST_ENTRY(before, struct item, node)->retry_ms > i->retry_ms)
		before = before->prev;
	list_prepend(before, &i->node);
	log_warn("name_not_published", "publisher=%s name=%s reason=%s", q->kind->name, i->name,
		 error);
	q->fns->told(q->owner, EVENT_NAME_FAILED, i->name, error);
	tell_publisher(q, error);
}

static void must_wait(struct publish_queue *q, struct item *i, bool stop, uint64_t wait_ms,
		      const char *error)
{
	if (!wait_ms)
		wait_ms = backoff_next(&q->backoff, BACKOFF_FLOOR_MS, random_u32());
	q->paused_ms = loop_now_ms(q->loop) + wait_ms;
	q->stopped = stop;
	/* once for each kind of trouble, not for each try */
	if (!q->trouble || strcmp(q->trouble, error) != 0)
		log_warn(stop ? "publisher_stopped" : "publisher_waits", "publisher=%s reason=%s",
			 q->id, error);
	replace(&q->trouble, error);
	replace(&i->error, error);
	list_append(&q->due, &i->node);
	tell_publisher(q, error);
}

/* The values of which nothing was done need not be deleted. */
static void forget_tried(struct publish_queue *q, struct item *i)
{
	if (!q->kind->refuses_whole || !i->fresh)
		return;
	replace(&i->tried, i->before);
	keep(q, i->name, PUBLISH_TXT, i->tried ? i->tried : "", 0);
}

/* The values that are tried next are in the state file, or cannot be written. */
static void on_written(struct write_batch_wait *wait, bool written)
{
	struct publish_queue *q = LIST_ENTRY(wait, struct publish_queue, written);
	struct item *i = q->under_way;
	q->under_way = NULL;
	if (written) {
		replace(&i->before, i->tried);
		i->fresh = true;
		replace(&i->tried, q->trying);
		list_prepend(&q->due, &i->node);
	} else {
		was_refused(q, i, UNWRITTEN_MS, "the state file cannot be written");
	}
	task_mark(q->loop, &q->pump);
	set_timer(q);
}

static void on_done(void *owner, enum publish_result result, uint64_t wait_ms, const char *error)
{
	struct publish_queue *q = owner;
	static const char *const text[] = {[PUBLISH_OK] = "ok",
					   [PUBLISH_REFUSED] = "refused",
					   [PUBLISH_LATER] = "later",
					   [PUBLISH_STOP] = "stop"};
	struct item *i = q->under_way;
	assert(i);
	log_debug("publish_job", "publisher=%s name=%s result=%s", q->id, i->name, text[result]);
	q->under_way = NULL;
	task_mark(q->loop, &q->pump);
	switch (result) {
	case PUBLISH_OK:
		i->fresh = false;
		went_well(q, i);
		break;
	case PUBLISH_REFUSED:
		memset(i->unsure, 0, sizeof(i->unsure));
		forget_tried(q, i);
		i->fresh = false;
		was_refused(q, i, wait_ms, error);
		break;
	case PUBLISH_LATER:
	case PUBLISH_STOP:
		i->fresh = false;
		must_wait(q, i, result == PUBLISH_STOP, wait_ms, error);
		break;
	}
	set_timer(q);
}

/* --- beginning and end --- */

static void begin_anew(void *arg, void *value)
{
	struct item *i = value;
	(void)arg;
	list_remove(&i->node);
	replace(&i->error, NULL);
	i->fresh = false;
}

struct publish_queue *publish_queue_new(struct loop *l, struct write_batch *batch,
					const struct publisher_config *config,
					struct publish_queue *before,
					const struct publish_queue_owner *fns, void *owner)
{
	struct publish_queue *q = mem_zalloc(sizeof(*q));
	q->loop = l;
	q->batch = batch;
	q->kind = config->kind;
	q->settings = config->settings;
	q->id = q->kind->id(q->settings);
	q->fns = fns;
	q->owner = owner;
	list_init(&q->due);
	list_init(&q->refused);
	q->backoff = (struct backoff){.base_ms = BACKOFF_BASE_MS, .max_ms = BACKOFF_MAX_MS};
	q->timer = timer_new(l, on_timer, q);
	task_init(&q->pump, pump, q);
	q->written.fn = on_written;
	q->items = hash_table_new();
	if (before) {
		struct hash_table *none = q->items;
		q->items = before->items;
		before->items = none;
		hash_table_each(q->items, begin_anew, NULL);
	}
	q->publisher = q->kind->start(l, q->settings, on_done, q);
	return q;
}

void publish_queue_close(struct publish_queue *q)
{
	q->kind->close(q->publisher);
	write_batch_leave(&q->written);
	timer_close(q->timer);
	task_cancel(&q->pump);
	hash_table_each(q->items, free_item, NULL);
	hash_table_free(q->items);
	mem_free(q->trouble);
	mem_free(q->trying);
	mem_free(q->id);
	mem_free(q);
}

const char *publish_queue_id(const struct publish_queue *q)
{
	return q->id;
}

void publish_queue_restore(struct publish_queue *q, const struct store_published *row)
{
	int type = publish_type_of_number(row->family);
	if (type < 0)
		return;
	struct item *i = obtain(q, row->name);
	replace(type == PUBLISH_TXT ? &i->tried : &i->published[type], row->value);
	i->since_ms[type] = row->since_ms;
}

/* --- what is told --- */

const char *publish_queue_value(const struct publish_queue *q, const char *name,
				enum publish_type type)
{
	const struct item *i = find(q, name);
	return i ? i->published[type] : NULL;
}

void publish_queue_progress(const struct publish_queue *q, const char *name, const char *value,
			    struct publish_progress *sum)
{
	struct publish_set there;
	if (!q->kind->carries_texts || !q->kind->serves(q->settings, name))
		return;
	const struct item *i = find(q, name);
	publish_set_read(&there, i ? i->published[PUBLISH_TXT] : NULL);
	const char *why = i && i->error ? i->error : q->trouble;
	if (publish_set_has(&there, value))
		sum->there++;
	else if (why)
		sum->failed++;
	else
		sum->tried++;
	if (why && !publish_set_has(&there, value))
		sum->why = why;
}

/* When the next try is, in UNIX time, or 0: none is needed, or none will be made. */
static uint64_t next_try(const struct publish_queue *q, const struct item *i)
{
	uint64_t now = loop_now_ms(q->loop);
	if (list_is_empty(&i->node) || q->stopped)
		return 0;
	uint64_t at = i->error && i->retry_ms > now ? i->retry_ms : q->paused_ms;
	return loop_wall_ms() + (at > now ? at - now : 0);
}

void publish_queue_status(const struct publish_queue *q, const char *name, enum publish_type type,
			  struct json *w)
{
	static const struct item none = {0};
	const struct item *i = find(q, name);
	if (!q->kind->serves(q->settings, name))
		return;
	bool waits = i && !list_is_empty(&i->node);
	i = i ? i : &none;
	const char *value = i->published[type];
	json_open(w, NULL, '{');
	json_str(w, "kind", q->kind->name);
	json_str(w, "value", value && *value ? value : NULL);
	json_time(w, "since", value ? i->since_ms[type] : 0);
	json_str(w, "error", i->error ? i->error : waits ? q->trouble : NULL);
	json_time(w, "next_try", waits ? next_try(q, i) : 0);
	json_close(w);
}
