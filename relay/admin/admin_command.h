/* `admin token add NAME`, `list`, `remove NAME`: who may ask the admin listener. A running relay
 * takes the change up by itself. Returns the exit code. */
#ifndef GROUNDNUT_RELAY_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_RELAY_ADMIN_ADMIN_COMMAND_H

#include <stdbool.h>

/* state: relay.json's; name: NULL where there was no word; read_only: of `add`. */
int admin_command_token(const char *state, const char *verb, const char *name, bool read_only);

#endif
