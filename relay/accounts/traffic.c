/*
 * The loops send counts. take_sum() adds each count to its account's day, and to the row of its
 * mapping and day; that row waits for the file. Once a minute gather() puts all waiting rows into
 * one batch, which adds their bytes to those in the file. When the batch is durable, its rows are
 * dropped.
 *
 * When a batch fails, its bytes go back to the waiting rows, and the next minute tries again: a
 * full disk loses nothing while the relay runs.
 *
 * judge() computes the quota of an account when bytes come for it, when a day begins, and when the
 * accounts change. The used bytes are the sum of the account's days. DAYS days are kept, so the
 * sum is right at once when the operator changes the reset day.
 */
#include "relay/accounts/traffic.h"

#include "relay/accounts/traffic_rates.h"
#include "shared/base/hash_table.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>

enum { COLLECT_MS = 5000, WRITE_MS = 60000, DAYS = 64 /* more than two months */ };

/* What an account has carried on one day. */
struct day {
	int64_t day;
	uint64_t in, out;
};

struct holder {
	char name[TRAFFIC_NAME];     /* of the account; the key */
	struct day days[DAYS];       /* a day is at its number modulo DAYS */
	struct hash_table *mappings; /* names of this month's mappings; each is its own key */
	int64_t month;               /* the first day of that month */
	struct traffic_quota quota;
};

struct row_key {
	int64_t day;
	char account[TRAFFIC_NAME], mapping[TRAFFIC_NAME];
};

/* Bytes that are not in the file. */
struct row {
	struct row_key key;
	struct list node;               /* traffic.waiting or traffic.flying */
	uint64_t in, out;               /* not written, and in no batch */
	uint64_t flying_in, flying_out; /* in the batch */
};

struct settling {
	struct list node;
	traffic_settled_fn *fn;
	void *arg;
	uint64_t needs; /* the number of the collection that it waits for */
};

struct traffic {
	struct loop *loop;
	struct store *store;
	struct traffic_calls calls;
	struct accounts *accounts; /* a reference; NULL: not known yet */
	int64_t today, month;      /* month: its first day */
	struct hash_table *holders, *rows;
	struct traffic_rates *rates; /* of the last 24 hours */
	struct list waiting, flying; /* rows: not in a batch; in the batch under way */
	bool writing;                /* a batch is under way */
	bool prune;                  /* the next batch drops the days that are too old */
	struct list settling;
	/* Numbers of collections: the last asked for, the last answered, and the last whose bytes
	 * are in the batch under way or in the file. */
	uint64_t asked, taken, covered;
	struct timer *collect, *write;
};

/* --- the months --- */

static int64_t oldest_day(const struct traffic *t)
{
	int64_t day = t->month;
	for (int i = 0; i < TRAFFIC_MONTHS; i++)
		day = quota_begin(day - 1, 1);
	return day;
}

/* --- accounts --- */

static struct holder *get_holder(const struct traffic *t, const char *account)
{
	return hash_table_get(t->holders, account, strlen(account));
}

static struct holder *holder_of(struct traffic *t, const char *account)
{
	struct holder *h = get_holder(t, account);
	if (h)
		return h;
	h = mem_zalloc(sizeof *h);
	snprintf(h->name, sizeof h->name, "%s", account);
	h->mappings = hash_table_new();
	hash_table_add(t->holders, h->name, strlen(h->name), h);
	return h;
}

static void free_name(void *arg, void *value)
{
	hash_table_remove(arg, value, strlen(value));
	mem_free(value);
}

static void forget_names(struct holder *h)
{
	hash_table_each(h->mappings, free_name, h->mappings);
}

static void drop_holder(void *arg, void *value)
{
	struct holder *h = value;
	(void)arg;
	forget_names(h);
	hash_table_free(h->mappings);
	mem_free(h);
}

static void count_day(struct holder *h, int64_t day, uint64_t in, uint64_t out)
{
	struct day *d = &h->days[day % DAYS];
	if (d->day != day)
		*d = (struct day){.day = day};
	d->in += in;
	d->out += out;
}

/* The name under which this month's bytes of a mapping are kept. */
static const char *name_of(struct holder *h, int64_t month, const char *mapping)
{
	if (h->month != month)
		forget_names(h);
	h->month = month;
	if (hash_table_get(h->mappings, mapping, strlen(mapping)))
		return mapping;
	if (hash_table_count(h->mappings) >= TRAFFIC_NAMES)
		return TRAFFIC_OTHER;
	char *name = mem_strdup(mapping);
	hash_table_add(h->mappings, name, strlen(name), name);
	return mapping;
}

/* The days of one month. Later ones are there where the clock was ahead, or is behind now. */
static struct day sum_month(const struct holder *h, int64_t begin, int64_t next)
{
	struct day sum = {.day = begin};
	for (unsigned i = 0; i < DAYS; i++) {
		if (h->days[i].day < begin || h->days[i].day >= next)
			continue;
		sum.in += h->days[i].in;
		sum.out += h->days[i].out;
	}
	return sum;
}

/* --- quotas --- */

static void say_level(const struct traffic *t, const struct account *a,
		      const struct traffic_quota *q)
{
	static const char *const events[] = {"quota_free", "quota_near", "quota_used"};
	char date[QUOTA_DATE];
	log_event(q->level == QUOTA_BELOW ? LOG_INFO : LOG_WARN, events[q->level],
		  "account=%s used=%llu quota=%llu at_limit=%s next=%s", a->name,
		  (unsigned long long)q->used, (unsigned long long)a->quota.bytes,
		  quota_at_limit_text(a->quota.at_limit), quota_date(q->next, date));
	char *said = quota_sentence(a->name, &a->quota, q->level, q->next);
	if (said)
		t->calls.tell(t->calls.owner, a->name, q->level, said);
	mem_free(said);
}

/* quiet: at the start, because the level was told before the relay stopped. */
static void judge(struct traffic *t, const struct account *a, bool quiet)
{
	struct holder *h = holder_of(t, a->name);
	struct traffic_quota before = h->quota;
	if (a->quota.bytes) {
		h->quota.begin = quota_begin(t->today, a->quota.reset_day);
		h->quota.next = quota_next(t->today, a->quota.reset_day);
		struct day month = sum_month(h, h->quota.begin, h->quota.next);
		h->quota.used = month.in + month.out;
		h->quota.level = quota_level(&a->quota, h->quota.used);
	} else {
		h->quota = (struct traffic_quota){.level = QUOTA_BELOW};
	}
	bool news = h->quota.level != before.level;
	if (news && !quiet && a->quota.bytes)
		say_level(t, a, &h->quota);
	if (news || h->quota.next != before.next)
		t->calls.changed(t->calls.owner, a->name);
}

static void judge_all(struct traffic *t, bool quiet)
{
	for (size_t i = 0; t->accounts && i < accounts_count(t->accounts); i++) {
		const struct account *a = accounts_at(t->accounts, i);
		if (a->quota.bytes || get_holder(t, a->name))
			judge(t, a, quiet);
	}
}

struct traffic_quota traffic_quota(const struct traffic *t, const char *account)
{
	const struct holder *h = t ? get_holder(t, account) : NULL;
	return h ? h->quota : (struct traffic_quota){.level = QUOTA_BELOW};
}

void traffic_set_accounts(struct traffic *t, struct accounts *accounts)
{
	bool first = !t->accounts;
	accounts_unref(t->accounts);
	t->accounts = accounts_ref(accounts);
	judge_all(t, first);
}

/* --- rows --- */

static struct row *row_of(struct traffic *t, const char *account, const char *mapping)
{
	struct row_key key = {.day = t->today}; /* zeroed: it is a key by its bytes */
	bool full = hash_table_count(t->rows) >= TRAFFIC_ROWS;
	snprintf(key.account, sizeof key.account, "%s", account);
	snprintf(key.mapping, sizeof key.mapping, "%s", full ? TRAFFIC_OTHER : mapping);
	struct row *r = hash_table_get(t->rows, &key, sizeof key);
	if (r)
		return r;
	r = mem_zalloc(sizeof *r);
	r->key = key;
	list_append(&t->waiting, &r->node);
	hash_table_add(t->rows, &r->key, sizeof r->key, r);
	return r;
}

static void drop_row(struct traffic *t, struct row *r)
{
	list_remove(&r->node);
	hash_table_remove(t->rows, &r->key, sizeof r->key);
	mem_free(r);
}

static void drop_each_row(void *arg, void *value)
{
	drop_row(arg, value);
}

static void take_sum(struct traffic *t, const struct traffic_sum *s)
{
	struct holder *h = holder_of(t, s->account);
	struct row *r = row_of(t, s->account, name_of(h, t->month, s->mapping));
	count_day(h, t->today, s->bytes_in, s->bytes_out);
	r->in += s->bytes_in;
	r->out += s->bytes_out;
	traffic_rates_add(t->rates, s, loop_now_ms(t->loop));
}

static void judge_one(struct traffic *t, const char *account)
{
	const struct account *a = t->accounts ? accounts_find(t->accounts, account) : NULL;
	if (a && a->quota.bytes)
		judge(t, a, false);
}

/* --- writing --- */

static void on_written(void *owner, int err);

static struct store_batch *gather(struct traffic *t)
{
	struct store_batch *b = store_batch_new();
	if (t->prune)
		store_drop_traffic(b, oldest_day(t));
	t->prune = false;
	list_move(&t->flying, &t->waiting);
	LIST_EACH(node, &t->flying)
	{
		struct row *r = LIST_ENTRY(node, struct row, node);
		const struct store_traffic row = {.day = r->key.day,
						  .account = r->key.account,
						  .mapping = r->key.mapping,
						  .bytes_in = r->in,
						  .bytes_out = r->out};
		store_add_traffic(b, &row);
		r->flying_in = r->in;
		r->flying_out = r->out;
		r->in = r->out = 0;
	}
	return b;
}

/* Answers each settle whose collection is covered. */
static void tell_settled(struct traffic *t, bool written)
{
	LIST_EACH(node, &t->settling)
	{
		struct settling *s = LIST_ENTRY(node, struct settling, node);
		if (s->needs > t->covered)
			continue;
		list_remove(&s->node);
		s->fn(s->arg, written);
		mem_free(s);
	}
}

static void write_now(struct traffic *t)
{
	if (t->writing)
		return;
	t->covered = t->taken;
	if (list_is_empty(&t->waiting) && !t->prune) {
		tell_settled(t, true);
		return;
	}
	t->writing = true;
	store_commit(t->store, gather(t), on_written, t);
}

static bool is_settling(const struct traffic *t)
{
	LIST_EACH(node, &t->settling)
	if (LIST_ENTRY(node, struct settling, node)->needs <= t->taken)
		return true;
	return false;
}

/* Takes a row out of the batch: bytes that are not written wait again, an empty row is dropped. */
static void land(struct traffic *t, struct row *r, bool written)
{
	if (!written) {
		r->in += r->flying_in;
		r->out += r->flying_out;
	}
	r->flying_in = r->flying_out = 0;
	if (!r->in && !r->out) {
		drop_row(t, r);
		return;
	}
	list_remove(&r->node);
	list_append(&t->waiting, &r->node);
}

static void on_written(void *owner, int err)
{
	struct traffic *t = owner;
	t->writing = false;
	t->prune |= err < 0; /* what was to be dropped may still be there */
	LIST_EACH(node, &t->flying)
	land(t, LIST_ENTRY(node, struct row, node), err == 0);
	tell_settled(t, err == 0);
	if (is_settling(t))
		write_now(t);
}

void traffic_settle(struct traffic *t, traffic_settled_fn *fn, void *arg)
{
	struct settling *s = mem_alloc(sizeof *s);
	*s = (struct settling){.fn = fn, .arg = arg, .needs = ++t->asked};
	list_append(&t->settling, &s->node);
	t->calls.collect(t->calls.owner);
}

/* --- time --- */

/* A clock that leaps has the past thrown away only where it is still so a day later. */
static void begin_day(struct traffic *t, int64_t day)
{
	t->prune = day - t->today < DAYS;
	t->today = day;
	t->month = quota_begin(day, 1);
	judge_all(t, false);
}

void traffic_take(struct traffic *t, const struct buf *sums, uint64_t wall_ms)
{
	int64_t day = (int64_t)(wall_ms / QUOTA_DAY_MS);
	t->taken++;
	if (day != t->today)
		begin_day(t, day);
	for (size_t i = 0, count = traffic_sums_count(sums); i < count; i++) {
		const char *account = traffic_sums_at(sums, i)->account;
		take_sum(t, traffic_sums_at(sums, i));
		/* the mappings of one agent come together */
		if (i + 1 == count || strcmp(traffic_sums_at(sums, i + 1)->account, account) != 0)
			judge_one(t, account);
	}
	if (is_settling(t))
		write_now(t);
}

static void on_collect(void *owner)
{
	struct traffic *t = owner;
	t->asked++;
	t->calls.collect(t->calls.owner);
}

static void on_write(void *owner)
{
	write_now(owner);
}

/* --- beginning and end --- */

/* There is one of the last DAYS, so the clock is not far ahead: what is old may go. */
static void remember_day(void *arg, const struct store_traffic *row)
{
	count_day(holder_of(arg, row->account), row->day, row->bytes_in, row->bytes_out);
	((struct traffic *)arg)->prune = true;
}

static void remember_name(void *arg, const struct store_traffic *row)
{
	name_of(holder_of(arg, row->account), ((struct traffic *)arg)->month, row->mapping);
}

struct traffic *traffic_new(struct loop *l, struct store *store, const struct traffic_calls *calls,
			    uint64_t wall_ms)
{
	struct traffic *t = mem_zalloc(sizeof *t);
	*t = (struct traffic){.loop = l, .store = store, .calls = *calls};
	t->today = (int64_t)(wall_ms / QUOTA_DAY_MS);
	t->month = quota_begin(t->today, 1);
	t->holders = hash_table_new();
	t->rows = hash_table_new();
	t->rates = traffic_rates_new();
	list_init(&t->waiting);
	list_init(&t->flying);
	list_init(&t->settling);
	store_read_traffic(store, t->today - DAYS + 1, remember_day, t);
	store_read_traffic_names(store, t->month, remember_name, t);
	t->collect = timer_new(l, on_collect, t);
	t->write = timer_new(l, on_write, t);
	timer_set_every(t->collect, COLLECT_MS);
	timer_set_every(t->write, WRITE_MS);
	return t;
}

void traffic_free(struct traffic *t)
{
	if (!t)
		return;
	store_forget(t->store, t);
	LIST_EACH(node, &t->flying) /* the store still writes this batch: keep newer bytes only */
	{
		struct row *r = LIST_ENTRY(node, struct row, node);
		r->flying_in = r->flying_out = 0;
		land(t, r, true);
	}
	if (!list_is_empty(&t->waiting))
		store_commit(t->store, gather(t), NULL, NULL);
	hash_table_each(t->rows, drop_each_row, t);
	t->covered = UINT64_MAX;
	tell_settled(t, false);
	hash_table_each(t->holders, drop_holder, NULL);
	hash_table_free(t->holders);
	hash_table_free(t->rows);
	traffic_rates_free(t->rates);
	accounts_unref(t->accounts);
	timer_close(t->collect);
	timer_close(t->write);
	mem_free(t);
}

/* --- what it says --- */

int64_t traffic_today(const struct traffic *t)
{
	return t->today;
}

void traffic_write_rates(const struct traffic *t, const char *account, const char *agent,
			 const char *mapping, struct json *w)
{
	traffic_rates_write(t->rates, account, agent, mapping, loop_now_ms(t->loop), w);
}

static void put_quota(const struct account *a, const struct traffic_quota *q, struct json *w)
{
	static const char *const levels[] = {"below", "near", "used"};
	char date[QUOTA_DATE];
	char *said = quota_sentence(a->name, &a->quota, q->level, q->next);
	json_uint(w, "quota_bytes", a->quota.bytes);
	json_uint(w, "quota_used", q->used);
	json_str(w, "quota_state", levels[q->level]);
	json_str(w, "at_limit", quota_at_limit_text(a->quota.at_limit));
	json_str(w, "since", quota_date(q->begin, date));
	json_str(w, "resets", quota_date(q->next, date));
	json_str(w, "said", said);
	mem_free(said);
}

void traffic_status(const struct traffic *t, struct json *w)
{
	json_open(w, "quotas", '[');
	for (size_t i = 0; t && t->accounts && i < accounts_count(t->accounts); i++) {
		const struct account *a = accounts_at(t->accounts, i);
		const struct holder *h = a->quota.bytes ? get_holder(t, a->name) : NULL;
		if (!h)
			continue;
		json_open(w, NULL, '{');
		json_str(w, "account", a->name);
		put_quota(a, &h->quota, w);
		json_close(w);
	}
	json_close(w);
}

void traffic_write_accounts(const struct traffic *t, struct json *w)
{
	json_open(w, NULL, '[');
	for (size_t i = 0; t->accounts && i < accounts_count(t->accounts); i++) {
		const struct account *a = accounts_at(t->accounts, i);
		const struct holder *h = get_holder(t, a->name);
		struct day month = {.day = t->month};
		if (h)
			month = sum_month(h, t->month, quota_next(t->month, 1));
		if (!month.in && !month.out && !a->quota.bytes)
			continue;
		json_open(w, NULL, '{');
		json_str(w, "account", a->name);
		json_uint(w, "bytes_in", month.in);
		json_uint(w, "bytes_out", month.out);
		if (a->quota.bytes && h)
			put_quota(a, &h->quota, w);
		json_close(w);
	}
	json_close(w);
}
