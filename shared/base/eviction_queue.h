/*
 * Chooses the member that must go when places are short. It is the first member of the network (v4
 * /24, v6 /48) that has the most members; the first is the one that joined, or was put last,
 * longest ago. So a network crowds out its own members, and a visitor from elsewhere stays. Members
 * are embedded by their owners. The hash of the networks has a secret key. Pure. One thread.
 */
#ifndef GROUNDNUT_BASE_EVICTION_QUEUE_H
#define GROUNDNUT_BASE_EVICTION_QUEUE_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct eviction_queue;
struct eviction_queue_network;

struct eviction_queue_member {
	struct list node;
	struct eviction_queue_network *network; /* NULL: it is in no queue */
};

struct eviction_queue *eviction_queue_new(void);
void eviction_queue_free(struct eviction_queue *c); /* it must be empty; NULL does nothing */
void eviction_queue_join(struct eviction_queue *c, struct eviction_queue_member *m,
			 const struct addr *from);
/* Does nothing for a member that is in no queue. */
void eviction_queue_leave(struct eviction_queue *c, struct eviction_queue_member *m);
/* Puts the member behind the others of its network, so that it is the last of them to go. */
void eviction_queue_put_last(struct eviction_queue *c, struct eviction_queue_member *m);
/* Returns the member that must go; NULL: there is none. Networks with about as many members (see
 * bucket_queue.h) take turns. */
struct eviction_queue_member *eviction_queue_first(const struct eviction_queue *c);
size_t eviction_queue_count(const struct eviction_queue *c);
/* Whether the address is in the member's network. */
bool eviction_queue_is_near(const struct eviction_queue_member *m, const struct addr *from);
/* How many members the member's network has. */
size_t eviction_queue_beside(const struct eviction_queue_member *m);

#endif
