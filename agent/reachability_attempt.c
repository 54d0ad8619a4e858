/*
 * Over TCP it dials, writes the words when the connection is up, and reads until the proof has
 * come, the connection ends, or the time is up. For udp it sends the datagram, and again each
 * second, because one may be lost; a datagram that is the proof ends it.
 */
#include "agent/reachability_attempt.h"

#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/io.h"
#include "shared/net/timer.h"
#include "shared/net/client_hello_writer.h"
#include "shared/net/udp_socket.h"

#include <string.h>
#include <uv.h>

enum { HEARD_MOST = 16 * 1024, AGAIN_MS = 1000 };

struct reachability_attempt {
	struct loop *loop;
	struct io *io;
	struct udp_socket *udp; /* for udp, instead of io */
	struct timer *timer;
	uint64_t until_ms;
	struct buf words, heard;
	bool up;
	uint8_t proof[REACHABILITY_PROBE_PROOF];
	reachability_attempt_fn *fn;
	void *owner;
};

void reachability_attempt_close(struct reachability_attempt *p)
{
	if (!p)
		return;
	io_close(p->io);
	udp_socket_close(p->udp);
	timer_close(p->timer);
	buf_fini(&p->words);
	buf_fini(&p->heard);
	mem_free(p);
}

static void end(struct reachability_attempt *p, enum reachability_attempt_result result)
{
	reachability_attempt_fn *fn = p->fn;
	void *owner = p->owner;
	reachability_attempt_close(p);
	fn(owner, result);
}

/* Whether the proof is anywhere in what has come: a proxy on the way may add to a head. Its end
 * must be in the fresh bytes, or it would have been found before. */
static bool has_proof(const struct reachability_attempt *p, size_t fresh)
{
	size_t len = buf_len(&p->heard), most = fresh + REACHABILITY_PROBE_PROOF - 1;
	for (size_t at = len > most ? len - most : 0; at + REACHABILITY_PROBE_PROOF <= len; at++)
		if (!memcmp(buf_data(&p->heard) + at, p->proof, REACHABILITY_PROBE_PROOF))
			return true;
	return false;
}

static void on_timer(void *owner)
{
	struct reachability_attempt *p = owner;
	if (!p->udp || loop_now_ms(p->loop) >= p->until_ms) {
		end(p, p->up ? REACHABILITY_ATTEMPT_CUT : REACHABILITY_ATTEMPT_SILENT);
		return;
	}
	udp_socket_write(p->udp, buf_data(&p->words), buf_len(&p->words));
	timer_set(p->timer, AGAIN_MS);
}

/* --- over TCP --- */

static void hear(struct reachability_attempt *p)
{
	uint8_t bytes[2048];
	ssize_t n = io_read(p->io, bytes, sizeof bytes);
	if (n == UV_EAGAIN)
		return;
	if (n > 0)
		buf_put(&p->heard, bytes, (size_t)n);
	if (n > 0 && has_proof(p, (size_t)n))
		end(p, REACHABILITY_ATTEMPT_PROVEN);
	else if (n <= 0 || buf_len(&p->heard) > HEARD_MOST)
		end(p, REACHABILITY_ATTEMPT_CUT);
}

static void on_io(void *owner, enum io_event event)
{
	struct reachability_attempt *p = owner;
	p->up |= event == IO_UP;
	if (event == IO_DATA) {
		hear(p);
		return;
	}
	int err = event == IO_ERROR ? io_error(p->io) : io_write_buf(p->io, &p->words);
	if (err < 0 && err != UV_EAGAIN) {
		end(p, p->up ? REACHABILITY_ATTEMPT_CUT : REACHABILITY_ATTEMPT_SILENT);
		return;
	}
	io_watch(p->io, IO_WATCH_READ | (err ? IO_WATCH_WRITE : 0));
}

static void say(struct reachability_attempt *p, enum mapping_protocol protocol, const char *host,
		const uint8_t nonce[REACHABILITY_PROBE_NONCE])
{
	uint8_t datagram[REACHABILITY_PROBE_DATAGRAM];
	char hex[2 * REACHABILITY_PROBE_NONCE + 1];
	text_hex(nonce, REACHABILITY_PROBE_NONCE, hex);
	const char *const alpn[] = {REACHABILITY_PROBE_ALPN, hex, NULL};
	reachability_probe_datagram(nonce, datagram);
	if (protocol == MAPPING_UDP)
		buf_put(&p->words, datagram, sizeof datagram);
	else if (protocol == MAPPING_HTTP)
		reachability_probe_request(nonce, host, &p->words);
	else if (protocol == MAPPING_TLS || protocol == MAPPING_HTTPS)
		client_hello_writer_write(host, alpn, &p->words);
	else
		buf_put(&p->words, nonce, REACHABILITY_PROBE_NONCE);
}

/* --- udp --- */

static void on_udp(void *owner)
{
	struct reachability_attempt *p = owner;
	uint8_t bytes[REACHABILITY_PROBE_DATAGRAM + 1];
	ssize_t n = udp_socket_read(p->udp, bytes, sizeof bytes, NULL, NULL);
	if (n == REACHABILITY_PROBE_PROOF && !memcmp(bytes, p->proof, REACHABILITY_PROBE_PROOF))
		end(p, REACHABILITY_ATTEMPT_PROVEN);
	else if (n < 0 && n != UV_EAGAIN)
		end(p, REACHABILITY_ATTEMPT_SILENT);
}

struct reachability_attempt *reachability_attempt_try(struct loop *l,
						      enum mapping_protocol protocol,
						      const struct addr *at, const char *host,
						      const uint8_t nonce[REACHABILITY_PROBE_NONCE],
						      const uint8_t proof[REACHABILITY_PROBE_PROOF],
						      reachability_attempt_fn *fn, void *owner)
{
	struct reachability_attempt *p = mem_zalloc(sizeof *p);
	int err;
	p->loop = l;
	p->fn = fn;
	p->owner = owner;
	memcpy(p->proof, proof, REACHABILITY_PROBE_PROOF);
	p->until_ms = loop_now_ms(l) + REACHABILITY_ATTEMPT_MS;
	p->timer = timer_new(l, on_timer, p);
	say(p, protocol, host, nonce);
	if (protocol == MAPPING_UDP)
		p->udp = udp_socket_connect(l, at, 0, on_udp, p, &err);
	else
		p->io = io_dial(l, at, NULL, 0, on_io, p);
	/* For udp the timer sends, and ends the attempt when there is no socket. */
	timer_set(p->timer, protocol == MAPPING_UDP ? 0 : REACHABILITY_ATTEMPT_MS);
	return p;
}
