/*
 * One scan() over the text, which knows strings, brackets and lines, serves all checks; none of
 * them needs a tree. What does need one is told by jansson's own: the keys of the objects that are
 * open, and the lines, which are a document of [line, what is inside] like the one that was read.
 */
#include "shared/base/json_lint.h"

#include <jansson.h>
#include <string.h>

struct scan {
	const char *text;
	size_t len, at;
	struct json_place place; /* of text[at] */
	/* what scan_next() has found: a bracket, comma or colon, or a whole string with its
	 * quotes */
	const char *token;
	size_t token_len;
	struct json_place token_place;
};

static struct scan scan_of(const char *text, size_t len)
{
	return (struct scan){.text = text, .len = len, .place = {1, 1}};
}

static void step(struct scan *s)
{
	char c = s->text[s->at++];
	if (c == '\n') {
		s->place.line++;
		s->place.column = 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) {
		s->place.column++;
	}
}

static void pass_string(struct scan *s)
{
	step(s);
	while (s->at < s->len && s->text[s->at] != '"') {
		if (s->text[s->at] == '\\' && s->at + 1 < s->len)
			step(s);
		step(s);
	}
	if (s->at < s->len)
		step(s);
}

/* The token's first character, or 0 at the end. Numbers, literals and space are passed over. */
static char scan_next(struct scan *s)
{
	for (; s->at < s->len; step(s)) {
		char c = s->text[s->at];
		if (c != '{' && c != '}' && c != '[' && c != ']' && c != ',' && c != '"')
			continue;
		s->token = s->text + s->at;
		s->token_place = s->place;
		if (c == '"')
			pass_string(s);
		else
			step(s);
		s->token_len = (size_t)(s->text + s->at - s->token);
		return c;
	}
	return 0;
}

bool json_lint_too_deep(const char *text, size_t len, unsigned most, struct json_place *at)
{
	struct scan s = scan_of(text, len);
	unsigned depth = 0;
	for (char c = scan_next(&s); c; c = scan_next(&s)) {
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		if (depth > most) {
			*at = s.token_place;
			return true;
		}
	}
	return false;
}

bool json_lint_too_many(const char *text, size_t len, size_t most, struct json_place *at)
{
	struct scan s = scan_of(text, len);
	size_t parts = 0;
	for (char c = scan_next(&s); c; c = scan_next(&s)) {
		parts += c == '{' ? 4 : c == '[' || c == ',';
		if (parts > most) {
			*at = s.token_place;
			return true;
		}
	}
	return false;
}

static void look_at_key(const struct scan *s, json_t *keys, json_lint_fn *fn, void *owner)
{
	json_t *text = json_loadb(s->token, s->token_len, JSON_DECODE_ANY, NULL);
	const char *key = json_string_value(text);
	if (key && json_object_get(keys, key))
		fn(owner, &s->token_place, key);
	else if (key)
		json_object_set_new(keys, key, json_true());
	json_decref(text);
}

void json_lint_doubled(const char *text, size_t len, json_lint_fn *fn, void *owner)
{
	struct scan s = scan_of(text, len);
	/* of each object that is open; NULL for a list */
	json_t *keys[JSON_LINT_DEPTH + 1] = {NULL};
	size_t depth = 0;
	bool key_next = false;
	for (char c = scan_next(&s); c; c = scan_next(&s)) {
		if ((c == '{' || c == '[') && depth < JSON_LINT_DEPTH)
			keys[++depth] = c == '{' ? json_object() : NULL;
		else if (c == '"' && key_next)
			look_at_key(&s, keys[depth], fn, owner);
		else if ((c == '}' || c == ']') && depth)
			json_decref(keys[depth--]);
		key_next = keys[depth] && (c == '{' || c == ',');
	}
	while (depth)
		json_decref(keys[depth--]);
}

static bool begins(const struct scan *s, const char *what)
{
	size_t len = strlen(what);
	return s->len - s->at >= len && !memcmp(s->text + s->at, what, len);
}

/* What is wrong with the character here, whatever stands before it. */
static const char *slip_of_character(const struct scan *s)
{
	/* of Unicode: “ ” ‘ ’ „ and the Chinese comma and colon */
	static const char *const quotes[] = {"\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x98",
					     "\xe2\x80\x99", "\xe2\x80\x9e"};
	if (begins(s, "//") || begins(s, "/*") || begins(s, "#"))
		return "JSON has no comments";
	if (begins(s, "'"))
		return "a text stands in double quotes (\"), not in single ones";
	for (size_t i = 0; i < sizeof(quotes) / sizeof(*quotes); i++)
		if (begins(s, quotes[i]))
			return "a text stands in straight double quotes (\"), not in curly ones";
	if (begins(s, "\xef\xbc\x8c") || begins(s, "\xef\xbc\x9a"))
		return "a full-width comma or colon stands where JSON wants , or :";
	return NULL;
}

/* Passes one string, number, word or sign. */
static void pass_token(struct scan *s)
{
	if (s->text[s->at] == '"') {
		pass_string(s);
		return;
	}
	bool is_sign = strchr("{}[],:", s->text[s->at]) != NULL;
	do
		step(s);
	while (!is_sign && s->at < s->len && !strchr(" \t\r\n{}[],:\"", s->text[s->at]));
}

const char *json_lint_slip(const char *text, size_t len, struct json_place *at)
{
	struct scan s = scan_of(text, len);
	struct json_place comma = {0, 0};
	char before = 0; /* the last token's first character; 'v' where a value has ended */
	while (s.at < s.len) {
		char c = s.text[s.at];
		if (strchr(" \t\r\n", c)) {
			step(&s);
			continue;
		}
		*at = s.place;
		const char *slip = slip_of_character(&s);
		if (slip)
			return slip;
		if (before == ',' && strchr("}],", c)) {
			*at = comma;
			return "a comma too many";
		}
		if (before == 'v' && !strchr("}],:", c))
			return "a comma is missing before this";
		if (c == ',')
			comma = s.place;
		before = strchr("{[,:", c) ? c : 'v';
		pass_token(&s);
	}
	return NULL;
}

/* --- lines --- */

static json_t *lines_of_value(struct scan *s, unsigned line);

static void pass_space(struct scan *s)
{
	while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]))
		step(s);
}

/* Behind a bracket or a value: passes over a comma; false at the closing bracket, which it passes,
 * too. */
static bool has_more(struct scan *s)
{
	pass_space(s);
	if (s->at < s->len && s->text[s->at] == ',')
		step(s);
	pass_space(s);
	if (s->at < s->len && !strchr("]}", s->text[s->at]))
		return true;
	if (s->at < s->len)
		step(s);
	return false;
}

static json_t *lines_of_members(struct scan *s)
{
	json_t *inside = json_object();
	while (has_more(s)) {
		size_t begin = s->at;
		unsigned line = s->place.line;
		pass_string(s);
		json_t *key = json_loadb(s->text + begin, s->at - begin, JSON_DECODE_ANY, NULL);
		pass_space(s);
		step(s); /* the colon */
		pass_space(s);
		json_object_set_new(inside, json_string_value(key), lines_of_value(s, line));
		json_decref(key);
	}
	return inside;
}

static json_t *lines_of_items(struct scan *s)
{
	json_t *inside = json_array();
	while (has_more(s))
		json_array_append_new(inside, lines_of_value(s, s->place.line));
	return inside;
}

static json_t *lines_of_value(struct scan *s, unsigned line)
{
	char c = s->text[s->at];
	json_t *inside;
	if (c == '{' || c == '[') {
		step(s);
		inside = c == '{' ? lines_of_members(s) : lines_of_items(s);
	} else {
		pass_token(s);
		inside = json_null();
	}
	return json_pack("[i,o]", (int)line, inside);
}

struct json_lint_lines *json_lint_lines_new(const char *text, size_t len)
{
	struct scan s = scan_of(text, len);
	pass_space(&s);
	return (struct json_lint_lines *)lines_of_value(&s, s.place.line);
}

void json_lint_lines_free(struct json_lint_lines *l)
{
	json_decref((json_t *)l);
}

const struct json_lint_lines *json_lint_member(const struct json_lint_lines *l, const char *key)
{
	const json_t *inside = json_array_get((const json_t *)l, 1);
	return (const struct json_lint_lines *)json_object_get(inside, key);
}

const struct json_lint_lines *json_lint_item(const struct json_lint_lines *l, size_t i)
{
	const json_t *inside = json_array_get((const json_t *)l, 1);
	return (const struct json_lint_lines *)json_array_get(inside, i);
}

unsigned json_lint_line(const struct json_lint_lines *l)
{
	return (unsigned)json_integer_value(json_array_get((const json_t *)l, 0));
}
