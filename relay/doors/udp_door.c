/*
 * One socket for each port and address; behind it flows, one for each visitor (its address and the
 * one it came to). A flow is a stream that carries datagrams only. It ends when it has been idle
 * for the mapping's time, when it is the longest idle one and room is needed, or with the session.
 *
 * Datagrams of a detached home are dropped, since a late answer is worth nothing to UDP; no
 * newcomer gets a flow then, and nobody's time is counted: a flow is the visitor's address at home,
 * and should outlive the tunnel as connections do.
 */
#include "relay/doors/door.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"
#include "shared/net/udp_socket.h"

#include <uv.h>

enum { IDLE_DEFAULT_S = 120, READS_A_TURN = 64, SWEEP_MS = 1000, BUCKETS_LEAST = 64 };

struct flow {
	struct list recent; /* udp_door.recent: longest idle first */
	struct flow *next;  /* in its bucket */
	uint32_t hash;
	struct udp_door *door;
	struct udp_door *socket;
	struct stream *stream;
	struct addr visitor, visited;
	uint64_t used_ms;
};

struct udp_socket {
	struct udp_door *door;
	struct udp_door *udp;
};

struct udp_door {
	struct door door;
	struct udp_socket **sockets;
	size_t socket_count;
	struct list recent;
	struct flow **buckets;
	size_t bucket_count;
	struct timer *sweep;
	uint64_t attached_ms; /* … as of the sweeps: idle time counts from here */
};

static struct udp_door *udp(struct door *d)
{
	return (struct udp_door *)d;
}

/* --- the table of flows --- */

static uint32_t mix(uint32_t hash, const void *p, size_t len)
{
	const uint8_t *at = p;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 16777619u; /* FNV-1a */
	return hash;
}

static uint32_t hash_of(const struct addr *visitor, const struct addr *visited)
{
	uint32_t hash = 2166136261u;
	hash = mix(hash, visitor->ip, sizeof visitor->ip);
	hash = mix(hash, &visitor->port, sizeof visitor->port);
	return mix(hash, &visited->port, sizeof visited->port);
}

static void grow(struct udp_door *u)
{
	size_t count = u->bucket_count ? u->bucket_count * 2 : BUCKETS_LEAST;
	struct flow **fresh = mem_zalloc(count * sizeof *fresh);
	for (size_t i = 0; i < u->bucket_count; i++) {
		for (struct flow *f = u->buckets[i], *next; f; f = next) {
			next = f->next;
			f->next = fresh[f->hash & (count - 1)];
			fresh[f->hash & (count - 1)] = f;
		}
	}
	mem_free(u->buckets);
	u->buckets = fresh;
	u->bucket_count = count;
}

static struct flow *find(struct udp_door *u, const struct addr *visitor, const struct addr *visited,
			 uint32_t hash)
{
	for (struct flow *f = u->bucket_count ? u->buckets[hash & (u->bucket_count - 1)] : NULL; f;
	     f = f->next)
		if (f->hash == hash && addr_equal(&f->visitor, visitor) &&
		    addr_equal(&f->visited, visited))
			return f;
	return NULL;
}

static void drop(struct flow *f, enum reset_code code)
{
	struct udp_door *u = f->door;
	struct flow **at = &u->buckets[f->hash & (u->bucket_count - 1)];
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	list_remove(&f->recent);
	u->door.dropped += stream_datagrams_dropped(f->stream);
	stream_reset(f->stream, code);
	stream_close(f->stream);
	door_leave_flow(&u->door);
	mem_free(f);
}

static void used(struct flow *f)
{
	f->used_ms = loop_now_ms(f->door->door.tenant->worker->loop);
	list_remove(&f->recent);
	list_append(&f->door->recent, &f->recent);
}

static uint64_t idle_ms(const struct udp_door *u)
{
	return 1000 * (uint64_t)(u->door.mapping.idle_s ? u->door.mapping.idle_s : IDLE_DEFAULT_S);
}

static void on_sweep(void *owner)
{
	struct udp_door *u = owner;
	uint64_t now = loop_now_ms(u->door.tenant->worker->loop);
	bool any = false;
	if (!tenant_is_attached(u->door.tenant))
		u->attached_ms = now;
	while (!list_is_empty(&u->recent)) {
		struct flow *f = LIST_ENTRY(u->recent.next, struct flow, recent);
		uint64_t since = f->used_ms > u->attached_ms ? f->used_ms : u->attached_ms;
		if (now < since + idle_ms(u))
			break;
		drop(f, RESET_IDLE);
		any = true;
	}
	if (any)
		transport_mark(u->door.tenant->transport);
	if (!list_is_empty(&u->recent))
		timer_set(u->sweep, SWEEP_MS);
}

/* --- datagrams --- */

/* What is over the bandwidth is dropped: a datagram that waits is worth nothing. */
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
	struct udp_door *u = f->door;
	if (event == STREAM_LOOK && stream_is_reset(f->stream)) {
		drop(f, RESET_ABORTED);
		return;
	}
	if (event != STREAM_DATAGRAM)
		return;
	size_t len;
	const uint8_t *p = stream_datagram_in(f->stream, &len);
	used(f);
	if (!passes(u, SHAPER_OUT, len) ||
	    udp_socket_write_to(f->socket, &f->visitor, &f->visited, p, len) < 0)
		u->door.dropped++;
	else
		u->door.count.far_to_near += len;
}

static struct flow *begin(struct udp_door *u, struct udp_door *socket, const struct addr *visitor,
			  const struct addr *visited, uint32_t hash)
{
	struct door *d = &u->door;
	if (door_enter_flow(d, visitor) != DOOR_ENTERED)
		return NULL;
	if (d->flows >= u->bucket_count)
		grow(u);
	struct flow *f = mem_zalloc(sizeof *f);
	*f = (struct flow){
	    .door = u, .socket = socket, .visitor = *visitor, .visited = *visited, .hash = hash};
	f->next = u->buckets[hash & (u->bucket_count - 1)];
	u->buckets[hash & (u->bucket_count - 1)] = f;
	list_append(&u->recent, &f->recent);
	struct open_info info = {
	    .mapping = d->mapping.id, .visitor = *visitor, .visited = *visited};
	f->stream = stream_open_flow(transport_tunnel(d->tenant->transport), &info, on_stream, f);
	if (!timer_is_set(u->sweep))
		timer_set(u->sweep, SWEEP_MS);
	return f;
}

static void on_readable(void *owner)
{
	struct udp_socket *s = owner;
	struct udp_door *u = s->door;
	struct door *d = &u->door;
	uint8_t *p = loop_plain(d->tenant->worker->loop);
	for (int i = 0; i < READS_A_TURN && (!tenant_is_attached(d->tenant) ||
					     transport_wants_datagrams(d->tenant->transport));
	     i++) {
		struct addr visitor, visited;
		ssize_t n = udp_socket_read(s->udp, p, UDP_SOCKET_DATAGRAM_MAX, &visitor, &visited);
		if (n == UV_EAGAIN)
			break;
		if (n < 0)
			continue;
		uint32_t hash = hash_of(&visitor, &visited);
		struct flow *f =
		    tenant_is_attached(d->tenant) ? find(u, &visitor, &visited, hash) : NULL;
		if (!f && tenant_is_attached(d->tenant))
			f = begin(u, s->udp, &visitor, &visited, hash);
		if (!f || !passes(u, SHAPER_IN, (size_t)n)) {
			d->dropped++;
			continue;
		}
		used(f);
		d->count.near_to_far += (uint64_t)n;
		stream_datagram(f->stream, p, (size_t)n);
	}
	if (tenant_is_attached(d->tenant))
		transport_mark(d->tenant->transport);
}

/* --- the kind --- */

static void init(struct door *d)
{
	list_init(&udp(d)->recent);
	udp(d)->sweep = timer_new(d->tenant->worker->loop, on_sweep, d);
}

static void fini(struct door *d)
{
	timer_close(udp(d)->sweep);
	mem_free(udp(d)->buckets);
}

static int bind_one(struct door *d, const struct addr *at, bool v6only)
{
	struct udp_door *u = udp(d);
	struct udp_socket *s = mem_zalloc(sizeof *s);
	int err;
	char *why = NULL;
	s->door = u;
	s->udp = udp_socket_bind(d->tenant->worker->loop, at, v6only, on_readable, s, &err,
				 door_is_asked(d) ? NULL : &why);
	if (!s->udp) {
		mem_free(s);
		door_fail(d, err, why);
		return err;
	}
	u->sockets = mem_resize(u->sockets, (u->socket_count + 1) * sizeof *u->sockets);
	u->sockets[u->socket_count++] = s;
	return 0;
}

static int begin_listening(struct door *d)
{
	return door_each_address(d, bind_one);
}

static void stop_listening(struct door *d)
{
	struct udp_door *u = udp(d);
	for (size_t i = 0; i < u->socket_count; i++) {
		udp_socket_close(u->sockets[i]->udp);
		mem_free(u->sockets[i]);
	}
	mem_free(u->sockets);
	u->sockets = NULL;
	u->socket_count = 0;
}

static void evict(struct door *d)
{
	drop(LIST_ENTRY(udp(d)->recent.next, struct flow, recent), RESET_IDLE);
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
	(void)graceful;
	struct udp_door *u = udp(d);
	while (!list_is_empty(&u->recent))
		drop(LIST_ENTRY(u->recent.next, struct flow, recent), code);
}

const struct door_kind UDP_DOOR = {
    .size = sizeof(struct udp_door),
    .init = init,
    .open = begin_listening,
    .close = stop_listening,
    .clear = clear,
    .evict = evict,
    .dropped = dropped,
    .fini = fini,
};
