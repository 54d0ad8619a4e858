/*
 * A second factor (RFC 6238): the six digits that a phone shows for the half minute, made of a
 * secret that both know. SHA-1, six digits, 30 s: what every such program can. Pure.
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

void totp_new(char out[TOTP_SECRET_TEXT]);
/* Whether it is what totp_new() writes. */
bool totp_is_secret(const char *text);
/* The code of a step, which is Unix time by TOTP_STEP_S. */
void totp_code(const char *secret, uint64_t step, char out[TOTP_CODE]);
/* The step that a code belongs to: this one, the one before or the next, since clocks differ, and
 * later than `used`, so that no code works twice. 0: none. In the same time whichever it is. */
uint64_t totp_match(const char *secret, const char *code, uint64_t unix_s, uint64_t used);

#endif
