/*
 * acme_client_step() derives the next step from what the client knows. Without a directory it
 * fetches the directory, without a nonce a nonce; without an account it makes one; and so on until
 * it has the certificate. An answer (acme_answer.c) only adds knowledge or takes some away: a bad
 * nonce and a forgotten account are unknown again. An order that is already ready skips the steps
 * that lead there.
 *
 *	directory → nonce → account → order ┬ pending ──── authorizations → (owner publishes)
 *	    └→ renewal                      │              → challenges → poll
 *	                                    ├ ready ────── finalize → poll
 *	                                    ├ processing ─ poll
 *	                                    ├ valid ────── certificate → done
 *	                                    └ invalid ──── authorizations, for the reason → failed
 */
#include "shared/acme/acme_client.h"

#include "shared/acme/acme_client_parts.h"
#include "shared/acme/jws.h"
#include "shared/base/addr.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DIRECTORY_MS = 24 * 3600 * 1000, POLLS_MAX = 60 };

/* --- account and jobs --- */

static int set_directory(struct acme_client *c, const char *url)
{
	c->scheme = strncmp(url, "http://", 7) == 0 ? "http://" : "https://";
	if (!acme_json_is_url(url, c->scheme))
		return ERR_SYNTAX;
	const char *host = url + strlen(c->scheme);
	snprintf(c->directory_url, sizeof(c->directory_url), "%s", url);
	snprintf(c->ca, sizeof(c->ca), "%.*s", (int)strcspn(host, "/?"), host);
	return 0;
}

static int set_binding(struct acme_client *c, const char *id, const char *key)
{
	if (!id)
		return 0;
	if (strlen(id) >= sizeof(c->binding_id))
		return ERR_TOO_BIG;
	snprintf(c->binding_id, sizeof(c->binding_id), "%s", id);
	return text_unbase64url(key, c->binding_key, sizeof(c->binding_key), &c->binding_key_len);
}

struct acme_client *acme_client_new(const struct acme_client_config *config, char why[ACME_WORDS])
{
	struct acme_client *c = mem_zalloc(sizeof(*c));
	why[0] = 0;
	if (set_directory(c, config->directory) != 0)
		snprintf(why, ACME_WORDS, "\"%.200s\" is no URL of an ACME directory",
			 config->directory);
	else if (set_binding(c, config->binding_id, config->binding_key) != 0)
		snprintf(why, ACME_WORDS, "the key of the account binding is not base64url");
	if (why[0]) {
		acme_client_free(c);
		return NULL;
	}
	snprintf(c->email, sizeof(c->email), "%s", config->email ? config->email : "");
	if (config->account && acme_json_is_url(config->account, c->scheme))
		snprintf(c->account, sizeof(c->account), "%s", config->account);
	c->key = config->key;
	return c;
}

void acme_client_end(struct acme_client *c)
{
	certificate_fini(&c->certificate);
	mem_wipe(&c->certificate_key, sizeof(c->certificate_key));
	memset(&c->order, 0, sizeof(c->order));
	memset(c->items, 0, sizeof(c->items));
	buf_fini(&c->url);
	buf_fini(&c->body);
	c->job = ACME_JOB_NONE;
	c->end = ACME_CLIENT_IDLE;
	c->order_url[0] = c->words[0] = 0;
	c->registered_again = c->finalized = false;
	c->asking = ACME_STEP_NONE;
	c->requests = c->tries = c->nonce_tries = c->polls = 0;
	c->wait_from_ms = c->wait_until_ms = c->retry_ms = 0;
}

void acme_client_free(struct acme_client *c)
{
	if (!c)
		return;
	acme_client_end(c);
	mem_wipe(c, sizeof(*c));
	mem_free(c);
}

/* Adds a name to the order. When it is wrong, why says so. */
static void take_name(struct acme_client *c, const char *name, char why[ACME_WORDS])
{
	struct addr a;
	char *out = c->names[c->name_count], ip[ADDR_TEXT];
	bool address = addr_parse_ip(name, &a) == 0;
	if (address)
		snprintf(out, sizeof(c->names[0]), "%s", addr_ip_text(&a, ip));
	else if (text_host(name, true, out) != 0)
		snprintf(why, ACME_WORDS, "\"%.255s\" is no name for a certificate", name);
	if (why[0])
		return;
	if (out[0] == '*' && c->challenge != ACME_DNS_01)
		snprintf(why, ACME_WORDS, "%s can be had by dns-01 only", out);
	if (address && c->challenge == ACME_DNS_01)
		snprintf(why, ACME_WORDS, "%s is an address, which dns-01 cannot prove", out);
	for (size_t i = 0; i < c->name_count; i++)
		if (strcmp(c->names[i], out) == 0)
			snprintf(why, ACME_WORDS, "%s is named twice", out);
	c->name_count++;
}

static bool is_id(const char *id)
{
	size_t len = strlen(id);
	return len > 0 && len < CERTIFICATE_ID &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") ==
		   len;
}

int acme_client_order(struct acme_client *c, const struct acme_client_order *order,
		      char why[ACME_WORDS])
{
	assert(c->job == ACME_JOB_NONE);
	why[0] = 0;
	c->challenge = order->challenge;
	c->name_count = 0;
	if (order->count < 1 || order->count > ACME_NAMES)
		snprintf(why, ACME_WORDS, "a certificate has 1 to %d names, not %zu", ACME_NAMES,
			 order->count);
	for (size_t i = 0; !why[0] && i < order->count; i++)
		take_name(c, order->names[i], why);
	if (order->profile && strlen(order->profile) >= sizeof(c->profile))
		snprintf(why, ACME_WORDS, "\"%.100s\" is no profile", order->profile);
	if (why[0])
		return ERR_SYNTAX;
	snprintf(c->profile, sizeof(c->profile), "%s", order->profile ? order->profile : "");
	c->replaces = order->replaces && is_id(order->replaces);
	snprintf(c->certificate_id, sizeof(c->certificate_id), "%s",
		 c->replaces ? order->replaces : "");
	p256_new(&c->certificate_key);
	c->job = ACME_JOB_ORDER;
	return 0;
}

int acme_client_ask_renewal(struct acme_client *c, const char *id, char why[ACME_WORDS])
{
	assert(c->job == ACME_JOB_NONE);
	if (!is_id(id)) {
		snprintf(why, ACME_WORDS, "the certificate has no id to ask the CA for");
		return ERR_SYNTAX;
	}
	snprintf(c->certificate_id, sizeof(c->certificate_id), "%s", id);
	c->job = ACME_JOB_RENEWAL;
	return 0;
}

/* Cuts off the words when they are too long, but never the time at the end. */
void acme_client_fail(struct acme_client *c, const char *format, ...)
{
	struct buf text = BUF_INIT;
	char when[32], end[64] = "";
	va_list args;
	if (c->retry_ms)
		snprintf(end, sizeof(end), " (it goes on at %s)", text_time(c->retry_ms, when));
	buf_printf(&text, "%s: ", c->ca);
	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	char *harmless = text_harmless(buf_str(&text));
	text_fit(harmless, c->words, sizeof(c->words) - strlen(end));
	size_t len = strlen(c->words);
	snprintf(c->words + len, sizeof(c->words) - len, "%s", end);
	mem_free(harmless);
	buf_fini(&text);
	c->end = ACME_CLIENT_FAILED;
}

/* --- what is next --- */

static bool is_unread(const struct acme_item *i)
{
	return !i->read;
}

static bool is_unpublished(const struct acme_item *i)
{
	return i->wished && !i->wish.published;
}

static bool is_unanswered(const struct acme_item *i)
{
	return !i->answered;
}

static bool find_item(const struct acme_client *c, bool (*is)(const struct acme_item *), size_t *at)
{
	for (size_t i = 0; i < c->order.count; i++) {
		if (is(&c->items[i])) {
			*at = i;
			return true;
		}
	}
	return false;
}

static enum acme_step order_step(const struct acme_client *c, size_t *item)
{
	switch (c->order.status) {
	case ACME_PENDING:
		if (find_item(c, is_unread, item))
			return ACME_STEP_AUTHORIZATION;
		if (find_item(c, is_unpublished, item))
			return ACME_STEP_PUBLISH;
		return find_item(c, is_unanswered, item) ? ACME_STEP_CHALLENGE : ACME_STEP_POLL;
	case ACME_READY:
		return c->finalized ? ACME_STEP_POLL : ACME_STEP_FINALIZE;
	case ACME_VALID:
		return ACME_STEP_CERTIFICATE;
	case ACME_INVALID:
		/* on_authorization() fails the job when the last one is read. */
		return find_item(c, is_unread, item) ? ACME_STEP_AUTHORIZATION : ACME_STEP_POLL;
	default:
		return ACME_STEP_POLL;
	}
}

enum acme_step acme_client_step(const struct acme_client *c, size_t *item)
{
	if (!c->has_directory)
		return ACME_STEP_DIRECTORY;
	if (c->job == ACME_JOB_RENEWAL)
		return ACME_STEP_RENEWAL;
	if (!c->nonce[0])
		return ACME_STEP_NONCE;
	if (!c->account[0])
		return ACME_STEP_ACCOUNT;
	if (!c->order_url[0])
		return ACME_STEP_ORDER;
	return order_step(c, item);
}

static bool is_waiting(const struct acme_client *c, uint64_t now_ms)
{
	return now_ms >= c->wait_from_ms && now_ms < c->wait_until_ms;
}

/* Ends what a CA could make go on for ever. */
static void look_at_limits(struct acme_client *c, uint64_t now_ms)
{
	if (now_ms < c->directory_ms || now_ms - c->directory_ms > DIRECTORY_MS)
		c->has_directory = false;
	if (c->requests >= ACME_CLIENT_REQUESTS_MAX)
		acme_client_fail(c, "no end after %u requests", c->requests);
	else if (c->polls > POLLS_MAX)
		acme_client_fail(c, "no decision about the order after %d questions", POLLS_MAX);
}

static void fail_item(struct acme_client *c, size_t item, const char *why)
{
	snprintf(c->words, sizeof(c->words), "%s for %.200s: %.250s",
		 acme_challenge_text(c->challenge), c->items[item].wish.name, why);
	c->end = ACME_CLIENT_FAILED;
}

/* Fails the job when the owner takes too long. A clock that is set back restarts the wait. */
static enum acme_client_state wait_for_owner(struct acme_client *c, size_t item, uint64_t now_ms)
{
	if (!c->publish_ms || now_ms < c->publish_ms)
		c->publish_ms = now_ms;
	if (now_ms - c->publish_ms < ACME_CLIENT_PUBLISH_MS)
		return ACME_CLIENT_PUBLISH;
	fail_item(c, item, "not published within 180 s");
	return c->end;
}

enum acme_client_state acme_client_look(struct acme_client *c, uint64_t now_ms)
{
	size_t item;
	if (c->job == ACME_JOB_NONE || c->end != ACME_CLIENT_IDLE)
		return c->end;
	if (c->asking != ACME_STEP_NONE || is_waiting(c, now_ms))
		return ACME_CLIENT_WAIT;
	c->wait_from_ms = c->wait_until_ms = 0;
	look_at_limits(c, now_ms);
	if (c->end != ACME_CLIENT_IDLE)
		return c->end;
	if (acme_client_step(c, &item) == ACME_STEP_PUBLISH)
		return wait_for_owner(c, item, now_ms);
	c->publish_ms = 0;
	return ACME_CLIENT_ASK;
}

uint64_t acme_client_wake_ms(const struct acme_client *c)
{
	return c->asking == ACME_STEP_NONE ? c->wait_until_ms : UINT64_MAX;
}

bool acme_client_is_asking(const struct acme_client *c)
{
	return c->asking != ACME_STEP_NONE;
}

/* --- requests --- */

static void account_payload(const struct acme_client *c, struct buf *out)
{
	struct buf part = BUF_INIT;
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_bool(&w, "termsOfServiceAgreed", true);
	if (c->email[0]) {
		buf_printf(&part, "mailto:%s", c->email);
		json_open(&w, "contact", '[');
		json_str(&w, NULL, buf_str(&part));
		json_close(&w);
		buf_fini(&part);
	}
	if (c->binding_id[0]) {
		jws_bind(&c->key, c->binding_id, c->binding_key, c->binding_key_len,
			 c->directory.new_account, &part);
		json_raw(&w, "externalAccountBinding", buf_str(&part), buf_len(&part));
		buf_fini(&part);
	}
	json_close(&w);
}

static void order_payload(const struct acme_client *c, struct buf *out)
{
	struct addr a;
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_open(&w, "identifiers", '[');
	for (size_t i = 0; i < c->name_count; i++) {
		json_open(&w, NULL, '{');
		json_str(&w, "type", addr_parse_ip(c->names[i], &a) == 0 ? "ip" : "dns");
		json_str(&w, "value", c->names[i]);
		json_close(&w);
	}
	json_close(&w);
	if (c->profile[0])
		json_str(&w, "profile", c->profile);
	if (c->replaces && c->directory.renewal_info[0])
		json_str(&w, "replaces", c->certificate_id);
	json_close(&w);
}

void acme_client_names(const struct acme_client *c, const char *out[ACME_NAMES])
{
	for (size_t i = 0; i < c->name_count; i++)
		out[i] = c->names[i];
}

static void finalize_payload(const struct acme_client *c, struct buf *out)
{
	struct buf der = BUF_INIT;
	const char *names[ACME_NAMES];
	acme_client_names(c, names);
	certificate_request(&c->certificate_key, names, c->name_count, &der);
	char *text = mem_alloc(4 * ((buf_len(&der) + 2) / 3) + 1);
	text_base64url(buf_data(&der), buf_len(&der), text);
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_str(&w, "csr", text);
	json_close(&w);
	mem_free(text);
	buf_fini(&der);
}

static const char *step_url(const struct acme_client *c, enum acme_step step, size_t item)
{
	switch (step) {
	case ACME_STEP_DIRECTORY:
		return c->directory_url;
	case ACME_STEP_RENEWAL:
		return c->directory.renewal_info;
	case ACME_STEP_NONCE:
		return c->directory.new_nonce;
	case ACME_STEP_ACCOUNT:
		return c->directory.new_account;
	case ACME_STEP_ORDER:
		return c->directory.new_order;
	case ACME_STEP_AUTHORIZATION:
		return c->order.authorizations[item];
	case ACME_STEP_CHALLENGE:
		return c->items[item].url;
	case ACME_STEP_FINALIZE:
		return c->order.finalize;
	case ACME_STEP_CERTIFICATE:
		return c->order.certificate;
	default:
		return c->order_url;
	}
}

/* Writes the signed body. A nonce is used up even when no answer comes. */
static void sign(struct acme_client *c, enum acme_step step)
{
	struct buf payload = BUF_INIT;
	if (step == ACME_STEP_ACCOUNT)
		account_payload(c, &payload);
	else if (step == ACME_STEP_ORDER)
		order_payload(c, &payload);
	else if (step == ACME_STEP_CHALLENGE)
		buf_puts(&payload, "{}");
	else if (step == ACME_STEP_FINALIZE)
		finalize_payload(c, &payload);
	jws_sign(&c->key, step == ACME_STEP_ACCOUNT ? NULL : c->account, c->nonce, buf_str(&c->url),
		 buf_len(&payload) ? buf_str(&payload) : NULL, &c->body);
	c->nonce[0] = 0;
	buf_fini(&payload);
}

void acme_client_request(struct acme_client *c, struct acme_client_request *out)
{
	size_t item = 0;
	enum acme_step step = acme_client_step(c, &item);
	assert(c->asking == ACME_STEP_NONE && c->end == ACME_CLIENT_IDLE &&
	       step != ACME_STEP_PUBLISH);
	c->asking = step;
	c->asking_item = item;
	c->requests++;
	buf_fini(&c->url);
	buf_fini(&c->body);
	buf_puts(&c->url, step_url(c, step, item));
	memset(out, 0, sizeof(*out));
	out->method = step == ACME_STEP_NONCE ? "HEAD" : "GET";
	if (step == ACME_STEP_RENEWAL) {
		buf_printf(&c->url, "/%s", c->certificate_id);
	} else if (step != ACME_STEP_DIRECTORY && step != ACME_STEP_NONCE) {
		sign(c, step);
		out->method = "POST";
		out->content_type = "application/jose+json";
		out->body = buf_data(&c->body);
		out->body_len = buf_len(&c->body);
	}
	out->url = buf_str(&c->url);
}

void acme_client_answer(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a)
{
	assert(c->asking != ACME_STEP_NONE);
	acme_answer_take(c, now_ms, a);
	c->asking = ACME_STEP_NONE;
}

void acme_client_no_answer(struct acme_client *c, uint64_t now_ms, const char *why)
{
	assert(c->asking != ACME_STEP_NONE);
	acme_answer_try_again(c, now_ms, 0, why);
	c->asking = ACME_STEP_NONE;
}

/* --- wishes --- */

/* *at: the index of the item that has the i-th wish. False: there are fewer wishes. */
static bool find_wish(const struct acme_client *c, size_t i, size_t *at)
{
	if (c->end != ACME_CLIENT_IDLE || c->order.status != ACME_PENDING)
		return false;
	for (*at = 0; *at < c->order.count; ++*at)
		if (c->items[*at].wished && i-- == 0)
			return true;
	return false;
}

size_t acme_client_wishes(const struct acme_client *c)
{
	size_t count = 0, at;
	while (find_wish(c, count, &at))
		count++;
	return count;
}

const struct acme_wish *acme_client_wish(const struct acme_client *c, size_t i)
{
	size_t at;
	bool found = find_wish(c, i, &at);
	assert(found);
	return &c->items[at].wish;
}

void acme_client_published(struct acme_client *c, size_t i)
{
	size_t at;
	if (find_wish(c, i, &at))
		c->items[at].wish.published = true;
}

void acme_client_not_published(struct acme_client *c, size_t i, const char *why)
{
	size_t at;
	if (find_wish(c, i, &at))
		fail_item(c, at, why);
}

/* --- results --- */

const struct certificate *acme_client_certificate(const struct acme_client *c)
{
	assert(c->end == ACME_CLIENT_DONE && c->job == ACME_JOB_ORDER);
	return &c->certificate;
}

const struct p256 *acme_client_certificate_key(const struct acme_client *c)
{
	assert(c->end == ACME_CLIENT_DONE && c->job == ACME_JOB_ORDER);
	return &c->certificate_key;
}

const struct acme_renewal *acme_client_renewal(const struct acme_client *c)
{
	assert(c->end == ACME_CLIENT_DONE && c->job == ACME_JOB_RENEWAL);
	return &c->renewal;
}

const char *acme_client_words(const struct acme_client *c)
{
	return c->words;
}

uint64_t acme_client_retry_ms(const struct acme_client *c)
{
	return c->retry_ms;
}

bool acme_client_ordered(const struct acme_client *c)
{
	return c->order_url[0] != 0;
}

unsigned acme_client_requests(const struct acme_client *c)
{
	return c->requests;
}

const char *acme_client_account(const struct acme_client *c)
{
	return c->account;
}
