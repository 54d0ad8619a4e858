/* The commands `admin link`, `admin passwd`, `admin totp on|off` and `admin token add|list|remove`.
 * All but `link` read or change admin.json (admin_file.h); a running program sees the change by
 * itself. Each returns the exit code after saying what is wrong. Blocking. */
#ifndef GROUNDNUT_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_ADMIN_ADMIN_COMMAND_H

struct cli_line;

/* Whose admin.json a command is about. program: "relay" or "agent"; host: the name that a phone
 * shows for its codes; file: admin.json. */
struct admin_command_place {
	const char *program, *host, *file;
};

/* Does what the line says with the file. */
typedef int admin_command_fn(const struct admin_command_place *p, const struct cli_line *line);

/* Asks the running program ("relay" or "agent") for a link by its control socket; prints it. */
int admin_command_link(const char *program, const char *control);
/* Asks for the password and sets it. */
admin_command_fn admin_command_passwd;
/* Makes a secret and prints it as an otpauth URL for a phone; it is not shown again. */
admin_command_fn admin_command_totp_on, admin_command_totp_off;
/* Adds the token that the first word names, with --read-only perhaps, and prints it; it is not
 * shown again. */
admin_command_fn admin_command_token_add;
admin_command_fn admin_command_token_list, admin_command_token_remove;

#endif
