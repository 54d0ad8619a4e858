/*
 * What all publishers have in common: a kind's row in the table of kinds (publishers.c), the job
 * that a publisher is given, the result that it tells, and readers for keys of relay.json that
 * several kinds have.
 */
#ifndef GROUNDNUT_RELAY_PROVIDERS_PUBLISHER_KIND_H
#define GROUNDNUT_RELAY_PROVIDERS_PUBLISHER_KIND_H

#include "shared/base/addr.h"
#include "shared/base/conf.h"
#include "shared/net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLISH_VALUES = 16, PUBLISH_VALUE = 64, PUBLISH_TXT_TTL = 5 };
enum { PUBLISH_TEXT = PUBLISH_VALUES * PUBLISH_VALUE };

enum publish_type {
	PUBLISH_A,
	PUBLISH_AAAA,
	PUBLISH_ADDRESSES, /* the number of types that hold addresses */
	PUBLISH_TXT = PUBLISH_ADDRESSES,
	PUBLISH_TYPES
};
const char *publish_type_text(enum publish_type t); /* "A", "AAAA", "TXT" */
/* The type's number in the store: 4, 6 or 16. The type of such a number, or -1. */
unsigned publish_type_number(enum publish_type t);
int publish_type_of_number(unsigned number);

/* The values of one name and type. */
struct publish_set {
	unsigned count; /* 0: no record of this type */
	char values[PUBLISH_VALUES][PUBLISH_VALUE];
};
/* Leaves out a value that is too long, or that has no room. */
void publish_set_add(struct publish_set *s, const char *value);
bool publish_set_has(const struct publish_set *s, const char *value);
/* Reads the text of publish_set_text(); NULL gives an empty set. */
void publish_set_read(struct publish_set *s, const char *text);
/* Writes all values, separated by commas; "" for an empty set. Returns out. */
const char *publish_set_text(const struct publish_set *s, char out[PUBLISH_TEXT]);

struct publish_change {
	enum publish_type type;
	/* Addresses: these values replace all values of this type. TXT: these values are added, and
	 * values of others stay. */
	struct publish_set wanted;
	struct publish_set gone; /* TXT only: our values to delete */
};

struct publish_job {
	const char *name; /* full; valid until the job is answered */
	struct publish_change changes[PUBLISH_TYPES];
	size_t count;
};

enum publish_result {
	PUBLISH_OK,
	PUBLISH_REFUSED, /* trouble with this name only; other names go on */
	PUBLISH_LATER,   /* trouble with the server; no name is tried until the wait is over */
	PUBLISH_STOP,    /* no name is tried until the configuration is read again */
};

/* Comes once for each job, never from inside publish(). error: one sentence, NULL with PUBLISH_OK,
 * valid during the call. wait_ms: how long to wait; 0: the usual back-off. */
typedef void publish_done_fn(void *owner, enum publish_result result, uint64_t wait_ms,
			     const char *error);

/* Where an entry of `dns` stands. */
struct publisher_place {
	const char *file;   /* relay.json; paths are relative to its directory */
	const char *domain; /* the relay's domain; host names are relative to it */
};

struct publisher_kind {
	const char *name;   /* as in relay.json */
	bool carries_texts; /* it can publish TXT */
	bool refuses_whole; /* a refused job has changed nothing */
	/* Reads the settings of an entry of `dns`, and reports errors in the conf. Never NULL; the
	 * caller frees them by drop. */
	void *(*read)(struct conf_at at, const struct publisher_place *place);
	void (*drop)(void *settings);
	/* The rest is NULL for `serve`, which the relay itself publishes. */
	/* The text by which the store knows this publisher after a restart; the caller frees it. */
	char *(*id)(const void *settings);
	/* Whether the publisher publishes this name. */
	bool (*serves)(const void *settings, const char *name);
	/* Makes a publisher. The settings must live longer than it. */
	void *(*start)(struct loop *l, const void *settings, publish_done_fn *done, void *owner);
	/* Begins a job; the next one only after done. The job stays valid until then. */
	void (*publish)(void *self, const struct publish_job *job);
	void (*close)(void *self); /* done does not come after this */
};

/* An entry of `dns`. */
struct publisher_config {
	const struct publisher_kind *kind;
	void *settings;
};

/* --- readers of keys that several kinds have ---
 * Each reports errors in the conf; the caller frees what it returns. file: relay.json. */

/* Reads the first line of the file that key names, or returns NULL. The key is required. */
char *publisher_read_secret(struct conf_at at, const char *key, const char *file);
/* Reads "zone" as a host in lower case, or returns NULL. otherwise: the zone when the key is
 * absent; NULL: the key is required. */
char *publisher_read_zone(struct conf_at at, const char *otherwise);
/* Reads a list of addresses with ports. port: the port of an address without one; 0: each address
 * must have a port. An absent key gives an empty list. */
struct addr *publisher_read_addresses(struct conf_at at, const char *key, uint16_t port,
				      size_t *count);
/* Reads "ca_file" as a path relative to file. NULL: the key is absent, and the system's CAs
 * count. */
char *publisher_read_ca(struct conf_at at, const char *file);
/* Copies the URL, the value of key, or returns NULL when it is wrong or leaves too little room for
 * what a publisher appends. */
char *publisher_read_url(struct conf_at at, const char *key, const char *url);
/* Reads a list of hosts as full names, with NULL behind the last. An absent key gives none. */
char **publisher_read_hosts(struct conf_at at, const char *key, const char *domain);
void publisher_free_hosts(char **hosts);
void publisher_free_secret(char *secret); /* wipes it; NULL does nothing */

#endif
