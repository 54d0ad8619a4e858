/*
 * The ACME client as a pure machine (RFC 8555, 8737, 8738, 9773): time and a CA's answers in,
 * requests and wishes out. A client is one account at one CA; it does one job at a time: an order
 * for a certificate, or the question when one should be renewed. Plain data: no pointer outward.
 *
 *	acme_client_order(c, &order, why);
 *	for (;;) switch (acme_client_look(c, now_ms)) {
 *	case ACME_CLIENT_ASK:     acme_client_request(c, &r), send it, then
 *	                          acme_client_answer() or acme_client_no_answer()
 *	case ACME_CLIENT_PUBLISH: each acme_client_wish(c, i) that is not published: do so, then
 *	                          acme_client_published() or acme_client_not_published(),
 *	                          within ACME_CLIENT_PUBLISH_MS
 *	case ACME_CLIENT_WAIT:    until acme_client_wake_ms(), or until an answer comes
 *	case ACME_CLIENT_DONE:    take the result
 *	case ACME_CLIENT_FAILED:  acme_client_words() tell why, acme_client_retry_ms() until when
 *	}
 *	acme_client_end(c);
 *
 * now_ms is UNIX time; it may jump, backwards too. The owner looks again after each call, when a
 * wait is over, and when the machine has slept. Wishes are wanted as long as they are listed, and
 * not after: an owner compares what it shows with the list, and takes away what is not in it.
 */
#ifndef GROUNDNUT_ACME_ACME_CLIENT_H
#define GROUNDNUT_ACME_ACME_CLIENT_H

#include "shared/acme/acme_challenge.h"
#include "shared/acme/acme_object.h"
#include "shared/acme/certificate.h"
#include "shared/acme/p256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ACME_CLIENT_ANSWER_MAX = 256 * 1024,
	ACME_CLIENT_REQUESTS_MAX = 200,
	ACME_CLIENT_PUBLISH_MS = 3 * 60 * 1000, /* for its owner to publish a wish */
};

struct acme_client;

/* All texts are copied. */
struct acme_client_config {
	const char *directory; /* its URL; what the CA names later must be of the same scheme */
	const char *email;     /* told to the CA with a new account; NULL or "": none */
	struct p256 key;       /* the account's */
	const char *account;   /* its URL where it is known, or NULL */
	/* What the CA gave out to bind a new account to: NULL, or a name and base64url. */
	const char *binding_id, *binding_key;
};

struct acme_client_order {
	const char *const *names; /* hosts, "*.example.com", addresses; at most ACME_NAMES */
	size_t count;
	enum acme_challenge challenge; /* wildcards: ACME_DNS_01; addresses: one of the others */
	const char *profile;           /* or NULL */
	const char *replaces;          /* the id of the certificate that this one renews, or NULL */
};

enum acme_client_state {
	ACME_CLIENT_IDLE,
	ACME_CLIENT_ASK,
	ACME_CLIENT_PUBLISH,
	ACME_CLIENT_WAIT,
	ACME_CLIENT_DONE,
	ACME_CLIENT_FAILED
};

/* Valid until the answer is told. */
struct acme_client_request {
	const char *method, *url;
	const char *content_type; /* NULL: no body */
	const void *body;
	size_t body_len;
};

/* Header fields are NULL where the answer has none. */
struct acme_client_answer {
	unsigned status;
	const char *nonce, *location, *retry_after; /* Replay-Nonce, Location, Retry-After */
	const void *body;
	size_t body_len;
};

/* NULL and one sentence in why: the directory is no URL, or the binding key is not base64url. */
struct acme_client *acme_client_new(const struct acme_client_config *config, char why[ACME_WORDS]);
void acme_client_free(struct acme_client *c);

/* Begins a job, when idle. An order: 0, or ERR_SYNTAX and one sentence in why. */
int acme_client_order(struct acme_client *c, const struct acme_client_order *order,
		      char why[ACME_WORDS]);
/* id: certificate.id */
int acme_client_ask_renewal(struct acme_client *c, const char *id, char why[ACME_WORDS]);
/* The job is over, or given up in the middle of it; an answer under way must not be told later. */
void acme_client_end(struct acme_client *c);

enum acme_client_state acme_client_look(struct acme_client *c, uint64_t now_ms);
uint64_t acme_client_wake_ms(const struct acme_client *c); /* UINT64_MAX: an answer is awaited */

/* After ACME_CLIENT_ASK, once. */
void acme_client_request(struct acme_client *c, struct acme_client_request *out);
/* A body longer than ACME_CLIENT_ANSWER_MAX fails the job. */
void acme_client_answer(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a);
/* None came, or none that could be read: why, for a person. It is tried again a few times. */
void acme_client_no_answer(struct acme_client *c, uint64_t now_ms, const char *why);
bool acme_client_is_asking(const struct acme_client *c); /* an answer is awaited */

size_t acme_client_wishes(const struct acme_client *c);
const struct acme_wish *acme_client_wish(const struct acme_client *c, size_t i);
void acme_client_published(struct acme_client *c, size_t i);
void acme_client_not_published(struct acme_client *c, size_t i, const char *why);

/* DONE, by the job that was begun. */
const struct certificate *acme_client_certificate(const struct acme_client *c);
const struct p256 *acme_client_certificate_key(const struct acme_client *c);
const struct acme_renewal *acme_client_renewal(const struct acme_client *c);

/* What is wrong: after FAILED why, and while a request is tried again what it was; else "". */
const char *acme_client_words(const struct acme_client *c);
/* After a job: when the CA wants to be asked again (its Retry-After), or 0. */
uint64_t acme_client_retry_ms(const struct acme_client *c);
bool acme_client_ordered(const struct acme_client *c);      /* the CA has taken this job's order */
unsigned acme_client_requests(const struct acme_client *c); /* of this job, so far */
/* The account's URL, to be kept with its key, or "". It changes when the CA has forgotten it. */
const char *acme_client_account(const struct acme_client *c);

#endif
