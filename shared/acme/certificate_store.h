/*
 * Accounts, certificates and their schedules in files, one directory for each CA below the state
 * directory: acme/HOST-HEX/, made when something is first written.
 *
 *	account.key, account.json   the account's key, and its URL
 *	NAME.pem                    key and chain in one file, so that they are never of two minds
 *	NAME.schedule               certificate_schedule.h
 *
 * All are 0600. The calls read and write at once, and wait for the disk.
 */
#ifndef GROUNDNUT_ACME_CERTIFICATE_STORE_H
#define GROUNDNUT_ACME_CERTIFICATE_STORE_H

#include "shared/acme/certificate.h"
#include "shared/acme/certificate_schedule.h"
#include "shared/acme/p256.h"

struct certificate_store;

/* directory: the CA's URL */
struct certificate_store *certificate_store_new(const char *state_dir, const char *directory);
void certificate_store_free(struct certificate_store *s);

/* Each returns 0, or a negative error with *why, a sentence that names the file, freed by the
 * caller. */

/* The account's key, made and written where there is none; *url: its URL, freed by the caller, or
 * NULL where the CA has not been asked for one yet. */
int certificate_store_account(struct certificate_store *s, struct p256 *key, char **url,
			      char **why);
int certificate_store_set_account(struct certificate_store *s, const char *url, char **why);

/* name: the first of the certificate's names. Reads what is there for all of names: UV_ENOENT where
 * there is nothing, ERR_CERTIFICATE where it does not fit. */
int certificate_store_read(struct certificate_store *s, const char *name, const char *const *names,
			   size_t count, struct certificate *out, struct p256 *key, char **why);
int certificate_store_write(struct certificate_store *s, const char *name,
			    const struct certificate *c, const struct p256 *key, char **why);
char *certificate_store_path(const struct certificate_store *s, const char *name); /* NAME.pem */

/* A schedule that is not there, or cannot be read, is new. */
void certificate_store_read_schedule(struct certificate_store *s, const char *name,
				     struct certificate_schedule *out);
int certificate_store_write_schedule(struct certificate_store *s, const char *name,
				     const struct certificate_schedule *schedule, char **why);
/* Certificate and schedule; what is not there is no error. */
void certificate_store_remove(struct certificate_store *s, const char *name);

#endif
