/*
 * TXT records by which a CA sees that a name is an account's (dns-01): what agents declare of them,
 * and the reports of what became of each. A challenge lives as long as its agent declares it and
 * has a session, at most an hour; an account has a few at a time. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_CHALLENGES_H
#define GROUNDNUT_RELAY_NAMES_CHALLENGES_H

#include "relay/names/names.h"
#include "shared/tunnel/declare_messages.h"

enum { CHALLENGES_LIVE = 8 }; /* of an account */

struct challenges;

/* What became of an agent's challenges, in the order declared: told in the call that declares them,
 * and from the loop when it has changed. The reports are the callee's. */
typedef void challenges_fn(void *owner, const char *account, const char *agent,
			   struct challenge_report *reports, size_t count);

/* The names are not owned, and are freed later. */
struct challenges *challenges_new(struct loop *l, struct names *names, challenges_fn *fn,
				  void *owner);
void challenges_free(struct challenges *c);
/* The agent's whole word. */
void challenges_set(struct challenges *c, const char *account, const char *agent,
		    const struct challenge *list, size_t count);
void challenges_drop(struct challenges *c, const char *account, const char *agent); /* it is gone */

#endif
