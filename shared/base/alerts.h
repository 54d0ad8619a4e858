/*
 * Decides which events become messages to a receiver, and when. Pure: events and the time go in,
 * messages come out. A trouble gives one message when it has lasted for a while. Its end gives a
 * second message, if the first was made. A trouble that ends earlier gives none.
 *
 *	about        trouble                     lasts       end
 *	home         detached or gone            90 s        attached or resumed
 *	target       down                        45 s        up
 *	publisher    fails                       an hour     works
 *	certificate  its renewal is overdue      at once     a new one was taken
 *	guess        somebody guesses            at once     -  (once an hour for each address)
 *	quota        much of a quota is used     at once     -  (once an hour for each level)
 *
 * Peers cause many of the events, so all is bounded: the troubles that are watched, of an account
 * and in all; the messages of an account in an hour (one then says that there are more); the
 * messages that wait (an account with many of them loses some, and one then says how many are
 * lost). When all places to watch are taken, a new trouble takes that of the least important one of
 * the account with the most, unless that is more important than the new one.
 */
#ifndef GROUNDNUT_BASE_ALERTS_H
#define GROUNDNUT_BASE_ALERTS_H

#include "shared/base/event.h"

#include <stddef.h>

enum alert_about {
	ALERT_HOME,
	ALERT_TARGET,
	ALERT_PUBLISHER,
	ALERT_CERTIFICATE,
	ALERT_GUESS,
	ALERT_QUOTA,
	ALERT_ABOUT_COUNT
};
const char *alert_about_text(enum alert_about about); /* NULL for ALERT_ABOUT_COUNT */

enum {
	ALERT_HOME_MS = 90 * 1000,
	ALERT_TARGET_MS = 45 * 1000,
	ALERT_PUBLISHER_MS = 60 * 60 * 1000,
	ALERT_ONCE_MS = 60 * 60 * 1000, /* the same guess or quota is told again after this */
	ALERTS_WATCHED = 32768,         /* troubles in all */
	ALERTS_WATCHED_EACH = 1024,     /* troubles of one account */
	ALERTS_EACH = 30,               /* messages of one account at once, and in an hour */
	ALERTS_WAITING = 100,           /* messages that wait to be sent */
	ALERT_TEXT = 512
};

/* A message. Its texts are cut and have no control characters. */
struct alert {
	enum alert_about about;                /* ALERT_ABOUT_COUNT: about the alerts themselves */
	const char *event;                     /* "home_away", "home_back", "target_down" … */
	bool is_well;                          /* it tells the end of a trouble */
	char *account, *agent, *subject, *why; /* NULL: none */
	uint64_t at_ms;                        /* the caller's now_ms when it was made */
	char text[ALERT_TEXT];                 /* the whole message as a sentence */
};

struct alerts_rules {
	bool wants[ALERT_ABOUT_COUNT];
	uint64_t after_ms; /* how long a home, target or publisher must fail; 0: as above */
};

struct alerts;

struct alerts *alerts_new(const struct alerts_rules *rules); /* copies the rules */
void alerts_free(struct alerts *a);                          /* NULL does nothing */
/* Takes an event. now_ms here and below: of one clock that never goes back. */
void alerts_take(struct alerts *a, const struct event *e, uint64_t now_ms);
/* Makes the messages that are due. Returns when it must be called again; UINT64_MAX: only after the
 * next event. */
uint64_t alerts_look(struct alerts *a, uint64_t now_ms);
/* The oldest message that waits, or NULL. It stays valid until alerts_drop(). */
const struct alert *alerts_first(const struct alerts *a);
/* Drops the oldest message; one must wait. */
void alerts_drop(struct alerts *a);
size_t alerts_waiting(const struct alerts *a); /* messages that wait */
size_t alerts_watched(const struct alerts *a); /* troubles that are watched */

#endif
