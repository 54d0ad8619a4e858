/*
 * How the world finds the names below the relay's domain, asked of the world: what this machine's
 * resolver says, and what the parent's own name servers delegate (RFC 1034, section 4.2.2).
 * Blocking, for commands; answers are waited for a few seconds.
 */
#ifndef GROUNDNUT_RELAY_DNS_DELEGATION_H
#define GROUNDNUT_RELAY_DNS_DELEGATION_H

#include "shared/base/addr.h"
#include "shared/base/buf.h"

#include <stdbool.h>

enum { DELEGATION_SERVERS = 8, DELEGATION_NAME = 256 };

/* Whether this machine's resolver gives any answer, also a bad one, about the zone above domain or
 * the root. */
bool delegation_resolves(const char *domain);
/* The addresses of a name (A, or AAAA with v6), as many as fit. Returns how many; negative: nobody
 * answers. */
int delegation_lookup(const char *name, bool v6, struct addr *out, size_t most);

struct delegation {
	char parent[DELEGATION_NAME]; /* the zone above that was asked; "" if none was found */
	/* to whom it delegates, lower case, no final dot; none: it does not */
	char servers[DELEGATION_SERVERS][DELEGATION_NAME];
	size_t count;
	bool answered; /* one of the parent's servers gave an answer */
};

void delegation_ask(const char *domain, struct delegation *out);

#endif
