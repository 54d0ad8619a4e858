/*
 * All names there are, found by name and by account. Whatever changes one calls name_table_settle:
 * it derives what is wanted anew and, when that is something else, counts the change and brings it
 * out. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAME_TABLE_H
#define GROUNDNUT_RELAY_NAMES_NAME_TABLE_H

#include "relay/names/publishers.h"

struct name_table;

/* published: something of a name that an agent wishes has come out somewhere. Reads the store
 * (blocking). */
struct name_table *name_table_new(struct loop *l, struct store *store,
				  const struct publishers_config *config,
				  void (*published)(void *owner, const struct name_entry *e),
				  void *owner);
/* another configuration; what is known stays */
void name_table_change(struct name_table *t, const struct publishers_config *config);
void name_table_free(struct name_table *t);

/* Whether a full name lies below the domain and is not one that the relay itself needs. */
bool name_table_are_of(const struct name_table *t, const char *name);
/* A host as written in a file, made full. 0, or ERR_SYNTAX when it is none of these names. */
int name_table_name(const struct name_table *t, const char *host, char out[256]);

/* NULL: none; it may be one that is gone */
struct name_entry *name_table_find(const struct name_table *t, const char *name);
/* made when needed, gone no more, this account's */
struct name_entry *name_table_obtain(struct name_table *t, const char *name, const char *account);
/* fn may let e go */
void name_table_each(struct name_table *t, void (*fn)(void *arg, struct name_entry *e), void *arg);
/* by same_account; of others, too */
struct list *name_table_of(struct name_table *t, const char *account);
size_t name_table_count(const struct name_table *t);

/* counts: whether this is a change that somebody asked for. True: something else is wanted than
 * before. */
bool name_table_settle(struct name_table *t, struct name_entry *e, bool counts);
void name_table_mark(struct name_table *t, struct name_entry *e); /* to be written */
/* out of zone and store now, of the publishers by and by; e may be no more */
void name_table_let_go(struct name_table *t, struct name_entry *e);

enum name_entry_source name_table_want(const struct name_table *t, const struct name_entry *e,
				       unsigned which, struct publish_set *out);
const struct publishers *name_table_outlets(const struct name_table *t);
struct write_batch *name_table_ledger(const struct name_table *t);

#endif
