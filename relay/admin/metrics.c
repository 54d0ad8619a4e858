/*
 * Each metric is a row in a table: its name, its type, its help text, and the function that reads
 * its value from the status. The format wants all values of a metric behind one HELP and TYPE line,
 * so each row walks over all agents. A value that is missing in the status gives no line.
 */
#include "relay/admin/metrics.h"

#include "shared/base/date.h"

#include <jansson.h>
#include <string.h>

struct metric {
	const char *name, *type, *help;
	/* Reads the value from the object of an agent, mapping or quota. Negative: no value. */
	double (*value)(const json_t *object);
};

static const json_t *member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(member(object, key));
	return s ? s : "";
}

static double number(const json_t *object, const char *key)
{
	const json_t *value = member(object, key);
	return json_is_number(value) ? json_number_value(value) : -1;
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
	double ms = number(agent, "rtt_ms");
	return ms < 0 ? ms : ms / 1000;
}

static double resumed(const json_t *agent)
{
	return number(agent, "resumed");
}

static double outbox(const json_t *agent)
{
	return number(agent, "outbox_bytes");
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

static double connections(const json_t *m)
{
	return number(m, "connections");
}

static double connections_total(const json_t *m)
{
	return number(m, "connections_total");
}

static double flows(const json_t *m)
{
	return number(m, "flows");
}

static double dropped(const json_t *m)
{
	return number(m, "dropped");
}

static double bytes_in(const json_t *m)
{
	return number(m, "bytes_in");
}

static double bytes_out(const json_t *m)
{
	return number(m, "bytes_out");
}

static double quota_bytes(const json_t *quota)
{
	return number(quota, "quota_bytes");
}

static double quota_used(const json_t *quota)
{
	return number(quota, "quota_used");
}

static const struct metric of_quota[] = {
    {"groundnut_account_quota_bytes", "gauge", "What the account may carry a month.", quota_bytes},
    {"groundnut_account_quota_used_bytes", "gauge", "What of it is used in this month.",
     quota_used},
};

static const struct metric of_agent[] = {
    {"groundnut_agent_attached", "gauge", "Whether the agent has a connection to the relay.",
     attached},
    {"groundnut_agent_rtt_seconds", "gauge", "Round trip to the agent.", rtt},
    {"groundnut_agent_resumes_total", "counter",
     "How often its session went on over a new connection.", resumed},
    {"groundnut_agent_outbox_bytes", "gauge", "Kept for it until it says that it has them.",
     outbox},
};

static const struct metric of_mapping[] = {
    {"groundnut_mapping_open", "gauge", "Whether the relay lets visitors of it in.", mapping_open},
    {"groundnut_mapping_reachable", "gauge",
     "Whether the agent got through to it from outside; absent while it is unknown.", reachable},
    {"groundnut_mapping_target_up", "gauge",
     "Whether the service at home answers; absent while it is unknown.", target_up},
    {"groundnut_mapping_certificate_valid", "gauge",
     "Whether its https mapping has a certificate; absent while it waits for the first.",
     certificate_valid},
    {"groundnut_mapping_certificate_expiry_timestamp_seconds", "gauge",
     "When that certificate ends, in Unix time.", certificate_expiry},
    {"groundnut_mapping_connections", "gauge", "Visitors at this moment.", connections},
    {"groundnut_mapping_connections_total", "counter", "Visitors so far.", connections_total},
    {"groundnut_mapping_flows", "gauge", "UDP flows at this moment.", flows},
    {"groundnut_mapping_dropped_total", "counter", "UDP packets that were dropped.", dropped},
    {"groundnut_mapping_received_bytes_total", "counter", "Bytes from visitors toward home.",
     bytes_in},
    {"groundnut_mapping_sent_bytes_total", "counter", "Bytes from home toward visitors.",
     bytes_out},
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

static void put_head(struct buf *out, const struct metric *m)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
}

/* mapping: NULL for a metric of the agent itself. */
static void put_value(struct buf *out, const struct metric *m, const json_t *agent,
		      const json_t *mapping)
{
	double value = m->value(mapping ? mapping : agent);
	if (value < 0)
		return;
	buf_printf(out, "%s{", m->name);
	put_label(out, "account", text(agent, "account"));
	buf_puts(out, ",");
	put_label(out, "agent", text(agent, "agent"));
	if (mapping) {
		buf_puts(out, ",");
		put_label(out, "mapping", text(mapping, "name"));
	}
	buf_printf(out, "} %.17g\n", value);
}

static void put_quotas(struct buf *out, const json_t *quotas)
{
	for (size_t row = 0; row < sizeof of_quota / sizeof *of_quota; row++) {
		put_head(out, &of_quota[row]);
		for (size_t i = 0; i < json_array_size(quotas); i++) {
			const json_t *quota = json_array_get(quotas, i);
			buf_printf(out, "%s{", of_quota[row].name);
			put_label(out, "account", text(quota, "account"));
			buf_printf(out, "} %.17g\n", of_quota[row].value(quota));
		}
	}
}

static void put_agents(struct buf *out, const json_t *agents)
{
	for (size_t row = 0; row < sizeof of_agent / sizeof *of_agent; row++) {
		put_head(out, &of_agent[row]);
		for (size_t i = 0; i < json_array_size(agents); i++)
			put_value(out, &of_agent[row], json_array_get(agents, i), NULL);
	}
}

static void put_mappings(struct buf *out, const json_t *agents)
{
	for (size_t row = 0; row < sizeof of_mapping / sizeof *of_mapping; row++) {
		put_head(out, &of_mapping[row]);
		for (size_t i = 0; i < json_array_size(agents); i++) {
			const json_t *agent = json_array_get(agents, i);
			const json_t *list = member(agent, "mappings");
			for (size_t k = 0; k < json_array_size(list); k++)
				put_value(out, &of_mapping[row], agent, json_array_get(list, k));
		}
	}
}

static void put_one(struct buf *out, const char *name, const char *type, const char *help,
		    double value)
{
	const struct metric m = {name, type, help, NULL};
	put_head(out, &m);
	buf_printf(out, "%s %.17g\n", name, value);
}

static void put_relay(struct buf *out, const json_t *status)
{
	const json_t *listeners = member(status, "listeners");
	size_t open = 0, count = json_array_size(listeners);
	for (size_t i = 0; i < count; i++)
		open += is(json_array_get(listeners, i), "state", "open") > 0;
	put_one(out, "groundnut_uptime_seconds", "gauge", "Since the relay began.",
		number(status, "uptime_s"));
	put_one(out, "groundnut_listeners", "gauge", "What the relay itself listens on.",
		(double)count);
	put_one(out, "groundnut_listeners_open", "gauge", "How many of them are open.",
		(double)open);
}

bool metrics_write(const char *status, size_t len, struct buf *out)
{
	json_t *root = json_loadb(status, len, 0, NULL);
	if (!json_is_object(root)) {
		json_decref(root);
		return false;
	}
	put_relay(out, root);
	put_quotas(out, member(root, "quotas"));
	put_agents(out, member(root, "agents"));
	put_mappings(out, member(root, "agents"));
	json_decref(root);
	return true;
}
