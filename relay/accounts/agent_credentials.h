/*
 * Invitations, and credentials of single agents. `account invite` writes an invitation into
 * accounts.json and prints a join line that holds its token. The agent makes a credential of its
 * own and shows both. The running relay then takes the invitation out of the file and writes the
 * hash of the credential into it, in one edit. So only one of two machines with the same invitation
 * gets in, even when the relay restarts in between, and only the agent knows its credential.
 *
 * A credential belongs to one agent: the name that the invitation gives, or else the name with
 * which the agent first attaches.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_AGENT_CREDENTIALS_H
#define GROUNDNUT_RELAY_ACCOUNTS_AGENT_CREDENTIALS_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"

/* --- edits: they block, report and return as those of account_edit.h do --- */

/* agent: the only agent that may use the invitation, or NULL for any agent. hours: the time it is
 * valid, as text, 1 to 8760; NULL: 24. *line: the join line. It is a secret; the caller wipes and
 * frees it. It is NULL when the edit fails. */
int agent_credentials_invite(const struct relay_config *c, const char *account, const char *agent,
			     const char *hours, char **line);
/* Removes the credential of an agent and the invitations for it. which: "ACCOUNT/AGENT" */
int agent_credentials_remove(const struct relay_config *c, const char *which);

/* --- the running relay --- */

enum agent_credentials_result {
	AGENT_CREDENTIALS_DONE,
	/* The invitation is used, its time is over, or the account is gone. */
	AGENT_CREDENTIALS_OVER,
	AGENT_CREDENTIALS_NAME_TAKEN, /* another agent of this name has a credential of its own */
	/* The file cannot be read or written, or the account has ACCOUNT_ENTRIES_MAX agents; the
	 * log says which. */
	AGENT_CREDENTIALS_FAILED
};
/* Writes into the file what accounts_admit() answered with ACCOUNTS_INVITED or ACCOUNTS_NEW.
 * attaches: the agent attaches now, so its name is settled; else it only asks (`join`). Blocking;
 * may run on any thread. */
enum agent_credentials_result agent_credentials_take(const struct relay_config *c,
						     const struct accounts_claim *claim,
						     bool attaches);

#endif
