/* agent.json, read strictly into plain values. */
#ifndef GROUNDNUT_AGENT_CONFIG_H
#define GROUNDNUT_AGENT_CONFIG_H

#include "shared/base/addr.h"
#include "shared/tunnel/mapping.h"

struct agent_config {
	char *file;
	struct endpoint relay;
	char *relay_text;      /* as written */
	char *pin;             /* or NULL: then by CA */
	char *ca_file;         /* path, or NULL: the system's */
	char *account;
	char *token;
	char *agent;           /* this agent's name; default: the machine's host name, made to fit text_is_name */
	char *control;         /* path */
	struct mapping_list mappings;
	struct name_wish_list names;
};

char *agent_config_default_path(void);
/* 0; or ERR_CONFIG after reporting every error through log_say; or a negative errno, reported too. */
int agent_config_load(const char *file, struct agent_config **out);
void agent_config_free(struct agent_config *c);

#endif
