#include "relay/status_json.h"

#include "relay/own_listeners.h"

#include <stdio.h>

static void put_loop(struct json *w, const struct loop *l)
{
	json_open(w, NULL, '{');
	json_str(w, "name", loop_name(l));
	json_uint(w, "longest_turn_us", loop_longest_turn_us(l));
	json_close(w);
}

static void put_loops(struct json *w, const struct context *c)
{
	json_open(w, "loops", '[');
	put_loop(w, c->main);
	for (unsigned i = 0; i < c->worker_count; i++)
		put_loop(w, c->workers[i].loop);
	json_close(w);
}

/* True: there are more behind the cursor. */
static bool put_names(const struct relay_parts *p, struct name_registry_cursor *at, struct json *w)
{
	json_open(w, "names", '[');
	bool more = p->names && name_registry_status(p->names, at, w);
	json_close(w);
	return more;
}

/* The question that is answered by what comes behind. */
static void put_more(const struct relay_parts *p, bool more, const struct name_registry_cursor *at,
		     struct json *w)
{
	if (!more)
		return;
	json_open(w, "more", '{');
	json_str(w, "do", "names");
	json_uint(w, "after", at->id);
	json_str(w, "name", at->name);
	json_uint(w, "names", name_registry_count(p->names));
	json_close(w);
}

void status_json_names(const struct relay_parts *p, uint64_t after, const char *name,
		       struct json *w)
{
	struct name_registry_cursor at = {.id = after};
	snprintf(at.name, sizeof at.name, "%s", name);
	put_more(p, put_names(p, &at, w), &at, w);
}

void status_json_write(const struct relay_parts *p, const struct buf *agents, const char *key,
		       struct json *w)
{
	struct name_registry_cursor at = {0};
	json_open(w, key, '{');
	json_str(w, "version", GROUNDNUT_VERSION);
	json_uint(w, "uptime_s", (loop_clock_ms() - p->started_ms) / 1000);
	put_loops(w, &p->context);
	json_open(w, "listeners", '[');
	own_listeners_status(p->listeners, w);
	if (p->dns_server)
		dns_server_status(p->dns_server, w);
	json_close(w);
	own_certificate_status(p->own_certificate, w);
	json_raw(w, "agents", (const char *)buf_data(agents), buf_len(agents));
	traffic_status(p->context.traffic, w);
	bool more = put_names(p, &at, w);
	if (key)
		json_close(w);
	put_more(p, more, &at, w);
	if (!key)
		json_close(w);
}
