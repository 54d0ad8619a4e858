/*
 * The kind `rfc2136`: signed updates to BIND, Knot or PowerDNS. A job is one UPDATE. It opens a new
 * socket, sends the UPDATE, and sends it again every RESEND_MS until an answer comes with the
 * server's signature. After TRIES without one, the job is tried later. An answer without a valid
 * signature proves nothing: its reason is kept for the error text, and the job waits only
 * UNSIGNED_MS more. An UPDATE of more than UDP_MOST bytes goes over TCP, by a connection for each
 * try.
 *
 * A server given by name is looked up for each job, in a lane of the resolver that no other
 * publisher uses in the relay, so that a dead name does not hold up theirs. Each try goes to the
 * server's next address, and at once to the next when one refuses.
 */
#include "relay/dns/dns_packet.h"
#include "relay/providers/publisher_kind.h"
#include "relay/dns/tsig.h"
#include "relay/dns/zone.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/dial.h"
#include "shared/net/io.h"
#include "shared/net/resolver.h"
#include "shared/net/timer.h"
#include "shared/net/udp_socket.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	RESEND_MS = 5000,
	TRIES = 3,
	UNSIGNED_MS = 1000,
	UDP_MOST = 512,
	/* room for the largest job, two sets of addresses and two of texts, without compression */
	PACKET = 32 * 1024,
	ANSWER = 4096,
	REASON = 512,
	ADDRESSES = 4,
	KEY_MAX = 128
};

struct settings {
	struct endpoint server; /* port 53 when none was written */
	char *zone;
	struct tsig_key key;
};

struct rfc2136 {
	struct loop *loop;
	const struct settings *settings;
	publish_done_fn *done;
	void *owner;
	/* of the job under way; one of them, or both NULL */
	struct udp_socket *socket;
	struct io *stream;
	struct buf out, in; /* of stream */
	struct timer *timer;
	struct resolver *lookup;   /* under way, or NULL */
	struct addr to[ADDRESSES]; /* the server's */
	unsigned to_count, next;   /* next: the address of the next try, modulo to_count */
	unsigned unreachable;      /* tries that failed at once; they do not count in tries */
	bool failed;               /* the last try failed at once */
	uint8_t packet[PACKET];
	size_t packet_len;
	struct tsig_mac mac;
	uint16_t id;
	unsigned tries;
	char reason[REASON]; /* the error text when no signed answer comes */
	/* Set when decided; told from the timer, because publish() must not call done. */
	enum publish_result result;
	bool decided;
};

/* --- settings --- */

/* Reads "HOST" or "HOST:PORT"; reports errors. */
static void read_server(struct conf_at at, struct endpoint *out)
{
	const char *server = NULL, *why = NULL;
	struct addr a;
	char clean[256];
	if (!conf_str(at, "server", &server))
		return;
	if (addr_parse_ip(server, &a) == 0) {
		a.port = DNS_PORT;
		*out = (struct endpoint){
		    .first = DNS_PORT, .last = DNS_PORT, .numeric = true, .addr = a};
		addr_ip_text(&a, out->host);
	} else if (text_host(server, false, clean) == 0 && !strchr(server, ':')) {
		*out = (struct endpoint){.first = DNS_PORT, .last = DNS_PORT};
		memcpy(out->host, clean, strlen(clean) + 1);
	} else if (endpoint_parse(server, out, &why) != 0) {
		conf_error(at, "server", "\"%s\" %s", server, why);
	} else if (out->first != out->last) {
		conf_error(at, "server", "\"%s\" is more than one port", server);
	}
}

static void read_key(struct conf_at at, const char *file, struct tsig_key *out)
{
	const char *algorithm = "hmac-sha256", *name = NULL, *text = NULL;
	char *secret = NULL, clean[256];
	uint8_t key[KEY_MAX];
	size_t len = 0;
	conf_opt_str(at, "algorithm", &algorithm);
	if (conf_str(at, "key_name", &name) && text_host(name, false, clean) != 0)
		conf_error(at, "key_name", "\"%s\" is no key's name", name);
	if (conf_has(at, "key_file"))
		text = secret = publisher_read_secret(at, "key_file", file);
	else
		conf_str(at, "key", &text);
	conf_has(at, "key");
	if (text && (text_unbase64(text, strlen(text), key, sizeof(key), &len) != 0 || len == 0))
		conf_error(at, secret ? "key_file" : "key", "is no base64 of at most %d bytes",
			   KEY_MAX);
	else if (text && name && tsig_key_set(out, name, algorithm, key, len) != 0)
		conf_error(at, "algorithm",
			   "\"%s\" with key \"%s\" is not known; hmac-sha256 is what servers make",
			   algorithm, name);
	mem_wipe(key, sizeof(key));
	publisher_free_secret(secret);
}

static void *read_settings(struct conf_at at, const struct publisher_place *place)
{
	struct settings *s = mem_zalloc(sizeof(*s));
	read_server(at, &s->server);
	s->zone = publisher_read_zone(at, place->domain);
	read_key(at, place->file, &s->key);
	return s;
}

static void drop_settings(void *settings)
{
	struct settings *s = settings;
	mem_wipe(&s->key, sizeof(s->key));
	mem_free(s->zone);
	mem_free(s);
}

static char *id(const void *settings)
{
	const struct settings *s = settings;
	return mem_printf("rfc2136 %s %s:%u", s->zone, s->server.host, s->server.first);
}

static bool serves(const void *settings, const char *name)
{
	return text_is_in(name, ((const struct settings *)settings)->zone);
}

/* --- the job --- */

static void disconnect(struct rfc2136 *r)
{
	udp_socket_close(r->socket);
	io_close(r->stream);
	buf_fini(&r->out);
	buf_fini(&r->in);
	r->socket = NULL;
	r->stream = NULL;
}

static void end(struct rfc2136 *r, enum publish_result result)
{
	disconnect(r);
	timer_stop(r->timer);
	r->done(r->owner, result, 0, result == PUBLISH_OK ? NULL : r->reason);
}

static void decide(struct rfc2136 *r, enum publish_result result)
{
	r->decided = true;
	r->result = result;
	timer_set(r->timer, 0);
}

static void judge(struct rfc2136 *r, unsigned rcode)
{
	if (rcode == DNS_NOERROR) {
		decide(r, PUBLISH_OK);
		return;
	}
	snprintf(r->reason, sizeof(r->reason), "the server %s answered %s",
		 r->settings->server.host, dns_rcode_text(rcode));
	decide(r, rcode == DNS_REFUSED ? PUBLISH_REFUSED : PUBLISH_LATER);
}

static void suspect(struct rfc2136 *r, unsigned rcode, const char *what)
{
	snprintf(r->reason, sizeof(r->reason), "the server %s answered %s %s",
		 r->settings->server.host, dns_rcode_text(rcode), what);
	timer_set(r->timer, UNSIGNED_MS);
	r->tries = TRIES;
}

static void take_answer(struct rfc2136 *r, const uint8_t *in, size_t len)
{
	static const char *const suspicions[] = {
	    [TSIG_BADKEY] = "and does not know the key",
	    [TSIG_BADSIG] = "and found the signature wrong: is the key the same?",
	    [TSIG_ABSENT] = "without a signature: is the key the right one?",
	    [TSIG_BAD] = "with a signature that does not verify"};
	struct dns_header h;
	int64_t skew;
	if (r->decided || !dns_header_read(in, len, &h) || !h.qr || h.id != r->id)
		return;
	enum tsig_verdict verdict =
	    tsig_verify(&r->settings->key, in, len, &r->mac, loop_wall_ms() / 1000, &skew);
	if (verdict == TSIG_GOOD) {
		judge(r, h.rcode);
	} else if (verdict == TSIG_BADTIME || verdict == TSIG_TIME) {
		snprintf(r->reason, sizeof(r->reason), "the clock of the server %s is %lld s %s",
			 r->settings->server.host, (long long)(skew < 0 ? -skew : skew),
			 skew < 0 ? "behind" : "ahead");
		decide(r, PUBLISH_LATER);
	} else {
		suspect(r, h.rcode, suspicions[verdict]);
	}
}

static void on_socket_error(struct rfc2136 *r, int err)
{
	if (r->decided || r->failed)
		return;
	snprintf(r->reason, sizeof(r->reason), "the server %s: %s", r->settings->server.host,
		 err_text(err));
	r->failed = true;
	r->tries--;
	if (++r->unreachable >= r->to_count)
		decide(r, PUBLISH_LATER);
	else
		timer_set(r->timer, 0);
}

static void on_socket(void *owner)
{
	struct rfc2136 *r = owner;
	uint8_t in[ANSWER];
	ssize_t n;
	while ((n = udp_socket_read(r->socket, in, sizeof(in), NULL, NULL)) >= 0)
		take_answer(r, in, (size_t)n);
	if (n != UV_EAGAIN)
		on_socket_error(r, (int)n);
}

/* Takes the answer when it has come whole; then the server has nothing more to say. */
static void read_stream(struct rfc2136 *r)
{
	uint8_t in[ANSWER];
	ssize_t n;
	while ((n = io_read(r->stream, in, sizeof(in))) > 0) {
		buf_put(&r->in, in, (size_t)n);
		const uint8_t *p = buf_data(&r->in);
		size_t had = buf_len(&r->in), len;
		if (had < 2)
			continue;
		len = (size_t)(p[0] << 8 | p[1]);
		if (len > ANSWER) {
			on_socket_error(r, ERR_TOO_BIG);
			return;
		}
		if (had - 2 >= len) {
			take_answer(r, p + 2, len);
			io_close(r->stream);
			r->stream = NULL;
			return;
		}
	}
	if (n != UV_EAGAIN)
		on_socket_error(r, n ? (int)n : UV_EOF);
}

static void on_stream(void *owner, enum io_event event)
{
	struct rfc2136 *r = owner;
	(void)event;
	if (r->decided || r->failed)
		return;
	io_write_buf(r->stream, &r->out); /* what is wrong is read */
	io_watch(r->stream, IO_WATCH_READ | (buf_len(&r->out) ? IO_WATCH_WRITE : 0));
	read_stream(r);
}

static void send_by_stream(struct rfc2136 *r, const struct addr *to)
{
	uint8_t len[2] = {(uint8_t)(r->packet_len >> 8), (uint8_t)r->packet_len};
	disconnect(r);
	buf_put(&r->out, len, sizeof(len));
	buf_put(&r->out, r->packet, r->packet_len);
	r->stream = io_dial(r->loop, to, NULL, 0, on_stream, r);
}

/* With one address the socket stays, so an answer to an earlier try counts, too. */
static int send_by_socket(struct rfc2136 *r, const struct addr *to)
{
	int err = 0;
	if (r->to_count > 1)
		disconnect(r);
	if (!r->socket)
		r->socket = udp_socket_connect(r->loop, to, 0, on_socket, r, &err);
	return r->socket ? udp_socket_write(r->socket, r->packet, r->packet_len) : err;
}

static void send_packet(struct rfc2136 *r)
{
	const struct addr *to = &r->to[r->next++ % r->to_count];
	int err = 0;
	r->tries++;
	r->failed = false;
	timer_set(r->timer, RESEND_MS);
	if (r->packet_len > UDP_MOST)
		send_by_stream(r, to);
	else
		err = send_by_socket(r, to);
	if (err < 0)
		on_socket_error(r, err);
}

static void on_timer(void *owner)
{
	struct rfc2136 *r = owner;
	if (r->decided)
		end(r, r->result);
	else if (r->tries >= TRIES)
		end(r, PUBLISH_LATER);
	else
		send_packet(r);
}

static void on_lookup(void *owner, const struct addr *list, size_t count, int err)
{
	struct rfc2136 *r = owner;
	r->lookup = NULL;
	if (count == 0) {
		snprintf(r->reason, sizeof(r->reason), "%s: %s", r->settings->server.host,
			 err_text(err));
		decide(r, PUBLISH_LATER);
		return;
	}
	r->to_count = count < ADDRESSES ? (unsigned)count : ADDRESSES;
	for (unsigned i = 0; i < r->to_count; i++) {
		r->to[i] = list[i];
		r->to[i].port = r->settings->server.first;
	}
	send_packet(r);
}

static void find_server(struct rfc2136 *r)
{
	const struct endpoint *server = &r->settings->server;
	r->next = r->unreachable = 0;
	if (server->numeric) {
		r->to[0] = server->addr;
		r->to_count = 1;
		send_packet(r);
	} else {
		r->lookup =
		    resolver_start(r->loop, DIAL_RELAY, server->host, DIAL_CACHE_MS, on_lookup, r);
	}
}

static void publish(void *self, const struct publish_job *job)
{
	struct rfc2136 *r = self;
	const struct settings *s = r->settings;
	r->decided = false;
	r->tries = 0;
	random_bytes(&r->id, sizeof(r->id));
	struct dns_update *u = dns_update_new(r->id, s->zone);
	for (size_t i = 0; i < job->count; i++) {
		const struct publish_change *c = &job->changes[i];
		const char *type = publish_type_text(c->type);
		bool is_text = c->type == PUBLISH_TXT;
		if (!is_text)
			dns_update_clear(u, job->name, type);
		for (unsigned k = 0; k < c->gone.count; k++)
			dns_update_remove(u, job->name, type, c->gone.values[k]);
		for (unsigned k = 0; k < c->wanted.count; k++)
			dns_update_add(u, job->name, type, is_text ? PUBLISH_TXT_TTL : ZONE_TTL,
				       c->wanted.values[k]);
	}
	r->packet_len = dns_update_end(u, r->packet, PACKET - TSIG_ROOM - DNS_NAME_MAX);
	if (r->packet_len == 0) {
		snprintf(r->reason, sizeof(r->reason), "%s cannot be written into %s", job->name,
			 s->zone);
		decide(r, PUBLISH_REFUSED);
		return;
	}
	r->packet_len =
	    tsig_sign(&s->key, r->packet, r->packet_len, loop_wall_ms() / 1000, &r->mac);
	if (r->packet_len == 0) {
		snprintf(r->reason, sizeof(r->reason),
			 "this machine's OpenSSL makes no signatures of the key's algorithm");
		decide(r, PUBLISH_LATER);
		return;
	}
	snprintf(r->reason, sizeof(r->reason), "the server %s does not answer", s->server.host);
	find_server(r);
}

static void close_publisher(void *self)
{
	struct rfc2136 *r = self;
	if (r->lookup)
		resolver_close(r->lookup);
	disconnect(r);
	timer_close(r->timer);
	mem_free(r);
}

static void *start(struct loop *l, const void *settings, publish_done_fn *done, void *owner)
{
	struct rfc2136 *r = mem_zalloc(sizeof(*r));
	r->loop = l;
	r->settings = settings;
	r->done = done;
	r->owner = owner;
	r->timer = timer_new(l, on_timer, r);
	return r;
}

const struct publisher_kind rfc2136_kind = {.name = "rfc2136",
					    .carries_texts = true,
					    .refuses_whole = true,
					    .read = read_settings,
					    .drop = drop_settings,
					    .id = id,
					    .serves = serves,
					    .start = start,
					    .publish = publish,
					    .close = close_publisher};
