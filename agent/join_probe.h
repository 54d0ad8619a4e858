/* One try at the relay for `join`, blocking: whether it answers, whether its key is the pinned one,
 * whether it takes the token. */
#ifndef GROUNDNUT_AGENT_JOIN_PROBE_H
#define GROUNDNUT_AGENT_JOIN_PROBE_H

#include "agent/config.h"

/* 0: the relay accepted the token; else a negative error. *said: one sentence for a person, always
 * set, freed by the caller. */
int join_probe_run(const struct agent_config *c, unsigned timeout_ms, char **said);

#endif
