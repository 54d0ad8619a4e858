#include "shared/http/minimum_rate.h"

void minimum_rate_init(struct minimum_rate *p, int64_t saved_most_ms, uint64_t now_ms)
{
	*p = (struct minimum_rate){.saved_most_ms = saved_most_ms, .since_ms = now_ms};
}

void minimum_rate_wait(struct minimum_rate *p, bool waiting, uint64_t now_ms)
{
	if (p->waiting)
		p->lag_ms += (int64_t)(now_ms - p->since_ms);
	p->since_ms = now_ms;
	p->waiting = waiting;
}

void minimum_rate_pardon(struct minimum_rate *p, uint64_t now_ms)
{
	minimum_rate_wait(p, p->waiting, now_ms);
	if (p->lag_ms > 0)
		p->lag_ms = 0;
}

int64_t minimum_rate_lag_ms(struct minimum_rate *p, uint64_t progress, uint64_t now_ms)
{
	minimum_rate_wait(p, p->waiting, now_ms);
	if (progress > p->progress) {
		uint64_t ms = (progress - p->progress) * 1000 / MINIMUM_RATE_RATE;
		p->lag_ms -= (int64_t)ms;
		/* the rest of a millisecond counts later */
		p->progress += ms * MINIMUM_RATE_RATE / 1000;
	}
	if (p->lag_ms < -p->saved_most_ms)
		p->lag_ms = -p->saved_most_ms;
	return p->waiting ? p->lag_ms : 0;
}
