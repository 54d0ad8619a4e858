/*
 * The peers that have connected and are not agents yet. It bounds their number, and chooses which
 * one ends when one more comes. There are two groups: peers from networks that had a session
 * lately, and strangers, who get at most half of the places. Pure. One thread.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_NEWCOMERS_H
#define GROUNDNUT_RELAY_AGENTS_NEWCOMERS_H

#include "shared/base/eviction_queue.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	NEWCOMERS_MOST = 1024,
	NEWCOMERS_STRANGERS = NEWCOMERS_MOST / 2,
	/* how long a handshake may take while others of its network want the place */
	NEWCOMERS_HANDSHAKE_MS = 5000,
};

struct newcomers;

/* Embedded by its owner, and zeroed before it joins. */
struct newcomer {
	struct eviction_queue_member member;
	uint64_t since_ms;
	bool known; /* its network had a session lately */
};

enum newcomers_answer {
	NEWCOMERS_ROOM,    /* there is a place */
	NEWCOMERS_INSTEAD, /* there is a place when *goes has ended */
	NEWCOMERS_NONE,    /* there is no place; the peer may come again */
};

/* Whether the newcomer has sent a byte. */
typedef bool newcomers_spoken_fn(const struct newcomer *n);

struct newcomers *newcomers_new(newcomers_spoken_fn *has_spoken);
void newcomers_free(struct newcomers *all); /* it must be empty */
/* Asks for a place for one more peer. When places are short, *goes is the oldest newcomer of the
 * network that has the most, and preferably one that has sent nothing. When that is the network of
 * the peer itself, and its newcomers are in the middle of their handshakes, the answer is
 * NEWCOMERS_NONE: when thousands of homes come back together and each pushes out another, no
 * handshake would end. Newcomers of other networks never cause that answer. */
enum newcomers_answer newcomers_ask(struct newcomers *all, const struct addr *from, bool known,
				    uint64_t now_ms, struct newcomer **goes);
void newcomers_join(struct newcomers *all, struct newcomer *n, const struct addr *from, bool known,
		    uint64_t now_ms);
void newcomers_leave(struct newcomers *all, struct newcomer *n);
size_t newcomers_strangers(const struct newcomers *all); /* how many */
/* The stranger that ends when something else is short; there must be one. */
struct newcomer *newcomers_stranger(struct newcomers *all, uint64_t now_ms);
/* Any newcomer; NULL: there is none. */
struct newcomer *newcomers_any(const struct newcomers *all);

#endif
