/*
 * Who guesses passwords waits: exponentially per (source prefix, account), and less soon per source
 * prefix; never per account alone, since a stranger must not lock out the owner's router. Pure: the
 * caller gives the time. Bounded: the longest unseen is forgotten.
 *
 * Every attempt counts as a failure from the moment it is let in until it is told right, so that
 * attempts side by side wait like attempts one after the other. A pair that was right lately is not
 * slowed by what others of its prefix do.
 */
#ifndef GROUNDNUT_RELAY_NAMES_THROTTLE_H
#define GROUNDNUT_RELAY_NAMES_THROTTLE_H

#include "shared/base/addr.h"

struct throttle;

enum {
	THROTTLE_FREE_PAIR = 5,    /* failures of a pair before it waits */
	THROTTLE_FREE_SOURCE = 20, /* of a whole prefix */
	THROTTLE_FIRST_MS = 500,   /* the first wait; doubled with each further failure */
	THROTTLE_LONGEST_MS = 900000,
	THROTTLE_FORGET_MS = 3600000, /* without a failure */
};

struct throttle *throttle_new(size_t entries); /* how many pairs and prefixes are remembered */
void throttle_free(struct throttle *t);

/* How long this attempt has to wait before it is looked at; 0: at once. Counts it. */
uint64_t throttle_admit(struct throttle *t, const struct addr *source, const char *account,
			uint64_t now_ms);
void throttle_right(struct throttle *t, const struct addr *source, const char *account,
		    uint64_t now_ms);
/* The attempt was never looked at (turned away for another reason, or told to come back): not
 * counted after all. */
void throttle_undo(struct throttle *t, const struct addr *source, const char *account,
		   uint64_t now_ms);

#endif
