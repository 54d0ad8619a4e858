/*
 * Who holds the name: another process wants it while its holder is attached. The holder is asked
 * (PING); a byte from it within HOLDER_WAIT_MS, and the challenger is refused; silence, and the
 * name is the challenger's.
 */
#ifndef GROUNDNUT_RELAY_CHALLENGE_H
#define GROUNDNUT_RELAY_CHALLENGE_H

#include "relay/greeting.h"

struct challenge;
struct home;

/* The holder has been silent, or is gone: the name is winner's, who is the owner's now. NULL: the
 * challenger went away himself. */
typedef void challenge_fn(void *owner, struct greeting *winner);

struct challenge *challenge_new(struct home *h, challenge_fn *fn, void *owner);
void challenge_free(struct challenge *c); /* there is no challenger */
/* Takes g. Only one can challenge at a time; the next is refused. The home is attached. */
void challenge_pose(struct challenge *c, struct greeting *g);
bool challenge_is_on(const struct challenge *c);
/* the challenger, if there is one */
void challenge_refuse(struct challenge *c, enum refuse_code code, const char *reason,
		      uint32_t retry_ms);

#endif
