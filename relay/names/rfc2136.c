/*
 * A job is one UPDATE, sent over a fresh socket and sent again every RESEND_MS until an answer
 * comes that bears the server's signature; after TRIES the server counts as gone. What is not
 * signed proves nothing: it is remembered as the likely reason, and shortens the wait. A server
 * given by name is looked up for each job, in the lane that no other publisher uses here, so that a
 * dead name does not hold up theirs; each try goes to its next address, at once when one of them is
 * refused.
 */
#include "relay/names/rfc2136.h"

#include "relay/names/dns_packet.h"
#include "relay/names/dns_socket.h"
#include "relay/names/tsig.h"
#include "relay/names/zone.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/dial.h"
#include "shared/net/resolver.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum {
	RESEND_MS = 5000,
	TRIES = 3,
	UNSIGNED_MS = 1000,
	PACKET = 2048,
	REASON = 512,
	ADDRESSES = 4
};

struct rfc2136 {
	struct loop *loop;
	struct endpoint server;
	char *zone;
	struct tsig_key key;
	publish_done_fn *done;
	void *owner;
	struct dns_socket *socket; /* of the job under way, or NULL */
	struct timer *timer;
	struct resolver *lookup;   /* under way, or NULL */
	struct addr to[ADDRESSES]; /* the server's */
	unsigned to_count, next;   /* of these, the next try's */
	unsigned unreachable;      /* tries that failed at once; they are none of TRIES */
	bool failed;               /* the last was one */
	uint8_t packet[PACKET];
	size_t packet_len;
	struct tsig_mac mac;
	uint16_t id;
	unsigned tries;
	char reason[REASON]; /* what will be said when no signed answer comes */
	/* set by an answer; told from the timer, since a socket's callback may not close it */
	enum publish_result result;
	bool decided;
};

static void end(struct rfc2136 *r, enum publish_result result, const char *error)
{
	dns_socket_close(r->socket);
	r->socket = NULL;
	timer_stop(r->timer);
	r->done(r->owner, result, 0, error);
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
	snprintf(r->reason, sizeof(r->reason), "the server %s answered %s", r->server.host,
		 dns_rcode_text(rcode));
	decide(r, rcode == DNS_REFUSED ? PUBLISH_REFUSED : PUBLISH_LATER);
}

static void suspect(struct rfc2136 *r, unsigned rcode, const char *what)
{
	snprintf(r->reason, sizeof(r->reason), "the server %s answered %s %s", r->server.host,
		 dns_rcode_text(rcode), what);
	timer_set(r->timer, UNSIGNED_MS);
	r->tries = TRIES;
}

static size_t on_packet(void *owner, const uint8_t *in, size_t len, const struct addr *from,
			uint8_t *out)
{
	struct rfc2136 *r = owner;
	struct dns_header h;
	int64_t skew;
	(void)from;
	(void)out;
	if (r->decided || !dns_header_read(in, len, &h) || !h.qr || h.id != r->id)
		return 0;
	switch (tsig_verify(&r->key, in, len, &r->mac, loop_wall_ms() / 1000, &skew)) {
	case TSIG_GOOD:
		judge(r, h.rcode);
		break;
	case TSIG_BADTIME:
	case TSIG_TIME:
		snprintf(r->reason, sizeof(r->reason), "the clock of the server %s is %lld s %s",
			 r->server.host, (long long)(skew < 0 ? -skew : skew),
			 skew < 0 ? "behind" : "ahead");
		decide(r, PUBLISH_LATER);
		break;
	case TSIG_BADKEY:
		suspect(r, h.rcode, "and does not know the key");
		break;
	case TSIG_BADSIG:
		suspect(r, h.rcode, "and found the signature wrong: is the key the same?");
		break;
	case TSIG_ABSENT:
		suspect(r, h.rcode, "without a signature: is the key the right one?");
		break;
	case TSIG_BAD:
		suspect(r, h.rcode, "with a signature that does not verify");
		break;
	}
	return 0;
}

static void on_socket_error(void *owner, int err)
{
	struct rfc2136 *r = owner;
	if (r->decided || r->failed)
		return;
	snprintf(r->reason, sizeof(r->reason), "the server %s: %s", r->server.host, err_text(err));
	r->failed = true;
	r->tries--;
	if (++r->unreachable >= r->to_count)
		decide(r, PUBLISH_LATER);
	else
		timer_set(r->timer, 0);
}

/* The socket of an only address stays: an answer to an earlier try counts, too. */
static void send_packet(struct rfc2136 *r)
{
	int err = 0;
	if (r->to_count > 1) {
		dns_socket_close(r->socket);
		r->socket = NULL;
	}
	if (!r->socket)
		r->socket = dns_socket_connect(r->loop, &r->to[r->next++ % r->to_count], on_packet,
					       on_socket_error, r, &err);
	r->tries++;
	r->failed = false;
	timer_set(r->timer, RESEND_MS);
	if (r->socket)
		err = dns_socket_send(r->socket, r->packet, r->packet_len);
	if (err < 0)
		on_socket_error(r, err);
}

static void on_timer(void *owner)
{
	struct rfc2136 *r = owner;
	if (r->decided)
		end(r, r->result, r->result == PUBLISH_OK ? NULL : r->reason);
	else if (r->tries >= TRIES)
		end(r, PUBLISH_LATER, r->reason);
	else
		send_packet(r);
}

static void on_lookup(void *owner, const struct addr *list, size_t count, int err)
{
	struct rfc2136 *r = owner;
	r->lookup = NULL;
	if (count == 0) {
		snprintf(r->reason, sizeof(r->reason), "%s: %s", r->server.host, err_text(err));
		decide(r, PUBLISH_LATER);
		return;
	}
	r->to_count = count < ADDRESSES ? (unsigned)count : ADDRESSES;
	for (unsigned i = 0; i < r->to_count; i++) {
		r->to[i] = list[i];
		r->to[i].port = r->server.first;
	}
	send_packet(r);
}

static void find_server(struct rfc2136 *r)
{
	r->next = r->unreachable = 0;
	if (r->server.numeric) {
		r->to[0] = r->server.addr;
		r->to_count = 1;
		send_packet(r);
	} else {
		r->lookup = resolver_start(r->loop, DIAL_RELAY, r->server.host, DIAL_CACHE_MS,
					   on_lookup, r);
	}
}

static void publish(void *self, const struct publish_job *job)
{
	struct rfc2136 *r = self;
	struct dns_update_set sets[2];
	for (unsigned i = 0; i < 2; i++)
		sets[i] = (struct dns_update_set){.due = job->sets[i].due,
						  .list = job->sets[i].list,
						  .count = job->sets[i].count};
	r->decided = false;
	r->tries = 0;
	random_bytes(&r->id, sizeof(r->id));
	snprintf(r->reason, sizeof(r->reason), "the server %s does not answer", r->server.host);
	r->packet_len = dns_update_write(r->id, r->zone, job->name, ZONE_TTL, sets, r->packet,
					 PACKET - TSIG_ROOM - DNS_NAME_MAX);
	if (r->packet_len == 0) {
		snprintf(r->reason, sizeof(r->reason), "%s cannot be written into %s", job->name,
			 r->zone);
		decide(r, PUBLISH_REFUSED);
		return;
	}
	r->packet_len =
	    tsig_sign(&r->key, r->packet, r->packet_len, loop_wall_ms() / 1000, &r->mac);
	if (r->packet_len == 0) {
		snprintf(r->reason, sizeof(r->reason),
			 "this machine's OpenSSL makes no signatures of the key's algorithm");
		decide(r, PUBLISH_LATER);
		return;
	}
	find_server(r);
}

static bool serves(const void *self, const char *name)
{
	const struct rfc2136 *r = self;
	struct dns_name zone, here;
	return dns_name_parse(r->zone, &zone) == 0 && dns_name_parse(name, &here) == 0 &&
	       dns_name_below(&here, &zone);
}

static void close_publisher(void *self)
{
	struct rfc2136 *r = self;
	if (r->lookup)
		resolver_close(r->lookup);
	dns_socket_close(r->socket);
	timer_close(r->timer);
	mem_wipe(&r->key, sizeof(r->key));
	mem_free(r->zone);
	mem_free(r);
}

const struct publisher_kind rfc2136_kind = {
    .kind = "rfc2136", .serves = serves, .publish = publish, .close = close_publisher};

void *rfc2136_new(struct loop *l, const struct rfc2136_config *config, publish_done_fn *done,
		  void *owner)
{
	struct rfc2136 *r = mem_zalloc(sizeof(*r));
	r->loop = l;
	r->server = config->server;
	r->zone = mem_strdup(config->zone);
	tsig_key_set(&r->key, config->key_name, config->algorithm, config->key, config->key_len);
	r->done = done;
	r->owner = owner;
	r->timer = timer_new(l, on_timer, r);
	return r;
}
