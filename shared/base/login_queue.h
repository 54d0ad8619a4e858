/*
 * Password checks that wait for the pool, which can do only a few in a second, in an order that is
 * fair: networks take turns, and within a network its parts (v4 /24, then the address; v6 /48, /56,
 * /64). A network that has used up checks lately stands behind one that has not. Among equals the
 * account that was tried least goes first, then the check that came first. Checks of who has proven
 * a password within the hour go before the others, at most two in a row while others wait. Pure.
 * Bounded: when it is full, the check that would come last makes room.
 */
#ifndef GROUNDNUT_BASE_LOGIN_QUEUE_H
#define GROUNDNUT_BASE_LOGIN_QUEUE_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

struct login_queue;

enum { LOGIN_QUEUE_LEVELS = 3 };

/* One check; the owner's memory, embedded. */
struct login_queue_item {
	struct list node;                      /* in the queue */
	struct addr parts[LOGIN_QUEUE_LEVELS]; /* its network and the parts of that, by size */
	uint32_t ranks[LOGIN_QUEUE_LEVELS];    /* checks that each had used up before */
	uint32_t account_rank;                 /* … that the account had */
	bool proven;
};

struct login_queue *login_queue_new(size_t max);
void login_queue_free(struct login_queue *q); /* the items are their owners' */

/* account NULL: there is none of that name. NULL, or the item that made room, which may be this
 * one, and is in the queue no more. */
struct login_queue_item *login_queue_add(struct login_queue *q, struct login_queue_item *item,
					 const struct addr *source, const char *account,
					 bool proven, uint64_t now_ms);
/* The next one, which is in the queue no more; NULL: there is none. */
struct login_queue_item *login_queue_take(struct login_queue *q);
/* The check went well: it is not held against its network. */
void login_queue_forgive(struct login_queue *q, const struct addr *source, const char *account,
			 uint64_t now_ms);

#endif
