/*
 * A flow looks the service up, connects a socket, and passes datagrams in both directions.
 * Datagrams that come before the address is known wait, up to PENDING_MOST bytes.
 *
 * Of several addresses the first is tried, and what was sent is kept, up to KEPT_MOST bytes. An
 * answer chooses the address. ICMP "port unreachable", or a visitor that sends again after
 * PATIENCE_MS without an answer, moves on to the next address, which gets what was kept. When the
 * last one has failed the owner is told. That ends nothing: the service may come up later, and the
 * next datagram begins anew.
 */
#include "agent/udp_flows.h"

#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/net/dial.h"
#include "shared/net/resolver.h"
#include "shared/net/udp_socket.h"

#include <string.h>
#include <uv.h>

enum { PENDING_MOST = 64 * 1024, PENDING_COST = 64, READS_A_TURN = 64 };
enum { KEPT_MOST = 4096, PATIENCE_MS = 1000, ADDRESSES_MOST = 8 };

struct pending {
	struct list node;
	size_t len;
	uint8_t bytes[];
};

struct flow {
	struct loop *loop;
	struct transport *transport;
	struct stream *stream;
	struct resolver *lookup;
	struct udp_socket *udp;
	struct addr addresses[ADDRESSES_MOST];
	size_t address_count, at;
	bool answered;       /* by the one at `at` */
	uint64_t unheard_ms; /* since when it has been sent to without an answer; 0: it has not */
	uint16_t port, from;
	struct list pending; /* not sent yet, or kept for the next address */
	size_t pending_bytes;
	uint8_t *first;
	size_t first_len;
	struct flow_count *count;
	flow_fn *fn;
	flow_trouble_fn *trouble;
	void *owner;
	flow_guard_fn *guard; /* NULL: none */
};

static void forget_pending(struct flow *f, struct pending *p)
{
	f->pending_bytes -= p->len + PENDING_COST;
	list_remove(&p->node);
	mem_free(p);
}

static void forget_all(struct flow *f)
{
	while (!list_is_empty(&f->pending))
		forget_pending(f, LIST_ENTRY(f->pending.next, struct pending, node));
}

static void take_apart(struct flow *f)
{
	resolver_close(f->lookup);
	udp_socket_close(f->udp);
	f->count->dropped += stream_datagrams_dropped(f->stream);
	stream_close(f->stream);
	forget_all(f);
	mem_free(f->first);
	mem_free(f);
}

static void end(struct flow *f, enum reset_code code, int err)
{
	flow_fn *fn = f->fn;
	void *owner = f->owner;
	uint32_t came = stream_reset_code(f->stream);
	stream_reset(f->stream, code);
	if (!stream_is_adrift(f->stream))
		transport_mark(f->transport);
	take_apart(f);
	fn(owner, err, came);
}

/* Keeps a datagram. Returns how many older ones had to go. */
static unsigned keep(struct flow *f, const uint8_t *p, size_t len, size_t most)
{
	struct pending *d = mem_alloc(sizeof(*d) + len);
	unsigned gone = 0;
	d->len = len;
	if (len)
		memcpy(d->bytes, p, len);
	list_append(&f->pending, &d->node);
	f->pending_bytes += len + PENDING_COST;
	for (; f->pending_bytes > most; gone++)
		forget_pending(f, LIST_ENTRY(f->pending.next, struct pending, node));
	return gone;
}

static bool has_choice(const struct flow *f)
{
	return f->address_count > 1 && !f->answered;
}

static bool write_home(struct flow *f, const uint8_t *p, size_t len)
{
	if (!f->unheard_ms)
		f->unheard_ms = loop_now_ms(f->loop);
	return udp_socket_write(f->udp, p, len) == 0;
}

/* Sends a datagram to the service, behind what the flow has to say first. */
static void send_home(struct flow *f, const uint8_t *p, size_t payload)
{
	struct buf whole = BUF_INIT;
	size_t len = payload;
	if (f->first) {
		buf_put(&whole, f->first, f->first_len);
		buf_put(&whole, p, payload);
		p = buf_data(&whole);
		len = buf_len(&whole);
	}
	if (has_choice(f))
		keep(f, p, len, KEPT_MOST);
	if (write_home(f, p, len)) {
		mem_free(f->first);
		f->first = NULL;
		splice_count_out(&f->count->bytes, payload);
	} else {
		f->count->dropped++;
	}
	buf_fini(&whole);
}

static void on_readable(void *owner);

/* Connects a socket to the first address from `at` on that takes one. False: none does, and *err
 * says why. */
static bool connect_some(struct flow *f, int *err)
{
	for (; f->at < f->address_count; f->at++) {
		f->addresses[f->at].port = f->port;
		f->udp =
		    udp_socket_connect(f->loop, &f->addresses[f->at], f->from, on_readable, f, err);
		if (f->udp)
			return true;
	}
	return false;
}

/* The address at `at` has failed: the next one gets what was kept. Behind the last one the owner
 * is told, and the first stands ready for the next datagram. False: no address can be sent to. */
static bool move_on(struct flow *f, int err)
{
	if (f->address_count == 1) {
		f->trouble(f->owner, err);
		return true;
	}
	udp_socket_close(f->udp);
	f->udp = NULL;
	f->answered = false;
	f->unheard_ms = 0;
	f->at++;
	if (connect_some(f, &err)) {
		LIST_EACH(node, &f->pending)
		{
			const struct pending *p = LIST_ENTRY(node, const struct pending, node);
			write_home(f, p->bytes, p->len);
		}
		return true;
	}
	forget_all(f);
	f->trouble(f->owner, err);
	f->at = 0;
	return connect_some(f, &err);
}

static void on_stream(void *owner, enum stream_event event)
{
	struct flow *f = owner;
	if (event == STREAM_LOOK && (stream_is_reset(f->stream) || stream_is_eof(f->stream))) {
		end(f, RESET_ABORTED, 0);
	} else if (event == STREAM_DATAGRAM) {
		size_t len;
		const uint8_t *p = stream_datagram_in(f->stream, &len);
		if (f->guard && f->guard(f->owner, p, len))
			return;
		bool unheard = has_choice(f) && f->unheard_ms &&
			       loop_now_ms(f->loop) > f->unheard_ms + PATIENCE_MS;
		if (unheard && !move_on(f, UV_ETIMEDOUT))
			end(f, RESET_UNREACHABLE, UV_ETIMEDOUT);
		else if (f->udp)
			send_home(f, p, len);
		else
			f->count->dropped += keep(f, p, len, PENDING_MOST);
	}
}

static void on_answer(struct flow *f, const uint8_t *p, size_t len)
{
	f->answered = true;
	f->unheard_ms = 0;
	forget_all(f);
	splice_count_in(&f->count->bytes, len);
	stream_datagram(f->stream, p, len);
}

static void on_readable(void *owner)
{
	struct flow *f = owner;
	uint8_t *p = loop_plain(f->loop);
	for (int i = 0; i < READS_A_TURN && transport_wants_datagrams(f->transport); i++) {
		ssize_t n = udp_socket_read(f->udp, p, UDP_SOCKET_DATAGRAM_MAX, NULL, NULL);
		if (n == UV_EAGAIN)
			break;
		if (n >= 0)
			on_answer(f, p, (size_t)n);
		else if (!move_on(f, (int)n)) {
			end(f, RESET_UNREACHABLE, (int)n);
			return;
		}
	}
	transport_mark(f->transport);
}

/* Sends what has waited; false: no address can be sent to. */
static bool begin(struct flow *f, const struct addr *list, size_t count, int *err)
{
	f->address_count = count < ADDRESSES_MOST ? count : ADDRESSES_MOST;
	memcpy(f->addresses, list, f->address_count * sizeof(*list));
	if (!connect_some(f, err))
		return false;
	struct list waiting = {&waiting, &waiting};
	list_move(&waiting, &f->pending);
	f->pending_bytes = 0;
	while (!list_is_empty(&waiting)) {
		struct pending *p = LIST_ENTRY(waiting.next, struct pending, node);
		list_remove(&p->node);
		send_home(f, p->bytes, p->len);
		mem_free(p);
	}
	return true;
}

static void on_found(void *owner, const struct addr *list, size_t count, int err)
{
	struct flow *f = owner;
	f->lookup = NULL;
	if (!count || !begin(f, list, count, &err))
		end(f, RESET_UNREACHABLE, err);
}

struct flow *flow_new(struct transport *k, struct stream *stream, const char *host, uint16_t port,
		      uint16_t from, const void *first, size_t first_len, struct flow_count *count,
		      flow_fn *fn, flow_trouble_fn *trouble, void *owner)
{
	struct flow *f = mem_zalloc(sizeof *f);
	f->loop = transport_loop(k);
	f->transport = k;
	f->stream = stream;
	f->port = port;
	f->from = from;
	f->first = first_len ? mem_dup(first, first_len) : NULL;
	f->first_len = first_len;
	f->count = count;
	f->fn = fn;
	f->trouble = trouble;
	f->owner = owner;
	list_init(&f->pending);
	stream_own(stream, on_stream, f);
	struct addr numeric;
	int err = 0;
	if (addr_parse_ip(host, &numeric) < 0 || !begin(f, &numeric, 1, &err))
		f->lookup = resolver_start(f->loop, DIAL_SERVICE, host, DIAL_CACHE_MS, on_found, f);
	return f;
}

void flow_cut(struct flow *f, enum reset_code code)
{
	if (!f)
		return;
	stream_reset(f->stream, code);
	if (!stream_is_adrift(f->stream))
		transport_mark(f->transport);
	take_apart(f);
}

void flow_set_guard(struct flow *f, flow_guard_fn *guard)
{
	f->guard = guard;
}

uint64_t flow_dropped(const struct flow *f)
{
	return stream_datagrams_dropped(f->stream);
}
