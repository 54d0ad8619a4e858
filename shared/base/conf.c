#include "shared/base/conf.h"

#include "shared/base/buf.h"
#include "shared/base/file.h"
#include "shared/base/json.h"
#include "shared/base/json_text.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX = 4 * 1024 * 1024,
	ERRORS_MAX = 1000, /* a hostile document must not make more errors than it has bytes */
	MESSAGE_MAX = 500, /* bytes of one error, which may quote any value */
	KEY_MAX = 64,      /* bytes shown of a key that nobody asked for */
	TRAIL_MAX = 8      /* levels that decide the order of errors */
};

/* A place in the document that some reader has been at. */
struct conf_seen {
	struct conf_seen *next;     /* the one made before it, wherever; for freeing */
	struct conf_seen *parent;   /* NULL at the root */
	struct conf_seen *sibling;  /* another member of the same object */
	struct conf_seen *children; /* members of this object that a reader has been at */
	/* the same of this list, one for each item; NULL until one is asked for */
	struct conf_seen **items;
	char *key;    /* as a member; NULL as an item and at the root */
	char *path;   /* "mappings[1]" */
	char **asked; /* NULL-ended keys that readers asked for; NULL: none yet */
	size_t asked_count;
	/* among the members or items of the parent, from 1; 0: not there */
	size_t position;
};

/* One error and where it belongs: positions from the root down, 0 being before all members. */
struct fault {
	char *text;
	size_t trail[TRAIL_MAX];
};

struct conf {
	char *name;
	json_t *document; /* NULL: not JSON */
	bool lenient;
	struct conf_seen *root; /* NULL until a reader is there */
	struct conf_seen *seen; /* all of them */
	struct fault *faults;   /* in the order of the document */
	size_t count;
	size_t dropped; /* errors past ERRORS_MAX */
};

static const char *kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	default:
		return "null";
	}
}

static void cut(struct buf *text, size_t max)
{
	if (buf_len(text) <= max)
		return;
	while (max && (buf_data(text)[max] & 0xc0) == 0x80)
		max--;
	text->end = text->start + max;
	buf_puts(text, "…");
}

static void trail_of(const struct conf_seen *seen, size_t position, size_t trail[TRAIL_MAX])
{
	size_t depth = 0;
	for (const struct conf_seen *s = seen; s && s->parent; s = s->parent)
		depth++;
	memset(trail, 0, TRAIL_MAX * sizeof(*trail));
	if (depth < TRAIL_MAX)
		trail[depth] = position;
	for (; seen && seen->parent; seen = seen->parent)
		if (--depth < TRAIL_MAX)
			trail[depth] = seen->position;
}

static int compare_trails(const size_t *a, const size_t *b)
{
	for (size_t i = 0; i < TRAIL_MAX; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* Takes text. The same error twice (a value read again) is one. */
static void insert(struct conf *c, char *text, const size_t trail[TRAIL_MAX])
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->faults[i].text, text) == 0) {
			mem_free(text);
			return;
		}
	}
	size_t at = c->count++;
	c->faults = mem_resize(c->faults, c->count * sizeof(*c->faults));
	for (; at && compare_trails(c->faults[at - 1].trail, trail) > 0; at--)
		c->faults[at] = c->faults[at - 1];
	c->faults[at].text = text;
	memcpy(c->faults[at].trail, trail, sizeof(c->faults[at].trail));
}

static void add_error(struct conf *c, const struct conf_seen *seen, size_t position,
		      const char *path, const char *format, va_list args)
{
	struct buf message = BUF_INIT;
	size_t trail[TRAIL_MAX];
	if (c->count == ERRORS_MAX) {
		c->dropped++;
		return;
	}
	buf_vprintf(&message, format, args);
	cut(&message, MESSAGE_MAX);
	trail_of(seen, position, trail);
	insert(c, mem_printf("%s: %s%s%s", c->name, path, *path ? ": " : "", buf_str(&message)),
	       trail);
	buf_fini(&message);
}

/* Of the document as a whole. */
__attribute__((format(printf, 2, 3))) static void document_error(struct conf *c, const char *format,
								 ...)
{
	va_list args;
	va_start(args, format);
	add_error(c, NULL, 0, "", format, args);
	va_end(args);
}

/* Keys that do not look like ours are quoted, and never shown at full length. */
static char *member_path(const char *path, const char *key)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct buf text = BUF_INIT, shown = BUF_INIT;
	buf_puts(&text, path);
	if (*path)
		buf_puts(&text, ".");
	buf_puts(&shown, key);
	cut(&shown, KEY_MAX);
	if (*key && key[strspn(key, plain)] == 0) {
		buf_put(&text, buf_data(&shown), buf_len(&shown));
	} else {
		struct json quoted = json_into(&text, false);
		json_strn(&quoted, NULL, (const char *)buf_data(&shown), buf_len(&shown));
	}
	char *whole = mem_strdup(buf_str(&text));
	buf_fini(&text);
	buf_fini(&shown);
	return whole;
}

static char *item_path(const char *path, size_t i)
{
	return mem_printf("%s[%zu]", path, i);
}

static size_t position_of(json_t *object, const char *key)
{
	size_t position = 1;
	for (void *m = json_object_iter(object); m;
	     m = json_object_iter_next(object, m), position++)
		if (strcmp(json_object_iter_key(m), key) == 0)
			return position;
	return 0;
}

__attribute__((format(printf, 3, 4))) static void member_error(struct conf_at at, const char *key,
							       const char *format, ...)
{
	va_list args;
	char *path = member_path(at.path, key);
	va_start(args, format);
	add_error(at.conf, at.seen, at.value ? position_of(at.value, key) : 0, path, format, args);
	va_end(args);
	mem_free(path);
}

__attribute__((format(printf, 3, 4))) static void item_error(struct conf_at list, size_t i,
							     const char *format, ...)
{
	va_list args;
	char *path = item_path(list.path, i);
	va_start(args, format);
	add_error(list.conf, list.seen, i + 1, path, format, args);
	va_end(args);
	mem_free(path);
}

void conf_error(struct conf_at at, const char *key, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	if (key) {
		buf_vprintf(&text, format, args);
		member_error(at, key, "%s", buf_str(&text));
	} else {
		add_error(at.conf, at.seen, 0, at.path, format, args);
	}
	va_end(args);
	buf_fini(&text);
}

void conf_error_item(struct conf_at list, size_t i, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list args;
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	item_error(list, i, "%s", buf_str(&text));
	buf_fini(&text);
}

/* Takes path. */
static struct conf_seen *new_seen(struct conf *c, struct conf_seen *parent, size_t position,
				  char *path)
{
	struct conf_seen *seen = mem_zalloc(sizeof(*seen));
	seen->next = c->seen;
	c->seen = seen;
	seen->parent = parent;
	seen->position = position;
	seen->path = path;
	return seen;
}

static struct conf_seen *seen_member(struct conf_at at, const char *key)
{
	struct conf_seen *seen = at.seen->children;
	while (seen && strcmp(seen->key, key) != 0)
		seen = seen->sibling;
	if (seen)
		return seen;
	size_t position = at.value ? position_of(at.value, key) : 0;
	seen = new_seen(at.conf, at.seen, position, member_path(at.path, key));
	seen->key = mem_strdup(key);
	seen->sibling = at.seen->children;
	at.seen->children = seen;
	return seen;
}

static struct conf_seen *seen_item(struct conf_at list, size_t i)
{
	if (!list.seen->items)
		list.seen->items =
		    mem_zalloc(json_array_size(list.value) * sizeof(struct conf_seen *));
	if (!list.seen->items[i])
		list.seen->items[i] =
		    new_seen(list.conf, list.seen, i + 1, item_path(list.path, i));
	return list.seen->items[i];
}

static struct conf_at at_seen(struct conf *c, struct conf_seen *seen, json_t *value)
{
	return (struct conf_at){.conf = c, .value = value, .path = seen->path, .seen = seen};
}

static struct conf_at at_root(struct conf *c, json_type type, const char *wanted)
{
	if (!c->root)
		c->root = new_seen(c, NULL, 0, mem_strdup(""));
	if (!c->document || json_typeof(c->document) == type)
		return at_seen(c, c->root, c->document);
	document_error(c, "must be %s, not %s", wanted, kind(c->document));
	return at_seen(c, c->root, NULL);
}

struct conf_at conf_root(struct conf *c)
{
	return at_root(c, JSON_OBJECT, "an object");
}

struct conf_at conf_root_list(struct conf *c)
{
	return at_root(c, JSON_ARRAY, "a list");
}

static void note_asked(struct conf_seen *seen, const char *key)
{
	for (size_t i = 0; i < seen->asked_count; i++)
		if (strcmp(seen->asked[i], key) == 0)
			return;
	seen->asked = mem_resize(seen->asked, (seen->asked_count + 2) * sizeof(*seen->asked));
	seen->asked[seen->asked_count++] = mem_strdup(key);
	seen->asked[seen->asked_count] = NULL;
}

/* NULL: absent. */
static json_t *member(struct conf_at at, const char *key)
{
	if (!at.value)
		return NULL;
	if (!at.conf->lenient)
		note_asked(at.seen, key);
	return json_object_get(at.value, key);
}

/* The same, and its absence is an error. */
static json_t *required(struct conf_at at, const char *key)
{
	json_t *value = member(at, key);
	if (at.value && !value)
		member_error(at, key, "missing");
	return value;
}

bool conf_has(struct conf_at at, const char *key)
{
	return member(at, key) != NULL;
}

bool conf_is_str(struct conf_at at, const char *key)
{
	return json_is_string(member(at, key));
}

bool conf_is_int(struct conf_at at, const char *key)
{
	return json_is_integer(member(at, key));
}

bool conf_is_list(struct conf_at at, const char *key)
{
	return json_is_array(member(at, key));
}

/* What is wrong with a value, in words, or nothing. */
static bool read_str(json_t *value, const char **out, struct buf *fault)
{
	if (json_is_string(value))
		*out = json_string_value(value);
	else
		buf_printf(fault, "must be a string, not %s", kind(value));
	return buf_len(fault) == 0;
}

static bool read_int(json_t *value, int64_t min, int64_t max, int64_t *out, struct buf *fault)
{
	int64_t n = json_integer_value(value);
	if (json_is_real(value)) {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		buf_printf(fault, "must be a whole number, not %s", text);
		free(text);
	} else if (!json_is_integer(value)) {
		buf_printf(fault, "must be a number, not %s", kind(value));
	} else if (n >= min && n <= max) {
		*out = n;
	} else if (max == INT64_MAX) {
		buf_printf(fault, "must be at least %" PRId64 ", not %" PRId64, min, n);
	} else {
		buf_printf(fault, "must be %" PRId64 " to %" PRId64 ", not %" PRId64, min, max, n);
	}
	return buf_len(fault) == 0;
}

static bool read_bool(json_t *value, bool *out, struct buf *fault)
{
	if (json_is_boolean(value))
		*out = json_is_true(value);
	else
		buf_printf(fault, "must be true or false, not %s", kind(value));
	return buf_len(fault) == 0;
}

static void tell_member(struct conf_at at, const char *key, struct buf *fault)
{
	if (buf_len(fault))
		member_error(at, key, "%s", buf_str(fault));
	buf_fini(fault);
}

static void tell_item(struct conf_at list, size_t i, struct buf *fault)
{
	if (buf_len(fault))
		item_error(list, i, "%s", buf_str(fault));
	buf_fini(fault);
}

bool conf_str(struct conf_at at, const char *key, const char **out)
{
	return required(at, key) && conf_opt_str(at, key, out);
}

bool conf_int(struct conf_at at, const char *key, int64_t min, int64_t max, int64_t *out)
{
	return required(at, key) && conf_opt_int(at, key, min, max, out);
}

bool conf_bool(struct conf_at at, const char *key, bool *out)
{
	return required(at, key) && conf_opt_bool(at, key, out);
}

bool conf_opt_str(struct conf_at at, const char *key, const char **out)
{
	struct buf fault = BUF_INIT;
	json_t *value = member(at, key);
	bool ok = !value || read_str(value, out, &fault);
	tell_member(at, key, &fault);
	return ok;
}

bool conf_opt_int(struct conf_at at, const char *key, int64_t min, int64_t max, int64_t *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = member(at, key);
	bool ok = !value || read_int(value, min, max, out, &fault);
	tell_member(at, key, &fault);
	return ok;
}

bool conf_opt_bool(struct conf_at at, const char *key, bool *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = member(at, key);
	bool ok = !value || read_bool(value, out, &fault);
	tell_member(at, key, &fault);
	return ok;
}

static struct conf_at at_member(struct conf_at at, const char *key, json_type type,
				const char *wanted)
{
	json_t *value = member(at, key);
	if (value && json_typeof(value) != type) {
		member_error(at, key, "must be %s, not %s", wanted, kind(value));
		value = NULL;
	}
	return at_seen(at.conf, seen_member(at, key), value);
}

struct conf_at conf_object(struct conf_at at, const char *key)
{
	return at_member(at, key, JSON_OBJECT, "an object");
}

struct conf_at conf_list(struct conf_at at, const char *key)
{
	return at_member(at, key, JSON_ARRAY, "a list");
}

size_t conf_len(struct conf_at list)
{
	return list.value ? json_array_size(list.value) : 0;
}

struct conf_at conf_item(struct conf_at list, size_t i)
{
	json_t *value = json_array_get(list.value, i);
	if (!value)
		return at_seen(list.conf, list.seen, NULL);
	if (!json_is_object(value)) {
		item_error(list, i, "must be an object, not %s", kind(value));
		value = NULL;
	}
	return at_seen(list.conf, seen_item(list, i), value);
}

bool conf_item_str(struct conf_at list, size_t i, const char **out)
{
	struct buf fault = BUF_INIT;
	json_t *value = json_array_get(list.value, i);
	bool ok = value && read_str(value, out, &fault);
	tell_item(list, i, &fault);
	return ok;
}

bool conf_item_int(struct conf_at list, size_t i, int64_t min, int64_t max, int64_t *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = json_array_get(list.value, i);
	bool ok = value && read_int(value, min, max, out, &fault);
	tell_item(list, i, &fault);
	return ok;
}

void conf_done(struct conf_at at)
{
	if (!at.value || at.conf->lenient)
		return;
	static char *const none[] = {NULL};
	char *const *asked = at.seen->asked ? at.seen->asked : none;
	for (void *m = json_object_iter(at.value); m; m = json_object_iter_next(at.value, m)) {
		const char *key = json_object_iter_key(m);
		size_t i = 0;
		while (asked[i] && strcmp(asked[i], key) != 0)
			i++;
		if (asked[i])
			continue;
		const char *nearest = text_nearest(key, (const char *const *)asked);
		if (nearest)
			member_error(at, key, "unknown key; did you mean \"%s\"?", nearest);
		else
			member_error(at, key, "unknown key");
	}
}

size_t conf_errors(const struct conf *c)
{
	return c->count;
}

const char *conf_error_text(const struct conf *c, size_t i)
{
	return i < c->count ? c->faults[i].text : NULL;
}

void conf_report(const struct conf *c)
{
	for (size_t i = 0; i < c->count; i++)
		log_say("%s", c->faults[i].text);
	if (c->dropped)
		log_say("%s: %zu more errors", c->name, c->dropped);
}

void conf_skip_mark(const char **text, size_t *len)
{
	if (*len < 3 || memcmp(*text, "\xef\xbb\xbf", 3) != 0)
		return;
	*text += 3;
	*len -= 3;
}

static bool is_blank(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len == 0;
}

static void on_doubled(void *owner, const struct json_place *at, const char *key)
{
	document_error(owner, "line %u, column %u: the key \"%s\" is given twice", at->line,
		       at->column, key);
}

/* The parser's words, without those that speak to its programmers. */
static void tell_syntax(struct conf *c, const json_error_t *error)
{
	enum json_error_code code = json_error_code(error);
	const char *text = error->text;
	if (code == json_error_null_character)
		text = "\\u0000 may not stand in a text";
	else if (code == json_error_numeric_overflow)
		text = "a number is too large";
	document_error(c, "line %d, column %d: %s", error->line, error->column, text);
}

static void load(struct conf *c, const char *text, size_t len)
{
	json_error_t error;
	struct json_place at;
	conf_skip_mark(&text, &len);
	if (is_blank(text, len)) {
		document_error(c, "is empty");
		return;
	}
	if (memchr(text, 0, len)) {
		document_error(c, "holds a NUL byte, as no JSON text does");
		return;
	}
	if (json_text_too_deep(text, len, JSON_TEXT_DEPTH, &at)) {
		document_error(c, "line %u, column %u: nested more than %d deep", at.line,
			       at.column, JSON_TEXT_DEPTH);
		return;
	}
	c->document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (c->document)
		return;
	if (json_error_code(&error) != json_error_duplicate_key) {
		tell_syntax(c, &error);
		return;
	}
	/* The rest of the document can still be read, and what else is wrong with it be told. */
	c->document = json_loadb(text, len, 0, &error);
	if (c->document)
		json_text_doubled(text, len, on_doubled, c);
	else
		tell_syntax(c, &error);
}

struct conf *conf_parse(const char *name, const char *text, size_t len, bool lenient)
{
	struct conf *c = mem_zalloc(sizeof(*c));
	c->name = mem_strdup(name);
	c->lenient = lenient;
	load(c, text, len);
	return c;
}

int conf_open(const char *file, struct conf **out)
{
	char *text;
	size_t len;
	*out = NULL;
	int rc = file_read(file, FILE_MAX, &text, &len);
	if (rc < 0)
		return rc;
	*out = conf_parse(file_name(file), text, len, false);
	mem_wipe(text, len);
	mem_free(text);
	return 0;
}

static void free_seen(struct conf_seen *seen)
{
	for (size_t i = 0; i < seen->asked_count; i++)
		mem_free(seen->asked[i]);
	mem_free(seen->asked);
	mem_free(seen->items);
	mem_free(seen->key);
	mem_free(seen->path);
	mem_free(seen);
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (struct conf_seen *seen = c->seen, *next; seen; seen = next) {
		next = seen->next;
		free_seen(seen);
	}
	for (size_t i = 0; i < c->count; i++)
		mem_free(c->faults[i].text);
	mem_free(c->faults);
	json_decref(c->document);
	mem_free(c->name);
	mem_free(c);
}
