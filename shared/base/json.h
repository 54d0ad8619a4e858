/*
 * Writing JSON straight into a buf: commas, quotes and escapes are kept right here, so the callers
 * read like the document. Invalid UTF-8 in a string is written as U+FFFD. (Reading is conf.h.)
 *
 *	json_open(&w, NULL, '{'); json_str(&w, "name", "web"); json_uint(&w, "bytes", n);
 *	  json_close(&w);
 */
#ifndef GROUNDNUT_BASE_JSON_H
#define GROUNDNUT_BASE_JSON_H

#include "shared/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSON_DEPTH = 16 };

struct json {
	struct buf *out;
	unsigned depth;
	bool indent;             /* pretty, two blanks a level; else compact */
	bool filled[JSON_DEPTH]; /* this level already has a member */
	char closer[JSON_DEPTH];
};

struct json json_into(struct buf *out, bool indent);
/* In an object key names the member; in an array, and at the top, key is NULL. */
void json_open(struct json *w, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *w);
void json_str(struct json *w, const char *key, const char *value); /* NULL is written as null */
void json_strn(struct json *w, const char *key, const char *value, size_t len);
void json_int(struct json *w, const char *key, int64_t value);
void json_uint(struct json *w, const char *key, uint64_t value);
void json_bool(struct json *w, const char *key, bool value);
/* text that is JSON already */
void json_raw(struct json *w, const char *key, const char *text, size_t len);
void json_none(struct json *w, const char *key); /* null; jansson has the other name */
void json_time(struct json *w, const char *key, uint64_t unix_ms); /* RFC 3339, or null for 0 */

#endif
