#include "shared/tunnel/pacer.h"

enum {
	/* a queue longer than wanted by this would stop the rate altogether */
	GAIN_US = 200000,
	LEAST_PERCENT = 70, /* of what is carried: how fast a queue is drained, */
	MOST_PERCENT = 125, /* and how fast more is tried */
	SMOOTH = 4,
	LEAST_QUEUE = 4 * 1500, /* bytes: a queue of less is how packets go, not a queue */
	BEST_MS = 1500,
	QUIET_MS = 1000,   /* not full for so long: what is known is old */
	SHRINKS_MS = 3500, /* within that time a queue of ours loses a quarter */
};

void pacer_init(struct pacer *p)
{
	*p = (struct pacer){0};
}

static void note_carried(struct pacer *p, const struct pacer_sample *s)
{
	p->seen = p->seen ? (p->seen * (SMOOTH - 1) + s->carried) / SMOOTH : s->carried;
	if (p->seen >= p->best || s->now_ms >= p->best_ms + BEST_MS) {
		p->best = p->seen;
		p->best_ms = s->now_ms;
	}
}

/* of ours */
static int64_t queue_us(struct pacer *p, const struct pacer_sample *s)
{
	int64_t queue = (int64_t)s->rtt_us - s->least_rtt_us;
	if (queue < p->foreign_us)
		p->foreign_us = queue < 0 ? 0 : queue;
	return queue - p->foreign_us;
}

static int64_t wanted_us(const struct pacer *p, bool mixed)
{
	int64_t wanted = mixed ? PACER_QUEUE_MIXED_US : PACER_QUEUE_US,
		least = (int64_t)(LEAST_QUEUE * UINT64_C(1000000) / (p->seen + 1));
	return wanted > least ? wanted : least;
}

/* percent of what is carried */
static int64_t wanted_percent(int64_t queue, int64_t wanted)
{
	int64_t percent = 100 + (wanted - queue) * 100 / GAIN_US;
	return percent < LEAST_PERCENT  ? LEAST_PERCENT
	       : percent > MOST_PERCENT ? MOST_PERCENT
					: percent;
}

/* What stays although the rate is reduced is not ours. */
static void look_whether_it_shrinks(struct pacer *p, int64_t queue, bool reduced, uint64_t now_ms)
{
	if (!reduced) {
		p->reduced_ms = 0;
	} else if (!p->reduced_ms || queue < p->reduced_us / 4 * 3) {
		p->reduced_ms = now_ms;
		p->reduced_us = queue;
	} else if (now_ms >= p->reduced_ms + SHRINKS_MS) {
		p->foreign_us += queue;
		p->reduced_ms = 0;
	}
}

uint64_t pacer_look(struct pacer *p, const struct pacer_sample *s)
{
	if (!s->full) {
		if (s->now_ms >= p->full_ms + QUIET_MS)
			pacer_init(p);
		return p->rate;
	}
	p->full_ms = s->now_ms;
	note_carried(p, s);
	if (p->seen > PACER_FAST || !s->least_rtt_us)
		return p->rate = 0;
	int64_t queue = queue_us(p, s), wanted = wanted_us(p, s->mixed);
	p->limits |= queue > wanted;
	if (!p->limits)
		return p->rate = 0;
	int64_t percent = wanted_percent(queue, wanted);
	uint64_t rate = p->seen * (uint64_t)percent / 100, least = p->best / 100 * LEAST_PERCENT;
	p->rate = rate > least ? rate : least;
	look_whether_it_shrinks(p, queue, percent < 100, s->now_ms);
	return p->rate;
}
