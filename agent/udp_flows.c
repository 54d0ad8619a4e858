/*
 * Happy path: lookup → a connected socket → datagrams in both directions. Datagrams that come
 * before the address is known wait, up to PENDING_MOST bytes. An ICMP "port unreachable" ends
 * nothing: the service may come up later.
 */
#include "agent/udp_flows.h"

#include "shared/base/mem.h"
#include "shared/net/dial.h"
#include "shared/net/resolver.h"
#include "shared/net/udp_socket.h"

#include <string.h>
#include <uv.h>

enum { PENDING_MOST = 64 * 1024, PENDING_COST = 64, READS_A_TURN = 64 };

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
	uint16_t port, from;
	struct list pending;
	size_t pending_bytes;
	uint8_t *first;
	size_t first_len;
	struct flow_count *count;
	flow_fn *fn;
	void *owner;
};

static void forget_pending(struct flow *f, struct pending *p)
{
	f->pending_bytes -= p->len + PENDING_COST;
	list_remove(&p->node);
	mem_free(p);
}

static void take_apart(struct flow *f)
{
	resolver_close(f->lookup);
	udp_socket_close(f->udp);
	f->count->dropped += stream_datagrams_dropped(f->stream);
	stream_close(f->stream);
	while (!list_is_empty(&f->pending))
		forget_pending(f, LIST_ENTRY(f->pending.next, struct pending, node));
	mem_free(f->first);
	mem_free(f);
}

static void end(struct flow *f, enum reset_code code, int err)
{
	flow_fn *fn = f->fn;
	void *owner = f->owner;
	stream_reset(f->stream, code);
	if (!stream_is_adrift(f->stream))
		transport_mark(f->transport);
	take_apart(f);
	fn(owner, err);
}

static void send_home(struct flow *f, const uint8_t *p, size_t len)
{
	int err;
	if (f->first) {
		uint8_t *whole = mem_alloc(f->first_len + len);
		memcpy(whole, f->first, f->first_len);
		if (len)
			memcpy(whole + f->first_len, p, len);
		err = udp_socket_write(f->udp, whole, f->first_len + len);
		mem_free(whole);
	} else {
		err = udp_socket_write(f->udp, p, len);
	}
	if (err < 0) {
		f->count->dropped++;
		return;
	}
	mem_free(f->first);
	f->first = NULL;
	f->count->bytes.from_stream += len;
}

static void keep(struct flow *f, const uint8_t *p, size_t len)
{
	struct pending *d = mem_alloc(sizeof *d + len);
	d->len = len;
	if (len)
		memcpy(d->bytes, p, len);
	list_append(&f->pending, &d->node);
	f->pending_bytes += len + PENDING_COST;
	while (f->pending_bytes > PENDING_MOST) {
		forget_pending(f, LIST_ENTRY(f->pending.next, struct pending, node));
		f->count->dropped++;
	}
}

static void on_stream(void *owner, enum stream_event event)
{
	struct flow *f = owner;
	if (event == STREAM_LOOK && (stream_is_reset(f->stream) || stream_is_eof(f->stream))) {
		end(f, RESET_ABORTED, 0);
	} else if (event == STREAM_DATAGRAM) {
		size_t len;
		const uint8_t *p = stream_datagram_in(f->stream, &len);
		if (f->udp)
			send_home(f, p, len);
		else
			keep(f, p, len);
	}
}

static void on_readable(void *owner)
{
	struct flow *f = owner;
	uint8_t *p = loop_plain(f->loop);
	for (int i = 0; i < READS_A_TURN && transport_wants_datagrams(f->transport); i++) {
		ssize_t n = udp_socket_read(f->udp, p, UDP_SOCKET_DATAGRAM_MAX, NULL, NULL);
		if (n == UV_EAGAIN)
			break;
		if (n < 0)
			continue;
		f->count->bytes.to_stream += (uint64_t)n;
		stream_datagram(f->stream, p, (size_t)n);
	}
	transport_mark(f->transport);
}

static void on_found(void *owner, const struct addr *list, size_t count, int err)
{
	struct flow *f = owner;
	f->lookup = NULL;
	struct addr to = count ? list[0] : (struct addr){0};
	to.port = f->port;
	if (count)
		f->udp = udp_socket_connect(f->loop, &to, f->from, on_readable, f, &err);
	if (!f->udp) {
		end(f, RESET_UNREACHABLE, err);
		return;
	}
	while (!list_is_empty(&f->pending)) {
		struct pending *p = LIST_ENTRY(f->pending.next, struct pending, node);
		send_home(f, p->bytes, p->len);
		forget_pending(f, p);
	}
}

struct flow *flow_new(struct transport *k, struct stream *stream, const char *host, uint16_t port,
		      uint16_t from, const void *first, size_t first_len, struct flow_count *count,
		      flow_fn *fn, void *owner)
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
	f->owner = owner;
	list_init(&f->pending);
	stream_own(stream, on_stream, f);
	struct addr numeric;
	int err = 0;
	if (addr_parse_ip(host, &numeric) == 0) {
		numeric.port = port;
		f->udp = udp_socket_connect(f->loop, &numeric, from, on_readable, f, &err);
	}
	if (!f->udp)
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

uint64_t flow_dropped(const struct flow *f)
{
	return stream_datagrams_dropped(f->stream);
}
