#include "shared/tunnel/flight.h"

/* Over a shorter round trip the floor is enough for 5 Gbit/s, and a lucky measure would be far off. */
enum { NEAR_US = 500, MOST = 64 * 1024 * 1024 };

void flight_init(struct flight *f, uint64_t now_us)
{
	*f = (struct flight){.turned_us = now_us};
}

static uint64_t least(const struct flight_best *b)
{
	return !b->before || (b->now && b->now < b->before) ? b->now : b->before;
}

static uint64_t most(const struct flight_best *b)
{
	return b->now > b->before ? b->now : b->before;
}

static void answered(struct flight *f, uint64_t acked, uint64_t now_us)
{
	uint64_t rtt_us = now_us > f->probe_us ? now_us - f->probe_us : 1;
	uint64_t rate = (acked - f->probe_acked) * 1000000 / rtt_us;
	f->probe_at = 0;
	if (!f->rtt_us.now || rtt_us < f->rtt_us.now)
		f->rtt_us.now = rtt_us;
	if (rate > f->rate.now)
		f->rate.now = rate;
}

void flight_sent(struct flight *f, uint64_t gone, uint64_t acked, uint64_t now_us)
{
	bool news = gone > f->gone;
	f->gone = gone;
	if (f->probe_at || !news)
		return;
	f->probe_at = gone;
	f->probe_us = now_us;
	f->probe_acked = acked;
}

void flight_acked(struct flight *f, uint64_t acked, uint64_t now_us)
{
	if (f->probe_at && acked >= f->probe_at)
		answered(f, acked, now_us);
	if (now_us >= f->turned_us + FLIGHT_WINDOW_US) {
		f->turned_us = now_us;
		f->rtt_us = (struct flight_best){.before = f->rtt_us.now};
		f->rate = (struct flight_best){.before = f->rate.now};
	}
}

size_t flight_most(const struct flight *f, bool mixed)
{
	uint64_t rtt_us = least(&f->rtt_us);
	uint64_t path = rtt_us < NEAR_US ? 0 : most(&f->rate) / 1000 * rtt_us / 1000;
	uint64_t bytes = path * 2 + (mixed ? FLIGHT_MIXED : FLIGHT_BULK);
	return (size_t)(bytes < MOST ? bytes : MOST);
}
