/*
 * Passwords that are kept, of accounts and of the dashboard: scrypt, written
 * "scrypt:15:8:1:<salt>:<hash>" (log2 N, r, p; base64url). Hashing takes about 0.1 s and 32 MiB: on
 * the thread pool, one or two at once.
 */
#ifndef GROUNDNUT_BASE_PASSWORD_H
#define GROUNDNUT_BASE_PASSWORD_H

#include "shared/base/password_prompt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_MAX = PASSWORD_PROMPT_MAX, PASSWORD_TEXT = 128 };

/* 0, or ERR_RANGE for an empty or too long one */
int password_hash(const char *password, char out[PASSWORD_TEXT]);
bool password_is_hash(const char *text);
/* hash NULL or malformed: false, after the same work as for a wrong password. */
bool password_verify(const char *password, const char *hash);

/* Passwords that verified lately, as HMACs under a key that this process made up, so that a polling
 * router costs no scrypt. */
struct passwd_cache;
enum { PASSWORD_CACHE_MS = 3600000 };
struct passwd_cache *password_cache_new(void);
void password_cache_free(struct passwd_cache *c);
/* hash: the stored one; a changed password is another entry. Constant time in the password. */
bool password_cache_has(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms);
void password_cache_put(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms);

#endif
