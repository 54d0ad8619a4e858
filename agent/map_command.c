#include "agent/map_command.h"

#include "agent/config_edit.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The agent waits 5 s for the relay; its own answer takes a moment more. */
enum { MAP_TIMEOUT_MS = 7000 };

/* The relay's word on the mapping, as the agent passes it on. */
static int tell(const char *name, const char *answer_text)
{
	json_t *answer = json_loads(answer_text, 0, NULL);
	const char *state = json_string_value(json_object_get(answer, "state"));
	const char *open = json_string_value(json_object_get(answer, "public"));
	const char *error = json_string_value(json_object_get(answer, "error"));
	int code = EXIT_WORK;
	if (state && strcmp(state, "open") == 0 && open) {
		char *clean = text_harmless(open);
		puts(clean);
		mem_free(clean);
		code = 0;
	} else if (state && strcmp(state, "pending") == 0) {
		log_say("%s is in the file, but the relay has not answered yet%s%s; see "
			"`groundnut-agent status`",
			name, error ? ": " : "", error ? error : "");
	} else {
		log_say("%s: %s", name, error ? error : "the relay did not open it");
	}
	json_decref(answer);
	return code;
}

int map_command_run(const char *file, const char *name, const char *public_text, const char *target,
		    const char *protocol)
{
	struct agent_config *c;
	struct control_client ask;
	int code = config_edit_map(file, name, public_text, target, protocol, &c);
	if (code)
		return code;
	/* A name that went through the reader needs no escapes. */
	char *request = mem_printf("{\"do\": \"map\", \"name\": \"%s\"}", name);
	control_client_program("agent", c->control, request, MAP_TIMEOUT_MS, &ask);
	switch (ask.result) {
	case CONTROL_CLIENT_DONE:
		code = tell(name, ask.answer);
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
	mem_free(request);
	control_client_fini(&ask);
	agent_config_free(c);
	return code;
}

int map_command_remove(const char *file, const char *name)
{
	struct agent_config *c;
	struct control_client ask;
	int code = config_edit_unmap(file, name, &c);
	if (code)
		return code;
	control_client_program("agent", c->control, "{\"do\": \"reload\"}", CONTROL_CLIENT_MS,
			       &ask);
	if (ask.result == CONTROL_CLIENT_NOBODY)
		log_say("no agent is running: %s is out of the file", name);
	else if (ask.result != CONTROL_CLIENT_DONE)
		log_say("%s", ask.said);
	code = ask.result == CONTROL_CLIENT_DONE || ask.result == CONTROL_CLIENT_NOBODY ? 0
											: EXIT_WORK;
	control_client_fini(&ask);
	agent_config_free(c);
	return code;
}
