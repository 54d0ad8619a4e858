/*
 * The visitors of a door whose bytes go through as they are (tcp, tls): each a splice of its socket
 * and a stream. The stream's OPEN is written when the link has room; until then, and while the home
 * is detached, the visitor waits, unread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_VISITORS_H
#define GROUNDNUT_RELAY_DOORS_VISITORS_H

#include "relay/doors/mapping_door.h"

struct visitors {
	struct mapping_door *door;
	struct list list;
	/* of a mapping with idle_s: who has been idle for so long is reset */
	struct timer *sweep;
	/* … counted from here: a detached home is not the visitor's fault */
	uint64_t attached_ms;
};

void visitors_init(struct visitors *all, struct mapping_door *door);
void visitors_fini(struct visitors *all); /* after visitors_clear() */
/* The io is owned from here; it is reset when it may not come in. local: the address it came to;
 * name: what it asked for and home wants to know, or "". */
void visitors_let_in(struct visitors *all, struct io *io, const struct addr *local,
		     const char *name);
void visitors_clear(struct visitors *all, bool graceful, enum reset_code code);

#endif
