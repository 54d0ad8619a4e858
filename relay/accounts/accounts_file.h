/*
 * One edit of accounts.json, by a command or by the running relay. The edit holds a lock on the
 * file's directory, refuses a file with errors, keeps what it does not change, and replaces the
 * whole file: the new text is written beside it, fsynced and renamed. A file that is a mount point
 * cannot be renamed over; bind_mounted_file_write() then writes it in place. A failed edit leaves
 * the file as it was.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_FILE_H
#define GROUNDNUT_RELAY_ACCOUNTS_ACCOUNTS_FILE_H

#include "relay/accounts/accounts.h"
#include "relay/config.h"

struct json_t;

struct accounts_file {
	const struct relay_config *config;
	int lock;                  /* descriptor of the locked directory, which a rename keeps */
	struct accounts *accounts; /* the file before the edit, without errors */
	struct json_t *root;       /* the same file as JSON, which the edit changes */
};

/* Changes root and returns 0, or returns a code: then nothing is written. */
typedef int accounts_file_fn(struct accounts_file *f, void *arg);
/* Runs fn on the file and writes the result. Returns 0, the code of fn, or an exit code after
 * log_say() has said why. may_be_absent: an absent file counts as empty and is made. Blocking; may
 * run on any thread. */
int accounts_file_edit(const struct relay_config *config, bool may_be_absent, accounts_file_fn *fn,
		       void *arg);
/* Returns the index of an account, which is the same in accounts and root, or -1. compare: strcmp
 * or strcasecmp. */
long accounts_file_place(const struct accounts_file *f, const char *name,
			 int (*compare)(const char *, const char *));

#endif
