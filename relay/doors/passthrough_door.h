/*
 * The common part of tcp and tls doors. The bytes of their visitors go through unchanged: a visitor
 * is a splice of its socket and a stream. The stream's OPEN is written when the link has room.
 * Until then, and while the agent is detached, the visitor waits and nothing is read from it.
 */
#ifndef GROUNDNUT_RELAY_DOORS_PASSTHROUGH_DOOR_H
#define GROUNDNUT_RELAY_DOORS_PASSTHROUGH_DOOR_H

#include "relay/doors/door.h"
#include "shared/net/listener.h"

enum { PASSTHROUGH_DOOR_VALIDATORS = 20 };

struct passthrough_door {
	struct door door;
	/* CAs inside that validate an https mapping's host; NULL: there has been none */
	struct eviction_queue *validators;
	/* for a mapping with idle_s: resets visitors that were idle for so long */
	struct timer *sweep;
	/* Idle time counts from here, because a detached agent is not the visitor's fault. */
	uint64_t attached_ms;
};

/* These are for struct door_kind. */
extern const struct slow_visitors_kind PASSTHROUGH_DOOR_SLOW;
void passthrough_door_init(struct door *d);
void passthrough_door_fini(struct door *d);
void passthrough_door_clear(struct door *d, bool graceful, enum reset_code code);
void passthrough_door_cut(struct door *d, struct door_visitor *inside);
/* The same for kinds that listen; fn gets the door as owner. */
void *passthrough_door_listen(struct door *d, const struct addr *at, bool v6only, listener_fn *fn,
			      int *err, char **why);
void passthrough_door_unlisten(void *socket);
void passthrough_door_rest(void *socket);
void passthrough_door_wake(void *socket);
/* Lets a visitor in, or resets it when it may not come in. Takes io over. local: the address
 * that it came to. name: the host that it asked for, if the agent wants to know it, else "". */
void passthrough_door_let_in(struct door *d, struct io *io, const struct addr *local,
			     const char *name);
/* The same for a CA that validates the host. Such visitors have a bound of their own,
 * PASSTHROUGH_DOOR_VALIDATORS; one more ends the oldest in the network that has the most. */
void passthrough_door_let_in_validator(struct door *d, struct io *io, const struct addr *local);

#endif
