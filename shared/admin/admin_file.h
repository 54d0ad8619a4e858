/*
 * admin.json, in a program's state directory: who may ask its admin listener. Bearer tokens of
 * programs, by name, of each only the hash; the password of people, by scrypt; the secret of their
 * second factor, and the last code that was used. 0600.
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
	char password[PASSWORD_TEXT];       /* "": none */
	char totp_secret[TOTP_SECRET_TEXT]; /* "": there is no second factor */
	uint64_t totp_used;                 /* the step of the last code */
};

/* An absent file is an empty one. 0; ERR_CONFIG with *why (freed by the caller) when something
 * in it is wrong; a negative errno with *why. */
int admin_file_read(const char *path, struct admin_file *out, char **why);
/* As admin_file_read(); the caller has locked the directory (file_lock_dir). */
int admin_file_write(const char *path, const struct admin_file *f, char **why);
/* NULL: none of that name. */
struct admin_token *admin_file_find(struct admin_file *f, const char *name);
/* Whose token this is, or NULL; in the same time whichever it is. */
const struct admin_token *admin_file_match(const struct admin_file *f, const char *token);

#endif
