/* `status`: the running agent's answer, for a person or as JSON. */
#ifndef GROUNDNUT_AGENT_STATUS_H
#define GROUNDNUT_AGENT_STATUS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* For a person. json: the status object of README.md; what is missing in it is left out. */
void status_render(const char *json, struct buf *out);
int status_command(const char *file, bool as_json); /* the exit code */

#endif
