#include "shared/net/control_client.h"

#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/control_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static void read_answer(const char *who, const char *text, size_t len, struct control_client *out)
{
	json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *ok = json_object_get(answer, "ok");
	const char *said =
	    json_string_value(json_object_get(answer, json_is_true(ok) ? "said" : "error"));
	if (!json_is_boolean(ok)) {
		out->result = CONTROL_CLIENT_FAILED;
		out->said = mem_printf("the running %s's answer makes no sense", who);
	} else if (json_is_true(ok)) {
		out->result = CONTROL_CLIENT_DONE;
		out->said = mem_strdup(said);
		out->answer = mem_strdup(text);
	} else {
		out->result = CONTROL_CLIENT_REFUSED;
		out->said = said ? mem_strdup(said)
				 : mem_printf("the running %s refused, and did not say why", who);
	}
	json_decref(answer);
}

void control_client_program(const char *who, const char *control, const char *request,
			    unsigned timeout_ms, struct control_client *out)
{
	char *text = NULL;
	size_t len = 0;
	memset(out, 0, sizeof *out);
	int err = control_ask(control, request, timeout_ms, &text, &len);
	if (!err) {
		read_answer(who, text, len, out);
	} else if (err == UV_ENOENT || err == UV_ECONNREFUSED) {
		out->result = CONTROL_CLIENT_NOBODY;
		out->said = mem_printf("no %s is running (nobody answers at %s)", who, control);
	} else {
		out->result = CONTROL_CLIENT_FAILED;
		out->said =
		    mem_printf("the %s at %s could not be asked: %s", who, control, err_text(err));
	}
	mem_free(text);
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

void control_client_fini(struct control_client *a)
{
	mem_free(a->said);
	mem_free(a->answer);
	memset(a, 0, sizeof *a);
}

int control_client_print_status(const char *who, const char *control, bool as_json,
				control_client_render_fn *render)
{
	struct control_client ask;
	control_client_program(who, control, "{\"do\": \"status\"}", CONTROL_CLIENT_MS, &ask);
	char *status = status_of(&ask);
	if (status) {
		struct buf out = BUF_INIT;
		if (as_json)
			buf_printf(&out, "%s\n", status);
		else
			render(status, &out);
		fputs(buf_str(&out), stdout);
		buf_fini(&out);
	} else if (ask.result == CONTROL_CLIENT_DONE) {
		log_say("the running %s gave an answer without a status", who);
	} else {
		log_say("%s", ask.said);
	}
	int code = status ? 0 : EXIT_WORK;
	mem_free(status);
	control_client_fini(&ask);
	return code;
}

int control_client_check_status(const char *control, control_client_is_up_fn *is_up)
{
	struct control_client ask;
	control_client_program("", control, "{\"do\": \"status\"}", CONTROL_CLIENT_MS, &ask);
	char *status = status_of(&ask);
	bool up = status && is_up(status);
	mem_free(status);
	control_client_fini(&ask);
	return up ? 0 : EXIT_WORK;
}
