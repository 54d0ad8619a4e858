/*
 * Each address has a UDP socket and a TCP listener. With `listen` the addresses are those, a
 * wildcard standing for every address of the machine; without, port 53 of every address that is not
 * loopback. The list is made again when the kernel tells of a change, and now and then while
 * something could not be bound; addresses that stay keep their sockets.
 *
 * A TCP connection brings length-prefixed questions:
 *
 *	reading   until a whole question is there
 *	ready     questions are there; the ready connections are answered by turns, so many
 *	          answers in a turn of the loop
 *	paused    its network has had its answers of this second
 *	writing   until the kernel has taken the answers
 *
 * It reads on only when its questions are answered. It ends when idle, when it does not take its
 * answers, or when there are too many of its kind.
 */
#include "relay/names/dns_server.h"

#include "relay/dns/dns_answer.h"
#include "relay/dns/dns_udp_socket.h"
#include "shared/base/buf.h"
#include "shared/base/eviction_queue.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/rate_limiter.h"
#include "shared/net/io.h"
#include "shared/net/listener.h"
#include "shared/net/network_monitor.h"
#include "shared/net/timer.h"

#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	ADDRESSES = 64,
	AGAIN_MS = 10000,
	SETTLE_MS = 200,
	TCP_MAX = 200,
	TCP_PER_SOURCE = 20,
	TCP_IDLE_MS = 10000,
	TCP_PAUSE_MS = 50,
	ANSWERS_A_TURN = 128, /* over TCP, of all connections */
	ANSWERS_AT_ONCE = 16, /* … of one, before the next has its turn */
	QUESTION_MAX = 4096,
	OUT_MAX = 128 * 1024,
	SOURCES = 16384
};

struct address {
	struct list node;
	struct dns_server *server;
	struct addr at; /* as configured */
	struct dns_udp_socket *udp;
	struct listener *tcp;
	bool wanted; /* found in the list that is being made */
	char *said;  /* why it cannot be bound */
};

struct connection {
	struct eviction_queue_member member;
	struct list turn;   /* on ready or paused, or on none */
	struct list beside; /* those of one source, oldest first */
	struct dns_server *server;
	struct io *io;
	struct addr peer;
	struct timer *idle;
	struct buf in, out;
};

struct dns_server {
	struct loop *loop;
	struct name_registry *names;
	struct addr *listen; /* as configured; count 0: the machine's addresses */
	size_t listen_count;
	struct list addresses;
	size_t address_count;
	struct eviction_queue *connections;
	struct list ready, paused; /* connections with whole questions */
	struct timer *unpause;
	struct task answering;
	uint32_t rate; /* answers a second to one v4 /24 or v6 /56; 0: no limit */
	struct rate_limiter *udp_answers, *tcp_answers; /* by these */
	struct rate_limiter *tcp_sources;               /* connections, by source */
	uint32_t coin;
	struct network_monitor *watch;
	struct timer *again;
	uint8_t *answer; /* DNS_PACKET_MAX for a TCP answer */
};

/* Beyond the limit half are told to come by TCP, so that honest ones do, and half nothing. */
static size_t on_packet(void *owner, const uint8_t *in, size_t len, const struct addr *from,
			uint8_t *out)
{
	struct dns_server *s = ((struct address *)owner)->server;
	const struct zone *zone = name_registry_zone(s->names);
	struct addr prefix = addr_prefix(from, 24, 56);
	if (!zone || from->port == 0)
		return 0;
	if (!s->rate || rate_limiter_try(s->udp_answers, &prefix, loop_now_ms(s->loop)))
		return dns_answer(zone, in, len, false, out);
	s->coin = s->coin * 1664525u + 1013904223u;
	return s->coin >> 31 ? dns_answer_truncated(in, len, out) : 0;
}

static void connection_end(struct connection *c)
{
	eviction_queue_leave(c->server->connections, &c->member);
	list_remove(&c->turn);
	list_remove(&c->beside);
	rate_limiter_release(c->server->tcp_sources, &c->peer);
	io_close(c->io);
	timer_close(c->idle);
	buf_fini(&c->in);
	buf_fini(&c->out);
	mem_free(c);
}

/* The length of the first question, when all of it is there; SIZE_MAX when not. */
static size_t whole_question(const struct connection *c)
{
	const uint8_t *p = buf_data(&c->in);
	size_t have = buf_len(&c->in), len = have < 2 ? 0 : (size_t)p[0] << 8 | p[1];
	return have < 2 || (have < len + 2 && len <= QUESTION_MAX) ? SIZE_MAX : len;
}

/* What it does next: write its answers, wait for its turn, or read on. A peer that does not take
 * its answers is not read either. */
static void go_on(struct connection *c, bool pause)
{
	struct dns_server *s = c->server;
	bool has_question = whole_question(c) != SIZE_MAX;
	int err = buf_len(&c->out) ? io_write_buf(c->io, &c->out) : 0;
	if (err < 0 && err != UV_EAGAIN) {
		connection_end(c);
	} else if (buf_len(&c->out) >= OUT_MAX || (err && !has_question)) {
		io_watch(c->io, IO_WATCH_WRITE);
	} else if (!has_question) {
		io_watch(c->io, IO_WATCH_READ);
	} else {
		io_watch(c->io, 0);
		list_append(pause ? &s->paused : &s->ready, &c->turn);
		if (!pause)
			task_mark(s->loop, &s->answering);
		else if (!timer_is_set(s->unpause))
			timer_set(s->unpause, TCP_PAUSE_MS);
	}
}

/* Answers its first question; false when there is no answer. */
static bool answer_one(struct connection *c)
{
	struct dns_server *s = c->server;
	const struct zone *zone = name_registry_zone(s->names);
	size_t len = whole_question(c), answered = 0;
	if (zone && len <= QUESTION_MAX)
		answered = dns_answer(zone, buf_data(&c->in) + 2, len, true, s->answer);
	if (!answered)
		return false;
	const uint8_t answered_len[2] = {(uint8_t)(answered >> 8), (uint8_t)answered};
	buf_put(&c->out, answered_len, 2);
	buf_put(&c->out, s->answer, answered);
	buf_take(&c->in, len + 2);
	timer_set(c->idle, TCP_IDLE_MS);
	return true;
}

/* A connection's turn; left: answers that may still be given in this turn of the loop. */
static void answer_some(struct connection *c, unsigned *left)
{
	struct dns_server *s = c->server;
	struct addr prefix = addr_prefix(&c->peer, 24, 56);
	bool over = false;
	for (unsigned i = 0; i < ANSWERS_AT_ONCE && *left && whole_question(c) != SIZE_MAX; i++) {
		over = s->rate && !rate_limiter_try(s->tcp_answers, &prefix, loop_now_ms(s->loop));
		if (over)
			break;
		if (!answer_one(c)) {
			connection_end(c);
			return;
		}
		(*left)--;
	}
	go_on(c, over);
}

static void answer_ready(void *arg)
{
	struct dns_server *s = arg;
	for (unsigned left = ANSWERS_A_TURN; left && !list_is_empty(&s->ready);) {
		struct connection *c = LIST_ENTRY(s->ready.next, struct connection, turn);
		list_remove(&c->turn);
		answer_some(c, &left);
	}
	if (!list_is_empty(&s->ready))
		task_mark(s->loop, &s->answering);
}

static void on_unpause(void *owner)
{
	struct dns_server *s = owner;
	list_move(&s->ready, &s->paused);
	task_mark(s->loop, &s->answering);
}

static void on_io(void *owner, enum io_event event)
{
	struct connection *c = owner;
	ssize_t n = event == IO_ERROR ? -1 : 0;
	if (event == IO_DATA) {
		n = io_read(c->io, buf_reserve(&c->in, QUESTION_MAX + 2), QUESTION_MAX + 2);
		if (n == UV_EAGAIN)
			return;
		if (n > 0)
			buf_commit(&c->in, (size_t)n);
		else
			n = -1;
	}
	if (n < 0)
		connection_end(c);
	else if (list_is_empty(&c->turn))
		go_on(c, false);
}

static void on_idle(void *owner)
{
	connection_end(owner);
}

static struct connection *first_of_fullest(struct dns_server *s)
{
	return LIST_ENTRY(eviction_queue_first(s->connections), struct connection, member);
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct dns_server *s = ((struct address *)owner)->server;
	struct connection *c = mem_zalloc(sizeof(*c));
	uint64_t now = loop_now_ms(s->loop);
	(void)local;
	if (rate_limiter_held(s->tcp_sources, peer) >= TCP_PER_SOURCE)
		connection_end(LIST_ENTRY(rate_limiter_holders(s->tcp_sources, peer)->next,
					  struct connection, beside));
	else if (eviction_queue_count(s->connections) >= TCP_MAX)
		connection_end(first_of_fullest(s));
	c->server = s;
	c->peer = *peer;
	rate_limiter_hold(s->tcp_sources, peer, TCP_PER_SOURCE, now);
	list_init(&c->turn);
	list_append(rate_limiter_holders(s->tcp_sources, peer), &c->beside);
	eviction_queue_join(s->connections, &c->member, peer);
	c->idle = timer_new(s->loop, on_idle, c);
	timer_set(c->idle, TCP_IDLE_MS);
	c->io = io_take(s->loop, fd, peer, NULL, on_io, c);
	io_watch(c->io, IO_WATCH_READ);
}

static void address_free(struct address *a)
{
	list_remove(&a->node);
	a->server->address_count--;
	dns_udp_socket_close(a->udp);
	listener_close(a->tcp);
	mem_free(a->said);
	mem_free(a);
}

static void say(struct address *a, int err, const char *why)
{
	char at[ADDR_TEXT];
	const char *reason = why ? why : err_text(err);
	if (a->said && strcmp(a->said, reason) == 0)
		return;
	log_error("dns_closed", "at=%s reason=%s", addr_text(&a->at, at), reason);
	mem_free(a->said);
	a->said = mem_strdup(reason);
}

static bool address_open(struct address *a)
{
	char *why = NULL, at[ADDR_TEXT];
	int err = 0;
	if (a->udp && a->tcp)
		return true;
	/* TCP first: it knows who holds the port, and with port 0 it chooses one. */
	if (!a->tcp)
		a->tcp = listener_open(a->server->loop, &a->at, a->at.family == 6, on_accept, a,
				       &err, &why);
	if (a->tcp)
		listener_leave(a->tcp, file_limit_for_visitors());
	if (a->tcp && !a->udp)
		a->udp =
		    dns_udp_socket_bind(a->server->loop, listener_at(a->tcp), on_packet, a, &err);
	if (a->udp && a->tcp) {
		log_info("dns_open", "at=%s", addr_text(listener_at(a->tcp), at));
		mem_free(a->said);
		a->said = NULL;
	} else {
		say(a, err, why);
	}
	mem_free(why);
	return a->udp && a->tcp;
}

static void want_address(struct dns_server *s, const struct addr *at)
{
	LIST_EACH(node, &s->addresses)
	{
		struct address *a = LIST_ENTRY(node, struct address, node);
		if (addr_equal(&a->at, at)) {
			a->wanted = true;
			return;
		}
	}
	if (s->address_count == ADDRESSES)
		return;
	struct address *a = mem_zalloc(sizeof(*a));
	a->server = s;
	a->at = *at;
	a->wanted = true;
	list_append(&s->addresses, &a->node);
	s->address_count++;
}

/* Every address of the machine (family 0: both) on this port. */
static void want_machine(struct dns_server *s, uint8_t family, uint16_t port, bool loopback)
{
	struct ifaddrs *all = NULL;
	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct addr a;
		if (!i->ifa_addr || !addr_from_sockaddr(&a, i->ifa_addr) ||
		    (family && a.family != family))
			continue;
		bool link_local = a.family == 6 && a.ip[0] == 0xfe && (a.ip[1] & 0xc0) == 0x80;
		if (link_local || (addr_is_loopback(&a) && !loopback))
			continue;
		a.port = port;
		want_address(s, &a);
	}
	freeifaddrs(all);
}

static void make_addresses(struct dns_server *s)
{
	bool missing = false;
	LIST_EACH(node, &s->addresses)
	LIST_ENTRY(node, struct address, node)->wanted = false;
	if (s->listen_count == 0)
		want_machine(s, 0, DNS_PORT, false);
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct addr *at = &s->listen[i];
		if (addr_is_any(at))
			want_machine(s, at->family == 4 ? 4 : 0, at->port, true);
		else
			want_address(s, at);
	}
	LIST_EACH(node, &s->addresses)
	{
		struct address *a = LIST_ENTRY(node, struct address, node);
		if (!a->wanted)
			address_free(a);
		else
			missing |= !address_open(a);
	}
	if (missing || s->address_count == 0)
		timer_set(s->again, AGAIN_MS);
}

static void on_again(void *owner)
{
	make_addresses(owner);
}

/* Changes come in flocks: one look after the last. */
static void on_change(void *owner)
{
	struct dns_server *s = owner;
	timer_set(s->again, SETTLE_MS);
}

static void stop(struct dns_server *s)
{
	while (!list_is_empty(&s->addresses))
		address_free(LIST_ENTRY(s->addresses.next, struct address, node));
	while (eviction_queue_count(s->connections))
		connection_end(first_of_fullest(s));
	network_monitor_stop(s->watch);
	s->watch = NULL;
	timer_stop(s->again);
}

struct dns_server *dns_server_new(struct loop *l, struct name_registry *names)
{
	struct dns_server *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	s->names = names;
	list_init(&s->addresses);
	s->connections = eviction_queue_new();
	list_init(&s->ready);
	list_init(&s->paused);
	task_init(&s->answering, answer_ready, s);
	s->unpause = timer_new(l, on_unpause, s);
	s->answer = mem_alloc(DNS_PACKET_MAX);
	s->udp_answers = rate_limiter_new(SOURCES, 0, 0);
	s->tcp_answers = rate_limiter_new(SOURCES, 0, 0);
	s->tcp_sources = rate_limiter_new(TCP_MAX, 0, 0);
	s->coin = random_u32();
	s->again = timer_new(l, on_again, s);
	return s;
}

void dns_server_set(struct dns_server *s, const struct zone_config *settings)
{
	if (!settings) {
		stop(s);
		return;
	}
	mem_free(s->listen);
	s->listen_count = settings->listen_count;
	s->listen = mem_dup(settings->listen, s->listen_count * sizeof(struct addr));
	s->rate = settings->rate;
	rate_limiter_change(s->udp_answers, s->rate, s->rate);
	rate_limiter_change(s->tcp_answers, s->rate, s->rate);
	if (!s->watch)
		s->watch = network_monitor_start(s->loop, on_change, s);
	make_addresses(s);
}

void dns_server_status(const struct dns_server *s, struct json *w)
{
	LIST_EACH(node, &s->addresses)
	{
		const struct address *a = LIST_ENTRY(node, const struct address, node);
		char at[ADDR_TEXT];
		json_open(w, NULL, '{');
		json_str(w, "for", "dns");
		json_str(w, "at", addr_text(a->tcp ? listener_at(a->tcp) : &a->at, at));
		json_str(w, "state", a->tcp && a->udp ? "open" : "error");
		json_str(w, "error", a->said);
		json_close(w);
	}
}

void dns_server_close(struct dns_server *s)
{
	if (!s)
		return;
	stop(s);
	timer_close(s->again);
	timer_close(s->unpause);
	task_cancel(&s->answering);
	rate_limiter_free(s->udp_answers);
	rate_limiter_free(s->tcp_answers);
	rate_limiter_free(s->tcp_sources);
	eviction_queue_free(s->connections);
	mem_free(s->listen);
	mem_free(s->answer);
	mem_free(s);
}
