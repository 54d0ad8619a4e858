/* What `status --json` says of names. */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_STATUS_H
#define GROUNDNUT_RELAY_NAMES_NAMES_STATUS_H

#include "relay/names/name_table.h"

/* the members of "names": into an array the caller opened */
void names_status_write(struct name_table *t, struct json *w);

#endif
