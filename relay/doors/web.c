/*
 * The door of an http mapping. The front sends visitors whose first request is for this host; each request after that is looked at again, and when it
 * is for another host, the visitor goes back to the front, which sends him on.
 */
#include "relay/doors/front.h"
#include "relay/doors/gateway.h"
#include "relay/doors/mapping_door.h"
#include "relay/doors/vhosts.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <string.h>

enum {
	KEEP_ALIVE_MS = 75000,
	FULL_RETRY_S = 10,
	AWAY_RETRY_S = 30,
	SOURCES = 1024,
	WRONG_PASSWORDS = 20, /* of one source, then WRONG_RATE a second */
	WRONG_RATE = 1,
};

struct visitor {
	struct list node;
	struct web_door *door;
	struct gateway *gateway;
	bool entered;
	unsigned refusals;   /* wrong passwords known of */
	char host[256];      /* of the last request … */
	uint64_t version;    /* … and the state of the hosts then: it was ours */
};

struct web_door {
	struct mapping_door door;
	struct list visitors;
	struct rate_table *wrong; /* sources of wrong passwords; NULL: none yet */
};

static struct web_door *web(struct mapping_door *d)
{
	return (struct web_door *)d;
}

static struct gateway_times times_of(const struct mapping_door *d)
{
	uint32_t idle_ms = d->mapping.idle_s * 1000;
	return (struct gateway_times){
	    .head_ms = home_world(d->home)->config->limits.head_s * 1000,
	    .idle_ms = idle_ms ? idle_ms : KEEP_ALIVE_MS,
	    .stall_ms = idle_ms,
	};
}

static void leave(struct visitor *v)
{
	if (v->entered)
		mapping_door_leave(&v->door->door);
	list_remove(&v->node);
	mem_free(v);
}

static void on_over(void *owner)
{
	leave(owner);
}

/* --- a request --- */

static bool is_ours(struct visitor *v, const char *host)
{
	struct mapping_door *d = &v->door->door;
	struct vhosts *all = home_world(d->home)->vhosts;
	uint64_t version = vhosts_version(all);
	if (v->version == version && !strcmp(v->host, host))
		return true;
	struct vhost who;
	if (!vhosts_find(all, MAPPING_HTTP, host, &who) || who.claim != d->claim)
		return false;
	v->version = version;
	memcpy(v->host, host, strlen(host) + 1);
	return true;
}

static void send_back(struct visitor *v)
{
	struct http_relay *machine;
	struct world *w = home_world(v->door->door.home);
	struct io_parcel *parcel = gateway_pack(v->gateway, &machine);
	leave(v);
	front_return(w, parcel, machine);
}

static void refuse(struct visitor *v, enum door_entry entry)
{
	struct http_relay *machine = gateway_machine(v->gateway);
	char text[ADDR_TEXT];
	log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", v->door->door.mapping.name,
		  addr_ip_text(io_peer(gateway_io(v->gateway)), text), door_entry_text(entry));
	if (entry == DOOR_NOT_ALLOWED)
		http_relay_refuse(machine, 403, 0);
	else if (entry == DOOR_HASTY)
		http_relay_refuse(machine, 429, 1);
	else
		http_relay_refuse(machine, 503, FULL_RETRY_S);
	http_relay_timeout(machine); /* one page each: who has not come in may not stay */
}

static bool come_in(struct visitor *v)
{
	struct mapping_door *d = &v->door->door;
	enum door_entry entry = mapping_door_enter(d, io_peer(gateway_io(v->gateway)));
	v->entered = entry == DOOR_ENTERED;
	if (!v->entered) {
		refuse(v, entry);
		return false;
	}
	struct gateway_lead lead = {
	    .trunk = home_trunk(d->home), .mapping = d->mapping.id, .count = &d->count, .shaper = mapping_door_shaper(d)};
	gateway_set_lead(v->gateway, &lead);
	mapping_door_crowd(d);
	return true;
}

/* Guessing passwords is slow for each source. */
static bool may_try(struct visitor *v, uint64_t now)
{
	return !v->door->wrong || !rate_table_is_over(v->door->wrong, io_peer(gateway_io(v->gateway)), now);
}

static void count_wrong(struct visitor *v, uint64_t now)
{
	unsigned refusals = http_relay_refusals(gateway_machine(v->gateway));
	bool offered = refusals != v->refusals;
	v->refusals = refusals;
	if (!offered)
		return;
	if (!v->door->wrong)
		v->door->wrong = rate_table_new(SOURCES, WRONG_RATE, WRONG_PASSWORDS);
	rate_table_count(v->door->wrong, io_peer(gateway_io(v->gateway)), now);
}

static void route_here(struct visitor *v)
{
	struct mapping_door *d = &v->door->door;
	struct http_relay *machine = gateway_machine(v->gateway);
	uint64_t now = loop_now_ms(home_loop(d->home));
	if (!may_try(v, now)) {
		http_relay_refuse(machine, 429, 1);
		return;
	}
	struct http_route route = {
	    .key = d->claim, .user = d->mapping.basic_user, .password = d->mapping.basic_password, .realm = d->mapping.name};
	http_relay_route(machine, &route);
	count_wrong(v, now);
}

static bool on_route(void *owner)
{
	struct visitor *v = owner;
	const struct http_head *head = http_relay_request(gateway_machine(v->gateway));
	if (!is_ours(v, head->host)) {
		send_back(v);
		return false;
	}
	if (v->entered || come_in(v))
		route_here(v);
	return true;
}

/* --- the door --- */

static void take(struct mapping_door *d, struct io_parcel *parcel, struct http_relay *machine)
{
	struct visitor *v = mem_zalloc(sizeof *v);
	struct gateway_times times = times_of(d);
	v->door = web(d);
	v->refusals = http_relay_refusals(machine);
	list_append(&web(d)->visitors, &v->node);
	struct io *io = io_unpack(home_loop(d->home), parcel, NULL, NULL);
	v->gateway = gateway_new(home_loop(d->home), io, machine, &times, on_route, on_over, v);
}

static void turn_away(struct mapping_door *d, struct io_parcel *parcel, struct http_relay *machine)
{
	gateway_turn_away(home_loop(d->home), parcel, machine, 503, AWAY_RETRY_S);
}

static void clear(struct mapping_door *d, bool graceful, enum reset_code code)
{
	while (!list_is_empty(&web(d)->visitors)) {
		struct visitor *v = LIST_ENTRY(web(d)->visitors.next, struct visitor, node);
		if (graceful)
			gateway_abandon(v->gateway);
		else
			gateway_cut(v->gateway, code);
		leave(v);
	}
}

static void init(struct mapping_door *d)
{
	list_init(&web(d)->visitors);
}

static void fini(struct mapping_door *d)
{
	rate_table_free(web(d)->wrong);
}

const struct door_kind HTTP_DOOR = {
    .size = sizeof(struct web_door),
    .init = init,
    .clear = clear,
    .fini = fini,
    .take = take,
    .turn_away = turn_away,
};
