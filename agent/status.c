#include "agent/status.h"

#include "agent/config.h"
#include "shared/base/cli.h"
#include "shared/base/mem.h"
#include "shared/base/text_table.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* "-" for what is absent. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && *text ? text : "-";
}

static bool has_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && *text;
}

static void put_line(struct buf *out, const char *label, const char *text)
{
	char *harmless = text_harmless(text);
	buf_printf(out, "%-12s%s\n", label, harmless);
	mem_free(harmless);
}

static void put_opt_line(struct buf *out, const char *label, const json_t *status, const char *key)
{
	if (has_text(status, key))
		put_line(out, label, text_of(status, key));
}

static void put_relay(struct buf *out, const json_t *status)
{
	struct buf line = BUF_INIT;
	const json_t *rtt = json_object_get(status, "rtt_ms");
	json_int_t resumed = json_integer_value(json_object_get(status, "resumed"));
	buf_printf(&line, "%s, %s", text_of(status, "relay"), text_of(status, "state"));
	if (json_is_number(rtt) && !strcmp(text_of(status, "state"), "attached"))
		buf_printf(&line, ", %.3g ms", json_number_value(rtt));
	if (resumed > 0)
		buf_printf(&line, ", resumed %lld time%s", (long long)resumed,
			   resumed == 1 ? "" : "s");
	put_line(out, "relay", buf_str(&line));
	buf_fini(&line);
}

/* The advice is about names that follow the home; without one it would only worry people. */
static bool follows_home(const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (!strcmp(text_of(json_array_get(names, i), "follow"), "home"))
			return true;
	return false;
}

static void put_head(struct buf *out, const json_t *status)
{
	struct buf line = BUF_INIT;
	char up[32];
	put_relay(out, status);
	put_opt_line(out, "link", status, "link");
	put_opt_line(out, "last error", status, "last_error");
	bool nat_known = has_text(status, "nat") && strcmp(text_of(status, "nat"), "unknown") != 0;
	if (has_text(status, "address")) {
		buf_puts(&line, text_of(status, "address"));
		if (nat_known)
			buf_printf(&line, " (%s)", text_of(status, "nat"));
		put_line(out, "address", buf_str(&line));
	}
	if (follows_home(json_object_get(status, "names")))
		put_opt_line(out, "advice", status, "advice");
	buf_take(&line, buf_len(&line));
	text_duration((uint64_t)json_integer_value(json_object_get(status, "uptime_s")), up);
	buf_printf(&line, "%s, version %s", up, text_of(status, "version"));
	put_line(out, "up", buf_str(&line));
	buf_fini(&line);
}

enum column_kind { COLUMN_TEXT, COLUMN_COUNT, COLUMN_BYTES };
struct column {
	const char *key, *title; /* key NULL ends the list */
	enum column_kind kind;
	/* of a text that is absent: another key, shown in brackets; may be NULL */
	const char *otherwise;
};

static const struct column mapping_columns[] = {
    {"name", "MAPPING", COLUMN_TEXT, NULL},
    {"protocol", "PROTOCOL", COLUMN_TEXT, NULL},
    {"public", "PUBLIC", COLUMN_TEXT, "wanted"},
    {"target", "TARGET", COLUMN_TEXT, NULL},
    {"state", "STATE", COLUMN_TEXT, NULL},
    {"connections", "NOW", COLUMN_COUNT, NULL},
    {"connections_total", "TOTAL", COLUMN_COUNT, NULL},
    {"bytes_in", "IN", COLUMN_BYTES, NULL},
    {"bytes_out", "OUT", COLUMN_BYTES, NULL},
    {"error", "ERROR", COLUMN_TEXT, NULL},
    {0},
};
static const struct column name_columns[] = {
    {"name", "NAME", COLUMN_TEXT, NULL},
    {"follow", "FOLLOWS", COLUMN_TEXT, NULL},
    {"wanted", "WANTED", COLUMN_TEXT, NULL},
    {"published", "PUBLISHED", COLUMN_TEXT, NULL},
    {"updates_sent", "SENT", COLUMN_COUNT, NULL},
    {"updates_answered", "ANSWERED", COLUMN_COUNT, NULL},
    {"last", "LAST", COLUMN_TEXT, NULL},
    {0},
};

static void add_cell(struct text_table *t, const json_t *row, const struct column *c)
{
	char text[32];
	json_int_t n = json_integer_value(json_object_get(row, c->key));
	if (c->kind == COLUMN_TEXT && c->otherwise && !has_text(row, c->key) &&
	    has_text(row, c->otherwise)) {
		char *bracketed = mem_printf("(%s)", text_of(row, c->otherwise));
		text_table_cell(t, bracketed);
		mem_free(bracketed);
	} else if (c->kind == COLUMN_TEXT) {
		text_table_cell(t, text_of(row, c->key));
	} else if (c->kind == COLUMN_BYTES) {
		text_table_cell(t, text_bytes((uint64_t)n, text));
	} else {
		snprintf(text, sizeof text, "%lld", (long long)n);
		text_table_cell(t, text);
	}
}

static void put_table(struct buf *out, const char *sides, const struct column *columns,
		      const json_t *rows)
{
	struct text_table t = TEXT_TABLE_INIT(sides);
	if (json_array_size(rows) == 0)
		return;
	for (const struct column *c = columns; c->key; c++)
		text_table_cell(&t, c->title);
	for (size_t r = 0; r < json_array_size(rows); r++)
		for (const struct column *c = columns; c->key; c++)
			add_cell(&t, json_array_get(rows, r), c);
	buf_puts(out, "\n");
	text_table_write(&t, "", out);
}

void status_render(const char *json, struct buf *out)
{
	json_t *status = json_loads(json, 0, NULL);
	put_head(out, status);
	put_table(out, "lllllrrrrl", mapping_columns, json_object_get(status, "mappings"));
	put_table(out, "llllrrl", name_columns, json_object_get(status, "names"));
	json_decref(status);
}

bool status_is_up(const char *json)
{
	json_t *status = json_loads(json, 0, NULL);
	bool up = strcmp(text_of(status, "state"), "attached") == 0;
	json_decref(status);
	return up;
}

int status_command(const char *file, bool as_json, bool check)
{
	char *control;
	if (agent_config_control(file, &control) != 0)
		return EXIT_WORK;
	int code = check ? control_client_check_status(control, status_is_up)
			 : control_client_print_status("agent", control, as_json, status_render);
	mem_free(control);
	return code;
}
