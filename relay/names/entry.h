/*
 * One name with its two records, A and AAAA: the word of each source, and what follows from them.
 * Values only; nothing here tells anybody of a change.
 *
 * By strength: an entry in the `names` of an agent; the last accepted door update; the relay's own
 * addresses.
 */
#ifndef GROUNDNUT_RELAY_NAMES_ENTRY_H
#define GROUNDNUT_RELAY_NAMES_ENTRY_H

#include "relay/names/converge.h"
#include "relay/store.h"

enum entry_source { ENTRY_FROM_RELAY, ENTRY_FROM_DOOR, ENTRY_FROM_AGENT };
enum entry_agent { ENTRY_AGENT_NONE, ENTRY_AGENT_RELAY, ENTRY_AGENT_HOME };
enum entry_door { ENTRY_DOOR_NONE, ENTRY_DOOR_ADDRESS, ENTRY_DOOR_OFFLINE };

struct entry_record {
	enum entry_agent agent_value; /* what an agent's names entry says */
	struct addr agent;            /* with ENTRY_AGENT_HOME */
	enum entry_door door_value;   /* the last accepted door update */
	struct addr door;             /* with ENTRY_DOOR_ADDRESS */
	char *wanted;                 /* as settled last, comma list; NULL before */
	uint64_t requests, changes;
	uint64_t updated_ms; /* UNIX time of the last change of what is wanted */
	char *client;        /* who asked last, or NULL */
	char *answer;        /* what it was told, or NULL */
};

/* An entry's place at one publisher. */
struct entry_slot {
	struct converge_item item; /* first: a slot is found from it */
	struct entry *entry;
};

struct entry {
	struct entry *next;             /* in its bucket */
	struct list same_account;       /* in the account's bucket */
	struct list dirty;              /* on the ledger while not written */
	char *name;                     /* full, lower case */
	char *account;                  /* never NULL */
	char *holder;                   /* the agent that declares it, "" none */
	bool own;                       /* the account's own name */
	bool wished, mapped;            /* declared by holder: in `names`, as a mapping's host */
	bool marked;                    /* seen in the declaration being read */
	bool gone;                      /* only there until the publishers have deleted it */
	struct entry_record records[2]; /* A, AAAA */
	struct entry_slot *slots;       /* one a publisher */
};

struct entry *entry_new(const char *name, const char *account);
void entry_free(struct entry *e); /* has left every list and publisher */
void entry_set_account(struct entry *e, const char *account);
void entry_set_holder(struct entry *e, const char *agent);

/* Whether anything is left that makes the name exist. */
bool entry_has_reason(const struct entry *e);
/* What one record is to hold; relay: the relay's own addresses, both families. */
enum entry_source entry_want(const struct entry *e, unsigned which, const struct addr *relay,
			     size_t relay_count, struct publish_set *out);

/* home: with ENTRY_AGENT_HOME */
void entry_set_agent(struct entry_record *r, enum entry_agent value, const struct addr *home);
/* true: it differs from before */
bool entry_set_door(struct entry_record *r, const struct addr *value, bool offline);
/* one request */
void entry_count(struct entry_record *r, const char *client, const char *answer);
/* All that was said and counted is forgotten; what is wanted is not derived anew. */
void entry_forget(struct entry *e);

/* As the store keeps it: both records out, one in. */
void entry_put(const struct entry *e, struct store_batch *b);
void entry_read(struct entry *e, const struct store_name *row);

#endif
