/*
 * All names, by name and by account. For each name it knows what its records must hold and who said
 * so, counts requests and changes, and publishes the records. A change is in the store before
 * anybody is told "good". Main loop only.
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
/* Sets the hub that takes events about names and publishers; borrowed; NULL: none. */
void names_set_events(struct names *all, struct event_hub *events);
struct event_hub *names_events(const struct names *all);
void names_free(struct names *all); /* what is not written yet is handed to the store */
/* The zone of `serve`; NULL: there is no `serve`. names_reload() replaces it. */
const struct zone *names_zone(const struct names *all);

/* Sets the accounts in force; keeps a reference. Drops the names of accounts that are gone, and
 * those that an account may not have any more. */
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
	/* The new A and AAAA, public addresses only; family 0: that record is not changed. */
	struct addr set[PUBLISH_ADDRESSES];
	bool offline[PUBLISH_ADDRESSES]; /* that record is removed */
	/* The request names that record. Without a change it only counts (a client's dummy), and is
	 * good. */
	bool asked[PUBLISH_ADDRESSES];
};
typedef void names_done_fn(void *owner, uint64_t ticket, enum names_answer answer);

/* Takes a DDNS update. host NULL: the account's own name. Some answers come at once:
 * NAMES_NOHOST (the account may not have the name, or an https mapping has it), NAMES_FULL, and
 * NAMES_GOOD for a dummy about a name that does not exist. Else NAMES_WAIT with a ticket; fn
 * comes from the loop when the request is durable, with NAMES_GOOD, NAMES_NOCHG or
 * NAMES_TROUBLE. */
enum names_answer names_update(struct names *all, const struct account *account, const char *host,
			       const struct names_change *change, const char *client,
			       names_done_fn *fn, void *owner, uint64_t *ticket);
void names_forget(struct names *all, void *owner); /* fn does not come for this owner any more */

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

/* Sets the TXT values that a full name must have from now on, besides those of others. */
void names_set_texts(struct names *all, const char *name, const struct publish_set *values);
/* Tells how many publishers have published one of these values. */
void names_progress(const struct names *all, const char *name, const char *value,
		    struct publish_progress *out);
const struct relay_config *names_config(const struct names *all);

/* --- for what declares names --- */

/* Each function may be NULL. */
struct names_watcher {
	/* A record of a name that its holder declares in `names` was published. */
	void (*published)(void *owner, const struct name *n);
	void (*accounts_changed)(void *owner);
	/* TXT records of a name were published. */
	void (*texts_published)(void *owner, const char *name);
};
void names_watch(struct names *all, const struct names_watcher *fns, void *owner); /* two at most */
void names_unwatch(struct names *all, const void *owner);

/* Makes a host as written in a file a full name. 0, or ERR_SYNTAX when it cannot be one. */
int names_full(const struct names *all, const char *host, char out[256]);
struct name *names_find(const struct names *all, const char *name); /* NULL: none */
/* Returns the name, which belongs to this account from now on; makes it when it does not exist.
 * NULL: the account is full. */
struct name *names_obtain(struct names *all, const char *name, const char *account);
/* Whether another name, with both its records, would be more than the account may have. */
bool names_is_full(const struct names *all, const char *account);
void names_tell_full(struct names *all, const char *account); /* logs it, once */
/* The list of the account's names (name.same_account), and their number. */
struct list *names_of(struct names *all, const char *account);
size_t names_count_of(struct names *all, const char *account);
/* These walk over the names that an agent holds; NULL: there are no more. It may hold few of the
 * many that its account has. */
struct name *names_first_held(const struct names *all, const char *account, const char *agent);
struct name *names_next_held(const struct name *n);
/* agent "": no agent holds it. */
void names_set_holder(struct names *all, struct name *n, const char *agent);
/* Called after each change of a name: derives what its records must hold, and publishes it when
 * that has changed. counts: somebody has asked for this change. True: it has changed. */
bool names_settle(struct names *all, struct name *n, bool counts);
void names_mark(struct names *all, struct name *n); /* the next batch writes it */
/* Drops the name from zone and store at once, and from the publishers as soon as they can. */
void names_drop(struct names *all, struct name *n);
struct write_batch *names_batch(struct names *all);
/* The published value of a record, or NULL. */
const char *names_value(const struct names *all, const struct name *n, enum publish_type type);

#endif
