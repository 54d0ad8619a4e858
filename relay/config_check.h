/* Checks all files and names of a configuration, for `check`. It says every error and changes
 * nothing. */
#ifndef GROUNDNUT_RELAY_CONFIG_CHECK_H
#define GROUNDNUT_RELAY_CONFIG_CHECK_H

#include "relay/config.h"
#include "shared/net/tls_context.h"

/* Loads the relay's own pair, which agents see. 0 with *out, or an exit code with *out NULL: a file
 * that cannot be read is EXIT_WORK, a file with a wrong content is a wrong configuration. */
int config_check_identity(const struct relay_config *c, struct tls_context **out);

/* Checks this pair, the accounts, the pairs of the DDNS server and of admin, and the state file.
 * Returns the exit code. */
int config_check_files(const struct relay_config *c);

/* Says which accounts and which of their hosts are the relay's own names; EXIT_USAGE when there are
 * any. Also says which hosts two accounts may use, which is no error. A relay runs with both. */
int config_check_names(const struct relay_config *c);

/* As service_user_reads(), for all files that the service reads. */
bool config_check_service_user(const struct relay_config *c);

#endif
