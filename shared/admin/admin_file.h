/*
 * admin.json in a program's state directory: it says who may use the admin listener. It has the
 * named bearer tokens of programs (only their hashes), the password of people (as scrypt), and the
 * secret of the second factor with the last code that was used. Its mode is 0600. Blocking; any
 * thread.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_FILE_H
#define GROUNDNUT_ADMIN_ADMIN_FILE_H

#include "shared/base/password.h"
#include "shared/base/token.h"
#include "shared/base/totp.h"

#include <stddef.h>

enum { ADMIN_TOKENS = 64, ADMIN_NAME = 64 };

struct admin_token {
	char name[ADMIN_NAME];
	char hash[TOKEN_HASH_TEXT];
	bool read_only;
};

struct admin_file {
	struct admin_token tokens[ADMIN_TOKENS];
	size_t count;
	char password[PASSWORD_TEXT];       /* a hash of password.h; "": there is no password */
	char totp_secret[TOTP_SECRET_TEXT]; /* "": there is no second factor */
	uint64_t totp_used;                 /* the step of the last used code (totp.h) */
};

/* Reads the file; an absent file is empty. 0; ERR_CONFIG when its content is wrong; another
 * negative error when it cannot be read. Not 0: *out is empty, and *why is one sentence that the
 * caller frees. */
int admin_file_read(const char *path, struct admin_file *out, char **why);
/* Replaces the file; returns as admin_file_read() does. The caller holds file_lock_dir() from
 * before it has read the file. */
int admin_file_write(const char *path, const struct admin_file *f, char **why);
/* By name; NULL: there is none. */
struct admin_token *admin_file_find(struct admin_file *f, const char *name);
/* Returns the entry of this bearer token, or NULL. It compares with all entries, so the time does
 * not tell which one fits. */
const struct admin_token *admin_file_match(const struct admin_file *f, const char *token);

#endif
