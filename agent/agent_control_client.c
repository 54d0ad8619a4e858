#include "agent/agent_control_client.h"

#include "shared/base/cli.h"
#include "shared/base/json.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void agent_control_client_ask(const struct agent_config *c, const char *what, const char *mapping,
			      unsigned timeout_ms, struct control_client *out)
{
	char *file = realpath(c->file, NULL);
	struct buf request = BUF_INIT;
	struct json w = json_into(&request, false);
	json_open(&w, NULL, '{');
	json_str(&w, "do", what);
	json_str(&w, "file", file ? file : c->file);
	if (mapping)
		json_str(&w, "name", mapping);
	json_close(&w);
	control_client_program("agent", c->control, buf_str(&request), timeout_ms, out);
	buf_fini(&request);
	free(file);
}

int agent_control_client_reload(const struct agent_config *c, const char *nobody)
{
	struct control_client ask;
	agent_control_client_ask(c, "reload", NULL, CONTROL_CLIENT_MS, &ask);
	int code = ask.result == CONTROL_CLIENT_DONE || ask.result == CONTROL_CLIENT_NOBODY
		       ? 0
		       : EXIT_WORK;
	if (ask.result == CONTROL_CLIENT_NOBODY)
		log_say("%s", nobody);
	else if (ask.result != CONTROL_CLIENT_DONE)
		log_say("%s", ask.said);
	control_client_fini(&ask);
	return code;
}

bool agent_control_client_is_file(const char *a, const char *b)
{
	struct stat at_a, at_b;
	if (strcmp(a, b) == 0)
		return true;
	return stat(a, &at_a) == 0 && stat(b, &at_b) == 0 && at_a.st_dev == at_b.st_dev &&
	       at_a.st_ino == at_b.st_ino;
}
