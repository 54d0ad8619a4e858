/* Small encodings and words: hex, base64url, RFC 3339 times, amounts for people, nearest known
 * word, DNS host names. */
#ifndef GROUNDNUT_BASE_TEXT_H
#define GROUNDNUT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* out: 2*len+1; lower case */
void text_hex(const void *p, size_t len, char *out);
/* exactly 2*len digits; 0 or ERR_SYNTAX */
int text_unhex(const char *hex, void *out, size_t len);
/* out: 4*((len+2)/3)+1; no padding */
void text_base64url(const void *p, size_t len, char *out);
/* 0, ERR_SYNTAX or ERR_TOO_BIG */
int text_unbase64url(const char *text, void *out, size_t cap, size_t *len);
/* standard alphabet, padding optional (Basic auth, keys) */
int text_unbase64(const char *text, size_t text_len, void *out, size_t cap, size_t *len);
/* "2026-11-23T08:00:00Z"; returns out */
const char *text_time(uint64_t unix_ms, char out[32]);
/* The nearest of words (NULL-ended) to word by edit distance, or NULL when none is near enough to
 * suggest. */
const char *text_nearest(const char *word, const char *const *words);
/* A host name of RFC 1123 labels (1..63 letters, digits, inner hyphens, and '_', as programs and
 * services have it; 253 in all). wildcard: a leading "*." label is allowed. Writes it
 * lower-cased without a final dot. */
int text_host(const char *name, bool wildcard, char out[256]);
/* Whether a certificate for pattern ("a.example", or "*.example", which stands for one label) is
 * good for name; both as text_host() writes them. */
bool text_host_covers(const char *pattern, const char *name);
/* The full name of host, wildcard or not: as it is when it ends with a dot or lies in domain, else
 * below domain. ERR_SYNTAX: it is no host name, or too long. */
int text_full_host(const char *host, const char *domain, char out[256]);
/* Whether a full name is domain or lies below it; both lower case, without a final dot. */
bool text_is_in(const char *name, const char *domain);
/* an account, agent or mapping: 1..63 of [A-Za-z0-9._-], not starting with '.' or '-' */
bool text_is_name(const char *name);
/* decimal digits only, the whole text; 0, ERR_SYNTAX or ERR_RANGE */
int text_uint(const char *text, uint64_t max, uint64_t *out);
bool text_same(const char *a, const char *b); /* NULL is the same as "" */

/* Texts of one owner, NULL behind the last; the list itself may be NULL. */
char **text_list_copy(char *const *list);
void text_list_free(char **list);
bool text_list_same(char *const *a, char *const *b);
/* "999", "9.9 kB", "41 MB": by 1,000; returns out */
const char *text_bytes(uint64_t n, char out[32]);
/* "59 s", "3 min", "2 h 5 min", "1 d 2 h"; returns out */
const char *text_duration(uint64_t s, char out[32]);
/* With '?' for what could steer a terminal or mislead a reader: C0, DEL and (as UTF-8) C1, ends of
 * lines, turns of the direction of writing; freed by the caller. */
char *text_harmless(const char *text);
/* How many columns of a terminal a text of UTF-8 takes, and its first character, of so many bytes:
 * two for Chinese and its like. */
size_t text_width(const char *text);
size_t text_character(const char *text, size_t *bytes);
/* As much of the text as cap holds with its NUL, never a part of a character; returns out. */
const char *text_fit(const char *text, char *out, size_t cap);
/* The text as one word for a shell, in quotes where it needs them; freed by the caller. */
char *text_shell(const char *text);
/* Bits a second, or any amount: "100M", "1.5G", "2T", "800k", "64000"; 0 or ERR_SYNTAX. */
int text_bandwidth(const char *text, uint64_t *bits);

#endif
