/*
 * accept → may this one come in? → a stream is opened and spliced to the socket. The OPEN itself is written when the link has room; until then, and
 * while the home is detached, the visitor waits, unread.
 */
#include "relay/doors/mapping_door.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/listen.h"

struct visitor {
	struct list node;
	struct tcp_door *door;
	struct splice *splice;
};

struct tcp_door {
	struct mapping_door door;
	struct listener **listeners;
	size_t listener_count;
	struct list visitors;
};

static struct tcp_door *tcp(struct mapping_door *d)
{
	return (struct tcp_door *)d;
}

/* --- visitors --- */

static void leave(struct visitor *v)
{
	list_remove(&v->node);
	mapping_door_leave(&v->door->door);
	mem_free(v);
}

static void on_visitor_end(void *owner, const struct splice_end *end)
{
	(void)end;
	leave(owner);
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct tcp_door *t = owner;
	struct mapping_door *d = &t->door;
	struct io *io = io_take(home_loop(d->home), fd, NULL, NULL);
	const char *why = mapping_door_enter(d, peer);
	if (why) {
		char text[ADDR_TEXT];
		log_debug("visitor_refused", "mapping=%s visitor=%s why=%s", d->mapping.name, addr_ip_text(peer, text), why);
		io_reset(io);
		return;
	}
	struct visitor *v = mem_alloc(sizeof *v);
	*v = (struct visitor){.door = t};
	list_append(&t->visitors, &v->node);
	struct trunk *k = home_trunk(d->home);
	struct open_info info = {.mapping = d->mapping.id, .visitor = *peer, .visited = *local};
	struct stream *stream = stream_open(trunk_tunnel(k), &info, NULL, NULL);
	v->splice = splice_new(k, io, stream, &d->count, on_visitor_end, v);
	splice_shape(v->splice, mapping_door_shaper(d));
	trunk_mark(k);
	mapping_door_crowd(d);
}

static void clear(struct mapping_door *d, bool graceful, enum reset_code code)
{
	struct tcp_door *t = tcp(d);
	while (!list_is_empty(&t->visitors)) {
		struct visitor *v = LIST_ENTRY(t->visitors.next, struct visitor, node);
		if (graceful)
			splice_abandon(v->splice);
		else
			splice_cut(v->splice, code);
		leave(v);
	}
}

/* --- listeners --- */

static int listen_at_one(struct mapping_door *d, const struct addr *at, bool v6only)
{
	struct tcp_door *t = tcp(d);
	int err;
	char *why = NULL;
	struct listener *l = listen_open(home_loop(d->home), at, v6only, on_accept, t, &err, &why);
	if (!l) {
		mapping_door_set_error(d, why ? why : mem_strdup(err_text(err)));
		return err;
	}
	t->listeners = mem_resize(t->listeners, (t->listener_count + 1) * sizeof *t->listeners);
	t->listeners[t->listener_count++] = l;
	return 0;
}

static void init(struct mapping_door *d)
{
	list_init(&tcp(d)->visitors);
}

static int begin_listening(struct mapping_door *d)
{
	return mapping_door_each_address(d, listen_at_one);
}

static void stop_listening(struct mapping_door *d)
{
	struct tcp_door *t = tcp(d);
	for (size_t i = 0; i < t->listener_count; i++)
		listen_close(t->listeners[i]);
	mem_free(t->listeners);
	t->listeners = NULL;
	t->listener_count = 0;
}

static void rest(struct mapping_door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listen_rest(tcp(d)->listeners[i]);
}

static void wake(struct mapping_door *d)
{
	for (size_t i = 0; i < tcp(d)->listener_count; i++)
		listen_resume(tcp(d)->listeners[i]);
}

const struct door_kind TCP_DOOR = {
    .size = sizeof(struct tcp_door),
    .init = init,
    .open = begin_listening,
    .close = stop_listening,
    .rest = rest,
    .wake = wake,
    .clear = clear,
};
