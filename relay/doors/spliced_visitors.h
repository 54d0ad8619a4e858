/*
 * The visitors of a door whose bytes go through as they are (tcp, tls): each a splice of its socket
 * and a stream. The stream's OPEN is written when the link has room; until then, and while the home
 * is detached, the visitor waits, unread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_SPLICED_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_SPLICED_VISITORS_H

#include "relay/doors/door.h"

struct spliced_visitors {
	struct door *door;
	struct list list;
	/* of a mapping with idle_s: who has been idle for so long is reset */
	struct timer *sweep;
	/* … counted from here: a detached home is not the visitor's fault */
	uint64_t attached_ms;
};

void spliced_visitors_init(struct spliced_visitors *all, struct door *door);
void spliced_visitors_fini(struct spliced_visitors *all); /* after spliced_visitors_clear() */
/* The io is owned from here; it is reset when it may not come in. local: the address it came to;
 * name: what it asked for and home wants to know, or "". */
void spliced_visitors_let_in(struct spliced_visitors *all, struct io *io, const struct addr *local,
			     const char *name);
void spliced_visitors_clear(struct spliced_visitors *all, bool graceful, enum reset_code code);

#endif
