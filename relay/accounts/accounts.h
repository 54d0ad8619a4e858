/*
 * The list of accounts.json: who may attach, and what each account may open. A loaded list never
 * changes and counts its references, so each loop keeps the list it was given while a new one is
 * loaded.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_H

#include "relay/accounts/reserved_names.h"
#include "relay/accounts/quota.h"
#include "shared/base/addr.h"
#include "shared/tunnel/mapping.h"

#include <stdint.h>

enum { ACCOUNT_CONNECTIONS_MAX = 10000000, ACCOUNT_ENTRIES_MAX = 1024 /* of each list */ };

/* An agent with a credential of its own. */
struct account_agent {
	char *name;
	char *token; /* "sha256:…" */
	/* The agent has not attached yet. The name with which it first attaches becomes its own. */
	bool is_new;
};

/* A join line that works once. */
struct account_invite {
	char *token;      /* "sha256:…" */
	char *agent;      /* the only agent that may use it; NULL: any agent */
	uint64_t until_s; /* UNIX time at which it ends */
};

struct account {
	char *name;
	char *own;                 /* the name in lower case, as a host below the domain */
	char *token;               /* "sha256:…" */
	char *password;            /* "scrypt:…" or NULL */
	struct ports_range *ports; /* sorted; without "ports": 1024 to 65535, tcp and udp */
	size_t ports_count;        /* 0: no port at all, the file has an empty list */
	/* full names and wildcards; without "hosts": the own name and all names below it */
	char **hosts;
	size_t host_count;
	struct account_agent *agents;
	size_t agent_count;
	struct account_invite *invites;
	size_t invite_count;
	uint32_t connections; /* 0: limits.connections_per_account */
	uint64_t bandwidth;   /* bits a second each way, all mappings together; 0: no limit */
	struct quota quota;
};

struct accounts;

/* Reads the file. Blocking; may run on any thread. own: names that no account may have, or NULL;
 * the list keeps a reference. An absent file is an empty list when absent_ok, else an error.
 * Returns 0, and *out is the list with one reference. Returns ERR_CONFIG when the content is wrong,
 * or another negative error when the file cannot be read; then *out is NULL, and *errors has lines
 * for the operator, each ended by '\n' and without the program's name. The caller frees *errors; it
 * is NULL after 0. */
int accounts_load(const char *file, const char *domain, struct reserved_names *own, bool absent_ok,
		  struct accounts **out, char **errors);
/* The same, and after 0 *text is what was read, or "[]"; the caller frees it. */
int accounts_read(const char *file, const char *domain, struct reserved_names *own, bool absent_ok,
		  struct accounts **out, char **text, char **errors);
/* Says each line of errors with log_say(). NULL says nothing. */
void accounts_report(const char *errors);
struct accounts *accounts_ref(struct accounts *a); /* any thread */
void accounts_unref(struct accounts *a);           /* any thread; NULL does nothing */
size_t accounts_count(const struct accounts *a);
const struct account *accounts_at(const struct accounts *a, size_t i); /* in the file's order */
/* By its name, exactly as written; NULL: there is none. Accounts live as long as the list. */
const struct account *accounts_find(const struct accounts *a, const char *name);
/* Returns the account when the token is the account's own, else NULL. The token of an unknown
 * name is hashed and compared, too, so that the time does not tell which names exist. */
const struct account *accounts_verify(const struct accounts *a, const char *name,
				      const char *token);

/* The answer to an agent that says HELLO. */
enum accounts_verdict {
	ACCOUNTS_ADMITTED,
	/* The credential is new: agent_credentials_take() makes this name its own. */
	ACCOUNTS_NEW,
	/* The invitation is valid: agent_credentials_take() makes the token a credential. */
	ACCOUNTS_INVITED,
	ACCOUNTS_INVITATION_OVER, /* it is used, its time is over, or it never existed */
	ACCOUNTS_OTHER_AGENT,     /* the credential or invitation is for an agent of another name */
	ACCOUNTS_REFUSED          /* the token is wrong, and no invitation was shown */
};
/* What an agent says of itself. */
struct accounts_claim {
	const char *account, *agent, *token;
	const char *invite; /* the token of an invitation, or "" */
	uint64_t now_s;     /* UNIX time */
};
enum accounts_verdict accounts_admit(const struct accounts *a, const struct accounts_claim *c);
/* Whether this list would still admit an agent that was admitted by this token ("sha256:…"). */
bool accounts_still_admit(const struct accounts *a, const char *account, const char *agent,
			  const char *token_hash);
bool account_allows_ports(const struct account *a, enum ports_protocol protocol, uint16_t first,
			  uint16_t last);
/* Whether the account may use a host, which is a full name or "*.x". The account may be of an
 * older list: its name counts. Three things must hold: the account's hosts cover the host; the host
 * is not one of the relay's own names; it is neither another account's own name nor below one. The
 * third does not hold back a grant that names the other account's own name, or a name below it. */
bool accounts_allow_host(const struct accounts *all, const struct account *a, const char *host);
/* Whether the account may use the host and all names below it, and no name below it belongs to
 * another account or to the relay. An account needs this for a certificate for "*.host". */
bool accounts_allow_all_below(const struct accounts *all, const struct account *a,
			      const char *host);
typedef bool accounts_fn(void *arg, const struct account *a);
/* Calls fn with each account that may use the host, until one call returns true; returns whether
 * one did. An account may come more than once. */
bool accounts_any_with_host(const struct accounts *all, const char *host, accounts_fn *fn,
			    void *arg);
/* Returns the account whose own name is the host, or is the nearest above it; NULL: no account. */
const struct account *accounts_owner(const struct accounts *all, const char *host);
/* Whether an account may have this name: it must also be a host below the relay's domain. */
bool account_is_name(const char *name);

#endif
