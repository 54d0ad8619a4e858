#include "agent/certificates_command.h"

#include "agent/agent_control_client.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/terminal_text.h"
#include "shared/base/terminal_table.h"
#include "shared/net/status_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* The agent waits 60 s for the CA; its answer needs a moment more. */
enum { RENEW_TIMEOUT_MS = 62000 };

static void print_table(const json_t *list)
{
	struct terminal_table t = TERMINAL_TABLE_INIT("llll");
	struct buf out = BUF_INIT;
	struct terminal_text page;
	terminal_text_init(&page, &out, 1);
	terminal_table_row(&t, "NAME", "HOST", "STATE", "UNTIL");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		const char *state = status_text_string(c, "state"),
			   *error = status_text_string(c, "error");
		terminal_table_row(&t, status_text_string(c, "name"), status_text_string(c, "host"),
				   state, status_text_string(c, "not_after"));
		if (error)
			terminal_table_note(&t, TEXT_RED, error);
	}
	terminal_table_write(&t, 0, &page);
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
}

static void print_json(const json_t *list)
{
	char *text = json_dumps(list, JSON_INDENT(2));
	puts(text);
	free(text);
}

static int ask(const char *file, const char *what, const char *name, unsigned timeout_ms,
	       struct control_client *out)
{
	struct agent_config *c;
	int code = cli_exit(agent_config_load(file, &c));
	if (code)
		return code;
	agent_control_client_ask(c, what, name, timeout_ms, out);
	agent_config_free(c);
	if (out->result == CONTROL_CLIENT_DONE)
		return 0;
	log_say("%s", out->said);
	control_client_fini(out);
	return EXIT_WORK;
}

int certificates_command_list(const char *file, bool json)
{
	struct control_client said;
	int code = ask(file, "certificates", NULL, CONTROL_CLIENT_MS, &said);
	if (code)
		return code;
	json_t *answer = json_loads(said.answer, 0, NULL);
	const json_t *list = json_object_get(answer, "certificates");
	if (json)
		print_json(list);
	else
		print_table(list);
	json_decref(answer);
	control_client_fini(&said);
	return 0;
}

int certificates_command_renew(const char *file, const char *name)
{
	struct control_client said;
	int code = ask(file, "renew", name, RENEW_TIMEOUT_MS, &said);
	if (code)
		return code;
	log_say("%s: the new certificate serves", name);
	control_client_fini(&said);
	return 0;
}
