/*
 * A connection is accepted; a trusted proxy may first send a PROXY header, which names the visitor.
 * The newcomer is counted by its source. On an http port a gateway reads its head; on a tls port
 * its ClientHello is read here. The table of hosts names a door, and the socket goes to the door's
 * loop with the bytes that were read.
 *
 * When no door has the host, the visitor gets a page or an alert. On a port that agents use, too,
 * an agent is known by ALPN and goes to their listener. A slow newcomer ends by the clock, or, when
 * there are too many, as the oldest of the network that has the most.
 */
#include "relay/doors/shared_ports.h"

#include "relay/doors/http_visitor.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/eviction_queue.h"
#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/net/proxy_protocol.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

enum {
	SOURCES = 65536,
	ALERT_LINGER_MS = 1000, /* for a visitor to read it */
	AWAY_RETRY_S = 30,
	READ_MOST = 16 * 1024,
	/* newcomers, from which on what they hold is added up now and then */
	WEIGH_FROM = 512,
	WEIGH_MS = 200,
	WEIGH_SOON_MS = 25, /* while they hold a part of what they may */
	SAY_MS = 60000,
};

/* PORT_OWN: of an https mapping */
enum port { PORT_HTTP, PORT_TLS, PORT_TLS_OR_AGENT, PORT_OWN };

struct newcomer {
	struct list node;   /* shared_ports.newcomers, oldest first */
	struct list beside; /* those of one source, oldest first */
	struct eviction_queue_member member;
	struct shared_ports *ports;
	struct addr source;
	struct http_visitor *http; /* http */
	/* tls, and before a PROXY header has come: */
	struct io *io;
	struct buf hello; /* what was read */
	struct client_hello sni;
	struct timer *timer;
	enum port port;    /* it came to */
	uint16_t own_port; /* PORT_OWN: which */
	bool alerted;      /* only its end is awaited */
};

struct shared_ports {
	struct context *context;
	struct shared_ports_calls above;
	struct timer *weigh;
	struct list newcomers;
	struct eviction_queue *crowd; /* the same by networks */
	struct rate_limiter *held;
	uint64_t said_ms; /* when a missing PROXY header was last logged; 0: never */
};

static const struct forwarded_trust *trust_of(const struct shared_ports *f, enum port port)
{
	static const struct forwarded_trust nobody = {.count = 0};
	const struct relay_config *c = f->context->config;
	if (port == PORT_OWN)
		return &nobody;
	return port == PORT_HTTP ? &c->http_trust : &c->tls_trust;
}

/* --- newcomers --- */

/* It is a newcomer no longer, whatever becomes of its connection. */
static void forget(struct newcomer *n)
{
	list_remove(&n->beside);
	rate_limiter_release(n->ports->held, &n->source);
	eviction_queue_leave(n->ports->crowd, &n->member);
	list_remove(&n->node);
	timer_close(n->timer);
	buf_fini(&n->hello);
	mem_free(n);
}

static void drop(struct newcomer *n)
{
	if (n->http)
		http_visitor_evict(n->http);
	io_close(n->io);
	forget(n);
}

static struct newcomer *first_to_go(const struct shared_ports *f)
{
	return LIST_ENTRY(eviction_queue_first(f->crowd), struct newcomer, member);
}

/* Makes room if there is none. NULL when even that does not help. A trusted proxy has connections
 * for many. */
static struct newcomer *admit(struct shared_ports *f, const struct addr *peer, enum port port)
{
	struct addr source = addr_source(peer);
	uint64_t now = loop_now_ms(f->context->main);
	uint32_t most = forwarded_trusts(trust_of(f, port), peer)
			    ? UINT32_MAX
			    : f->context->config->limits.unfinished_heads_per_source;
	if (eviction_queue_count(f->crowd) >= SHARED_PORTS_MOST)
		drop(first_to_go(f));
	while (!rate_limiter_hold(f->held, &source, most, now)) {
		struct list *held = rate_limiter_holders(f->held, &source);
		if (!held)
			return NULL;
		drop(LIST_ENTRY(held->next, struct newcomer, beside));
	}
	struct newcomer *n = mem_zalloc(sizeof *n);
	n->ports = f;
	n->port = port;
	n->source = source;
	list_append(&f->newcomers, &n->node);
	list_append(rate_limiter_holders(f->held, &source), &n->beside);
	eviction_queue_join(f->crowd, &n->member, &source);
	if (eviction_queue_count(f->crowd) >= WEIGH_FROM && !timer_is_set(f->weigh))
		timer_set(f->weigh, WEIGH_MS);
	return n;
}

static size_t held(const struct newcomer *n)
{
	return n->http ? http_gateway_held(http_visitor_gateway(n->http)) : n->hello.cap;
}

/* Many sources, each within its limit, may together be too much. Then the oldest newcomers of the
 * fullest networks go. */
static void on_weigh(void *owner)
{
	struct shared_ports *f = owner;
	size_t bytes = 0;
	LIST_EACH(node, &f->newcomers)
	bytes += held(LIST_ENTRY(node, struct newcomer, node));
	while (bytes > SHARED_PORTS_BYTES) {
		struct newcomer *first = first_to_go(f);
		bytes -= held(first);
		drop(first);
	}
	if (eviction_queue_count(f->crowd) >= WEIGH_FROM)
		timer_set(f->weigh, bytes > SHARED_PORTS_BYTES / 8 ? WEIGH_SOON_MS : WEIGH_MS);
}

static uint32_t head_ms(const struct shared_ports *f)
{
	return f->context->config->limits.head_s * 1000;
}

/* --- http --- */

/* Requests for the relay itself belong to no mapping. */
static bool is_own_host(const struct shared_ports *f, const char *host)
{
	return reserved_names_has(f->context->config->reserved_names, host);
}

/* A DDNS client that came to the common port: the DDNS server takes it from its first byte. False:
 * the connection has carried a request already. */
static bool to_update_doors(struct newcomer *n, struct http_gateway *gateway)
{
	struct shared_ports *f = n->ports;
	struct buf early = BUF_INIT;
	if (!f->context->config->update.on || !http_gateway_unread(gateway, &early))
		return false;
	struct io *io = http_visitor_io(n->http);
	struct forwarded who =
	    forwarded_read(trust_of(f, PORT_HTTP), http_gateway_request(gateway), io_peer(io), "");
	struct addr local = *io_local(io);
	io = io_unpack(f->context->main, http_visitor_pack(n->http, &gateway), NULL, NULL);
	n->http = NULL;
	http_gateway_free(gateway);
	io_set_ends(io, &who.visitor, &local);
	io_unread(io, buf_data(&early), buf_len(&early));
	buf_fini(&early);
	f->above.take_own(f->above.owner, io);
	forget(n);
	return true;
}

/* A request that came to a trusted proxy by HTTPS is not sent there again, or it would come
 * back. */
static void redirect(struct newcomer *n, struct http_gateway *gateway, uint16_t port)
{
	struct forwarded who =
	    forwarded_read(trust_of(n->ports, PORT_HTTP), http_gateway_request(gateway),
			   io_peer(http_visitor_io(n->http)), http_gateway_proto(gateway));
	if (!strcmp(who.proto, "https"))
		http_gateway_refuse(gateway, 421, 0);
	else
		http_gateway_redirect(gateway, port);
}

static bool on_route(void *owner)
{
	static const struct vhost_entrance http = {MAPPING_SHARED_HTTP, 0};
	struct newcomer *n = owner;
	struct shared_ports *f = n->ports;
	struct http_gateway *gateway = http_visitor_gateway(n->http);
	const char *host = http_gateway_request(gateway)->host;
	struct vhost who;
	if (is_own_host(f, host)) {
		if (to_update_doors(n, gateway))
			return false;
		http_gateway_refuse(gateway, 404, 0);
		return true;
	}
	if (!vhost_table_find(f->context->vhosts, http, host, &who)) {
		unsigned status = f->above.absent_status(f->above.owner, host);
		http_gateway_refuse(gateway, status, status == 503 ? AWAY_RETRY_S : 0);
		return true;
	}
	if (who.redirect) {
		redirect(n, gateway, who.redirect);
		return true;
	}
	struct io_parcel *parcel = http_visitor_pack(n->http, &gateway);
	n->http = NULL;
	who.deliver(&who, parcel, gateway);
	forget(n);
	return false;
}

static void on_over(void *owner, const char *why)
{
	(void)why;
	forget(owner);
}

static void begin_http(struct shared_ports *f, struct io *io, struct http_gateway *gateway)
{
	struct newcomer *n = admit(f, io_peer(io), PORT_HTTP);
	if (!n) {
		io_close(io);
		http_gateway_free(gateway);
		return;
	}
	struct http_visitor_times times = {
	    .head_ms = head_ms(f), .idle_ms = head_ms(f), .stall_ms = head_ms(f)};
	n->http = http_visitor_new(f->context->main, io, gateway, &times, on_route, on_over, n);
}

struct returned {
	struct context *context;
	struct io_parcel *parcel;
	struct http_gateway *gateway;
};

static void take_returned(void *arg)
{
	struct returned *r = arg;
	struct shared_ports *f = r->context->shared_ports;
	if (f) {
		begin_http(f, io_unpack(r->context->main, r->parcel, NULL, NULL), r->gateway);
	} else { /* the relay is stopping */
		io_parcel_free(r->parcel);
		http_gateway_free(r->gateway);
	}
	mem_free(r);
}

void shared_ports_return(struct context *c, struct io_parcel *parcel, struct http_gateway *gateway)
{
	struct returned *r = mem_alloc(sizeof *r);
	*r = (struct returned){.context = c, .parcel = parcel, .gateway = gateway};
	if (loop_post(c->main, take_returned, r))
		return;
	io_parcel_free(parcel);
	http_gateway_free(gateway);
	mem_free(r);
}

/* --- tls --- */

void shared_ports_alert(struct loop *l, struct io_parcel *parcel, enum client_hello_alert alert)
{
	uint8_t bytes[CLIENT_HELLO_ALERT_LEN];
	struct io *io = io_unpack(l, parcel, NULL, NULL);
	client_hello_write_alert(alert, bytes);
	io_write(io, bytes, sizeof bytes);
	io_close(io);
}

/* Reads on for a moment: closing over unread bytes would be a reset, and the alert would be
 * lost. */
static void alert(struct newcomer *n, enum client_hello_alert alert)
{
	uint8_t bytes[CLIENT_HELLO_ALERT_LEN];
	client_hello_write_alert(alert, bytes);
	io_write(n->io, bytes, sizeof bytes);
	io_shutdown(n->io);
	buf_fini(&n->hello);
	n->alerted = true;
	timer_set(n->timer, ALERT_LINGER_MS);
}

static void to_agents(struct newcomer *n)
{
	const struct shared_ports_calls *above = &n->ports->above;
	struct io *io = n->io;
	n->io = NULL;
	above->take_agent(above->owner, io);
	forget(n);
}

/* The relay's own names come before those of mappings. */
static bool to_validation(struct newcomer *n)
{
	const struct shared_ports_calls *above = &n->ports->above;
	if (n->port == PORT_OWN || !client_hello_offers_only(&n->sni, TLS_CONTEXT_ALPN_ACME) ||
	    !above->take_validation(above->owner, n->io, n->sni.host))
		return false;
	n->io = NULL;
	forget(n);
	return true;
}

static void to_door(struct newcomer *n)
{
	const struct shared_ports_calls *above = &n->ports->above;
	const struct vhost_entrance at = {MAPPING_SHARED_TLS, n->own_port};
	struct vhost who;
	if (!vhost_table_find(n->ports->context->vhosts, at, n->sni.host, &who)) {
		alert(n, above->absent_status(above->owner, n->sni.host) == 404
			     ? CLIENT_HELLO_UNRECOGNIZED_NAME
			     : CLIENT_HELLO_INTERNAL_ERROR);
		return;
	}
	struct io_parcel *parcel = io_pack(n->io);
	n->io = NULL;
	who.deliver(&who, parcel, NULL);
	forget(n);
}

static void read_hello(struct newcomer *n)
{
	for (;;) {
		uint8_t piece[READ_MOST];
		ssize_t got = io_read(n->io, piece, sizeof piece);
		if (got == UV_EAGAIN)
			return;
		if (got <= 0) {
			drop(n);
			return;
		}
		buf_put(&n->hello, piece, (size_t)got);
		enum client_hello_result result =
		    client_hello_read(&n->sni, buf_data(&n->hello), buf_len(&n->hello));
		if (result == CLIENT_HELLO_MORE)
			continue;
		if (result != CLIENT_HELLO_MALFORMED)
			io_unread(n->io, buf_data(&n->hello), buf_len(&n->hello));
		if (n->port == PORT_TLS_OR_AGENT && result != CLIENT_HELLO_MALFORMED &&
		    client_hello_has_alpn(&n->sni, TLS_CONTEXT_ALPN_TUNNEL))
			to_agents(n);
		else if (result == CLIENT_HELLO_HOST && to_validation(n))
			return;
		else if (result == CLIENT_HELLO_HOST)
			to_door(n);
		else
			alert(n, result == CLIENT_HELLO_NO_NAME ? CLIENT_HELLO_UNRECOGNIZED_NAME
								: CLIENT_HELLO_DECODE_ERROR);
		return;
	}
}

static void on_tls(void *owner, enum io_event event)
{
	struct newcomer *n = owner;
	uint8_t rest[4096];
	if (event == IO_ERROR) {
		drop(n);
	} else if (!n->alerted) {
		read_hello(n);
	} else {
		ssize_t got = io_read(n->io, rest, sizeof rest);
		if (got <= 0 && got != UV_EAGAIN)
			drop(n);
	}
}

static void on_timer(void *owner)
{
	drop(owner);
}

/* Begins to read the first bytes of a newcomer; NULL: there was no room. */
static struct newcomer *begin_reading(struct shared_ports *f, struct io *io, enum port port,
				      io_fn *fn)
{
	struct newcomer *n = admit(f, io_peer(io), port);
	if (!n) {
		io_close(io);
		return NULL;
	}
	n->io = io;
	n->timer = timer_new(f->context->main, on_timer, n);
	timer_set(n->timer, head_ms(f));
	io_own(io, fn, n);
	io_watch(io, IO_WATCH_READ);
	return n;
}

static void begin(struct shared_ports *f, struct io *io, enum port port, const char *proto)
{
	if (port == PORT_HTTP) {
		begin_http(f, io, http_gateway_new(proto));
		return;
	}
	struct newcomer *n = begin_reading(f, io, port, on_tls);
	if (!n)
		return;
	client_hello_init(&n->sni);
	if (port == PORT_OWN)
		n->own_port = io_local(io)->port;
}

/* --- behind a proxy --- */

static void say_no_header(struct newcomer *n, int err)
{
	struct shared_ports *f = n->ports;
	uint64_t now = loop_now_ms(f->context->main);
	char at[ADDR_TEXT];
	if (f->said_ms && now < f->said_ms + SAY_MS)
		return;
	f->said_ms = now;
	log_warn("no_proxy_header", "for=%s proxy=%s why=%s", n->port == PORT_HTTP ? "http" : "tls",
		 addr_text(io_peer(n->io), at),
		 err == ERR_SYNTAX ? "what came is no PROXY header" : err_text(err));
}

static void on_proxy(void *owner, enum io_event event)
{
	struct newcomer *n = owner;
	struct shared_ports *f = n->ports;
	enum port port = n->port;
	struct proxy_header h;
	struct io *io = n->io;
	int got = event == IO_ERROR ? ERR_CLOSED : proxy_protocol_take(io, &n->hello, &h);
	if (got == 0)
		return;
	if (got < 0) {
		if (got == ERR_SYNTAX || got == ERR_TOO_BIG)
			say_no_header(n, got);
		drop(n);
		return;
	}
	n->io = NULL;
	forget(n);
	begin(f, io, port, h.tls ? "https" : "http");
}

static void accept_at(struct shared_ports *f, enum port port, int fd, const struct addr *peer,
		      const struct addr *local)
{
	const struct forwarded_trust *t = trust_of(f, port);
	congestion_control_set(fd, f->context->config->congestion_used);
	struct io *io = io_take(f->context->main, fd, peer, local, NULL, NULL);
	if (t->proxy_protocol && forwarded_trusts(t, io_peer(io)))
		begin_reading(f, io, port, on_proxy);
	else
		begin(f, io, port, "http");
}

void shared_ports_accept_http(void *owner, int fd, const struct addr *peer,
			      const struct addr *local)
{
	accept_at(owner, PORT_HTTP, fd, peer, local);
}

void shared_ports_accept_tls(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	accept_at(owner, PORT_TLS, fd, peer, local);
}

void shared_ports_accept_tls_or_agent(void *owner, int fd, const struct addr *peer,
				      const struct addr *local)
{
	accept_at(owner, PORT_TLS_OR_AGENT, fd, peer, local);
}

struct came {
	struct context *context;
	struct io_parcel *parcel;
};

static void take_came(void *arg)
{
	struct came *c = arg;
	struct shared_ports *f = c->context->shared_ports;
	if (f)
		begin(f, io_unpack(c->context->main, c->parcel, NULL, NULL), PORT_OWN, NULL);
	else /* the relay is stopping */
		io_parcel_free(c->parcel);
	mem_free(c);
}

void shared_ports_take_tls(struct context *c, struct io_parcel *parcel)
{
	struct came *came = mem_alloc(sizeof *came);
	*came = (struct came){.context = c, .parcel = parcel};
	if (loop_post(c->main, take_came, came))
		return;
	io_parcel_free(parcel);
	mem_free(came);
}

struct shared_ports *shared_ports_new(struct context *c, const struct shared_ports_calls *above)
{
	struct shared_ports *f = mem_zalloc(sizeof *f);
	f->context = c;
	f->above = *above;
	list_init(&f->newcomers);
	f->crowd = eviction_queue_new();
	f->held = rate_limiter_new(SOURCES, 0, 0);
	f->weigh = timer_new(c->main, on_weigh, f);
	return f;
}

void shared_ports_free(struct shared_ports *f)
{
	if (!f)
		return;
	while (!list_is_empty(&f->newcomers))
		drop(LIST_ENTRY(f->newcomers.next, struct newcomer, node));
	timer_close(f->weigh);
	eviction_queue_free(f->crowd);
	rate_limiter_free(f->held);
	mem_free(f);
}
