/* One try at the relay, for `join` and `doctor`: it finds out whether the relay answers, has the
 * pinned key, and takes the token or invitation. Nothing is attached. Blocking; any thread. */
#ifndef GROUNDNUT_AGENT_JOIN_PROBE_H
#define GROUNDNUT_AGENT_JOIN_PROBE_H

#include "agent/config.h"

#include <stdatomic.h>

/* Returns 0 when the relay accepts the token, else a negative error. *said: one sentence for a
 * person; it is always set, and the caller frees it. enough: another thread sets it to end the try
 * soon; or NULL. */
int join_probe_run(const struct agent_config *c, unsigned timeout_ms, const atomic_bool *enough,
		   char **said);

#endif
