/* agent.json, read strictly into plain values. */
#ifndef GROUNDNUT_AGENT_CONFIG_H
#define GROUNDNUT_AGENT_CONFIG_H

#include "shared/admin/admin_config.h"
#include "shared/net/acme_config.h"
#include "shared/net/notify_config.h"
#include "shared/base/addr.h"
#include "shared/tunnel/declare_messages.h"

struct agent_config {
	char *file;
	struct endpoint relay;
	char *relay_text; /* as written */
	char *pin;        /* or NULL: then by CA */
	char *ca_file;    /* path, or NULL: the system's */
	char *account;
	char *token;
	char *invite; /* for which the relay is to take the token; or NULL */
	/* this agent's name; default: as identity_name() remembers or makes it */
	char *agent;
	bool agent_is_default;
	char *control;    /* path */
	char *state;      /* directory, path */
	bool sandbox;     /* true: sandbox_enter() */
	char *congestion; /* NULL: bbr, where it is to be had */
	struct acme_config acme;
	struct admin_config admin; /* by default it listens on 127.0.0.1:7081 */
	struct mapping_list mappings;
	struct name_entry_list names;
	bool log_visitors, log_requests;
	struct notify_config notify;
};

char *agent_config_default_path(void);
/* 0; or ERR_CONFIG after reporting every error through log_say; or a negative errno, reported
 * too. A token that others can read is worth a warning, no error. */
int agent_config_load(const char *file, struct agent_config **out);
/* The same from a text that is to become the file: what `map` and `join` try before they write. 0
 * or ERR_CONFIG. */
int agent_config_parse(const char *file, const char *text, size_t len, struct agent_config **out);
void agent_config_free(struct agent_config *c);
/* Reads only where the running agent listens, also from a file that is wrong otherwise, since
 * `status` must work then. 0 and *path freed by the caller; or a negative errno, reported. */
int agent_config_control(const char *file, char **path);
/* As service_user_reads() of all files that the service reads. */
bool agent_config_check_service_user(const struct agent_config *c);
/* what a token is made of, of any length a token may have */
bool agent_config_is_token(const char *text);

#endif
