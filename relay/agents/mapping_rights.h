/* Whether a mapping may be opened: it looks at the account's rights, at ports and hosts that nobody
 * may have, and at what this relay can do. On the worker's loop. */
#ifndef GROUNDNUT_RELAY_AGENTS_MAPPING_RIGHTS_H
#define GROUNDNUT_RELAY_AGENTS_MAPPING_RIGHTS_H

#include "relay/doors/door_owner.h"

/* NULL: it may be tried. Else why not and what helps, for its account, which learns nothing of
 * others; freed by the caller. host: its full name, or NULL. */
char *mapping_rights_why_not(const struct door_owner *t, const struct mapping *m, const char *host);

#endif
