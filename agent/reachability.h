/*
 * Finds out whether visitors get through to the public side of each mapping. The home is outside of
 * the VPS, so the agent connects to the public side itself, and checks for an answer that only the
 * relay can give. A mapping is probed after it opens, then every 6 hours, or every 10 minutes while
 * the last probe did not get through. All mappings together make at most REACHABILITY_PROBE_RATE
 * probes a second. One loop.
 */
#ifndef GROUNDNUT_AGENT_REACHABILITY_H
#define GROUNDNUT_AGENT_REACHABILITY_H

#include "shared/net/splice.h"
#include "shared/tunnel/hello_messages.h"
#include "shared/tunnel/mapping.h"
#include "shared/tunnel/report_message.h"

struct reachability; /* of all mappings */
struct reach;        /* of one mapping */

/* The session by which the agent and the relay arrange probes. */
struct reachability_session {
	struct transport *transport; /* borrowed */
	struct addr link;            /* the relay's address that the link goes to */
	uint8_t id[SESSION_ID];
	bool can_probe; /* the relay takes PROBE */
};
/* The state of a mapping may have changed: a probe of it has ended. */
typedef void reachability_fn(void *owner);

struct reachability *reachability_new(struct loop *l, reachability_fn *fn, void *owner);
void reachability_free(struct reachability *all); /* after each of its mappings */
/* Begins a session; s is copied. NULL: the session is over. Both forget all states. */
void reachability_begin(struct reachability *all, const struct reachability_session *s);
/* Does what is due. The owner calls it when a link is up again. */
void reachability_look(struct reachability *all);
/* Takes the relay's answer to a PROBE. 0, or ERR_SYNTAX with the reason in why. */
int reachability_answered(struct reachability *all, const char *text, size_t len, char why[256]);

struct reach *reach_new(struct reachability *all, const struct mapping *m); /* m is borrowed */
void reach_free(struct reach *r);                                           /* or NULL */
/* Tells what the relay says of the mapping: whether it is open, its public side, and the full host
 * of one with a host, else NULL. Copies the texts. */
void reach_set_open(struct reach *r, bool is_open, const char *public_text, const char *host);
/* Probes at once. Does nothing while the mapping is not open or the relay cannot be asked. */
void reach_ask(struct reach *r);
/* Whether a probe of reach_ask() is not over yet. */
bool reach_is_asked(const struct reach *r);
/* The state: "yes", "no", "unknown", or "" before the first probe. Borrowed. */
const struct report_part *reach_part(const struct reach *r);
/* Whether a probe may come in by the mapping as a visitor. Then the first bytes of each visitor
 * must be shown to reach_guard(), which says whether they are a probe's. */
bool reach_is_watching(const struct reach *r);
enum splice_verdict reach_guard(struct reach *r, const void *p, size_t len);

#endif
