/*
 * The second factor of RFC 6238: the six digits that a phone shows for half a minute, made of a
 * secret that both sides know. It uses SHA-1, six digits and 30 s, which every such program knows.
 * Pure.
 */
#ifndef GROUNDNUT_BASE_TOTP_H
#define GROUNDNUT_BASE_TOTP_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TOTP_SECRET = 20,      /* bytes */
	TOTP_SECRET_TEXT = 33, /* in base32, as phones take it */
	TOTP_STEP_S = 30,
	TOTP_CODE = 7 /* six digits and a NUL */
};

void totp_new(char out[TOTP_SECRET_TEXT]); /* makes a random secret */
/* Whether the text has the form of a secret of totp_new(). */
bool totp_is_secret(const char *text);
/* Writes the code of a step. A step is UNIX time in seconds divided by TOTP_STEP_S. */
void totp_code(const char *secret, uint64_t step, char out[TOTP_CODE]);
/* Returns the step of a code, or 0 when the code is wrong. Because clocks differ, the step may be
 * the present one, the one before or the next. It must be later than used, so that no code works
 * twice. The time does not tell which step it is. */
uint64_t totp_match(const char *secret, const char *code, uint64_t unix_s, uint64_t used);

#endif
