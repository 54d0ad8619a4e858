#include "relay/ask.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/net/control.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { ANSWER_MS = 5000 };

static void read_answer(const char *text, size_t len, struct ask *out)
{
	json_t *answer = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *ok = json_object_get(answer, "ok"), *status = json_object_get(answer, "status");
	if (!json_is_boolean(ok)) {
		out->result = ASK_FAILED;
		out->said = mem_strdup("the running relay's answer makes no sense");
	} else if (json_is_true(ok)) {
		out->result = ASK_DONE;
		out->said = mem_strdup(json_string_value(json_object_get(answer, "said")));
	} else {
		const char *error = json_string_value(json_object_get(answer, "error"));
		out->result = ASK_REFUSED;
		out->said = mem_strdup(error ? error : "the running relay refused, and did not say why");
	}
	if (json_is_object(status)) {
		char *indented = json_dumps(status, JSON_INDENT(2));
		out->status = mem_strdup(indented);
		free(indented);
	}
	json_decref(answer);
}

void ask_relay(const char *control, const char *what, struct ask *out)
{
	char *request = mem_printf("{\"do\": \"%s\"}", what), *text = NULL;
	size_t len = 0;
	memset(out, 0, sizeof(*out));
	int err = control_ask(control, request, ANSWER_MS, &text, &len);
	mem_free(request);
	if (!err) {
		read_answer(text, len, out);
	} else if (err == UV_ENOENT || err == UV_ECONNREFUSED) {
		out->result = ASK_NOBODY;
		out->said = mem_printf("no relay is running (nobody answers at %s)", control);
	} else {
		out->result = ASK_FAILED;
		out->said = mem_printf("the relay at %s could not be asked: %s", control, err_text(err));
	}
	mem_free(text);
}

void ask_fini(struct ask *a)
{
	mem_free(a->said);
	mem_free(a->status);
	memset(a, 0, sizeof(*a));
}
