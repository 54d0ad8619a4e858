/*
 * Slows password guessing: attempts wait longer and longer. It counts by the pair of source prefix
 * and account, and also by source prefix, but never by account alone, because a stranger must not
 * lock out the owner's router. Pure: the caller gives the time. Bounded by source_table.h.
 *
 * An attempt counts as a failure from the moment it is let in until the caller tells that it was
 * right. So attempts side by side wait as long as attempts one after the other. A pair that was
 * right within a day is not slowed by others of its prefix.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DDNS_LOGIN_THROTTLE_H
#define GROUNDNUT_RELAY_NAMES_DDNS_LOGIN_THROTTLE_H

#include "shared/base/addr.h"

struct ddns_login_throttle;

enum {
	DDNS_LOGIN_THROTTLE_FREE_PAIR = 5,    /* failures of a pair before it waits */
	DDNS_LOGIN_THROTTLE_FREE_SOURCE = 20, /* of a whole prefix */
	/* the first wait; doubled with each further failure */
	DDNS_LOGIN_THROTTLE_FIRST_MS = 500,
	DDNS_LOGIN_THROTTLE_LONGEST_MS = 900000,
	DDNS_LOGIN_THROTTLE_FORGET_MS = 3600000, /* without a failure */
	/* wrong ones of a network (v4 /24, v6 /48), then so many a second: beyond, none is looked
	 * at */
	DDNS_LOGIN_THROTTLE_NETWORK_BURST = 80,
	DDNS_LOGIN_THROTTLE_NETWORK_RATE = 4,
	DDNS_LOGIN_THROTTLE_PROVEN_MS = 3600000,
	DDNS_LOGIN_THROTTLE_TRUST_MS = 86400000,
};

/* how many pairs and prefixes are remembered */
struct ddns_login_throttle *ddns_login_throttle_new(size_t entries);
void ddns_login_throttle_free(struct ddns_login_throttle *t);

/* How long this attempt has to wait before it is looked at; 0: at once. Counts it. */
uint64_t ddns_login_throttle_admit(struct ddns_login_throttle *t, const struct addr *source,
				   const char *account, uint64_t now_ms);
/* Whether the pair was right within the hour, and has not failed since. Before the attempt is
 * admitted. */
bool ddns_login_throttle_is_proven(struct ddns_login_throttle *t, const struct addr *source,
				   const char *account, uint64_t now_ms);
void ddns_login_throttle_right(struct ddns_login_throttle *t, const struct addr *source,
			       const char *account, uint64_t now_ms);
/* It was looked at, and was wrong. */
void ddns_login_throttle_wrong(struct ddns_login_throttle *t, const struct addr *source,
			       uint64_t now_ms);
/* The attempt was never looked at (turned away for another reason, or told to come back): not
 * counted after all. */
void ddns_login_throttle_undo(struct ddns_login_throttle *t, const struct addr *source,
			      const char *account, uint64_t now_ms);

#endif
