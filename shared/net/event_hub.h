/* Where events of a program come together, on its main loop: the last ones are kept for whoever
 * looks, and those who want alerts get them. */
#ifndef GROUNDNUT_NET_EVENT_HUB_H
#define GROUNDNUT_NET_EVENT_HUB_H

#include "shared/base/addr.h"
#include "shared/base/event_ring.h"
#include "shared/net/notifier.h"

struct event_hub;

/* source: which program speaks, for those who get alerts. */
struct event_hub *event_hub_new(struct loop *l, const char *source);
/* account, agent: of events that name none; or NULL. */
void event_hub_set(struct event_hub *h, const struct notify_config *c, const char *account,
		   const char *agent);
void event_hub_take(struct event_hub *h, const struct event *e); /* hub NULL: nothing */
/* A wrong password or token. Many from one source are an event: somebody guesses. what: of what, in
 * words. */
void event_hub_wrong(struct event_hub *h, const struct addr *from, const char *what);
const struct event_ring *event_hub_ring(const struct event_hub *h);
void event_hub_close(struct event_hub *h); /* NULL does nothing */

#endif
