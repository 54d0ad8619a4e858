/*
 * Agents of one account with a credential each. `account invite` writes an invitation into
 * accounts.json and prints a join line that holds its token. The agent makes a credential of its
 * own and shows both; the running relay, in one edit of the file, takes the invitation out and
 * writes the credential's hash in. So two machines that show one invitation cannot both have it,
 * whoever restarts meanwhile, and the credential is known to its agent only.
 *
 * A credential is its agent's alone: the name with which it first attaches becomes its own.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_CREDENTIALS_H
#define GROUNDNUT_RELAY_ACCOUNTS_CREDENTIALS_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"

/* --- edits, as those of account_edit.h --- */

/* agent: whom it is for, or NULL; hours: how long it is good, or NULL. *line: the join line,
 * which is a secret, freed by the caller; NULL unless 0. */
int credentials_invite(const struct relay_config *c, const char *account, const char *agent,
		       const char *hours, char **line);
/* which: "ACCOUNT/AGENT" */
int credentials_remove(const struct relay_config *c, const char *which);

/* --- the running relay --- */

enum credentials_result {
	CREDENTIALS_DONE,
	CREDENTIALS_OVER,       /* the invitation is: another was quicker, or its time is over */
	CREDENTIALS_NAME_TAKEN, /* another agent of this name has a credential of its own */
	CREDENTIALS_FAILED      /* the file cannot be read or written, as the log says */
};
/* What accounts_admit() found to be ACCOUNTS_INVITED or ACCOUNTS_NEW is brought into the file.
 * attaches: the agent is about to attach by its name, and does not only ask. Blocking; on any
 * thread. */
enum credentials_result credentials_take(const struct relay_config *c,
					 const struct accounts_claim *claim, bool attaches);

#endif
