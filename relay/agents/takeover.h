/* Decides when a process asks for the name of an attached agent. It sends PING to the holder. If
 * a byte comes from the holder within HOLDER_WAIT_MS, the challenger is refused; otherwise it
 * gets the name. */
#ifndef GROUNDNUT_RELAY_AGENTS_TAKEOVER_H
#define GROUNDNUT_RELAY_AGENTS_TAKEOVER_H

#include "relay/agents/agent_admission.h"
#include "relay/doors/door_owner.h"

struct takeover;

/* The holder was silent or is gone. winner: the challenger, which gets the name and belongs to the
 * owner now; NULL: the challenger is gone, too. */
typedef void takeover_fn(void *owner, struct agent_admission *winner);

struct takeover *takeover_new(struct door_owner *holder, takeover_fn *fn, void *owner);
void takeover_free(struct takeover *c); /* there must be no challenger */
/* Begins a challenge; takes p over. Another challenger at the same time is refused. The holder must
 * be attached. */
void takeover_pose(struct takeover *c, struct agent_admission *p);
bool takeover_is_on(const struct takeover *c); /* there is a challenger */
/* Refuses the challenger, if there is one. */
void takeover_refuse(struct takeover *c, enum refuse_code code, const char *reason,
		     uint32_t retry_ms);

#endif
