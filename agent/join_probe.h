/* One try at the relay, for `join` and `doctor`: it finds out whether the relay answers, has the
 * pinned key, and takes the token or invitation. Nothing is attached. Blocking; any thread. */
#ifndef GROUNDNUT_AGENT_JOIN_PROBE_H
#define GROUNDNUT_AGENT_JOIN_PROBE_H

#include "agent/config.h"

#include <stdatomic.h>

/* What is found out, in this order. */
enum join_probe_step {
	JOIN_PROBE_NAME,  /* the relay's name leads to an address */
	JOIN_PROBE_RELAY, /* a relay answers there, and has room */
	JOIN_PROBE_PIN,   /* it is the expected one */
	JOIN_PROBE_TOKEN  /* it takes the token */
};

/* Returns 0 when the relay accepts the token, else a negative error, and *failed is the step that
 * failed (NULL: not asked for). *said: one sentence for a person; it is always set, and the caller
 * frees it. enough: another thread sets it to end the try soon; or NULL. */
int join_probe_run(const struct agent_config *c, unsigned timeout_ms, const atomic_bool *enough,
		   enum join_probe_step *failed, char **said);

#endif
