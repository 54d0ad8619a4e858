/*
 * Password checks that wait for the thread pool, which can do only a few in a second. Their order
 * is fair: networks take turns, and within a network its parts (v4 /24, then the address; v6 /48,
 * /56, /64). A network that has used checks lately comes after one that has not. Among equals the
 * account that was tried least comes first, then the check that came first. Checks of sources that
 * have proven a password lately go before the others, but at most two in a row while others wait.
 * Pure. Bounded: when the queue is full, the check that would come last makes room.
 */
#ifndef GROUNDNUT_BASE_LOGIN_QUEUE_H
#define GROUNDNUT_BASE_LOGIN_QUEUE_H

#include "shared/base/addr.h"
#include "shared/base/list.h"

struct login_queue;

enum { LOGIN_QUEUE_LEVELS = 3 };

/* One check, embedded by its owner. */
struct login_queue_item {
	struct list node; /* in the queue */
	/* its network, and smaller and smaller parts of it */
	struct addr parts[LOGIN_QUEUE_LEVELS];
	uint32_t ranks[LOGIN_QUEUE_LEVELS]; /* how many checks each part had used before */
	uint32_t account_rank;              /* how many checks the account had used before */
	bool proven;
};

struct login_queue *login_queue_new(size_t max);
/* The items stay their owners'. NULL does nothing. */
void login_queue_free(struct login_queue *q);

/* Adds a check. account: NULL when there is none of that name. proven: the caller knows that the
 * source has proven a password lately. Returns NULL, or the item that has made room, which may be
 * this one; it is not in the queue any more. */
struct login_queue_item *login_queue_add(struct login_queue *q, struct login_queue_item *item,
					 const struct addr *source, const char *account,
					 bool proven, uint64_t now_ms);
/* Takes the next check out of the queue; NULL: there is none. */
struct login_queue_item *login_queue_take(struct login_queue *q);
/* The password was right: the check does not count against its network and account. */
void login_queue_forgive(struct login_queue *q, const struct addr *source, const char *account,
			 uint64_t now_ms);

#endif
