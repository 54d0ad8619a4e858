#include "shared/net/status_text.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/terminal_table.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *status_text_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && *text ? text : NULL;
}

const char *status_text_number(const json_t *object, const char *key, char out[32])
{
	const json_t *value = json_object_get(object, key);
	out[0] = '\0';
	if (json_is_integer(value))
		snprintf(out, 32, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(out, 32, "%.3g", json_real_value(value));
	return out;
}

static const char *bytes_of(const json_t *object, const char *key, char out[32])
{
	const json_t *value = json_object_get(object, key);
	out[0] = '\0';
	return json_is_integer(value) ? text_bytes((uint64_t)json_integer_value(value), out) : out;
}

enum terminal_text_paint status_text_paint(const char *state)
{
	static const char *const good[] = {"open", "attached", "up", "yes", "valid"},
				 *const bad[] = {"error", "detached", "down", "no"};
	for (size_t i = 0; state && i < sizeof(good) / sizeof(*good); i++)
		if (!strcmp(state, good[i]))
			return TEXT_GREEN;
	for (size_t i = 0; state && i < sizeof(bad) / sizeof(*bad); i++)
		if (!strcmp(state, bad[i]))
			return TEXT_RED;
	return TEXT_PLAIN;
}

struct entry {
	json_t *object;
	const char *first, *second;
	size_t at; /* in the list: equal ones keep their order */
};

static int compare(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int order = strcmp(a->first, b->first);
	if (!order)
		order = strcmp(a->second, b->second);
	return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

static const char *key_of(const json_t *object, const char *key)
{
	const char *text = key ? status_text_string(object, key) : NULL;
	return text ? text : "";
}

json_t *status_text_sorted(const json_t *list, const char *first, const char *second)
{
	size_t count = json_array_size(list);
	struct entry *entries = mem_zalloc((count + 1) * sizeof(*entries));
	json_t *sorted = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *object = json_array_get(list, i);
		entries[i] =
		    (struct entry){object, key_of(object, first), key_of(object, second), i};
	}
	qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, entries[i].object);
	mem_free(entries);
	return sorted;
}

/* Writes what the mapping's own error does not tell yet. */
static void note_part(struct terminal_table *t, const json_t *mapping, const char *key,
		      const char *bad, const char *words)
{
	const json_t *part = json_object_get(mapping, key);
	const char *state = status_text_string(part, "state"),
		   *error = status_text_string(part, "error");
	if (!state || strcmp(state, bad) != 0 || (error && status_text_string(mapping, "error")))
		return;
	char *note = mem_printf("%s%s%s", words, error ? ": " : "", error ? error : "");
	terminal_table_note(t, TEXT_RED, note);
	mem_free(note);
}

static void add_mapping(struct terminal_table *t, const json_t *m)
{
	char now[32], total[32], in[32], out[32];
	const char *public = status_text_string(m, "public"),
		   *wanted = status_text_string(m, "wanted");
	const char *protocol = status_text_string(m, "protocol"),
		   *target = status_text_string(m, "target"),
		   *error = status_text_string(m, "error");
	char *shown = public || !wanted ? mem_strdup(public) : mem_printf("(%s)", wanted);
	terminal_table_cell(t, status_text_string(m, "name"));
	terminal_table_cell(t, status_text_string(m, "state"));
	terminal_table_paint(t, status_text_paint(status_text_string(m, "state")));
	terminal_table_cell(t, shown);
	terminal_table_cell(t, status_text_number(m, "connections", now));
	terminal_table_cell(t, status_text_number(m, "connections_total", total));
	terminal_table_cell(t, bytes_of(m, "bytes_in", in));
	terminal_table_cell(t, bytes_of(m, "bytes_out", out));
	mem_free(shown);
	char *way = mem_printf("%s to %s", protocol ? protocol : "?", target ? target : "?");
	terminal_table_note(t, TEXT_PLAIN, way);
	mem_free(way);
	if (error)
		terminal_table_note(t, TEXT_RED, error);
	note_part(t, m, "target_state", "down", "the target is down");
	note_part(t, m, "reachable", "no", "no way in from outside");
	note_part(t, m, "certificate", "error", "the certificate");
}

void status_text_mappings(struct terminal_text *page, size_t indent, const json_t *mappings)
{
	struct terminal_table t = TERMINAL_TABLE_INIT("lllrrrr");
	json_t *sorted = status_text_sorted(mappings, "name", NULL);
	terminal_table_row(&t, "MAPPING", "STATE", "PUBLIC", "NOW", "TOTAL", "IN", "OUT");
	for (size_t i = 0; i < json_array_size(sorted); i++)
		add_mapping(&t, json_array_get(sorted, i));
	terminal_table_write(&t, indent, page);
	json_decref(sorted);
}
