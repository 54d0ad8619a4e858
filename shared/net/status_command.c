#include "shared/net/status_command.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_client.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const struct cli_option status_command_options[] = {
    {"json", 0, NULL, "as one JSON object, times in UTC", false},
    {"watch", 0, NULL, "anew each second, until Ctrl-C", false},
    {"check", 0, NULL, "print nothing; 0 only when all is up", false},
    {0},
};

int status_command_flags(const struct cli_line *line)
{
	int flags = (cli_has(line, "json") ? STATUS_JSON : 0) |
		    (cli_has(line, "watch") ? STATUS_WATCH : 0) |
		    (cli_has(line, "check") ? STATUS_CHECK : 0);
	if ((flags & STATUS_WATCH) && (flags & STATUS_CHECK)) {
		log_say("status takes --watch or --check, not both");
		return -1;
	}
	return flags;
}

/* The "status" object as indented JSON; NULL: it has none. */
static char *status_of(const struct control_client *a)
{
	json_t *answer = a->answer ? json_loads(a->answer, 0, NULL) : NULL;
	const json_t *status = json_object_get(answer, "status");
	char *dumped =
	    json_is_object(status)
		? json_dumps(status, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))
		: NULL;
	char *text = mem_strdup(dumped);
	free(dumped);
	json_decref(answer);
	return text;
}

/* The status object, or NULL and in *why the reason; each freed by the caller. */
static char *ask(const char *who, const char *control, char **why)
{
	struct control_client a;
	control_client_program(who, control, "{\"do\": \"status\"}", CONTROL_CLIENT_MS, &a);
	char *status = status_of(&a);
	*why = status ? NULL
	       : a.result == CONTROL_CLIENT_DONE
		   ? mem_printf("the running %s gave an answer without a status", who)
		   : mem_strdup(a.said);
	control_client_fini(&a);
	return status;
}

static void put(const struct status_command *s, const char *status, int flags, struct buf *out)
{
	struct text_page page;
	text_page_init(&page, out, STDOUT_FILENO);
	if (flags & STATUS_JSON)
		buf_printf(out, "%s\n", status);
	else
		s->render(status, &page);
}

static int show_once(const struct status_command *s, const char *control, int flags)
{
	char *why, *status = ask(s->who, control, &why);
	struct buf out = BUF_INIT;
	int code = status ? 0 : EXIT_WORK;
	if (flags & STATUS_CHECK)
		code = status && s->is_up(status) ? 0 : EXIT_WORK;
	else if (status)
		put(s, status, flags, &out);
	else
		log_say("%s", why);
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
	mem_free(status);
	mem_free(why);
	return code;
}

static void end_watch(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

/* A program that does not answer may come back, so its absence is shown like a status. */
static bool show_again(const struct status_command *s, const char *control, int flags)
{
	char *why, *status = ask(s->who, control, &why);
	struct buf out = BUF_INIT;
	if (isatty(STDOUT_FILENO) == 1)
		buf_puts(&out, "\033[H\033[2J");
	if (status)
		put(s, status, flags, &out);
	else
		buf_printf(&out, "%s\n", why);
	fputs(buf_str(&out), stdout);
	bool written = fflush(stdout) == 0;
	buf_fini(&out);
	mem_free(status);
	mem_free(why);
	return written;
}

static int watch(const struct status_command *s, const char *control, int flags)
{
	struct sigaction action = {.sa_handler = end_watch};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (show_again(s, control, flags))
		sleep(1);
	return EXIT_WORK;
}

int status_command_run(const struct status_command *s, const char *control, int flags)
{
	return flags & STATUS_WATCH ? watch(s, control, flags) : show_once(s, control, flags);
}
