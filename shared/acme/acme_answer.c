/*
 * A good answer adds to what the client knows; acme_client_step() then derives the next step.
 * Everything else is a way to fail:
 *
 *	no answer, 5xx, a rate limit of at     the same request again, RETRIES times in a row,
 *	most PAUSE_MAX_MS                      with growing pauses
 *	a bad nonce                            the same request at once, NONCE_TRIES times
 *	the CA does not know the account       a new account, once
 *	an order with `replaces` is refused    the order without it
 *	a repeated challenge or finalize is    the first one has arrived: go on
 *	refused
 *	all else                               the job fails with the CA's own words
 */
#include "shared/acme/acme_client_parts.h"

#include "shared/base/date.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>

enum {
	NONCE_TRIES = 20, /* when a CA refuses every other nonce, one request in a million fails */
	RETRIES = 4,
	PAUSE_MS = 2000, /* the next pause is three times as long */
	PAUSE_MAX_MS = 60 * 1000,
	POLL_MS = 500, /* the next pause is twice as long */
	POLL_MAX_MS = 5000
};
#define RETRY_MAX_MS (7ull * 24 * 3600 * 1000)

/* Reads Retry-After, which is in seconds or a date, as a pause in ms. 0: the answer has none. */
static uint64_t retry_after(const struct acme_client_answer *a, uint64_t now_ms)
{
	uint64_t s, at, ms = 0;
	if (!a->retry_after)
		return 0;
	if (text_uint(a->retry_after, UINT32_MAX, &s) == 0)
		ms = s * 1000;
	else if (date_parse_http(a->retry_after, &at) == 0 && at > now_ms)
		ms = at - now_ms;
	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void wait_for(struct acme_client *c, uint64_t now_ms, uint64_t ms)
{
	c->wait_from_ms = now_ms;
	c->wait_until_ms = now_ms + ms;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* --- good answers --- */

static void on_directory(struct acme_client *c, const struct acme_client_answer *a, uint64_t now_ms)
{
	char why[ACME_WORDS];
	if (acme_json_directory(a->body, a->body_len, c->scheme, &c->directory, why) != 0)
		acme_client_fail(c, "%s", why);
	else if (c->job == ACME_JOB_RENEWAL && !c->directory.renewal_info[0])
		acme_client_fail(c, "tells no times for renewal");
	else if (c->job == ACME_JOB_ORDER && c->directory.binding_required && !c->binding_id[0] &&
		 !c->account[0])
		acme_client_fail(c, "wants an external account binding for a new account");
	c->has_directory = c->end == ACME_CLIENT_IDLE;
	c->directory_ms = now_ms;
}

/* Takes the URL of the new account or order. */
static void take_location(struct acme_client *c, const struct acme_client_answer *a,
			  const char *what, char out[ACME_URL])
{
	if (a->location && acme_json_is_url(a->location, c->scheme))
		snprintf(out, ACME_URL, "%s", a->location);
	else
		acme_client_fail(c, "does not say where the %s is", what);
}

static void judge_order(struct acme_client *c)
{
	const struct acme_order *o = &c->order;
	bool is_over = o->status == ACME_GONE ||
		       (o->status == ACME_INVALID && (c->finalized || o->count == 0));
	if (is_over)
		acme_client_fail(c, "the order failed%s%s", o->error[0] ? ": " : "", o->error);
	else if (o->status == ACME_VALID && !(c->finalized && o->certificate[0]))
		acme_client_fail(c, "the order is valid without a certificate for it");
	else if (o->status == ACME_PENDING && o->count == 0)
		acme_client_fail(c, "the order is pending without anything to do for it");
}

static void on_order(struct acme_client *c, const struct acme_client_answer *a)
{
	struct acme_order order;
	char why[ACME_WORDS];
	bool is_new = c->asking == ACME_STEP_ORDER;
	if (acme_json_order(a->body, a->body_len, c->scheme, &order, why) != 0) {
		acme_client_fail(c, "%s", why);
		return;
	}
	if (!is_new && order.count != c->order.count) {
		acme_client_fail(c, "has changed how many authorizations the order has");
		return;
	}
	if (order.status != c->order.status)
		c->polls = 0;
	c->order = order;
	/* The authorizations say why the order is invalid: read them again. */
	for (size_t i = 0; order.status == ACME_INVALID && i < order.count; i++)
		c->items[i].read = false;
	judge_order(c);
}

/* Returns the name of the order that the authorization is for, or NULL. */
static const char *ordered_name(const struct acme_client *c, const struct acme_authorization *a)
{
	for (size_t i = 0; i < c->name_count; i++) {
		bool wildcard = c->names[i][0] == '*';
		if (wildcard == a->wildcard && strcmp(c->names[i] + 2 * wildcard, a->name) == 0)
			return c->names[i];
	}
	return NULL;
}

static void wish(struct acme_client *c, struct acme_item *i, const struct acme_authorization *a)
{
	if (!a->url[0]) {
		acme_client_fail(c, "offers no %s for %s (it offers: %s)",
				 acme_challenge_text(c->challenge), a->name,
				 a->offered[0] ? a->offered : "nothing");
		return;
	}
	i->wished = true;
	i->answered = a->challenge_status != ACME_PENDING;
	i->wish.challenge = c->challenge;
	memcpy(i->url, a->url, sizeof(i->url));
	memcpy(i->wish.name, a->name, sizeof(i->wish.name));
	memcpy(i->wish.token, a->token, sizeof(i->wish.token));
	acme_challenge_fill(&i->wish, &c->key);
}

static bool are_all_read(const struct acme_client *c)
{
	for (size_t i = 0; i < c->order.count; i++)
		if (!c->items[i].read)
			return false;
	return true;
}

static void on_authorization(struct acme_client *c, const struct acme_client_answer *answer)
{
	struct acme_item *i = &c->items[c->asking_item];
	struct acme_authorization a;
	char why[ACME_WORDS];
	if (acme_json_authorization(answer->body, answer->body_len, c->scheme,
				    acme_challenge_text(c->challenge), &a, why) != 0) {
		acme_client_fail(c, "%s", why);
		return;
	}
	const char *name = ordered_name(c, &a);
	i->read = true;
	if (!name)
		acme_client_fail(c, "wants to be shown %s, which was not ordered", a.name);
	else if (a.status == ACME_INVALID || a.status == ACME_GONE)
		acme_client_fail(c, "%s: %s", name, a.error[0] ? a.error : "refused, without why");
	else if (c->order.status == ACME_INVALID && are_all_read(c))
		acme_client_fail(c, "the order failed%s%s", c->order.error[0] ? ": " : "",
				 c->order.error);
	else if (a.status == ACME_VALID)
		i->answered = true;
	else if (c->order.status == ACME_PENDING)
		wish(c, i, &a);
}

static void on_certificate(struct acme_client *c, const struct acme_client_answer *a,
			   uint64_t now_ms)
{
	char why[CERTIFICATE_WORDS], when[32];
	const char *names[ACME_NAMES];
	acme_client_names(c, names);
	if (certificate_init(&c->certificate, a->body, a->body_len, &c->certificate_key, names,
			     c->name_count, why) != 0)
		acme_client_fail(c, "%s", why);
	else if (c->certificate.not_after_ms <= now_ms)
		acme_client_fail(c, "the certificate ended at %s: is this machine's clock right?",
				 text_time(c->certificate.not_after_ms, when));
	else
		c->end = ACME_CLIENT_DONE;
}

static void on_renewal(struct acme_client *c, const struct acme_client_answer *a, uint64_t now_ms)
{
	char why[ACME_WORDS];
	uint64_t pause = retry_after(a, now_ms);
	c->retry_ms = pause ? now_ms + pause : 0;
	if (acme_json_renewal(a->body, a->body_len, &c->renewal, why) != 0)
		acme_client_fail(c, "%s", why);
	else
		c->end = ACME_CLIENT_DONE;
}

/* Sets the pause before the next poll of the order. It grows each time, and is at least as long as
 * the CA says. */
static void pause_poll(struct acme_client *c, const struct acme_client_answer *a, uint64_t now_ms)
{
	uint64_t pause = retry_after(a, now_ms), grown = POLL_MS;
	size_t item;
	if (c->end != ACME_CLIENT_IDLE || acme_client_step(c, &item) != ACME_STEP_POLL)
		return;
	for (unsigned i = 0; i < c->polls && grown < POLL_MAX_MS; i++)
		grown *= 2;
	c->polls++;
	grown = grown < POLL_MAX_MS ? grown : POLL_MAX_MS;
	pause = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
	wait_for(c, now_ms, larger(pause, grown));
}

static void on_good(struct acme_client *c, const struct acme_client_answer *a, uint64_t now_ms)
{
	switch (c->asking) {
	case ACME_STEP_DIRECTORY:
		on_directory(c, a, now_ms);
		break;
	case ACME_STEP_RENEWAL:
		on_renewal(c, a, now_ms);
		break;
	case ACME_STEP_NONCE:
		if (!c->nonce[0])
			acme_client_fail(c, "gives no nonce");
		break;
	case ACME_STEP_ACCOUNT:
		take_location(c, a, "account", c->account);
		break;
	case ACME_STEP_ORDER:
		take_location(c, a, "order", c->order_url);
		if (c->end == ACME_CLIENT_IDLE)
			on_order(c, a);
		break;
	case ACME_STEP_AUTHORIZATION:
		on_authorization(c, a);
		break;
	case ACME_STEP_CHALLENGE:
		c->items[c->asking_item].answered = true;
		break;
	case ACME_STEP_FINALIZE:
		c->finalized = true;
		on_order(c, a);
		break;
	case ACME_STEP_CERTIFICATE:
		on_certificate(c, a, now_ms);
		break;
	default:
		on_order(c, a);
	}
}

/* --- bad answers --- */

void acme_answer_try_again(struct acme_client *c, uint64_t now_ms, uint64_t pause_ms,
			   const char *why)
{
	uint64_t grown = PAUSE_MS;
	for (unsigned i = 0; i < c->tries; i++)
		grown *= 3;
	if (c->tries++ == RETRIES || pause_ms > PAUSE_MAX_MS) {
		c->retry_ms = pause_ms ? now_ms + pause_ms : 0;
		acme_client_fail(c, "%s", why);
		return;
	}
	snprintf(c->words, sizeof(c->words), "%s: %.350s", c->ca, why);
	wait_for(c, now_ms, larger(pause_ms, grown));
}

/* Whether the job can go on at once after this refusal; changes what is known accordingly. */
static bool is_overcome(struct acme_client *c, const char *type)
{
	bool was_sent_before = c->tries > 0;
	if (strcmp(type, "badNonce") == 0)
		return ++c->nonce_tries <= NONCE_TRIES;
	c->tries = 0;
	if (strcmp(type, "accountDoesNotExist") == 0 && c->account[0] && !c->registered_again) {
		c->account[0] = 0;
		c->registered_again = true;
	} else if (c->asking == ACME_STEP_CHALLENGE && was_sent_before) {
		/* The order's status will tell the result. */
		c->items[c->asking_item].answered = true;
	} else if (c->asking == ACME_STEP_FINALIZE && was_sent_before &&
		   strcmp(type, "orderNotReady") == 0) {
		c->finalized = true;
	} else if (c->asking == ACME_STEP_ORDER && c->replaces) {
		c->replaces = false;
	} else {
		return false;
	}
	return true;
}

static void on_bad(struct acme_client *c, const struct acme_client_answer *a, uint64_t now_ms)
{
	struct acme_problem p;
	uint64_t pause = retry_after(a, now_ms);
	acme_json_problem(a->status, a->body, a->body_len, &p);
	bool limited = a->status == 429 || strcmp(p.type, "rateLimited") == 0;
	/* Some CAs answer 500 to a `replaces` that they do not know. */
	bool is_of_replaces = c->asking == ACME_STEP_ORDER && c->replaces && c->tries > 0;
	bool is_brief =
	    limited ? pause && pause <= PAUSE_MAX_MS : a->status >= 500 && !is_of_replaces;
	if (is_brief) {
		acme_answer_try_again(c, now_ms, pause, p.words);
		return;
	}
	if (!limited && is_overcome(c, p.type))
		return;
	c->retry_ms = pause ? now_ms + pause : 0;
	acme_client_fail(c, "%s", p.words);
}

static void take_nonce(struct acme_client *c, const char *nonce)
{
	size_t len = nonce ? strlen(nonce) : 0;
	if (len > 0 && len < sizeof(c->nonce) &&
	    strspn(nonce, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
		len)
		memcpy(c->nonce, nonce, len + 1);
}

void acme_answer_take(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a)
{
	take_nonce(c, a->nonce);
	if (a->body_len > ACME_CLIENT_ANSWER_MAX) {
		acme_client_fail(c, "an answer of more than %d KiB", ACME_CLIENT_ANSWER_MAX / 1024);
	} else if (a->status >= 200 && a->status < 300) {
		on_good(c, a, now_ms);
		/* A fetched nonce does not end the failures of the step that needs it. */
		if (c->asking != ACME_STEP_NONCE)
			c->tries = c->nonce_tries = 0;
		if (c->end != ACME_CLIENT_FAILED && c->tries == 0)
			c->words[0] = 0;
		pause_poll(c, a, now_ms);
	} else {
		on_bad(c, a, now_ms);
	}
}
