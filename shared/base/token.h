/*
 * Secrets of accounts. A token is 32 random bytes, written base64url (43 characters); only its
 * SHA-256 is stored, as "sha256:<64 hex>" (a random 256-bit secret needs no slow hash). A pin is
 * "sha256:<64 hex>" of a key's SPKI.
 */
#ifndef GROUNDNUT_BASE_TOKEN_H
#define GROUNDNUT_BASE_TOKEN_H

#include <stdbool.h>

enum { TOKEN_TEXT = 44, TOKEN_HASH_TEXT = 72 };

void token_new(char out[TOKEN_TEXT]);
/* "sha256:…" of the token's text */
void token_hash(const char *token, char out[TOKEN_HASH_TEXT]);
/* constant time in the secret */
bool token_matches(const char *token, const char *hash);
/* "sha256:" and 64 lower-case hex digits */
bool token_is_hash(const char *text);

#endif
