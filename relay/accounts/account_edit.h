/*
 * What `account add|list|set|remove|renew|passwd` do to accounts.json: under a lock, a file with
 * errors is refused, what the edit does not concern is kept as it is, the new text is written,
 * fsynced and renamed, and a running relay is told. Each returns an exit code after saying on
 * stderr what was wrong, or how the running relay took it.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H

#include "relay/config.h"
#include "shared/net/tls_context.h"

/* ports: LIST, or NULL; prints the join line */
int account_edit_add(const struct relay_config *c, const char *name, const char *ports);
/* What `account set` changes; NULL stays. ports and hosts: a LIST in place of the present one, or
 * beginning with '+' or '-' one that is added or taken away. connections, bandwidth: a number or
 * rate, or "none": the relay's own limit. Prints the account as account_edit_list() does. */
struct account_changes {
	const char *ports, *hosts, *connections, *bandwidth;
};
int account_edit_set(const struct relay_config *c, const char *name,
		     const struct account_changes *changes);
int account_edit_list(const struct relay_config *c);
int account_edit_remove(const struct relay_config *c, const char *name);
/* asks for the password: password_prompt_read() */
int account_edit_passwd(const struct relay_config *c, const char *name);
int account_edit_renew(const struct relay_config *c, const char *name); /* prints the join line */

/* --- for the other commands --- */

/* What a join line needs, asked before anything is changed. 0, or an exit code. */
int account_edit_find_pin(const struct relay_config *c, char pin[TLS_CONTEXT_PIN_TEXT]);
/* more: what stands behind the pin, or "" */
void account_edit_print_line(const struct relay_config *c, const char *name, const char *token,
			     const char *pin, const char *more);
/* A running relay is told that the file has changed; how it took that is said. 0, or an exit
 * code. */
int account_edit_tell(const struct relay_config *c);

#endif
