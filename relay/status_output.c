#include "relay/status_output.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/terminal_table.h"
#include "shared/net/status_command.h"
#include "shared/net/status_text.h"

#include <jansson.h>
#include <string.h>

enum { INDENT = 4 };

/* "?" for what is absent. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = status_text_string(object, key);
	return text ? text : "?";
}

static bool is_open(const json_t *listener)
{
	return !strcmp(text_of(listener, "state"), "open");
}

static void put_listeners(struct terminal_text *page, const json_t *listeners)
{
	struct terminal_table t = TERMINAL_TABLE_INIT("lll");
	if (!json_array_size(listeners))
		return;
	terminal_table_row(&t, "LISTENER", "STATE", "AT");
	for (size_t i = 0; i < json_array_size(listeners); i++) {
		const json_t *l = json_array_get(listeners, i);
		terminal_table_cell(&t, status_text_string(l, "for"));
		terminal_table_cell(&t, status_text_string(l, "state"));
		terminal_table_paint(&t, status_text_paint(status_text_string(l, "state")));
		terminal_table_cell(&t, status_text_string(l, "at"));
		if (status_text_string(l, "error"))
			terminal_table_note(&t, TEXT_RED, status_text_string(l, "error"));
	}
	buf_puts(page->out, "\n");
	terminal_table_write(&t, 0, page);
}

/* The line of an agent: what is not known is left out. */
static char *agent_line(const json_t *agent)
{
	struct buf line = BUF_INIT;
	char rtt[32];
	json_int_t resumed = json_integer_value(json_object_get(agent, "resumed"));
	buf_printf(&line, "%s/%s  %s", text_of(agent, "account"), text_of(agent, "agent"),
		   text_of(agent, "state"));
	if (status_text_string(agent, "since"))
		buf_printf(&line, " since %s", text_of(agent, "since"));
	if (status_text_string(agent, "remote"))
		buf_printf(&line, " from %s", text_of(agent, "remote"));
	if (*status_text_number(agent, "rtt_ms", rtt))
		buf_printf(&line, ", %s ms", rtt);
	if (status_text_string(agent, "congestion"))
		buf_printf(&line, ", %s", text_of(agent, "congestion"));
	if (resumed > 0)
		buf_printf(&line, ", resumed %lld time%s", (long long)resumed,
			   resumed == 1 ? "" : "s");
	char *text = mem_strdup(buf_str(&line));
	buf_fini(&line);
	return text;
}

static void put_agent(struct terminal_text *page, const json_t *agent)
{
	const json_t *mappings = json_object_get(agent, "mappings");
	char *line = agent_line(agent);
	buf_puts(page->out, "\n");
	terminal_text_put(page, 0, INDENT, status_text_paint(text_of(agent, "state")), line);
	mem_free(line);
	if (status_text_string(agent, "link"))
		terminal_text_put(page, INDENT, INDENT, TEXT_PLAIN, text_of(agent, "link"));
	if (json_array_size(mappings))
		status_text_mappings(page, INDENT, mappings);
	else
		terminal_text_put(page, INDENT, INDENT, TEXT_PLAIN, "no mappings");
}

static void note_published(struct terminal_table *t, const json_t *name)
{
	const json_t *published = json_object_get(name, "published");
	if (!status_text_string(name, "value") ||
	    strcmp(text_of(name, "value"), text_of(name, "wanted")) != 0) {
		char *line = mem_printf("published %s", status_text_string(name, "value")
							    ? text_of(name, "value")
							    : "nowhere yet");
		terminal_table_note(t, TEXT_PLAIN, line);
		mem_free(line);
	}
	for (size_t i = 0; i < json_array_size(published); i++) {
		const json_t *p = json_array_get(published, i);
		if (!status_text_string(p, "error"))
			continue;
		char *line = mem_printf("%s: %s", text_of(p, "kind"), text_of(p, "error"));
		terminal_table_note(t, TEXT_RED, line);
		mem_free(line);
	}
}

static void put_names(struct terminal_text *page, const json_t *names)
{
	struct terminal_table t = TERMINAL_TABLE_INIT("lllll");
	if (!json_array_size(names))
		return;
	json_t *sorted = status_text_sorted(names, "name", "type");
	terminal_table_row(&t, "NAME", "TYPE", "WANTED", "SOURCE", "UPDATED");
	for (size_t i = 0; i < json_array_size(sorted); i++) {
		const json_t *n = json_array_get(sorted, i);
		terminal_table_row(&t, status_text_string(n, "name"), status_text_string(n, "type"),
				   status_text_string(n, "wanted"), status_text_string(n, "source"),
				   status_text_string(n, "updated"));
		note_published(&t, n);
	}
	buf_puts(page->out, "\n");
	terminal_table_write(&t, 0, page);
	json_decref(sorted);
}

/* Quotas that are used, or nearly. */
static void put_quotas(struct terminal_text *page, const json_t *quotas)
{
	for (size_t i = 0; i < json_array_size(quotas); i++) {
		const json_t *q = json_array_get(quotas, i);
		if (!status_text_string(q, "said"))
			continue;
		buf_puts(page->out, "\n");
		terminal_text_put(page, 0, INDENT, TEXT_RED, text_of(q, "said"));
	}
}

/* Names that did not fit into the first answer. */
static void put_more(struct terminal_text *page, const json_t *more)
{
	char count[32];
	if (!*status_text_number(more, "names", count))
		return;
	char *line = mem_printf("… of %s names; all of them: groundnut-relay status --json", count);
	terminal_text_put(page, 0, INDENT, TEXT_PLAIN, line);
	mem_free(line);
}

void status_output_render(const char *json, struct terminal_text *page)
{
	json_t *status = json_loads(json, 0, NULL);
	json_t *agents = status_text_sorted(json_object_get(status, "agents"), "account", "agent");
	size_t count = json_array_size(agents);
	char up[32];
	text_duration((uint64_t)json_integer_value(json_object_get(status, "uptime_s")), up);
	char *head = mem_printf("groundnut-relay %s, up %s, %zu agent%s",
				text_of(status, "version"), up, count, count == 1 ? "" : "s");
	terminal_text_put(page, 0, INDENT, TEXT_PLAIN, head);
	mem_free(head);
	put_listeners(page, json_object_get(status, "listeners"));
	for (size_t i = 0; i < count; i++)
		put_agent(page, json_array_get(agents, i));
	put_quotas(page, json_object_get(status, "quotas"));
	put_names(page, json_object_get(status, "names"));
	put_more(page, json_object_get(status, "more"));
	json_decref(agents);
	json_decref(status);
}

bool status_output_is_up(const char *json)
{
	json_t *status = json_loads(json, 0, NULL);
	const json_t *listeners = json_object_get(status, "listeners");
	bool up = json_is_object(status);
	for (size_t i = 0; i < json_array_size(listeners); i++)
		up = up && is_open(json_array_get(listeners, i));
	json_decref(status);
	return up;
}

int status_output_run(const char *control, int flags)
{
	static const struct status_command command = {"relay", status_output_render,
						      status_output_is_up};
	return status_command_run(&command, control, flags);
}
