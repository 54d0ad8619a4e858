/* The command `status`: shows the running agent's status, for a person or as JSON. */
#ifndef GROUNDNUT_AGENT_STATUS_OUTPUT_H
#define GROUNDNUT_AGENT_STATUS_OUTPUT_H

#include "shared/base/terminal_text.h"

/* Writes the page for a person. json is the status object of README.md; what is missing in it is
 * left out. */
void status_output_render(const char *json, struct terminal_text *page);
bool status_output_is_up(const char *json); /* it is attached */
/* The exit code; flags: see status_command.h. */
int status_output_run(const char *file, int flags);

#endif
