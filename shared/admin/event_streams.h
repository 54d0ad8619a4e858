/*
 * Server-Sent Events: each listener gets all events from the time it is added. There are at most
 * EVENT_STREAMS_MOST listeners. One that is too slow is ended. One that has lost its right is
 * ended within a second; a browser then connects again, and gets 401. One thread.
 */
#ifndef GROUNDNUT_ADMIN_EVENT_STREAMS_H
#define GROUNDNUT_ADMIN_EVENT_STREAMS_H

#include "shared/net/http_server.h"

enum { EVENT_STREAMS_MOST = 64 };

struct event_streams;

/* Whether the listener with this key may still listen. Asked for each of them once a second. */
typedef bool event_streams_fn(void *owner, const char *key);

struct event_streams *event_streams_new(struct loop *l, event_streams_fn *fn, void *owner);
/* Ends all listeners. Called before the HTTP server closes. NULL does nothing. */
void event_streams_close(struct event_streams *e);
/* Ends all present listeners. */
void event_streams_end(struct event_streams *e);
/* Answers the exchange as a stream of events and takes it over. key: a short text for fn, copied.
 * False: there are too many listeners, and the caller still has to answer. */
bool event_streams_add(struct event_streams *e, struct http_exchange *x, const char *key);
/* Makes an event. id: the number that a browser sends back when it connects again; 0: none. data: a
 * text without line ends, such as JSON that is not indented. The caller drops it. */
struct refcounted_text *event_streams_event(const char *event, uint64_t id, const void *data,
					    size_t len);
/* Sends an event to all listeners. */
void event_streams_send(struct event_streams *e, const char *event, uint64_t id, const void *data,
			size_t len);
/* Sends an event to this listener only; nothing, when it is none any more. All that still have to
 * get the same event hold it once. */
void event_streams_tell(struct event_streams *e, struct http_exchange *x,
			struct refcounted_text *event);
unsigned event_streams_count(const struct event_streams *e);

#endif
