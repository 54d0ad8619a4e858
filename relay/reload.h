/*
 * A reload is one act: what runs, with those keys of relay.json that a running relay takes up, the
 * accounts and the certificates are read and tried as a whole, then put in force; or nothing is
 * changed. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_RELOAD_H
#define GROUNDNUT_RELAY_RELOAD_H

#include "relay/relay_parts.h"

/* error: NULL, or one sentence on why nothing was changed. later: NULL, or the keys that only a
 * restart takes up. Both are valid during the call only. */
typedef void reload_fn(void *owner, const char *error, const char *later);

/* done comes once: inside the call after an error, else when all of it is in force, mappings that
 * lost their port are closed, and the listeners are open or their failure is logged. */
void reload_begin(struct relay_parts *p, const char *file, reload_fn *done, void *owner);
/* The accounts alone, by the configuration that is in force. NULL, or the error (freed by the
 * caller). */
char *reload_accounts(struct relay_parts *p);

#endif
