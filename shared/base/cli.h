/*
 * The command line both programs share: options anywhere, "--" ends them, words in between, --help
 * and --version at every level.
 *
 *	static const struct cli_option init_options[] = {{"domain", 0, "D", "the zone of
 *	  your names"}, …, {0}};
 *
 * A command's name may be several words ("account add"): then `account` alone, or with an unknown
 * second word, is wrong usage that names them all, and `account --help` lists them. An option of
 * one command may stand before it, so options of one name must all take a value or all take none.
 */
#ifndef GROUNDNUT_BASE_CLI_H
#define GROUNDNUT_BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>

enum { EXIT_WORK = 1, EXIT_USAGE = 2, CLI_WORDS = 16, CLI_VALUES = 32 };

struct cli_option {
	const char *name;  /* long name without dashes; NULL ends the list */
	char letter;       /* short form, or 0 */
	const char *value; /* what the value is called in help, or NULL: a switch */
	const char *help;
	/* shown so in usage; that it is there is the command's to look after */
	bool required;
};

struct cli_line;
struct cli_command {
	/* "init", "account add", "admin token add"; NULL ends the list */
	const char *name;
	const char *words;                /* what follows it: "NAME PUBLIC TARGET"; may be NULL */
	const char *help;                 /* one line */
	const char *more;                 /* further lines for SUBCOMMAND --help, or NULL */
	const struct cli_option *options; /* besides the common ones; may be NULL */
	size_t least, most;               /* words after the command */
	int (*run)(const struct cli_line *line); /* returns the exit code */
};

struct cli {
	const char *program, *about;
	const struct cli_command *commands;
	const struct cli_option *common; /* cli_common, or a list of its own that has all of that */
	char *(*default_config)(void);   /* where the configuration is when no option says */
	/* further lines of --version, each ended; freed by the caller. NULL: there are none */
	char *(*built_with)(void);
};

/* -c/--config FILE, --log-level, --log-format, -h/--help, --version. */
extern const struct cli_option cli_common[];

struct cli_line {
	const struct cli_command *command;
	/* the configuration file, while cli_main() runs the command */
	const char *config;
	const char *words[CLI_WORDS]; /* after the command's name */
	size_t word_count;
	/* value: NULL for a switch */
	struct {
		const struct cli_option *option;
		const char *value;
	} values[CLI_VALUES];
	size_t value_count;
};

/* Parses all, and sets the log up from --log-level and --log-format. Prints help or version and
 * says so by *exit_code >= 0; wrong usage is one line on stderr and exit 2. *exit_code -1: go
 * on, out->command is set. */
void cli_parse(const struct cli *cli, int argc, char **argv, struct cli_line *out, int *exit_code);
/* All of a main(): parses, runs the command, and returns the exit code. What could not be written
 * to stdout is a failure. SIGPIPE is ignored. Where descriptor 0, 1 or 2 came closed, /dev/null
 * holds its place, so that no file or socket is opened there; using it fails. */
int cli_main(const struct cli *cli, int argc, char **argv);
/* Runs a service, whose log nobody waits for; returns its exit code. */
int cli_serve(const struct cli_line *line, int (*serve)(const char *config));
/* the exit code of 0, or of a negative error: a configuration that is wrong is wrong usage */
int cli_exit(int err);
bool cli_has(const struct cli_line *line, const char *option);
/* the last one given, or NULL */
const char *cli_value(const struct cli_line *line, const char *option);
size_t cli_value_count(const struct cli_line *line, const char *option);
const char *cli_value_at(const struct cli_line *line, const char *option, size_t i);

#endif
