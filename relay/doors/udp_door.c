/*
 * One socket for each port and address. Behind it are flows, one for each visitor (its address and
 * the one it came to). A flow is a stream that carries datagrams only. It ends when it has been
 * idle for the mapping's time, when it is the longest idle one and room is needed, or with the
 * session.
 *
 * Datagrams of a detached agent are dropped, since a late answer is worth nothing to UDP, and no
 * newcomer gets a flow then. Idle time does not count meanwhile: a flow is the visitor's address in
 * the home, and should outlive the link as connections do.
 */
#include "relay/doors/door.h"

#include "shared/base/mem.h"
#include "shared/net/timer.h"
#include "shared/net/udp_socket.h"

#include <string.h>
#include <uv.h>

enum { READS_A_TURN = 64, SWEEP_MS = 1000, KEY = 2 * (16 + 2 + 4) };

struct udp_door {
	struct door door;
	struct hash_table *flows;
	struct list recent; /* the same flows, longest idle first */
	struct timer *sweep;
	uint64_t attached_ms; /* as of the sweeps: idle time counts from here */
};

struct bound {
	struct udp_door *door;
	struct udp_socket *udp;
};

struct flow {
	struct list recent;
	uint8_t key[KEY];
	struct bound *socket;
	struct stream *stream;
	struct addr visitor, visited;
	uint64_t used_ms;
	struct door_visitor inside;
};

static struct udp_door *udp(struct door *d)
{
	return (struct udp_door *)d;
}

static uint64_t now_ms(const struct udp_door *u)
{
	return loop_now_ms(u->door.tenant->worker->loop);
}

/* --- flows --- */

static void make_key(const struct addr *visitor, const struct addr *visited, uint8_t key[KEY])
{
	const struct addr *both[] = {visitor, visited};
	for (int i = 0; i < 2; i++) {
		memcpy(key, both[i]->ip, 16);
		memcpy(key + 16, &both[i]->port, 2);
		memcpy(key + 18, &both[i]->scope, 4);
		key += KEY / 2;
	}
}

static void drop(struct flow *f, enum reset_code code, const char *why)
{
	struct udp_door *u = f->socket->door;
	door_visitor_end(&u->door, &f->inside, why);
	hash_table_remove(u->flows, f->key, KEY);
	list_remove(&f->recent);
	u->door.dropped += stream_datagrams_dropped(f->stream);
	stream_reset(f->stream, code);
	stream_close(f->stream);
	door_leave_flow(&u->door);
	mem_free(f);
}

static void used(struct flow *f)
{
	struct udp_door *u = f->socket->door;
	f->used_ms = now_ms(u);
	list_remove(&f->recent);
	list_append(&u->recent, &f->recent);
}

static void on_sweep(void *owner)
{
	struct udp_door *u = owner;
	const struct door_owner *t = u->door.tenant;
	uint64_t now = now_ms(u), idle_ms = 1000 * (uint64_t)door_idle_s(&u->door);
	bool any = false;
	if (!door_owner_is_attached(t))
		u->attached_ms = now;
	while (!list_is_empty(&u->recent)) {
		struct flow *f = LIST_ENTRY(u->recent.next, struct flow, recent);
		uint64_t since = f->used_ms > u->attached_ms ? f->used_ms : u->attached_ms;
		if (now < since + idle_ms)
			break;
		drop(f, RESET_IDLE, reset_text(RESET_IDLE));
		any = true;
	}
	if (any)
		transport_mark(t->transport);
	if (!list_is_empty(&u->recent))
		timer_set(u->sweep, SWEEP_MS);
}

/* --- datagrams --- */

/* Datagrams over the bandwidth are dropped: one that waited would be worth nothing. */
static bool passes(struct udp_door *u, enum shaper_way way, size_t len)
{
	struct shaper *s = door_shaper(&u->door);
	if (!s)
		return true;
	if (!shaper_room(s, way, 1))
		return false;
	shaper_took(s, way, len);
	return true;
}

static void on_stream(void *owner, enum stream_event event)
{
	struct flow *f = owner;
	struct udp_door *u = f->socket->door;
	if (event == STREAM_LOOK && stream_is_reset(f->stream)) {
		drop(f, RESET_ABORTED, reset_text(stream_reset_code(f->stream)));
		return;
	}
	if (event != STREAM_DATAGRAM)
		return;
	size_t len;
	const uint8_t *p = stream_datagram_in(f->stream, &len);
	used(f);
	if (!passes(u, SHAPER_OUT, len) ||
	    udp_socket_write_to(f->socket->udp, &f->visitor, &f->visited, p, len) < 0)
		u->door.dropped++;
	else
		splice_count_out(&f->inside.count, len);
}

static struct flow *begin(struct bound *s, const struct addr *visitor, const struct addr *visited,
			  const uint8_t key[KEY])
{
	struct udp_door *u = s->door;
	struct door *d = &u->door;
	if (door_enter_flow(d, visitor) != DOOR_ENTERED)
		return NULL;
	struct flow *f = mem_zalloc(sizeof *f);
	*f = (struct flow){.socket = s, .visitor = *visitor, .visited = *visited};
	door_visitor_begin(d, &f->inside, &f->visitor);
	memcpy(f->key, key, KEY);
	hash_table_add(u->flows, f->key, KEY, f);
	list_append(&u->recent, &f->recent);
	struct open_info info = {
	    .mapping = d->mapping.id, .visitor = *visitor, .visited = *visited};
	f->stream = stream_open_flow(transport_tunnel(d->tenant->transport), &info, on_stream, f);
	if (!timer_is_set(u->sweep))
		timer_set(u->sweep, SWEEP_MS);
	return f;
}

/* A probe is answered before anybody else is asked whether it may come in. */
static bool is_probe(struct bound *s, const struct addr *visitor, const struct addr *visited,
		     const uint8_t *p, size_t len)
{
	const struct armed_probe *which;
	const struct awaited_probes *all = s->door->door.probes;
	if (!all || len != REACHABILITY_PROBE_DATAGRAM ||
	    awaited_probes_match(all, visited->port, now_ms(s->door), p, len, &which) !=
		REACHABILITY_PROBE_WHOLE ||
	    !reachability_probe_is_datagram(which->nonce, p, len))
		return false;
	udp_socket_write_to(s->udp, visitor, visited, which->proof, REACHABILITY_PROBE_PROOF);
	return true;
}

static void take_datagram(struct bound *s, const struct addr *visitor, const struct addr *visited,
			  const uint8_t *p, size_t len)
{
	struct udp_door *u = s->door;
	struct flow *f = NULL;
	uint8_t key[KEY];
	if (is_probe(s, visitor, visited, p, len))
		return;
	make_key(visitor, visited, key);
	if (door_owner_is_attached(u->door.tenant)) {
		f = hash_table_get(u->flows, key, KEY);
		f = f ? f : begin(s, visitor, visited, key);
	}
	if (!f || !passes(u, SHAPER_IN, len)) {
		u->door.dropped++;
		return;
	}
	used(f);
	splice_count_in(&f->inside.count, len);
	stream_datagram(f->stream, p, len);
}

static void on_readable(void *owner)
{
	struct bound *s = owner;
	const struct door_owner *t = s->door->door.tenant;
	bool attached = door_owner_is_attached(t);
	uint8_t *p = loop_plain(t->worker->loop);
	for (int i = 0; i < READS_A_TURN; i++) {
		struct addr visitor, visited;
		if (attached && !transport_wants_datagrams(t->transport))
			break;
		ssize_t n = udp_socket_read(s->udp, p, UDP_SOCKET_DATAGRAM_MAX, &visitor, &visited);
		if (n == UV_EAGAIN)
			break;
		if (n >= 0)
			take_datagram(s, &visitor, &visited, p, (size_t)n);
	}
	if (attached)
		transport_mark(t->transport);
}

/* --- the kind --- */

static void init(struct door *d)
{
	udp(d)->flows = hash_table_new();
	list_init(&udp(d)->recent);
	udp(d)->sweep = timer_new(d->tenant->worker->loop, on_sweep, d);
}

static void fini(struct door *d)
{
	timer_close(udp(d)->sweep);
	hash_table_free(udp(d)->flows);
}

static void *listen_at(struct door *d, const struct addr *at, bool v6only, int *err, char **why)
{
	struct bound *s = mem_zalloc(sizeof *s);
	s->door = udp(d);
	s->udp = udp_socket_bind(d->tenant->worker->loop, at, v6only, on_readable, s, err, why);
	if (s->udp)
		return s;
	mem_free(s);
	return NULL;
}

static void unlisten(void *socket)
{
	struct bound *s = socket;
	udp_socket_close(s->udp);
	mem_free(s);
}

static void evict(struct door *d)
{
	drop(LIST_ENTRY(udp(d)->recent.next, struct flow, recent), RESET_IDLE,
	     "a newer flow needed its place");
}

static void cut(struct door *d, struct door_visitor *inside)
{
	drop(LIST_ENTRY(inside, struct flow, inside), RESET_ABORTED, DOOR_CUT_OFF);
	transport_mark(d->tenant->transport);
}

static uint64_t dropped(const struct door *d)
{
	uint64_t count = 0;
	const struct udp_door *u = (const struct udp_door *)d;
	LIST_EACH(node, &u->recent)
	count += stream_datagrams_dropped(LIST_ENTRY(node, const struct flow, recent)->stream);
	return count;
}

static void clear(struct door *d, bool graceful, enum reset_code code)
{
	struct udp_door *u = udp(d);
	while (!list_is_empty(&u->recent))
		drop(LIST_ENTRY(u->recent.next, struct flow, recent), code,
		     graceful ? DOOR_SESSION_ENDED : reset_text(code));
}

const struct door_kind UDP_DOOR = {
    .size = sizeof(struct udp_door),
    .init = init,
    .listen = listen_at,
    .unlisten = unlisten,
    .clear = clear,
    .evict = evict,
    .cut = cut,
    .dropped = dropped,
    .fini = fini,
};
