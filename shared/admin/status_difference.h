/*
 * What has changed from one status to the next, as JSON: the members of the one object that differ
 * in the other, null where one is gone. Of a list of objects only the elements that differ or are
 * new ("set"), and of those that are gone what names them ("gone"): an element's first two members
 * name it. So {"uptime_s": 6, "agents": {"set": [{"account": "alice", "agent": "nas", …}], "gone":
 * [{"account": "bob", "agent": "pc"}]}, "more": null}. Pure; both texts are JSON that this program
 * wrote, not indented.
 */
#ifndef GROUNDNUT_ADMIN_STATUS_DIFFERENCE_H
#define GROUNDNUT_ADMIN_STATUS_DIFFERENCE_H

#include "shared/base/buf.h"

#include <stdbool.h>

/* False, and nothing is written: they are the same. */
bool status_difference_write(const struct buf *before, const struct buf *after, struct buf *out);

#endif
