/* `admin link`; `admin token add NAME`, `list`, `remove NAME`: who may ask the admin listener. A
 * running relay takes the change up by itself. Returns the exit code. */
#ifndef GROUNDNUT_RELAY_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_RELAY_ADMIN_ADMIN_COMMAND_H

#include <stdbool.h>

/* Asks the running relay for a link, and prints it. */
int admin_command_link(const char *control);
/* state: relay.json's */
int admin_command_token_add(const char *state, const char *name, bool read_only);
int admin_command_token_list(const char *state);
int admin_command_token_remove(const char *state, const char *name);

#endif
