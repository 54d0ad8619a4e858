/*
 * What `account add|set|remove|renew|passwd` and the dashboard do to accounts.json: under a lock, a
 * file with errors is refused, what the edit does not concern is kept as it is, the new text is
 * written, fsynced and renamed. Each returns 0, or an exit code after log_say() of what was wrong;
 * nobody is told. Blocking; on any thread.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H

#include "relay/config.h"
#include "shared/net/tls_context.h"

/* ports: LIST, or NULL. *line: the join line, which is a secret, freed by the caller; NULL unless
 * 0. */
int account_edit_add(const struct relay_config *c, const char *name, const char *ports,
		     char **line);
/* What `account set` changes; NULL stays. ports and hosts: a LIST in place of the present one, or
 * beginning with '+' or '-' one that is added or taken away. connections, bandwidth, quota: a
 * number, rate or amount, or "none". */
struct account_changes {
	const char *ports, *hosts, *connections, *bandwidth;
	const char *quota, *reset_day, *at_limit; /* of the quota, the last two need one */
};
int account_edit_set(const struct relay_config *c, const char *name,
		     const struct account_changes *changes);
int account_edit_remove(const struct relay_config *c, const char *name);
/* hash: "scrypt:…" */
int account_edit_set_password(const struct relay_config *c, const char *name, const char *hash);
int account_edit_renew(const struct relay_config *c, const char *name, char **line); /* as add */

/* --- for invitations --- */

/* What a join line needs, asked before anything is changed. 0, or an exit code. */
int account_edit_find_pin(const struct relay_config *c, char pin[TLS_CONTEXT_PIN_TEXT]);
/* groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX; more: what stands behind the pin, or "" */
char *account_edit_line(const struct relay_config *c, const char *name, const char *token,
			const char *pin, const char *more);

#endif
