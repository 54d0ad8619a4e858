/*
 * A stored password that cannot be read is verified against a made-up one, so that it takes the
 * same time.
 */
#include "shared/base/password.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum {
	LOG_N = 15,
	R = 8,
	P = 1,
	SALT = 16,
	HASH = 32,
	MAX_MEMORY = 64 << 20,
	CACHED = 1024,
	DIGEST = 32
};

struct parts {
	unsigned log_n, r, p;
	uint8_t salt[SALT], hash[HASH];
};

static bool derive(const char *password, const struct parts *from, uint8_t out[HASH])
{
	return EVP_PBE_scrypt(password, strlen(password), from->salt, SALT,
			      (uint64_t)1 << from->log_n, from->r, from->p, MAX_MEMORY, out,
			      HASH) == 1;
}

static bool take_apart(const char *text, struct parts *out)
{
	char salt[64], hash[64], rest;
	size_t salt_len = 0, hash_len = 0;
	if (sscanf(text, "scrypt:%2u:%2u:%2u:%63[A-Za-z0-9_-]:%63[A-Za-z0-9_-]%c", &out->log_n,
		   &out->r, &out->p, salt, hash, &rest) != 5)
		return false;
	/* No more than the memory limit allows, and nothing too weak. */
	if (out->log_n < 10 || out->log_n > LOG_N || out->r == 0 || out->r > R || out->p == 0 ||
	    out->p > 4)
		return false;
	return text_unbase64url(salt, out->salt, SALT, &salt_len) == 0 && salt_len == SALT &&
	       text_unbase64url(hash, out->hash, HASH, &hash_len) == 0 && hash_len == HASH;
}

int password_hash(const char *password, char out[PASSWORD_TEXT])
{
	struct parts parts = {.log_n = LOG_N, .r = R, .p = P};
	size_t len = strlen(password);
	if (len == 0 || len > PASSWORD_MAX)
		return ERR_RANGE;
	random_bytes(parts.salt, SALT);
	if (!derive(password, &parts, parts.hash))
		return ERR_RANGE;
	char salt[25], hash[45];
	text_base64url(parts.salt, SALT, salt);
	text_base64url(parts.hash, HASH, hash);
	snprintf(out, PASSWORD_TEXT, "scrypt:%u:%u:%u:%s:%s", parts.log_n, parts.r, parts.p, salt,
		 hash);
	return 0;
}

bool password_is_hash(const char *text)
{
	struct parts parts;
	return take_apart(text, &parts);
}

bool password_verify(const char *password, const char *hash)
{
	struct parts parts = {.log_n = LOG_N, .r = R, .p = P};
	uint8_t got[HASH];
	bool known = hash && take_apart(hash, &parts);
	if (!known)
		parts = (struct parts){.log_n = LOG_N, .r = R, .p = P};
	bool derived = derive(password, &parts, got);
	bool same = CRYPTO_memcmp(got, parts.hash, HASH) == 0;
	mem_wipe(got, sizeof(got));
	return known && derived && same;
}

struct passwd_cache {
	uint8_t key[DIGEST];
	struct {
		uint8_t digest[DIGEST];
		uint64_t until_ms; /* 0: free */
	} entries[CACHED];
};

struct passwd_cache *password_cache_new(void)
{
	struct passwd_cache *c = mem_zalloc(sizeof(*c));
	random_bytes(c->key, sizeof(c->key));
	return c;
}

void password_cache_free(struct passwd_cache *c)
{
	if (!c)
		return;
	mem_wipe(c, sizeof(*c));
	mem_free(c);
}

/* The entry's index depends on the account and the stored hash only, never on the password that is
 * presented. */
static size_t place_of(const struct passwd_cache *c, const char *account, const char *hash)
{
	uint8_t digest[DIGEST];
	unsigned len = 0;
	char *text = mem_printf("%s%c%s", account, '\n', hash);
	HMAC(EVP_sha256(), c->key, sizeof(c->key), (const uint8_t *)text, strlen(text), digest,
	     &len);
	mem_free(text);
	return ((size_t)digest[0] << 8 | digest[1]) % CACHED;
}

static void digest_of(const struct passwd_cache *c, const char *account, const char *hash,
		      const char *password, uint8_t out[DIGEST])
{
	unsigned len = 0;
	char *text = mem_printf("%s\n%s\n%s", account, hash, password);
	HMAC(EVP_sha256(), c->key, sizeof(c->key), (const uint8_t *)text, strlen(text), out, &len);
	mem_wipe(text, strlen(text));
	mem_free(text);
}

bool password_cache_has(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms)
{
	uint8_t digest[DIGEST];
	size_t at = place_of(c, account, hash);
	digest_of(c, account, hash, password, digest);
	return c->entries[at].until_ms > now_ms &&
	       CRYPTO_memcmp(c->entries[at].digest, digest, DIGEST) == 0;
}

void password_cache_put(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms)
{
	size_t at = place_of(c, account, hash);
	digest_of(c, account, hash, password, c->entries[at].digest);
	c->entries[at].until_ms = now_ms + PASSWORD_CACHE_MS;
}
