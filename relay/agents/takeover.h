/* A process asks for the name of an agent that is attached. The holder is asked (PING). If a byte
 * comes from it within HOLDER_WAIT_MS, the challenger is refused; otherwise the challenger gets the
 * name. */
#ifndef GROUNDNUT_RELAY_AGENTS_TAKEOVER_H
#define GROUNDNUT_RELAY_AGENTS_TAKEOVER_H

#include "relay/agents/pending_agent.h"
#include "relay/doors/tenant.h"

struct takeover;

/* The holder was silent or has gone: the winner gets the name, and belongs to the owner now. NULL:
 * the challenger has gone. */
typedef void takeover_fn(void *owner, struct pending_agent *winner);

struct takeover *takeover_new(struct tenant *holder, takeover_fn *fn, void *owner);
void takeover_free(struct takeover *c); /* there is no challenger */
/* Takes p. Only one can challenge at a time; the next is refused. The holder is attached. */
void takeover_pose(struct takeover *c, struct pending_agent *p);
bool takeover_is_on(const struct takeover *c);
/* the challenger, if there is one */
void takeover_refuse(struct takeover *c, enum refuse_code code, const char *reason,
		     uint32_t retry_ms);

#endif
