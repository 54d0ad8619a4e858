/*
 * /api/v1/events: how a program stands and what happens in it, by Server-Sent Events.
 *
 *	events   {"events": […]}, with the number of the last one as id: first the last ones, or
 *	         those since Last-Event-ID or ?after=; then new ones
 *	status   the whole status, once
 *	change   what has changed in it since, as status_difference.h has it
 *
 * The status is asked for once for all listeners, at most once a second, less often where it is
 * long, and not at all while nobody listens. Main loop only.
 */
#ifndef GROUNDNUT_ADMIN_LIVE_STATUS_H
#define GROUNDNUT_ADMIN_LIVE_STATUS_H

#include "shared/admin/admin_server.h"
#include "shared/net/event_hub.h"

struct live_status;

/* status: the document, valid during the call. */
typedef void live_status_fn(void *arg, const struct buf *status);
/* fn comes with arg, now or later; at the latest when the program ends. */
typedef void live_status_ask_fn(void *owner, live_status_fn *fn, void *arg);

struct live_status *live_status_new(struct loop *l, struct event_listeners *listeners,
				    const struct event_hub *events, live_status_ask_fn *ask,
				    void *owner);
/* Answers the request: from now on its asker listens. */
void live_status_add(struct live_status *s, const struct admin_request *r);
/* Before the listeners close. NULL does nothing. */
void live_status_close(struct live_status *s);

#endif
