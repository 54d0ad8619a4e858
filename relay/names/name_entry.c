#include "relay/names/name_entry.h"

#include "shared/base/mem.h"

#include <string.h>

static void replace(char **at, const char *text)
{
	char *copy = mem_strdup(text);
	mem_free(*at);
	*at = copy;
}

struct name_entry *name_entry_new(const char *name, const char *account)
{
	struct name_entry *e = mem_zalloc(sizeof(*e));
	e->name = mem_strdup(name);
	e->account = mem_strdup(account);
	e->holder = mem_strdup("");
	list_init(&e->same_account);
	list_init(&e->dirty);
	return e;
}

void name_entry_free(struct name_entry *e)
{
	for (unsigned which = 0; which < 2; which++) {
		mem_free(e->records[which].wanted);
		mem_free(e->records[which].client);
		mem_free(e->records[which].answer);
	}
	mem_free(e->slots);
	mem_free(e->name);
	mem_free(e->account);
	mem_free(e->holder);
	mem_free(e);
}

void name_entry_set_account(struct name_entry *e, const char *account)
{
	replace(&e->account, account);
}

void name_entry_set_holder(struct name_entry *e, const char *agent)
{
	replace(&e->holder, agent);
}

bool name_entry_has_reason(const struct name_entry *e)
{
	return e->own || e->wished || e->mapped ||
	       e->records[0].door_value != NAME_ENTRY_DOOR_NONE ||
	       e->records[1].door_value != NAME_ENTRY_DOOR_NONE;
}

enum name_entry_source name_entry_want(const struct name_entry *e, unsigned which,
				       const struct addr *relay, size_t relay_count,
				       struct publish_set *out)
{
	const struct name_entry_record *r = &e->records[which];
	out->count = 0;
	if (e->gone)
		return NAME_ENTRY_FROM_RELAY;
	if (r->agent_value == NAME_ENTRY_AGENT_HOME) {
		out->list[out->count++] = r->agent;
		return NAME_ENTRY_FROM_AGENT;
	}
	if (r->agent_value == NAME_ENTRY_AGENT_NONE && r->door_value != NAME_ENTRY_DOOR_NONE) {
		if (r->door_value == NAME_ENTRY_DOOR_ADDRESS)
			out->list[out->count++] = r->door;
		return NAME_ENTRY_FROM_DOOR;
	}
	/* A name that only the doors know never held the relay's addresses: a family that nobody
	 * named stays empty. */
	for (size_t i = 0; (e->own || e->wished || e->mapped) && i < relay_count &&
			   out->count < PUBLISH_ADDRESSES;
	     i++)
		if (relay[i].family == (which ? 6 : 4))
			out->list[out->count++] = relay[i];
	return r->agent_value == NAME_ENTRY_AGENT_RELAY ? NAME_ENTRY_FROM_AGENT
							: NAME_ENTRY_FROM_RELAY;
}

void name_entry_set_agent(struct name_entry_record *r, enum name_entry_agent value,
			  const struct addr *home)
{
	r->agent_value = value;
	r->agent = value == NAME_ENTRY_AGENT_HOME ? *home : (struct addr){0};
	r->agent.port = 0;
}

bool name_entry_set_door(struct name_entry_record *r, const struct addr *value, bool offline)
{
	if (offline) {
		bool changed = r->door_value != NAME_ENTRY_DOOR_OFFLINE;
		r->door_value = NAME_ENTRY_DOOR_OFFLINE;
		return changed;
	}
	bool changed = r->door_value != NAME_ENTRY_DOOR_ADDRESS || !addr_equal_ip(&r->door, value);
	r->door_value = NAME_ENTRY_DOOR_ADDRESS;
	r->door = *value;
	r->door.port = 0;
	return changed;
}

void name_entry_count(struct name_entry_record *r, const char *client, const char *answer)
{
	r->requests++;
	if (!r->client || strcmp(r->client, client) != 0)
		replace(&r->client, client);
	if (!r->answer || strcmp(r->answer, answer) != 0)
		replace(&r->answer, answer);
}

void name_entry_forget(struct name_entry *e)
{
	e->own = e->wished = e->mapped = false;
	name_entry_set_holder(e, "");
	for (unsigned which = 0; which < 2; which++) {
		struct name_entry_record *r = &e->records[which];
		mem_free(r->client);
		mem_free(r->answer);
		*r = (struct name_entry_record){.wanted = r->wanted};
	}
}

static const char *agent_text(const struct name_entry_record *r, char out[ADDR_TEXT])
{
	return r->agent_value == NAME_ENTRY_AGENT_HOME    ? addr_ip_text(&r->agent, out)
	       : r->agent_value == NAME_ENTRY_AGENT_RELAY ? "relay"
							  : "";
}

static const char *door_text(const struct name_entry_record *r, char out[ADDR_TEXT])
{
	return r->door_value == NAME_ENTRY_DOOR_ADDRESS   ? addr_ip_text(&r->door, out)
	       : r->door_value == NAME_ENTRY_DOOR_OFFLINE ? "offline"
							  : "";
}

void name_entry_put(const struct name_entry *e, struct store_batch *b)
{
	for (unsigned which = 0; which < 2; which++) {
		const struct name_entry_record *r = &e->records[which];
		char agent[ADDR_TEXT], door[ADDR_TEXT];
		const struct store_name row = {.name = e->name,
					       .family = which ? 6 : 4,
					       .account = e->account,
					       .holder = e->holder,
					       .agent = agent_text(r, agent),
					       .door = door_text(r, door),
					       .client = r->client,
					       .answer = r->answer,
					       .requests = r->requests,
					       .changes = r->changes,
					       .updated_ms = r->updated_ms};
		store_put_name(b, &row);
	}
}

void name_entry_read(struct name_entry *e, const struct store_name *row)
{
	struct name_entry_record *r = &e->records[row->family == 6];
	r->requests = row->requests;
	r->changes = row->changes;
	r->updated_ms = row->updated_ms;
	replace(&r->client, *row->client ? row->client : NULL);
	replace(&r->answer, *row->answer ? row->answer : NULL);
	if (strcmp(row->agent, "relay") == 0)
		r->agent_value = NAME_ENTRY_AGENT_RELAY;
	else if (addr_parse_ip(row->agent, &r->agent) == 0)
		r->agent_value = NAME_ENTRY_AGENT_HOME;
	if (strcmp(row->door, "offline") == 0)
		r->door_value = NAME_ENTRY_DOOR_OFFLINE;
	else if (addr_parse_ip(row->door, &r->door) == 0)
		r->door_value = NAME_ENTRY_DOOR_ADDRESS;
	name_entry_set_holder(e, row->holder);
	/* Until its agent speaks again, all that it declared stands. */
	e->wished = e->wished || *row->agent;
	e->mapped = e->mapped || *row->holder;
}
