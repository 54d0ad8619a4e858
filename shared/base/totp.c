#include "shared/base/totp.h"

#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* Five bytes are eight letters (RFC 4648, section 6), so a secret needs no padding. */
static void to_base32(const uint8_t bytes[TOTP_SECRET], char out[TOTP_SECRET_TEXT])
{
	for (int i = 0; i < TOTP_SECRET / 5; i++) {
		uint64_t group = 0;
		for (int k = 0; k < 5; k++)
			group = group << 8 | bytes[5 * i + k];
		for (int k = 0; k < 8; k++)
			*out++ = alphabet[group >> (35 - 5 * k) & 31];
	}
	*out = '\0';
}

/* text must be a secret (totp_is_secret()). */
static void from_base32(const char *text, uint8_t out[TOTP_SECRET])
{
	for (int i = 0; i < TOTP_SECRET / 5; i++) {
		uint64_t group = 0;
		for (int k = 0; k < 8; k++)
			group = group << 5 | (uint64_t)(strchr(alphabet, *text++) - alphabet);
		for (int k = 0; k < 5; k++)
			*out++ = (uint8_t)(group >> (32 - 8 * k));
	}
}

void totp_new(char out[TOTP_SECRET_TEXT])
{
	uint8_t bytes[TOTP_SECRET];
	random_bytes(bytes, sizeof bytes);
	to_base32(bytes, out);
	mem_wipe(bytes, sizeof bytes);
}

bool totp_is_secret(const char *text)
{
	return strlen(text) == TOTP_SECRET_TEXT - 1 &&
	       strspn(text, alphabet) == TOTP_SECRET_TEXT - 1;
}

void totp_code(const char *secret, uint64_t step, char out[TOTP_CODE])
{
	uint8_t key[TOTP_SECRET], counter[8], digest[20];
	unsigned len = sizeof digest;
	assert(totp_is_secret(secret));
	from_base32(secret, key);
	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)(step >> (56 - 8 * i));
	HMAC(EVP_sha1(), key, sizeof key, counter, sizeof counter, digest, &len);
	mem_wipe(key, sizeof key);
	/* dynamic truncation (RFC 4226, section 5.3) */
	const uint8_t *at = digest + (digest[19] & 15);
	uint32_t number =
	    (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
	snprintf(out, TOTP_CODE, "%06u", number % 1000000);
}

uint64_t totp_match(const char *secret, const char *code, uint64_t unix_s, uint64_t used)
{
	uint64_t now = unix_s / TOTP_STEP_S, found = 0;
	char wanted[TOTP_CODE];
	if (strlen(code) != TOTP_CODE - 1)
		return 0;
	for (uint64_t step = now - 1; step <= now + 1; step++) {
		totp_code(secret, step, wanted);
		if (CRYPTO_memcmp(wanted, code, sizeof wanted) == 0 && step > used)
			found = step;
	}
	mem_wipe(wanted, sizeof wanted);
	return found;
}
