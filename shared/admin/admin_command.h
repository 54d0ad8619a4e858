/* The commands `admin link`, `admin passwd`, `admin totp on|off` and `admin token add|list|remove`.
 * All but `link` read or change admin.json (admin_file.h); a running program sees the change by
 * itself. Each returns the exit code after saying what is wrong. Blocking. */
#ifndef GROUNDNUT_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_ADMIN_ADMIN_COMMAND_H

#include <stdbool.h>

/* Asks the running program ("relay" or "agent") for a link by its control socket; prints it. */
int admin_command_link(const char *program, const char *control);
/* Asks for the password and sets it. file: admin.json, here and below. */
int admin_command_passwd(const char *file);
/* Makes a secret and prints it as an otpauth URL for a phone; it is not shown again. program, host:
 * the name that the phone shows. */
int admin_command_totp_on(const char *file, const char *program, const char *host);
int admin_command_totp_off(const char *file);
/* Prints the new token; it is not shown again. */
int admin_command_token_add(const char *file, const char *name, bool read_only);
int admin_command_token_list(const char *file);
int admin_command_token_remove(const char *file, const char *name);

#endif
