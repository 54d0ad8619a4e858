#include "relay/status.h"

#include "shared/base/mem.h"
#include "shared/base/text_table.h"
#include "shared/base/text.h"
#include "shared/net/control_client.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

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

/* An amount of bytes, or "" when there is none. */
static const char *bytes_of(const json_t *object, const char *key, char out[32])
{
	const json_t *value = json_object_get(object, key);
	out[0] = '\0';
	return json_is_integer(value) ? text_bytes((uint64_t)json_integer_value(value), out) : out;
}

static void put_mappings(const json_t *agent, struct buf *out)
{
	struct text_table t = TEXT_TABLE_INIT("lllllrrrr");
	char now[32], total[32], in[32], back[32];
	size_t i;
	json_t *m;
	const json_t *mappings = json_object_get(agent, "mappings");
	if (!json_array_size(mappings)) {
		buf_puts(out, "    no mappings\n");
		return;
	}
	text_table_row(&t, "MAPPING", "PROTOCOL", "PUBLIC", "TARGET", "STATE", "NOW", "TOTAL", "IN",
		       "OUT");
	json_array_foreach(mappings, i, m) text_table_row(
	    &t, text_of(m, "name"), text_of(m, "protocol"), text_of(m, "public"),
	    text_of(m, "target"), text_of(m, "state"), number_of(m, "connections", now),
	    number_of(m, "connections_total", total), bytes_of(m, "bytes_in", in),
	    bytes_of(m, "bytes_out", back));
	text_table_write(&t, "    ", out);
	json_array_foreach(mappings, i, m)
	{
		if (!text_of(m, "error"))
			continue;
		char *name = text_harmless(text_of(m, "name") ? text_of(m, "name") : "?"),
		     *error = text_harmless(text_of(m, "error"));
		buf_printf(out, "    %s: %s\n", name, error);
		mem_free(name);
		mem_free(error);
	}
}

static void put_agent(const json_t *agent, struct buf *out)
{
	struct text_table t = TEXT_TABLE_INIT("llllll");
	char rtt[32], resumed[32];
	const char *account = text_of(agent, "account"), *name = text_of(agent, "agent"),
		   *state = text_of(agent, "state");
	number_of(agent, "rtt_ms", rtt);
	number_of(agent, "resumed", resumed);
	char *who = mem_printf("%s/%s", account ? account : "?", name ? name : "?");
	char *from =
	    mem_printf("from %s", text_of(agent, "remote") ? text_of(agent, "remote") : "-");
	char *since =
	    mem_printf("since %s", text_of(agent, "since") ? text_of(agent, "since") : "-");
	char *far = mem_printf("rtt %s ms", *rtt ? rtt : "-");
	char *often = mem_printf("resumed %s", *resumed ? resumed : "-");
	text_table_row(&t, who, state, from, since, far, often);
	text_table_write(&t, "", out);
	mem_free(who);
	mem_free(from);
	mem_free(since);
	mem_free(far);
	mem_free(often);
	if (text_of(agent, "link")) {
		char *link = text_harmless(text_of(agent, "link"));
		buf_printf(out, "    %s\n", link);
		mem_free(link);
	}
	put_mappings(agent, out);
}

static void put_names(const json_t *names, struct buf *out)
{
	struct text_table t = TEXT_TABLE_INIT("llllll");
	size_t i;
	json_t *n;
	if (!json_array_size(names))
		return;
	text_table_row(&t, "NAME", "TYPE", "WANTED", "PUBLISHED", "SOURCE", "UPDATED");
	json_array_foreach(names, i, n)
	    text_table_row(&t, text_of(n, "name"), text_of(n, "type"), text_of(n, "wanted"),
			   text_of(n, "value"), text_of(n, "source"), text_of(n, "updated"));
	buf_puts(out, "\n");
	text_table_write(&t, "", out);
}

void status_render(const char *json, struct buf *out)
{
	json_t *status = json_loads(json, 0, NULL);
	const json_t *agents = json_object_get(status, "agents");
	char *version =
	    text_harmless(text_of(status, "version") ? text_of(status, "version") : "?");
	char up[32];
	size_t i, count = json_array_size(agents);
	json_t *agent;
	text_duration((uint64_t)json_integer_value(json_object_get(status, "uptime_s")), up);
	buf_printf(out, "groundnut-relay %s, up %s, %zu agent%s\n", version, up, count,
		   count == 1 ? "" : "s");
	json_array_foreach(agents, i, agent)
	{
		buf_puts(out, "\n");
		put_agent(agent, out);
	}
	put_names(json_object_get(status, "names"), out);
	mem_free(version);
	json_decref(status);
}

bool status_is_up(const char *json)
{
	json_t *status = json_loads(json, 0, NULL), *listener;
	bool up = json_is_object(status);
	size_t i;
	json_array_foreach(json_object_get(status, "listeners"), i, listener)
	{
		const char *state = text_of(listener, "state");
		up = up && state && strcmp(state, "open") == 0;
	}
	json_decref(status);
	return up;
}

int status_print(const char *control, bool json, bool check)
{
	if (check)
		return control_client_check_status(control, status_is_up);
	return control_client_print_status("relay", control, json, status_render);
}
