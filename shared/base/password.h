/*
 * Stored passwords of accounts and of the dashboard. They are hashed by scrypt and written as
 * "scrypt:15:8:1:<salt>:<hash>" (log2 N, r, p; base64url). A hash takes about 0.1 s and 32 MiB, so
 * programs make it on the thread pool, one or two at once.
 */
#ifndef GROUNDNUT_BASE_PASSWORD_H
#define GROUNDNUT_BASE_PASSWORD_H

#include "shared/base/password_prompt.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWORD_MAX = PASSWORD_PROMPT_MAX, PASSWORD_TEXT = 128 };

/* 0, or ERR_RANGE for a password that is empty or too long. */
int password_hash(const char *password, char out[PASSWORD_TEXT]);
/* Whether the text has the form that password_hash() writes. */
bool password_is_hash(const char *text);
/* Whether the password fits. A hash that is NULL or malformed gives false after the same work as
 * for a wrong password. */
bool password_verify(const char *password, const char *hash);

/* Remembers passwords that were right lately, as HMACs under a random key of this process, so that
 * a router that asks again and again costs no scrypt. */
struct passwd_cache;
enum { PASSWORD_CACHE_MS = 3600000 };
struct passwd_cache *password_cache_new(void);
void password_cache_free(struct passwd_cache *c);
/* hash: the stored hash; when it changes, the old entry does not fit any more. Both take the same
 * time for each password. */
bool password_cache_has(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms);
void password_cache_put(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms);

#endif
