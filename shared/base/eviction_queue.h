/*
 * Which member has to go when places are short: of the network (v4 /24, v6 /48) that has the most
 * members, the first, which is the one that joined (or was put last) longest ago. So one network
 * crowds out its own, and a visitor from elsewhere stays. Members are embedded in what they stand
 * for. The networks are known by a keyed hash. Pure. One thread.
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
void eviction_queue_free(struct eviction_queue *c); /* it is empty */
void eviction_queue_join(struct eviction_queue *c, struct eviction_queue_member *m,
			 const struct addr *from);
/* A member that is in no queue may leave, too. */
void eviction_queue_leave(struct eviction_queue *c, struct eviction_queue_member *m);
/* Puts the member behind the others of its network, so that it is the last of them to go. */
void eviction_queue_put_last(struct eviction_queue *c, struct eviction_queue_member *m);
/* The member that has to go; NULL: there is none. Networks with EVICTION_QUEUE_FULLEST members
 * or more are equally full, and take turns. */
struct eviction_queue_member *eviction_queue_first(const struct eviction_queue *c);
enum { EVICTION_QUEUE_FULLEST = 256 };
size_t eviction_queue_count(const struct eviction_queue *c);
/* whether the address is of that member's network */
bool eviction_queue_is_near(const struct eviction_queue_member *m, const struct addr *from);
/* how many members the network of that member has */
size_t eviction_queue_beside(const struct eviction_queue_member *m);

#endif
