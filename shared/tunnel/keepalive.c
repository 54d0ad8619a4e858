#include "shared/tunnel/keepalive.h"

const struct keepalive_rules KEEPALIVE_AGENT = {.ping_moving_ms = 500,
						.ping_open_ms = 5000,
						.ping_idle_ms = 15000,
						.suspect_ms = 500,
						.dead_ms = 0};
const struct keepalive_rules KEEPALIVE_RELAY = {.ping_moving_ms = 20000,
						.ping_open_ms = 20000,
						.ping_idle_ms = 20000,
						.suspect_ms = 0,
						.dead_ms = 45000};

void keepalive_init(struct keepalive *p, const struct keepalive_rules *rules, uint64_t now_ms)
{
	*p = (struct keepalive){.rules = *rules, .life_ms = now_ms, .heard_ms = now_ms};
}

/* Life from before a suspicion does not end it. */
static bool live(struct keepalive *p, uint64_t at_ms)
{
	bool relief = p->is_suspect && at_ms >= p->suspect_ms;
	if (at_ms > p->life_ms)
		p->life_ms = at_ms;
	if (relief)
		p->is_suspect = false;
	return relief;
}

bool keepalive_heard(struct keepalive *p, uint64_t now_ms)
{
	p->heard_ms = now_ms;
	p->doubted = false;
	return live(p, now_ms);
}

/* RFC 6298, section 2. */
static void sample(struct keepalive *p, uint32_t us)
{
	if (!p->srtt_us) {
		p->srtt_us = us;
		p->rttvar_us = us / 2;
		return;
	}
	uint32_t off = us > p->srtt_us ? us - p->srtt_us : p->srtt_us - us;
	p->rttvar_us = (uint32_t)((3 * (uint64_t)p->rttvar_us + off) / 4);
	p->srtt_us = (uint32_t)((7 * (uint64_t)p->srtt_us + us) / 8);
}

bool keepalive_kernel(struct keepalive *p, uint64_t acked, uint64_t acked_ms, bool unacked,
		      uint32_t rtt_us, uint32_t rttvar_us, uint64_t now_ms)
{
	bool relief = false, fresh = acked > p->acked;
	if (fresh) {
		relief = p->acked > 0 && live(p, acked_ms);
		p->acked = acked;
	}
	/* A queue that fills or empties shows in the kernel's figure before a PING comes back. */
	if (rtt_us > p->srtt_us || (fresh && rtt_us)) {
		p->srtt_us = rtt_us;
		p->rttvar_us = rttvar_us;
	}
	if (!unacked && !p->ping_ms)
		p->unanswered_ms = 0;
	else if (!p->unanswered_ms)
		p->unanswered_ms = now_ms;
	return relief;
}

void keepalive_pong(struct keepalive *p, uint64_t number, uint64_t now_ms)
{
	if (!p->ping_ms || number != p->number)
		return;
	uint64_t took = now_ms - p->ping_ms;
	sample(p, took < 60000 ? (uint32_t)took * 1000 + 500 : 60000000);
	p->ping_ms = 0;
	p->unanswered_ms = 0;
}

void keepalive_doubt(struct keepalive *p)
{
	p->doubted = !p->is_suspect;
}

uint32_t keepalive_rtt_ms(const struct keepalive *p)
{
	return (p->srtt_us + 500) / 1000;
}

uint32_t keepalive_suspect_after_ms(const struct keepalive *p)
{
	uint64_t ms = 4 * ((uint64_t)p->srtt_us + p->rttvar_us) / 1000;
	if (ms < p->rules.suspect_ms)
		return p->rules.suspect_ms;
	return ms > KEEPALIVE_SUSPECT_MOST_MS ? KEEPALIVE_SUSPECT_MOST_MS : (uint32_t)ms;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

enum keepalive_act keepalive_next(struct keepalive *p, bool moving, bool open, uint64_t now_ms,
				  uint64_t *when_ms)
{
	uint64_t when = UINT64_MAX;
	if (p->rules.dead_ms) {
		uint64_t dead = p->heard_ms + p->rules.dead_ms;
		if (now_ms >= dead)
			return KEEPALIVE_DEAD;
		when = dead;
	}
	uint32_t quiet = moving ? p->rules.ping_moving_ms
			 : open ? p->rules.ping_open_ms
				: p->rules.ping_idle_ms;
	if (!p->ping_ms && (p->doubted || now_ms >= p->life_ms + quiet)) {
		p->ping_ms = now_ms;
		p->number++;
		if (!p->unanswered_ms)
			p->unanswered_ms = now_ms;
		*when_ms = now_ms;
		return KEEPALIVE_PING;
	}
	if (!p->ping_ms && p->life_ms + quiet < when)
		when = p->life_ms + quiet;
	if (p->rules.suspect_ms && p->unanswered_ms && !p->is_suspect) {
		uint64_t at = later(p->life_ms, p->unanswered_ms) + keepalive_suspect_after_ms(p);
		if (p->doubted || now_ms >= at) {
			p->is_suspect = true;
			p->suspect_ms = now_ms;
			p->doubted = false;
			*when_ms = when;
			return KEEPALIVE_SUSPECT;
		}
		if (at < when)
			when = at;
	}
	*when_ms = when;
	return KEEPALIVE_WAIT;
}
