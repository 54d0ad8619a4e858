/* The command `status`: shows the answer of the control socket, as JSON or as tables for a
 * person. */
#ifndef GROUNDNUT_RELAY_STATUS_OUTPUT_H
#define GROUNDNUT_RELAY_STATUS_OUTPUT_H

#include "shared/base/terminal_text.h"

/* Asks the relay behind the socket control; an exit code. flags: see status_command.h. */
int status_output_run(const char *control, int flags);
/* The tables alone. json: a status object; what is missing in it is left out. */
void status_output_render(const char *json, struct terminal_text *page);
bool status_output_is_up(const char *json); /* all that it listens on is open */

#endif
