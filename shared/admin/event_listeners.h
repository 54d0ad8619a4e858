/*
 * Server-Sent Events: everybody who listens hears each event from then on. Bounded: at most
 * EVENT_LISTENERS_MOST listen, one that is too slow is dropped, and each ends after
 * EVENT_LISTENERS_MS; browsers then come again, and are asked anew who they are. One thread.
 */
#ifndef GROUNDNUT_ADMIN_EVENT_LISTENERS_H
#define GROUNDNUT_ADMIN_EVENT_LISTENERS_H

#include "shared/net/http_server.h"

enum { EVENT_LISTENERS_MOST = 64, EVENT_LISTENERS_MS = 10 * 60 * 1000 };

struct event_listeners;

struct event_listeners *event_listeners_new(struct loop *l);
/* Before the HTTP server closes. */
void event_listeners_close(struct event_listeners *e);
/* All who listen now; browsers come again, and are asked anew who they are. */
void event_listeners_end(struct event_listeners *e);
/* False: there are too many; the caller still has to answer. */
bool event_listeners_add(struct event_listeners *e, struct http_exchange *x);
/* To all, or to this one only. id: what a listener says that it has seen when it comes again; 0:
 * none. data: no line ends, as JSON that is not indented has none. */
void event_listeners_send(struct event_listeners *e, const char *event, uint64_t id,
			  const void *data, size_t len);
void event_listeners_tell(struct event_listeners *e, struct http_exchange *x, const char *event,
			  uint64_t id, const void *data, size_t len);
unsigned event_listeners_count(const struct event_listeners *e);

#endif
