/*
 * A hash table for keys that strangers may choose. Keys are hashed (SipHash) with a secret of this
 * table, so that nobody can choose keys that share a slot. It grows and shrinks in steps: each
 * hash_table_add and hash_table_remove moves a few slots, and none has to move them all. One
 * thread.
 */
#ifndef GROUNDNUT_BASE_HASH_TABLE_H
#define GROUNDNUT_BASE_HASH_TABLE_H

#include <stddef.h>

struct hash_table;

enum { HASH_TABLE_STEP = 16 }; /* slots of the size before that one call moves at most */

struct hash_table *hash_table_new(void);
void hash_table_free(struct hash_table *d); /* keys and values are the caller's */
/* NULL: not known. */
void *hash_table_get(const struct hash_table *d, const void *key, size_t len);
/* NULL: the key was new, and has this value from now on. Otherwise the value that it has already,
 * and nothing is changed. The key is not copied: its bytes must stay while it is in the table, best
 * inside value. */
void *hash_table_add(struct hash_table *d, const void *key, size_t len, void *value);
/* The value it had, or NULL. */
void *hash_table_remove(struct hash_table *d, const void *key, size_t len);
size_t hash_table_count(const struct hash_table *d);
/* In no order. fn may remove the entry that it is called for, and change nothing else. */
typedef void hash_table_fn(void *arg, void *value);
void hash_table_each(struct hash_table *d, hash_table_fn *fn, void *arg);
/* Slots of the size before that have still to be moved. */
size_t hash_table_unmoved(const struct hash_table *d);

#endif
