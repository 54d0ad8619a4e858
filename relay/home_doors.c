#include "relay/home_doors.h"

#include "relay/doors/front.h"
#include "relay/doors/mapping_door.h"
#include "relay/home.h"
#include "relay/names/names.h"
#include "shared/base/dict.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <string.h>

enum { RETRY_MS = 2000 }; /* a door that could not be opened is tried again that often */

struct home_doors {
	struct home *home;
	struct mapping_door **doors;
	size_t count;
	uint64_t serial;           /* of the last DECLARE */
	struct name_report *names; /* what became of its names */
	size_t name_count;
	/* the doors are of the session before; the next DECLARE adopts or closes them */
	bool orphans;
	struct timer *retry;
};

static void try_all(struct home_doors *all);

static void on_retry(void *owner)
{
	try_all(owner);
}

struct home_doors *home_doors_new(struct home *h)
{
	struct home_doors *all = mem_zalloc(sizeof *all);
	all->home = h;
	all->retry = timer_new(home_loop(h), on_retry, all);
	return all;
}

void home_doors_free(struct home_doors *all)
{
	if (!all)
		return;
	home_doors_close(all);
	timer_close(all->retry);
	wishes_report_free(all->names, all->name_count);
	mem_free(all);
}

/* --- STATE --- */

static char *public_text(const struct home_doors *all, const struct mapping_door *d)
{
	const struct mapping *m = &d->mapping;
	if (d->host)
		return mem_strdup(d->host);
	const struct relay_config *c = home_config(all->home);
	struct addr at = c->address_count ? c->addresses[0] : (struct addr){.family = 4};
	char text[ADDR_TEXT];
	at.port = m->first;
	addr_text(&at, text);
	return m->first == m->last ? mem_strdup(text) : mem_printf("%s-%u", text, m->last);
}

static void send_state(struct home_doors *all)
{
	struct trunk *k = home_trunk(all->home);
	struct state s = {.serial = all->serial, .mapping_count = all->count};
	char address[ADDR_TEXT];
	s.address = mem_strdup(addr_ip_text(home_remote(all->home), address));
	s.mappings = mem_zalloc(all->count * sizeof *s.mappings);
	for (size_t i = 0; i < all->count; i++) {
		const struct mapping_door *d = all->doors[i];
		bool open = d->is_open;
		s.mappings[i] = (struct mapping_report){
		    .id = d->mapping.id,
		    .state = open ? MAPPING_OPEN : MAPPING_ERROR,
		    .public_text = open ? public_text(all, d) : NULL,
		    .error = open ? NULL : mem_strdup(d->error),
		    .host = mem_strdup(d->host),
		};
	}
	s.names = all->names; /* borrowed */
	s.name_count = all->name_count;
	struct buf json = BUF_INIT;
	state_write(&s, &json);
	s.names = NULL;
	s.name_count = 0;
	tunnel_state(trunk_tunnel(k), &json);
	trunk_mark(k);
	buf_fini(&json);
	state_fini(&s);
}

void home_doors_set_names(struct home_doors *all, struct name_report *reports, size_t count)
{
	wishes_report_free(all->names, all->name_count);
	all->names = reports;
	all->name_count = count;
	if (home_trunk(all->home) && !all->orphans)
		send_state(all);
}

/* --- opening --- */

static char *forbidden_host(struct home *h, const struct mapping_door *d)
{
	const struct relay_config *c = home_config(h);
	bool http = d->mapping.protocol == MAPPING_HTTP;
	if (!(http ? c->http_count : c->tls_count))
		return mem_printf(
		    "this relay has no port for %s mappings (\"%s\" in its relay.json)",
		    mapping_protocol_text(d->mapping.protocol), http ? "http" : "tls");
	const struct account *a = home_account(h);
	if (!a || !account_allows_host(a, d->host))
		return mem_printf("account %s may not have the host %s", home_account_name(h),
				  d->host);
	return NULL;
}

/* What the account does not allow, what is the relay's own and what the relay does not know may not
 * even be tried. */
static char *forbidden(struct home *h, const struct mapping_door *d)
{
	const struct mapping *m = &d->mapping;
	if (m->unknown)
		return mem_printf("the relay is older than the agent, update it: %s", m->unknown);
	if (d->host)
		return forbidden_host(h, d);
	enum ports_protocol protocol = m->protocol == MAPPING_UDP ? PORTS_UDP : PORTS_TCP;
	const struct account *a = home_account(h);
	if (!a || !account_allows_ports(a, protocol, m->first, m->last))
		return mem_printf("account %s may not open that port", home_account_name(h));
	return ports_why_not(home_world(h)->ports, m->protocol, m->first, m->last);
}

static void log_door(const struct home *h, const struct mapping_door *d)
{
	const char *account = home_account_name(h), *agent = home_agent(h);
	const struct mapping *m = &d->mapping;
	if (!d->is_open)
		log_warn("mapping_error", "account=%s agent=%s mapping=%s why=%s", account, agent,
			 m->name, d->error);
	else if (d->host)
		log_info("mapping_open", "account=%s agent=%s mapping=%s host=%s", account, agent,
			 m->name, d->host);
	else
		log_info("mapping_open", "account=%s agent=%s mapping=%s port=%u", account, agent,
			 m->name, m->first);
}

/* Opens it if it may and can; true if its state is another now. */
static bool try_one(struct home *h, struct mapping_door *d)
{
	if (d->is_open)
		return false;
	char *before = mem_strdup(d->error);
	char *why = forbidden(h, d);
	if (why)
		mapping_door_set_error(d, why);
	else
		mapping_door_open(d);
	bool news = d->is_open || !before || strcmp(before, d->error) != 0;
	mem_free(before);
	if (news)
		log_door(h, d);
	return news;
}

static void try_all(struct home_doors *all)
{
	bool news = false, again = false;
	for (size_t i = 0; i < all->count; i++) {
		news |= try_one(all->home, all->doors[i]);
		again |= !all->doors[i]->is_open;
	}
	if (again)
		timer_set(all->retry, RETRY_MS);
	if (news && home_trunk(all->home))
		send_state(all);
}

void home_doors_judge(struct home_doors *all)
{
	for (size_t i = 0; i < all->count; i++) {
		char *why = all->doors[i]->is_open ? forbidden(all->home, all->doors[i]) : NULL;
		if (why)
			mapping_door_shut(all->doors[i], why);
	}
	if (home_trunk(all->home) && !all->orphans) {
		try_all(all);
		send_state(all);
	}
}

/* --- DECLARE --- */

/* What a door is found by: the mapping's id, or after a change of session its public side. */
static const void *key_of(const struct home_doors *all, const struct mapping *m, size_t *len)
{
	*len = m->host ? strlen(m->host) : sizeof(m->first);
	if (all->orphans)
		return m->host ? (const void *)m->host : &m->first;
	*len = sizeof(m->id);
	return &m->id;
}

/* The doors there are; where the public side counts, the open ones, and each protocol has its
 * own. */
static void find_by(struct home_doors *all, struct dict *known[MAPPING_UNKNOWN + 1])
{
	size_t len;
	for (int i = 0; i <= MAPPING_UNKNOWN; i++)
		known[i] = dict_new();
	for (size_t i = 0; i < all->count; i++) {
		const struct mapping *m = &all->doors[i]->mapping;
		const void *key = key_of(all, m, &len);
		if (all->orphans && !all->doors[i]->is_open)
			continue;
		dict_add(known[all->orphans ? m->protocol : 0], key, len, &all->doors[i]);
	}
}

/* The door that serves m already: the same mapping, or after a change of session the same public
 * side. */
static struct mapping_door *take_door(struct home_doors *all, struct dict *const *known,
				      const struct mapping *m)
{
	size_t len;
	const void *key = key_of(all, m, &len);
	struct mapping_door **at = dict_get(known[all->orphans ? m->protocol : 0], key, len);
	struct mapping_door *d = at ? *at : NULL;
	bool fits = d && (all->orphans ? mapping_door_fits(d, m) : mapping_same(&d->mapping, m));
	if (!fits)
		return NULL;
	*at = NULL;
	return d;
}

static void close_all(struct home_doors *all)
{
	for (size_t i = 0; i < all->count; i++)
		mapping_door_close(all->doors[i]);
	mem_free(all->doors);
	all->doors = NULL;
	all->count = 0;
}

static void wake_all(struct home_doors *all)
{
	for (size_t i = 0; i < all->count; i++)
		mapping_door_wake(all->doors[i]);
}

static void set_doors(struct home_doors *all, const struct mapping_list *list)
{
	struct mapping_door **fresh = mem_zalloc(list->count * sizeof *fresh);
	struct dict *known[MAPPING_UNKNOWN + 1];
	find_by(all, known);
	for (size_t i = 0; i < list->count; i++)
		fresh[i] = take_door(all, known, &list->items[i]);
	for (int i = 0; i <= MAPPING_UNKNOWN; i++)
		dict_free(known[i]);
	close_all(all); /* before any is opened: a new mapping may want its port */
	all->doors = fresh;
	all->count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		if (!fresh[i])
			fresh[i] = mapping_door_new(all->home, &list->items[i]);
		else if (all->orphans)
			mapping_door_adopt(fresh[i], &list->items[i]);
	}
	if (all->orphans)
		wake_all(all);
	all->orphans = false;
}

void home_doors_declare(struct home_doors *all, const struct declare *d)
{
	all->serial = d->serial;
	set_doors(all, &d->mappings);
	try_all(all);
	send_state(all);
}

/* --- the session's ways --- */

void home_doors_wake(struct home_doors *all)
{
	if (!all->orphans)
		wake_all(all);
}

void home_doors_orphan(struct home_doors *all)
{
	timer_stop(all->retry);
	for (size_t i = 0; i < all->count; i++) {
		mapping_door_clear(all->doors[i], true, RESET_GRACE_OVER);
		mapping_door_rest(all->doors[i]);
	}
	all->orphans = true;
}

void home_doors_close(struct home_doors *all)
{
	close_all(all);
	all->orphans = false;
}

/* --- visitors of the shared ports --- */

void home_doors_visit(struct home_doors *all, uint64_t claim, struct io_parcel *parcel,
		      struct http_relay *machine)
{
	struct mapping_door *door = NULL;
	for (size_t i = 0; i < all->count; i++)
		if (all->doors[i]->claim == claim)
			door = all->doors[i];
	if (door)
		mapping_door_arrive(door, parcel, machine);
	else if (machine) /* it has just closed: there may be another */
		front_return(home_world(all->home), parcel, machine);
	else
		front_alert(home_loop(all->home), parcel, SNI_INTERNAL_ERROR);
}

void home_doors_status(const struct home_doors *all, struct json *w)
{
	json_open(w, "mappings", '[');
	for (size_t i = 0; i < all->count; i++) {
		char *public = public_text(all, all->doors[i]);
		mapping_door_status(all->doors[i], public, w);
		mem_free(public);
	}
	json_close(w);
}
