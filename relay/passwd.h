/*
 * Passwords of accounts, for routers and cameras that cannot take a token: scrypt, written
 * "scrypt:15:8:1:<salt>:<hash>" (log2 N, r, p; base64url). Hashing takes about 0.1 s and 32 MiB: on
 * the thread pool, one or two at once.
 */
#ifndef GROUNDNUT_RELAY_PASSWD_H
#define GROUNDNUT_RELAY_PASSWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PASSWD_MAX = 256, PASSWD_TEXT = 128 };

/* 0, or ERR_RANGE for an empty or too long one */
int passwd_hash(const char *password, char out[PASSWD_TEXT]);
bool passwd_is_hash(const char *text);
/* hash NULL or malformed: false, after the same work as for a wrong password. */
bool passwd_verify(const char *password, const char *hash);
/* `account passwd`: one line of 1 to 256 bytes from stdin, asked twice on a terminal. False after
 * saying what was wrong. */
bool passwd_ask(char out[PASSWD_MAX + 1]);

/* Passwords that verified lately, as HMACs under a key that this process made up, so that a polling
 * router costs no scrypt. */
struct passwd_cache;
enum { PASSWD_CACHE_MS = 3600000 };
struct passwd_cache *passwd_cache_new(void);
void passwd_cache_free(struct passwd_cache *c);
/* hash: the stored one; a changed password is another entry. Constant time in the password. */
bool passwd_cache_has(struct passwd_cache *c, const char *account, const char *hash,
		      const char *password, uint64_t now_ms);
void passwd_cache_put(struct passwd_cache *c, const char *account, const char *hash,
		      const char *password, uint64_t now_ms);

#endif
