/*
 * The streams of a tunnel, between a peer and owners that do anything (fuzz_tunnel.c has the bytes
 * alone). Each step of the input is a byte that says what happens next, and what it needs: raw
 * bytes, a frame of a known kind, an owner's doing, time, a new link. Whatever comes, the books add
 * up and nothing is left.
 */
#include "shared/base/err.h"
#include "shared/tunnel/tunnel_internal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HELD = 64 };
static struct stream *held[HELD];
static struct tunnel *tunnel;

static void on_stream(void *owner, enum stream_event event)
{
	struct stream **s = owner;
	size_t room, waiting = stream_waiting(*s);
	if (event == STREAM_TURN) {
		stream_reserve(*s, &room)[0] = 0;
		stream_commit(*s, room / 2 + 1);
		if (room % 3 == 0)
			stream_idle(*s);
	} else if (event == STREAM_LOOK) {
		stream_consume(*s, waiting - waiting / 3);
		if (stream_is_reset(*s) || (stream_is_eof(*s) && !stream_may_send(*s))) {
			stream_close(*s);
			*s = NULL;
		}
	} else {
		stream_datagram_in(*s, &room);
	}
}

static void keep(struct stream *s)
{
	for (int i = 0; i < HELD; i++) {
		if (!held[i]) {
			held[i] = s;
			stream_own(s, on_stream, &held[i]);
			stream_ready(s);
			return;
		}
	}
	stream_close(s);
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	(void)owner;
	if (news->event == TUNNEL_OPENED)
		keep(news->stream);
}

static void check(void)
{
	uint64_t windows = 0, lent = 0;
	LIST_EACH(node, &tunnel->streams)
	{
		const struct stream *s = LIST_ENTRY(node, const struct stream, all);
		windows += s->window;
		lent += s->credit;
		assert(s->dropping || s->granted + stream_waiting(s) + s->owed == s->window);
	}
	assert(windows + buf_len(&tunnel->session.body) + tunnel->promised ==
		   tunnel->receive.used &&
	       lent == tunnel->lent_bytes);
}

static int give(const uint8_t *p, size_t len, uint64_t now)
{
	int err = tunnel_input(tunnel, p, len, now);
	check();
	return err;
}

static int give_frame(const uint8_t *p, uint8_t kind, uint64_t now)
{
	static uint8_t frame[FRAME_HEADER + 65536];
	static const uint8_t kinds[] = {4,  5,  6,  7,  8,  64, 65,  66, 67,
					67, 67, 68, 69, 70, 71, 200, 194};
	static const uint16_t lens[] = {8,    8,     8, 3, 100, 2, 2, 22, 1,
					3000, 16384, 0, 4, 4,   4, 5, 4};
	kind %= sizeof kinds;
	frame_write(frame, p[0] % 24, kinds[kind], lens[kind]);
	/* of CREDIT, RETURN and DRAW: some thousand bytes */
	frame[FRAME_HEADER + 2] = kind == 7 ? 0 : p[1] % 64;
	frame[FRAME_HEADER + 7] = p[1];
	frame[FRAME_HEADER + 8] = frame[FRAME_HEADER + 15] = 4; /* of OPEN: its addresses */
	return give(frame, FRAME_HEADER + (p[2] == 0 ? lens[kind] / 2u : lens[kind]), now);
}

static void act(const uint8_t *p)
{
	struct stream **s = &held[p[0] % HELD];
	struct open_info info = {.visitor = {.family = 4}, .visited = {.family = 6}};
	if (!*s)
		keep((p[1] % 2 ? stream_open : stream_open_flow)(tunnel, &info, NULL, NULL));
	else if (p[1] % 8 == 0)
		stream_finish(*s);
	else if (p[1] % 8 == 1)
		stream_reset(*s, RESET_IDLE);
	else if (p[1] % 8 == 2) {
		stream_close(*s);
		*s = NULL;
	} else if (p[1] % 8 == 3)
		stream_datagram(*s, p, 3);
	else if (p[1] % 8 == 4)
		stream_consume(*s, stream_waiting(*s));
	else
		stream_ready(*s);
}

static void link_takes(uint64_t now, size_t batch, size_t most)
{
	struct iovec iov[3];
	tunnel_fill(tunnel, batch, now);
	for (int n; most && (n = tunnel_peek(tunnel, iov, 3)) > 0;) {
		/* less than was offered, where there is more than one */
		size_t part = iov[n - 1].iov_len < most ? iov[n - 1].iov_len : most;
		tunnel_sent(tunnel, part);
		most -= part;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t now = 1000;
	struct tunnel_config c = {
	    .first_id = 1, .accepts = 20, .send_budget = 300000, .receive_budget = 600000};
	tunnel = tunnel_new(&c, on_news, NULL);
	tunnel_use_reserve(tunnel, true);
	tunnel_attach(tunnel, 0, 100000, now);
	int err = 0;
	for (; len >= 4 && err != ERR_SESSION; data += 4, len -= 4) {
		size_t raw = data[1] < len - 4 ? data[1] : len - 4;
		switch (data[0] % 8) {
		case 0:
			err = give(data + 4, raw, now);
			data += raw;
			len -= raw;
			break;
		case 1:
		case 2:
		case 3:
			err = give_frame(data + 1, data[0] / 8, now);
			break;
		case 4:
			act(data + 1);
			break;
		case 5:
			link_takes(now, 1024u * (1 + data[1] % 64), data[2] * 97u);
			break;
		case 6:
			now += data[1] * 10u;
			break;
		case 7: {
			uint64_t taken = tunnel->session.acked + data[1] % 4;
			tunnel_detach(tunnel);
			if (tunnel_attach(tunnel, taken, 100000, now) < 0)
				tunnel_attach(tunnel, tunnel->session.acked, 100000, now);
			break;
		}
		}
		check();
	}
	tunnel_free(tunnel);
	for (int i = 0; i < HELD; i++) {
		stream_close(held[i]);
		held[i] = NULL;
	}
	return 0;
}
