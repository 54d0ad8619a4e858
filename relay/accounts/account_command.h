/*
 * The commands `account add|list|set|remove|renew|passwd|invite` and `agent list|remove`. The two
 * `list` commands only print. Each other command edits accounts.json (account_edit.h,
 * agent_credentials.h), prints its result on stdout, and tells the running relay that the file has
 * changed. Each returns 0 or an exit code; log_say() has said what is wrong, or what the running
 * relay answered. Blocking.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_COMMAND_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_COMMAND_H

#include "relay/accounts/account_edit.h"

/* Prints the join line. ports: a LIST, or NULL for the default ports. */
int account_command_add(const struct relay_config *c, const char *name, const char *ports);
/* Prints the changed account as account_command_list() does. */
int account_command_set(const struct relay_config *c, const char *name,
			const struct account_changes *changes);
int account_command_list(const struct relay_config *c);
int account_command_remove(const struct relay_config *c, const char *name);
/* Asks for the password with password_prompt_read(). */
int account_command_passwd(const struct relay_config *c, const char *name);
/* Prints the join line with the new token. */
int account_command_renew(const struct relay_config *c, const char *name);
/* Prints the join line. agent: the only agent that may use it, or NULL for any agent. hours: the
 * time it is valid, as text, or NULL for the default. */
int account_command_invite(const struct relay_config *c, const char *account, const char *agent,
			   const char *hours);
int account_command_list_agents(const struct relay_config *c);
/* which: "ACCOUNT/AGENT" */
int account_command_remove_agent(const struct relay_config *c, const char *which);

#endif
