/*
 * Whether visitors get through to the public side of each mapping: the home is outside of the VPS,
 * so the agent connects there itself, and sees whether the relay answers as only it can. Probes are
 * few: PROBE_RATE a second over all mappings, after each new session, then every 6 hours, and every
 * 10 minutes where the last did not get through.
 */
#ifndef GROUNDNUT_AGENT_REACHABILITY_H
#define GROUNDNUT_AGENT_REACHABILITY_H

#include "shared/net/splice.h"
#include "shared/tunnel/hello_messages.h"
#include "shared/tunnel/mapping.h"
#include "shared/tunnel/report_message.h"

struct reachability; /* of all mappings */
struct reach;        /* of one */

/* The session that probes are arranged by. */
struct reachability_session {
	struct transport *transport;
	struct addr link; /* what the link goes to */
	uint8_t id[SESSION_ID];
	bool can_probe; /* the relay */
};
/* Something is known anew. */
typedef void reachability_fn(void *owner);

struct reachability *reachability_new(struct loop *l, reachability_fn *fn, void *owner);
void reachability_free(struct reachability *all); /* after each of its mappings */
/* NULL: it is over, and nothing is known any more. */
void reachability_begin(struct reachability *all, const struct reachability_session *s);
void reachability_look(struct reachability *all); /* a link is up again */
/* The relay's answer to a PROBE. 0; or ERR_SYNTAX with the reason in why. */
int reachability_answered(struct reachability *all, const char *text, size_t len, char why[256]);

struct reach *reach_new(struct reachability *all, const struct mapping *m); /* m is borrowed */
void reach_free(struct reach *r);
/* The relay's word: it is open, with its public side, and of http and tls its full name; or not.
 * Copied. */
void reach_set_open(struct reach *r, bool is_open, const char *public_text, const char *host);
void reach_ask(struct reach *r); /* at once, if it is open */
/* That is not answered yet. */
bool reach_is_asked(const struct reach *r);
const struct report_part *reach_part(const struct reach *r);
/* A probe may come in by the mapping, so newcomers' first bytes are to be shown to
 * reach_guard(). */
bool reach_is_watching(const struct reach *r);
enum splice_verdict reach_guard(struct reach *r, const void *p, size_t len);

#endif
