/* Takes all events of a program, on its main loop: it keeps the last ones (event_ring.h) and gives
 * each to the sender of alerts. A leaf. */
#ifndef GROUNDNUT_NET_EVENT_HUB_H
#define GROUNDNUT_NET_EVENT_HUB_H

#include "shared/base/addr.h"
#include "shared/base/event_ring.h"
#include "shared/net/alert_sender.h"

struct event_hub;

/* source: the name of the program in alerts. */
struct event_hub *event_hub_new(struct loop *l, const char *source);
/* Sets the receivers of alerts. account, agent: what an event without an account gets, or NULL. All
 * is copied. */
void event_hub_set(struct event_hub *h, const struct alert_config *c, const char *account,
		   const char *agent);
/* Takes an event; copies it. h NULL: does nothing. */
void event_hub_take(struct event_hub *h, const struct event *e);
/* fn is called with each event from now on; the texts are valid during the call. It takes no event
 * itself. NULL: nobody. */
typedef void event_hub_fn(void *owner, const struct event *e);
void event_hub_hear(struct event_hub *h, event_hub_fn *fn, void *owner);
/* Takes a wrong password or token. Many from one source make an event EVENT_GUESSES. what: what was
 * tried, in words. h NULL: does nothing. */
void event_hub_wrong(struct event_hub *h, const struct addr *from, const char *what);
const struct event_ring *event_hub_ring(const struct event_hub *h);
void event_hub_close(struct event_hub *h); /* NULL does nothing */

#endif
