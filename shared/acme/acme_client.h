/*
 * The ACME client as a pure machine (RFC 8555, 8737, 8738, 9773). It takes the time and the CA's
 * answers, and gives requests and wishes. A client has one account at one CA and does one job at a
 * time: it orders a certificate, or asks when a certificate should be renewed. It holds no pointer
 * to its owner.
 *
 *	acme_client_order(c, &order, why);
 *	for (;;) switch (acme_client_look(c, now_ms)) {
 *	case ACME_CLIENT_ASK:     call acme_client_request(c, &r), send it, then call
 *	                          acme_client_answer() or acme_client_no_answer()
 *	case ACME_CLIENT_PUBLISH: publish each acme_client_wish(c, i) that is not published, then
 *	                          call acme_client_published() or acme_client_not_published(),
 *	                          within ACME_CLIENT_PUBLISH_MS
 *	case ACME_CLIENT_WAIT:    wait until acme_client_wake_ms(), or until an answer comes
 *	case ACME_CLIENT_DONE:    take the result
 *	case ACME_CLIENT_FAILED:  acme_client_words() says why; acme_client_retry_ms() says how
 *	                          long the CA wants to be left alone
 *	}
 *	acme_client_end(c);
 *
 * now_ms is UNIX time; it may jump, also backwards. The owner looks again after each call, when a
 * wait is over, and when the machine has slept. A wish counts as long as it is listed: the owner
 * compares what it publishes with the list, and takes away what is not listed.
 */
#ifndef GROUNDNUT_ACME_ACME_CLIENT_H
#define GROUNDNUT_ACME_ACME_CLIENT_H

#include "shared/acme/acme_challenge.h"
#include "shared/acme/acme_json.h"
#include "shared/acme/certificate.h"
#include "shared/acme/p256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ACME_CLIENT_ANSWER_MAX = 256 * 1024,
	ACME_CLIENT_REQUESTS_MAX = 200,
	ACME_CLIENT_PUBLISH_MS = 3 * 60 * 1000, /* the time that the owner has for its wishes */
};

struct acme_client;

/* The client copies all texts. */
struct acme_client_config {
	const char *directory; /* its URL; all URLs of the CA must have the same scheme */
	const char *email;     /* the contact of a new account; NULL or "": none */
	struct p256 key;       /* the account's key */
	const char *account;   /* the account's URL, or NULL while it is unknown */
	/* The CA's external account binding for a new account: both NULL, or a name and a key in
	 * base64url. */
	const char *binding_id, *binding_key;
};

struct acme_client_order {
	const char *const *names; /* hosts, "*.example.com", addresses; at most ACME_NAMES */
	size_t count;
	/* Wildcards need ACME_DNS_01; addresses need one of the others. */
	enum acme_challenge challenge;
	const char *profile;  /* or NULL */
	const char *replaces; /* the id of the certificate that this one renews, or NULL */
};

enum acme_client_state {
	ACME_CLIENT_IDLE,
	ACME_CLIENT_ASK,
	ACME_CLIENT_PUBLISH,
	ACME_CLIENT_WAIT,
	ACME_CLIENT_DONE,
	ACME_CLIENT_FAILED
};

/* The pointers are valid until acme_client_answer(), acme_client_no_answer() or
 * acme_client_end(). */
struct acme_client_request {
	const char *method, *url;
	const char *content_type; /* NULL: no body */
	const void *body;
	size_t body_len;
};

/* A header field that the answer does not have is NULL. */
struct acme_client_answer {
	unsigned status;
	const char *nonce, *location, *retry_after; /* Replay-Nonce, Location, Retry-After */
	const void *body;
	size_t body_len;
};

/* Returns NULL, with one sentence in why, when the directory is no URL or the binding is wrong. */
struct acme_client *acme_client_new(const struct acme_client_config *config, char why[ACME_WORDS]);
void acme_client_free(struct acme_client *c); /* NULL does nothing */

/* Both begin a job; the client must be idle. 0, or ERR_SYNTAX with one sentence in why. */
int acme_client_order(struct acme_client *c, const struct acme_client_order *order,
		      char why[ACME_WORDS]);
/* Asks for the window of renewal. id: certificate.id. */
int acme_client_ask_renewal(struct acme_client *c, const char *id, char why[ACME_WORDS]);
/* Ends a job at any moment; the client is idle then. An answer that comes later must not be
 * told. */
void acme_client_end(struct acme_client *c);

/* Says what to do next. It also ends the job when a limit is reached. */
enum acme_client_state acme_client_look(struct acme_client *c, uint64_t now_ms);
/* When ACME_CLIENT_WAIT ends; UINT64_MAX while an answer is awaited. */
uint64_t acme_client_wake_ms(const struct acme_client *c);

/* Makes the next request. Called once after each ACME_CLIENT_ASK. */
void acme_client_request(struct acme_client *c, struct acme_client_request *out);
/* A body longer than ACME_CLIENT_ANSWER_MAX fails the job. */
void acme_client_answer(struct acme_client *c, uint64_t now_ms, const struct acme_client_answer *a);
/* No answer came, or none that can be read. why: for a person. The client asks again a few times
 * before the job fails. */
void acme_client_no_answer(struct acme_client *c, uint64_t now_ms, const char *why);
bool acme_client_is_asking(const struct acme_client *c); /* an answer is awaited */

/* The wishes that count now. i: below their number. */
size_t acme_client_wishes(const struct acme_client *c);
const struct acme_wish *acme_client_wish(const struct acme_client *c, size_t i);
void acme_client_published(struct acme_client *c, size_t i);
void acme_client_not_published(struct acme_client *c, size_t i, const char *why); /* it fails */

/* The result after ACME_CLIENT_DONE, valid until acme_client_end(): certificate and key of an
 * order, the window of acme_client_ask_renewal(). */
const struct certificate *acme_client_certificate(const struct acme_client *c);
const struct p256 *acme_client_certificate_key(const struct acme_client *c);
const struct acme_renewal *acme_client_renewal(const struct acme_client *c);

/* One sentence: why the job has failed, or why a request is tried again. Else "". */
const char *acme_client_words(const struct acme_client *c);
/* After a job: UNIX time at which the CA wants to be asked again (Retry-After), or 0. */
uint64_t acme_client_retry_ms(const struct acme_client *c);
bool acme_client_ordered(const struct acme_client *c);      /* the CA has taken this job's order */
unsigned acme_client_requests(const struct acme_client *c); /* how many this job has made */
/* The account's URL, which the owner keeps with the key, or "". It changes when the CA has
 * forgotten the account and a new one is made. */
const char *acme_client_account(const struct acme_client *c);

#endif
