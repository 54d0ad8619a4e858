/*
 * Host names that no account may use: the names of the relay itself (its domain, host, name
 * servers, addresses and their reverse names, names that the operator's records give an address)
 * and each name with a label that begins with "_acme-challenge", where certificates are proven. The
 * set counts its references and does not change once it is shared.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_RESERVED_NAMES_H
#define GROUNDNUT_RELAY_ACCOUNTS_RESERVED_NAMES_H

#include "shared/base/addr.h"

struct reserved_names;

struct reserved_names *reserved_names_new(void);
/* name: a full name, a wildcard, or an address as text. NULL, and what is none of these, adds
 * nothing. */
void reserved_names_add(struct reserved_names *o, const char *name);
/* Adds the address and its reverse name. */
void reserved_names_add_address(struct reserved_names *o, const struct addr *a);
/* any thread; NULL gives NULL */
struct reserved_names *reserved_names_ref(struct reserved_names *o);
void reserved_names_unref(struct reserved_names *o); /* any thread; NULL does nothing */
/* host: a full name or wildcard in upper or lower case, or an address as text. False when o is
 * NULL. */
bool reserved_names_has(const struct reserved_names *o, const char *host);
/* Whether one of the added names lies below the host. "_acme-challenge" names do not count. */
bool reserved_names_has_below(const struct reserved_names *o, const char *host);

#endif
