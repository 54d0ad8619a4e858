/*
 * TXT records by which a CA validates a name (dns-01): agents declare them, and get reports about
 * each. A challenge lives while its agent declares it and has a session, at most an hour. An
 * account has at most CHALLENGES_LIVE at a time. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_CHALLENGES_H
#define GROUNDNUT_RELAY_NAMES_CHALLENGES_H

#include "relay/names/name_registry.h"
#include "shared/tunnel/declare_messages.h"

enum { CHALLENGES_LIVE = 8 }; /* of an account */

struct challenges;

/* Tells the states of an agent's challenges, in the declared order. Comes inside the call that
 * declares them, and from the loop when a state has changed. The callee owns the reports. */
typedef void challenges_fn(void *owner, const char *account, const char *agent,
			   struct challenge_report *reports, size_t count);

/* names is borrowed and must live longer. */
struct challenges *challenges_new(struct loop *l, struct name_registry *names, challenges_fn *fn,
				  void *owner);
void challenges_free(struct challenges *c);
/* Replaces all challenges of the agent. */
void challenges_set(struct challenges *c, const char *account, const char *agent,
		    const struct challenge *list, size_t count);
/* Drops the challenges of an agent that has no session any more. */
void challenges_drop(struct challenges *c, const char *account, const char *agent);

#endif
