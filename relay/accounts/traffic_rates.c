/*
 * traffic_rates_add() adds bytes to the step under way of a history, exactly. advance() rounds them
 * into the history's ring when a later step begins. traffic_rates_write() adds up the rings that
 * fit. Once a step, sweep() drops histories without bytes for a day. Where there is no room for a
 * new history, its bytes are in no graph.
 */
#include "relay/accounts/traffic_rates.h"

#include "shared/base/hash_table.h"
#include "shared/base/mem.h"

#include <string.h>

/* A number of bytes in two: 11 bits, and how far they are shifted. */
typedef uint16_t rounded;

static rounded round_bytes(uint64_t n)
{
	unsigned shift = 0;
	for (; n > 0x7ff; shift++)
		n = (n + 1) / 2;
	return shift > 31 ? UINT16_MAX : (rounded)(shift << 11 | n);
}

static uint64_t bytes_of(rounded r)
{
	return (uint64_t)(r & 0x7ff) << (r >> 11);
}

struct history {
	int64_t step;             /* the last one with bytes */
	uint64_t now_in, now_out; /* of that step */
	/* a step is at its number modulo */
	rounded in[TRAFFIC_RATES_STEPS], out[TRAFFIC_RATES_STEPS];
	const char *agent, *mapping; /* inside names */
	size_t len;
	char names[]; /* account, agent and mapping, each with its NUL: the key */
};

/* How many histories an account has. */
struct share {
	unsigned count;
	char account[TRAFFIC_NAME]; /* the key */
};

struct traffic_rates {
	struct hash_table *histories, *shares;
	int64_t swept; /* the step in which old histories were dropped last */
};

static struct share *share_of(struct traffic_rates *r, const char *account)
{
	return hash_table_get(r->shares, account, strlen(account));
}

static void drop(struct traffic_rates *r, struct history *h)
{
	struct share *s = share_of(r, h->names);
	if (--s->count == 0) {
		hash_table_remove(r->shares, s->account, strlen(s->account));
		mem_free(s);
	}
	hash_table_remove(r->histories, h->names, h->len);
	mem_free(h);
}

/* The array of a sweep: those to drop. */
struct sweep {
	struct traffic_rates *rates;
	int64_t oldest;
};

static void drop_old(void *arg, void *value)
{
	const struct sweep *s = arg;
	struct history *h = value;
	if (h->step < s->oldest)
		drop(s->rates, h);
}

static void sweep(struct traffic_rates *r, int64_t step)
{
	struct sweep s = {.rates = r, .oldest = step - TRAFFIC_RATES_STEPS + 1};
	if (step == r->swept)
		return;
	r->swept = step;
	hash_table_each(r->histories, drop_old, &s);
}

/* Moves the bytes of the step to their place, and goes on to a later one. */
static void advance(struct history *h, int64_t step)
{
	h->in[h->step % TRAFFIC_RATES_STEPS] = round_bytes(h->now_in);
	h->out[h->step % TRAFFIC_RATES_STEPS] = round_bytes(h->now_out);
	int64_t first = h->step + 1;
	if (first < step - TRAFFIC_RATES_STEPS)
		first = step - TRAFFIC_RATES_STEPS;
	for (int64_t s = first; s < step; s++)
		h->in[s % TRAFFIC_RATES_STEPS] = h->out[s % TRAFFIC_RATES_STEPS] = 0;
	h->step = step;
	h->now_in = h->now_out = 0;
}

static size_t put_name(char *out, const char *name)
{
	size_t len = strlen(name) + 1;
	memcpy(out, name, len);
	return len;
}

static struct history *history_new(struct traffic_rates *r, const char *key, size_t len,
				   const struct traffic_sum *sum, int64_t step)
{
	struct share *s = share_of(r, sum->account);
	if (hash_table_count(r->histories) >= TRAFFIC_RATES_MOST ||
	    (s && s->count >= TRAFFIC_RATES_OF_ACCOUNT))
		return NULL;
	if (!s) {
		s = mem_zalloc(sizeof *s);
		put_name(s->account, sum->account);
		hash_table_add(r->shares, s->account, strlen(s->account), s);
	}
	s->count++;
	struct history *h = mem_zalloc(sizeof *h + len);
	memcpy(h->names, key, len);
	h->len = len;
	h->agent = h->names + strlen(h->names) + 1;
	h->mapping = h->agent + strlen(h->agent) + 1;
	h->step = step;
	hash_table_add(r->histories, h->names, len, h);
	return h;
}

void traffic_rates_add(struct traffic_rates *r, const struct traffic_sum *sum, uint64_t now_ms)
{
	int64_t step = (int64_t)(now_ms / TRAFFIC_RATES_STEP_MS);
	char key[3 * TRAFFIC_NAME];
	size_t len = put_name(key, sum->account);
	len += put_name(key + len, sum->agent);
	len += put_name(key + len, sum->mapping);
	sweep(r, step);
	struct history *h = hash_table_get(r->histories, key, len);
	if (!h)
		h = history_new(r, key, len, sum, step);
	if (!h)
		return;
	if (h->step < step)
		advance(h, step);
	h->now_in += sum->bytes_in;
	h->now_out += sum->bytes_out;
}

/* A question, and its sums from the oldest step on. */
struct question {
	const char *account, *agent, *mapping;
	int64_t first;
	uint64_t in[TRAFFIC_RATES_STEPS], out[TRAFFIC_RATES_STEPS];
};

static bool fits(const char *asked, const char *name)
{
	return !*asked || !strcmp(asked, name);
}

static void add_history(void *arg, void *value)
{
	struct question *q = arg;
	const struct history *h = value;
	if (!fits(q->account, h->names) || !fits(q->agent, h->agent) ||
	    !fits(q->mapping, h->mapping))
		return;
	for (int i = 0; i < TRAFFIC_RATES_STEPS; i++) {
		int64_t step = q->first + i;
		if (step > h->step || step <= h->step - TRAFFIC_RATES_STEPS || step < 0)
			continue;
		bool now = step == h->step;
		q->in[i] += now ? h->now_in : bytes_of(h->in[step % TRAFFIC_RATES_STEPS]);
		q->out[i] += now ? h->now_out : bytes_of(h->out[step % TRAFFIC_RATES_STEPS]);
	}
}

static void put_steps(struct json *w, const char *name, const uint64_t *steps)
{
	json_open(w, name, '[');
	for (int i = 0; i < TRAFFIC_RATES_STEPS; i++)
		json_uint(w, NULL, steps[i]);
	json_close(w);
}

void traffic_rates_write(struct traffic_rates *r, const char *account, const char *agent,
			 const char *mapping, uint64_t now_ms, struct json *w)
{
	int64_t step = (int64_t)(now_ms / TRAFFIC_RATES_STEP_MS);
	struct question q = {.account = account,
			     .agent = agent,
			     .mapping = mapping,
			     .first = step - TRAFFIC_RATES_STEPS + 1};
	hash_table_each(r->histories, add_history, &q);
	json_open(w, NULL, '{');
	json_uint(w, "step_s", TRAFFIC_RATES_STEP_MS / 1000);
	json_uint(w, "last_step_s", now_ms % TRAFFIC_RATES_STEP_MS / 1000);
	put_steps(w, "bytes_in", q.in);
	put_steps(w, "bytes_out", q.out);
	json_close(w);
}

struct traffic_rates *traffic_rates_new(void)
{
	struct traffic_rates *r = mem_zalloc(sizeof *r);
	r->histories = hash_table_new();
	r->shares = hash_table_new();
	return r;
}

void traffic_rates_free(struct traffic_rates *r)
{
	if (!r)
		return;
	struct sweep all = {.rates = r, .oldest = INT64_MAX};
	hash_table_each(r->histories, drop_old, &all);
	hash_table_free(r->histories);
	hash_table_free(r->shares);
	mem_free(r);
}
