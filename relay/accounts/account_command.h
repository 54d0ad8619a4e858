/*
 * `account add|list|set|remove|renew|passwd|invite` and `agent list|remove`: an edit of
 * accounts.json (account_edit.h, credentials.h), and a running relay is told. Each returns an exit
 * code after saying on stderr what was wrong, or how the running relay took it.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_COMMAND_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_COMMAND_H

#include "relay/accounts/account_edit.h"

int account_command_add(const struct relay_config *c, const char *name,
			const char *ports); /* prints the join line */
/* Prints the account as account_command_list() does. */
int account_command_set(const struct relay_config *c, const char *name,
			const struct account_changes *changes);
int account_command_list(const struct relay_config *c);
int account_command_remove(const struct relay_config *c, const char *name);
/* asks for the password: password_prompt_read() */
int account_command_passwd(const struct relay_config *c, const char *name);
int account_command_renew(const struct relay_config *c,
			  const char *name); /* prints the join line */
/* Prints the join line. agent: whom it is for, or NULL; hours: how long it is good, or NULL. */
int account_command_invite(const struct relay_config *c, const char *account, const char *agent,
			   const char *hours);
int account_command_list_agents(const struct relay_config *c);
/* which: "ACCOUNT/AGENT" */
int account_command_remove_agent(const struct relay_config *c, const char *which);

#endif
