/*
 * The door of a tcp mapping: what its listeners accept are visitors, and they come in at once.
 *
 * But while a probe is awaited, a newcomer's first bytes are looked at:
 *
 *	they are the probe's             answered; it never was a visitor
 *	they may become the probe's      it waits, as long as the probe is awaited
 *	they are not, or it has ended    it comes in with what was read
 *	none came for REACHABILITY_PROBE_SILENCE_MS   it comes in: services such as SSH speak first
 */
#include "relay/doors/passthrough_door.h"

#include "shared/base/mem.h"
#include "shared/net/lingering_close.h"
#include "shared/net/timer.h"

#include <uv.h>

enum { UNAUTHENTICATED_PEERS_MOST = 256 };

struct tcp_door {
	struct passthrough_door spliced;
	struct list newcomers;
	unsigned count;
};

struct newcomer {
	struct list node;
	struct tcp_door *door;
	struct io *io;
	struct timer *timer;
	struct addr local;
	uint8_t first[REACHABILITY_PROBE_NONCE];
	size_t len;
};

static struct tcp_door *tcp(struct door *d)
{
	return (struct tcp_door *)d;
}

static uint64_t now_ms(const struct newcomer *n)
{
	return loop_now_ms(io_loop(n->io));
}

static void forget(struct newcomer *n)
{
	list_remove(&n->node);
	n->door->count--;
	timer_close(n->timer);
	mem_free(n);
}

static void let_in(struct newcomer *n)
{
	struct door *d = &n->door->spliced.door;
	struct io *io = n->io;
	struct addr local = n->local;
	io_unread(io, n->first, n->len);
	forget(n);
	passthrough_door_let_in(d, io, &local, "");
}

static void on_timer(void *owner)
{
	let_in(owner);
}

/* 0: nothing more now; 1: more is here, or its end is; negative: it has failed. */
static int read_first(struct newcomer *n, bool *eof)
{
	ssize_t got = io_read(n->io, n->first + n->len, sizeof n->first - n->len);
	if (got == UV_EAGAIN)
		return 0;
	*eof = got == 0;
	n->len += got > 0 ? (size_t)got : 0;
	return got < 0 ? (int)got : 1;
}

static void answer(struct newcomer *n, const struct armed_probe *probe)
{
	struct buf proof = BUF_INIT;
	buf_put(&proof, probe->proof, REACHABILITY_PROBE_PROOF);
	struct io *io = n->io;
	forget(n);
	lingering_close_say(io, &proof);
}

static void on_newcomer(void *owner, enum io_event event)
{
	struct newcomer *n = owner;
	const struct awaited_probes *all = n->door->spliced.door.probes;
	const struct armed_probe *which;
	bool eof = false;
	int got = event == IO_ERROR ? io_error(n->io) : read_first(n, &eof);
	if (got == 0)
		return;
	enum reachability_probe_match match =
	    awaited_probes_match(all, n->local.port, now_ms(n), n->first, n->len, &which);
	if (got < 0) {
		io_close(n->io);
		forget(n);
	} else if (match == REACHABILITY_PROBE_WHOLE) {
		answer(n, which);
	} else if (match == REACHABILITY_PROBE_OTHER || eof) {
		let_in(n);
	} else {
		timer_set(n->timer,
			  awaited_probes_until(all, n->local.port, now_ms(n)) - now_ms(n));
	}
}

static void look_at(struct door *d, struct io *io, const struct addr *local)
{
	struct newcomer *n = mem_zalloc(sizeof *n);
	n->door = tcp(d);
	n->io = io;
	n->local = *local;
	n->timer = timer_new(io_loop(io), on_timer, n);
	timer_set(n->timer, REACHABILITY_PROBE_SILENCE_MS);
	list_append(&tcp(d)->newcomers, &n->node);
	tcp(d)->count++;
	io_own(io, on_newcomer, n);
	io_watch(io, IO_WATCH_READ);
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;
	struct loop *l = d->tenant->worker->loop;
	congestion_control_set(fd, d->tenant->worker->config->congestion_used);
	struct io *io = io_take(l, fd, peer, local, NULL, NULL);
	if (awaited_probes_until(d->probes, local->port, loop_now_ms(l)) &&
	    tcp(d)->count < UNAUTHENTICATED_PEERS_MOST)
		look_at(d, io, local);
	else
		passthrough_door_let_in(d, io, local, "");
}

static void init(struct door *d)
{
	passthrough_door_init(d);
	list_init(&tcp(d)->newcomers);
}

static void clear(struct door *d, bool graceful, enum reset_code code)
{
	while (!list_is_empty(&tcp(d)->newcomers)) {
		struct newcomer *n = LIST_ENTRY(tcp(d)->newcomers.next, struct newcomer, node);
		io_reset(n->io);
		forget(n);
	}
	passthrough_door_clear(d, graceful, code);
}

static void *listen_at(struct door *d, const struct addr *at, bool v6only, int *err, char **why)
{
	return passthrough_door_listen(d, at, v6only, on_accept, err, why);
}

const struct door_kind TCP_DOOR = {
    .size = sizeof(struct tcp_door),
    .init = init,
    .listen = listen_at,
    .unlisten = passthrough_door_unlisten,
    .rest = passthrough_door_rest,
    .wake = passthrough_door_wake,
    .clear = clear,
    .cut = passthrough_door_cut,
    .slow = &PASSTHROUGH_DOOR_SLOW,
    .fini = passthrough_door_fini,
};
