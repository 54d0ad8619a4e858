#include "shared/admin/event_streams.h"

#include "shared/admin/admin_answer.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <inttypes.h>

enum {
	CHECK_MS = 1000,
	/* A comment is sent at each such check, because only a write shows that a listener has
	 * gone. */
	CHECKS_A_COMMENT = 15,
	EVENT_HEAD = 64 /* room for what stands around the data of an event */
};

struct listener {
	struct list node;
	struct event_streams *all;
	struct http_exchange *exchange;
	char *key;
};

struct event_streams {
	event_streams_fn *fn;
	void *owner;
	struct list listeners; /* the oldest first */
	unsigned count, checks;
	struct timer *timer;
};

static void drop(struct listener *l)
{
	list_remove(&l->node);
	l->all->count--;
	mem_free(l->key);
	mem_free(l);
}

static void on_gone(void *owner)
{
	drop(owner);
}

static void end(struct listener *l)
{
	http_stream_end(l->exchange);
	drop(l);
}

static void write_all(struct event_streams *e, struct refcounted_text *text)
{
	LIST_EACH(node, &e->listeners)
	{
		struct listener *l = LIST_ENTRY(node, struct listener, node);
		if (!http_stream_write(l->exchange, text))
			end(l);
	}
}

static void check_all(void *owner)
{
	struct event_streams *e = owner;
	LIST_EACH(node, &e->listeners)
	{
		struct listener *l = LIST_ENTRY(node, struct listener, node);
		if (!e->fn(e->owner, l->key))
			end(l);
	}
	if (++e->checks % CHECKS_A_COMMENT == 0) {
		struct buf comment = BUF_INIT;
		buf_puts(&comment, ":\n\n");
		struct refcounted_text *text = refcounted_text_new(&comment);
		write_all(e, text);
		refcounted_text_drop(text);
	}
	if (!e->count)
		timer_stop(e->timer);
}

struct event_streams *event_streams_new(struct loop *l, event_streams_fn *fn, void *owner)
{
	struct event_streams *e = mem_zalloc(sizeof *e);
	e->fn = fn;
	e->owner = owner;
	list_init(&e->listeners);
	e->timer = timer_new(l, check_all, e);
	return e;
}

void event_streams_end(struct event_streams *e)
{
	while (!list_is_empty(&e->listeners))
		end(LIST_ENTRY(e->listeners.next, struct listener, node));
}

void event_streams_close(struct event_streams *e)
{
	if (!e)
		return;
	event_streams_end(e);
	timer_close(e->timer);
	mem_free(e);
}

bool event_streams_add(struct event_streams *e, struct http_exchange *x, const char *key)
{
	if (e->count == EVENT_STREAMS_MOST)
		return false;
	struct listener *l = mem_zalloc(sizeof *l);
	*l = (struct listener){.all = e, .exchange = x, .key = mem_strdup(key)};
	list_append(&e->listeners, &l->node);
	e->count++;
	http_stream_begin(x, "text/event-stream", ADMIN_ANSWER_HEADERS "X-Accel-Buffering: no\r\n",
			  on_gone, l);
	if (!timer_is_set(e->timer))
		timer_set_every(e->timer, CHECK_MS);
	return true;
}

struct refcounted_text *event_streams_event(const char *event, uint64_t id, const void *data,
					    size_t len)
{
	struct buf out = BUF_INIT;
	buf_reserve(&out, len + EVENT_HEAD);
	if (id)
		buf_printf(&out, "id: %" PRIu64 "\n", id);
	buf_printf(&out, "event: %s\ndata: ", event);
	buf_put(&out, data, len);
	buf_puts(&out, "\n\n");
	return refcounted_text_new(&out);
}

void event_streams_send(struct event_streams *e, const char *event, uint64_t id, const void *data,
			size_t len)
{
	struct refcounted_text *text = event_streams_event(event, id, data, len);
	write_all(e, text);
	refcounted_text_drop(text);
}

void event_streams_tell(struct event_streams *e, struct http_exchange *x,
			struct refcounted_text *event)
{
	LIST_EACH(node, &e->listeners)
	{
		struct listener *l = LIST_ENTRY(node, struct listener, node);
		if (l->exchange == x && !http_stream_write(x, event))
			end(l);
	}
}

unsigned event_streams_count(const struct event_streams *e)
{
	return e->count;
}
