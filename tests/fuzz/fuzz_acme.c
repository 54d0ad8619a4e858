/*
 * Any answers of a CA. The first byte is what they are about: an order, a time for renewal, a chain
 * or a schedule from a file. Answers follow one another as they are asked for: a byte that chooses
 * the status, one that says which fields there are, the body and 0xff. Whatever they are, the job
 * ends, what is asked is a URL of the CA's scheme, and what is to be shown is what may be shown.
 */
#include "shared/acme/acme_client.h"
#include "shared/acme/certificate_schedule.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FIELD_NONCE = 1, FIELD_LOCATION = 2, FIELD_RETRY = 4, SILENCE = 8 };
#define BEGIN 1795967407000ull

static const char *const names[] = {"*.alice.example", "alice.example"};

/* A sample that stays the same, so that an input does. */
static const struct p256 key = {
    .secret = {0x8e, 0x9b, 0x10, 0x9e, 0x71, 0x90, 0x98, 0xbf, 0x98, 0x04, 0x87,
	       0xdf, 0x1f, 0x5d, 0x77, 0xe9, 0xcb, 0x29, 0x60, 0x6e, 0xbe, 0xd2,
	       0x26, 0x3b, 0x5f, 0x57, 0xc2, 0x13, 0xdf, 0x84, 0xf4, 0xb2},
    .x = {0x7f, 0xcd, 0xce, 0x27, 0x70, 0xf6, 0xc4, 0x5d, 0x41, 0x83, 0xcb,
	  0xee, 0x6f, 0xdb, 0x4b, 0x7b, 0x58, 0x07, 0x33, 0x35, 0x7b, 0xe9,
	  0xef, 0x13, 0xba, 0xcf, 0x6e, 0x3c, 0x7b, 0xd1, 0x54, 0x45},
    .y = {0xc7, 0xf1, 0x44, 0xcd, 0x1b, 0xbd, 0x9b, 0x7e, 0x87, 0x2c, 0xdf,
	  0xed, 0xb9, 0xee, 0xb9, 0xf4, 0xb3, 0x69, 0x5d, 0x6e, 0xa9, 0x0b,
	  0x24, 0xad, 0x8a, 0x46, 0x23, 0x28, 0x85, 0x88, 0xe5, 0xad}};

static bool is_base64url(const char *text)
{
	return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") ==
	       strlen(text);
}

static void publish(struct acme_client *c)
{
	for (size_t i = 0; i < acme_client_wishes(c); i++) {
		const struct acme_wish *w = acme_client_wish(c, i);
		assert(strcmp(w->name, "alice.example") == 0 && strlen(w->value) == 43);
		assert(is_base64url(w->value) && is_base64url(w->token));
		acme_client_published(c, i);
	}
}

/* The next answer; false: there are no more. */
static bool answer(struct acme_client *c, const uint8_t **data, size_t *len, uint64_t now)
{
	static const unsigned statuses[] = {200, 201, 204, 301, 400, 403, 429, 500};
	struct acme_client_request q;
	acme_client_request(c, &q);
	assert(strncmp(q.url, "https://", 8) == 0 && strlen(q.url) < ACME_URL + CERTIFICATE_ID);
	assert(strcspn(q.url, "\r\n \"\t") == strlen(q.url));
	assert(!q.body || ((const char *)q.body)[0] == '{');
	if (*len < 2)
		return false;
	const uint8_t *body = *data + 2, *end = memchr(body, 0xff, *len - 2);
	size_t body_len = end ? (size_t)(end - body) : *len - 2;
	uint8_t fields = (*data)[1];
	const struct acme_client_answer a = {
	    .status = statuses[(*data)[0] % 8],
	    .nonce = fields & FIELD_NONCE ? "nonce" : NULL,
	    .location = fields & FIELD_LOCATION ? "https://ca.test/it/1" : NULL,
	    .retry_after = fields & FIELD_RETRY ? "5" : NULL,
	    .body = body,
	    .body_len = body_len};
	if (fields & SILENCE)
		acme_client_no_answer(c, now, "nothing");
	else
		acme_client_answer(c, now, &a);
	*len -= 2 + body_len + (end != NULL);
	*data = body + body_len + (end != NULL);
	return true;
}

static void play(struct acme_client *c, const uint8_t *data, size_t len)
{
	uint64_t now = BEGIN;
	enum acme_client_state state;
	for (bool more = true; more;) {
		state = acme_client_look(c, now);
		if (state == ACME_CLIENT_ASK)
			more = answer(c, &data, &len, now);
		else if (state == ACME_CLIENT_PUBLISH)
			publish(c);
		else if (state == ACME_CLIENT_WAIT)
			now = acme_client_wake_ms(c);
		else
			more = false;
	}
	assert(state != ACME_CLIENT_FAILED || acme_client_words(c)[0]);
	assert(state != ACME_CLIENT_DONE || !acme_client_words(c)[0]);
	assert(acme_client_requests(c) <= ACME_CLIENT_REQUESTS_MAX);
}

static void play_job(bool order, const uint8_t *data, size_t len)
{
	const struct acme_client_config config = {.directory = "https://ca.test/", .key = key};
	const struct acme_client_order wanted = {
	    .names = names, .count = 2, .challenge = ACME_DNS_01, .replaces = "aki.serial"};
	char why[ACME_WORDS];
	struct acme_client *c = acme_client_new(&config, why);
	if (order)
		acme_client_order(c, &wanted, why);
	else
		acme_client_ask_renewal(c, "aki.serial", why);
	play(c, data, len);
	acme_client_free(c);
}

static void play_certificate(const uint8_t *data, size_t len)
{
	struct certificate x;
	char why[CERTIFICATE_WORDS];
	if (certificate_init(&x, (const char *)data, len, &key, names, 2, why) != 0)
		assert(why[0]);
	else
		assert(x.chain && x.not_after_ms > x.not_before_ms);
	certificate_fini(&x);
}

static void play_schedule(const uint8_t *data, size_t len)
{
	struct certificate_schedule s;
	uint64_t at;
	struct conf *c = conf_parse("schedule", (const char *)data, len, true);
	certificate_schedule_read(conf_root(c), &s);
	if (certificate_schedule_next(&s, BEGIN, &at) == CERTIFICATE_SCHEDULE_WAIT)
		assert(at > BEGIN);
	certificate_schedule_is_overdue(&s, BEGIN);
	conf_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] % 4 < 2)
		play_job(data[0] % 4 == 0, data + 1, len - 1);
	else if (data[0] % 4 == 2)
		play_certificate(data + 1, len - 1);
	else
		play_schedule(data + 1, len - 1);
	return 0;
}
