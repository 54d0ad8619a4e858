/* `status` of both programs: asks the one that runs over its control socket, and shows the answer's
 * "status" object. */
#ifndef GROUNDNUT_NET_STATUS_COMMAND_H
#define GROUNDNUT_NET_STATUS_COMMAND_H

#include "shared/base/cli.h"
#include "shared/base/terminal_text.h"

struct status_command {
	const char *who; /* "relay" or "agent" */
	/* json: a status object; what is missing in it is left out */
	void (*render)(const char *json, struct terminal_text *page);
	bool (*is_up)(const char *json); /* whether all works that the program is for */
};

enum status_command_flags {
	STATUS_JSON = 1,
	STATUS_WATCH = 2, /* again each second, until SIGINT, SIGTERM or a closed stdout */
	STATUS_CHECK = 4  /* nothing is printed or said, and 0 means that it is up */
};

extern const struct cli_option status_command_options[];
/* The flags of the options; STATUS_WATCH with STATUS_CHECK is wrong usage, said, and -1. */
int status_command_flags(const struct cli_line *line);
/* An exit code, after saying why not. */
int status_command_run(const struct status_command *s, const char *control, int flags);

#endif
