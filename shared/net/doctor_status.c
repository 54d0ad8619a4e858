#include "shared/net/doctor_status.h"

#include "shared/net/control_client.h"
#include "shared/net/status_text.h"

#include <jansson.h>
#include <unistd.h>

const char *doctor_status_text(const json_t *object, const char *key)
{
	const char *text = status_text_string(object, key);
	return text ? text : "";
}

/* control: where the program was asked. */
static void explain(struct doctor_report *r, const char *who, const char *control,
		    const struct control_client *ask)
{
	const char *said = ask->said ? ask->said : "gave an answer without a status";
	if (ask->result == CONTROL_CLIENT_NOBODY)
		doctor_report_add(r, DOCTOR_WRONG, who,
				  "does not run: `systemctl enable --now groundnut-%s`, or "
				  "`groundnut-%s run`",
				  who, who);
	else if (access(control, W_OK) != 0)
		doctor_report_add(r, DOCTOR_WRONG, who, "%s: the same command with sudo", said);
	else
		doctor_report_add(r, DOCTOR_WRONG, who, "%s: `systemctl restart groundnut-%s`",
				  said, who);
}

json_t *doctor_status_ask(struct doctor_report *r, const char *who, const char *control)
{
	struct control_client ask;
	control_client_program(who, control, "{\"do\": \"status\"}", CONTROL_CLIENT_MS, &ask);
	json_t *answer = ask.answer ? json_loads(ask.answer, 0, NULL) : NULL,
	       *status = json_object_get(answer, "status");
	status = json_is_object(status) ? json_incref(status) : NULL;
	json_decref(answer);
	if (!status)
		explain(r, who, control, &ask);
	control_client_fini(&ask);
	return status;
}
