/*
 * The door of an http mapping. The shared port sends visitors whose first request is for this host.
 * Each request after that is looked at again; when it is for another host, the visitor goes back to
 * the shared port, which sends it on.
 *
 * A few slow visitors do no harm: the clock (limits.stall_s) ends only those that do not move at
 * all. Of a source with many visitors here the slow ones are ended, sooner the more there are. So
 * thousands of slow ones push out each other, and one that moves stays.
 */
#include "relay/doors/shared_ports.h"
#include "relay/doors/http_visitor.h"
#include "relay/doors/door.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/guess_limiter.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/lingering_close.h"

#include <string.h>

enum {
	KEEP_ALIVE_MS = 75000,
	FULL_RETRY_S = 10,
	AWAY_RETRY_S = 30,
	LOOKS = 8, /* visitors looked at for each newcomer */
	/* how far one of a crowded source may be behind; less, the more there are */
	LAG_MS = 1000,
	/* what all visitors of one source may be granted at first; each has
	 * TUNNEL_OPEN_CREDIT_MIN at least */
	SOURCE_CREDIT = 2 * 1024 * 1024,
};

struct visitor {
	struct list node;
	struct slow_visitors_member member; /* while it has entered */
	struct list beside; /* those of one source on this loop, over all its doors */
	struct addr source; /* for whom the last request was sent */
	struct web_door *door;
	struct http_visitor *http;
	bool entered;
	struct door_visitor inside; /* while it has entered */
	uint64_t asked_ms;          /* when the request came that is noted */
	char host[256];             /* of the last request, which was this door's … */
	uint64_t version;           /* … by this state of the table of hosts */
};

struct web_door {
	struct door door;
	struct list visitors;
	/* NULL: no password was looked at lately. An account has only so many, and the one that was
	 * asked longest ago goes over to another of the agent's mappings. */
	struct guess_limiter *guesses;
	struct list guessing; /* tenant.guess_limiters, while it has one */
};

static struct web_door *web(struct door *d)
{
	return (struct web_door *)d;
}

static struct http_visitor_times times_of(const struct door *d)
{
	uint32_t idle_ms = d->mapping.idle_s * 1000;
	return (struct http_visitor_times){
	    .head_ms = d->tenant->worker->config->limits.head_s * 1000,
	    .idle_ms = idle_ms ? idle_ms : KEEP_ALIVE_MS,
	    .stall_ms = idle_ms,
	    .wait_ms = d->tenant->worker->config->limits.stall_s * 1000,
	};
}

/* The visitors of all http doors of this loop. */
static struct rate_limiter *everybody(struct visitor *v)
{
	return v->door->door.tenant->worker->visitors;
}

/* A visitor that was inside leaves. */
static void come_out(struct visitor *v, const char *why)
{
	door_visitor_end(&v->door->door, &v->inside, why);
	slow_visitors_remove(v->door->door.slow, &v->member);
	door_leave(&v->door->door);
	v->entered = false;
}

static void leave(struct visitor *v, const char *why)
{
	if (v->entered)
		come_out(v, why);
	if (!list_is_empty(&v->beside)) {
		list_remove(&v->beside);
		rate_limiter_release(everybody(v), &v->source);
	}
	list_remove(&v->node);
	mem_free(v);
}

static void on_over(void *owner, const char *why)
{
	leave(owner, why);
}

static void on_noted(void *owner, const struct http_note *note)
{
	const struct visitor *v = owner;
	const struct door *d = &v->door->door;
	struct worker *w = d->tenant->worker;
	uint64_t now = loop_now_ms(w->loop);
	const struct request r = {.account = d->tenant->account,
				  .agent = d->tenant->agent,
				  .mapping = d->mapping.name,
				  .method = note->method,
				  .path = note->path,
				  .code = note->status,
				  .time_ms = loop_wall_ms(),
				  .took_ms = now - v->asked_ms,
				  .bytes_in = note->in,
				  .bytes_out = note->out};
	if (!w->config->log_requests)
		return;
	if (!w->requests)
		w->requests = request_log_new(REQUEST_LOG_BYTES / w->context->worker_count);
	request_log_add(w->requests, &r, now);
}

static void note_request(struct visitor *v)
{
	const struct worker *w = v->door->door.tenant->worker;
	if (!w->config->log_requests)
		return;
	http_gateway_note(http_visitor_gateway(v->http));
	v->asked_ms = loop_now_ms(w->loop);
}

/* --- slow ones --- */

static void end_slow(struct visitor *v, int64_t lag_ms)
{
	door_say_slow(&v->door->door, &v->source, lag_ms);
	http_visitor_evict(v->http);
	leave(v, "too slow");
}

static struct slow_visitors_sight look(struct slow_visitors_member *m)
{
	return http_visitor_look(LIST_ENTRY(m, struct visitor, member)->http);
}

static void make_room(struct slow_visitors_member *m, int64_t lag_ms)
{
	end_slow(LIST_ENTRY(m, struct visitor, member), lag_ms);
}

static const struct slow_visitors_kind SLOW_VISITORS = {.look = look, .end = make_room};

/* A source with more visitors than limits.slow_visitors_per_source loses slow ones: a few are
 * looked at for each newcomer, in turn. */
static void thin_out(struct visitor *newcomer)
{
	struct rate_limiter *all = everybody(newcomer);
	uint32_t most =
	    newcomer->door->door.tenant->worker->config->limits.slow_visitors_per_source;
	for (int i = 0; i < LOOKS; i++) {
		uint32_t count = rate_limiter_held(all, &newcomer->source);
		struct list *beside = rate_limiter_holders(all, &newcomer->source);
		if (!beside || count < most)
			return;
		struct visitor *v = LIST_ENTRY(beside->next, struct visitor, beside);
		list_remove(&v->beside);
		list_append(beside, &v->beside);
		int64_t lag_ms = http_visitor_lag_ms(v->http);
		if (lag_ms > (int64_t)LAG_MS * most / count)
			end_slow(v, lag_ms);
	}
}

/* From now on the connection counts for this source. A proxy's connection carries requests of
 * many. */
static void set_source(struct visitor *v, const struct addr *source)
{
	struct rate_limiter *all = everybody(v);
	if (!list_is_empty(&v->beside)) {
		list_remove(&v->beside);
		rate_limiter_release(all, &v->source);
	}
	v->source = *source;
	thin_out(v);
	if (rate_limiter_hold(all, source, UINT32_MAX,
			      loop_now_ms(v->door->door.tenant->worker->loop)))
		list_append(rate_limiter_holders(all, source), &v->beside);
}

/* A visitor that reads nothing holds as much memory as its stream was granted: the more visitors of
 * one source, the less for each. */
static uint32_t first_credit(struct visitor *v)
{
	uint32_t count = rate_limiter_held(everybody(v), &v->source);
	uint32_t share = count ? SOURCE_CREDIT / count : SOURCE_CREDIT;
	return share < TUNNEL_OPEN_CREDIT_MIN ? TUNNEL_OPEN_CREDIT_MIN : share;
}

/* --- a request --- */

static bool is_ours(struct visitor *v, const char *host)
{
	static const struct vhost_entrance http = {MAPPING_SHARED_HTTP, 0};
	struct door *d = &v->door->door;
	struct vhost_table *all = d->tenant->worker->context->vhosts;
	uint64_t version = vhost_table_version(all);
	if (v->version == version && !strcmp(v->host, host))
		return true;
	struct vhost who;
	if (!vhost_table_find(all, http, host, &who) || who.claim != d->claim)
		return false;
	v->version = version;
	memcpy(v->host, host, strlen(host) + 1);
	return true;
}

static void send_back(struct visitor *v)
{
	struct http_gateway *gateway;
	struct context *w = v->door->door.tenant->worker->context;
	struct io_parcel *parcel = http_visitor_pack(v->http, &gateway);
	leave(v, "it went on to another host");
	shared_ports_return(w, parcel, gateway);
}

static void refuse(struct visitor *v, enum door_entry entry)
{
	struct http_gateway *gateway = http_visitor_gateway(v->http);
	char text[ADDR_TEXT];
	log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", v->door->door.mapping.name,
		  addr_ip_text(&v->source, text), door_entry_text(entry));
	if (entry == DOOR_NOT_ALLOWED)
		http_gateway_refuse(gateway, 403, 0);
	else if (entry == DOOR_HASTY)
		http_gateway_refuse(gateway, 429, 1);
	else
		http_gateway_refuse(gateway, 503, FULL_RETRY_S);
	/* One page each: what has not come in may not stay. A proxy's connection may bring
	 * others. */
	if (addr_equal(&v->source, io_peer(http_visitor_io(v->http))))
		http_gateway_timeout(gateway);
}

static bool come_in(struct visitor *v)
{
	struct door *d = &v->door->door;
	enum door_entry entry = door_enter(d, &v->source);
	v->entered = entry == DOOR_ENTERED;
	if (!v->entered) {
		refuse(v, entry);
		return false;
	}
	door_visitor_begin(d, &v->inside, &v->source);
	door_add_slow(d, &v->member, &v->source);
	struct http_visitor_lead lead = {
	    .transport = d->tenant->transport,
	    .mapping = d->mapping.id,
	    .count = &v->inside.count,
	    .shaper = door_shaper(d),
	    .credit = first_credit(v),
	};
	http_visitor_set_lead(v->http, &lead);
	door_crowd(d);
	return true;
}

static void drop_guesses(struct web_door *w)
{
	if (w->guesses)
		door_owner_leave_guesses(w->door.tenant);
	guess_limiter_free(w->guesses);
	w->guesses = NULL;
	list_remove(&w->guessing);
}

/* The agent's mapping that was asked longest ago gives up its limiter. False: none has one. */
static bool drop_oldest_guesses(const struct door_owner *t)
{
	if (list_is_empty(&t->guess_limiters))
		return false;
	drop_guesses(LIST_ENTRY(t->guess_limiters.next, struct web_door, guessing));
	return true;
}

/* False: nothing could count a wrong one, so none is looked at. */
static bool has_limiter(struct web_door *w)
{
	struct door_owner *t = w->door.tenant;
	if (!w->guesses) {
		if (!door_owner_enter_guesses(t) &&
		    !(drop_oldest_guesses(t) && door_owner_enter_guesses(t)))
			return false;
		w->guesses = guess_limiter_new(true);
	}
	list_remove(&w->guessing);
	list_append(&t->guess_limiters, &w->guessing);
	return true;
}

static bool may_try(const struct visitor *v, uint64_t now)
{
	return has_limiter(v->door) && guess_limiter_admits(v->door->guesses, &v->source, now);
}

static void count_guess(struct visitor *v, enum basic_auth auth, uint64_t now)
{
	if (auth == BASIC_AUTH_NONE)
		return;
	if (auth == BASIC_AUTH_RIGHT)
		guess_limiter_right(v->door->guesses, &v->source, now);
	else
		guess_limiter_wrong(v->door->guesses, &v->source, now);
}

static void route_here(struct visitor *v, const char *proto)
{
	struct door *d = &v->door->door;
	struct http_gateway *gateway = http_visitor_gateway(v->http);
	uint64_t now = loop_now_ms(d->tenant->worker->loop);
	if (d->mapping.basic_user && !may_try(v, now)) {
		http_gateway_refuse(gateway, 429, 1);
		return;
	}
	struct http_route route = {.key = d->claim,
				   .visitor = &v->source,
				   .proto = proto,
				   .host = d->mapping.target_host,
				   .user = d->mapping.basic_user,
				   .password = d->mapping.basic_password,
				   .realm = d->mapping.name};
	enum basic_auth auth = http_gateway_route(gateway, &route);
	if (d->mapping.basic_user)
		count_guess(v, auth, now);
	door_watch(d);
}

/* A request to the path of probes never reaches the service: it is answered here, and nobody is
 * asked whether it may come in. The gateway has nothing else under way. False: it is none. */
static bool is_probe(struct visitor *v, const struct http_head *head, bool *gone)
{
	struct door *d = &v->door->door;
	uint8_t nonce[REACHABILITY_PROBE_NONCE];
	const uint8_t *waiting;
	const struct armed_probe *which = NULL;
	if (!reachability_probe_is_path(head->target.p, head->target.len, nonce))
		return false;
	awaited_probes_match(d->probes, 0, loop_now_ms(d->tenant->worker->loop), nonce,
			     REACHABILITY_PROBE_NONCE, &which);
	*gone = which && !http_gateway_peek(http_visitor_gateway(v->http), HTTP_VISITOR, &waiting);
	if (!*gone) {
		http_gateway_refuse(http_visitor_gateway(v->http), 404, 0);
		if (!v->entered) /* it is not counted, so it may not stay */
			http_gateway_timeout(http_visitor_gateway(v->http));
		return true;
	}
	struct http_gateway *gateway;
	struct buf answer = BUF_INIT;
	struct loop *l = d->tenant->worker->loop;
	reachability_probe_response(which->proof, &answer);
	struct io *io = io_unpack(l, http_visitor_pack(v->http, &gateway), NULL, NULL);
	http_gateway_free(gateway);
	leave(v, "a probe");
	lingering_close_say(io, &answer);
	return true;
}

static bool on_route(void *owner)
{
	struct visitor *v = owner;
	const struct http_gateway *gateway = http_visitor_gateway(v->http);
	const struct http_head *head = http_gateway_request(gateway);
	const struct addr *peer = io_peer(http_visitor_io(v->http));
	if (!is_ours(v, head->host)) {
		send_back(v);
		return false;
	}
	bool gone = false;
	if (is_probe(v, head, &gone))
		return !gone;
	note_request(v);
	struct forwarded f = forwarded_read(&v->door->door.tenant->worker->config->http_trust, head,
					    peer, http_gateway_proto(gateway));
	if (!addr_equal_ip(&f.visitor, &v->source)) {
		if (v->entered)
			come_out(v, "its proxy brought another visitor");
		set_source(v, &f.visitor);
	}
	v->source.port = f.visitor.port;
	if (v->entered || come_in(v))
		route_here(v, f.proto);
	return true;
}

/* --- the door --- */

static void take(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	struct visitor *v = mem_zalloc(sizeof *v);
	struct http_visitor_times times = times_of(d);
	v->door = web(d);
	list_init(&v->beside);
	list_append(&web(d)->visitors, &v->node);
	struct io *io = io_unpack(d->tenant->worker->loop, parcel, NULL, NULL);
	v->http =
	    http_visitor_new(d->tenant->worker->loop, io, gateway, &times, on_route, on_over, v);
	http_visitor_set_noted(v->http, on_noted);
	/* What a proxy says is read with the request, which waits. */
	set_source(v, io_peer(io));
}

static void turn_away(struct door *d, struct io_parcel *parcel, struct http_gateway *gateway)
{
	http_visitor_turn_away(d->tenant->worker->loop, parcel, gateway, 503, AWAY_RETRY_S);
}

static void cut(struct door *d, struct door_visitor *inside)
{
	struct visitor *v = LIST_ENTRY(inside, struct visitor, inside);
	(void)d;
	http_visitor_cut(v->http, RESET_ABORTED);
	leave(v, DOOR_CUT_OFF);
}

static void clear(struct door *d, bool graceful, enum reset_code code)
{
	while (!list_is_empty(&web(d)->visitors)) {
		struct visitor *v = LIST_ENTRY(web(d)->visitors.next, struct visitor, node);
		if (graceful)
			http_visitor_abandon(v->http);
		else
			http_visitor_cut(v->http, code);
		leave(v, graceful ? DOOR_SESSION_ENDED : reset_text(code));
	}
}

static void init(struct door *d)
{
	list_init(&web(d)->visitors);
	list_init(&web(d)->guessing);
}

static void fini(struct door *d)
{
	drop_guesses(web(d));
}

const struct door_kind HTTP_DOOR = {
    .size = sizeof(struct web_door),
    .init = init,
    .clear = clear,
    .cut = cut,
    .slow = &SLOW_VISITORS,
    .fini = fini,
    .take = take,
    .turn_away = turn_away,
};
