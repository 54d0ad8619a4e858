/* `admin link`; `admin passwd`; `admin totp on`, `off`; `admin token add NAME`, `list`, `remove
 * NAME`: who may ask the admin listener. A running program takes the change up by itself. Each
 * returns the exit code. */
#ifndef GROUNDNUT_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_ADMIN_ADMIN_COMMAND_H

#include <stdbool.h>

/* Asks the running program ("relay", "agent") for a link, and prints it. */
int admin_command_link(const char *program, const char *control);
/* file: admin.json, in the program's state directory */
int admin_command_passwd(const char *file);
/* Prints the secret, this once, as phones take it. program, host: what they call it. */
int admin_command_totp_on(const char *file, const char *program, const char *host);
int admin_command_totp_off(const char *file);
int admin_command_token_add(const char *file, const char *name, bool read_only);
int admin_command_token_list(const char *file);
int admin_command_token_remove(const char *file, const char *name);

#endif
