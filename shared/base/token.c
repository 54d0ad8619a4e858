#include "shared/base/token.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

enum { TOKEN_BYTES = 32 };

static const char hash_prefix[] = "sha256:";

void token_new(char out[TOKEN_TEXT])
{
	uint8_t bytes[TOKEN_BYTES];
	random_bytes(bytes, sizeof(bytes));
	text_base64url(bytes, sizeof(bytes), out);
	mem_wipe(bytes, sizeof(bytes));
}

void token_hash(const char *token, char out[TOKEN_HASH_TEXT])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)token, strlen(token), digest);
	memcpy(out, hash_prefix, sizeof(hash_prefix) - 1);
	text_hex(digest, sizeof(digest), out + sizeof(hash_prefix) - 1);
}

bool token_matches(const char *token, const char *hash)
{
	char mine[TOKEN_HASH_TEXT];
	if (!token_is_hash(hash))
		return false;
	token_hash(token, mine);
	return CRYPTO_memcmp(mine, hash, strlen(mine)) == 0;
}

bool token_is_hash(const char *text)
{
	size_t prefix = sizeof(hash_prefix) - 1;
	if (strncmp(text, hash_prefix, prefix) != 0)
		return false;
	return strlen(text) == TOKEN_HASH_TEXT - 1 &&
	       strspn(text + prefix, "0123456789abcdef") == 64;
}
