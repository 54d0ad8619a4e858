#include "relay/doors/live_visitors.h"

#include <string.h>

static bool is_meant(const char *wanted, const char *name)
{
	return !*wanted || !strcmp(wanted, name);
}

static void tell(const struct door *d, const struct door_visitor *v, struct json *w)
{
	char from[ADDR_TEXT];
	json_open(w, NULL, '{');
	json_uint(w, "id", v->id);
	json_str(w, "account", d->tenant->account);
	json_str(w, "agent", d->tenant->agent);
	json_str(w, "mapping", d->mapping.name);
	json_str(w, "protocol", mapping_kind(d->mapping.protocol)->word);
	json_str(w, "visitor", addr_ip_text(v->from, from));
	json_time(w, "since",
		  loop_wall_ms() - (loop_now_ms(d->tenant->worker->loop) - v->since_ms));
	json_uint(w, "bytes_in", v->count.to_stream);
	json_uint(w, "bytes_out", v->count.from_stream);
	json_close(w);
}

static void cut(struct door *d, uint64_t id, struct live_visitors_tally *tally, struct json *w)
{
	LIST_EACH(node, &d->inside)
	{
		struct door_visitor *v = LIST_ENTRY(node, struct door_visitor, node);
		if (v->id != id)
			continue;
		atomic_fetch_add(&tally->total, 1);
		tell(d, v, w);
		d->kind->cut(d, v);
		return;
	}
}

void live_visitors_tell(struct door *d, const struct live_visitors_wish *wish,
			struct live_visitors_tally *tally, struct json *w)
{
	if (!is_meant(wish->account, d->tenant->account) ||
	    !is_meant(wish->agent, d->tenant->agent) || !is_meant(wish->mapping, d->mapping.name))
		return;
	if (wish->id) {
		cut(d, wish->id, tally, w);
		return;
	}
	atomic_fetch_add(&tally->total, d->inside_count);
	LIST_EACH(node, &d->inside)
	{
		if (atomic_fetch_add(&tally->told, 1) >= LIVE_VISITORS_MOST)
			return;
		tell(d, LIST_ENTRY(node, const struct door_visitor, node), w);
	}
}
