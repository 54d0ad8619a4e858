/*
 * Host names that no account may use: the names of the relay itself (its domain, host, name
 * servers, addresses and their reverse names, names that the operator's records give an address)
 * and each name with a label that begins with "_acme-challenge", where certificates are proven. The
 * set counts its references and does not change once it is shared.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_OWN_NAMES_H
#define GROUNDNUT_RELAY_ACCOUNTS_OWN_NAMES_H

#include "shared/base/addr.h"

struct own_names;

struct own_names *own_names_new(void);
/* name: a full name, a wildcard, or an address as text. NULL, and what is none of these, adds
 * nothing. */
void own_names_add(struct own_names *o, const char *name);
/* Adds the address and its reverse name. */
void own_names_add_address(struct own_names *o, const struct addr *a);
struct own_names *own_names_ref(struct own_names *o); /* any thread; NULL gives NULL */
void own_names_unref(struct own_names *o);            /* any thread; NULL does nothing */
/* host: a full name or wildcard in upper or lower case, or an address as text. False when o is
 * NULL. */
bool own_names_has(const struct own_names *o, const char *host);
/* Whether one of the added names lies below the host. "_acme-challenge" names do not count. */
bool own_names_has_below(const struct own_names *o, const char *host);

#endif
