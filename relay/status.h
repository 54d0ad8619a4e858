/* `status`: what the control socket answers, as JSON or as tables for a person. */
#ifndef GROUNDNUT_RELAY_STATUS_H
#define GROUNDNUT_RELAY_STATUS_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* Asks the relay behind the socket control and prints its status; an exit code, after saying why
 * not. With check nothing is printed or said, and 0 means that the relay is up. */
int status_print(const char *control, bool json, bool check);
/* It answers, and all of its listeners are open. */
bool status_is_up(const char *json);
/* The tables alone. json: a status object; what is missing in it is left out. */
void status_render(const char *json, struct buf *out);

#endif
