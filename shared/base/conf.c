/*
 * The parser's tree stays, and every place where a reader has been is remembered beside it: which
 * keys were asked for there (conf_done), where it stands (the order of the errors), and whether
 * something is wrong there or below (conf_ok). An error marks its place and all above it, and its
 * text goes to the faults, which keep a limited number.
 */
#include "shared/base/conf.h"

#include "shared/base/buf.h"
#include "shared/base/error_list.h"
#include "shared/base/file.h"
#include "shared/base/json.h"
#include "shared/base/json_lint.h"
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
	MESSAGE_MAX = 500, /* bytes of one error, which may quote any value */
	KEY_MAX = 64       /* bytes shown of a key that nobody asked for */
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
	size_t position; /* among the members or items of the parent, from 1; 0: not there */
	bool wrong;      /* something here or below is; then its parent is, too */
};

struct conf {
	char *name;
	json_t *document; /* NULL: not JSON */
	bool lenient;
	struct conf_seen *root;
	struct conf_seen *seen; /* all of them */
	struct error_list *faults;
	/* of a file, for the lines of its errors: wiped at the end, since it holds secrets; or
	 * NULL */
	char *text;
	size_t text_len;
	struct json_lint_lines *lines; /* NULL: none was asked for yet */
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

static void trail_of(const struct conf_seen *seen, size_t position, size_t trail[ERROR_LIST_TRAIL])
{
	size_t depth = 0;
	for (const struct conf_seen *s = seen; s->parent; s = s->parent)
		depth++;
	memset(trail, 0, ERROR_LIST_TRAIL * sizeof(*trail));
	if (depth < ERROR_LIST_TRAIL)
		trail[depth] = position;
	for (; seen->parent; seen = seen->parent)
		if (--depth < ERROR_LIST_TRAIL)
			trail[depth] = seen->position;
}

/* The first error in what a peer sent ends the reading. */
static bool is_over(const struct conf *c)
{
	return c->lenient && c->root->wrong;
}

static void set_wrong(struct conf_seen *seen)
{
	for (; seen && !seen->wrong; seen = seen->parent)
		seen->wrong = true;
}

/* Notes that something is wrong at this place. True: its text is wanted, too. */
static bool is_news(struct conf *c, struct conf_seen *seen)
{
	if (is_over(c))
		return false;
	set_wrong(seen);
	return error_list_has_room(c->faults);
}

/* Whether the document is a file of several lines, which are known then. */
static bool has_lines(struct conf *c)
{
	const char *text = c->text;
	size_t len = c->text_len;
	if (!text || !c->document || c->lines)
		return c->lines;
	conf_skip_mark(&text, &len);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (memchr(text, '\n', len))
		c->lines = json_lint_lines_new(text, len);
	return c->lines;
}

static const struct json_lint_lines *lines_at(const struct conf *c, const struct conf_seen *seen)
{
	if (!seen->parent)
		return c->lines;
	const struct json_lint_lines *above = lines_at(c, seen->parent);
	return seen->key ? json_lint_member(above, seen->key)
			 : json_lint_item(above, seen->position - 1);
}

/* Of a member (key), an item (position), or else the place itself, which also stands for what is
 * missing in it; 0: not known, or as good as that, since it is the whole document. */
static unsigned line_of(struct conf *c, const struct conf_seen *seen, const char *key,
			size_t position)
{
	if (!has_lines(c))
		return 0;
	const struct json_lint_lines *here = lines_at(c, seen), *inside = NULL;
	if (key)
		inside = json_lint_member(here, key);
	else if (position)
		inside = json_lint_item(here, position - 1);
	return inside ? json_lint_line(inside) : seen->parent ? json_lint_line(here) : 0;
}

/* Takes ownership of what message holds. */
static void add_error(struct conf *c, const struct conf_seen *seen, const char *key,
		      size_t position, const char *path, struct buf *message)
{
	size_t trail[ERROR_LIST_TRAIL];
	unsigned line = line_of(c, seen, key, position);
	cut(message, MESSAGE_MAX);
	if (line)
		buf_printf(message, " (line %u)", line);
	trail_of(seen, position, trail);
	error_list_add(c->faults,
		       mem_printf("%s: %s%s%s", c->name, path, *path ? ": " : "", buf_str(message)),
		       trail);
	buf_fini(message);
}

/* Adds an error of the document as a whole. */
__attribute__((format(printf, 2, 3))) static void document_error(struct conf *c, const char *format,
								 ...)
{
	struct buf message = BUF_INIT;
	va_list args;
	if (!is_news(c, c->root))
		return;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	add_error(c, c->root, NULL, 0, "", &message);
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

/* The position among the members, from 1; 0: there is no such member. */
static size_t position_of(struct conf_at at, const char *key)
{
	size_t position = 1;
	if (is_over(at.conf)) /* nobody will be told */
		return 0;
	for (void *m = json_object_iter(at.value); m;
	     m = json_object_iter_next(at.value, m), position++)
		if (strcmp(json_object_iter_key(m), key) == 0)
			return position;
	return 0;
}

void conf_error(struct conf_at at, const char *key, const char *format, ...)
{
	struct buf message = BUF_INIT;
	va_list args;
	if (!is_news(at.conf, at.seen))
		return;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	char *path = key ? member_path(at.path, key) : mem_strdup(at.path);
	add_error(at.conf, at.seen, key, key ? position_of(at, key) : 0, path, &message);
	mem_free(path);
}

void conf_error_item(struct conf_at list, size_t i, const char *format, ...)
{
	struct buf message = BUF_INIT;
	va_list args;
	if (!is_news(list.conf, list.seen))
		return;
	va_start(args, format);
	buf_vprintf(&message, format, args);
	va_end(args);
	char *path = item_path(list.path, i);
	add_error(list.conf, list.seen, NULL, i + 1, path, &message);
	mem_free(path);
}

/* Takes ownership of path. */
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
	seen = new_seen(at.conf, at.seen, position_of(at, key), member_path(at.path, key));
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

bool conf_ok(struct conf_at at)
{
	return !at.seen->wrong && !is_over(at.conf);
}

static bool was_asked_for(const struct conf_seen *seen, const char *key)
{
	for (size_t i = 0; i < seen->asked_count; i++)
		if (strcmp(seen->asked[i], key) == 0)
			return true;
	return false;
}

static void note_asked(struct conf_seen *seen, const char *key)
{
	if (was_asked_for(seen, key))
		return;
	seen->asked = mem_resize(seen->asked, (seen->asked_count + 2) * sizeof(*seen->asked));
	seen->asked[seen->asked_count++] = mem_strdup(key);
	seen->asked[seen->asked_count] = NULL;
}

/* NULL: absent, or the reading is over. */
static json_t *member(struct conf_at at, const char *key)
{
	if (!at.value || is_over(at.conf))
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
		conf_error(at, key, "missing");
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

char *conf_document(struct conf_at at, const char *key)
{
	json_t *value = member(at, key);
	json_t *inside =
	    json_is_string(value) ? json_loads(json_string_value(value), 0, NULL) : NULL;
	const json_t *document = inside ? inside : value;
	char *text = NULL;
	if (json_is_object(document)) {
		char *made = json_dumps(document, JSON_COMPACT);
		text = mem_strdup(made);
		free(made);
	} else if (value) {
		conf_error(at, key, "must be a JSON object");
	}
	json_decref(inside);
	return text;
}

/* What is wrong with a value, in words; NULL: nothing. */
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
		conf_error(at, key, "%s", buf_str(fault));
	buf_fini(fault);
}

static void tell_item(struct conf_at list, size_t i, struct buf *fault)
{
	if (buf_len(fault))
		conf_error_item(list, i, "%s", buf_str(fault));
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
	bool ok = value ? read_str(value, out, &fault) : !is_over(at.conf);
	tell_member(at, key, &fault);
	return ok;
}

bool conf_opt_int(struct conf_at at, const char *key, int64_t min, int64_t max, int64_t *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = member(at, key);
	bool ok = value ? read_int(value, min, max, out, &fault) : !is_over(at.conf);
	tell_member(at, key, &fault);
	return ok;
}

bool conf_opt_bool(struct conf_at at, const char *key, bool *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = member(at, key);
	bool ok = value ? read_bool(value, out, &fault) : !is_over(at.conf);
	tell_member(at, key, &fault);
	return ok;
}

static struct conf_at at_member(struct conf_at at, const char *key, json_type type,
				const char *wanted)
{
	json_t *value = member(at, key);
	if (is_over(at.conf))
		return at_seen(at.conf, at.seen, NULL);
	struct conf_seen *seen = seen_member(at, key);
	if (value && json_typeof(value) != type) {
		conf_error(at, key, "must be %s, not %s", wanted, kind(value));
		set_wrong(seen);
		value = NULL;
	}
	return at_seen(at.conf, seen, value);
}

struct conf_at conf_object(struct conf_at at, const char *key)
{
	return at_member(at, key, JSON_OBJECT, "an object");
}

struct conf_at conf_list(struct conf_at at, const char *key)
{
	return at_member(at, key, JSON_ARRAY, "a list");
}

/* NULL: there is none of that number, or the reading is over. */
static json_t *item(struct conf_at list, size_t i)
{
	return is_over(list.conf) ? NULL : json_array_get(list.value, i);
}

size_t conf_len(struct conf_at list)
{
	return is_over(list.conf) ? 0 : json_array_size(list.value);
}

struct conf_at conf_item(struct conf_at list, size_t i)
{
	json_t *value = item(list, i);
	if (!value)
		return at_seen(list.conf, list.seen, NULL);
	struct conf_seen *seen = seen_item(list, i);
	if (!json_is_object(value)) {
		conf_error_item(list, i, "must be an object, not %s", kind(value));
		set_wrong(seen);
		value = NULL;
	}
	return at_seen(list.conf, seen, value);
}

bool conf_item_str(struct conf_at list, size_t i, const char **out)
{
	struct buf fault = BUF_INIT;
	json_t *value = item(list, i);
	bool ok = value && read_str(value, out, &fault);
	tell_item(list, i, &fault);
	return ok;
}

bool conf_item_is_int(struct conf_at list, size_t i)
{
	return json_is_integer(item(list, i));
}

bool conf_item_int(struct conf_at list, size_t i, int64_t min, int64_t max, int64_t *out)
{
	struct buf fault = BUF_INIT;
	json_t *value = item(list, i);
	bool ok = value && read_int(value, min, max, out, &fault);
	tell_item(list, i, &fault);
	return ok;
}

/* The caller gives the position: searching for each key would be quadratic. */
static void unknown_key(struct conf_at at, const char *key, size_t position)
{
	static const char *const none[] = {NULL};
	const char *const *asked = (const char *const *)at.seen->asked;
	struct buf message = BUF_INIT;
	if (!is_news(at.conf, at.seen))
		return;
	const char *nearest = text_nearest(key, asked ? asked : none);
	buf_puts(&message, "unknown key");
	if (nearest)
		buf_printf(&message, "; did you mean \"%s\"?", nearest);
	char *path = member_path(at.path, key);
	add_error(at.conf, at.seen, key, position, path, &message);
	mem_free(path);
}

void conf_done(struct conf_at at)
{
	size_t position = 1;
	if (!at.value || at.conf->lenient)
		return;
	for (void *m = json_object_iter(at.value); m;
	     m = json_object_iter_next(at.value, m), position++)
		if (!was_asked_for(at.seen, json_object_iter_key(m)))
			unknown_key(at, json_object_iter_key(m), position);
}

size_t conf_errors(const struct conf *c)
{
	return error_list_count(c->faults);
}

const char *conf_error_text(const struct conf *c, size_t i)
{
	return error_list_text(c->faults, i);
}

void conf_report(const struct conf *c)
{
	for (size_t i = 0; i < conf_errors(c); i++)
		log_say("%s", conf_error_text(c, i));
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

/* Tells the parser's error, without the words that are meant for its programmers. */
static void tell_syntax(struct conf *c, const json_error_t *error, const char *json, size_t len)
{
	struct json_place at;
	const char *slip = c->lenient ? NULL : json_lint_slip(json, len, &at);
	if (slip) {
		document_error(c, "line %u, column %u: %s", at.line, at.column, slip);
		return;
	}
	enum json_error_code code = json_error_code(error);
	const char *text = error->text;
	if (code == json_error_null_character)
		text = "\\u0000 may not stand in a text";
	else if (code == json_error_numeric_overflow)
		text = "a number is too large";
	else if (code == json_error_duplicate_key)
		text = "a key is given twice";
	document_error(c, "line %d, column %d: %s", error->line, error->column, text);
}

/* Whether the text may become a tree: its nesting fits everybody's stack, and a peer's text has no
 * more values than CONF_PARTS_MAX. */
static bool is_bearable(struct conf *c, const char *text, size_t len)
{
	struct json_place at;
	if (json_lint_too_deep(text, len, JSON_LINT_DEPTH, &at))
		document_error(c, "line %u, column %u: nested more than %d deep", at.line,
			       at.column, JSON_LINT_DEPTH);
	else if (c->lenient && json_lint_too_many(text, len, CONF_PARTS_MAX, &at))
		document_error(c, "line %u, column %u: holds too many values", at.line, at.column);
	return conf_ok(at_seen(c, c->root, NULL));
}

static void load(struct conf *c, const char *text, size_t len)
{
	json_error_t error;
	conf_skip_mark(&text, &len);
	if (is_blank(text, len)) {
		document_error(c, "is empty");
		return;
	}
	if (len > 1 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2) || !text[0] ||
			!text[1])) {
		document_error(c, "is UTF-16; save it as UTF-8");
		return;
	}
	if (memchr(text, 0, len)) {
		document_error(c, "holds a NUL byte, as no JSON text does");
		return;
	}
	if (!is_bearable(c, text, len))
		return;
	c->document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (c->document)
		return;
	if (c->lenient || json_error_code(&error) != json_error_duplicate_key) {
		tell_syntax(c, &error, text, len);
		return;
	}
	/* The rest of the document can still be read, so its other errors are told, too. */
	c->document = json_loadb(text, len, 0, &error);
	if (c->document)
		json_lint_doubled(text, len, on_doubled, c);
	else
		tell_syntax(c, &error, text, len);
}

struct conf *conf_parse(const char *name, const char *text, size_t len, bool lenient)
{
	struct conf *c = mem_zalloc(sizeof(*c));
	c->name = mem_strdup(name);
	c->lenient = lenient;
	c->root = new_seen(c, NULL, 0, mem_strdup(""));
	c->faults = error_list_new(name);
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
	(*out)->text = text;
	(*out)->text_len = len;
	return 0;
}

const char *conf_text(const struct conf *c)
{
	return c->text;
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
	error_list_free(c->faults);
	json_lint_lines_free(c->lines);
	if (c->text)
		mem_wipe(c->text, c->text_len);
	mem_free(c->text);
	json_decref(c->document);
	mem_free(c->name);
	mem_free(c);
}
