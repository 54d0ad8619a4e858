/* The commands `admin link`, `admin passwd`, `admin totp on|off` and `admin token add|list|remove`.
 * All but `link` read or change admin.json (admin_file.h); a running program sees the change by
 * itself. Each returns the exit code after saying what is wrong. Blocking. */
#ifndef GROUNDNUT_ADMIN_ADMIN_COMMAND_H
#define GROUNDNUT_ADMIN_ADMIN_COMMAND_H

#include "shared/base/cli.h"

/* Whose admin.json a command is about. program: "relay" or "agent"; host: the name that a phone
 * shows for its codes; file: admin.json. */
struct admin_command_place {
	const char *program, *host, *file;
};

/* Asks the running program ("relay" or "agent") for a link by its control socket; prints it. */
int admin_command_link(const char *program, const char *control);
/* Does what the command of the line, one of ADMIN_COMMAND_ROWS, says with the file. */
int admin_command_run(const struct admin_command_place *p, const struct cli_line *line);

/* The rows of a program's table of commands; run ends in admin_command_run(). */
/* clang-format off */
#define ADMIN_COMMAND_ROWS(run)                                                                    \
	{"admin passwd", NULL, "set the password of the dashboard",                                \
	 "One line of 1 to 256 bytes from standard input; on a terminal it is asked for twice. "   \
	 "Who is signed in has to sign in again.", NULL, 0, 0, run},                               \
	{"admin totp on", NULL,                                                                    \
	 "have the password want a code, too, and print the secret for a phone",                   \
	 "The secret is shown once. A link of `admin link` signs in without a code.", NULL,        \
	 0, 0, run},                                                                               \
	{"admin totp off", NULL, "have the password do alone", NULL, NULL, 0, 0, run},             \
	{"admin token add", "NAME",                                                                \
	 "create a bearer token of the admin listener, and print it",                              \
	 "It is shown once: only its hash is kept. Programs send it as `Authorization: "           \
	 "Bearer TOKEN`.", admin_command_token_options, 1, 1, run},                                \
	{"admin token list", NULL, "show whose tokens there are", NULL, NULL, 0, 0, run},          \
	{"admin token remove", "NAME", "take a token away", NULL, NULL, 1, 1, run}
/* clang-format on */
extern const struct cli_option admin_command_token_options[];

#endif
