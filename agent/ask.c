#include "agent/ask.h"

#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control.h"

#include <jansson.h>
#include <uv.h>

/* ASK_OK when the answer says so; else its error goes to stderr. */
static enum ask_result judge(const char *text, size_t len)
{
	enum ask_result result = ASK_FAILED;
	json_t *answer = json_loadb(text, len, 0, NULL);
	const char *error = json_string_value(json_object_get(answer, "error"));
	if (json_is_true(json_object_get(answer, "ok")))
		result = ASK_OK;
	else
		log_say("%s", error ? error : "the running agent gave an answer that makes no sense here");
	json_decref(answer);
	return result;
}

enum ask_result ask_agent(const char *control, const char *request, unsigned timeout_ms, char **answer)
{
	char *text = NULL;
	size_t len = 0;
	*answer = NULL;
	int err = control_ask(control, request, timeout_ms, &text, &len);
	if (err == UV_ENOENT || err == UV_ECONNREFUSED)
		return ASK_NOBODY;
	if (err) {
		log_say("%s: asking the running agent: %s", control, err_text(err));
		return ASK_FAILED;
	}
	enum ask_result result = judge(text, len);
	if (result == ASK_OK)
		*answer = text;
	else
		mem_free(text);
	return result;
}

int ask_reload(const char *control)
{
	char *answer;
	enum ask_result result = ask_agent(control, "{\"do\": \"reload\"}", ASK_TIMEOUT_MS, &answer);
	if (result == ASK_NOBODY)
		log_say("no agent is running (nobody answers at %s)", control);
	if (result == ASK_OK)
		log_say("the running agent has taken the file up");
	mem_free(answer);
	return result == ASK_OK ? 0 : EXIT_WORK;
}
