/*
 * Slows password guessing: attempts wait longer and longer. It counts by the pair of source prefix
 * and account, and also by source prefix, but never by account alone, because a stranger must not
 * lock out the owner's router. Pure: the caller gives the time. Bounded by source_table.h.
 *
 * An attempt counts as a failure from the moment it is let in until the caller tells that it was
 * right. So attempts side by side wait as long as attempts one after the other. A pair that was
 * right within a day is not slowed by others of its prefix.
 */
#ifndef GROUNDNUT_RELAY_NAMES_LOGIN_THROTTLE_H
#define GROUNDNUT_RELAY_NAMES_LOGIN_THROTTLE_H

#include "shared/base/addr.h"

struct login_throttle;

enum {
	LOGIN_THROTTLE_FREE_PAIR = 5,    /* failures of a pair before it waits */
	LOGIN_THROTTLE_FREE_SOURCE = 20, /* of a whole prefix */
	LOGIN_THROTTLE_FIRST_MS = 500,   /* the first wait; doubled with each further failure */
	LOGIN_THROTTLE_LONGEST_MS = 900000,
	LOGIN_THROTTLE_FORGET_MS = 3600000, /* without a failure */
	/* wrong ones of a network (v4 /24, v6 /48), then so many a second: beyond, none is looked
	 * at */
	LOGIN_THROTTLE_NETWORK_BURST = 80,
	LOGIN_THROTTLE_NETWORK_RATE = 4,
	LOGIN_THROTTLE_PROVEN_MS = 3600000,
	LOGIN_THROTTLE_TRUST_MS = 86400000,
};

/* how many pairs and prefixes are remembered */
struct login_throttle *login_throttle_new(size_t entries);
void login_throttle_free(struct login_throttle *t);

/* How long this attempt has to wait before it is looked at; 0: at once. Counts it. */
uint64_t login_throttle_admit(struct login_throttle *t, const struct addr *source,
			      const char *account, uint64_t now_ms);
/* Whether the pair was right within the hour, and has not failed since. Before the attempt is
 * admitted. */
bool login_throttle_is_proven(struct login_throttle *t, const struct addr *source,
			      const char *account, uint64_t now_ms);
void login_throttle_right(struct login_throttle *t, const struct addr *source, const char *account,
			  uint64_t now_ms);
/* It was looked at, and was wrong. */
void login_throttle_wrong(struct login_throttle *t, const struct addr *source, uint64_t now_ms);
/* The attempt was never looked at (turned away for another reason, or told to come back): not
 * counted after all. */
void login_throttle_undo(struct login_throttle *t, const struct addr *source, const char *account,
			 uint64_t now_ms);

#endif
