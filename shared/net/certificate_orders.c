/*
 * look() finds the next job: a certificate that its schedule wants to order, or one for which the
 * CA is asked when to renew it. The ACME client then makes requests by its driver until the job is
 * done or has failed.
 *
 *	ORDER  → PUBLISH: the wishes are shown by certificate_orders_validation() (tls-alpn-01) or
 *	                  certificate_orders_token() (http-01), or the relay publishes
 *	                  certificate_orders_records() (dns-01)
 *	       → DONE: the new certificate is shown from now on, and written
 *	ASK    → DONE: the CA's window goes into the schedule
 *	either → FAILED: the error is told, and the schedule backs off
 *
 * When the owner says that an order would fail (certificate_order_set_look), the order waits, or
 * uses dns-01 instead.
 *
 * The old certificate is shown until the new one is there. Files are written on the thread pool,
 * one write at a time. The timer looks at least once a minute, so a machine that has slept past an
 * end renews within a minute after it wakes.
 */
#include "shared/net/certificate_orders.h"

#include "shared/acme/acme_challenge.h"
#include "shared/acme/certificate_store.h"
#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/acme_driver.h"
#include "shared/net/timer.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { LOOK_MS = 60000, HOLD_MS = 60 * 60 * 1000, HTTPS_PORT = 443 };

struct certificate_order {
	struct list node;
	struct certificate_orders *all;
	char *host;
	const char *names[2]; /* host, and a wildcard's base name; they point into host */
	size_t name_count;
	unsigned refs;
	bool is_open;
	uint16_t port;
	struct certificate_schedule schedule;
	struct tls_context *shown; /* NULL: none */
	uint64_t not_before_ms, not_after_ms;
	char issuer[128];
	char id[CERTIFICATE_ID];
	char *error; /* why the last order failed; NULL: it did not */
	/* from certificate_order_set_look() */
	bool is_looking;
	char *closed, *no_record;
	uint64_t held_ms; /* since when one of these is known; 0: none is */
	uint64_t taken, failed;
	bool said_overdue;
};

/* A wish of the order under way, in the form that is shown to the CA. */
struct validation {
	char token[ACME_TOKEN + 1], sni[256];
	struct tls_context *tls;
};

/* One write to the disk. */
struct save {
	struct list node;
	struct certificate_store *store;
	char *host; /* NULL: no schedule is written */
	struct certificate_schedule schedule;
	struct certificate certificate; /* chain NULL: no certificate is written */
	struct p256 key;
	char *account; /* NULL: the account is not written */
	char *why;     /* why it failed; NULL: it did not */
};

/* The writes. A write under way may outlive the orders, and then frees this (orphaned). */
struct saving {
	struct loop *loop;
	struct certificate_store *store;
	struct list waiting;
	bool busy, orphaned;
};

struct certificate_orders {
	struct loop *loop;
	certificate_orders_fn *fn;
	void *owner;
	char *directory, *profile;
	enum acme_way way;
	struct saving *saving;
	struct list certificates;
	struct acme_client *client; /* NULL: it could not be made */
	char *why;                  /* why there is no client */
	struct acme_driver *driver;
	struct tls_context *ca;
	char account[512];
	struct certificate_order *job; /* NULL: none */
	bool asking;                   /* the job only asks when to renew */
	bool was_ordered;              /* the CA has taken the job's order, and it is counted */
	bool can_publish;              /* the relay publishes records (dns-01) */
	struct buf records;            /* the wanted records that the owner knows */
	struct validation validations[ACME_NAMES];
	size_t validation_count;
	struct timer *timer;
	struct event_hub *events; /* or NULL */
};

static void look(void *owner);

static void tell(const struct certificate_order *c, enum event_kind kind, const char *why)
{
	const struct event e = {.kind = kind, .subject = c->host, .why = why};
	event_hub_take(c->all->events, &e);
}

/* --- files --- */

static void save_free(struct save *s)
{
	mem_free(s->host);
	certificate_fini(&s->certificate);
	mem_wipe(&s->key, sizeof(s->key));
	mem_free(s->account);
	mem_free(s->why);
	mem_free(s);
}

static void saving_free(struct saving *s)
{
	while (!list_is_empty(&s->waiting)) {
		struct save *item = LIST_ENTRY(s->waiting.next, struct save, node);
		list_remove(&item->node);
		save_free(item);
	}
	certificate_store_free(s->store);
	mem_free(s);
}

struct write {
	struct saving *saving;
	struct save *item;
};

static void do_write(void *arg)
{
	struct save *s = ((struct write *)arg)->item;
	if (s->certificate.chain)
		certificate_store_write(s->store, s->host, &s->certificate, &s->key, &s->why);
	if (!s->why && s->account)
		certificate_store_set_account(s->store, s->account, &s->why);
	if (!s->why && s->host)
		certificate_store_write_schedule(s->store, s->host, &s->schedule, &s->why);
}

static void write_next(struct saving *s);

static void on_written(void *arg)
{
	struct write *w = arg;
	struct saving *s = w->saving;
	if (w->item->why)
		log_error("certificate_not_written", "why=%s", w->item->why);
	save_free(w->item);
	mem_free(w);
	s->busy = false;
	if (list_is_empty(&s->waiting) && s->orphaned)
		saving_free(s);
	else
		write_next(s);
}

static void write_next(struct saving *s)
{
	if (s->busy || list_is_empty(&s->waiting))
		return;
	struct write *w = mem_alloc(sizeof *w);
	*w = (struct write){s, LIST_ENTRY(s->waiting.next, struct save, node)};
	list_remove(&w->item->node);
	s->busy = true;
	loop_work(s->loop, do_write, on_written, w);
}

static struct save *save(struct certificate_orders *all, const struct certificate_order *c)
{
	struct save *s = mem_zalloc(sizeof *s);
	s->store = all->saving->store;
	s->host = c ? mem_strdup(c->host) : NULL;
	if (c)
		s->schedule = c->schedule;
	list_append(&all->saving->waiting, &s->node);
	return s;
}

static void save_schedule(const struct certificate_order *c)
{
	save(c->all, c);
	write_next(c->all->saving);
}

/* --- certificates --- */

static void set_error(struct certificate_order *c, const char *words)
{
	char *error = words && *words ? mem_strdup(words) : NULL;
	mem_free(c->error);
	c->error = error;
}

/* Shows a certificate from now on. False: it cannot be used, and the error is set. */
static bool show(struct certificate_order *c, const struct certificate *x, const struct p256 *key)
{
	char *why, *pem = p256_text(key);
	struct tls_context *tls = tls_context_web_new(x->chain, pem, &why);
	mem_wipe(pem, strlen(pem));
	mem_free(pem);
	if (!tls) {
		set_error(c, why);
		mem_free(why);
		return false;
	}
	tls_context_unref(c->shown);
	c->shown = tls;
	c->not_before_ms = x->not_before_ms;
	c->not_after_ms = x->not_after_ms;
	memcpy(c->issuer, x->issuer, sizeof(c->issuer));
	memcpy(c->id, x->id, sizeof(c->id));
	return true;
}

static void read_files(struct certificate_order *c)
{
	struct certificate_store *store = c->all->saving->store;
	struct certificate x;
	struct p256 key;
	char *why = NULL;
	uint64_t now = loop_wall_ms();
	certificate_store_read_schedule(store, c->host, &c->schedule);
	int err = certificate_store_read(store, c->host, c->names, c->name_count, &x, &key, &why);
	if (!err && show(c, &x, &key)) {
		if (!c->schedule.not_after_ms)
			certificate_schedule_renewed(&c->schedule, x.not_before_ms, x.not_after_ms,
						     now);
	} else {
		c->schedule.not_after_ms = 0;
		if (err != UV_ENOENT && why)
			log_warn("certificate_not_read", "host=%s why=%s", c->host, why);
	}
	if (!err)
		certificate_fini(&x);
	mem_wipe(&key, sizeof(key));
	mem_free(why);
}

/* --- validations --- */

static void drop_validations(struct certificate_orders *all)
{
	for (size_t i = 0; i < all->validation_count; i++)
		tls_context_unref(all->validations[i].tls);
	all->validation_count = 0;
}

static void show_validation(struct certificate_orders *all, size_t i)
{
	const struct acme_wish *wish = acme_client_wish(all->client, i);
	char *certificate, *key, *why;
	if (all->validation_count == ACME_NAMES)
		return;
	struct validation *v = &all->validations[all->validation_count];
	acme_challenge_certificate(wish->name, wish->digest, &certificate, &key);
	v->tls = tls_context_server_of(certificate, key, TLS_CONTEXT_ALPN_ACME, &why);
	snprintf(v->token, sizeof(v->token), "%s", wish->token);
	acme_challenge_sni(wish->name, v->sni);
	if (v->tls) {
		all->validation_count++;
		acme_client_published(all->client, i);
	} else {
		acme_client_not_published(all->client, i, why);
		mem_free(why);
	}
	mem_free(certificate);
	mem_free(key);
}

/* Shows wishes that are not published yet. False: there are none, except records, which the relay
 * publishes. */
static bool publish(struct certificate_orders *all)
{
	bool any = false;
	for (size_t i = 0; i < acme_client_wishes(all->client); i++) {
		const struct acme_wish *wish = acme_client_wish(all->client, i);
		if (wish->published || wish->challenge == ACME_DNS_01)
			continue;
		if (wish->challenge == ACME_HTTP_01)
			acme_client_published(all->client, i);
		else
			show_validation(all, i);
		any = true;
	}
	return any;
}

static void put_record(const struct acme_wish *wish, struct challenge *out)
{
	*out = (struct challenge){0};
	snprintf(out->host, sizeof(out->host), "%.253s.", wish->name);
	snprintf(out->txt, sizeof(out->txt), "%.*s", CHALLENGE_TXT, wish->value);
}

size_t certificate_orders_records(const struct certificate_orders *all, struct challenge *out,
				  size_t most)
{
	size_t count = 0;
	for (size_t i = 0; all->job && i < acme_client_wishes(all->client) && count < most; i++) {
		const struct acme_wish *wish = acme_client_wish(all->client, i);
		if (wish->challenge == ACME_DNS_01)
			put_record(wish, &out[count++]);
	}
	return count;
}

/* Whether the wanted records differ from those that the owner knows; remembers them. */
static bool records_changed(struct certificate_orders *all)
{
	struct challenge records[ACME_NAMES];
	size_t count = certificate_orders_records(all, records, ACME_NAMES);
	struct buf text = BUF_INIT;
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s %s\n", records[i].host, records[i].txt);
	bool changed = strcmp(buf_str(&text), buf_str(&all->records)) != 0;
	buf_fini(&all->records);
	all->records = text;
	return changed;
}

void certificate_orders_stated(struct certificate_orders *all,
			       const struct challenge_report *reports, size_t count)
{
	for (size_t i = 0; all->job && i < acme_client_wishes(all->client); i++) {
		const struct acme_wish *wish = acme_client_wish(all->client, i);
		struct challenge record = {0};
		put_record(wish, &record);
		for (size_t k = 0; !wish->published && k < count; k++) {
			const struct challenge_report *r = &reports[k];
			if (!challenge_same(&r->challenge, &record))
				continue;
			if (r->state == CHALLENGE_PUBLISHED)
				acme_client_published(all->client, i);
			else if (r->state == CHALLENGE_ERROR)
				acme_client_not_published(all->client, i,
							  r->error ? r->error : "not published");
		}
	}
	if (all->job)
		timer_set(all->timer, 0);
}

void certificate_orders_set_relay(struct certificate_orders *all, bool can_publish)
{
	all->can_publish = can_publish;
}

const char *certificate_orders_token(const struct certificate_orders *all, const char *token)
{
	for (size_t i = 0; all->job && i < acme_client_wishes(all->client); i++) {
		const struct acme_wish *wish = acme_client_wish(all->client, i);
		if (wish->challenge == ACME_HTTP_01 && !strcmp(wish->token, token))
			return wish->value;
	}
	return NULL;
}

struct tls_context *certificate_orders_validation(const struct certificate_orders *all,
						  const char *name)
{
	for (size_t i = 0; i < all->validation_count; i++)
		if (!strcmp(all->validations[i].sni, name))
			return all->validations[i].tls;
	return NULL;
}

/* --- a job's end --- */

static void end_job(struct certificate_orders *all)
{
	acme_client_end(all->client);
	acme_driver_look(all->driver); /* gives up the question that is still under way */
	drop_validations(all);
	all->job = NULL;
}

static void note_order(struct certificate_orders *all)
{
	struct certificate_order *c = all->job;
	if (all->was_ordered || all->asking || !acme_client_ordered(all->client))
		return;
	all->was_ordered = true;
	certificate_schedule_ordered(&c->schedule, loop_wall_ms());
	save_schedule(c);
}

static void note_account(struct certificate_orders *all)
{
	const char *account = acme_client_account(all->client);
	if (!*account || !strcmp(account, all->account))
		return;
	snprintf(all->account, sizeof(all->account), "%s", account);
	save(all, NULL)->account = mem_strdup(account);
	write_next(all->saving);
}

static void take_certificate(struct certificate_orders *all)
{
	struct certificate_order *c = all->job;
	const struct certificate *x = acme_client_certificate(all->client);
	const struct p256 *key = acme_client_certificate_key(all->client);
	uint64_t now = loop_wall_ms();
	char until[32];
	if (!show(c, x, key)) {
		c->failed++;
		certificate_schedule_failed(&c->schedule, 0, now, random_u32());
		save_schedule(c);
		return;
	}
	set_error(c, NULL);
	c->taken++;
	c->said_overdue = false;
	certificate_schedule_renewed(&c->schedule, x->not_before_ms, x->not_after_ms, now);
	struct save *s = save(all, c);
	s->certificate = *x;
	s->certificate.chain = mem_strdup(x->chain);
	s->key = *key;
	write_next(all->saving);
	log_info("certificate_taken", "host=%s issuer=%s not_after=%s requests=%u", c->host,
		 x->issuer, text_time(x->not_after_ms, until), acme_client_requests(all->client));
	tell(c, EVENT_CERTIFICATE_TAKEN, x->issuer);
}

static void take_window(struct certificate_orders *all)
{
	const struct acme_renewal *r = acme_client_renewal(all->client);
	certificate_schedule_window(&all->job->schedule, r->start_ms, r->end_ms,
				    acme_client_retry_ms(all->client), loop_wall_ms(),
				    random_u32());
	save_schedule(all->job);
}

/* Ends an order or a question with an error. words: the CA's, or why it was not asked. */
static void fail(struct certificate_order *c, const char *words, uint64_t retry_ms)
{
	char at[32];
	uint64_t now = loop_wall_ms(), next;
	if (c->all->asking) {
		certificate_schedule_no_window(&c->schedule, retry_ms, now);
	} else {
		set_error(c, words);
		c->failed++;
		certificate_schedule_failed(&c->schedule, retry_ms, now, random_u32());
		certificate_schedule_next(&c->schedule, now, &next);
		log_warn("certificate_not_taken", "host=%s why=%s next_try=%s", c->host, words,
			 text_time(next, at));
		tell(c, EVENT_CERTIFICATE_FAILED, words);
	}
	save_schedule(c);
}

/* --- beginning a job --- */

/* Chooses the challenge. A wildcard needs dns-01, and so does a port where no CA connects. Else
 * it is tls-alpn-01, and after each two failures the other one is tried. */
static enum acme_challenge choose(const struct certificate_order *c)
{
	if (*c->host == '*' || c->all->way == ACME_WAY_DNS)
		return ACME_DNS_01;
	if (c->all->way == ACME_WAY_HTTP)
		return ACME_HTTP_01;
	if (c->all->way == ACME_WAY_TLS_ALPN)
		return ACME_TLS_ALPN_01;
	if (c->port != HTTPS_PORT || (c->closed && c->all->can_publish))
		return ACME_DNS_01;
	return c->all->can_publish && c->schedule.failures / 2 % 2 ? ACME_DNS_01 : ACME_TLS_ALPN_01;
}

/* Why an order waits, borrowed; NULL: it does not. */
static const char *held_for(const struct certificate_order *c)
{
	if (!c->held_ms || loop_clock_ms() >= c->held_ms + HOLD_MS)
		return NULL;
	return c->no_record ? c->no_record : choose(c) == ACME_TLS_ALPN_01 ? c->closed : NULL;
}

/* Why it may not be ordered now, borrowed; NULL: it may. */
static const char *why_not(const struct certificate_order *c)
{
	if (!c->is_open)
		return "the relay has not opened the mapping";
	if (choose(c) == ACME_TLS_ALPN_01 && c->port != HTTPS_PORT)
		return "a CA looks at port 443 only (tls-alpn-01), and visitors come to another";
	if (choose(c) == ACME_DNS_01 && !c->all->can_publish)
		return "it can be had by dns-01 only, and the relay, which is older than the "
		       "agent, "
		       "publishes no TXT records";
	return c->is_looking ? "it is looked at first whether a CA would get through" : held_for(c);
}

/* Reads the account's key and makes the client and its driver; on failure sets why. */
static void open_client(struct certificate_orders *all, const struct acme_config *config)
{
	char words[ACME_WORDS], *url = NULL;
	struct acme_client_config c = {.directory = config->directory,
				       .email = config->email,
				       .binding_id = config->eab_id,
				       .binding_key = config->eab_key};
	if (certificate_store_account(all->saving->store, &c.key, &url, &all->why) < 0)
		return;
	c.account = url;
	snprintf(all->account, sizeof(all->account), "%s", url ? url : "");
	if (!strncmp(config->directory, "https:", 6))
		all->ca = tls_context_client_new(NULL, config->ca_file, NULL, true, &all->why);
	if (!all->why && !(all->client = acme_client_new(&c, words)))
		all->why = mem_strdup(words);
	if (all->client)
		all->driver = acme_driver_new(all->loop, all->client, all->ca, look, all);
	mem_wipe(&c.key, sizeof(c.key));
	mem_free(url);
}

/* CAs give certificates for addresses in the profile "shortlived" only. */
static const char *profile_of(const struct certificate_order *c)
{
	struct addr a;
	return c->all->profile || addr_parse_ip(c->host, &a) != 0 ? c->all->profile : "shortlived";
}

static bool begin(struct certificate_orders *all, struct certificate_order *c, bool asking)
{
	char words[ACME_WORDS];
	const struct acme_client_order order = {.names = c->names,
						.count = c->name_count,
						.challenge = choose(c),
						.profile = profile_of(c),
						.replaces = *c->id ? c->id : NULL};
	all->asking = asking;
	if (!all->client) {
		fail(c, all->why, 0);
		return false;
	}
	if (asking && !*c->id) {
		fail(c, "", 0);
		return false;
	}
	int err = asking ? acme_client_ask_renewal(all->client, c->id, words)
			 : acme_client_order(all->client, &order, words);
	if (err) {
		fail(c, words, 0);
		return false;
	}
	all->job = c;
	all->was_ordered = false;
	c->held_ms = asking ? c->held_ms : 0;
	return true;
}

static void warn_if_overdue(struct certificate_order *c, uint64_t now)
{
	char until[32];
	if (c->said_overdue || !certificate_schedule_is_overdue(&c->schedule, now))
		return;
	c->said_overdue = true;
	log_warn("certificate_overdue", "host=%s not_after=%s why=%s", c->host,
		 text_time(c->not_after_ms, until), c->error ? c->error : "not renewed yet");
	tell(c, EVENT_CERTIFICATE_OVERDUE, c->error ? c->error : "not renewed yet");
}

/* Begins a job that is due, if there is one. Returns in how many ms to look again. */
static uint64_t find_job(struct certificate_orders *all)
{
	uint64_t now = loop_wall_ms(), soonest = now + LOOK_MS;
	LIST_EACH(node, &all->certificates)
	{
		struct certificate_order *c = LIST_ENTRY(node, struct certificate_order, node);
		uint64_t at;
		enum certificate_schedule_act act =
		    certificate_schedule_next(&c->schedule, now, &at);
		warn_if_overdue(c, now);
		if (act == CERTIFICATE_SCHEDULE_WAIT)
			soonest = at < soonest ? at : soonest;
		else if (act == CERTIFICATE_SCHEDULE_ASK && begin(all, c, true))
			break;
		else if (act == CERTIFICATE_SCHEDULE_ORDER && !why_not(c) && begin(all, c, false))
			break;
	}
	return soonest > now ? soonest - now : 1;
}

/* Takes the job a step further. True: it is over. */
static bool step(struct certificate_orders *all)
{
	enum acme_client_state state;
	while ((state = acme_driver_look(all->driver)) == ACME_CLIENT_PUBLISH && publish(all))
		;
	note_order(all);
	note_account(all);
	if (state == ACME_CLIENT_DONE && all->asking)
		take_window(all);
	else if (state == ACME_CLIENT_DONE)
		take_certificate(all);
	else if (state == ACME_CLIENT_FAILED)
		fail(all->job, acme_client_words(all->client), acme_client_retry_ms(all->client));
	else
		return false;
	end_job(all);
	return true;
}

static void look(void *owner)
{
	struct certificate_orders *all = owner;
	bool news = false;
	do {
		if (!all->job)
			timer_set(all->timer, find_job(all));
		if (!all->job)
			break;
		news |= step(all);
	} while (!all->job);
	news |= records_changed(all);
	if (news)
		all->fn(all->owner);
}

/* --- for the owner --- */

struct certificate_orders *certificate_orders_new(struct loop *l, const struct acme_config *config,
						  const char *state, certificate_orders_fn *fn,
						  void *owner)
{
	struct certificate_orders *all = mem_zalloc(sizeof *all);
	all->loop = l;
	all->fn = fn;
	all->owner = owner;
	all->directory = mem_strdup(config->directory);
	all->profile = mem_strdup(config->profile);
	all->way = config->way;
	all->saving = mem_zalloc(sizeof *all->saving);
	all->saving->loop = l;
	all->saving->store = certificate_store_new(state, config->directory);
	list_init(&all->saving->waiting);
	list_init(&all->certificates);
	all->timer = timer_new(l, look, all);
	open_client(all, config);
	return all;
}

void certificate_orders_set_events(struct certificate_orders *all, struct event_hub *events)
{
	all->events = events;
}

void certificate_orders_free(struct certificate_orders *all)
{
	if (!all)
		return;
	acme_driver_close(all->driver);
	drop_validations(all);
	acme_client_free(all->client);
	tls_context_unref(all->ca);
	timer_close(all->timer);
	all->saving->orphaned = true;
	if (!all->saving->busy)
		saving_free(all->saving);
	buf_fini(&all->records);
	mem_free(all->directory);
	mem_free(all->profile);
	mem_free(all->why);
	mem_free(all);
}

struct certificate_order *certificate_order_new(struct certificate_orders *all, const char *host,
						bool with_base)
{
	LIST_EACH(node, &all->certificates)
	{
		struct certificate_order *had = LIST_ENTRY(node, struct certificate_order, node);
		if (strcmp(had->host, host) != 0 || (had->name_count > 1) != with_base)
			continue;
		had->refs++;
		return had;
	}
	struct certificate_order *c = mem_zalloc(sizeof *c);
	c->all = all;
	c->refs = 1;
	c->host = mem_strdup(host);
	c->names[0] = c->host;
	c->names[1] = c->host + 2; /* behind "*." */
	c->name_count = with_base ? 2 : 1;
	list_append(&all->certificates, &c->node);
	read_files(c);
	timer_set(all->timer, 0);
	return c;
}

void certificate_order_free(struct certificate_order *c)
{
	if (!c || --c->refs)
		return;
	if (c->all->job == c)
		end_job(c->all); /* the records go with the next look */
	timer_set(c->all->timer, 0);
	list_remove(&c->node);
	tls_context_unref(c->shown);
	mem_free(c->host);
	mem_free(c->error);
	mem_free(c->closed);
	mem_free(c->no_record);
	mem_free(c);
}

void certificate_order_set_open(struct certificate_order *c, bool is_open, uint16_t port)
{
	if (c->is_open == is_open && c->port == port)
		return;
	c->is_open = is_open;
	c->port = port;
	timer_set(c->all->timer, 0);
}

bool certificate_order_is_due(const struct certificate_order *c)
{
	uint64_t at;
	return certificate_schedule_next(&c->schedule, loop_wall_ms(), &at) ==
	       CERTIFICATE_SCHEDULE_ORDER;
}

/* Copies the words. False: they are the same as before. */
static bool set_words(char **at, const char *words)
{
	if (text_same(*at, words))
		return false;
	char *copy = mem_strdup(words);
	mem_free(*at);
	*at = copy;
	return true;
}

void certificate_order_set_look(struct certificate_order *c, bool is_looking, const char *closed,
				const char *no_record)
{
	bool news = c->is_looking != is_looking;
	c->is_looking = is_looking;
	news |= set_words(&c->closed, closed);
	news |= set_words(&c->no_record, no_record);
	if (!closed && !no_record)
		c->held_ms = 0;
	else if (!c->held_ms)
		c->held_ms = loop_clock_ms();
	if (news && held_for(c) && certificate_order_is_due(c))
		log_warn("certificate_waits", "host=%s why=%s", c->host, held_for(c));
	if (news)
		timer_set(c->all->timer, 0);
}

void certificate_order_hurry(struct certificate_order *c)
{
	certificate_schedule_hurry(&c->schedule);
	timer_set(c->all->timer, 0);
}

char *certificate_order_file(const struct certificate_order *c)
{
	return certificate_store_path(c->all->saving->store, c->host);
}

void certificate_order_look(const struct certificate_order *c, struct certificate_order_look *out)
{
	uint64_t now = loop_wall_ms(), next;
	const char *hindrance = why_not(c), *held = c->is_looking ? NULL : held_for(c);
	bool is_trying = c->all->job == c;
	const char *words = is_trying ? acme_client_words(c->all->client) : "";
	bool due = certificate_schedule_next(&c->schedule, now, &next) != CERTIFICATE_SCHEDULE_ASK;
	*out = (struct certificate_order_look){
	    .shown = c->shown,
	    .not_before_ms = c->not_before_ms,
	    .not_after_ms = c->not_after_ms,
	    .next_try_ms = due && !hindrance ? next : 0,
	    .issuer = c->issuer,
	    .error = *words                                ? words
		     : held && certificate_order_is_due(c) ? held
		     : c->error                            ? c->error
		     : c->shown || c->is_looking           ? NULL
							   : hindrance,
	    .is_trying = is_trying || c->is_looking,
	    .taken = c->taken,
	    .failed = c->failed,
	};
}
