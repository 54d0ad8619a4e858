/*
 * What is known by a key, for keys that strangers may choose: they are hashed (SipHash) with a
 * secret of this dict, so that nobody can choose such as share a slot. It grows and shrinks in
 * steps: each dict_add and dict_remove moves a few slots, and none has to move them all. One
 * thread.
 */
#ifndef GROUNDNUT_BASE_DICT_H
#define GROUNDNUT_BASE_DICT_H

#include <stddef.h>

struct dict;

enum { DICT_STEP = 16 }; /* slots of the size before that one call moves at most */

struct dict *dict_new(void);
void dict_free(struct dict *d); /* keys and values are the caller's */
/* NULL: not known. */
void *dict_get(const struct dict *d, const void *key, size_t len);
/* The value that key has already, and nothing is changed; or NULL, and from now on it has this one.
 * Only the key's place is kept: its bytes must stay while it is in the dict, best inside value. */
void *dict_add(struct dict *d, const void *key, size_t len, void *value);
/* The value it had, or NULL. */
void *dict_remove(struct dict *d, const void *key, size_t len);
size_t dict_count(const struct dict *d);
/* In no order. fn may remove what it is called for, and change nothing else. */
typedef void dict_fn(void *arg, void *value);
void dict_each(struct dict *d, dict_fn *fn, void *arg);
/* Slots of the size before that have still to be moved. */
size_t dict_unmoved(const struct dict *d);

#endif
