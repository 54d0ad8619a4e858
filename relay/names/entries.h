/*
 * All names there are, found by name and by account. Whatever changes one calls entries_settle: it
 * derives what is wanted anew and, when that is something else, counts the change and brings it
 * out. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_ENTRIES_H
#define GROUNDNUT_RELAY_NAMES_ENTRIES_H

#include "relay/names/outlets.h"

struct entries;

/* published: something of a name that an agent wishes has come out somewhere. Reads the store
 * (blocking). */
struct entries *entries_new(struct loop *l, struct store *store,
			    const struct outlets_config *config,
			    void (*published)(void *owner, const struct entry *e), void *owner);
/* another configuration; what is known stays */
void entries_change(struct entries *t, const struct outlets_config *config);
void entries_free(struct entries *t);

/* Whether a full name lies below the domain and is not one that the relay itself needs. */
bool entries_are_of(const struct entries *t, const char *name);
/* A host as written in a file, made full. 0, or ERR_SYNTAX when it is none of these names. */
int entries_name(const struct entries *t, const char *host, char out[256]);

/* NULL: none; it may be one that is gone */
struct entry *entries_find(const struct entries *t, const char *name);
/* made when needed, gone no more, this account's */
struct entry *entries_obtain(struct entries *t, const char *name, const char *account);
/* fn may let e go */
void entries_each(struct entries *t, void (*fn)(void *arg, struct entry *e), void *arg);
/* by same_account; of others, too */
struct list *entries_of(struct entries *t, const char *account);
size_t entries_count(const struct entries *t);

/* counts: whether this is a change that somebody asked for. True: something else is wanted than
 * before. */
bool entries_settle(struct entries *t, struct entry *e, bool counts);
void entries_mark(struct entries *t, struct entry *e); /* to be written */
/* out of zone and store now, of the publishers by and by; e may be no more */
void entries_let_go(struct entries *t, struct entry *e);

enum entry_source entries_want(const struct entries *t, const struct entry *e, unsigned which,
			       struct publish_set *out);
const struct outlets *entries_outlets(const struct entries *t);
struct ledger *entries_ledger(const struct entries *t);

#endif
