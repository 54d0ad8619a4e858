#include "agent/join.h"

#include "agent/config.h"
#include "agent/config_edit.h"
#include "agent/join_test.h"
#include "shared/base/addr.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_client.h"
#include "shared/base/text.h"
#include "shared/net/tls_context.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCHEME "groundnut://"

enum { LINE_MAX_LEN = 2048, TRIAL_TIMEOUT_MS = 5000 };

struct why {
	char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct why *why, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why->text, why->len, format, args);
	va_end(args);
	return false;
}

/* Cuts at the first of stops; returns what follows, or NULL when there is none. */
static char *cut(char *text, const char *stops)
{
	char *at = strpbrk(text, stops);
	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static bool check_who(const char *account, const char *token, struct why *why)
{
	if (!text_is_name(account))
		return wrong(why, "\"%s\" is not an account's name", account);
	if (!token || !*token)
		return wrong(why, "there is no token behind the account's name");
	if (!agent_config_is_token(token))
		return wrong(
		    why,
		    "the token holds what no token does: it is letters, digits, \"-\" and \"_\"");
	return true;
}

static bool check_relay(const char *relay, struct why *why)
{
	struct endpoint e;
	const char *reason;
	if (!*relay)
		return wrong(why, "there is no relay behind the \"@\"");
	if (endpoint_parse(relay, &e, &reason) != 0)
		return wrong(why, "\"%s\" %s", relay, reason);
	if (e.first != e.last)
		return wrong(why, "\"%s\" is a range; the relay has one port", relay);
	return true;
}

static bool check_query(char *query, const char **pin, struct why *why)
{
	*pin = NULL;
	for (char *part = query, *next; part; part = next) {
		next = cut(part, "&");
		if (strncmp(part, "pin=", 4) != 0)
			return wrong(why, "\"%s\" is not known; only \"pin=\" is", part);
		if (*pin)
			return wrong(why, "there is more than one pin");
		*pin = part + 4;
	}
	if (!*pin)
		return wrong(why, "the pin is missing; copy the whole line");
	if (!tls_context_is_pin(*pin))
		return wrong(why, "the pin \"%s\" is not sha256: and 64 lower-case hex digits",
			     *pin);
	return true;
}

/* Takes copy apart; account, token and so on point into it. */
static bool split(char *copy, struct join_line *parts, struct why *why)
{
	const char *pin;
	if (strncmp(copy, SCHEME, strlen(SCHEME)) != 0)
		return wrong(why, "it does not begin with \"" SCHEME "\"");
	char *account = copy + strlen(SCHEME);
	char *relay = cut(account, "@");
	if (!relay)
		return wrong(why, "there is no \"@\" between token and relay");
	char *token = cut(account, ":");
	char *query = cut(relay, "?");
	char *path = cut(relay, "/");
	if (!check_who(account, token, why) || !check_relay(relay, why))
		return false;
	if (path && *path)
		return wrong(why, "\"?pin=\" must follow the relay's port, not \"/%s\"", path);
	if (!check_query(query, &pin, why))
		return false;
	*parts = (struct join_line){
	    .account = account, .token = token, .relay = relay, .pin = (char *)pin};
	return true;
}

int join_parse(const char *text, struct join_line *out, char *why_text, size_t why_len)
{
	struct why why = {why_text, why_len};
	struct join_line parts = {0};
	size_t len;
	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	char *copy = mem_zalloc(len + 1);
	memcpy(copy, text, len);
	bool ok = split(copy, &parts, &why);
	*out = (struct join_line){0};
	if (ok) {
		out->account = mem_strdup(parts.account);
		out->token = mem_strdup(parts.token);
		out->relay = mem_strdup(parts.relay);
		out->pin = mem_strdup(parts.pin);
	}
	mem_wipe(copy, len);
	mem_free(copy);
	return ok ? 0 : ERR_SYNTAX;
}

void join_fini(struct join_line *l)
{
	if (l->token)
		mem_wipe(l->token, strlen(l->token));
	mem_free(l->account);
	mem_free(l->token);
	mem_free(l->relay);
	mem_free(l->pin);
	*l = (struct join_line){0};
}

/* The first line of stdin that is not blank. */
static bool read_line(char line[LINE_MAX_LEN])
{
	while (fgets(line, LINE_MAX_LEN, stdin)) {
		if (line[strspn(line, " \t\r\n")])
			return true;
	}
	line[0] = '\0';
	return false;
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
	int err = join_parse(word, out, why, sizeof(why));
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

/* What was written is tried, and handed to an agent that already runs on it; neither changes the
 * exit code. */
static void follow_up(const struct agent_config *c)
{
	char *said = NULL;
	struct control_client ask;
	join_test_run(c, TRIAL_TIMEOUT_MS, &said);
	log_say("%s", said);
	mem_free(said);
	control_client_program("agent", c->control, "{\"do\": \"reload\"}", CONTROL_CLIENT_MS,
			       &ask);
	if (ask.result == CONTROL_CLIENT_DONE)
		log_say("the running agent has taken the file up; next: `groundnut-agent status`");
	else if (ask.result == CONTROL_CLIENT_NOBODY)
		say_next(c);
	else
		log_say("%s", ask.said);
	control_client_fini(&ask);
}

int join_command(const char *file, const char *word, bool force)
{
	struct join_line line;
	struct agent_config *c = NULL;
	int code = take_line(word, &line);
	if (code)
		return code;
	code = config_edit_join(file, &line, force, &c);
	join_fini(&line);
	if (code)
		return code;
	log_say("%s: written for account %s at %s", file, c->account, c->relay_text);
	follow_up(c);
	agent_config_free(c);
	return 0;
}
