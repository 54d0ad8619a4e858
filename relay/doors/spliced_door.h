/*
 * What tcp and tls doors have in common: visitors whose bytes go through as they are, each a splice
 * of its socket and a stream. The stream's OPEN is written when the link has room; until then, and
 * while the agent is detached, the visitor waits, unread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_SPLICED_DOOR_H
#define GROUNDNUT_RELAY_DOORS_SPLICED_DOOR_H

#include "relay/doors/door.h"
#include "shared/net/listener.h"

enum { SPLICED_DOOR_VALIDATORS = 20 };

struct spliced_door {
	struct door door;
	/* CAs inside that look at an https mapping's name; NULL: there has been none */
	struct eviction_queue *validators;
	/* of a mapping with idle_s: a visitor that was idle for so long is reset */
	struct timer *sweep;
	/* idle time counts from here: a detached agent is not the visitor's fault */
	uint64_t attached_ms;
};

/* as of struct door_kind */
extern const struct slow_visitors_kind SPLICED_DOOR_SLOW;
void spliced_door_init(struct door *d);
void spliced_door_fini(struct door *d);
void spliced_door_clear(struct door *d, bool graceful, enum reset_code code);
void spliced_door_cut(struct door *d, struct door_visitor *inside);
/* The same for those that listen; fn gets the door. */
void *spliced_door_listen(struct door *d, const struct addr *at, bool v6only, listener_fn *fn,
			  int *err, char **why);
void spliced_door_unlisten(void *socket);
void spliced_door_rest(void *socket);
void spliced_door_wake(void *socket);
/* Takes io; it is reset when it may not come in. local: the address it came to; name: what it asked
 * for and the agent wants to know, or "". */
void spliced_door_let_in(struct door *d, struct io *io, const struct addr *local, const char *name);
/* A CA that looks at the name. Such visitors are counted apart, SPLICED_DOOR_VALIDATORS at once;
 * one more ends the oldest of the network that has the most. */
void spliced_door_let_in_validator(struct door *d, struct io *io, const struct addr *local);

#endif
