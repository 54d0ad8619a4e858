/*
 * The happy path: IO_DATA reads plaintext into the loop's staging memory and gives it to
 * tunnel_input, which tells streams. Streams and everything else with something to send mark the
 * task. At the end of the turn work() fills one batch and writes it. When the kernel takes no more,
 * the io's IO_ROOM brings work() back, or on a long path a look by time; nothing is filled
 * meanwhile, so nothing is written ahead of the link.
 *
 * One timer serves what is due by time: acknowledgements, idle credit, keepalive, that look.
 *
 * Ways to end: the io fails or ends (what it brought before is read first, since it may say why),
 * the peer breaks a rule, keepalive says that the link is dead. All go through lose(), which closes
 * the link first and tells the owner last.
 */
#include "shared/net/transport.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/bbr_memory.h"
#include "shared/net/lingering_close.h"
#include "shared/net/socket.h"
#include "shared/net/timer.h"
#include "shared/tunnel/in_flight.h"
#include "shared/tunnel/pacer.h"
#include "shared/tunnel/hello_messages.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	BATCH_FIRST = 64 * 1024,
	BATCH_MIN = 2 * 1024,
	BATCH_MAX = 256 * 1024,
	/* while somebody waits for a few bytes among bulk, at most so much is sent or read at a
	 * time */
	BATCH_MIXED = 32 * 1024,
	/* less is not worth sending while more is under way than the path needs */
	BATCH_LEAST = 16 * 1024,
	BATCH_LINK = 16 * 1024, /* what goes along with link frames then */
	BATCH_US = 3000,        /* a batch is what the path carries in that time */
	BATCH_TURNS = 2,        /* … or in so many turns of the loop, if these last longer */
	/* up to this batch the kernel is asked whether it holds more than the mark */
	BATCH_SLOW = 8 * 1024,
	/* the mark: half a batch waits in the kernel unsent when the next is made, on a slow
	 * path … */
	LOWAT_MIN = 2 * 1024,
	LOWAT_MAX = 64 * 1024,
	/* … what it carries in that time: less than comes between two bunches of ACKs would hold it
	 * up */
	LOWAT_MS = 40,
	LOWAT_MIXED_MS = 3,   /* while somebody waits for a few bytes behind it */
	SAMPLE_MS = 50,       /* how often the kernel is asked, while busy */
	SAMPLE_MOST_MS = 200, /* after a longer time it has not been busy throughout */
	LEAST_WAIT_MS = 5,
	BBR_PACED_US = 100000, /* over a longer path bbr is not paced */
	LOSES_MS = 2000,       /* a path that has lost a packet counts as one that loses */
	SUSPECT_LOOK_MS = 100, /* how often the kernel is asked about a suspect link */
	BUSY_MS = 1000,        /* the io keeps its buffers for that long */
	STARVED_MS = 50,       /* how often it looks whether others have left memory */
	/* The kernel says that there is room when a third of the send buffer is free. A path that
	 * holds more than the other two thirds would never be full, so beyond these bytes under way
	 * a blocked link tries again by itself. (Linux: net/core, write space of streams) */
	LONG_PATH_BYTES = 2 * 1024 * 1024,
	LONG_PATH_MS = 5,
	CARRIES_MS = 1000, /* … while the kernel has seen bytes acknowledged so lately */
	/* on any path the kernel is asked that often: with a mark too large for a thin line so much
	 * time lies between two events that it would never be made smaller */
	BLOCKED_LOOK_MS = 100,
	RETRY_PROTOCOL_MS = 1000,
	/* bbr's measure of the round trip is good for so long, … */
	MEASURE_MS = 10000,
	/* … and what it is taken by is more than a segment */
	MEASURE_BYTES = 1536,
};

struct transport {
	struct loop *loop;
	struct tunnel *tunnel;
	struct keepalive keepalive;
	transport_fn *fn;
	void *owner;
	tunnel_fn *news;
	void *news_owner;
	struct io *io; /* NULL while detached */
	struct task task;
	struct timer *timer;
	struct buf early; /* read with WELCOME, not yet given to the tunnel */
	size_t batch, lowat;
	struct in_flight flight;
	struct pacer pacer;
	struct bbr_memory bbr;
	uint64_t paced;       /* as the kernel was told */
	uint32_t resent;      /* segments, when last looked, … */
	uint64_t loses_ms;    /* … and up to when the path counts as one that loses */
	uint64_t measured_ms; /* what went out then was long enough for bbr's measure */
	uint64_t sampled_ms;
	uint64_t carried_ms;    /* when it had seen some acknowledged since the look before */
	uint64_t sampled_acked; /* bytes that the kernel had seen acknowledged then */
	bool busy;              /* something moved lately: the io keeps its buffers */
	bool filled;            /* the link has been blocked since then */
	bool mixed;             /* somebody waited for a few bytes among bulk then */
	/* the io has ciphertext in hand, or the kernel has enough; IO_ROOM will say when that is
	 * gone */
	bool blocked;
	int broken; /* transport_break() inside news: why; 0: not */
	int ending; /* the io has failed: why; what came before is still being read */
	int why;    /* the last link was lost */
};

static void work(void *arg);
static void on_timer(void *arg);
static void look_for_room(struct transport *k);

static void tell(struct transport *k, enum transport_event event)
{
	static const char *const text[] = {[TRANSPORT_LOST] = "lost",
					   [TRANSPORT_OVER] = "over",
					   [TRANSPORT_SUSPECT] = "suspect",
					   [TRANSPORT_ALIVE] = "alive"};
	bool ended = event == TRANSPORT_LOST || event == TRANSPORT_OVER;
	log_debug("link", "is=%s why=%s", text[event], ended ? err_text(k->why) : "");
	k->fn(k->owner, event);
}

/* PONGs are for keepalive; all else is the owner's. */
static void on_news(void *arg, const struct tunnel_news *news)
{
	struct transport *k = arg;
	if (news->event == TUNNEL_PONGED)
		keepalive_pong(&k->keepalive, news->number, loop_now_ms(k->loop));
	else
		k->news(k->news_owner, news);
}

struct transport *transport_new(struct loop *l, const struct tunnel_config *config,
				const struct keepalive_rules *rules, transport_fn *fn, void *owner,
				tunnel_fn *news, void *news_owner)
{
	struct transport *k = mem_zalloc(sizeof *k);
	k->loop = l;
	k->fn = fn;
	k->owner = owner;
	k->news = news;
	k->news_owner = news_owner;
	k->tunnel = tunnel_new(config, on_news, k);
	k->timer = timer_new(l, on_timer, k);
	task_init(&k->task, work, k);
	keepalive_init(&k->keepalive, rules, loop_now_ms(l));
	return k;
}

void transport_detach(struct transport *k)
{
	io_close(k->io);
	k->io = NULL;
	k->blocked = k->keepalive.is_suspect = false;
	k->broken = k->ending = 0;
	buf_fini(&k->early);
	task_cancel(&k->task);
	timer_stop(k->timer);
	tunnel_detach(k->tunnel);
}

void transport_free(struct transport *k)
{
	if (!k)
		return;
	transport_detach(k);
	timer_close(k->timer);
	tunnel_free(k->tunnel);
	task_cancel(&k->task); /* streams that went with the tunnel have marked it */
	mem_free(k);
}

/* Sends the frame under way to its end, and then the link's last frame. */
static void last_words(struct transport *k)
{
	struct buf words = BUF_INIT;
	struct iovec v;
	bool whole = false;
	while (!whole && tunnel_peek(k->tunnel, &v, 1) > 0) {
		whole = tunnel_at_boundary(k->tunnel);
		buf_put(&words, v.iov_base, v.iov_len);
		tunnel_sent(k->tunnel, v.iov_len);
	}
	lingering_close_say(k->io, &words);
	k->io = NULL;
	transport_detach(k);
}

static void lose(struct transport *k, int why)
{
	k->why = why;
	if (why == ERR_SESSION) {
		struct refuse r = {.code = REFUSE_PROTOCOL, .retry_ms = RETRY_PROTOCOL_MS};
		struct buf frame = BUF_INIT;
		snprintf(r.reason, sizeof r.reason, "%s", refuse_code_reason(r.code));
		refuse_write(&r, &frame);
		transport_refuse(k, &frame);
		buf_fini(&frame);
	} else {
		transport_detach(k);
	}
	tell(k, why == ERR_SESSION ? TRANSPORT_OVER : TRANSPORT_LOST);
}

/* --- what the kernel knows --- */

static size_t clamp(uint64_t n, size_t least, size_t most)
{
	return n < least ? least : n > most ? most : (size_t)n;
}

static void set_marks(struct transport *k, size_t batch, size_t lowat)
{
	k->batch = batch;
	k->lowat = lowat;
	io_set_batch(k->io, batch);
	io_set_notsent_lowat(k->io, (unsigned)lowat);
}

/* What the path can carry is what it has carried since the last look, if there was always more to
 * send; otherwise it is at least that. (The kernel's own delivery rate is that of short bursts, and
 * says nothing where a slower program stands in between.) A link gets one batch onto its way in a
 * turn of the loop: on a busy loop what it has carried is that, not what the path can carry. */
static void set_batch(struct transport *k, uint64_t acked, uint64_t passed_ms)
{
	uint64_t carried = acked - k->sampled_acked, us = BATCH_TURNS * loop_turn_us(k->loop);
	bool all = k->filled && passed_ms <= SAMPLE_MOST_MS;
	if (carried)
		k->carried_ms = k->sampled_ms;
	if (us < BATCH_US)
		us = BATCH_US;
	size_t batch = clamp(passed_ms ? carried * us / 1000 / passed_ms : 0, BATCH_MIN, BATCH_MAX);
	uint64_t ahead_ms = k->mixed ? LOWAT_MIXED_MS : LOWAT_MS;
	size_t slack = clamp(passed_ms ? carried * ahead_ms / passed_ms : 0, LOWAT_MIN, LOWAT_MAX);
	size_t lowat = batch > BATCH_SLOW ? clamp(batch / 2, LOWAT_MIN, LOWAT_MAX) : slack;
	k->sampled_acked = acked;
	k->filled = k->blocked;
	if (all || batch > k->batch || (batch == k->batch && lowat > k->lowat))
		set_marks(k, batch, lowat);
}

/* bbr keeps a queue of its own that is short enough while nobody waits in it. On a long path that
 * loses packets, pacing it costs half of the rate. */
static bool is_paced(const struct transport *k, const struct socket_info *info)
{
	return (k->mixed && info->least_rtt_us < BBR_PACED_US) ||
	       !congestion_control_is_bbr(io_fd(k->io));
}

static void set_pace(struct transport *k, const struct socket_info *info, uint64_t now)
{
	uint64_t passed_ms = now - k->sampled_ms;
	struct pacer_sample s = {.now_ms = now,
				 .carried =
				     (info->bytes_acked - k->sampled_acked) * 1000 / passed_ms,
				 .rtt_us = info->rtt_us,
				 .least_rtt_us = info->least_rtt_us,
				 .full = k->filled && passed_ms <= SAMPLE_MOST_MS,
				 .mixed = k->mixed};
	if (s.full && !is_paced(k, info))
		s.full = false;
	uint64_t rate = pacer_look(&k->pacer, &s);
	if (rate == k->paced)
		return;
	k->paced = rate;
	socket_set_pacing(io_fd(k->io), rate);
}

/* The kernel holds as much as it takes. */
static void note_full(struct transport *k, uint64_t now)
{
	struct bbr_estimate e;
	if (congestion_control_bbr(io_fd(k->io), &e))
		bbr_memory_full(&k->bbr, &e, now);
}

/* … for the first time in a while. */
static void note_begin(struct transport *k, uint64_t now)
{
	struct bbr_estimate e;
	k->carried_ms = now; /* that it may carry something is reason enough to look */
	if (!bbr_memory_rested(&k->bbr, now) || !congestion_control_bbr(io_fd(k->io), &e))
		return;
	if (bbr_memory_begin(&k->bbr, &e, now) && congestion_control_bbr_restart(io_fd(k->io)))
		log_debug("bbr_restarted", "believed=%llu", (unsigned long long)e.rate);
}

static void sample(struct transport *k)
{
	uint64_t now = loop_now_ms(k->loop), passed_ms = now - k->sampled_ms;
	struct socket_info info = socket_info(io_fd(k->io));
	if (!info.known)
		return;
	bool unacked = info.unacked > 0 || info.notsent_bytes > 0 || k->blocked;
	uint64_t acked_ms = info.ack_age_ms < now ? now - info.ack_age_ms : 0;
	if (keepalive_kernel(&k->keepalive, info.bytes_acked, acked_ms, unacked, info.rtt_us,
			     info.rttvar_us, now))
		/* this only tells the owner that a spare is not needed */
		tell(k, TRANSPORT_ALIVE);
	if (info.resent != k->resent)
		k->loses_ms = now + LOSES_MS;
	k->resent = info.resent;
	if (passed_ms < SAMPLE_MS)
		return;
	if (k->filled && (k->blocked || passed_ms <= SAMPLE_MOST_MS))
		note_full(k, now);
	/* less than a round trip after the first bytes: no ACK can have come */
	if (k->blocked && info.bytes_acked == k->sampled_acked && passed_ms <= SAMPLE_MOST_MS)
		return;
	k->mixed = tunnel_is_mixed(k->tunnel, now);
	set_pace(k, &info, now);
	k->sampled_ms = now;
	set_batch(k, info.bytes_acked, passed_ms);
}

/* --- by time --- */

/* The io keeps its buffers while streams and datagrams move. A PING is no reason: of 2,000 quiet
 * homes hundreds would hold 16 KiB at any time. */
static void set_busy(struct transport *k, uint64_t now)
{
	bool busy = now < tunnel_last_moved_ms(k->tunnel) + BUSY_MS;
	if (busy != k->busy)
		io_set_busy(k->io, busy);
	k->busy = busy;
}

/* after a peer that takes nothing nobody looks by time for long */
static bool carries(const struct transport *k, uint64_t now)
{
	return now < k->carried_ms + CARRIES_MS;
}

static bool is_long_path(const struct transport *k, uint64_t now)
{
	return tunnel_under_way(k->tunnel) > LONG_PATH_BYTES && carries(k, now);
}

/* When a blocked link is looked at. */
static uint64_t next_look(const struct transport *k, uint64_t now)
{
	if (!carries(k, now))
		return UINT64_MAX;
	return now + (is_long_path(k, now) ? LONG_PATH_MS : BLOCKED_LOOK_MS);
}

/* Asks keepalive, does what it says, and sets the timer for whatever is due next. False when the
 * link is lost. */
static bool keep_time(struct transport *k)
{
	uint64_t now = loop_now_ms(k->loop);
	bool open = tunnel_streams(k->tunnel) > 0;
	bool moving = open && now < tunnel_last_moved_ms(k->tunnel) + KEEPALIVE_LATELY_MS;
	uint64_t when;
	if (tunnel_is_unfinished(k->tunnel, now)) {
		lose(k, ERR_UNFINISHED);
		return false;
	}
	enum keepalive_act act;
	while ((act = keepalive_next(&k->keepalive, moving, open, now, &when)) != KEEPALIVE_WAIT) {
		if (act == KEEPALIVE_DEAD) {
			lose(k, ERR_TIMEOUT);
			return false;
		}
		if (act == KEEPALIVE_PING) {
			tunnel_ping(k->tunnel, k->keepalive.number);
			task_mark(k->loop, &k->task);
		} else {
			tell(k, TRANSPORT_SUSPECT);
			if (!k->io)
				return false;
		}
	}
	uint64_t due = k->blocked ? next_look(k, now) : tunnel_deadline(k->tunnel);
	if (tunnel_is_starved(k->tunnel) && due > now + STARVED_MS)
		due = now + STARVED_MS;
	if (k->keepalive.is_suspect && due > now + SUSPECT_LOOK_MS)
		due = now + SUSPECT_LOOK_MS;
	set_busy(k, now);
	if (k->busy && due > tunnel_last_moved_ms(k->tunnel) + BUSY_MS)
		due = tunnel_last_moved_ms(k->tunnel) + BUSY_MS;
	when = due < when ? due : when;
	uint64_t wait = when > now + LEAST_WAIT_MS ? when - now : LEAST_WAIT_MS;
	timer_set(k->timer, wait);
	return true;
}

static void on_timer(void *arg)
{
	struct transport *k = arg;
	if (!k->io)
		return;
	sample(k);
	if (!k->io || !keep_time(k))
		return;
	task_mark(k->loop, &k->task);
	if (k->blocked && !k->ending && is_long_path(k, loop_now_ms(k->loop)))
		look_for_room(k); /* the owner may free k in there */
}

/* --- reading --- */

/* False when the link is lost. */
static bool take(struct transport *k, const uint8_t *p, size_t len)
{
	int err = tunnel_input(k->tunnel, p, len, loop_now_ms(k->loop));
	if (err == 0)
		err = k->broken;
	if (err < 0)
		lose(k, err);
	return err == 0;
}

/* Bytes that came with HELLO or WELCOME stand before anything that io_read() gives now. */
static bool take_early(struct transport *k)
{
	if (!buf_len(&k->early))
		return true;
	struct buf early = k->early;
	k->early = (struct buf)BUF_INIT;
	bool alive = take(k, buf_data(&early), buf_len(&early));
	buf_fini(&early);
	return alive;
}

enum reading { READING_LOST, READING_NOTHING, READING_SOME };

static enum reading read_some(struct transport *k, bool *relief)
{
	if (!take_early(k))
		return READING_LOST;
	uint8_t *plain = loop_plain(k->loop);
	ssize_t n =
	    io_read(k->io, plain,
		    tunnel_is_mixed(k->tunnel, loop_now_ms(k->loop)) ? BATCH_MIXED : BATCH_MAX);
	if (n == UV_EAGAIN)
		return READING_NOTHING;
	if (n <= 0) {
		lose(k, n < 0 ? (int)n : ERR_CLOSED);
		return READING_LOST;
	}
	*relief |= keepalive_heard(&k->keepalive, loop_now_ms(k->loop));
	return take(k, plain, (size_t)n) ? READING_SOME : READING_LOST;
}

static void read_data(struct transport *k)
{
	bool relief = false;
	enum reading got = read_some(k, &relief);
	if (got == READING_NOTHING && k->ending && !io_is_paused(k->io))
		lose(k, k->ending);
	if (got != READING_SOME)
		return;
	uint64_t now = loop_now_ms(k->loop);
	if (tunnel_has_work(k->tunnel, now) || !timer_is_set(k->timer))
		task_mark(k->loop, &k->task);
	else if (tunnel_deadline(k->tunnel) < UINT64_MAX)
		keep_time(k);
	if (relief)
		tell(k, TRANSPORT_ALIVE);
}

/* The io has failed. What came before is read first, since it tells more than the error. A turn
 * reads no more than usual; the io tells of the rest until there is none. */
static void fail(struct transport *k, int why)
{
	k->ending = why;
	read_data(k);
}

/* --- writing --- */

/* How much of the session may be made and sent now; 0: an ACK must come first. */
static size_t may_go(struct transport *k, uint64_t now, uint64_t now_us)
{
	bool mixed = tunnel_is_mixed(k->tunnel, now);
	size_t under_way = tunnel_under_way(k->tunnel);
	in_flight_acked(&k->flight, tunnel_gone(k->tunnel) - under_way, now_us);
	size_t most = in_flight_most(&k->flight, mixed, now < k->loses_ms),
	       batch = mixed && k->batch > BATCH_MIXED ? BATCH_MIXED : k->batch;
	size_t room = under_way < most ? most - under_way : 0;
	if (room >= batch)
		return batch;
	return room < BATCH_LEAST ? 0 : room;
}

static bool is_ahead(struct transport *k)
{
	return k->batch <= BATCH_SLOW && io_is_ahead(k->io, k->lowat);
}

/* What waited for the kernel goes first; when that has gone, more can be made. */
static void look_for_room(struct transport *k)
{
	int left = io_flush(k->io);
	if (left < 0 && left != UV_EAGAIN) {
		fail(k, left);
		return;
	}
	k->blocked = left == UV_EAGAIN || is_ahead(k);
	if (!k->blocked)
		task_mark(k->loop, &k->task);
}

/* When ten seconds are over, Linux's bbr measures the round trip anew: by the first packets
 * after a rest, or else by holding the transfer at four packets for 200 ms. It does not believe
 * a lone small packet, as OPEN is, since the ACK may have been delayed. So what ends a rest is
 * filled up, and the bytes behind it find bbr with a measure. (Linux: net/ipv4, where the ACK is
 * read and where bbr takes its least round trip.) */
static void be_measured(struct transport *k, uint64_t now)
{
	if (!tunnel_begins(k->tunnel) || now < k->measured_ms + MEASURE_MS)
		return;
	k->measured_ms = now;
	if (congestion_control_is_bbr(io_fd(k->io)))
		io_pad(k->io, MEASURE_BYTES);
}

static void work(void *arg)
{
	struct transport *k = arg;
	if (!k->io || !take_early(k) || k->blocked || k->ending)
		return;
	/* the clock is read before sending, since the peer may answer before sending returns */
	uint64_t now = loop_now_ms(k->loop), now_us = loop_clock_us();
	if (now >= k->sampled_ms + SAMPLE_MS)
		sample(k);
	size_t batch = may_go(k, now, now_us), limit = batch ? batch : BATCH_LINK;
	tunnel_fill(k->tunnel, batch, now);
	set_busy(k, now);
	be_measured(k, now);
	struct iovec iov[16];
	size_t gone = 0;
	int count;
	while (gone < limit && (batch || tunnel_has_control(k->tunnel)) &&
	       (count = tunnel_peek(k->tunnel, iov, 16)) > 0) {
		size_t wanted = 0;
		for (int i = 0; i < count; i++)
			wanted += iov[i].iov_len;
		ssize_t n = io_writev(k->io, iov, count);
		if (n < 0 && n != UV_EAGAIN) {
			fail(k, (int)n);
			return;
		}
		size_t sent = n > 0 ? (size_t)n : 0;
		tunnel_sent(k->tunnel, sent);
		gone += sent;
		if (sent < wanted)
			break;
	}
	int left = io_flush(k->io);
	if (left < 0 && left != UV_EAGAIN) {
		fail(k, left);
		return;
	}
	k->blocked = left == UV_EAGAIN || is_ahead(k);
	if (k->blocked && !k->filled)
		note_begin(k, now);
	k->filled |= k->blocked;
	io_watch(k->io, k->blocked ? IO_WATCH_READ | IO_WATCH_WRITE : IO_WATCH_READ);
	in_flight_sent(&k->flight, tunnel_gone(k->tunnel),
		       tunnel_gone(k->tunnel) - tunnel_under_way(k->tunnel), now_us);
	if (!k->blocked && batch && tunnel_has_work(k->tunnel, now))
		task_mark(k->loop, &k->task);
	if (!timer_is_set(k->timer) || gone || tunnel_is_starved(k->tunnel))
		keep_time(k);
}

/* --- events of the io --- */

static void on_io(void *owner, enum io_event event)
{
	struct transport *k = owner;
	switch (event) {
	case IO_UP:
		break;
	case IO_DATA:
		read_data(k);
		break;
	case IO_ROOM:
		look_for_room(k);
		break;
	case IO_ERROR:
		fail(k, io_error(k->io) ? io_error(k->io) : ERR_CLOSED);
		break;
	}
}

/* --- the owner's side --- */

int transport_attach(struct transport *k, struct io *io, uint64_t peer_taken, uint64_t peer_budget,
		     const void *early, size_t early_len)
{
	uint64_t now = loop_now_ms(k->loop);
	int err = tunnel_attach(k->tunnel, peer_taken, peer_budget, now);
	if (err < 0)
		return err;
	k->io = io;
	in_flight_init(&k->flight, loop_clock_us());
	pacer_init(&k->pacer);
	bbr_memory_init(&k->bbr);
	k->paced = k->loses_ms = 0;
	k->resent = 0;
	k->sampled_ms = now;
	k->measured_ms = 0; /* a spare may have waited */
	k->sampled_acked = k->carried_ms = 0;
	k->filled = k->busy = false;
	k->blocked = false;
	k->why = 0;
	const struct keepalive_rules rules = k->keepalive.rules; /* they outlive the link */
	keepalive_init(&k->keepalive, &rules, now);
	buf_put(&k->early, early, early_len);
	io_own(io, on_io, k);
	io_admit(io);
	set_marks(k, BATCH_FIRST, LOWAT_MAX);
	io_watch(io, IO_WATCH_READ);
	sample(k);
	task_mark(k->loop, &k->task);
	return 0;
}

void transport_bye(struct transport *k, const char *why)
{
	if (!k->io)
		return;
	tunnel_bye(k->tunnel, why);
	last_words(k);
}

void transport_refuse(struct transport *k, const struct buf *frame)
{
	if (!k->io)
		return;
	tunnel_refuse(k->tunnel, frame);
	last_words(k);
}

void transport_break(struct transport *k, int why)
{
	k->broken = why;
}

void transport_mark(struct transport *k)
{
	if (k->io && !k->blocked)
		task_mark(k->loop, &k->task);
}

struct tunnel *transport_tunnel(struct transport *k)
{
	return k->tunnel;
}

struct loop *transport_loop(const struct transport *k)
{
	return k->loop;
}

bool transport_is_attached(const struct transport *k)
{
	return k->io != NULL;
}

bool transport_wants_datagrams(const struct transport *k)
{
	return tunnel_datagrams_waiting(k->tunnel) < TUNNEL_DATAGRAM_BATCH || !k->io ||
	       k->blocked || !tunnel_has_work(k->tunnel, loop_now_ms(k->loop));
}

void transport_doubt(struct transport *k)
{
	if (!k->io)
		return;
	keepalive_doubt(&k->keepalive);
	keep_time(k);
}

void transport_probe(struct transport *k)
{
	tunnel_ping(k->tunnel, 0);
	transport_mark(k);
}

const struct keepalive *transport_keepalive(const struct transport *k)
{
	return &k->keepalive;
}

void transport_set_silence(struct transport *k, uint32_t least_ms)
{
	k->keepalive.rules.suspect_ms = least_ms;
}

int transport_why(const struct transport *k)
{
	return k->why;
}

struct io *transport_io(const struct transport *k)
{
	return k->io;
}

const char *transport_congestion(const struct transport *k, char out[CONGESTION_CONTROL_NAME])
{
	return k->io && *congestion_control_of(io_fd(k->io), out) ? out : NULL;
}
