/*
 * accept → may this one come in? → a stream is opened and spliced to the socket. The OPEN itself is written when the link has room; until then, and
 * while the home is detached, the visitor waits, unread.
 *
 * Listeners rest while too many wait, and are looked at again on a timer.
 */
#include "relay/doors/tcp.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/err.h"
#include "shared/net/listen.h"
#include "shared/net/splice.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

enum { REST_LOOK_MS = 100 };

struct visitor {
	struct list node;
	struct tcp_door *door;
	struct splice *splice;
};

struct tcp_door {
	struct home *home;
	struct mapping mapping;
	struct listener **listeners;
	size_t listener_count;
	bool is_open, resting;
	char *error;
	struct list visitors;
	uint64_t now, total;
	unsigned newcomers;         /* let in since the home was last attached, while it is not */
	struct splice_count count;  /* near_to_far goes toward home */
	struct timer *rest_timer;
};

static void on_rest_timer(void *owner);

struct tcp_door *tcp_door_new(struct home *h, const struct mapping *mapping)
{
	struct tcp_door *d = mem_zalloc(sizeof *d);
	d->home = h;
	mapping_copy(&d->mapping, mapping);
	list_init(&d->visitors);
	d->rest_timer = timer_new(home_loop(h), on_rest_timer, d);
	return d;
}

/* --- visitors --- */

static void leave(struct visitor *v)
{
	v->door->now--;
	list_remove(&v->node);
	home_leave(v->door->home);
	mem_free(v);
}

static void on_visitor_end(void *owner, const struct splice_end *end)
{
	(void)end;
	leave(owner);
}

static bool is_allowed(const struct mapping *m, const struct addr *peer)
{
	for (size_t i = 0; i < m->allow_count; i++)
		if (cidr_contains(&m->allow[i], peer))
			return true;
	return m->allow_count == 0;
}

static void rest_if_crowded(struct tcp_door *d)
{
	bool attached = home_is_attached(d->home);
	if (!attached)
		d->newcomers++;
	size_t waiting = attached ? tunnel_waiting(trunk_tunnel(home_trunk(d->home))) : d->newcomers;
	if (waiting < TCP_DOOR_WAITING || d->resting)
		return;
	for (size_t i = 0; i < d->listener_count; i++)
		listen_rest(d->listeners[i]);
	d->resting = true;
	if (attached)
		timer_set(d->rest_timer, REST_LOOK_MS);
	log_info("door_rests", "mapping=%s waiting=%zu", d->mapping.name, waiting);
}

static void on_rest_timer(void *owner)
{
	struct tcp_door *d = owner;
	if (home_is_attached(d->home) && tunnel_waiting(trunk_tunnel(home_trunk(d->home))) >= TCP_DOOR_WAITING / 2)
		timer_set(d->rest_timer, REST_LOOK_MS);
	else
		tcp_door_wake(d);
}

static const char *why_not(struct tcp_door *d, const struct addr *peer)
{
	if (!is_allowed(&d->mapping, peer))
		return "its address is not allowed";
	if (d->mapping.connections && d->now >= d->mapping.connections)
		return "the mapping has all its connections";
	if (!home_enter(d->home))
		return "the account has all its connections";
	return NULL;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct tcp_door *d = owner;
	const char *why = why_not(d, peer);
	struct io *io = io_take(home_loop(d->home), fd, NULL, NULL);
	if (why) {
		char text[ADDR_TEXT];
		log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", d->mapping.name, addr_ip_text(peer, text), why);
		io_reset(io);
		return;
	}
	struct visitor *v = mem_alloc(sizeof *v);
	*v = (struct visitor){.door = d};
	list_append(&d->visitors, &v->node);
	d->now++;
	d->total++;
	struct trunk *k = home_trunk(d->home);
	struct open_info info = {.mapping = d->mapping.id, .visitor = *peer, .visited = *local};
	struct stream *stream = stream_open(trunk_tunnel(k), &info, NULL, NULL);
	v->splice = splice_new(k, io, stream, &d->count, on_visitor_end, v);
	trunk_mark(k);
	rest_if_crowded(d);
}

/* --- listeners --- */

static void close_listeners(struct tcp_door *d)
{
	for (size_t i = 0; i < d->listener_count; i++)
		listen_close(d->listeners[i]);
	mem_free(d->listeners);
	d->listeners = NULL;
	d->listener_count = 0;
}

void tcp_door_set_error(struct tcp_door *d, char *error)
{
	mem_free(d->error);
	d->error = error;
}

static bool has_v4_any(const struct relay_config *c)
{
	for (size_t i = 0; i < c->bind_count; i++)
		if (c->bind[i].family == 4 && addr_is_any(&c->bind[i]))
			return true;
	return false;
}

static int listen_all(struct tcp_door *d)
{
	const struct relay_config *c = home_world(d->home)->config;
	size_t ports = (size_t)(d->mapping.last - d->mapping.first) + 1;
	d->listeners = mem_zalloc(ports * c->bind_count * sizeof *d->listeners);
	for (size_t i = 0; i < ports; i++) {
		for (size_t b = 0; b < c->bind_count; b++) {
			struct addr at = c->bind[b];
			at.port = (uint16_t)(d->mapping.first + i);
			int err;
			char *why = NULL;
			struct listener *l = listen_open(home_loop(d->home), &at, at.family == 6 && has_v4_any(c), on_accept, d, &err, &why);
			if (!l) {
				tcp_door_set_error(d, why ? why : mem_strdup(err_text(err)));
				close_listeners(d);
				return err;
			}
			d->listeners[d->listener_count++] = l;
		}
	}
	return 0;
}

int tcp_door_open(struct tcp_door *d)
{
	struct world *w = home_world(d->home);
	const struct mapping *m = &d->mapping;
	char *holder;
	if (!ports_claim(w->ports, m->protocol, m->first, m->last, home_label(d->home), &holder)) {
		tcp_door_set_error(d, mem_printf("held by %s", holder));
		mem_free(holder);
		return UV_EADDRINUSE;
	}
	int err = listen_all(d);
	if (err < 0) {
		ports_release(w->ports, m->protocol, m->first, m->last);
		return err;
	}
	tcp_door_set_error(d, NULL);
	d->is_open = true;
	return 0;
}

bool tcp_door_is_open(const struct tcp_door *d)
{
	return d->is_open;
}

const char *tcp_door_error(const struct tcp_door *d)
{
	return d->error;
}

const struct mapping *tcp_door_mapping(const struct tcp_door *d)
{
	return &d->mapping;
}

void tcp_door_adopt(struct tcp_door *d, const struct mapping *mapping)
{
	mapping_fini(&d->mapping);
	mapping_copy(&d->mapping, mapping);
}

void tcp_door_rest(struct tcp_door *d)
{
	d->resting = true;
	for (size_t i = 0; i < d->listener_count; i++)
		listen_rest(d->listeners[i]);
}

void tcp_door_wake(struct tcp_door *d)
{
	d->newcomers = 0;
	d->resting = false;
	timer_stop(d->rest_timer);
	for (size_t i = 0; i < d->listener_count; i++)
		listen_resume(d->listeners[i]);
}

void tcp_door_clear(struct tcp_door *d, bool graceful, enum reset_code code)
{
	while (!list_is_empty(&d->visitors)) {
		struct visitor *v = LIST_ENTRY(d->visitors.next, struct visitor, node);
		if (graceful)
			splice_abandon(v->splice);
		else
			splice_cut(v->splice, code);
		leave(v);
	}
}

void tcp_door_shut(struct tcp_door *d, char *error)
{
	tcp_door_clear(d, false, RESET_MAPPING_GONE);
	close_listeners(d);
	if (d->is_open)
		ports_release(home_world(d->home)->ports, d->mapping.protocol, d->mapping.first, d->mapping.last);
	d->is_open = false;
	tcp_door_set_error(d, error);
}

void tcp_door_close(struct tcp_door *d)
{
	if (!d)
		return;
	tcp_door_shut(d, NULL);
	timer_close(d->rest_timer);
	mem_free(d->error);
	mapping_fini(&d->mapping);
	mem_free(d);
}

void tcp_door_status(const struct tcp_door *d, const char *public_text, struct json *w)
{
	const struct mapping *m = &d->mapping;
	json_open(w, NULL, '{');
	json_str(w, "name", m->name);
	json_str(w, "protocol", mapping_protocol_text(m->protocol));
	json_str(w, "public", d->is_open ? public_text : NULL);
	json_str(w, "target", m->target_text);
	json_str(w, "state", mapping_state_text(d->is_open ? MAPPING_OPEN : MAPPING_ERROR));
	json_str(w, "error", d->is_open ? NULL : d->error);
	json_uint(w, "connections", d->now);
	json_uint(w, "connections_total", d->total);
	json_uint(w, "flows", 0);
	json_uint(w, "dropped", 0);
	json_uint(w, "bytes_in", d->count.near_to_far);
	json_uint(w, "bytes_out", d->count.far_to_near);
	json_close(w);
}
