/* Looks at all that the configuration names, for `check`: every error is said, nothing is
 * changed. */
#ifndef GROUNDNUT_RELAY_CONFIG_CHECK_H
#define GROUNDNUT_RELAY_CONFIG_CHECK_H

#include "relay/config.h"
#include "shared/net/tls_context.h"

/* The pair of the relay itself, which agents see. *out, or NULL and an exit code: a file that
 * cannot be read is trouble at work, one that holds something else is a wrong configuration. */
int config_check_identity(const struct relay_config *c, struct tls_context **out);

/* Checks that pair, the accounts, the pair of the DDNS servers and the state file. Returns the exit
 * code. */
int config_check_files(const struct relay_config *c);

/* Accounts, and hosts given to them, that are names of the relay's own: said, and EXIT_USAGE. What
 * two accounts may use is said only. A relay runs with both. */
int config_check_names(const struct relay_config *c);

/* As service_user_reads() of all files that the service reads. */
bool config_check_service_user(const struct relay_config *c);

#endif
