/* `status`: the running agent's answer, for a person or as JSON. */
#ifndef GROUNDNUT_AGENT_STATUS_H
#define GROUNDNUT_AGENT_STATUS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* answer: {"ok": true, "status": {…}} (CONTRACT section 3). 0; or ERR_SYNTAX when there is no status in it. What came from
 * afar is written without control characters. */
int status_render(const char *answer, bool as_json, struct buf *out);
int status_command(const char *file, bool as_json); /* the exit code */

#endif
