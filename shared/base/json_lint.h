/*
 * Checks of JSON as text, for what a parser's tree tells too late or not at all: brackets that are
 * too deep for the stack, more values than there is memory for, and every key that is given twice,
 * with its place. Lines and columns count from 1, columns in characters.
 */
#ifndef GROUNDNUT_BASE_JSON_LINT_H
#define GROUNDNUT_BASE_JSON_LINT_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_LINT_DEPTH = 64 };

struct json_place {
	unsigned line, column;
};

/* Whether brackets stand more than most deep, and where the first that does; the text need not
 * be well formed. */
bool json_lint_too_deep(const char *text, size_t len, unsigned most, struct json_place *at);

/* Whether its tree would have more than most parts, and where the first too many is. A comma and an
 * opening bracket count one, an opening brace four, since an object has a table. The text need not
 * be well formed. */
bool json_lint_too_many(const char *text, size_t len, size_t most, struct json_place *at);

/* What people do by hand that JSON does not know: comments, other quotes, a comma too many or too
 * few. In words, and where; NULL: none of these. Of text that is not well formed. */
const char *json_lint_slip(const char *text, size_t len, struct json_place *at);

/* The line on which each value stands, or its key where it has one: a tree like the parser's, which
 * does not keep them. text must be well formed and no deeper than JSON_LINT_DEPTH. */
struct json_lint_lines;
struct json_lint_lines *json_lint_lines_new(const char *text, size_t len);
void json_lint_lines_free(struct json_lint_lines *l);
/* What is inside; NULL: there is no such thing, or l is NULL. Of a doubled key the last. */
const struct json_lint_lines *json_lint_member(const struct json_lint_lines *l, const char *key);
const struct json_lint_lines *json_lint_item(const struct json_lint_lines *l, size_t i);
unsigned json_lint_line(const struct json_lint_lines *l); /* from 1; 0 for NULL */

/* Called for each key that its object has already had; the key is unescaped and valid during the
 * call. */
typedef void json_lint_fn(void *owner, const struct json_place *at, const char *key);

/* text must be well formed and no deeper than JSON_LINT_DEPTH. */
void json_lint_doubled(const char *text, size_t len, json_lint_fn *fn, void *owner);

#endif
