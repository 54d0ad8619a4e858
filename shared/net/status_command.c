#include "shared/net/status_command.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_client.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* As indented JSON; freed by the caller. */
static char *dump(const json_t *json)
{
	char *dumped =
	    json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
	char *text = mem_strdup(dumped);
	free(dumped);
	return text;
}

/* The whole answer, or NULL and in *why the reason (freed by the caller). */
static json_t *ask(const char *who, const char *control, const char *request, char **why)
{
	struct control_client a;
	control_client_program(who, control, request, CONTROL_CLIENT_MS, &a);
	json_t *answer = a.answer ? json_loads(a.answer, 0, NULL) : NULL;
	*why = answer ? NULL : mem_strdup(a.said);
	control_client_fini(&a);
	return answer;
}

/* An answer with a status object; as ask(). */
static json_t *ask_status(const char *who, const char *control, char **why)
{
	json_t *answer = ask(who, control, "{\"do\": \"status\"}", why);
	if (!answer || json_is_object(json_object_get(answer, "status")))
		return answer;
	*why = mem_printf("the running %s gave an answer without a status", who);
	json_decref(answer);
	return NULL;
}

/* Behind the last item of a list in an object. */
static void print_items(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		char *text = dump(json_array_get(list, i));
		fputs(",\n    ", stdout);
		for (const char *p = text; *p; p++)
			printf(*p == '\n' ? "%c    " : "%c", *p);
		mem_free(text);
	}
}

/* The status as JSON, page by page: its last list goes on in the answers to what "more" asks. Never
 * all in memory. NULL, or why it ends early (freed by the caller). */
static char *print_json(const struct status_command *s, const char *control, json_t *answer)
{
	static const char list_end[] = "\n  ]\n}";
	char *text = dump(json_object_get(answer, "status")), *why = NULL;
	json_t *more = json_incref(json_object_get(answer, "more"));
	size_t len = strlen(text), end = sizeof list_end - 1;
	bool open = more && len > end && !strcmp(text + len - end, list_end);
	printf("%.*s", (int)(open ? len - end : len), text);
	while (open && more) {
		char *question = json_dumps(more, JSON_COMPACT);
		json_t *page = ask(s->who, control, question, &why);
		free(question);
		json_decref(more);
		more = json_incref(json_object_get(page, "more"));
		const char *key;
		json_t *list;
		json_object_foreach(page, key, list) print_items(list);
		json_decref(page);
	}
	fputs(open ? "\n  ]\n}\n" : "\n", stdout);
	json_decref(more);
	mem_free(text);
	return why;
}

/* Prints a page for people. What "more" asks is left out, which the page may say. */
static char *print_page(const struct status_command *s, json_t *answer)
{
	struct buf out = BUF_INIT;
	struct terminal_text page;
	json_t *status = json_object_get(answer, "status");
	json_object_set(status, "more", json_object_get(answer, "more"));
	char *text = dump(status);
	terminal_text_init(&page, &out, STDOUT_FILENO);
	s->render(text, &page);
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
	mem_free(text);
	return NULL;
}

static bool is_up(const struct status_command *s, const json_t *answer)
{
	char *text = dump(json_object_get(answer, "status"));
	bool up = s->is_up(text);
	mem_free(text);
	return up;
}

static int show_once(const struct status_command *s, const char *control, int flags)
{
	char *why;
	json_t *answer = ask_status(s->who, control, &why);
	int code = answer ? 0 : EXIT_WORK;
	if (flags & STATUS_CHECK)
		code = answer && is_up(s, answer) ? 0 : EXIT_WORK;
	else if (answer)
		why = flags & STATUS_JSON ? print_json(s, control, answer) : print_page(s, answer);
	if (why && !(flags & STATUS_CHECK)) {
		log_say("%s", why);
		code = EXIT_WORK;
	}
	json_decref(answer);
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
	char *why;
	json_t *answer = ask_status(s->who, control, &why);
	if (isatty(STDOUT_FILENO) == 1)
		fputs("\033[H\033[2J", stdout);
	if (answer)
		why = flags & STATUS_JSON ? print_json(s, control, answer) : print_page(s, answer);
	if (why)
		printf("%s\n", why);
	json_decref(answer);
	mem_free(why);
	return fflush(stdout) == 0;
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
