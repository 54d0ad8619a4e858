/*
 * A place is one address with its UDP socket and TCP listener. With `listen` the places are those,
 * a wildcard standing for every address of the machine; without, port 53 of every address that is
 * not loopback. The list is made again when the kernel tells of a change, and now and then while
 * something could not be bound; places that stay keep their sockets.
 *
 * A TCP connection reads length-prefixed questions and answers them in order; it ends when idle,
 * when it does not read its answers, or when there are too many of its kind.
 */
#include "relay/names/dns_server.h"

#include "relay/names/dns_answer.h"
#include "relay/names/dns_socket.h"
#include "relay/names/response_rate.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/io.h"
#include "shared/net/listener.h"
#include "shared/net/network_monitor.h"
#include "shared/net/timer.h"

#include <ifaddrs.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum {
	PLACES = 64,
	AGAIN_MS = 10000,
	SETTLE_MS = 200,
	TCP_MAX = 200,
	TCP_PER_SOURCE = 20,
	TCP_IDLE_MS = 10000,
	QUESTION_MAX = 4096,
	OUT_MAX = 128 * 1024
};

struct place {
	struct list node;
	struct dns_server *serve;
	struct addr at; /* as wished */
	struct dns_socket *udp;
	struct listener *tcp;
	bool wanted; /* found in the list that is being made */
	char *said;  /* why it cannot be bound */
};

struct caller {
	struct list node;
	struct dns_server *serve;
	struct io *io;
	struct addr peer;
	struct timer *idle;
	struct buf in, out;
};

struct dns_server {
	struct loop *loop;
	struct names *names;
	struct addr *listen; /* as configured; count 0: the machine's addresses */
	size_t listen_count;
	struct list places;
	size_t place_count;
	struct list callers;
	size_t caller_count;
	struct response_rate *rate;
	struct network_monitor *watch;
	struct timer *again;
	uint8_t *answer; /* DNS_PACKET_MAX for a TCP answer */
};

static size_t on_packet(void *owner, const uint8_t *in, size_t len, const struct addr *from,
			uint8_t *out)
{
	struct place *p = owner;
	struct dns_server *s = p->serve;
	const struct zone *zone = names_zone(s->names);
	if (!zone || from->port == 0)
		return 0;
	switch (response_rate_take(s->rate, from, loop_now_ms(s->loop))) {
	case RESPONSE_RATE_ANSWER:
		return dns_answer(zone, in, len, false, out);
	case RESPONSE_RATE_TRUNCATE:
		return dns_answer_truncated(in, len, out);
	default:
		return 0;
	}
}

static void caller_end(struct caller *c)
{
	list_remove(&c->node);
	c->serve->caller_count--;
	io_close(c->io);
	timer_close(c->idle);
	buf_fini(&c->in);
	buf_fini(&c->out);
	mem_free(c);
}

/* False: it is over. */
static bool write_on(struct caller *c)
{
	while (buf_len(&c->out)) {
		ssize_t n = io_write(c->io, buf_data(&c->out), buf_len(&c->out));
		if (n < 0)
			return false;
		if (n == 0)
			break;
		buf_take(&c->out, (size_t)n);
	}
	/* Whoever does not take its answers is not read either. */
	io_watch(c->io, buf_len(&c->out) ? IO_WATCH_WRITE : IO_WATCH_READ);
	return true;
}

/* The length of the first question, when all of it is there; SIZE_MAX when not. */
static size_t whole_question(const struct caller *c)
{
	const uint8_t *p = buf_data(&c->in);
	size_t have = buf_len(&c->in), len = have < 2 ? 0 : (size_t)p[0] << 8 | p[1];
	return have < 2 || (have < len + 2 && len <= QUESTION_MAX) ? SIZE_MAX : len;
}

/* As many questions as there is room for answers; false: it is over. */
static bool answer_some(struct caller *c)
{
	const struct zone *zone = names_zone(c->serve->names);
	for (size_t len; buf_len(&c->out) < OUT_MAX && (len = whole_question(c)) != SIZE_MAX;) {
		const uint8_t *p = buf_data(&c->in);
		if (len > QUESTION_MAX || !zone)
			return false;
		size_t answered = dns_answer(zone, p + 2, len, true, c->serve->answer);
		if (answered == 0)
			return false;
		const uint8_t prefix[2] = {(uint8_t)(answered >> 8), (uint8_t)answered};
		buf_put(&c->out, prefix, 2);
		buf_put(&c->out, c->serve->answer, answered);
		buf_take(&c->in, len + 2);
		timer_set(c->idle, TCP_IDLE_MS);
	}
	return write_on(c);
}

/* What fits into the kernel at once makes room for more. */
static bool answer_all(struct caller *c)
{
	do {
		if (!answer_some(c))
			return false;
	} while (!buf_len(&c->out) && whole_question(c) != SIZE_MAX);
	return true;
}

static void on_caller(void *owner, enum io_event event)
{
	struct caller *c = owner;
	bool good = event != IO_ERROR;
	if (event == IO_DATA) {
		uint8_t *room = buf_reserve(&c->in, QUESTION_MAX + 2);
		ssize_t n = io_read(c->io, room, QUESTION_MAX + 2);
		if (n == UV_EAGAIN)
			return;
		good = n > 0;
		if (n > 0)
			buf_commit(&c->in, (size_t)n);
	}
	if (!good || !answer_all(c))
		caller_end(c);
}

static void on_idle(void *owner)
{
	caller_end(owner);
}

static size_t count_of_source(const struct dns_server *s, const struct addr *peer)
{
	struct addr source = addr_source(peer);
	size_t count = 0;
	for (const struct list *node = s->callers.next; node != &s->callers; node = node->next) {
		struct addr other = addr_source(&LIST_ENTRY(node, struct caller, node)->peer);
		count += addr_equal_ip(&source, &other);
	}
	return count;
}

static void on_accept(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct place *p = owner;
	struct dns_server *s = p->serve;
	(void)local;
	if (count_of_source(s, peer) >= TCP_PER_SOURCE) {
		close(fd);
		return;
	}
	if (s->caller_count >= TCP_MAX) /* the oldest goes: it has had its time */
		caller_end(LIST_ENTRY(s->callers.next, struct caller, node));
	struct caller *c = mem_zalloc(sizeof(*c));
	c->serve = s;
	c->peer = *peer;
	list_append(&s->callers, &c->node);
	s->caller_count++;
	c->idle = timer_new(s->loop, on_idle, c);
	timer_set(c->idle, TCP_IDLE_MS);
	c->io = io_take(s->loop, fd, peer, NULL, on_caller, c);
	io_watch(c->io, IO_WATCH_READ);
}

static void place_free(struct place *p)
{
	list_remove(&p->node);
	p->serve->place_count--;
	dns_socket_close(p->udp);
	listener_close(p->tcp);
	mem_free(p->said);
	mem_free(p);
}

static void say(struct place *p, int err, const char *why)
{
	char at[ADDR_TEXT];
	const char *reason = why ? why : err_text(err);
	if (p->said && strcmp(p->said, reason) == 0)
		return;
	log_error("dns_closed", "at=%s reason=%s", addr_text(&p->at, at), reason);
	mem_free(p->said);
	p->said = mem_strdup(reason);
}

static bool place_open(struct place *p)
{
	char *why = NULL, at[ADDR_TEXT];
	int err = 0;
	if (p->udp && p->tcp)
		return true;
	/* TCP first: it knows who holds the port, and with port 0 it chooses one. */
	if (!p->tcp)
		p->tcp = listener_open(p->serve->loop, &p->at, p->at.family == 6, on_accept, p,
				       &err, &why);
	if (p->tcp && !p->udp)
		p->udp = dns_socket_bind(p->serve->loop, listener_at(p->tcp), on_packet, p, &err);
	if (p->udp && p->tcp) {
		log_info("dns_open", "at=%s", addr_text(listener_at(p->tcp), at));
		mem_free(p->said);
		p->said = NULL;
	} else {
		say(p, err, why);
	}
	mem_free(why);
	return p->udp && p->tcp;
}

static void want_place(struct dns_server *s, const struct addr *at)
{
	LIST_EACH(node, &s->places)
	{
		struct place *p = LIST_ENTRY(node, struct place, node);
		if (addr_equal(&p->at, at)) {
			p->wanted = true;
			return;
		}
	}
	if (s->place_count == PLACES)
		return;
	struct place *p = mem_zalloc(sizeof(*p));
	p->serve = s;
	p->at = *at;
	p->wanted = true;
	list_append(&s->places, &p->node);
	s->place_count++;
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
		want_place(s, &a);
	}
	freeifaddrs(all);
}

static void make_places(struct dns_server *s)
{
	bool missing = false;
	LIST_EACH(node, &s->places)
	LIST_ENTRY(node, struct place, node)->wanted = false;
	if (s->listen_count == 0)
		want_machine(s, 0, DNS_PORT, false);
	for (size_t i = 0; i < s->listen_count; i++) {
		const struct addr *at = &s->listen[i];
		if (addr_is_any(at))
			want_machine(s, at->family == 4 ? 4 : 0, at->port, true);
		else
			want_place(s, at);
	}
	LIST_EACH(node, &s->places)
	{
		struct place *p = LIST_ENTRY(node, struct place, node);
		if (!p->wanted)
			place_free(p);
		else
			missing |= !place_open(p);
	}
	if (missing || s->place_count == 0)
		timer_set(s->again, AGAIN_MS);
}

static void on_again(void *owner)
{
	make_places(owner);
}

/* Changes come in flocks: one look after the last. */
static void on_change(void *owner)
{
	struct dns_server *s = owner;
	timer_set(s->again, SETTLE_MS);
}

struct dns_server *dns_server_new(struct loop *l, struct names *names,
				  const struct serve_config *config)
{
	struct dns_server *s = mem_zalloc(sizeof(*s));
	s->loop = l;
	s->names = names;
	list_init(&s->places);
	list_init(&s->callers);
	s->answer = mem_alloc(DNS_PACKET_MAX);
	s->again = timer_new(l, on_again, s);
	s->watch = network_monitor_start(l, on_change, s);
	dns_server_reload(s, config);
	return s;
}

void dns_server_reload(struct dns_server *s, const struct serve_config *config)
{
	mem_free(s->listen);
	s->listen_count = config->listen_count;
	s->listen = mem_alloc((config->listen_count + 1) * sizeof(struct addr));
	for (size_t i = 0; i < config->listen_count; i++)
		s->listen[i] = config->listen[i];
	response_rate_free(s->rate);
	s->rate = response_rate_new(config->rate);
	make_places(s);
}

void dns_server_close(struct dns_server *s)
{
	if (!s)
		return;
	while (!list_is_empty(&s->places))
		place_free(LIST_ENTRY(s->places.next, struct place, node));
	while (!list_is_empty(&s->callers))
		caller_end(LIST_ENTRY(s->callers.next, struct caller, node));
	network_monitor_stop(s->watch);
	timer_close(s->again);
	response_rate_free(s->rate);
	mem_free(s->listen);
	mem_free(s->answer);
	mem_free(s);
}
