/*
 * A new listener gets the events that it has not seen at once. look() sends new events to all
 * listeners and asks for the status. When the status comes, the thread pool compares it with the
 * one before. on_compared() sends the changes to all listeners and the whole status to newcomers,
 * and sets the next look, a second later or more. When nobody listens, looking stops.
 *
 * Ways to fail: one listener too many gets 503. When the owner has closed, a look under way is
 * freed at its next step.
 */
#include "shared/admin/live_status.h"

#include "shared/admin/status_difference.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

enum {
	LOOK_MS = 1000,
	/* Each BYTES_A_MS bytes of the status make the next look a millisecond later. */
	BYTES_A_MS = 2000,
	EVENTS_FIRST = 200,
	/* The bytes of whole statuses sent in one turn, the last one on top; the pause after it. */
	WHOLE_MOST = 1024 * 1024,
	WHOLE_PAUSE_MS = 5
};

/* A listener that has not got the status yet. */
struct newcomer {
	struct list node;
	struct http_exchange *exchange;
};

/* A status that is asked for, then compared. */
struct look {
	struct live_status *owner; /* NULL: it has closed */
	struct buf before, after, change;
	bool differs;
};

struct live_status {
	struct loop *loop;
	struct event_streams *listeners;
	const struct event_hub *events;
	live_status_ask_fn *ask;
	void *ask_owner;
	struct timer *timer; /* the next look */
	struct timer *greet; /* the next newcomers, while a status is there */
	struct list newcomers;
	uint64_t told;     /* the number of the last event that all listeners have got */
	struct look *look; /* the look under way, or NULL */
	struct buf status; /* the last status that was sent; empty: none */
	struct refcounted_text *whole; /* the event of the status, for newcomers; NULL: not made */
};

static void free_look(struct look *k)
{
	buf_fini(&k->before);
	buf_fini(&k->after);
	buf_fini(&k->change);
	mem_free(k);
}

/* --- events --- */

static void write_events(const struct live_status *s, uint64_t after, struct buf *out)
{
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_open(&w, "events", '[');
	event_ring_write(event_hub_ring(s->events), after, EVENTS_FIRST, EVENT_KIND_COUNT, &w);
	json_close(&w);
	json_close(&w);
}

static void tell_new_events(struct live_status *s)
{
	uint64_t last = event_ring_last(event_hub_ring(s->events));
	struct buf text = BUF_INIT;
	if (last == s->told)
		return;
	write_events(s, s->told, &text);
	s->told = last;
	event_streams_send(s->listeners, "events", last, buf_data(&text), buf_len(&text));
	buf_fini(&text);
}

/* --- the status --- */

static void drop_whole(struct live_status *s)
{
	refcounted_text_drop(s->whole);
	s->whole = NULL;
}

static void drop_newcomers(struct live_status *s)
{
	while (!list_is_empty(&s->newcomers)) {
		struct newcomer *n = LIST_ENTRY(s->newcomers.next, struct newcomer, node);
		list_remove(&n->node);
		mem_free(n);
	}
}

/* Sends the whole status to some newcomers, and to the others in later turns: 64 of a thousand
 * homes' would hold up everybody's visitors. Nothing is sent to one that is gone. While a look is
 * under way there is no status, and on_compared() greets. */
static void greet_newcomers(void *owner)
{
	struct live_status *s = owner;
	size_t sent = 0;
	while (buf_len(&s->status) && !list_is_empty(&s->newcomers) && sent < WHOLE_MOST) {
		struct newcomer *n = LIST_ENTRY(s->newcomers.next, struct newcomer, node);
		if (!s->whole)
			s->whole = event_streams_event("status", 0, buf_data(&s->status),
						       buf_len(&s->status));
		event_streams_tell(s->listeners, n->exchange, s->whole);
		sent += buf_len(&s->status);
		list_remove(&n->node);
		mem_free(n);
	}
	if (buf_len(&s->status) && !list_is_empty(&s->newcomers))
		timer_set(s->greet, WHOLE_PAUSE_MS);
}

static void compare(void *arg)
{
	struct look *k = arg;
	if (buf_len(&k->before))
		k->differs = status_difference_write(&k->before, &k->after, &k->change);
}

static void on_compared(void *arg)
{
	struct look *k = arg;
	struct live_status *s = k->owner;
	if (s) {
		s->look = NULL;
		if (k->differs)
			event_streams_send(s->listeners, "change", 0, buf_data(&k->change),
					   buf_len(&k->change));
		buf_fini(&s->status);
		s->status = k->after;
		buf_init(&k->after);
		greet_newcomers(s);
		timer_set(s->timer, LOOK_MS + buf_len(&s->status) / BYTES_A_MS);
	}
	free_look(k);
}

static void on_status(void *arg, const struct buf *status)
{
	struct look *k = arg;
	struct live_status *s = k->owner;
	if (!s) {
		free_look(k);
		return;
	}
	k->before = s->status;
	buf_init(&s->status);
	drop_whole(s);
	buf_put(&k->after, buf_data(status), buf_len(status));
	loop_work(s->loop, compare, on_compared, k);
}

static void look(void *owner)
{
	struct live_status *s = owner;
	if (s->look)
		return;
	tell_new_events(s);
	if (!event_streams_count(s->listeners)) {
		buf_fini(&s->status);
		drop_whole(s);
		drop_newcomers(s);
		return;
	}
	s->look = mem_zalloc(sizeof *s->look);
	s->look->owner = s;
	s->ask(s->ask_owner, on_status, s->look);
}

/* --- listeners --- */

void live_status_add(struct live_status *s, const struct admin_request *r)
{
	const char *seen = http_message_header(http_exchange_request(r->exchange), "Last-Event-ID");
	char asked[32];
	uint64_t after = 0, last = event_ring_last(event_hub_ring(s->events));
	struct buf text = BUF_INIT;
	admin_request_query(r, "after", asked, sizeof asked);
	if (text_uint(seen ? seen : asked, INT64_MAX, &after) < 0)
		after = 0;
	if (!event_streams_add(s->listeners, r->exchange, r->asker.hash)) {
		admin_answer_error(r->exchange, 503, "too many listen");
		return;
	}
	struct newcomer *n = mem_zalloc(sizeof *n);
	n->exchange = r->exchange;
	list_append(&s->newcomers, &n->node);
	write_events(s, after, &text);
	if (event_streams_count(s->listeners) == 1)
		s->told = last;
	struct refcounted_text *event =
	    event_streams_event("events", last, buf_data(&text), buf_len(&text));
	event_streams_tell(s->listeners, r->exchange, event);
	refcounted_text_drop(event);
	buf_fini(&text);
	if (buf_len(&s->status) && !timer_is_set(s->greet))
		timer_set(s->greet, 1);
	else if (!buf_len(&s->status) && !s->look)
		timer_set(s->timer, 1);
}

struct live_status *live_status_new(struct loop *l, struct event_streams *listeners,
				    const struct event_hub *events, live_status_ask_fn *ask,
				    void *owner)
{
	struct live_status *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->listeners = listeners;
	s->events = events;
	s->ask = ask;
	s->ask_owner = owner;
	list_init(&s->newcomers);
	s->timer = timer_new(l, look, s);
	s->greet = timer_new(l, greet_newcomers, s);
	return s;
}

void live_status_close(struct live_status *s)
{
	if (!s)
		return;
	if (s->look)
		s->look->owner = NULL;
	drop_newcomers(s);
	timer_close(s->timer);
	timer_close(s->greet);
	buf_fini(&s->status);
	drop_whole(s);
	mem_free(s);
}
