/*
 * A reload is one act. It reads the accounts, the certificates, and those keys of relay.json that a
 * running relay can take up, tries all of them together, and then puts them in force; or it changes
 * nothing. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_RELOAD_H
#define GROUNDNUT_RELAY_RELOAD_H

#include "relay/relay_parts.h"

/* error: one sentence that says why nothing was changed, or NULL. later: the changed keys that need
 * a restart, or NULL. Both are valid during the call only. */
typedef void reload_fn(void *owner, const char *error, const char *later);

/* done comes once. After an error it comes inside the call. Else it comes when all is in force,
 * mappings that have lost their ports are closed, and the listeners are open or their failure is
 * logged. */
void reload_begin(struct relay_parts *p, const char *file, reload_fn *done, void *owner);
/* Reloads the accounts only, with the configuration that is in force. Returns NULL, or the error,
 * which the caller frees. */
char *reload_accounts(struct relay_parts *p);

#endif
