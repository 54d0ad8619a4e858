#include "relay/names/names_status.h"

struct telling {
	struct name_table *entries;
	struct json *w;
};

static void write_record(const struct telling *to, const struct name_entry *e, unsigned which)
{
	static const char *const sources[] = {[NAME_ENTRY_FROM_RELAY] = "relay",
					      [NAME_ENTRY_FROM_DOOR] = "door",
					      [NAME_ENTRY_FROM_AGENT] = "agent"};
	const struct name_entry_record *r = &e->records[which];
	const struct publishers *outlets = name_table_outlets(to->entries);
	struct json *w = to->w;
	struct publish_set set;
	json_open(w, NULL, '{');
	json_str(w, "name", e->name);
	json_str(w, "type", which ? "AAAA" : "A");
	json_str(w, "wanted", r->wanted && *r->wanted ? r->wanted : NULL);
	json_str(w, "value", publishers_value(outlets, e, which));
	json_str(w, "source", sources[name_table_want(to->entries, e, which, &set)]);
	json_time(w, "updated", r->updated_ms);
	json_uint(w, "requests", r->requests);
	json_uint(w, "changes", r->changes);
	json_str(w, "client", r->client);
	json_str(w, "answer", r->answer);
	publishers_status(outlets, e, which, w);
	json_close(w);
}

static void write_entry(void *arg, struct name_entry *e)
{
	for (unsigned which = 0; which < 2; which++) {
		const struct name_entry_record *r = &e->records[which];
		/* A family that nobody has and nobody asked for is not worth a line. */
		if (!e->gone && ((r->wanted && *r->wanted) || r->requests))
			write_record(arg, e, which);
	}
}

void names_status_write(struct name_table *t, struct json *w)
{
	struct telling to = {.entries = t, .w = w};
	name_table_each(t, write_entry, &to);
}
