/*
 * Remembers something of each source of strangers, in a table of bounded size that nobody can fill
 * for the others. The key of a source is an address prefix and, if the caller wants, a label such
 * as an account. The hash has a secret key. When the table is full, a newcomer gets a place and an
 * old source is forgotten: the one seen longest ago in the network (v4 /24, v6 /48) that has the
 * most sources. Pure. One thread.
 */
#ifndef GROUNDNUT_BASE_SOURCE_TABLE_H
#define GROUNDNUT_BASE_SOURCE_TABLE_H

#include "shared/base/addr.h"

#include <stddef.h>

struct source_table;

enum { SOURCE_TABLE_LABEL = 64 }; /* bytes of a label that count */

/* max: sources remembered (at least 1). size: bytes that are kept for each. */
struct source_table *source_table_new(size_t max, size_t size);
void source_table_free(struct source_table *t);
/* Returns the bytes that are kept for the source, or NULL when it is unknown. prefix: made by
 * addr_prefix(); its port does not count. label: may be NULL. */
void *source_table_get(const struct source_table *t, const struct addr *prefix, const char *label);
/* Notes that the source was seen now, and returns its bytes; those of a new source are zero. The
 * bytes do not move, but a later call may forget the source unless it is held. */
void *source_table_see(struct source_table *t, const struct addr *prefix, const char *label);
/* A held source is not forgotten, and may go beyond max: the caller bounds what it holds. Each hold
 * needs one release. kept: the bytes from get or see. */
void source_table_hold(struct source_table *t, void *kept);
void source_table_release(struct source_table *t, void *kept);
size_t source_table_count(const struct source_table *t);

#endif
