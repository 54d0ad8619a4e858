/*
 * Each metric is a row in a table: its name, its type, its help text, and the member of the status
 * that is its value, or the function that reads it from there. The format wants all values of a
 * metric behind one HELP and TYPE line, so each row walks over all agents. A value that is missing
 * in the status gives no line.
 */
#include "shared/admin/metrics_text.h"

#include "shared/base/date.h"

#include <jansson.h>
#include <string.h>

static const json_t *member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(member(object, key));
	return s ? s : "";
}

static double is(const json_t *object, const char *key, const char *wanted)
{
	return strcmp(text(object, key), wanted) == 0;
}

static double attached(const json_t *agent)
{
	return is(agent, "state", "attached");
}

static double rtt(const json_t *agent)
{
	double ms = metrics_text_number(agent, "rtt_ms");
	return ms < 0 ? ms : ms / 1000;
}

static double mapping_open(const json_t *m)
{
	return is(m, "state", "open");
}

/* 1 or 0; no value for every other state, such as "unknown". */
static double yes_or_no(const json_t *state, const char *yes, const char *no)
{
	return is(state, "state", yes) ? 1 : is(state, "state", no) ? 0 : -1;
}

static double reachable(const json_t *m)
{
	return yes_or_no(member(m, "reachable"), "yes", "no");
}

static double target_up(const json_t *m)
{
	return yes_or_no(member(m, "target_state"), "up", "down");
}

/* No value for a mapping without certificate. */
static double certificate_valid(const json_t *m)
{
	return yes_or_no(member(m, "certificate"), "valid", "error");
}

static double certificate_expiry(const json_t *m)
{
	uint64_t ms;
	return date_parse(text(member(m, "certificate"), "not_after"), &ms) == 0 ? (double)ms / 1000
										 : -1;
}

static const struct metrics_text_row of_agent[] = {
    {"groundnut_agent_attached", "gauge", "Whether the agent has a connection to the relay.",
     attached, NULL},
    {"groundnut_agent_rtt_seconds", "gauge", "Round trip to the agent.", rtt, NULL},
    {"groundnut_agent_resumes_total", "counter",
     "How often its session went on over a new connection.", NULL, "resumed"},
    {"groundnut_agent_outbox_bytes", "gauge", "Kept for it until it says that it has them.", NULL,
     "outbox_bytes"},
};

static const struct metrics_text_row of_mapping[] = {
    {"groundnut_mapping_open", "gauge", "Whether the relay lets visitors of it in.", mapping_open,
     NULL},
    {"groundnut_mapping_reachable", "gauge",
     "Whether the agent got through to it from outside; absent while it is unknown.", reachable,
     NULL},
    {"groundnut_mapping_target_up", "gauge",
     "Whether the service at home answers; absent while it is unknown.", target_up, NULL},
    {"groundnut_mapping_certificate_valid", "gauge",
     "Whether its https mapping has a certificate; absent while it waits for the first.",
     certificate_valid, NULL},
    {"groundnut_mapping_certificate_expiry_timestamp_seconds", "gauge",
     "When that certificate ends, in Unix time.", certificate_expiry, NULL},
    {"groundnut_mapping_connections", "gauge", "Visitors at this moment.", NULL, "connections"},
    {"groundnut_mapping_connections_total", "counter", "Visitors so far.", NULL,
     "connections_total"},
    {"groundnut_mapping_flows", "gauge", "UDP flows at this moment.", NULL, "flows"},
    {"groundnut_mapping_dropped_total", "counter", "UDP packets that were dropped.", NULL,
     "dropped"},
    {"groundnut_mapping_received_bytes_total", "counter", "Bytes from visitors toward home.", NULL,
     "bytes_in"},
    {"groundnut_mapping_sent_bytes_total", "counter", "Bytes from home toward visitors.", NULL,
     "bytes_out"},
};

static void put_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			buf_puts(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else
			buf_put(out, value, 1);
	}
	buf_puts(out, "\"");
}

static void put_head(struct buf *out, const struct metrics_text_row *m)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
}

/* Writes a label, behind a comma if it is not the first; nothing when the object does not have
 * it. */
static void put_member(struct buf *out, const char *comma, const char *name, const json_t *object,
		       const char *key)
{
	if (!member(object, key))
		return;
	buf_puts(out, comma);
	put_label(out, name, text(object, key));
}

/* mapping: NULL for a metric of the object itself. */
static void put_value(struct buf *out, const struct metrics_text_row *m, const json_t *object,
		      const json_t *mapping)
{
	const json_t *from = mapping ? mapping : object;
	double value = m->value ? m->value(from) : metrics_text_number(from, m->member);
	if (value < 0)
		return;
	buf_printf(out, "%s{", m->name);
	put_member(out, "", "account", object, "account");
	put_member(out, ",", "agent", object, "agent");
	if (mapping)
		put_member(out, ",", "mapping", mapping, "name");
	buf_printf(out, "} %.17g\n", value);
}

void metrics_text_rows(struct buf *out, const struct metrics_text_row *rows, size_t count,
		       const json_t *objects)
{
	for (size_t row = 0; row < count; row++) {
		put_head(out, &rows[row]);
		for (size_t i = 0; i < json_array_size(objects); i++)
			put_value(out, &rows[row], json_array_get(objects, i), NULL);
	}
}

static void put_mappings(struct buf *out, const struct metrics_text_row *m, const json_t *agents)
{
	put_head(out, m);
	for (size_t i = 0; i < json_array_size(agents); i++) {
		const json_t *agent = json_array_get(agents, i), *list = member(agent, "mappings");
		for (size_t k = 0; k < json_array_size(list); k++)
			put_value(out, m, agent, json_array_get(list, k));
	}
}

void metrics_text_agents(struct buf *out, const json_t *agents)
{
	metrics_text_rows(out, of_agent, sizeof of_agent / sizeof *of_agent, agents);
	for (size_t row = 0; row < sizeof of_mapping / sizeof *of_mapping; row++)
		put_mappings(out, &of_mapping[row], agents);
}

void metrics_text_one(struct buf *out, const char *name, const char *help, double value)
{
	const struct metrics_text_row m = {.name = name, .type = "gauge", .help = help};
	put_head(out, &m);
	buf_printf(out, "%s %.17g\n", name, value);
}

double metrics_text_number(const json_t *object, const char *key)
{
	const json_t *value = member(object, key);
	return json_is_number(value) ? json_number_value(value) : -1;
}
