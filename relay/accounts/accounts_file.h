/*
 * accounts.json being changed, by a command or by the running relay: under a lock, a file with
 * errors is refused, what is not concerned is kept as it is, the new text is written, fsynced and
 * renamed, or nothing is.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_FILE_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_FILE_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"

struct json_t;

struct accounts_file {
	const struct relay_config *config;
	int lock;                  /* the directory, locked: it stays when the file is replaced */
	struct accounts *accounts; /* the file as it was, known to be without errors */
	struct json_t *root;       /* the same as JSON, to be changed */
};

/* Changes root. Not 0: nothing is written, and that is what the edit returns. */
typedef int accounts_file_fn(struct accounts_file *f, void *arg);
/* Blocking. 0; what fn returned; or an exit code after saying why not. */
int accounts_file_edit(const struct relay_config *config, bool may_be_absent, accounts_file_fn *fn,
		       void *arg);
/* The place of an account in the file, which is the same in both forms; or -1. */
long accounts_file_place(const struct accounts_file *f, const char *name,
			 int (*compare)(const char *, const char *));

#endif
