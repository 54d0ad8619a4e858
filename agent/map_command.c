#include "agent/map_command.h"

#include "agent/agent_control_client.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The agent waits 5 s for the relay, as long for a probe, 30 s for a certificate; its own answer
 * takes a moment more. */
enum { MAP_TIMEOUT_MS = 12000, MAP_HTTPS_TIMEOUT_MS = 42000 };

/* A host with dots that the relay refused may have been meant as a full name. */
static bool may_be_full_name(const char *public_text)
{
	size_t len = strlen(public_text);
	const char *dot = strchr(public_text, '.');
	return dot && strchr(dot + 1, '.') && public_text[len - 1] != '.' && *public_text != '*' &&
	       strspn(public_text, "0123456789.-") != len;
}

static void say_refused(const char *name, const char *public_text, const char *error, bool is_new)
{
	log_say("%s: %s", name, error ? error : "the relay did not open it");
	if (may_be_full_name(public_text))
		log_say("did you mean `%s.`? A host without a dot at its end is below the relay's "
			"domain",
			public_text);
	if (is_new)
		log_say("kept; `groundnut-agent unmap %s` takes it away", name);
}

/* What https still lacks, where it does. */
static void say_certificate(const json_t *certificate)
{
	const char *state = json_string_value(json_object_get(certificate, "state"));
	const char *error = json_string_value(json_object_get(certificate, "error"));
	if (state && strcmp(state, "valid") != 0)
		log_say("mapped, but there is no certificate yet%s%s; `groundnut-agent "
			"certificates` says how it goes on",
			error ? ": " : "", error ? error : "");
}

/* What a browser wants before the host; "" where it is no web site, or not known to be one. */
static const char *scheme_of(const struct map_words *words)
{
	const char *port = words->public_text;
	bool is_port = port[strspn(port, "0123456789-")] == 0;
	const char *protocol = words->protocol ? words->protocol : is_port ? "tcp" : "http";
	return !strcmp(protocol, "http") ? "http" : !strcmp(protocol, "https") ? "https" : "";
}

/* What visitors type, on a line of its own. */
static void print_public(const char *text, const char *scheme)
{
	char *clean = text_harmless(text);
	printf(*scheme ? "%s://%s/\n" : "%s%s\n", scheme, clean);
	mem_free(clean);
}

/* The relay's answer about the mapping, as the agent passes it on. */
static int tell(const struct map_words *words, const char *answer_text, bool is_new)
{
	const char *name = words->name;
	json_t *answer = json_loads(answer_text, 0, NULL);
	const char *state = json_string_value(json_object_get(answer, "state"));
	const char *open = json_string_value(json_object_get(answer, "public"));
	const char *error = json_string_value(json_object_get(answer, "error"));
	const char *down = json_string_value(json_object_get(answer, "target_error"));
	const char *unreachable = json_string_value(json_object_get(answer, "unreachable"));
	int code = EXIT_WORK;
	if (state && strcmp(state, "open") == 0 && open) {
		const json_t *certificate = json_object_get(answer, "certificate");
		print_public(open, scheme_of(words));
		say_certificate(certificate);
		if (down)
			log_say("mapped, but nothing answers at %s", down);
		if (unreachable)
			log_say("%s", unreachable);
		code = 0;
	} else if (state && strcmp(state, "pending") == 0) {
		log_say("%s is in the file, but the relay has not answered yet%s%s; see "
			"`groundnut-agent status`",
			name, error ? ": " : "", error ? error : "");
	} else if (state && strcmp(state, "paused") == 0) {
		log_say("%s is in the file, and paused: `\"paused\": true` keeps it closed", name);
		code = 0;
	} else {
		say_refused(name, words->public_text, error, is_new);
	}
	json_decref(answer);
	return code;
}

int map_command_run(const char *file, const struct map_words *words)
{
	const char *name = words->name;
	struct agent_config *c;
	struct control_client ask;
	bool is_new, https = words->protocol && strcmp(words->protocol, "https") == 0;
	int code = config_edit_map(file, words, &is_new, &c);
	if (code)
		return code;
	agent_control_client_ask(c, "map", words->name,
				 https ? MAP_HTTPS_TIMEOUT_MS : MAP_TIMEOUT_MS, &ask);
	switch (ask.result) {
	case CONTROL_CLIENT_DONE:
		code = tell(words, ask.answer, is_new);
		break;
	case CONTROL_CLIENT_NOBODY:
		log_say("no agent is running: %s opens when one starts", name);
		break;
	case CONTROL_CLIENT_REFUSED:
	case CONTROL_CLIENT_FAILED:
		log_say("%s", ask.said);
		code = EXIT_WORK;
		break;
	}
	control_client_fini(&ask);
	agent_config_free(c);
	return code;
}

int map_command_remove(const char *file, const char *name)
{
	struct agent_config *c;
	int code = config_edit_unmap(file, name, &c);
	if (code)
		return code;
	char *nobody = mem_printf("no agent is running: %s is out of the file", name);
	code = agent_control_client_reload(c, nobody);
	mem_free(nobody);
	agent_config_free(c);
	return code;
}
