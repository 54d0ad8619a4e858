/* agent.json, read strictly into plain values. */
#ifndef GROUNDNUT_AGENT_CONFIG_H
#define GROUNDNUT_AGENT_CONFIG_H

#include "shared/admin/admin_config.h"
#include "shared/net/acme_config.h"
#include "shared/net/alert_config.h"
#include "shared/base/addr.h"
#include "shared/tunnel/declare_messages.h"

struct agent_config {
	char *file;
	struct endpoint relay;
	char *relay_text; /* relay as written in the file */
	char *pin;        /* the relay's pin; NULL: CAs verify it */
	char *ca_file;    /* the CAs' path; NULL: the system's CAs */
	char *account;
	char *token;
	char *invite; /* the token of an invitation that the agent shows with its own; or NULL */
	/* this agent's name; by default that of machine_identity_name() */
	char *agent;
	bool agent_is_default;
	char *control;    /* the path of the control socket */
	char *state;      /* the path of the state directory */
	bool sandbox;     /* true: sandbox_enter() */
	char *congestion; /* NULL: bbr, if the system has it */
	struct acme_config acme;
	struct admin_config admin; /* by default it listens on 127.0.0.1:7081 */
	struct mapping_list mappings;
	struct name_entry_list names;
	bool log_visitors, log_requests;
	struct alert_config notify;
};

char *agent_config_default_path(void);
/* Reads the file. 0; ERR_CONFIG when its content is wrong; another negative error when it cannot
 * be read. Not 0: *out is NULL, and log_say() has said each error. A token that others can read
 * gives a warning only. */
int agent_config_load(const char *file, struct agent_config **out);
/* The same for a text that will become the file; `map` and `join` try it before they write. 0 or
 * ERR_CONFIG. */
int agent_config_parse(const char *file, const char *text, size_t len, struct agent_config **out);
void agent_config_free(struct agent_config *c);
/* Reads only the path of the control socket, also from a file with other errors, because `status`
 * must work then. 0, and the caller frees *path; or a negative error that log_say() has said. */
int agent_config_control(const char *file, char **path);
/* As service_user_reads(), for all files that the service reads. */
bool agent_config_check_service_user(const struct agent_config *c);
/* Whether the text has the characters and a length that a token may have. */
bool agent_config_is_token(const char *text);

#endif
