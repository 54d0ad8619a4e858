#include "agent/join_line.h"

#include "agent/config.h"
#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/tls_context.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "groundnut://"

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

/* key's value where part is key and value, once; NULL otherwise. */
static bool take_value(char *part, const char *key, char **value)
{
	size_t len = strlen(key);
	if (strncmp(part, key, len) != 0 || *value)
		return false;
	*value = part + len;
	return true;
}

static bool check_query(char *query, struct join_line *parts, struct why *why)
{
	for (char *part = query, *next; part; part = next) {
		next = cut(part, "&");
		bool twice = (parts->pin && !strncmp(part, "pin=", 4)) ||
			     (parts->agent && !strncmp(part, "agent=", 6));
		if (twice)
			return wrong(why, "there is more than one %.*s", (int)strcspn(part, "="),
				     part);
		if (take_value(part, "pin=", &parts->pin) ||
		    take_value(part, "agent=", &parts->agent))
			continue;
		if (strcmp(part, "invite") != 0)
			return wrong(
			    why, "\"%s\" is not known; \"pin=\", \"agent=\", \"invite\" are", part);
		parts->is_invite = true;
	}
	if (!parts->pin)
		return wrong(why, "the pin is missing; copy the whole line");
	if (!tls_context_is_pin(parts->pin))
		return wrong(why, "the pin \"%s\" is not sha256: and 64 lower-case hex digits",
			     parts->pin);
	if (parts->agent && !text_is_name(parts->agent))
		return wrong(why, "\"%s\" is not an agent's name", parts->agent);
	return true;
}

/* Takes copy apart; account, token and so on point into it. */
static bool split(char *copy, struct join_line *parts, struct why *why)
{
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
	parts->account = account;
	parts->token = token;
	parts->relay = relay;
	return check_query(query, parts, why);
}

int join_line_parse(const char *text, struct join_line *out, char *why_text, size_t why_len)
{
	struct why why = {why_text, why_len};
	struct join_line parts = {0};
	size_t len = 0;
	char *copy = mem_zalloc(strlen(text) + 1);
	for (; *text; text++)
		if (!isspace((unsigned char)*text)) /* a mail or a chat has wrapped the line */
			copy[len++] = *text;
	bool ok = split(copy, &parts, &why);
	*out = (struct join_line){0};
	if (ok) {
		out->account = mem_strdup(parts.account);
		out->token = mem_strdup(parts.token);
		out->relay = mem_strdup(parts.relay);
		out->pin = mem_strdup(parts.pin);
		out->agent = mem_strdup(parts.agent);
		out->is_invite = parts.is_invite;
	}
	mem_wipe(copy, len);
	mem_free(copy);
	return ok ? 0 : ERR_SYNTAX;
}

void join_line_fini(struct join_line *l)
{
	if (l->token)
		mem_wipe(l->token, strlen(l->token));
	mem_free(l->account);
	mem_free(l->token);
	mem_free(l->relay);
	mem_free(l->pin);
	mem_free(l->agent);
	*l = (struct join_line){0};
}
