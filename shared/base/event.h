/*
 * An event: something that has happened in a program. The list of events (event_ring.h) shows it,
 * and alerts are made of it (alerts.h). The texts are borrowed; NULL means none.
 */
#ifndef GROUNDNUT_BASE_EVENT_H
#define GROUNDNUT_BASE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* Each kind with its word in JSON. */
#define EVENT_KINDS(X)                                                                             \
	X(HOME_ATTACHED, "home_attached")                                                          \
	X(HOME_RESUMED, "home_resumed")                                                            \
	X(HOME_DETACHED, "home_detached")                                                          \
	X(HOME_GONE, "home_gone")       /* its session is over */                                  \
	X(HOME_REMOVED, "home_removed") /* nobody waits for it any more */                         \
	X(MAPPING_OPEN, "mapping_open")                                                            \
	X(MAPPING_ERROR, "mapping_error")                                                          \
	X(MAPPING_CLOSED, "mapping_closed")                                                        \
	X(TARGET_DOWN, "target_down")                                                              \
	X(TARGET_UP, "target_up")                                                                  \
	X(NAME_PUBLISHED, "name_published")                                                        \
	X(NAME_FAILED, "name_failed")                                                              \
	X(PUBLISHER_FAILS, "publisher_fails")                                                      \
	X(PUBLISHER_WORKS, "publisher_works")                                                      \
	X(CERTIFICATE_TAKEN, "certificate_taken")                                                  \
	X(CERTIFICATE_FAILED, "certificate_failed")                                                \
	X(CERTIFICATE_OVERDUE, "certificate_overdue")                                              \
	X(GUESSES, "guesses") /* somebody guesses passwords or tokens */                           \
	X(QUOTA, "quota")     /* an account has used much of its quota */                          \
	X(AUDIT, "audit")     /* somebody has changed something */

enum event_kind {
#define EVENT_ENUM(name, word) EVENT_##name,
	EVENT_KINDS(EVENT_ENUM)
#undef EVENT_ENUM
	    EVENT_KIND_COUNT
};

struct event {
	enum event_kind kind;
	const char *account, *agent;
	const char *subject; /* the mapping, name, publisher, certificate, address, level or act */
	const char *why;     /* a reason or details, in words */
	/* Nothing has changed; the state is only told again. Alerts take it, the list does not. */
	bool is_repeated;
};

const char *event_kind_text(enum event_kind kind);

#endif
