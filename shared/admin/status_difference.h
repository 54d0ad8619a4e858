/*
 * Writes the difference of two statuses as a JSON object. It has each member whose value has
 * changed, with the new value, or null when the member is gone. For a list of objects it has an
 * object with two lists: "set" has the elements that are new or have changed; "gone" has, of each
 * element that is gone, the first two members, which name it. Example: {"uptime_s": 6, "agents":
 * {"set": [{"account": "alice", "agent": "nas", …}], "gone": [{"account": "bob", "agent": "pc"}]},
 * "more": null}. Pure. Both texts must be JSON objects that this program has written, not indented.
 */
#ifndef GROUNDNUT_ADMIN_STATUS_DIFFERENCE_H
#define GROUNDNUT_ADMIN_STATUS_DIFFERENCE_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* Appends the difference to out. False: they are the same, and nothing is written. */
bool status_difference_write(const struct buf *before, const struct buf *after, struct buf *out);

#endif
