/*
 * All names there are, by name and by account: what each one's records are to hold, by whose word,
 * how often they were asked for and changed; and where that is brought out. Main loop only. What
 * counts is in the store before anyone is told "good".
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_H
#define GROUNDNUT_RELAY_NAMES_NAMES_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"
#include "relay/names/name_records.h"
#include "relay/names/write_batch.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"

struct names;

/* Reads the store (blocking), which is not owned. Keeps a reference to the configuration. */
struct names *names_new(struct loop *l, struct store *store, struct relay_config *config);
/* Keeps what it knows; publishers begin anew. */
void names_reload(struct names *all, struct relay_config *config);
/* Where it tells what becomes of names and publishers; NULL: nowhere. */
void names_set_events(struct names *all, struct event_hub *events);
struct event_hub *names_events(const struct names *all);
void names_free(struct names *all); /* what is not written yet is handed to the store */
/* NULL without a `serve`; a different zone after names_reload */
const struct zone *names_zone(const struct names *all);

/* Names of accounts that are gone, or that the account may no longer have, go with it. Keeps a
 * reference. */
void names_set_accounts(struct names *all, struct accounts *accounts);
struct accounts *names_accounts(const struct names *all); /* NULL before the first list */

/* --- DDNS updates --- */

enum names_answer {
	NAMES_GOOD,
	NAMES_NOCHG,
	NAMES_NOHOST,
	NAMES_FULL, /* the account has all the names or records that it may have */
	NAMES_TROUBLE,
	NAMES_WAIT
};
struct names_change {
	/* A, AAAA; family 0: that one is not touched. Only public addresses are ever given here */
	struct addr set[PUBLISH_ADDRESSES];
	bool offline[PUBLISH_ADDRESSES]; /* that family is to have no record */
	/* named by the request; with neither of the above it only counts (a client's dummy) and is
	 * good */
	bool asked[PUBLISH_ADDRESSES];
};
typedef void names_done_fn(void *owner, uint64_t ticket, enum names_answer answer);

/* host NULL: the account's own name. NAMES_NOHOST (the account may not have that name, or
 * an https mapping has it) and FULL at
 * once, GOOD at once for a dummy about a name that is not there; else NAMES_WAIT with a ticket, and
 * fn comes from the loop when the request is durable: GOOD, NOCHG or TROUBLE. */
enum names_answer names_update(struct names *all, const struct account *account, const char *host,
			       const struct names_change *change, const char *client,
			       names_done_fn *fn, void *owner, uint64_t *ticket);
void names_forget(struct names *all, void *owner); /* no answers to this owner any more */

/* How far a list of all names has come. */
struct names_cursor {
	uint64_t id;
	char name[256];
};
/* Writes members of "names": as many names behind the cursor (zeroes: from the beginning) as fit
 * into a page. Moves the cursor. True: there are more. */
bool names_status(const struct names *all, struct names_cursor *at, struct json *w);
size_t names_count(const struct names *all);

/* --- TXT records --- */

/* What a full name is to hold in TXT records from now on, beside what others have there. */
void names_set_texts(struct names *all, const char *name, const struct publish_set *values);
/* How one of these values fares, counted in publishers. */
void names_progress(const struct names *all, const char *name, const char *value,
		    struct publish_progress *out);
const struct relay_config *names_config(const struct names *all);

/* --- for what declares names --- */

/* Each may be NULL. */
struct names_watcher {
	/* Something of a name that its holder declares in `names` has come out. */
	void (*published)(void *owner, const struct name *n);
	void (*accounts_changed)(void *owner);
	/* TXT records of a name have come out. */
	void (*texts_published)(void *owner, const char *name);
};
void names_watch(struct names *all, const struct names_watcher *fns, void *owner); /* two at most */
void names_unwatch(struct names *all, const void *owner);

/* A host as written in a file, made full. 0, or ERR_SYNTAX when it is none of these names. */
int names_full(const struct names *all, const char *host, char out[256]);
struct name *names_find(const struct names *all, const char *name); /* NULL: none */
/* The name is made when it is not there, and is this account's from now on; NULL when the account
 * is full. */
struct name *names_obtain(struct names *all, const char *name, const char *account);
/* Whether another name, with both its records, would be more than the account may have. */
bool names_is_full(const struct names *all, const char *account);
void names_tell_full(struct names *all, const char *account); /* in the log, once */
/* The account's names, by same_account, and how many these are. */
struct list *names_of(struct names *all, const char *account);
size_t names_count_of(struct names *all, const char *account);
/* The names that an agent holds, one after the other; NULL: there is none any more. Few of the many
 * that an account may have. */
struct name *names_first_held(const struct names *all, const char *account, const char *agent);
struct name *names_next_held(const struct name *n);
/* agent "": nobody */
void names_set_holder(struct names *all, struct name *n, const char *agent);
/* To be called after any change of a name: what is wanted is derived again, and brought out when it
 * is something else. counts: whether somebody asked for this change. True: something else is wanted
 * than before. */
bool names_settle(struct names *all, struct name *n, bool counts);
void names_mark(struct names *all, struct name *n); /* to be written */
/* Drops the name: at once from zone and store, and in their time from the publishers. */
void names_drop(struct names *all, struct name *n);
struct write_batch *names_batch(struct names *all);
/* what the world sees of a record, or NULL */
const char *names_value(const struct names *all, const struct name *n, enum publish_type type);

#endif
