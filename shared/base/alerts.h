/*
 * Which events are worth a message to somebody, and when. Pure: events and the time go in, messages
 * come out. What is wrong is told when it has been so for a while, once; that it is well again is
 * told when the trouble was. A flap is not told at all.
 *
 *	about        wrong                       for         well again
 *	home         detached or gone            90 s        attached or resumed
 *	target       down                        45 s        up
 *	publisher    fails                       an hour     works
 *	certificate  its renewal is overdue      at once     a new one was taken
 *	guess        somebody guesses            at once     -  (once an hour and network)
 *	quota        much of a quota is used     at once     -  (once an hour and text)
 *
 * Peers choose much of what happens, so all is bounded: what is watched of an account and in all,
 * messages of an account in an hour (then one says that others are left out), messages that wait
 * (of those with the most some go, then one says how many).
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
const char *alert_about_text(enum alert_about about);

enum {
	ALERT_HOME_MS = 90 * 1000,
	ALERT_TARGET_MS = 45 * 1000,
	ALERT_PUBLISHER_MS = 60 * 60 * 1000,
	ALERT_ONCE_MS = 60 * 60 * 1000, /* guesses and quotas are told again after this */
	ALERTS_WATCHED = 32768,         /* all together, and … */
	ALERTS_WATCHED_EACH = 1024,     /* … of one account */
	ALERTS_EACH = 30,               /* messages of one account at once, and in an hour */
	ALERTS_WAITING = 100,           /* messages that wait to be sent */
	ALERT_TEXT = 512
};

/* Texts of peers in it are cut, and hold no control characters. */
struct alert {
	enum alert_about about;
	const char *event;                     /* "home_away", "home_back", "target_down" … */
	bool is_well;                          /* it says that something is well again */
	char *account, *agent, *subject, *why; /* NULL: none */
	uint64_t at_ms;
	char text[ALERT_TEXT]; /* all of it, in a sentence */
};

struct alerts_rules {
	bool wants[ALERT_ABOUT_COUNT];
	uint64_t after_ms; /* instead of the times of home, target and publisher; 0: those */
};

struct alerts;

struct alerts *alerts_new(const struct alerts_rules *rules);
void alerts_free(struct alerts *a);
void alerts_take(struct alerts *a, const struct event *e, uint64_t now_ms);
/* Makes messages of what is due. When it has to be called again, or UINT64_MAX: not before the next
 * event. */
uint64_t alerts_look(struct alerts *a, uint64_t now_ms);
/* The oldest message that waits, or NULL; it stays until alerts_drop. */
const struct alert *alerts_first(const struct alerts *a);
void alerts_drop(struct alerts *a);
size_t alerts_waiting(const struct alerts *a);
size_t alerts_watched(const struct alerts *a);

#endif
