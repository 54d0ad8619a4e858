/*
 * /api/v1/events: the events and the status of a program as they change, by Server-Sent Events.
 *
 *	events   {"events": […]}, with the number of the last event as id. First the last events,
 *	         or those since Last-Event-ID or ?after=; then new ones.
 *	status   the whole status, once
 *	change   what has changed in the status since, in the form of status_difference.h
 *
 * It asks for the status once for all listeners, at most once a second, less often when the status
 * is long, and not while nobody listens. Main loop only.
 */
#ifndef GROUNDNUT_ADMIN_LIVE_STATUS_H
#define GROUNDNUT_ADMIN_LIVE_STATUS_H

#include "shared/admin/admin_server.h"
#include "shared/net/event_hub.h"

struct live_status;

/* status: the status object as JSON that is not indented, valid during the call. */
typedef void live_status_fn(void *arg, const struct buf *status);
/* Asks the program for its status. fn comes once, now or later, also when the program ends. */
typedef void live_status_ask_fn(void *owner, live_status_fn *fn, void *arg);

struct live_status *live_status_new(struct loop *l, struct event_streams *listeners,
				    const struct event_hub *events, live_status_ask_fn *ask,
				    void *owner);
/* Answers the request: it becomes a listener, or gets 503 when there are too many. */
void live_status_add(struct live_status *s, const struct admin_request *r);
/* Called before the listeners close. NULL does nothing. */
void live_status_close(struct live_status *s);

#endif
