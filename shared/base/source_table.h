/*
 * What is remembered of each source of strangers, in a table of bounded size that nobody can fill
 * for the others. A key is an address prefix and, where the caller tells several apart, a label
 * (an account, say). The hash is keyed with a secret. When the table is full, the newcomer is taken
 * in and an old source is forgotten: of the network (v4 /24, v6 /48) that has the most of them, the
 * one that was seen longest ago. Pure. One thread.
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
/* What is kept for the source, or NULL. prefix: as the caller wants it (addr_prefix), its port does
 * not count. label may be NULL. */
void *source_table_get(const struct source_table *t, const struct addr *prefix, const char *label);
/* The same; the source is known from now on, and was seen just now. New bytes are zero. They stay
 * where they are, but another call may forget them unless they are held. */
void *source_table_see(struct source_table *t, const struct addr *prefix, const char *label);
/* A source that is held is not forgotten, and may go over max: the caller bounds what it holds.
 * Each hold is paid back by one release. kept: from get or see. */
void source_table_hold(struct source_table *t, void *kept);
void source_table_release(struct source_table *t, void *kept);
size_t source_table_count(const struct source_table *t);

#endif
