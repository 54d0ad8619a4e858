/*
 * One name with its A and AAAA records: what each source says of them, and which value follows.
 * Pure values; nothing here tells anybody of a change.
 *
 * The strongest source counts: an entry in the `names` of an agent, then the last accepted DDNS
 * update, then the relay's own addresses.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAME_RECORDS_H
#define GROUNDNUT_RELAY_NAMES_NAME_RECORDS_H

#include "relay/providers/publisher_kind.h"
#include "relay/store.h"

/* What stands in place of an address. */
#define NAME_RELAY   "relay"   /* the agent's word for "follows the relay" */
#define NAME_HTTPS   "https"   /* in the store, in place of none: it is an https mapping's host */
#define NAME_OFFLINE "offline" /* a DDNS update's word for "no record" */

enum name_source { NAME_FROM_RELAY, NAME_FROM_DDNS, NAME_FROM_AGENT };

/* What was asked for one record by DDNS updates and agents' names entries. */
struct name_requests {
	uint64_t count;
	char *client; /* who asked last, or NULL */
	char *answer; /* what it was told, or NULL */
};

struct name_record {
	char *agent;  /* an address or NAME_RELAY, by an agent's names entry; or NULL */
	char *ddns;   /* an address or NAME_OFFLINE, by the last accepted update; or NULL */
	char *wanted; /* as settled last, comma list; NULL: nothing */
	uint64_t changes;
	uint64_t updated_ms; /* UNIX time of the last change of what is wanted */
	/* NULL: none, as of a mapping's host */
	struct name_requests *requests;
};

struct name {
	struct list all;           /* in the order they came; id grows along it */
	struct list same_account;  /* the list of the account's names */
	struct list same_holder;   /* the list of the names that its holder declares */
	struct holder_names *held; /* the owner of that list, or NULL */
	const char *account;       /* never NULL; the owner of the first list keeps it */
	const char *holder;        /* the agent that declares it, which held keeps; "" none */
	struct list dirty;         /* in the write batch until it is written */
	uint64_t id;
	char *name;            /* full, lower case */
	bool own;              /* the account's own name */
	bool declared, mapped; /* by holder: in `names`, as a mapping's host */
	bool https;            /* as an https mapping's host: DDNS updates do not move it */
	bool marked;           /* seen in the declaration being read */
	bool was_https;        /* before that declaration */
	bool settled;          /* what its records want has been derived */
	bool stored[PUBLISH_ADDRESSES]; /* the store has a row of that record */
	struct name_record records[PUBLISH_ADDRESSES];
};

struct name *name_new(const char *name);
void name_free(struct name *n); /* has left every list */

/* Replaces a text; text may be *at, or NULL. */
void name_set_text(char **at, const char *text);
/* An agent's word on both records; NULL: none. */
void name_set_agent(struct name *n, const char *a, const char *aaaa);
bool name_has_agent(const struct name *n); /* an agent says something of it */
/* How many of its records hold something. */
unsigned name_records(const struct name *n);
/* Whether anything is left that makes the name exist. */
bool name_has_reason(const struct name *n);
/* What one record is to hold. relay: the relay's own addresses, by type. */
enum name_source name_want(const struct name *n, enum publish_type type,
			   const struct publish_set *relay, struct publish_set *out);
/* What was asked so far; all zero: nothing. */
struct name_requests name_requests(const struct name_record *r);
/* Notes one request. */
void name_note_request(struct name_record *r, const char *client, const char *answer);

/* Writes the records into a batch of the store: the first one, and others that hold something or
 * have been written before. */
void name_put(struct name *n, struct store_batch *b);
/* Reads one record from a row of the store, all but the holder. */
void name_read(struct name *n, const struct store_name *row);

#endif
