#include "agent/join.h"

#include "agent/config.h"
#include "agent/config_edit.h"
#include "agent/machine_identity.h"
#include "agent/join_line.h"
#include "agent/join_probe.h"
#include "agent/agent_control_client.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 2048, TRIAL_TIMEOUT_MS = 5000 };

/* Reads the first line of stdin that is not blank. A line that was wrapped is joined again: to the
 * end of stdin or, on a terminal, to the first blank line. */
static bool read_line(char line[LINE_MAX_LEN])
{
	bool terminal = isatty(STDIN_FILENO);
	size_t len = 0;
	if (terminal)
		log_say("paste the join line, then press Enter twice:");
	while (len + 1 < LINE_MAX_LEN && fgets(line + len, (int)(LINE_MAX_LEN - len), stdin)) {
		bool blank = !line[len + strspn(line + len, " \t\r\n")];
		if (blank && len && terminal)
			break;
		len = blank ? len : strlen(line);
	}
	line[len] = '\0';
	return len > 0;
}

static int take_line(const char *word, struct join_line *out)
{
	char line[LINE_MAX_LEN], why[LINE_MAX_LEN];
	if (strcmp(word, "-") == 0) {
		if (!read_line(line)) {
			log_say("join: no line came from stdin");
			return EXIT_USAGE;
		}
		word = line;
	}
	int err = join_line_parse(word, out, why, sizeof(why));
	mem_wipe(line, sizeof(line));
	if (!err)
		return 0;
	log_say("join: the line is not a join line: %s", why);
	return EXIT_USAGE;
}

static void say_next(const struct agent_config *c)
{
	char *usual = agent_config_default_path(), *word = text_shell(c->file);
	bool plain = strcmp(usual, c->file) == 0;
	const char *option = plain ? "" : " -c ", *file = plain ? "" : word;
	const char *service = plain && geteuid() == 0
				  ? ", or as a service `systemctl enable --now groundnut-agent`"
				  : "";
	if (c->mappings.count == 0)
		log_say("next: `groundnut-agent map web 8080 80%s%s` makes port 80 of this machine "
			"public",
			option, file);
	log_say("%s: `groundnut-agent run%s%s` starts the agent%s",
		c->mappings.count ? "next" : "then", option, file, service);
	mem_free(word);
	mem_free(usual);
}

/* Tries what was written, and hands it to an agent that already runs on this file. Returns the exit
 * code; 1 when the relay did not take it. */
static int follow_up(const struct agent_config *c)
{
	char *said = NULL;
	struct control_client ask;
	int err = join_probe_run(c, TRIAL_TIMEOUT_MS, NULL, NULL, &said);
	log_say("%s", said);
	mem_free(said);
	if (err) {
		machine_identity_note_failed_join(c->state, c->account);
		return EXIT_WORK;
	}
	machine_identity_note_attached(c->state, c->agent_is_default ? c->agent : NULL);
	agent_control_client_ask(c, "reload", NULL, CONTROL_CLIENT_MS, &ask);
	if (ask.result == CONTROL_CLIENT_DONE)
		log_say("the running agent has taken the file up; next: `groundnut-agent status`");
	else if (ask.result == CONTROL_CLIENT_NOBODY)
		say_next(c);
	else
		log_say("%s", ask.said);
	control_client_fini(&ask);
	return 0;
}

int join_command(const char *file, const char *word, bool force)
{
	struct join_line line;
	struct agent_config *c = NULL;
	int code = take_line(word, &line);
	if (code)
		return code;
	code = config_edit_join(file, &line, force, &c);
	join_line_fini(&line);
	if (code)
		return code;
	log_say("%s: written for account %s at %s", file, c->account, c->relay_text);
	code = follow_up(c);
	agent_config_free(c);
	return code;
}
