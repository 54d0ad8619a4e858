/*
 * Keeps accounts, certificates and schedules in files. Each CA has a directory acme/HOST-HEX/ below
 * the state directory; the first write makes it.
 *
 *	account.key, account.json   the account's key, and its URL
 *	NAME.pem                    key and chain in one file, so that they always fit together
 *	NAME.schedule               certificate_schedule.h
 *
 * All files have mode 0600 and are replaced whole. All calls block.
 */
#ifndef GROUNDNUT_ACME_CERTIFICATE_STORE_H
#define GROUNDNUT_ACME_CERTIFICATE_STORE_H

#include "shared/acme/certificate.h"
#include "shared/acme/certificate_schedule.h"
#include "shared/acme/p256.h"

struct certificate_store;

/* directory: the URL of the CA's directory. Does not touch the disk. */
struct certificate_store *certificate_store_new(const char *state_dir, const char *directory);
void certificate_store_free(struct certificate_store *s); /* NULL does nothing */

/* A function with why returns 0 with *why NULL, or a negative error with *why a sentence that names
 * the file; the caller frees it. */

/* Reads the account's key; makes and writes one when there is none. *url: the account's URL, freed
 * by the caller; NULL: it is unknown, and the CA must be asked. The caller wipes the key. */
int certificate_store_account(struct certificate_store *s, struct p256 *key, char **url,
			      char **why);
int certificate_store_set_account(struct certificate_store *s, const char *url, char **why);

/* name: the first of the certificate's names, which gives the file's name. Reads the certificate
 * and its key, and checks that it is for all of names. UV_ENOENT: there is none; ERR_CERTIFICATE:
 * it does not fit, or cannot be read. */
int certificate_store_read(struct certificate_store *s, const char *name, const char *const *names,
			   size_t count, struct certificate *out, struct p256 *key, char **why);
int certificate_store_write(struct certificate_store *s, const char *name,
			    const struct certificate *c, const struct p256 *key, char **why);
/* The path of NAME.pem; the caller frees it. */
char *certificate_store_path(const struct certificate_store *s, const char *name);

/* A schedule that is absent or cannot be read is all zero. */
void certificate_store_read_schedule(struct certificate_store *s, const char *name,
				     struct certificate_schedule *out);
int certificate_store_write_schedule(struct certificate_store *s, const char *name,
				     const struct certificate_schedule *schedule, char **why);
/* Removes certificate and schedule. Errors are ignored. */
void certificate_store_remove(struct certificate_store *s, const char *name);

#endif
