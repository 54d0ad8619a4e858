/*
 * The texts are cut into members and elements, and the texts of these are compared. They are not
 * parsed into trees: for a thousand homes that would cost more than everything else. Elements are
 * found by their names in a hash table.
 */
#include "shared/admin/status_difference.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <string.h>

struct span {
	const char *p;
	size_t len;
};

static bool same(struct span a, struct span b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

static void put(struct buf *out, struct span s)
{
	buf_put(out, s.p, s.len);
}

/* Returns the end of the string whose opening quote is at p. */
static const char *string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\';
	return p < end ? p + 1 : end;
}

/* Returns the end of the value that begins at p. */
static const char *value_end(const char *p, const char *end)
{
	unsigned depth = 0;
	while (p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			if (!depth)
				return p;
			continue;
		}
		if (!depth && (*p == ',' || *p == '}' || *p == ']'))
			return p;
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
		if (!depth && (p[-1] == '}' || p[-1] == ']'))
			return p;
	}
	return end;
}

/* Returns the text inside the brackets of an object or list. */
static struct span inside(struct span s)
{
	return s.len >= 2 ? (struct span){s.p + 1, s.len - 2} : (struct span){s.p, 0};
}

/* Cuts the first value off rest, with the comma behind it. */
static struct span cut_value(struct span *rest)
{
	const char *end = rest->p + rest->len, *stop = value_end(rest->p, end);
	struct span value = {rest->p, (size_t)(stop - rest->p)};
	stop += stop < end && *stop == ',';
	*rest = (struct span){stop, (size_t)(end - stop)};
	return value;
}

struct member {
	struct span key, value; /* the key with its quotes */
};

static struct member cut_member(struct span *rest)
{
	const char *end = rest->p + rest->len, *stop = string_end(rest->p, end);
	struct member m = {.key = {rest->p, (size_t)(stop - rest->p)}};
	stop += stop < end; /* the colon */
	*rest = (struct span){stop, (size_t)(end - stop)};
	m.value = cut_value(rest);
	return m;
}

static bool is_list_of_objects(struct span s)
{
	return s.len > 2 && s.p[0] == '[' && s.p[1] == '{';
}

/* The name of an element: its text up to the end of its second member. */
static struct span name_of(struct span element)
{
	struct span rest = inside(element), name = {element.p, element.len - 1};
	if (!rest.len)
		return name;
	cut_member(&rest);
	if (!rest.len)
		return name;
	struct member second = cut_member(&rest);
	name.len = (size_t)(second.value.p + second.value.len - element.p);
	return name;
}

/* --- lists --- */

struct element {
	struct span name, text;
	bool is_kept;
};

struct elements {
	struct element *items;
	size_t count;
	struct hash_table *by_name;
};

static struct elements read_elements(struct span list)
{
	struct elements all = {.by_name = hash_table_new()};
	struct span rest = inside(list);
	size_t room = 0;
	while (rest.len) {
		struct span text = cut_value(&rest);
		if (all.count == room) {
			room = room ? 2 * room : 64;
			all.items = mem_resize(all.items, room * sizeof(*all.items));
		}
		all.items[all.count++] = (struct element){.name = name_of(text), .text = text};
	}
	for (size_t i = 0; i < all.count; i++)
		hash_table_add(all.by_name, all.items[i].name.p, all.items[i].name.len,
			       &all.items[i]);
	return all;
}

static void elements_fini(struct elements *all)
{
	hash_table_free(all->by_name);
	mem_free(all->items);
}

static void write_set(struct elements *before, struct span after, struct buf *out)
{
	struct span rest = inside(after);
	const char *comma = "";
	while (rest.len) {
		struct span text = cut_value(&rest), name = name_of(text);
		struct element *old = hash_table_get(before->by_name, name.p, name.len);
		if (old)
			old->is_kept = true;
		if (old && same(old->text, text))
			continue;
		buf_puts(out, comma);
		put(out, text);
		comma = ",";
	}
}

static void write_gone(const struct elements *before, struct buf *out)
{
	const char *comma = "";
	for (size_t i = 0; i < before->count; i++) {
		if (before->items[i].is_kept)
			continue;
		buf_puts(out, comma);
		put(out, before->items[i].name);
		buf_puts(out, "}");
		comma = ",";
	}
}

static void write_list(struct span before, struct span after, struct buf *out)
{
	struct elements old = read_elements(before);
	buf_puts(out, "{\"set\":[");
	write_set(&old, after, out);
	buf_puts(out, "],\"gone\":[");
	write_gone(&old, out);
	buf_puts(out, "]}");
	elements_fini(&old);
}

/* --- members --- */

static struct span whole(const struct buf *b)
{
	return (struct span){buf_len(b) ? (const char *)buf_data(b) : "", buf_len(b)};
}

struct members {
	struct member *items;
	size_t count;
};

/* Each status is cut into members once: for a thousand homes it has megabytes. */
static struct members read_members(struct span object)
{
	struct members all = {0};
	size_t room = 0;
	for (struct span rest = inside(object); rest.len;) {
		if (all.count == room) {
			room = room ? 2 * room : 16;
			all.items = mem_resize(all.items, room * sizeof(*all.items));
		}
		all.items[all.count++] = cut_member(&rest);
	}
	return all;
}

/* Returns the value of a member, or an empty span. */
static struct span find(const struct members *all, struct span key)
{
	for (size_t i = 0; i < all->count; i++)
		if (same(all->items[i].key, key))
			return all->items[i].value;
	return (struct span){"", 0};
}

static void write_member(struct span key, struct span before, struct span after, struct buf *out)
{
	buf_puts(out, buf_len(out) > 1 ? "," : "");
	put(out, key);
	buf_puts(out, ":");
	if (is_list_of_objects(before) || is_list_of_objects(after))
		write_list(before, after, out);
	else if (after.len)
		put(out, after);
	else
		buf_puts(out, "null");
}

bool status_difference_write(const struct buf *before, const struct buf *after, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct members old = read_members(whole(before)), fresh = read_members(whole(after));
	buf_puts(&text, "{");
	for (size_t i = 0; i < fresh.count; i++) {
		const struct member *m = &fresh.items[i];
		struct span was = find(&old, m->key);
		if (!same(was, m->value))
			write_member(m->key, was, m->value, &text);
	}
	for (size_t i = 0; i < old.count; i++) {
		const struct member *m = &old.items[i];
		if (!find(&fresh, m->key).len)
			write_member(m->key, m->value, (struct span){"", 0}, &text);
	}
	bool differs = buf_len(&text) > 1;
	if (differs) {
		buf_puts(&text, "}");
		buf_put(out, buf_data(&text), buf_len(&text));
	}
	buf_fini(&text);
	mem_free(old.items);
	mem_free(fresh.items);
	return differs;
}
