/*
 * Keeps in the state file what must outlive the process. The file is read once at the start, which
 * blocks. It is written in batches on the thread pool, in the order given; each batch is written
 * whole or not at all, and batches that wait together share a transaction. A batch whose callback
 * has told success survives kill -9 and a power cut. From the first batch on only the pool uses the
 * file, because a loop that waits for the disk holds up every visitor.
 *
 * A broken file is moved aside, and a new one is made. While no file can be written (a full disk),
 * the store goes on without: what can be read is read, batches fail, and each batch tries again.
 */
#ifndef GROUNDNUT_RELAY_STORE_H
#define GROUNDNUT_RELAY_STORE_H

#include "shared/net/loop.h"

struct store;
struct store_batch;

/* One name and family. Texts are never NULL when read; NULL is written as "". */
struct store_name {
	const char *name;
	unsigned family;     /* 4 or 6 */
	const char *account; /* whose */
	const char *holder;  /* the agent that declares it, or "" */
	const char *agent;   /* the value its names entry gives, NAME_HTTPS, or "" */
	const char *ddns;    /* the last accepted DDNS update, "offline", or "" */
	const char *client;  /* who asked last */
	const char *answer;  /* what it was told */
	uint64_t requests, changes;
	uint64_t updated_ms; /* UNIX time of the last change, 0: never */
};

/* What a publisher has published of one name and family. */
struct store_published {
	const char *publisher; /* the publisher's id (publisher_kind.h) */
	const char *name;
	unsigned family;
	const char *value; /* "" for a set that was deleted */
	uint64_t since_ms;
};

/* What one mapping has carried on one day (counted from 1970-01-01). */
struct store_traffic {
	int64_t day;
	const char *account;
	const char *mapping;
	uint64_t bytes_in, bytes_out; /* toward home, and back */
};

/* A home that is or was here. */
struct store_home {
	const char *account, *agent;
	uint64_t left_ms; /* UNIX time; 0: it is here */
};

/* Blocking. NULL: the operator must mend something, and *why says what; the caller frees it. The
 * file or its directory is not ours, or a later version has written it. */
struct store *store_open(struct loop *l, const char *path, char **why);
/* Batches given before are still written, and then the file is closed. No callback comes. */
void store_close(struct store *s);

/* --- reading --- for the start, before the first store_commit() only. Blocking. 0, or negative and
 * logged. */
int store_read_names(struct store *s, void (*fn)(void *arg, const struct store_name *row),
		     void *arg);
int store_read_published(struct store *s, void (*fn)(void *arg, const struct store_published *row),
			 void *arg);
/* Reads the sums of each account and day from that day on; mapping is "". */
int store_read_traffic(struct store *s, int64_t since,
		       void (*fn)(void *arg, const struct store_traffic *row), void *arg);
/* Reads the mappings that have carried something from that day on; only account and mapping are
 * set. */
int store_read_traffic_names(struct store *s, int64_t since,
			     void (*fn)(void *arg, const struct store_traffic *row), void *arg);
int store_read_homes(struct store *s, void (*fn)(void *arg, const struct store_home *row),
		     void *arg);
int64_t store_read_number(struct store *s, const char *key, int64_t otherwise);
int store_write_number_now(struct store *s, const char *key, int64_t value);

struct store_batch *store_batch_new(void);
void store_put_name(struct store_batch *b, const struct store_name *row);
void store_drop_name(struct store_batch *b, const char *name, unsigned family);
void store_drop_names(struct store_batch *b); /* all of them */
void store_put_published(struct store_batch *b, const struct store_published *row);
void store_drop_published(struct store_batch *b, const char *publisher, const char *name,
			  unsigned family);
/* Adds the bytes to those that the row has in the file. */
void store_add_traffic(struct store_batch *b, const struct store_traffic *row);
void store_drop_traffic(struct store_batch *b, int64_t before); /* the days before that */
void store_put_home(struct store_batch *b, const struct store_home *row);
void store_drop_home(struct store_batch *b, const char *account, const char *agent);
void store_put_number(struct store_batch *b, const char *key, int64_t value);

/* err 0: the batch is durable. Else nothing of it was written. */
typedef void store_fn(void *owner, int err);
/* Writes the batch later, and takes it over. fn may be NULL. */
void store_commit(struct store *s, struct store_batch *b, store_fn *fn, void *owner);
/* The same for what nobody waits for: the batches of STORE_LATER_MS, or those before the next
 * store_commit() or store_close(), share a transaction. */
void store_commit_later(struct store *s, struct store_batch *b, store_fn *fn, void *owner);
enum { STORE_LATER_MS = 500 };
void store_forget(struct store *s, void *owner); /* no callback for this owner from now on */

#endif
