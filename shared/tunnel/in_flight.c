#include "shared/tunnel/in_flight.h"

enum {
	/* over a shorter round trip the floor is enough for 5 Gbit/s, and a lucky measure would be
	 * far off */
	NEAR_US = 500,
	MOST = 64 * 1024 * 1024,
	/* the rate may rise again so many round trips after it last rose by a quarter */
	GROWING_RTTS = 2,
	/* bytes a second: what a path is taken to carry until it is known */
	USUAL_RATE = 25 * 1000 * 1000,
};

void in_flight_init(struct in_flight *f, uint64_t now_us)
{
	*f = (struct in_flight){.turned_us = now_us};
}

static uint64_t least(const struct in_flight_best *b)
{
	return !b->before || (b->now && b->now < b->before) ? b->now : b->before;
}

static uint64_t most(const struct in_flight_best *b)
{
	return b->now > b->before ? b->now : b->before;
}

static void answered(struct in_flight *f, const struct in_flight_probe *p, uint64_t acked,
		     uint64_t now_us)
{
	uint64_t rtt_us = now_us > p->sent_us ? now_us - p->sent_us : 1;
	uint64_t rate = (acked - p->acked) * 1000000 / rtt_us;
	if (now_us >= f->answered_us + IN_FLIGHT_WINDOW_US) {
		f->rtt_us = f->rate = (struct in_flight_best){0};
		f->risen = 0;
	}
	f->answered_us = now_us;
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

static struct in_flight_probe *probe(struct in_flight *f, unsigned number)
{
	return &f->probes[(f->first + number) % IN_FLIGHT_PROBES];
}

void in_flight_sent(struct in_flight *f, uint64_t gone, uint64_t acked, uint64_t now_us)
{
	bool news = gone > f->gone;
	/* a transfer begins: what the last one had not found out is still not known */
	if (news && f->growing && f->gone == acked)
		f->risen_us = now_us;
	f->gone = gone;
	if (!news || f->count == IN_FLIGHT_PROBES)
		return;
	if (f->count && gone - probe(f, f->count - 1)->at < (gone - acked) * 2 / IN_FLIGHT_PROBES)
		return;
	*probe(f, f->count++) =
	    (struct in_flight_probe){.at = gone, .sent_us = now_us, .acked = acked};
}

void in_flight_acked(struct in_flight *f, uint64_t acked, uint64_t now_us)
{
	for (; f->count && acked >= probe(f, 0)->at; f->count--) {
		answered(f, probe(f, 0), acked, now_us);
		f->first = (f->first + 1) % IN_FLIGHT_PROBES;
	}
	if (now_us >= f->turned_us + IN_FLIGHT_WINDOW_US) {
		f->turned_us = now_us;
		f->rtt_us = (struct in_flight_best){.before = f->rtt_us.now};
		f->rate = (struct in_flight_best){.before = f->rate.now};
		f->risen = f->rate.before;
	}
}

size_t in_flight_most(const struct in_flight *f, bool mixed, bool loses)
{
	uint64_t rtt_us = least(&f->rtt_us), rate = most(&f->rate);
	uint64_t usual = mixed ? USUAL_RATE / 4 : USUAL_RATE;
	if (f->growing && rate < usual)
		rate = usual;
	uint64_t path = rtt_us < NEAR_US ? 0 : rate / 1000 * rtt_us / 1000;
	uint64_t bytes =
	    path * (f->growing || loses ? 4 : 2) + (mixed ? IN_FLIGHT_MIXED : IN_FLIGHT_BULK);
	return (size_t)(bytes < MOST ? bytes : MOST);
}
