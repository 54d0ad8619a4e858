/*
 * One name with its two records, A and AAAA: the word of each source, and what follows from them.
 * Values only; nothing here tells anybody of a change.
 *
 * By strength: an entry in the `names` of an agent; the last accepted door update; the relay's own
 * addresses.
 */
#ifndef GROUNDNUT_RELAY_NAMES_NAME_ENTRY_H
#define GROUNDNUT_RELAY_NAMES_NAME_ENTRY_H

#include "relay/names/publish_queue.h"
#include "relay/store.h"

enum name_entry_source { NAME_ENTRY_FROM_RELAY, NAME_ENTRY_FROM_DOOR, NAME_ENTRY_FROM_AGENT };
enum name_entry_agent { NAME_ENTRY_AGENT_NONE, NAME_ENTRY_AGENT_RELAY, NAME_ENTRY_AGENT_HOME };
enum name_entry_door { NAME_ENTRY_DOOR_NONE, NAME_ENTRY_DOOR_ADDRESS, NAME_ENTRY_DOOR_OFFLINE };

struct name_entry_record {
	enum name_entry_agent agent_value; /* what an agent's names entry says */
	struct addr agent;                 /* with NAME_ENTRY_AGENT_HOME */
	enum name_entry_door door_value;   /* the last accepted door update */
	struct addr door;                  /* with NAME_ENTRY_DOOR_ADDRESS */
	char *wanted;                      /* as settled last, comma list; NULL before */
	uint64_t requests, changes;
	uint64_t updated_ms; /* UNIX time of the last change of what is wanted */
	char *client;        /* who asked last, or NULL */
	char *answer;        /* what it was told, or NULL */
};

/* An entry's place at one publisher. */
struct name_entry_slot {
	struct publish_queue_item item; /* first: a slot is found from it */
	struct name_entry *entry;
};

struct name_entry {
	struct name_entry *next;  /* in its bucket */
	struct list same_account; /* in the account's bucket */
	struct list dirty;        /* on the ledger while not written */
	char *name;               /* full, lower case */
	char *account;            /* never NULL */
	char *holder;             /* the agent that declares it, "" none */
	bool own;                 /* the account's own name */
	bool wished, mapped;      /* declared by holder: in `names`, as a mapping's host */
	bool marked;              /* seen in the declaration being read */
	bool gone;                /* only there until the publishers have deleted it */
	struct name_entry_record records[2]; /* A, AAAA */
	struct name_entry_slot *slots;       /* one a publisher */
};

struct name_entry *name_entry_new(const char *name, const char *account);
void name_entry_free(struct name_entry *e); /* has left every list and publisher */
void name_entry_set_account(struct name_entry *e, const char *account);
void name_entry_set_holder(struct name_entry *e, const char *agent);

/* Whether anything is left that makes the name exist. */
bool name_entry_has_reason(const struct name_entry *e);
/* What one record is to hold; relay: the relay's own addresses, both families. */
enum name_entry_source name_entry_want(const struct name_entry *e, unsigned which,
				       const struct addr *relay, size_t relay_count,
				       struct publish_set *out);

/* home: with NAME_ENTRY_AGENT_HOME */
void name_entry_set_agent(struct name_entry_record *r, enum name_entry_agent value,
			  const struct addr *home);
/* true: it differs from before */
bool name_entry_set_door(struct name_entry_record *r, const struct addr *value, bool offline);
/* one request */
void name_entry_count(struct name_entry_record *r, const char *client, const char *answer);
/* All that was said and counted is forgotten; what is wanted is not derived anew. */
void name_entry_forget(struct name_entry *e);

/* As the store keeps it: both records out, one in. */
void name_entry_put(const struct name_entry *e, struct store_batch *b);
void name_entry_read(struct name_entry *e, const struct store_name *row);

#endif
