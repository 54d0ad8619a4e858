/*
 * Host names that are nobody's: those of the relay itself (its domain, host, name servers, the
 * reverse names of its addresses, names that the operator's records give an address) and
 * everything with a label that begins with "_acme-challenge", where certificates are proven. It is
 * counted and does not change once it is shared.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_OWN_NAMES_H
#define GROUNDNUT_RELAY_ACCOUNTS_OWN_NAMES_H

#include "shared/base/addr.h"

struct own_names;

struct own_names *own_names_new(void);
/* A full name, a wildcard, or an address as text; NULL adds nothing. */
void own_names_add(struct own_names *o, const char *name);
void own_names_add_address(struct own_names *o, const struct addr *a); /* and its reverse name */
struct own_names *own_names_ref(struct own_names *o);                  /* any thread */
void own_names_unref(struct own_names *o); /* any thread; NULL does nothing */
/* host: a full name or wildcard in any case, or an address as a visitor writes it. NULL has
 * none. */
bool own_names_has(const struct own_names *o, const char *host);
/* Whether one of them lies below the host, but for where certificates are proven. */
bool own_names_has_below(const struct own_names *o, const char *host);

#endif
