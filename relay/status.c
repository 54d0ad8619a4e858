#include "relay/status.h"

#include "relay/ask.h"
#include "shared/base/cli.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 10, GAP = 2 };

/* Rows of texts, written with each column as wide as its widest. */
struct table {
	unsigned columns;
	char **cells;          /* owned, and each of them */
	size_t count;          /* of cells */
};

/* A screen's length of text: one a character, UTF-8 being what jansson let through. */
static size_t width(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* What an agent or a relay elsewhere wrote must not steer this terminal: C0, DEL and (as UTF-8) C1 become '?'. */
static char *harmless(const char *text)
{
	char *copy = mem_strdup(text), *to = copy;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			*to++ = '?';
			p++;
		} else {
			*to++ = (char)(*p < 0x20 || *p == 0x7f ? '?' : *p);
		}
	}
	*to = '\0';
	return copy;
}

static void add_cell(struct table *t, const char *text)
{
	t->cells = mem_resize(t->cells, (t->count + 1) * sizeof(*t->cells));
	t->cells[t->count++] = harmless(text);
}

static void add_row(struct table *t, ...)
{
	va_list args;
	va_start(args, t);
	for (unsigned i = 0; i < t->columns; i++) {
		const char *text = va_arg(args, const char *);
		add_cell(t, text && *text ? text : "-");
	}
	va_end(args);
}

static void put_table(struct table *t, const char *indent, struct buf *out)
{
	size_t widths[COLUMNS_MAX] = {0};
	for (size_t i = 0; i < t->count; i++)
		if (width(t->cells[i]) > widths[i % t->columns])
			widths[i % t->columns] = width(t->cells[i]);
	for (size_t i = 0; i < t->count; i++) {
		size_t column = i % t->columns;
		bool last = column + 1 == t->columns;
		if (!column)
			buf_puts(out, indent);
		buf_puts(out, t->cells[i]);
		for (size_t pad = width(t->cells[i]); !last && pad < widths[column] + GAP; pad++)
			buf_puts(out, " ");
		if (last)
			buf_puts(out, "\n");
		mem_free(t->cells[i]);
	}
	mem_free(t->cells);
	t->cells = NULL;
	t->count = 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* A number as text, or "" when there is none. */
static const char *number_of(const json_t *object, const char *key, char out[32])
{
	const json_t *value = json_object_get(object, key);
	out[0] = '\0';
	if (json_is_integer(value))
		snprintf(out, 32, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(out, 32, "%.1f", json_real_value(value));
	return out;
}

/* "1.5 GiB"; "" when there is none. */
static const char *bytes_of(const json_t *object, const char *key, char out[32])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	const json_t *value = json_object_get(object, key);
	double n = (double)json_integer_value(value);
	unsigned unit = 0;
	for (; n >= 1024 && unit < 5; unit++)
		n /= 1024;
	out[0] = '\0';
	if (json_is_integer(value))
		snprintf(out, 32, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
	return out;
}

static void put_uptime(const json_t *status, struct buf *out)
{
	long long s = json_integer_value(json_object_get(status, "uptime_s"));
	if (s >= 86400)
		buf_printf(out, "%lld d ", s / 86400);
	buf_printf(out, "%lld:%02lld:%02lld", s / 3600 % 24, s / 60 % 60, s % 60);
}

static void put_mappings(const json_t *agent, struct buf *out)
{
	struct table t = {.columns = 9};
	char now[32], total[32], in[32], back[32];
	size_t i;
	json_t *m;
	const json_t *mappings = json_object_get(agent, "mappings");
	if (!json_array_size(mappings)) {
		buf_puts(out, "    no mappings\n");
		return;
	}
	add_row(&t, "MAPPING", "PROTOCOL", "PUBLIC", "TARGET", "STATE", "NOW", "TOTAL", "IN", "OUT");
	json_array_foreach(mappings, i, m)
		add_row(&t, text_of(m, "name"), text_of(m, "protocol"), text_of(m, "public"), text_of(m, "target"),
			text_of(m, "state"), number_of(m, "connections", now), number_of(m, "connections_total", total),
			bytes_of(m, "bytes_in", in), bytes_of(m, "bytes_out", back));
	put_table(&t, "    ", out);
	json_array_foreach(mappings, i, m) {
		if (!text_of(m, "error"))
			continue;
		char *name = harmless(text_of(m, "name") ? text_of(m, "name") : "?"), *error = harmless(text_of(m, "error"));
		buf_printf(out, "    %s: %s\n", name, error);
		mem_free(name);
		mem_free(error);
	}
}

static void put_agent(const json_t *agent, struct buf *out)
{
	struct table t = {.columns = 6};
	char rtt[32], resumed[32];
	const char *account = text_of(agent, "account"), *name = text_of(agent, "agent"), *state = text_of(agent, "state");
	number_of(agent, "rtt_ms", rtt);
	number_of(agent, "resumed", resumed);
	char *who = mem_printf("%s/%s", account ? account : "?", name ? name : "?");
	char *from = mem_printf("from %s", text_of(agent, "remote") ? text_of(agent, "remote") : "-");
	char *since = mem_printf("since %s", text_of(agent, "since") ? text_of(agent, "since") : "-");
	char *far = mem_printf("rtt %s ms", *rtt ? rtt : "-");
	char *often = mem_printf("resumed %s", *resumed ? resumed : "-");
	add_row(&t, who, state, from, since, far, often);
	put_table(&t, "", out);
	mem_free(who);
	mem_free(from);
	mem_free(since);
	mem_free(far);
	mem_free(often);
	if (text_of(agent, "link")) {
		char *link = harmless(text_of(agent, "link"));
		buf_printf(out, "    %s\n", link);
		mem_free(link);
	}
	put_mappings(agent, out);
}

static void put_names(const json_t *names, struct buf *out)
{
	struct table t = {.columns = 6};
	size_t i;
	json_t *n;
	if (!json_array_size(names))
		return;
	add_row(&t, "NAME", "TYPE", "WANTED", "PUBLISHED", "SOURCE", "UPDATED");
	json_array_foreach(names, i, n)
		add_row(&t, text_of(n, "name"), text_of(n, "type"), text_of(n, "wanted"), text_of(n, "value"),
			text_of(n, "source"), text_of(n, "updated"));
	buf_puts(out, "\n");
	put_table(&t, "", out);
}

void status_render(const char *json, struct buf *out)
{
	json_t *status = json_loads(json, 0, NULL);
	const json_t *agents = json_object_get(status, "agents");
	char *version = harmless(text_of(status, "version") ? text_of(status, "version") : "?");
	size_t i, count = json_array_size(agents);
	json_t *agent;
	buf_printf(out, "groundnut-relay %s, up ", version);
	put_uptime(status, out);
	buf_printf(out, ", %zu agent%s\n", count, count == 1 ? "" : "s");
	json_array_foreach(agents, i, agent) {
		buf_puts(out, "\n");
		put_agent(agent, out);
	}
	put_names(json_object_get(status, "names"), out);
	mem_free(version);
	json_decref(status);
}

int status_print(const char *control, bool json)
{
	struct ask ask;
	int exit_code = 0;
	ask_relay(control, "status", &ask);
	if (ask.result == ASK_DONE && ask.status) {
		struct buf out = BUF_INIT;
		if (json)
			buf_printf(&out, "%s\n", ask.status);
		else
			status_render(ask.status, &out);
		fputs(buf_str(&out), stdout);
		buf_fini(&out);
	} else {
		log_say("%s", ask.result == ASK_DONE ? "the running relay's answer makes no sense" : ask.said);
		exit_code = EXIT_WORK;
	}
	ask_fini(&ask);
	return exit_code;
}
