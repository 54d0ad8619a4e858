/*
 * The edits that `account add|set|remove|renew|passwd` and the dashboard make in accounts.json. How
 * the file is locked and replaced stands in accounts_file.h. Each edit returns 0, or an exit code
 * after log_say() has said what is wrong. An edit does not tell the running relay; its caller does.
 * Blocking; may run on any thread.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNT_EDIT_H

#include "relay/config.h"
#include "shared/net/tls_context.h"

/* ports: a LIST, or NULL: then the account has no "ports" and gets the default ports. *line: the
 * join line. It is a secret; the caller wipes and frees it. It is NULL when the edit fails. */
int account_edit_add(const struct relay_config *c, const char *name, const char *ports,
		     char **line);
/* The words of `account set`. NULL leaves a value as it is. */
struct account_changes {
	/* A LIST replaces the present list. "+LIST" adds to it, "-LIST" takes away from it. */
	const char *ports, *hosts;
	/* A number and a rate in bits a second; "none" takes the limit away. */
	const char *connections, *bandwidth;
	/* An amount of bytes a month, or "none". The other two need a quota, old or new. */
	const char *quota, *reset_day, *at_limit;
};
int account_edit_set(const struct relay_config *c, const char *name,
		     const struct account_changes *changes);
int account_edit_remove(const struct relay_config *c, const char *name);
/* hash: "scrypt:…" */
int account_edit_set_password(const struct relay_config *c, const char *name, const char *hash);
/* Gives the account a new token. *line: as for account_edit_add(). */
int account_edit_renew(const struct relay_config *c, const char *name, char **line);

/* --- for invitations --- */

/* Finds the pin of the relay's certificate, and checks that the configuration says where agents
 * find the relay: a join line needs both. Callers ask before they change anything. 0, or an exit
 * code after log_say(). */
int account_edit_find_pin(const struct relay_config *c, char pin[TLS_CONTEXT_PIN_TEXT]);
/* Returns "groundnut://NAME:TOKEN@HOST:PORT/?pin=sha256:HEX" and more; the caller frees it. more:
 * further parameters such as "&invite", or "". Needs a configuration that passed
 * account_edit_find_pin(). */
char *account_edit_line(const struct relay_config *c, const char *name, const char *token,
			const char *pin, const char *more);

#endif
