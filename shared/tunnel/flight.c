#include "shared/tunnel/flight.h"

enum {
	/* over a shorter round trip the floor is enough for 5 Gbit/s, and a lucky measure would be
	 * far off */
	NEAR_US = 500,
	MOST = 64 * 1024 * 1024,
	/* so long after the rate last rose by a quarter it may rise again */
	GROWING_RTTS = 2,
};

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

static void answered(struct flight *f, const struct flight_probe *p, uint64_t acked,
		     uint64_t now_us)
{
	uint64_t rtt_us = now_us > p->sent_us ? now_us - p->sent_us : 1;
	uint64_t rate = (acked - p->acked) * 1000000 / rtt_us;
	if (!f->rtt_us.now || rtt_us < f->rtt_us.now)
		f->rtt_us.now = rtt_us;
	if (rate > f->rate.now)
		f->rate.now = rate;
	if (rate > f->risen + f->risen / 4) {
		f->risen = rate;
		f->risen_us = now_us;
	}
	f->growing = now_us < f->risen_us + GROWING_RTTS * least(&f->rtt_us);
}

static struct flight_probe *probe(struct flight *f, unsigned number)
{
	return &f->probes[(f->first + number) % FLIGHT_PROBES];
}

void flight_sent(struct flight *f, uint64_t gone, uint64_t acked, uint64_t now_us)
{
	bool news = gone > f->gone;
	f->gone = gone;
	if (!news || f->count == FLIGHT_PROBES)
		return;
	if (f->count && gone - probe(f, f->count - 1)->at < (gone - acked) * 2 / FLIGHT_PROBES)
		return;
	*probe(f, f->count++) =
	    (struct flight_probe){.at = gone, .sent_us = now_us, .acked = acked};
}

void flight_acked(struct flight *f, uint64_t acked, uint64_t now_us)
{
	for (; f->count && acked >= probe(f, 0)->at; f->count--) {
		answered(f, probe(f, 0), acked, now_us);
		f->first = (f->first + 1) % FLIGHT_PROBES;
	}
	if (now_us >= f->turned_us + FLIGHT_WINDOW_US) {
		f->turned_us = now_us;
		f->rtt_us = (struct flight_best){.before = f->rtt_us.now};
		f->rate = (struct flight_best){.before = f->rate.now};
		f->risen = f->rate.before;
	}
}

size_t flight_most(const struct flight *f, bool mixed)
{
	uint64_t rtt_us = least(&f->rtt_us);
	uint64_t path = rtt_us < NEAR_US ? 0 : most(&f->rate) / 1000 * rtt_us / 1000;
	uint64_t bytes = path * (f->growing ? 4 : 2) + (mixed ? FLIGHT_MIXED : FLIGHT_BULK);
	return (size_t)(bytes < MOST ? bytes : MOST);
}
