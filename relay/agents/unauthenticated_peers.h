/*
 * The peers that have connected and are not agents yet. It bounds their number, and chooses which
 * one ends when one more comes. There are two groups: peers from networks that had a session
 * lately, and strangers, who get at most half of the places. Pure. One thread.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_UNAUTHENTICATED_PEERS_H
#define GROUNDNUT_RELAY_AGENTS_UNAUTHENTICATED_PEERS_H

#include "shared/base/eviction_queue.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	UNAUTHENTICATED_PEERS_MOST = 1024,
	UNAUTHENTICATED_PEERS_STRANGERS = UNAUTHENTICATED_PEERS_MOST / 2,
	/* how long a handshake may take while others of its network want the place */
	UNAUTHENTICATED_PEERS_HANDSHAKE_MS = 5000,
};

struct unauthenticated_peers;

/* Embedded by its owner, and zeroed before it joins. */
struct newcomer {
	struct eviction_queue_member member;
	uint64_t since_ms;
	bool known; /* its network had a session lately */
};

enum unauthenticated_peers_answer {
	UNAUTHENTICATED_PEERS_ROOM,    /* there is a place */
	UNAUTHENTICATED_PEERS_INSTEAD, /* there is a place when *goes has ended */
	UNAUTHENTICATED_PEERS_NONE,    /* there is no place; the peer may come again */
};

/* Whether the newcomer has sent a byte. */
typedef bool unauthenticated_peers_spoken_fn(const struct newcomer *n);

struct unauthenticated_peers *
unauthenticated_peers_new(unauthenticated_peers_spoken_fn *has_spoken);
void unauthenticated_peers_free(struct unauthenticated_peers *all); /* it must be empty */
/* Asks for a place for one more peer. When places are short, *goes is the oldest newcomer of the
 * network that has the most, and preferably one that has sent nothing. When that is the network
 * of the peer itself, and its newcomers are in the middle of their handshakes, the answer is
 * UNAUTHENTICATED_PEERS_NONE: when thousands of homes come back together and each pushes out
 * another, no handshake would end. Newcomers of other networks never cause that answer. */
enum unauthenticated_peers_answer unauthenticated_peers_ask(struct unauthenticated_peers *all,
							    const struct addr *from, bool known,
							    uint64_t now_ms,
							    struct newcomer **goes);
void unauthenticated_peers_join(struct unauthenticated_peers *all, struct newcomer *n,
				const struct addr *from, bool known, uint64_t now_ms);
void unauthenticated_peers_leave(struct unauthenticated_peers *all, struct newcomer *n);
size_t unauthenticated_peers_strangers(const struct unauthenticated_peers *all); /* how many */
/* The stranger that ends when something else is short; there must be one. */
struct newcomer *unauthenticated_peers_stranger(struct unauthenticated_peers *all, uint64_t now_ms);
/* Any newcomer; NULL: there is none. */
struct newcomer *unauthenticated_peers_any(const struct unauthenticated_peers *all);

#endif
