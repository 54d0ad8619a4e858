#include "agent/status_output.h"

#include "agent/config.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/terminal_table.h"
#include "shared/net/status_command.h"
#include "shared/net/status_text.h"

#include <jansson.h>
#include <string.h>

enum { LABEL_WIDTH = 12 };

/* "-" for what is absent. */
static const char *text_of(const json_t *object, const char *key)
{
	const char *text = status_text_string(object, key);
	return text ? text : "-";
}

static bool is_text(const json_t *object, const char *key, const char *wanted)
{
	return !strcmp(text_of(object, key), wanted);
}

static void put_line(struct terminal_text *page, const char *label, enum terminal_text_paint paint,
		     const char *text)
{
	char *line = mem_printf("%-*s%s", LABEL_WIDTH, label, text);
	terminal_text_put(page, 0, LABEL_WIDTH, paint, line);
	mem_free(line);
}

static void put_opt_line(struct terminal_text *page, const char *label,
			 enum terminal_text_paint paint, const json_t *status, const char *key)
{
	if (status_text_string(status, key))
		put_line(page, label, paint, text_of(status, key));
}

static void put_relay(struct terminal_text *page, const json_t *status)
{
	struct buf line = BUF_INIT;
	char rtt[32];
	json_int_t resumed = json_integer_value(json_object_get(status, "resumed"));
	buf_printf(&line, "%s, %s", text_of(status, "relay"), text_of(status, "state"));
	if (*status_text_number(status, "rtt_ms", rtt) && is_text(status, "state", "attached"))
		buf_printf(&line, ", %s ms", rtt);
	if (resumed > 0)
		buf_printf(&line, ", resumed %lld time%s", (long long)resumed,
			   resumed == 1 ? "" : "s");
	put_line(page, "relay", status_text_paint(text_of(status, "state")), buf_str(&line));
	buf_fini(&line);
}

static void put_address(struct terminal_text *page, const json_t *status)
{
	const char *address = status_text_string(status, "address"), *nat = text_of(status, "nat");
	bool nat_known = strcmp(nat, "-") != 0 && strcmp(nat, "unknown") != 0;
	if (!address)
		return;
	char *line = nat_known ? mem_printf("%s (%s)", address, nat) : mem_strdup(address);
	put_line(page, "address", TEXT_PLAIN, line);
	mem_free(line);
}

/* The agent asks for bbr. Another congestion control is shown with how to get bbr. */
static void put_congestion(struct terminal_text *page, const json_t *status)
{
	const char *in_force = status_text_string(status, "congestion");
	if (!in_force)
		return;
	char *line = strcmp(in_force, "bbr") == 0
			 ? mem_strdup(in_force)
			 : mem_printf("%s; bbr is faster on long or lossy paths: %s", in_force,
				      "sudo modprobe tcp_bbr");
	put_line(page, "congestion", TEXT_PLAIN, line);
	mem_free(line);
}

/* The advice is about names that follow the home; without one it would only worry people. */
static bool follows_home(const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		if (is_text(json_array_get(names, i), "follow", "home"))
			return true;
	return false;
}

static void put_head(struct terminal_text *page, const json_t *status)
{
	char up[32];
	put_relay(page, status);
	put_opt_line(page, "link", TEXT_PLAIN, status, "link");
	put_congestion(page, status);
	put_opt_line(page, "last error", TEXT_RED, status, "last_error");
	put_opt_line(page, "relay says", TEXT_RED, status, "notice");
	put_address(page, status);
	if (follows_home(json_object_get(status, "names")))
		put_opt_line(page, "advice", TEXT_PLAIN, status, "advice");
	text_duration((uint64_t)json_integer_value(json_object_get(status, "uptime_s")), up);
	char *line = mem_printf("%s, version %s", up, text_of(status, "version"));
	put_line(page, "up", TEXT_PLAIN, line);
	mem_free(line);
}

static void add_note(struct terminal_table *t, const char *label, const char *text)
{
	char *line = mem_printf("%s %s", label, text);
	terminal_table_note(t, TEXT_PLAIN, line);
	mem_free(line);
}

static void add_name(struct terminal_table *t, const json_t *n)
{
	char sent[32], answered[32];
	const char *wanted = status_text_string(n, "wanted"), *last = status_text_string(n, "last");
	terminal_table_row(t, text_of(n, "name"), text_of(n, "follow"), text_of(n, "published"),
			   status_text_number(n, "updates_sent", sent),
			   status_text_number(n, "updates_answered", answered));
	if (wanted && !is_text(n, "published", wanted))
		add_note(t, "wanted", wanted);
	if (last)
		add_note(t, "last answer:", last);
}

static void put_names(struct terminal_text *page, const json_t *names)
{
	struct terminal_table t = TERMINAL_TABLE_INIT("lllrr");
	json_t *sorted = status_text_sorted(names, "name", NULL);
	terminal_table_row(&t, "NAME", "FOLLOWS", "PUBLISHED", "SENT", "ANSWERED");
	for (size_t i = 0; i < json_array_size(sorted); i++)
		add_name(&t, json_array_get(sorted, i));
	terminal_table_write(&t, 0, page);
	json_decref(sorted);
}

void status_output_render(const char *json, struct terminal_text *page)
{
	json_t *status = json_loads(json, 0, NULL);
	const json_t *mappings = json_object_get(status, "mappings"),
		     *names = json_object_get(status, "names");
	put_head(page, status);
	if (json_array_size(mappings)) {
		buf_puts(page->out, "\n");
		status_text_mappings(page, 0, mappings);
	}
	if (json_array_size(names)) {
		buf_puts(page->out, "\n");
		put_names(page, names);
	}
	json_decref(status);
}

bool status_output_is_up(const char *json)
{
	json_t *status = json_loads(json, 0, NULL);
	bool up = is_text(status, "state", "attached");
	json_decref(status);
	return up;
}

int status_output_run(const char *file, int flags)
{
	static const struct status_command command = {"agent", status_output_render,
						      status_output_is_up};
	char *control;
	if (agent_config_control(file, &control) != 0)
		return EXIT_WORK;
	int code = status_command_run(&command, control, flags);
	mem_free(control);
	return code;
}
