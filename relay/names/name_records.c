#include "relay/names/name_records.h"

#include "shared/base/mem.h"

#include <string.h>

void name_set_text(char **at, const char *text)
{
	char *copy = mem_strdup(text);
	mem_free(*at);
	*at = copy;
}

struct name *name_new(const char *name)
{
	struct name *n = mem_zalloc(sizeof(*n));
	n->name = mem_strdup(name);
	n->account = n->holder = "";
	list_init(&n->all);
	list_init(&n->same_account);
	list_init(&n->same_holder);
	list_init(&n->dirty);
	return n;
}

void name_free(struct name *n)
{
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		struct name_record *r = &n->records[t];
		const struct name_requests asked = name_requests(r);
		mem_free(r->agent);
		mem_free(r->ddns);
		mem_free(r->wanted);
		mem_free(asked.client);
		mem_free(asked.answer);
		mem_free(r->requests);
	}
	mem_free(n->name);
	mem_free(n);
}

void name_set_agent(struct name *n, const char *a, const char *aaaa)
{
	name_set_text(&n->records[PUBLISH_A].agent, a);
	name_set_text(&n->records[PUBLISH_AAAA].agent, aaaa);
}

bool name_has_agent(const struct name *n)
{
	return n->records[PUBLISH_A].agent || n->records[PUBLISH_AAAA].agent;
}

unsigned name_records(const struct name *n)
{
	unsigned count = 0;
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++)
		count += n->records[t].wanted != NULL;
	return count;
}

bool name_has_reason(const struct name *n)
{
	return n->own || n->declared || n->mapped || n->records[PUBLISH_A].ddns ||
	       n->records[PUBLISH_AAAA].ddns;
}

enum name_source name_want(const struct name *n, enum publish_type type,
			   const struct publish_set *relay, struct publish_set *out)
{
	const struct name_record *r = &n->records[type];
	bool follows = n->https || (r->agent && strcmp(r->agent, NAME_RELAY) == 0);
	out->count = 0;
	if (r->agent && strcmp(r->agent, NAME_RELAY) != 0) {
		publish_set_add(out, r->agent);
		return NAME_FROM_AGENT;
	}
	if (r->ddns && !follows) {
		if (strcmp(r->ddns, NAME_OFFLINE) != 0)
			publish_set_add(out, r->ddns);
		return NAME_FROM_DDNS;
	}
	/* A name that only DDNS updates brought never held the relay's addresses: a family that no
	 * update named stays empty. */
	if (n->own || n->declared || n->mapped)
		*out = relay[type];
	return r->agent ? NAME_FROM_AGENT : NAME_FROM_RELAY;
}

struct name_requests name_requests(const struct name_record *r)
{
	return r->requests ? *r->requests : (struct name_requests){0};
}

static void set_requests(struct name_record *r, uint64_t count, const char *client,
			 const char *answer)
{
	if (!r->requests)
		r->requests = mem_zalloc(sizeof(*r->requests));
	r->requests->count = count;
	name_set_text(&r->requests->client, client);
	name_set_text(&r->requests->answer, answer);
}

void name_note_request(struct name_record *r, const char *client, const char *answer)
{
	set_requests(r, name_requests(r).count + 1, client, answer);
}

/* Nothing was ever said of it, as of both records of a mapping's host. */
static bool is_blank(const struct name_record *r)
{
	return !r->agent && !r->ddns && !r->requests && !r->updated_ms;
}

void name_put(struct name *n, struct store_batch *b)
{
	for (unsigned t = 0; t < PUBLISH_ADDRESSES; t++) {
		const struct name_record *r = &n->records[t];
		if (t != PUBLISH_A && !n->stored[t] && is_blank(r))
			continue;
		const struct name_requests asked = name_requests(r);
		n->stored[t] = true;
		const struct store_name row = {.name = n->name,
					       .family = publish_type_number(t),
					       .account = n->account,
					       .holder = n->holder,
					       .agent = r->agent   ? r->agent
							: n->https ? NAME_HTTPS
								   : NULL,
					       .ddns = r->ddns,
					       .client = asked.client,
					       .answer = asked.answer,
					       .requests = asked.count,
					       .changes = r->changes,
					       .updated_ms = r->updated_ms};
		store_put_name(b, &row);
	}
}

/* Takes the store's text when it is an address or the word, else nothing. */
static void read_value(char **at, const char *text, const char *word)
{
	struct addr a;
	bool right = strcmp(text, word) == 0 || addr_parse_ip(text, &a) == 0;
	name_set_text(at, right ? text : NULL);
}

void name_read(struct name *n, const struct store_name *row)
{
	int type = publish_type_of_number(row->family);
	struct name_record *r = &n->records[type];
	n->stored[type] = true;
	r->changes = row->changes;
	r->updated_ms = row->updated_ms;
	if (row->requests)
		set_requests(r, row->requests, *row->client ? row->client : NULL,
			     *row->answer ? row->answer : NULL);
	read_value(&r->agent, row->agent, NAME_RELAY);
	read_value(&r->ddns, row->ddns, NAME_OFFLINE);
	/* All that the agent declared stands until it speaks again. */
	n->declared = n->declared || r->agent;
	n->https = n->https || strcmp(row->agent, NAME_HTTPS) == 0;
	n->mapped = n->mapped || *row->holder;
}
