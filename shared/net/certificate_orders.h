/*
 * Gets certificates for a program from a CA (ACME), renews them, and keeps them in files. It has
 * one account at one CA, and one job at a time. Each certificate is for one host, or for a wildcard
 * and its base name. One loop; a leaf.
 */
#ifndef GROUNDNUT_NET_CERTIFICATE_ORDERS_H
#define GROUNDNUT_NET_CERTIFICATE_ORDERS_H

#include "shared/net/acme_config.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"
#include "shared/tunnel/declare_messages.h"

struct certificate_orders;
struct certificate_order; /* one certificate, which is renewed until it is freed */
/* Something has changed: a certificate, what is known of one, or the records wanted. */
typedef void certificate_orders_fn(void *owner);

/* Copies what it needs of config. state: the directory for the files. Blocking for the disk: reads
 * or makes the account's key. */
struct certificate_orders *certificate_orders_new(struct loop *l, const struct acme_config *config,
						  const char *state, certificate_orders_fn *fn,
						  void *owner);
/* Sets the hub that takes events about the certificates; borrowed; NULL: none. */
void certificate_orders_set_events(struct certificate_orders *all, struct event_hub *events);
/* Called after its certificates are freed. A write under way is finished. NULL does nothing. */
void certificate_orders_free(struct certificate_orders *all);

/* host: a full name, a wildcard, or an address. with_base: a wildcard's certificate is also for the
 * name below "*.". Reads the files, so that a certificate in them is shown at once. A second call
 * for the same host gives the same order, and each call needs its own certificate_order_free(). */
struct certificate_order *certificate_order_new(struct certificate_orders *all, const char *host,
						bool with_base);
void certificate_order_free(struct certificate_order *c); /* NULL does nothing */
/* Tells whether visitors come in, and at which port. While they do not, nothing is ordered. */
void certificate_order_set_open(struct certificate_order *c, bool is_open, uint16_t port);
/* Tells what would make an order fail, so that none is wasted. is_looking: that is being found out,
 * and an order waits. closed: a CA cannot reach port 443. no_record: the host has no address. Both
 * are texts and copied; NULL: not known. An order waits for these at most an hour, because what is
 * seen from here may be wrong. An owner that never calls this has orders that do not wait. */
void certificate_order_set_look(struct certificate_order *c, bool is_looking, const char *closed,
				const char *no_record);
/* Whether the schedule wants a new certificate now. */
bool certificate_order_is_due(const struct certificate_order *c);
/* Orders a new certificate as soon as the orders of the day allow. */
void certificate_order_hurry(struct certificate_order *c);

/* The state of a certificate. The texts are borrowed until the next call of any function here. */
struct certificate_order_look {
	struct tls_context *shown;                         /* borrowed; NULL: there is none */
	uint64_t not_before_ms, not_after_ms, next_try_ms; /* UNIX time; 0: none */
	const char *issuer;                                /* "": none */
	const char *error;                                 /* NULL: nothing is wrong */
	bool is_trying;         /* an order is under way, or is_looking */
	uint64_t taken, failed; /* orders since the program's start */
};
void certificate_order_look(const struct certificate_order *c, struct certificate_order_look *out);

/* The path of the file that holds key and chain; the caller frees it. */
char *certificate_order_file(const struct certificate_order *c);

/* Tells whether the relay publishes challenges (dns-01). */
void certificate_orders_set_relay(struct certificate_orders *all, bool can_publish);
/* Writes the TXT records that are wanted now, for DECLARE, at most most; returns how many. */
size_t certificate_orders_records(const struct certificate_orders *all, struct challenge *out,
				  size_t most);
/* Tells what the relay says of these records. */
void certificate_orders_stated(struct certificate_orders *all,
			       const struct challenge_report *reports, size_t count);
/* The certificate for a CA that validates this name by tls-alpn-01, borrowed; NULL: none. */
struct tls_context *certificate_orders_validation(const struct certificate_orders *all,
						  const char *name);
/* The body for a CA that asks for this token by http-01, borrowed; NULL: none. */
const char *certificate_orders_token(const struct certificate_orders *all, const char *token);

#endif
