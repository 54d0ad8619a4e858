/*
 * All names, by name and by account. For each name it knows what its records must hold and who said
 * so, counts requests and changes, and publishes the records. A change is in the store before
 * anybody is told "good". Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAME_REGISTRY_H
#define GROUNDNUT_RELAY_NAMES_NAME_REGISTRY_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"
#include "relay/names/name_records.h"
#include "relay/names/write_batch.h"
#include "shared/base/json.h"
#include "shared/net/event_hub.h"

struct name_registry;

/* Reads the store (blocking), which is not owned. Keeps a reference to the configuration. */
struct name_registry *name_registry_new(struct loop *l, struct store *store,
					struct relay_config *config);
/* Keeps what it knows; publishers begin anew. */
void name_registry_reload(struct name_registry *all, struct relay_config *config);
/* Sets the hub that takes events about names and publishers; borrowed; NULL: none. */
void name_registry_set_events(struct name_registry *all, struct event_hub *events);
struct event_hub *name_registry_events(const struct name_registry *all);
/* what is not written yet is handed to the store */
void name_registry_free(struct name_registry *all);
/* The zone of `serve`; NULL: there is no `serve`. name_registry_reload() replaces it. */
const struct zone *name_registry_zone(const struct name_registry *all);

/* Sets the accounts in force; keeps a reference. Drops the names of accounts that are gone, and
 * those that an account may not have any more. */
void name_registry_set_accounts(struct name_registry *all, struct accounts *accounts);
/* NULL before the first list */
struct accounts *name_registry_accounts(const struct name_registry *all);

/* --- DDNS updates --- */

enum name_registry_answer {
	NAME_REGISTRY_GOOD,
	NAME_REGISTRY_NOCHG,
	NAME_REGISTRY_NOHOST,
	NAME_REGISTRY_FULL, /* the account has all the names or records that it may have */
	NAME_REGISTRY_TROUBLE,
	NAME_REGISTRY_WAIT
};
struct name_registry_change {
	/* The new A and AAAA, public addresses only; family 0: that record is not changed. */
	struct addr set[PUBLISH_ADDRESSES];
	bool offline[PUBLISH_ADDRESSES]; /* that record is removed */
	/* The request names that record. Without a change it only counts (a client's dummy), and is
	 * good. */
	bool asked[PUBLISH_ADDRESSES];
};
typedef void name_registry_done_fn(void *owner, uint64_t ticket, enum name_registry_answer answer);

/* Takes a DDNS update. host NULL: the account's own name. Some answers come at once:
 * NAME_REGISTRY_NOHOST (the account may not have the name, or an https mapping has it),
 * NAME_REGISTRY_FULL, and NAME_REGISTRY_GOOD for a dummy about a name that does not exist. Else
 * NAME_REGISTRY_WAIT with a ticket; fn comes from the loop when the request is durable, with
 * NAME_REGISTRY_GOOD, NAME_REGISTRY_NOCHG or NAME_REGISTRY_TROUBLE. */
enum name_registry_answer name_registry_update(struct name_registry *all,
					       const struct account *account, const char *host,
					       const struct name_registry_change *change,
					       const char *client, name_registry_done_fn *fn,
					       void *owner, uint64_t *ticket);
/* fn does not come for this owner any more */
void name_registry_forget(struct name_registry *all, void *owner);

/* How far a list of all names has come. */
struct name_registry_cursor {
	uint64_t id;
	char name[256];
};
/* Writes members of "names": as many names behind the cursor (zeroes: from the beginning) as fit
 * into a page. Moves the cursor. True: there are more. */
bool name_registry_status(const struct name_registry *all, struct name_registry_cursor *at,
			  struct json *w);
size_t name_registry_count(const struct name_registry *all);

/* --- TXT records --- */

/* Sets the TXT values that a full name must have from now on, besides those of others. */
void name_registry_set_texts(struct name_registry *all, const char *name,
			     const struct publish_set *values);
/* Tells how many publishers have published one of these values. */
void name_registry_progress(const struct name_registry *all, const char *name, const char *value,
			    struct publish_progress *out);
const struct relay_config *name_registry_config(const struct name_registry *all);

/* --- for what declares names --- */

/* Each function may be NULL. */
struct name_registry_watcher {
	/* A record of a name that its holder declares in `names` was published. */
	void (*published)(void *owner, const struct name *n);
	void (*accounts_changed)(void *owner);
	/* TXT records of a name were published. */
	void (*texts_published)(void *owner, const char *name);
};
/* two at most */
void name_registry_watch(struct name_registry *all, const struct name_registry_watcher *fns,
			 void *owner);
void name_registry_unwatch(struct name_registry *all, const void *owner);

/* Makes a host as written in a file a full name. 0, or ERR_SYNTAX when it cannot be one. */
int name_registry_full(const struct name_registry *all, const char *host, char out[256]);
struct name *name_registry_find(const struct name_registry *all, const char *name); /* NULL: none */
/* Returns the name, which belongs to this account from now on; makes it when it does not exist.
 * NULL: the account is full. */
struct name *name_registry_obtain(struct name_registry *all, const char *name, const char *account);
/* Whether another name, with both its records, would be more than the account may have. */
bool name_registry_is_full(const struct name_registry *all, const char *account);
void name_registry_tell_full(struct name_registry *all, const char *account); /* logs it, once */
/* The list of the account's names (name.same_account), and their number. */
struct list *name_registry_of(struct name_registry *all, const char *account);
size_t name_registry_count_of(struct name_registry *all, const char *account);
/* These walk over the names that an agent holds; NULL: there are no more. It may hold few of the
 * many that its account has. */
struct name *name_registry_first_held(const struct name_registry *all, const char *account,
				      const char *agent);
struct name *name_registry_next_held(const struct name *n);
/* agent "": no agent holds it. */
void name_registry_set_holder(struct name_registry *all, struct name *n, const char *agent);
/* Called after each change of a name: derives what its records must hold, and publishes it when
 * that has changed. counts: somebody has asked for this change. True: it has changed. */
bool name_registry_settle(struct name_registry *all, struct name *n, bool counts);
void name_registry_mark(struct name_registry *all, struct name *n); /* the next batch writes it */
/* Drops the name from zone and store at once, and from the publishers as soon as they can. */
void name_registry_drop(struct name_registry *all, struct name *n);
struct write_batch *name_registry_batch(struct name_registry *all);
/* The published value of a record, or NULL. */
const char *name_registry_value(const struct name_registry *all, const struct name *n,
				enum publish_type type);

#endif
