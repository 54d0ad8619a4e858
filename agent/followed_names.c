/*
 * When a link is up, a probe finds out how the home is connected. When the verdict changes, DECLARE
 * is due. STATE then brings the relay's answer for each name.
 *
 * Ways to fail: the probe hears nothing (the verdict stays, or is unknown), or the relay does not
 * report a name (its count of answers stays behind).
 */
#include "agent/followed_names.h"

#include "agent/nat_probe.h"
#include "shared/base/hash_table.h"
#include "shared/base/idn.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/udp_socket.h"

#include <stdio.h>
#include <string.h>

struct followed {
	uint64_t sent, answered; /* reports */
	/* what the relay had counted when it last told; it counts from its own start */
	uint64_t counted;
	char *name, *wanted, *published, *last;
};

struct followed_names {
	struct loop *loop;
	followed_names_fn *fn;
	void *owner;
	struct name_entry_list names;
	struct followed *state; /* one for each of names */
	struct nat_probe *probe;
	struct addr relay, seen, address6;
	enum nat_verdict nat;
	bool judged; /* nat is about the address seen now */
};

struct followed_names *followed_names_new(struct loop *l, followed_names_fn *fn, void *owner)
{
	struct followed_names *f = mem_zalloc(sizeof *f);
	f->loop = l;
	f->fn = fn;
	f->owner = owner;
	return f;
}

static void forget(struct followed *s)
{
	mem_free(s->name);
	mem_free(s->wanted);
	mem_free(s->published);
	mem_free(s->last);
}

void followed_names_free(struct followed_names *f)
{
	if (!f)
		return;
	nat_probe_close(f->probe);
	for (size_t i = 0; i < f->names.count; i++)
		forget(&f->state[i]);
	mem_free(f->state);
	name_entry_list_fini(&f->names);
	mem_free(f);
}

/* A name that stays keeps its counts. */
void followed_names_set(struct followed_names *f, const struct name_entry_list *names)
{
	struct followed *fresh = mem_zalloc(names->count * sizeof *fresh);
	struct hash_table *kept = hash_table_new();
	for (size_t i = 0; i < names->count; i++)
		hash_table_add(kept, names->items[i].host, strlen(names->items[i].host), &fresh[i]);
	for (size_t i = 0; i < f->names.count; i++) {
		const char *host = f->names.items[i].host;
		struct followed *at = hash_table_get(kept, host, strlen(host));
		if (at)
			*at = f->state[i];
		else
			forget(&f->state[i]);
	}
	hash_table_free(kept);
	mem_free(f->state);
	f->state = fresh;
	name_entry_list_fini(&f->names);
	name_entry_list_copy(&f->names, names);
}

bool followed_names_has_names(const struct followed_names *f)
{
	return f->names.count > 0;
}

/* --- how the home is connected --- */

/* The v6 address that the world would see: the one that a datagram to a public address would come
 * from. No datagram is sent. */
static struct addr own_v6(struct loop *l)
{
	struct addr to, mine;
	int err;
	addr_parse("[2001:500:2f::f]:53", &to);
	struct udp_socket *u = udp_socket_connect(l, &to, 0, NULL, NULL, &err);
	mine = u ? udp_socket_local(u) : (struct addr){0};
	if (!addr_is_public(&mine))
		mine = (struct addr){0};
	udp_socket_close(u);
	mine.port = 0;
	return mine;
}

/* Whether the facts say too little: while the path is down the probe hears nobody, or only the
 * home's router. */
static bool heard_little(const struct nat_facts *facts)
{
	unsigned heard = 0;
	for (size_t i = 0; i < NAT_HOPS; i++)
		heard += facts->hops[i].family != 0;
	return heard < 2;
}

static void on_facts(void *owner, const struct nat_facts *facts)
{
	struct followed_names *f = owner;
	f->probe = NULL;
	enum nat_verdict nat = nat_judge(facts);
	if (f->judged && (nat == f->nat || (nat == NAT_UNKNOWN && heard_little(facts))))
		return;
	bool awaited = !f->judged && followed_names_has_names(f), news = nat != f->nat;
	f->judged = true;
	f->nat = nat;
	if (news)
		log_info("nat", "verdict=%s", nat_text(nat));
	if (news || awaited)
		f->fn(f->owner);
}

void followed_names_look(struct followed_names *f)
{
	struct addr mine = own_v6(f->loop);
	bool moved = !addr_equal_ip(&mine, &f->address6);
	f->address6 = mine;
	nat_probe_close(f->probe);
	f->probe = f->relay.family ? nat_probe_start(f->loop, &f->relay,
						     f->seen.family ? &f->seen : NULL, on_facts, f)
				   : NULL;
	if (moved && followed_names_has_names(f))
		f->fn(f->owner);
}

void followed_names_attached(struct followed_names *f, const struct addr *relay, const char *seen)
{
	struct addr now;
	if (addr_parse_ip(seen, &now) < 0)
		now = (struct addr){0};
	if (!addr_equal_ip(&f->seen, &now))
		f->judged = false;
	f->relay = *relay;
	f->seen = now;
	followed_names_look(f);
}

/* --- what goes and comes --- */

void followed_names_declare(struct followed_names *f, struct declare *d)
{
	d->names = f->names;
	d->address6 = f->address6;
	d->judged = f->seen;
	snprintf(d->nat, sizeof d->nat, "%s", f->judged ? nat_text(f->nat) : "pending");
	for (size_t i = 0; i < f->names.count; i++)
		f->state[i].sent++;
}

/* The relay reports full names. A name here is the full name, or its beginning. */
static bool is_of(const char *full, const char *host)
{
	size_t len = strlen(host);
	if (len && host[len - 1] == '.')
		return strlen(full) == len - 1 && !strncmp(full, host, len - 1);
	return !strncmp(full, host, len) && (full[len] == 0 || full[len] == '.');
}

static void set(char **at, const char *text)
{
	mem_free(*at);
	*at = mem_strdup(text);
}

static const struct name_report *report_of(const struct state *s, const char *host)
{
	const struct name_report *found = NULL;
	for (size_t i = 0; i < s->name_count; i++)
		if (is_of(s->names[i].name, host) &&
		    (!found || strlen(s->names[i].name) < strlen(found->name)))
			found = &s->names[i];
	return found;
}

void followed_names_stated(struct followed_names *f, const struct state *s)
{
	for (size_t i = 0; i < f->names.count; i++) {
		const struct name_report *r = report_of(s, f->names.items[i].host);
		struct followed *at = &f->state[i];
		if (!r)
			continue;
		uint64_t more = r->counted >= at->counted ? r->counted - at->counted : r->counted;
		at->answered += more < at->sent - at->answered ? more : at->sent - at->answered;
		at->counted = r->counted;
		bool news = strcmp(at->published ? at->published : "",
				   r->published ? r->published : "") != 0;
		set(&at->name, r->name);
		set(&at->wanted, r->wanted);
		set(&at->published, r->published);
		set(&at->last, r->answer);
		if (news)
			log_info("name_published", "name=%s value=%s", r->name, r->published);
	}
}

void followed_names_status(const struct followed_names *f, struct json *w)
{
	json_str(w, "nat", nat_text(f->nat));
	json_str(w, "advice", nat_advice(f->nat));
	json_open(w, "names", '[');
	for (size_t i = 0; i < f->names.count; i++) {
		const struct followed *at = &f->state[i];
		const struct name_entry *entry = &f->names.items[i];
		char *name =
		    idn_as_typed(at->name ? at->name : entry->host, entry->host, entry->host_typed);
		json_open(w, NULL, '{');
		json_str(w, "name", name);
		mem_free(name);
		json_str(w, "follow", name_follow_text(entry->follow));
		json_str(w, "wanted", at->wanted);
		json_str(w, "published", at->published);
		json_uint(w, "updates_sent", at->sent);
		json_uint(w, "updates_answered", at->answered);
		json_str(w, "last", at->last);
		json_close(w);
	}
	json_close(w);
}
