#include "agent/path_tuning.h"

enum {
	STRIKE_MS = 60 * 1000,
	STRIKES = 3,
	/* after this long without trouble the shorter limit is in force again */
	EASED_MS = 600 * 1000,
	SMALL_MAXSEG = 1220,
};

static uint32_t doubled(const struct path_tuning *p)
{
	return p->silence_ms * 2 > p->most_ms ? p->most_ms : p->silence_ms * 2;
}

bool path_tuning_resumed(struct path_tuning *p, uint64_t now_ms, uint64_t progress,
			 bool has_streams)
{
	if (progress != p->progress || !has_streams || now_ms > p->strike_ms + STRIKE_MS) {
		p->strikes = 0;
		p->strike_ms = now_ms;
	}
	p->progress = progress;
	if (now_ms > p->eased_ms + EASED_MS)
		p->silence_ms = p->least_ms;
	if (++p->strikes < STRIKES)
		return false;
	p->strikes = 0;
	p->eased_ms = now_ms;
	p->silence_ms = doubled(p);
	p->maxseg = SMALL_MAXSEG;
	return true;
}
