/*
 * What every way to publish names has in common: its row in the table of kinds (publishers.c), the
 * job that it is given, the answer that it gives, and the keys of relay.json that several kinds
 * read alike.
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
	PUBLISH_ADDRESSES, /* so many types hold addresses */
	PUBLISH_TXT = PUBLISH_ADDRESSES,
	PUBLISH_TYPES
};
const char *publish_type_text(enum publish_type t); /* "A" … */
/* The number that the store knows it by: 4, 6, 16; and the type of that number, or -1. */
unsigned publish_type_number(enum publish_type t);
int publish_type_of_number(unsigned number);

/* The values of one name and type. */
struct publish_set {
	unsigned count; /* 0: there is to be no such record */
	char values[PUBLISH_VALUES][PUBLISH_VALUE];
};
/* What is too much or too long is left out. */
void publish_set_add(struct publish_set *s, const char *value);
bool publish_set_has(const struct publish_set *s, const char *value);
/* What publish_set_text() wrote; NULL: none. */
void publish_set_read(struct publish_set *s, const char *text);
/* All values, comma separated, "" for none; returns out. */
const char *publish_set_text(const struct publish_set *s, char out[PUBLISH_TEXT]);

struct publish_change {
	enum publish_type type;
	/* Of addresses: takes the place of all values that are there. TXT: stands beside what
	 * others have there. */
	struct publish_set wanted;
	struct publish_set gone; /* TXT only: values of ours that are deleted */
};

struct publish_job {
	const char *name; /* full; valid until the job is answered */
	struct publish_change changes[PUBLISH_TYPES];
	size_t count;
};

enum publish_result {
	PUBLISH_OK,
	PUBLISH_REFUSED, /* this name only: others may do better */
	PUBLISH_LATER,   /* the server: nothing is tried until the back-off or wait_ms is over */
	PUBLISH_STOP,    /* not again until the configuration is read anew */
};

/* Once for each job, never from inside publish(). error: one sentence, NULL with PUBLISH_OK.
 * wait_ms 0: the usual back-off. */
typedef void publish_done_fn(void *owner, enum publish_result result, uint64_t wait_ms,
			     const char *error);

/* Where an entry of `dns` stands. */
struct publisher_place {
	const char *file;   /* relay.json, which paths are relative to */
	const char *domain; /* which names are below */
};

struct publisher_kind {
	const char *name;   /* as in relay.json */
	bool carries_texts; /* it can publish TXT */
	bool refuses_whole; /* of a job that was refused nothing was done */
	/* The settings in an entry of `dns`, freed by `drop`; what is wrong is reported there. */
	void *(*read)(struct conf_at at, const struct publisher_place *place);
	void (*drop)(void *settings);
	/* The rest is NULL for `serve`, which the relay itself publishes. */
	char *(*id)(const void *settings); /* tells it from all others over restarts */
	/* whether this name is its business */
	bool (*serves)(const void *settings, const char *name);
	/* the settings outlive what is made by them */
	void *(*start)(struct loop *l, const void *settings, publish_done_fn *done, void *owner);
	void (*publish)(void *self, const struct publish_job *job); /* one at a time */
	void (*close)(void *self);                                  /* no done after this */
};

/* An entry of `dns`. */
struct publisher_config {
	const struct publisher_kind *kind;
	void *settings;
};

/* Keys that several kinds have. Each reports what is wrong; what they return is the caller's. */

/* The first line of the file that key names, or NULL. */
char *publisher_read_secret(struct conf_at at, const char *key, const char *file);
/* The key's zone, lower case, or NULL; otherwise: that of an absent key, NULL: it is required. */
char *publisher_read_zone(struct conf_at at, const char *otherwise);
/* Addresses with ports; port: that of an address alone, 0: each must have one. Absent: none. */
struct addr *publisher_read_addresses(struct conf_at at, const char *key, uint16_t port,
				      size_t *count);
/* "ca_file", absolute, or NULL: the system's. */
char *publisher_read_ca(struct conf_at at, const char *file);
/* A URL that leaves room for what is put behind it, or NULL. */
char *publisher_read_url(struct conf_at at, const char *key, const char *url);
/* The key's host names, made full, with a NULL behind the last; absent: none. */
char **publisher_read_hosts(struct conf_at at, const char *key, const char *domain);
void publisher_free_hosts(char **hosts);
void publisher_free_secret(char *secret); /* wiped */

#endif
