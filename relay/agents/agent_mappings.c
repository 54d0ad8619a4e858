/*
 * DECLARE: doors whose mapping is the same stay, the others close, then new ones open; STATE tells
 * what became of each. A door that may not be opened, or cannot be, keeps its reason and is tried
 * again each RETRY_MS. Other accounts or another configuration: each open door is judged again.
 *
 * Between two sessions the doors are orphans. Their mapping ids mean nothing any more, so that the
 * next DECLARE finds them by protocol and public side.
 */
#include "relay/agents/agent_mappings.h"

#include "relay/agents/mapping_rights.h"
#include "relay/doors/door.h"
#include "shared/base/hash_table.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_MS = 2000 }; /* a door that could not be opened is tried again that often */
enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

struct agent_mappings {
	struct door_owner *tenant;
	struct door **doors; /* in the order of the DECLARE */
	struct door **by_id; /* the same, by their mappings' ids */
	size_t count;
	uint64_t serial;           /* of the last DECLARE */
	struct name_report *names; /* what became of its names */
	size_t name_count;
	struct challenge_report *challenges; /* and of its challenges */
	size_t challenge_count;
	/* the doors are of the session before; the next DECLARE adopts or closes them */
	bool orphans;
	struct timer *retry;
};

static void try_all(struct agent_mappings *all);

static void on_retry(void *owner)
{
	try_all(owner);
}

struct agent_mappings *agent_mappings_new(struct door_owner *t)
{
	struct agent_mappings *all = mem_zalloc(sizeof *all);
	all->tenant = t;
	all->retry = timer_new(t->worker->loop, on_retry, all);
	return all;
}

void agent_mappings_free(struct agent_mappings *all)
{
	if (!all)
		return;
	agent_mappings_close(all);
	timer_close(all->retry);
	name_reports_free(all->names, all->name_count);
	challenge_reports_free(all->challenges, all->challenge_count);
	mem_free(all);
}

/* --- STATE --- */

/* What a visitor types: the port only where it is not the protocol's usual one. */
static char *public_host(const struct door *d)
{
	bool http = mapping_kind(d->mapping.protocol)->entrance == MAPPING_SHARED_HTTP;
	unsigned port = door_typed_port(d);
	return port == (http ? HTTP_PORT : HTTPS_PORT) ? mem_strdup(d->host)
						       : mem_printf("%s:%u", d->host, port);
}

static char *public_text(const struct agent_mappings *all, const struct door *d)
{
	const struct mapping *m = &d->mapping;
	if (d->host)
		return public_host(d);
	const struct relay_config *c = all->tenant->worker->config;
	struct addr at = c->address_count ? c->addresses[0] : (struct addr){.family = 4};
	char text[ADDR_TEXT];
	at.port = m->first;
	addr_text(&at, text);
	return m->first == m->last ? mem_strdup(text) : mem_printf("%s-%u", text, m->last);
}

static void send_state(struct agent_mappings *all)
{
	struct transport *k = all->tenant->transport;
	struct state s = {.serial = all->serial, .mapping_count = all->count};
	char address[ADDR_TEXT];
	s.address = mem_strdup(addr_ip_text(&all->tenant->remote, address));
	s.notice = door_owner_quota_sentence(all->tenant);
	s.mappings = mem_zalloc(all->count * sizeof *s.mappings);
	for (size_t i = 0; i < all->count; i++) {
		const struct door *d = all->doors[i];
		char *why = door_why_closed(d, false);
		s.mappings[i] = (struct mapping_report){
		    .id = d->mapping.id,
		    .state = why ? MAPPING_ERROR : MAPPING_OPEN,
		    .public_text = why ? NULL : public_text(all, d),
		    .error = why,
		    .host = mem_strdup(d->host),
		};
	}
	s.names = all->names; /* borrowed */
	s.name_count = all->name_count;
	s.challenges = all->challenges; /* borrowed, too */
	s.challenge_count = all->challenge_count;
	struct buf json = BUF_INIT;
	state_write(&s, &json);
	s.names = NULL;
	s.name_count = 0;
	s.challenges = NULL;
	s.challenge_count = 0;
	tunnel_state(transport_tunnel(k), &json);
	transport_mark(k);
	buf_fini(&json);
	state_fini(&s);
}

void agent_mappings_set_names(struct agent_mappings *all, struct name_report *reports, size_t count)
{
	name_reports_free(all->names, all->name_count);
	all->names = reports;
	all->name_count = count;
	if (all->tenant->transport && !all->orphans)
		send_state(all);
}

void agent_mappings_set_challenges(struct agent_mappings *all, struct challenge_report *reports,
				   size_t count)
{
	challenge_reports_free(all->challenges, all->challenge_count);
	all->challenges = reports;
	all->challenge_count = count;
	if (all->tenant->transport && !all->orphans)
		send_state(all);
}

/* --- opening --- */

/* Whether it is one of those that the account may have, which it stays until it is closed. */
static bool count_in(struct door_owner *t, struct door *d)
{
	d->counted = d->counted || door_owner_enter_mapping(t);
	if (d->counted)
		return true;
	door_set_error(d,
		       mem_printf("account %s has all the mappings that it may have (%u: "
				  "mappings_per_account in the relay's limits)",
				  t->account, t->worker->config->limits.mappings_per_account),
		       NULL);
	d->over_most = true;
	return false;
}

/* Of an account that has all that it may have one line stands for the others. */
static bool is_worth_a_line(const struct door_owner *t, const struct door *d)
{
	return !d->over_most || account_usage_is_news(t->usage, loop_now_ms(t->worker->loop));
}

static void tell_door(const struct door_owner *t, const struct door *d)
{
	char *why = door_why_closed(d, true), *port = NULL;
	if (!why && !d->host)
		port = mem_printf("port %u", d->mapping.first);
	door_owner_tell(t, why ? EVENT_MAPPING_ERROR : EVENT_MAPPING_OPEN, d->mapping.name,
			why       ? why
			: d->host ? d->host
				  : port,
			false);
	mem_free(why);
	mem_free(port);
}

static void log_door(const struct door_owner *t, const struct door *d)
{
	if (!door_owner_may_log(t))
		return;
	const char *account = t->account, *agent = t->agent;
	const struct mapping *m = &d->mapping;
	char *why = door_why_closed(d, true);
	if (why)
		log_warn("mapping_error", "account=%s agent=%s mapping=%s why=%s", account, agent,
			 m->name, why);
	else if (d->host)
		log_info("mapping_open", "account=%s agent=%s mapping=%s host=%s", account, agent,
			 m->name, d->host);
	else
		log_info("mapping_open", "account=%s agent=%s mapping=%s port=%u", account, agent,
			 m->name, m->first);
	mem_free(why);
}

/* Opens the door if it may and can be opened. True: its state has changed. */
static bool try_one(struct door_owner *t, struct door *d)
{
	if (d->is_open)
		return false;
	char *before = mem_strdup(d->error);
	bool counted = count_in(t, d);
	char *why = counted ? mapping_rights_why_not(t, &d->mapping, d->host) : NULL;
	if (why)
		door_set_error(d, why, NULL);
	else if (counted)
		door_open(d);
	bool news = d->is_open || !before || strcmp(before, d->error) != 0;
	mem_free(before);
	if (!news || !is_worth_a_line(t, d))
		return news;
	log_door(t, d);
	tell_door(t, d);
	return news;
}

static void try_all(struct agent_mappings *all)
{
	bool news = false, again = false;
	for (size_t i = 0; i < all->count; i++) {
		news |= try_one(all->tenant, all->doors[i]);
		again |= !all->doors[i]->is_open;
	}
	if (again)
		timer_set(all->retry, RETRY_MS);
	if (news && all->tenant->transport)
		send_state(all);
}

void agent_mappings_judge(struct agent_mappings *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct door *d = all->doors[i];
		char *why =
		    d->is_open ? mapping_rights_why_not(all->tenant, &d->mapping, d->host) : NULL;
		if (!why) {
			door_set_redirect(d, d->mapping.redirect);
			continue;
		}
		door_shut(d, why);
		log_door(all->tenant, d);
		tell_door(all->tenant, d);
	}
	if (all->tenant->transport && !all->orphans) {
		try_all(all);
		send_state(all);
	}
}

/* --- DECLARE --- */

/* What a door is found by: the mapping's id, or after a change of session its public side. */
static const void *key_of(const struct agent_mappings *all, const struct mapping *m, size_t *len)
{
	*len = m->host ? strlen(m->host) : sizeof(m->first);
	if (all->orphans)
		return m->host ? (const void *)m->host : &m->first;
	*len = sizeof(m->id);
	return &m->id;
}

/* Fills a table with the doors: all of them, or, where the public side is the key, those that are
 * open. Each protocol has a table. */
static void find_by(struct agent_mappings *all, struct hash_table *known[MAPPING_UNKNOWN + 1])
{
	size_t len;
	for (int i = 0; i <= MAPPING_UNKNOWN; i++)
		known[i] = hash_table_new();
	for (size_t i = 0; i < all->count; i++) {
		const struct mapping *m = &all->doors[i]->mapping;
		const void *key = key_of(all, m, &len);
		if (all->orphans && !all->doors[i]->is_open)
			continue;
		hash_table_add(known[all->orphans ? m->protocol : 0], key, len, &all->doors[i]);
	}
}

/* Takes the door that serves m already: the one of the same mapping, or after a change of session
 * the one of the same public side. */
static struct door *take_door(struct agent_mappings *all, struct hash_table *const *known,
			      const struct mapping *m)
{
	size_t len;
	const void *key = key_of(all, m, &len);
	struct door **at = hash_table_get(known[all->orphans ? m->protocol : 0], key, len);
	struct door *d = at ? *at : NULL;
	bool fits = d && (all->orphans ? door_fits(d, m) : mapping_same(&d->mapping, m));
	if (!fits)
		return NULL;
	*at = NULL;
	return d;
}

static void close_all(struct agent_mappings *all)
{
	for (size_t i = 0; i < all->count; i++)
		door_close(all->doors[i]);
	mem_free(all->doors);
	mem_free(all->by_id);
	all->doors = NULL;
	all->by_id = NULL;
	all->count = 0;
}

static int compare_id(const void *id, const void *at)
{
	uint32_t a = *(const uint32_t *)id, b = (*(struct door *const *)at)->mapping.id;
	return a < b ? -1 : a > b;
}

static int compare_doors(const void *a, const void *b)
{
	return compare_id(&(*(struct door *const *)a)->mapping.id, b);
}

/* Takes the new doors over, which have their mappings. */
static void keep_doors(struct agent_mappings *all, struct door **fresh, size_t count)
{
	all->doors = fresh;
	all->count = count;
	all->by_id = mem_dup(fresh, count * sizeof *fresh);
	qsort(all->by_id, count, sizeof *fresh, compare_doors);
}

static void wake_all(struct agent_mappings *all)
{
	for (size_t i = 0; i < all->count; i++)
		door_wake(all->doors[i]);
}

static void set_doors(struct agent_mappings *all, const struct mapping_list *list)
{
	struct door **fresh = mem_zalloc(list->count * sizeof *fresh);
	struct hash_table *known[MAPPING_UNKNOWN + 1];
	find_by(all, known);
	for (size_t i = 0; i < list->count; i++)
		fresh[i] = take_door(all, known, &list->items[i]);
	for (int i = 0; i <= MAPPING_UNKNOWN; i++)
		hash_table_free(known[i]);
	for (size_t i = 0; i < all->count; i++)
		if (all->doors[i])
			door_owner_tell(all->tenant, EVENT_MAPPING_CLOSED,
					all->doors[i]->mapping.name, NULL, false);
	close_all(all); /* closed before any is opened, since a new mapping may want its port */
	for (size_t i = 0; i < list->count; i++) {
		if (!fresh[i])
			fresh[i] = door_new(all->tenant, &list->items[i]);
		else if (all->orphans)
			door_adopt(fresh[i], &list->items[i]);
		else
			door_set_redirect(fresh[i], list->items[i].redirect);
	}
	keep_doors(all, fresh, list->count);
	if (all->orphans)
		wake_all(all);
	all->orphans = false;
}

void agent_mappings_declare(struct agent_mappings *all, const struct declare *d)
{
	all->serial = d->serial;
	set_doors(all, &d->mappings);
	try_all(all);
	send_state(all);
}

static struct door *door_of(const struct agent_mappings *all, uint32_t id)
{
	struct door **at = all->orphans || !all->count
			       ? NULL
			       : bsearch(&id, all->by_id, all->count, sizeof *at, compare_id);
	return at ? *at : NULL;
}

/* What the agent says of a part is an event when it says something else than before. A target that
 * it speaks of for the first time may have been down in the session before. */
static void tell_report(const struct door_owner *t, const struct door *d,
			enum report_part_name part, bool was_wrong)
{
	const struct report_part *now = door_said(d, part);
	bool is_target = part == REPORT_TARGET;
	bool is_wrong = !strcmp(now->state, is_target ? "down" : "error");
	bool is_well = !strcmp(now->state, is_target ? "up" : "valid");
	if (is_target && (is_wrong || is_well))
		door_owner_tell(t, is_wrong ? EVENT_TARGET_DOWN : EVENT_TARGET_UP, d->mapping.name,
				now->error, is_wrong == was_wrong);
	else if (!is_target && is_wrong && !was_wrong)
		door_owner_tell(t, EVENT_CERTIFICATE_FAILED, d->mapping.name, now->error, false);
}

static void take_report(const struct door_owner *t, struct door *d, struct report_mapping *m)
{
	static const enum report_part_name parts[] = {REPORT_TARGET, REPORT_CERTIFICATE};
	enum { PARTS = sizeof(parts) / sizeof(*parts) };
	bool has[PARTS], was_wrong[PARTS];
	for (size_t i = 0; i < PARTS; i++) {
		const char *before = door_said(d, parts[i])->state;
		has[i] = m->has[parts[i]];
		was_wrong[i] = !strcmp(before, "down") || !strcmp(before, "error");
	}
	door_report(d, m);
	for (size_t i = 0; i < PARTS; i++)
		if (has[i])
			tell_report(t, d, parts[i], was_wrong[i]);
}

void agent_mappings_report(struct agent_mappings *all, struct report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct door *d = door_of(all, r->mappings[i].id);
		if (d)
			take_report(all->tenant, d, &r->mappings[i]);
	}
}

uint16_t agent_mappings_arm(struct agent_mappings *all, const struct reachability_probe_ask *ask,
			    const uint8_t proof[REACHABILITY_PROBE_PROOF], const char **error)
{
	struct door *d = door_of(all, ask->mapping);
	if (d)
		return door_arm(d, ask, proof, error);
	*error = "there is no such mapping";
	return 0;
}

/* --- the session's ways --- */

void agent_mappings_wake(struct agent_mappings *all)
{
	if (!all->orphans)
		wake_all(all);
}

void agent_mappings_orphan(struct agent_mappings *all)
{
	timer_stop(all->retry);
	for (size_t i = 0; i < all->count; i++) {
		door_clear(all->doors[i], true, RESET_GRACE_OVER);
		door_rest(all->doors[i]);
		door_forget_agent(all->doors[i]);
	}
	all->orphans = true;
}

void agent_mappings_clear(struct agent_mappings *all)
{
	for (size_t i = 0; i < all->count; i++)
		door_clear(all->doors[i], false, RESET_ABORTED);
}

void agent_mappings_close(struct agent_mappings *all)
{
	close_all(all);
	all->orphans = false;
}

void agent_mappings_traffic(struct agent_mappings *all, struct buf *sums)
{
	for (size_t i = 0; i < all->count; i++)
		door_traffic(all->doors[i], sums);
}

void agent_mappings_visitors(struct agent_mappings *all, const struct live_visitors_wish *wish,
			     struct live_visitors_tally *tally, struct json *w)
{
	for (size_t i = 0; i < all->count; i++)
		live_visitors_tell(all->doors[i], wish, tally, w);
}

void agent_mappings_status(const struct agent_mappings *all, struct json *w)
{
	json_open(w, "mappings", '[');
	for (size_t i = 0; i < all->count; i++) {
		char *public = public_text(all, all->doors[i]);
		door_status(all->doors[i], public, w);
		mem_free(public);
	}
	json_close(w);
}
