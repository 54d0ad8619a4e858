/*
 * The peers that have connected and are no agents yet: how many there may be, and who goes when one
 * more comes. There are two crowds: those from networks that held a session lately, and strangers,
 * who get half of the places at most. Pure. One thread.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_NEWCOMERS_H
#define GROUNDNUT_RELAY_AGENTS_NEWCOMERS_H

#include "shared/base/eviction_queue.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	NEWCOMERS_MOST = 1024,
	NEWCOMERS_STRANGERS = NEWCOMERS_MOST / 2,
	/* so long a handshake may take while others of its network want the place */
	NEWCOMERS_HANDSHAKE_MS = 5000,
};

struct newcomers;

/* Embedded in what it stands for; zeroed before it joins. */
struct newcomer {
	struct eviction_queue_member member;
	uint64_t since_ms;
	bool known; /* its network held a session lately */
};

enum newcomers_answer {
	NEWCOMERS_ROOM,    /* there is a place */
	NEWCOMERS_INSTEAD, /* there is when *goes has gone */
	NEWCOMERS_NONE,    /* there is none: it may come again */
};

/* Whether it has sent a byte. */
typedef bool newcomers_spoken_fn(const struct newcomer *n);

struct newcomers *newcomers_new(newcomers_spoken_fn *has_spoken);
void newcomers_free(struct newcomers *all); /* nobody is there */
/* One more of an address wants a place. Who goes is the oldest of the network that has the most,
 * rather one that has said nothing. Where that is the network of the one that comes, and the others
 * are in the middle of their handshakes, it has to come again: when thousands of homes come back
 * together, and each pushes out another of them, none ends its handshake. Another network's never
 * hold it up. */
enum newcomers_answer newcomers_ask(struct newcomers *all, const struct addr *from, bool known,
				    uint64_t now_ms, struct newcomer **goes);
void newcomers_join(struct newcomers *all, struct newcomer *n, const struct addr *from, bool known,
		    uint64_t now_ms);
void newcomers_leave(struct newcomers *all, struct newcomer *n);
size_t newcomers_strangers(const struct newcomers *all); /* how many */
/* The stranger that goes when places are short for another reason; there is one. */
struct newcomer *newcomers_stranger(struct newcomers *all, uint64_t now_ms);
/* any; NULL: nobody is there */
struct newcomer *newcomers_any(const struct newcomers *all);

#endif
