/* `status`: the running agent's answer, for a person or as JSON. */
#ifndef GROUNDNUT_AGENT_STATUS_H
#define GROUNDNUT_AGENT_STATUS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* For a person. json: the status object of README.md; what is missing in it is left out. */
void status_render(const char *json, struct buf *out);
/* whether it is attached */
bool status_is_up(const char *json);
/* The exit code. With check nothing is printed, and 0 means that the agent is attached. */
int status_command(const char *file, bool as_json, bool check);

#endif
