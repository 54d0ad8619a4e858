/*
 * The one model of names: what each name's A and AAAA are to hold, by whose word, how often it was asked for and changed; and the
 * publishers that bring it out. Main loop only. Everything that counts is in the store before anybody is told "good".
 *
 * By strength: an entry in the `names` of an agent; the last accepted door update; the relay's own addresses.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAMES_H
#define GROUNDNUT_RELAY_NAMES_NAMES_H

#include "relay/accounts.h"
#include "relay/names/names_config.h"
#include "relay/names/zone.h"
#include "relay/store.h"
#include "shared/base/json.h"
#include "shared/net/loop.h"
#include "shared/tunnel/declare.h"

struct names;

struct names_config {
	const char *domain;
	const char *host;              /* the relay's own name, or NULL */
	const struct addr *addresses;  /* the relay's; at most PUBLISH_ADDRESSES are used */
	size_t address_count;
	const struct dns_config_list *dns;
};

/* Reads the store (blocking). The configuration is copied as far as needed; the store is not owned and must outlive it. */
struct names *names_new(struct loop *l, struct store *store, const struct names_config *config);
void names_reload(struct names *n, const struct names_config *config); /* keeps what it knows; publishers begin anew */
void names_free(struct names *n);       /* what is not written yet is handed to the store */
const struct zone *names_zone(const struct names *n); /* NULL without a `serve`; another one after names_reload */

/* Names of accounts that are gone, or that the account may no longer have, go with it. Keeps a reference. */
void names_set_accounts(struct names *n, struct accounts *accounts);

/* What an agent says at each link, resume and DECLARE. */
struct names_agent {
	const char *account, *agent;
	const struct name_wish_list *wishes;
	const struct mapping_list *mappings; /* their hosts; may be NULL */
	struct addr seen;                    /* its address as the relay sees it */
	struct addr address6;                /* its own v6 as it says, or family 0 */
	const char *nat;                     /* "public", "cgnat", "unknown"; "pending": its v4 value stays as it is */
};
/* Entries of this agent that are no longer wished fall back to what is next in strength. */
void names_set_agent(struct names *n, const struct names_agent *a);
/* What became of this agent's wishes; to be freed with names_report_free. */
size_t names_report(struct names *n, const char *account, const char *agent, struct name_report **out);
void names_report_free(struct name_report *reports, size_t count);
/* Called from the loop when an agent's report has changed by itself (published, written down). NULL: nobody. */
typedef void names_changed_fn(void *owner, const char *account, const char *agent);
void names_watch(struct names *n, names_changed_fn *fn, void *owner);

enum names_answer { NAMES_GOOD, NAMES_NOCHG, NAMES_NOHOST, NAMES_TROUBLE, NAMES_WAIT };
struct names_change {
	struct addr set[2];   /* A, AAAA; family 0: that one is not touched. Only public addresses are ever given here */
	bool offline[2];      /* that family is to have no record */
	bool asked[2];        /* named by the request; with neither of the above it only counts (a client's dummy) and is good */
};
typedef void names_done_fn(void *owner, uint64_t ticket, enum names_answer answer);

/* NAMES_NOHOST at once (the account may not have that name), GOOD at once for a dummy about a name that is not there; else NAMES_WAIT with a ticket, and fn comes from the loop when the
 * request is durable: GOOD, NOCHG or TROUBLE. */
enum names_answer names_update(struct names *n, const struct account *account, const char *host, const struct names_change *change,
			       const char *client, names_done_fn *fn, void *owner, uint64_t *ticket);
void names_forget(struct names *n, void *owner); /* no answers to this owner any more */

void names_status(struct names *n, struct json *w); /* the members of "names": into an array the caller opened */
size_t names_count(const struct names *n);

#endif
