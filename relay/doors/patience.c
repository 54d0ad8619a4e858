#include "relay/doors/patience.h"

void patience_init(struct patience *p, uint64_t now_ms)
{
	*p = (struct patience){.since_ms = now_ms};
}

void patience_wait(struct patience *p, bool waiting, uint64_t now_ms)
{
	if (p->waiting)
		p->lag_ms += (int64_t)(now_ms - p->since_ms);
	p->since_ms = now_ms;
	p->waiting = waiting;
}

void patience_pardon(struct patience *p, uint64_t now_ms)
{
	patience_wait(p, p->waiting, now_ms);
	if (p->lag_ms > 0)
		p->lag_ms = 0;
}

int64_t patience_lag_ms(struct patience *p, uint64_t progress, uint64_t now_ms)
{
	patience_wait(p, p->waiting, now_ms);
	if (progress > p->progress) {
		uint64_t ms = (progress - p->progress) * 1000 / PATIENCE_RATE;
		p->lag_ms -= (int64_t)ms;
		/* the rest of a millisecond counts later */
		p->progress += ms * PATIENCE_RATE / 1000;
	}
	if (p->lag_ms < -PATIENCE_SAVED_MS)
		p->lag_ms = -PATIENCE_SAVED_MS;
	return p->waiting ? p->lag_ms : 0;
}
