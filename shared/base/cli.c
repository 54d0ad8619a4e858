/*
 * Two passes, since an option may stand before the command it belongs to. The first splits the line
 * into words and options, looking an option up in all there are; the words then name the command,
 * and the second asks whether each option is one of its own.
 */
#include "shared/base/cli.h"

#include "shared/base/buf.h"
#include "shared/base/default_paths.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/terminal_text.h"
#include "shared/base/text.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KNOWN_MAX = 64, HELP_WIDTH = 80, HELP_COLUMN = 27, GROUP_MAX = 64 };

const struct cli_option cli_common[] = {
    {"config", 'c', "FILE",
     "the configuration; else in /etc/groundnut for root, in ~/.config/groundnut for others",
     false},
    {"log-level", 0, "LEVEL", "debug, info (the default), warn or error", false},
    {"log-format", 0, "FORMAT", "text (the default) or json", false},
    {"help", 'h', NULL, "show this", false},
    {"version", 0, NULL, "show the version", false},
    {0},
};

struct raw {
	const char *words[CLI_WORDS]; /* with the command's own */
	size_t word_count;
};

static size_t name_len(const char *arg)
{
	return strcspn(arg, "=");
}

static bool is_option(const struct cli_option *o, const char *name, size_t len)
{
	return strlen(o->name) == len && !memcmp(o->name, name, len);
}

static const struct cli_option *option_in(const struct cli_option *list, const char *name,
					  size_t len, char letter)
{
	for (const struct cli_option *o = list; o && o->name; o++)
		if (letter ? o->letter == letter : is_option(o, name, len))
			return o;
	return NULL;
}

static const struct cli_option *option_anywhere(const struct cli *cli, const char *name, size_t len,
						char letter)
{
	const struct cli_option *found = option_in(cli->common, name, len, letter);
	for (const struct cli_command *c = cli->commands; !found && c->name; c++)
		found = option_in(c->options, name, len, letter);
	return found;
}

static void collect_names(const struct cli_option *list, const char **known, size_t *count)
{
	for (const struct cli_option *o = list; o && o->name && *count < KNOWN_MAX; o++)
		known[(*count)++] = o->name;
}

static int unknown_option(const struct cli *cli, const char *arg)
{
	const char *known[KNOWN_MAX + 1];
	size_t count = 0;
	collect_names(cli->common, known, &count);
	for (const struct cli_command *c = cli->commands; c->name; c++)
		collect_names(c->options, known, &count);
	known[count] = NULL;
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)name_len(arg), arg);
	const char *near = strncmp(arg, "--", 2) ? NULL : text_nearest(name + 2, known);
	if (near)
		log_say("unknown option %s; did you mean --%s?", name, near);
	else
		log_say("unknown option %s", name);
	return EXIT_USAGE;
}

static int add_value(struct cli_line *out, const struct cli_option *o, const char *value)
{
	if (out->value_count == CLI_VALUES) {
		log_say("too many options");
		return EXIT_USAGE;
	}
	out->values[out->value_count].option = o;
	out->values[out->value_count++].value = value;
	return -1;
}

/* Reads the option argv[*i], and its value from the next argument where it has none of its own. */
static int split_option(const struct cli *cli, int argc, char **argv, int *i, struct cli_line *out)
{
	const char *arg = argv[*i];
	bool is_long = arg[1] == '-';
	size_t len = is_long ? name_len(arg + 2) : 0;
	const struct cli_option *o = option_anywhere(cli, arg + 2, len, is_long ? 0 : arg[1]);
	if (!o)
		return unknown_option(cli, arg);
	const char *own = is_long ? arg + 2 + len : arg + 2;
	if (!o->value) {
		if (!*own)
			return add_value(out, o, NULL);
		log_say("--%s takes no value", o->name);
		return EXIT_USAGE;
	}
	const char *value = !is_long && *own ? own
			    : *own           ? own + 1
			    : *i + 1 < argc  ? argv[++*i]
					     : "";
	if (*value)
		return add_value(out, o, value);
	log_say("--%s needs a value: %s", o->name, o->value);
	return EXIT_USAGE;
}

static int split(const struct cli *cli, int argc, char **argv, struct raw *raw,
		 struct cli_line *out)
{
	bool options = true;
	for (int i = 1; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			int exit_code = split_option(cli, argc, argv, &i, out);
			if (exit_code >= 0)
				return exit_code;
		} else if (raw->word_count == CLI_WORDS) {
			log_say("too many words, from \"%s\" on", argv[i]);
			return EXIT_USAGE;
		} else {
			raw->words[raw->word_count++] = argv[i];
		}
	}
	return -1;
}

/* How many words of the line are this command's name; 0: the line names another command. */
static size_t matches(const struct cli_command *c, const struct raw *raw)
{
	size_t count = 0;
	for (const char *word = c->name; *word; count++) {
		size_t len = strcspn(word, " ");
		if (count == raw->word_count || strlen(raw->words[count]) != len ||
		    memcmp(raw->words[count], word, len) != 0)
			return 0;
		word += len + (word[len] == ' ');
	}
	return count;
}

/* What follows "GROUP " in a command's name, or NULL. */
static const char *within(const struct cli_command *c, const char *group)
{
	size_t len = strlen(group);
	return !strncmp(c->name, group, len) && c->name[len] == ' ' ? c->name + len + 1 : NULL;
}

static bool is_group(const struct cli *cli, const char *word)
{
	for (const struct cli_command *c = cli->commands; c->name; c++)
		if (within(c, word))
			return true;
	return false;
}

/* How many of the first words are a group's name ("admin", "admin token"), which stands in out; 0:
 * none, and out is "". */
static size_t group_of(const struct cli *cli, const struct raw *raw, char out[GROUP_MAX])
{
	char name[GROUP_MAX] = "";
	size_t count = 0, len = 0;
	*out = '\0';
	for (size_t i = 0; i < raw->word_count && len < GROUP_MAX; i++) {
		len += (size_t)snprintf(name + len, GROUP_MAX - len, "%s%s", i ? " " : "",
					raw->words[i]);
		if (len >= GROUP_MAX || !is_group(cli, name))
			break;
		memcpy(out, name, sizeof name);
		count = i + 1;
	}
	return count;
}

static int unknown_in_group(const struct cli *cli, const struct raw *raw, const char *group,
			    size_t count)
{
	struct buf names = BUF_INIT;
	for (const struct cli_command *c = cli->commands; c->name; c++)
		if (within(c, group))
			buf_printf(&names, "%s%s", buf_len(&names) ? ", " : "", within(c, group));
	if (raw->word_count > count)
		log_say("unknown command \"%s %s\"; %s has %s", group, raw->words[count], group,
			buf_str(&names));
	else
		log_say("%s needs one of %s", group, buf_str(&names));
	buf_fini(&names);
	return EXIT_USAGE;
}

static int unknown_command(const struct cli *cli, const struct raw *raw)
{
	char group[GROUP_MAX];
	size_t in_group = group_of(cli, raw, group);
	if (in_group)
		return unknown_in_group(cli, raw, group, in_group);
	char firsts[KNOWN_MAX][32];
	const char *known[KNOWN_MAX + 1];
	size_t count = 0;
	for (const struct cli_command *c = cli->commands; c->name && count < KNOWN_MAX; c++) {
		snprintf(firsts[count], sizeof(firsts[count]), "%.*s", (int)strcspn(c->name, " "),
			 c->name);
		known[count] = firsts[count];
		count++;
	}
	known[count] = NULL;
	const char *near = text_nearest(raw->words[0], known);
	if (near)
		log_say("unknown command \"%s\"; did you mean \"%s\"?", raw->words[0], near);
	else
		log_say("unknown command \"%s\"; %s --help lists them", raw->words[0],
			cli->program);
	return EXIT_USAGE;
}

/* One line of a list: form, then help from a fixed column on, also in further lines. */
static void put_help_line(struct buf *b, const char *form, const char *help)
{
	struct terminal_text page = {b, HELP_WIDTH, false};
	size_t width = text_width(form);
	bool fits = width < HELP_COLUMN;
	char *line =
	    mem_printf("  %s%*s %s", form, fits ? (int)(HELP_COLUMN - width) : 0, "", help);
	if (fits) {
		terminal_text_put(&page, 0, HELP_COLUMN + 3, TEXT_PLAIN, line);
	} else {
		buf_printf(b, "  %s\n", form);
		terminal_text_put(&page, HELP_COLUMN + 3, HELP_COLUMN + 3, TEXT_PLAIN, help);
	}
	mem_free(line);
}

static void print_options(struct buf *b, const struct cli_option *list)
{
	for (const struct cli_option *o = list; o && o->name; o++) {
		char form[96];
		snprintf(form, sizeof(form), "%s%.*s%s--%s%s%s", o->letter ? "-" : "",
			 o->letter ? 1 : 0, &o->letter, o->letter ? ", " : "    ", o->name,
			 o->value ? " " : "", o->value ? o->value : "");
		put_help_line(b, form, o->help);
	}
}

static void put_switches(struct buf *b, const struct cli_command *c)
{
	for (const struct cli_option *o = c->options; o && o->name; o++)
		buf_printf(b, o->required ? " --%s%s%s" : " [--%s%s%s]", o->name,
			   o->value ? " " : "", o->value ? o->value : "");
}

static void put_command(struct buf *b, const struct cli_command *c)
{
	struct buf form = BUF_INIT;
	buf_printf(&form, "%s%s%s", c->name, c->words ? " " : "", c->words ? c->words : "");
	put_help_line(b, buf_str(&form), c->help);
	buf_fini(&form);
}

/* The help of the whole program, or of one group of commands when group is not NULL. */
static void put_help(struct buf *b, const struct cli *cli, const char *group)
{
	buf_printf(b, "%s: %s\n\nUsage: %s %s%sCOMMAND [OPTION…] [WORD…]\n\nCommands:\n",
		   cli->program, cli->about, cli->program, group ? group : "", group ? " " : "");
	for (const struct cli_command *c = cli->commands; c->name; c++)
		if (!group || within(c, group))
			put_command(b, c);
	buf_puts(b, "\nOptions, anywhere on the line (\"--\" ends them):\n");
	print_options(b, cli->common);
	buf_printf(b, "\n%s COMMAND --help tells more about one.\n", cli->program);
}

/* Writes the text no wider than the help; its own line ends stay. */
static void put_paragraphs(struct buf *b, const char *text)
{
	struct terminal_text page = {b, HELP_WIDTH, false};
	buf_puts(b, "\n");
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		char *line = mem_printf("%.*s", (int)len, text);
		terminal_text_put(&page, 0, 0, TEXT_PLAIN, line);
		mem_free(line);
	}
}

static void put_usage(struct buf *b, const struct cli *cli, const struct cli_command *c)
{
	struct terminal_text page = {b, HELP_WIDTH, false};
	struct buf usage = BUF_INIT;
	buf_printf(&usage, "Usage: %s %s%s%s", cli->program, c->name, c->words ? " " : "",
		   c->words ? c->words : "");
	put_switches(&usage, c);
	terminal_text_put(&page, 0, 4, TEXT_PLAIN, buf_str(&usage));
	buf_fini(&usage);
}

static void put_command_help(struct buf *b, const struct cli *cli, const struct cli_command *c)
{
	put_usage(b, cli, c);
	buf_printf(b, "\n%c%s.\n", toupper((unsigned char)c->help[0]), c->help + 1);
	if (c->more)
		put_paragraphs(b, c->more);
	buf_puts(b, "\nOptions:\n");
	print_options(b, c->options);
	print_options(b, cli->common);
}

static int print_help(const struct cli *cli, const struct cli_command *c, const char *group)
{
	struct buf b = BUF_INIT;
	if (c)
		put_command_help(&b, cli, c);
	else
		put_help(&b, cli, group);
	fputs(buf_str(&b), stdout);
	buf_fini(&b);
	return 0;
}

static int check_words(const struct cli *cli, const struct cli_line *line)
{
	const struct cli_command *c = line->command;
	if (line->word_count > c->most)
		log_say("%s: one word too many: \"%s\"", c->name, line->words[c->most]);
	else if (line->word_count < c->least)
		log_say("%s needs %s (%s %s --help)", c->name, c->words, cli->program, c->name);
	else
		return -1;
	return EXIT_USAGE;
}

/* Two commands may describe an option of one name differently: from here on the line refers to its
 * command's own. */
static int check_options(const struct cli *cli, struct cli_line *line)
{
	for (size_t i = 0; i < line->value_count; i++) {
		const char *name = line->values[i].option->name;
		const struct cli_option *o = option_in(cli->common, name, strlen(name), 0);
		if (!o)
			o = option_in(line->command->options, name, strlen(name), 0);
		if (!o) {
			log_say("%s has no option --%s", line->command->name, name);
			return EXIT_USAGE;
		}
		line->values[i].option = o;
	}
	return -1;
}

static int set_up_log(const struct cli *cli, const struct cli_line *line)
{
	enum log_level level = LOG_INFO;
	enum log_format format = LOG_TEXT;
	const char *text = cli_value(line, "log-level");
	if (text && log_level_parse(text, &level) < 0) {
		log_say("--log-level: \"%s\" is none of debug, info, warn, error", text);
		return EXIT_USAGE;
	}
	text = cli_value(line, "log-format");
	if (text && log_format_parse(text, &format) < 0) {
		log_say("--log-format: \"%s\" is neither text nor json", text);
		return EXIT_USAGE;
	}
	log_setup(cli->program, level, format);
	return -1;
}

static int no_command(const struct cli *cli)
{
	struct buf b = BUF_INIT;
	put_help(&b, cli, NULL);
	fputs(buf_str(&b), stderr);
	buf_fini(&b);
	return EXIT_USAGE;
}

static int print_version(const struct cli *cli)
{
	char *more = cli->built_with ? cli->built_with() : NULL;
	printf("%s %s\n%s", cli->program, GROUNDNUT_VERSION, more ? more : "");
	mem_free(more);
	return 0;
}

static int parse(const struct cli *cli, int argc, char **argv, struct cli_line *out)
{
	struct raw raw = {.word_count = 0};
	int exit_code = split(cli, argc, argv, &raw, out);
	if (exit_code >= 0)
		return exit_code;
	if (cli_has(out, "version"))
		return print_version(cli);
	size_t own = 0;
	for (const struct cli_command *c = cli->commands; c->name && !own; c++) {
		own = matches(c, &raw);
		if (own)
			out->command = c;
	}
	bool help = cli_has(out, "help");
	char group[GROUP_MAX];
	if (!own && help && group_of(cli, &raw, group) == raw.word_count)
		return print_help(cli, NULL, *group ? group : NULL);
	if (!own)
		return raw.word_count ? unknown_command(cli, &raw) : no_command(cli);
	if (help)
		return print_help(cli, out->command, NULL);
	out->word_count = raw.word_count - own;
	memcpy(out->words, raw.words + own, out->word_count * sizeof(*out->words));
	exit_code = check_options(cli, out);
	if (exit_code < 0)
		exit_code = check_words(cli, out);
	return exit_code < 0 ? set_up_log(cli, out) : exit_code;
}

void cli_parse(const struct cli *cli, int argc, char **argv, struct cli_line *out, int *exit_code)
{
	memset(out, 0, sizeof(*out));
	log_setup(cli->program, LOG_INFO, LOG_TEXT);
	*exit_code = parse(cli, argc, argv, out);
}

/* "agent" of "groundnut-agent" */
static const char *side(const struct cli *cli)
{
	const char *dash = strrchr(cli->program, '-');
	return dash ? dash + 1 : cli->program;
}

/* A user who has no configuration, on a machine that runs the system's service, has probably
 * forgotten sudo: it is said after whatever the command says. */
static int run(const struct cli *cli, struct cli_line *line)
{
	const char *config = cli_value(line, "config");
	char *path = config ? mem_strdup(config) : cli->default_config();
	line->config = path;
	bool misses = !config && !file_exists(path) && default_paths_system_runs(side(cli));
	assert(line->command);
	int exit_code = line->command->run(line);
	if (misses)
		log_say("%s runs as a system service here; to speak to it use sudo", cli->program);
	line->config = NULL;
	mem_free(path);
	return exit_code;
}

/* What main() ends with: exit_code, or EXIT_WORK after saying that standard output could not be
 * written. */
static int end(int exit_code)
{
	bool flushed = fflush(stdout) == 0;
	if (flushed && !ferror(stdout))
		return exit_code;
	log_say("standard output: %s", flushed ? "could not be written" : err_text(-errno));
	return exit_code ? exit_code : EXIT_WORK;
}

/* A descriptor that was closed at the start is opened the wrong way round. So reading from it or
 * writing to it still fails, and no result is lost in silence. */
static bool hold_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", way) != fd)
			return false;
	}
	return true;
}

int cli_main(const struct cli *cli, int argc, char **argv)
{
	struct cli_line line;
	int exit_code;
	if (!hold_descriptors())
		return EXIT_WORK;
	signal(SIGPIPE, SIG_IGN);
	cli_parse(cli, argc, argv, &line, &exit_code);
	if (exit_code < 0)
		exit_code = run(cli, &line);
	return end(exit_code);
}

int cli_serve(const struct cli_line *line, int (*serve)(const char *config))
{
	int err = log_start();
	if (err < 0) {
		log_say("the log's thread: %s", err_text(err));
		return EXIT_WORK;
	}
	int exit_code = serve(line->config);
	log_stop();
	return exit_code;
}

int cli_exit(int err)
{
	return err == 0 ? 0 : err == ERR_CONFIG ? EXIT_USAGE : EXIT_WORK;
}

bool cli_has(const struct cli_line *line, const char *option)
{
	return cli_value_count(line, option) > 0;
}

const char *cli_value(const struct cli_line *line, const char *option)
{
	size_t count = cli_value_count(line, option);
	return count ? cli_value_at(line, option, count - 1) : NULL;
}

size_t cli_value_count(const struct cli_line *line, const char *option)
{
	size_t count = 0;
	for (size_t i = 0; i < line->value_count; i++)
		count += !strcmp(line->values[i].option->name, option);
	return count;
}

const char *cli_value_at(const struct cli_line *line, const char *option, size_t i)
{
	for (size_t k = 0; k < line->value_count; k++)
		if (!strcmp(line->values[k].option->name, option) && !i--)
			return line->values[k].value;
	return NULL;
}
