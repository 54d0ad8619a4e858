#include "shared/net/control_client.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/control_server.h"

#include <jansson.h>
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

void control_client_fini(struct control_client *a)
{
	mem_free(a->said);
	mem_free(a->answer);
	memset(a, 0, sizeof *a);
}
