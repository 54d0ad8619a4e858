/*
 * The one model of names: what each name's A and AAAA are to hold, by whose word, how often it was
 * asked for and changed; and where that is brought out. Main loop only. Everything that counts is
 * in the store before anybody is told "good".
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_H
#define GROUNDNUT_RELAY_NAMES_NAMES_H

#include "relay/names/declared_names.h"

struct names;

/* Reads the store (blocking). The configuration is copied as far as needed; the store is not owned
 * and must outlive it. */
struct names *names_new(struct loop *l, struct store *store,
			const struct publishers_config *config);
/* keeps what it knows; publishers begin anew */
void names_reload(struct names *n, const struct publishers_config *config);
void names_free(struct names *n); /* what is not written yet is handed to the store */
/* NULL without a `serve`; another one after names_reload */
const struct zone *names_zone(const struct names *n);

/* Names of accounts that are gone, or that the account may no longer have, go with it. Keeps a
 * reference. */
void names_set_accounts(struct names *n, struct accounts *accounts);

/* What agents declare: as declared_names_set, declared_names_report, declared_names_watch. */
void names_set_agent(struct names *n, const struct declared_names_agent *a);
size_t names_report(struct names *n, const char *account, const char *agent,
		    struct name_report **out);
void names_watch(struct names *n, declared_names_changed_fn *fn, void *owner);

enum names_answer { NAMES_GOOD, NAMES_NOCHG, NAMES_NOHOST, NAMES_TROUBLE, NAMES_WAIT };
struct names_change {
	/* A, AAAA; family 0: that one is not touched. Only public addresses are ever given here */
	struct addr set[2];
	bool offline[2]; /* that family is to have no record */
	/* named by the request; with neither of the above it only counts (a client's dummy) and is
	 * good */
	bool asked[2];
};
typedef void names_done_fn(void *owner, uint64_t ticket, enum names_answer answer);

/* NAMES_NOHOST at once (the account may not have that name), GOOD at once for a dummy about a
 * name that is not there; else NAMES_WAIT with a ticket, and fn comes from the loop when the
 * request is durable: GOOD, NOCHG or TROUBLE. */
enum names_answer names_update(struct names *n, const struct account *account, const char *host,
			       const struct names_change *change, const char *client,
			       names_done_fn *fn, void *owner, uint64_t *ticket);
void names_forget(struct names *n, void *owner); /* no answers to this owner any more */

/* the members of "names": into an array the caller opened */
void names_status(struct names *n, struct json *w);
size_t names_count(const struct names *n);

#endif
