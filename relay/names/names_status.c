#include "relay/names/names_status.h"

struct telling {
	struct entries *entries;
	struct json *w;
};

static void write_record(const struct telling *to, const struct entry *e, unsigned which)
{
	static const char *const sources[] = {
	    [ENTRY_FROM_RELAY] = "relay", [ENTRY_FROM_DOOR] = "door", [ENTRY_FROM_AGENT] = "agent"};
	const struct entry_record *r = &e->records[which];
	const struct outlets *outlets = entries_outlets(to->entries);
	struct json *w = to->w;
	struct publish_set set;
	json_open(w, NULL, '{');
	json_str(w, "name", e->name);
	json_str(w, "type", which ? "AAAA" : "A");
	json_str(w, "wanted", r->wanted && *r->wanted ? r->wanted : NULL);
	json_str(w, "value", outlets_value(outlets, e, which));
	json_str(w, "source", sources[entries_want(to->entries, e, which, &set)]);
	json_time(w, "updated", r->updated_ms);
	json_uint(w, "requests", r->requests);
	json_uint(w, "changes", r->changes);
	json_str(w, "client", r->client);
	json_str(w, "answer", r->answer);
	outlets_status(outlets, e, which, w);
	json_close(w);
}

static void write_entry(void *arg, struct entry *e)
{
	for (unsigned which = 0; which < 2; which++) {
		const struct entry_record *r = &e->records[which];
		/* A family that nobody has and nobody asked for is not worth a line. */
		if (!e->gone && ((r->wanted && *r->wanted) || r->requests))
			write_record(arg, e, which);
	}
}

void names_status_write(struct entries *t, struct json *w)
{
	struct telling to = {.entries = t, .w = w};
	entries_each(t, write_entry, &to);
}
