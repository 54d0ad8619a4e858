/*
 * accounts.json: who may attach and what each may open. A loaded list is immutable and counted, so
 * that every loop can hold the one it was given while another is being loaded.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_H

#include "relay/accounts/own_names.h"
#include "relay/accounts/quota.h"
#include "shared/base/addr.h"
#include "shared/tunnel/mapping.h"

#include <stdint.h>

enum { ACCOUNT_CONNECTIONS_MAX = 10000000, ACCOUNT_ENTRIES_MAX = 1024 /* of each list */ };

/* An agent with a credential of its own. */
struct account_agent {
	char *name;
	char *token; /* "sha256:…" */
	/* It has never attached; the name that it then has becomes its own. */
	bool is_new;
};

/* A join line that works once. */
struct account_invite {
	char *token;      /* "sha256:…" */
	char *agent;      /* whom it is for; NULL: anybody */
	uint64_t until_s; /* UNIX time */
};

struct account {
	char *name;
	char *own;                 /* the name as a host below the domain: in lower case */
	char *token;               /* "sha256:…" */
	char *password;            /* "scrypt:…" or NULL */
	struct ports_range *ports; /* sorted; 1024 to 65535 of both when none was written */
	size_t ports_count;        /* 0: no port at all, an empty list was written */
	/* full names, wildcards allowed: own name and below when none was written */
	char **hosts;
	size_t host_count;
	struct account_agent *agents;
	size_t agent_count;
	struct account_invite *invites;
	size_t invite_count;
	uint32_t connections; /* 0: limits.connections_per_account */
	uint64_t bandwidth;   /* bits a second each way for all its mappings; 0: none */
	struct quota quota;   /* bytes a month */
};

struct accounts;

/* own: names that no account may have, or NULL; a reference is kept.
 * 0; ERR_CONFIG after collecting into *errors (freed by the caller, lines without the program's
 * name, the last ended too); or a negative errno, with *errors one line as well. *errors is NULL
 * after 0. An absent file is an empty list only when absent_ok. */
int accounts_load(const char *file, const char *domain, struct own_names *own, bool absent_ok,
		  struct accounts **out, char **errors);
/* Each line of errors through log_say(). */
void accounts_report(const char *errors);
struct accounts *accounts_ref(struct accounts *a); /* any thread */
void accounts_unref(struct accounts *a);           /* any thread; NULL does nothing */
size_t accounts_count(const struct accounts *a);
const struct account *accounts_at(const struct accounts *a, size_t i); /* in the file's order */
const struct account *accounts_find(const struct accounts *a, const char *name);
/* The account when name and token fit, else NULL; takes the same time for an unknown name. */
const struct account *accounts_verify(const struct accounts *a, const char *name,
				      const char *token);

/* What becomes of an agent that says HELLO. */
enum accounts_verdict {
	ACCOUNTS_ADMITTED,
	/* by a new credential, to be settled: this name becomes its own (credentials.h) */
	ACCOUNTS_NEW,
	/* by an invitation, to be taken: the token becomes its credential */
	ACCOUNTS_INVITED,
	ACCOUNTS_INVITATION_OVER, /* it was used, or its time is over, or it never was one */
	ACCOUNTS_OTHER_AGENT,     /* the credential or invitation is for an agent of another name */
	ACCOUNTS_REFUSED
};
struct accounts_claim {
	const char *account, *agent, *token;
	const char *invite; /* or "" */
	uint64_t now_s;     /* UNIX time */
};
enum accounts_verdict accounts_admit(const struct accounts *a, const struct accounts_claim *c);
/* Whether an agent that was admitted by this token ("sha256:…") would still be. */
bool accounts_still_admit(const struct accounts *a, const char *account, const char *agent,
			  const char *token_hash);
bool account_allows_ports(const struct account *a, enum ports_protocol protocol, uint16_t first,
			  uint16_t last);
/* Whether an account (of this list or one before) may use a host, a full name or "*.x": its hosts
 * cover it, it is no name of the relay's own, and no other account's own name or below one. That
 * last counts not where the account's hosts name that name itself, or one below it. */
bool accounts_allow_host(const struct accounts *all, const struct account *a, const char *host);
/* The same of host and of everything below it, with no name of another account's or of the
 * relay's own among that: what a certificate for "*.host" is worth. */
bool accounts_allow_all_below(const struct accounts *all, const struct account *a,
			      const char *host);
typedef bool accounts_fn(void *arg, const struct account *a);
/* Whether fn says yes to an account that may use the host. */
bool accounts_any_with_host(const struct accounts *all, const char *host, accounts_fn *fn,
			    void *arg);
/* The account whose own name the host is, or lies below; NULL: nobody's. */
const struct account *accounts_owner(const struct accounts *all, const char *host);
/* What an account may be called: a name, and usable as a host below the relay's domain. */
bool account_is_name(const char *name);

#endif
