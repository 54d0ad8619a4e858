/*
 * Who holds the name: another process wants it while its holder is attached. The holder is asked
 * (PING); a byte from it within HOLDER_WAIT_MS, and the challenger is refused; silence, and the
 * name is the challenger's.
 */
#ifndef GROUNDNUT_RELAY_AGENTS_TAKEOVER_H
#define GROUNDNUT_RELAY_AGENTS_TAKEOVER_H

#include "relay/agents/pending_agent.h"

struct takeover;
struct agent;

/* The holder has been silent, or is gone: the name is winner's, who is the owner's now. NULL: the
 * challenger went away himself. */
typedef void takeover_fn(void *owner, struct pending_agent *winner);

struct takeover *takeover_new(struct agent *h, takeover_fn *fn, void *owner);
void takeover_free(struct takeover *c); /* there is no challenger */
/* Takes g. Only one can challenge at a time; the next is refused. The home is attached. */
void takeover_pose(struct takeover *c, struct pending_agent *g);
bool takeover_is_on(const struct takeover *c);
/* the challenger, if there is one */
void takeover_refuse(struct takeover *c, enum refuse_code code, const char *reason,
		     uint32_t retry_ms);

#endif
