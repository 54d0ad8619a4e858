#include "agent/status.h"

#include "agent/ask.h"
#include "agent/config.h"
#include "shared/base/cli.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 12 };

/* "-" for what is absent, so that no column is ever empty. */
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

static void put_clean(struct buf *out, const char *text)
{
	for (; *text; text++) {
		char c = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
		buf_put(out, &c, 1);
	}
}

static void put_duration(struct buf *out, json_int_t s)
{
	if (s >= 86400)
		buf_printf(out, "%lld d %lld h", (long long)(s / 86400), (long long)(s % 86400 / 3600));
	else if (s >= 3600)
		buf_printf(out, "%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
	else if (s >= 60)
		buf_printf(out, "%lld min", (long long)(s / 60));
	else
		buf_printf(out, "%lld s", (long long)s);
}

static void put_bytes(struct buf *out, json_int_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
	double n = (double)bytes;
	int unit = -1;
	for (; n >= 999.5 && unit < 4; unit++)
		n /= 1000;
	if (unit < 0)
		buf_printf(out, "%lld", (long long)bytes);
	else
		buf_printf(out, n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void put_line(struct buf *out, const char *label, const char *text)
{
	buf_printf(out, "%-12s", label);
	put_clean(out, text);
	buf_puts(out, "\n");
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
		buf_printf(&line, ", resumed %lld time%s", (long long)resumed, resumed == 1 ? "" : "s");
	put_line(out, "relay", buf_str(&line));
	buf_fini(&line);
}

static void put_head(struct buf *out, const json_t *status)
{
	struct buf line = BUF_INIT;
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
	/* What is not known matters only to names that follow the home. */
	if (nat_known || json_array_size(json_object_get(status, "names")))
		put_opt_line(out, "advice", status, "advice");
	buf_take(&line, buf_len(&line));
	put_duration(&line, json_integer_value(json_object_get(status, "uptime_s")));
	buf_printf(&line, ", version %s", text_of(status, "version"));
	put_line(out, "up", buf_str(&line));
	buf_fini(&line);
}

enum column_kind { COLUMN_TEXT, COLUMN_COUNT, COLUMN_BYTES };
struct column {
	const char *key, *title; /* key NULL ends the list */
	enum column_kind kind;
	const char *otherwise;   /* of a text that is absent: another key, shown in brackets; may be NULL */
};

static const struct column mapping_columns[] = {
	{"name", "MAPPING", COLUMN_TEXT, NULL},        {"protocol", "PROTOCOL", COLUMN_TEXT, NULL},
	{"public", "PUBLIC", COLUMN_TEXT, "wanted"},       {"target", "TARGET", COLUMN_TEXT, NULL},
	{"state", "STATE", COLUMN_TEXT, NULL},         {"connections", "NOW", COLUMN_COUNT, NULL},
	{"connections_total", "TOTAL", COLUMN_COUNT, NULL}, {"bytes_in", "IN", COLUMN_BYTES, NULL},
	{"bytes_out", "OUT", COLUMN_BYTES, NULL},      {"error", "ERROR", COLUMN_TEXT, NULL},
	{0},
};
static const struct column name_columns[] = {
	{"name", "NAME", COLUMN_TEXT, NULL},           {"follow", "FOLLOWS", COLUMN_TEXT, NULL},
	{"wanted", "WANTED", COLUMN_TEXT, NULL},       {"published", "PUBLISHED", COLUMN_TEXT, NULL},
	{"updates_sent", "SENT", COLUMN_COUNT, NULL},  {"updates_answered", "ANSWERED", COLUMN_COUNT, NULL},
	{"last", "LAST", COLUMN_TEXT, NULL},           {0},
};

static void put_cell(struct buf *out, const json_t *row, const struct column *c)
{
	const json_t *value = json_object_get(row, c->key);
	if (c->kind == COLUMN_TEXT && c->otherwise && !has_text(row, c->key) && has_text(row, c->otherwise)) {
		buf_puts(out, "(");
		put_clean(out, text_of(row, c->otherwise));
		buf_puts(out, ")");
	} else if (c->kind == COLUMN_TEXT) {
		put_clean(out, text_of(row, c->key));
	} else if (c->kind == COLUMN_BYTES) {
		put_bytes(out, json_integer_value(value));
	} else {
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	}
}

static void measure(const struct column *columns, const json_t *rows, size_t *widths)
{
	struct buf cell = BUF_INIT;
	for (size_t c = 0; columns[c].key; c++) {
		widths[c] = strlen(columns[c].title);
		for (size_t r = 0; r < json_array_size(rows); r++) {
			buf_take(&cell, buf_len(&cell));
			put_cell(&cell, json_array_get(rows, r), &columns[c]);
			if (buf_len(&cell) > widths[c])
				widths[c] = buf_len(&cell);
		}
	}
	buf_fini(&cell);
}

/* row NULL: the titles. The last column is not padded. */
static void put_row(struct buf *out, const struct column *columns, const size_t *widths, const json_t *row)
{
	struct buf cell = BUF_INIT;
	for (size_t c = 0; columns[c].key; c++) {
		buf_take(&cell, buf_len(&cell));
		if (row)
			put_cell(&cell, row, &columns[c]);
		else
			buf_puts(&cell, columns[c].title);
		int width = columns[c + 1].key || columns[c].kind != COLUMN_TEXT ? (int)widths[c] : 0;
		if (columns[c].kind == COLUMN_TEXT)
			width = -width;
		buf_printf(out, "%*s%s", width, buf_str(&cell), columns[c + 1].key ? "  " : "\n");
	}
	buf_fini(&cell);
}

static void put_table(struct buf *out, const struct column *columns, const json_t *rows)
{
	size_t widths[COLUMNS_MAX];
	if (json_array_size(rows) == 0)
		return;
	measure(columns, rows, widths);
	buf_puts(out, "\n");
	put_row(out, columns, widths, NULL);
	for (size_t r = 0; r < json_array_size(rows); r++)
		put_row(out, columns, widths, json_array_get(rows, r));
}

int status_render(const char *answer, bool as_json, struct buf *out)
{
	json_t *root = json_loads(answer, 0, NULL);
	const json_t *status = json_object_get(root, "status");
	int err = json_is_object(status) ? 0 : ERR_SYNTAX;
	if (!err && as_json) {
		char *text = json_dumps(status, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
		buf_printf(out, "%s\n", text);
		free(text);
	} else if (!err) {
		put_head(out, status);
		put_table(out, mapping_columns, json_object_get(status, "mappings"));
		put_table(out, name_columns, json_object_get(status, "names"));
	}
	json_decref(root);
	return err;
}

static int show(const char *answer, bool as_json)
{
	struct buf out = BUF_INIT;
	int err = status_render(answer, as_json, &out);
	if (err)
		log_say("the running agent gave an answer without a status");
	else
		fputs(buf_str(&out), stdout);
	buf_fini(&out);
	return err ? EXIT_WORK : 0;
}

int status_command(const char *file, bool as_json)
{
	char *control, *answer = NULL;
	int code = EXIT_WORK;
	if (agent_config_control(file, &control) != 0)
		return EXIT_WORK;
	enum ask_result running = ask_agent(control, "{\"do\": \"status\"}", ASK_TIMEOUT_MS, &answer);
	if (running == ASK_NOBODY)
		log_say("no agent is running (nobody answers at %s)", control);
	if (running == ASK_OK)
		code = show(answer, as_json);
	mem_free(answer);
	mem_free(control);
	return code;
}
