/*
 * Reading JSON that a person or a peer wrote, strictly: every reader names the key it reads, every
 * error is collected (not just the first) with its place ("mappings[1].target: \"192.168.1.20\"
 * names no port"), and keys that no reader asked for are errors that suggest the nearest one that
 * was asked for. Out come plain values; no library type crosses this header.
 *
 *	struct conf *c = conf_open("agent.json", ...);
 *	struct conf_at root = conf_root(c);
 *	conf_str(root, "relay", &relay);           // required
 *	if (conf_has(root, "grace_s")) conf_int(root, "grace_s", 1, 86400, &grace);
 *	conf_done(root);                           // unknown keys
 *	if (!conf_ok(root)) conf_report(c) …
 *
 * Whether something was wrong is remembered at its place, so the reader of a part asks conf_ok()
 * there at its end, whatever was wrong elsewhere. conf_errors() is for people: there is an end to
 * the texts that are kept, so their number says nothing.
 *
 * Strings handed out live as long as the conf. A conf_at is a value, copied freely, invalid after
 * conf_free. At a place without a value (absent, or of a wrong type and so reported) every reader
 * is quiet: the required ones return false, the optional ones true, conf_len is 0, conf_done finds
 * nothing; conf_error works there too. In a lenient document the first error ends the reading:
 * from then on nothing is there any more, every reader is quiet and false, and nothing is made.
 */
#ifndef GROUNDNUT_BASE_CONF_H
#define GROUNDNUT_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct conf; /* one document and what is wrong with it */

/* Values of a lenient document, an object counted as four: 1 MiB could hold ten times that, and
 * would become 80 MiB of tree. */
enum { CONF_PARTS_MAX = 64 * 1024 };

struct conf_at {
	struct conf *conf;
	/* the JSON value here, or NULL: absent, or of a wrong type (already reported) */
	void *value;
	char *path;             /* "mappings[1]"; owned by the conf; "" at the root */
	struct conf_seen *seen; /* what was asked for here; owned by the conf */
};

/* From a file: *out holds it also when it has errors (then its root is not conf_ok). Returns 0, or
 * the negative errno of reading (absent, unreadable, more than 4 MiB: exit 1), with *out NULL. A
 * syntax error is an error inside *out, with line and column; the others end with their line, where
 * the file has several: "agent.json: mappings[1].target: … (line 12)". The file's last component
 * stands for it in the errors. */
int conf_open(const char *file, struct conf **out);
/* The text that conf_open() has read, borrowed. NULL: conf_parse() was given it. */
const char *conf_text(const struct conf *c);
/* From memory: name stands where the file's name would. lenient, for what a peer sends: conf_done()
 * ignores unknown keys, the first error ends the reading, and so do more values than anybody has to
 * say. */
struct conf *conf_parse(const char *name, const char *text, size_t len, bool lenient);
void conf_free(struct conf *c);
/* Passes over the mark (EF BB BF) that some editors put before UTF-8; the readers do so by
 * themselves. */
void conf_skip_mark(const char **text, size_t *len);

struct conf_at conf_root(struct conf *c);      /* must be an object, else an error */
struct conf_at conf_root_list(struct conf *c); /* must be an array */
/* Nothing that was found so far is wrong at this place or below it; an absent value is not wrong,
 * one of a wrong type is. At the root: of the whole document, its syntax included. */
bool conf_ok(struct conf_at at);
bool conf_has(struct conf_at at, const char *key); /* present (also null); counts as asked for */

/* Required members: true and *out set, or false with the error collected (missing, wrong type, out
 * of range). */
bool conf_str(struct conf_at at, const char *key, const char **out);
bool conf_int(struct conf_at at, const char *key, int64_t min, int64_t max, int64_t *out);
bool conf_bool(struct conf_at at, const char *key, bool *out);
/* Optional ones: absent leaves *out as it is and is true. */
bool conf_opt_str(struct conf_at at, const char *key, const char **out);
bool conf_opt_int(struct conf_at at, const char *key, int64_t min, int64_t max, int64_t *out);
bool conf_opt_bool(struct conf_at at, const char *key, bool *out);
/* An optional object, or a string that holds one: as JSON text (freed by the caller), or NULL. */
char *conf_document(struct conf_at at, const char *key);
/* peeks at the type, for keys that take two forms */
bool conf_is_str(struct conf_at at, const char *key);
bool conf_is_int(struct conf_at at, const char *key);
bool conf_is_list(struct conf_at at, const char *key);

/* absent: value NULL and no error */
struct conf_at conf_object(struct conf_at at, const char *key);
/* absent: value NULL and no error */
struct conf_at conf_list(struct conf_at at, const char *key);
size_t conf_len(struct conf_at list); /* 0 for an absent one */
/* an object in a list; else reported, value NULL */
struct conf_at conf_item(struct conf_at list, size_t i);
bool conf_item_str(struct conf_at list, size_t i, const char **out);
bool conf_item_is_int(struct conf_at list, size_t i); /* peeks at the type */
bool conf_item_int(struct conf_at list, size_t i, int64_t min, int64_t max, int64_t *out);

/* An error of the caller's own at a member (key NULL: at the place itself): conf_error(at,
 * "target", "\"%s\" names no port", text). */
void conf_error(struct conf_at at, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void conf_error_item(struct conf_at list, size_t i, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Report every key here that no reader asked for: "hots: unknown key; did you mean \"host\"?". A
 * duplicate key is a syntax error. Only what was asked for is known: ask for every key that may
 * stand here, also with conf_has(), before conf_done(). */
void conf_done(struct conf_at at);

/* Lines to say: at most 1000 errors, and one that counts the rest. */
size_t conf_errors(const struct conf *c);
/* "agent.json: mappings[1].target: …", without the program's name, in the order of the file; NULL
 * past the last */
const char *conf_error_text(const struct conf *c, size_t i);
void conf_report(const struct conf *c); /* each through log_say() */

#endif
