#include "shared/acme/certificate_schedule.h"

#include "shared/base/backoff.h"

#include <string.h>

enum {
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	DAY_MS = 24 * HOUR_MS,
	ASK_AGAIN_MS = 6 * HOUR_MS, /* where the CA does not say */
	ASK_LEAST_MS = HOUR_MS,
	ASK_MOST_MS = DAY_MS,
	SHORT_DAYS = 10
};
/* The longest wait that a CA can ask for. A later try_ms was written by a wrong clock. */
#define TRY_MOST_MS (7ull * DAY_MS)

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t life(const struct certificate_schedule *s)
{
	return s->not_after_ms - s->not_before_ms;
}

static uint64_t latest_renewal(const struct certificate_schedule *s)
{
	return s->not_after_ms - life(s) / 10;
}

/* Returns the time from which a new order is within the limit of a day; 0: at once. */
static uint64_t orders_allow(const struct certificate_schedule *s, uint64_t now_ms)
{
	uint64_t oldest = s->orders_ms[CERTIFICATE_SCHEDULE_ORDERS - 1];
	for (unsigned i = 0; i < CERTIFICATE_SCHEDULE_ORDERS; i++)
		if (s->orders_ms[i] > now_ms)
			return 0;
	return oldest ? oldest + DAY_MS : 0;
}

static uint64_t earliest_order(const struct certificate_schedule *s, uint64_t now_ms)
{
	uint64_t at = s->try_ms > now_ms + TRY_MOST_MS ? 0 : s->try_ms;
	return larger(at, orders_allow(s, now_ms));
}

enum certificate_schedule_act certificate_schedule_next(const struct certificate_schedule *s,
							uint64_t now_ms, uint64_t *at_ms)
{
	*at_ms = now_ms;
	if (!s->not_after_ms || now_ms >= s->renew_ms) {
		*at_ms = larger(earliest_order(s, now_ms), now_ms);
		return *at_ms > now_ms ? CERTIFICATE_SCHEDULE_WAIT : CERTIFICATE_SCHEDULE_ORDER;
	}
	if (now_ms >= s->ask_ms || s->ask_ms > now_ms + ASK_MOST_MS)
		return CERTIFICATE_SCHEDULE_ASK;
	*at_ms = smaller(s->ask_ms, s->renew_ms);
	return CERTIFICATE_SCHEDULE_WAIT;
}

void certificate_schedule_renewed(struct certificate_schedule *s, uint64_t not_before_ms,
				  uint64_t not_after_ms, uint64_t now_ms)
{
	s->not_before_ms = not_before_ms;
	s->not_after_ms = not_after_ms;
	s->renew_ms = life(s) < SHORT_DAYS * (uint64_t)DAY_MS ? not_before_ms + life(s) / 2
							      : not_before_ms + life(s) / 3 * 2;
	s->window_start_ms = s->window_end_ms = s->try_ms = 0;
	s->ask_ms = now_ms;
	s->failures = 0;
	s->ordered = false;
}

static void ask_again(struct certificate_schedule *s, uint64_t retry_ms, uint64_t now_ms)
{
	uint64_t pause = retry_ms > now_ms ? retry_ms - now_ms : ASK_AGAIN_MS;
	s->ask_ms = now_ms + smaller(larger(pause, ASK_LEAST_MS), ASK_MOST_MS);
}

/* The chosen moment stays the same as long as the window stays the same. */
void certificate_schedule_window(struct certificate_schedule *s, uint64_t start_ms, uint64_t end_ms,
				 uint64_t retry_ms, uint64_t now_ms, uint32_t random)
{
	ask_again(s, retry_ms, now_ms);
	if (start_ms == s->window_start_ms && end_ms == s->window_end_ms)
		return;
	s->window_start_ms = start_ms;
	s->window_end_ms = end_ms;
	uint64_t seconds = smaller((end_ms - start_ms) / 1000, UINT32_MAX);
	s->renew_ms = smaller(start_ms + (seconds * random >> 32) * 1000, latest_renewal(s));
}

void certificate_schedule_no_window(struct certificate_schedule *s, uint64_t retry_ms,
				    uint64_t now_ms)
{
	ask_again(s, retry_ms, now_ms);
}

void certificate_schedule_ordered(struct certificate_schedule *s, uint64_t now_ms)
{
	memmove(s->orders_ms + 1, s->orders_ms, sizeof(s->orders_ms) - sizeof(s->orders_ms[0]));
	s->orders_ms[0] = now_ms;
	s->ordered = true;
}

void certificate_schedule_failed(struct certificate_schedule *s, uint64_t retry_ms, uint64_t now_ms,
				 uint32_t random)
{
	struct backoff b = {
	    .base_ms = MINUTE_MS, .max_ms = s->ordered ? DAY_MS : HOUR_MS, .tries = s->failures};
	s->try_ms = larger(now_ms + backoff_next(&b, MINUTE_MS, random), retry_ms);
	s->failures = b.tries;
}

void certificate_schedule_hurry(struct certificate_schedule *s)
{
	s->renew_ms = s->try_ms = 0;
}

bool certificate_schedule_is_overdue(const struct certificate_schedule *s, uint64_t now_ms)
{
	return s->not_after_ms && s->renew_ms && now_ms > s->renew_ms + life(s) / 10;
}

void certificate_schedule_write(const struct certificate_schedule *s, struct json *w)
{
	json_open(w, NULL, '{');
	json_uint(w, "not_before_ms", s->not_before_ms);
	json_uint(w, "not_after_ms", s->not_after_ms);
	json_uint(w, "window_start_ms", s->window_start_ms);
	json_uint(w, "window_end_ms", s->window_end_ms);
	json_uint(w, "renew_ms", s->renew_ms);
	json_uint(w, "ask_ms", s->ask_ms);
	json_uint(w, "try_ms", s->try_ms);
	json_open(w, "orders_ms", '[');
	for (unsigned i = 0; i < CERTIFICATE_SCHEDULE_ORDERS; i++)
		json_uint(w, NULL, s->orders_ms[i]);
	json_close(w);
	json_uint(w, "failures", s->failures);
	json_bool(w, "ordered", s->ordered);
	json_close(w);
}

static void read_ms(struct conf_at at, const char *key, uint64_t *out)
{
	int64_t n = 0;
	conf_opt_int(at, key, 0, INT64_MAX, &n);
	*out = (uint64_t)n;
}

void certificate_schedule_read(struct conf_at at, struct certificate_schedule *out)
{
	int64_t n = 0;
	struct conf_at orders = conf_list(at, "orders_ms");
	memset(out, 0, sizeof(*out));
	read_ms(at, "not_before_ms", &out->not_before_ms);
	read_ms(at, "not_after_ms", &out->not_after_ms);
	read_ms(at, "window_start_ms", &out->window_start_ms);
	read_ms(at, "window_end_ms", &out->window_end_ms);
	read_ms(at, "renew_ms", &out->renew_ms);
	read_ms(at, "ask_ms", &out->ask_ms);
	read_ms(at, "try_ms", &out->try_ms);
	for (size_t i = 0; i < conf_len(orders) && i < CERTIFICATE_SCHEDULE_ORDERS; i++)
		if (conf_item_int(orders, i, 0, INT64_MAX, &n))
			out->orders_ms[i] = (uint64_t)n;
	n = 0;
	conf_opt_int(at, "failures", 0, UINT32_MAX, &n);
	out->failures = (uint32_t)n;
	conf_opt_bool(at, "ordered", &out->ordered);
	if (!conf_ok(at) || out->not_after_ms < out->not_before_ms)
		memset(out, 0, sizeof(*out));
}
