/*
 * Certificates that a program gets from a CA (ACME), renews, and keeps in files. One account at one
 * CA, one job at a time; each certificate is for one host,
 * or for a wildcard and its base name.
 */
#ifndef GROUNDNUT_NET_CERTIFICATE_ORDERS_H
#define GROUNDNUT_NET_CERTIFICATE_ORDERS_H

#include "shared/net/acme_config.h"
#include "shared/net/event_hub.h"
#include "shared/net/loop.h"
#include "shared/net/tls_context.h"
#include "shared/tunnel/declare_messages.h"

struct certificate_orders;
struct certificate_order; /* one certificate, wanted for good */
/* Something has changed: what is shown, what is said of a certificate, or the records wanted. */
typedef void certificate_orders_fn(void *owner);

/* config is copied in what is used of it; state: the directory of files. */
struct certificate_orders *certificate_orders_new(struct loop *l, const struct acme_config *config,
						  const char *state, certificate_orders_fn *fn,
						  void *owner);
/* Where it tells what becomes of each; NULL: nowhere. */
void certificate_orders_set_events(struct certificate_orders *all, struct event_hub *events);
void certificate_orders_free(struct certificate_orders *all); /* after its certificates */

/* host: a full name, a wildcard, or an address; with_base: of a wildcard, also for the name below
 * which it stands. What lies in the files is shown at once. One that is wanted twice is the same,
 * and is to be freed twice. */
struct certificate_order *certificate_order_new(struct certificate_orders *all, const char *host,
						bool with_base);
void certificate_order_free(struct certificate_order *c);
/* The relay lets visitors in (else nothing is ordered), at this port. */
void certificate_order_set_open(struct certificate_order *c, bool is_open, uint16_t port);
/* What is seen before an order, so that none is wasted; nothing, unless this is called. is_looking:
 * it is being looked at, and an order waits. Else what would make one fail, copied; NULL: nothing
 * is known. closed: a CA would not get through to port 443; no_record: the host has no address. An
 * order waits for these an hour at most, since what is seen from here may be wrong. */
void certificate_order_set_look(struct certificate_order *c, bool is_looking, const char *closed,
				const char *no_record);
/* A new one is wanted now. */
bool certificate_order_is_due(const struct certificate_order *c);
/* A new one as soon as the orders of the day allow. */
void certificate_order_hurry(struct certificate_order *c);

struct certificate_order_look {
	struct tls_context *shown;                         /* NULL: none; borrowed */
	uint64_t not_before_ms, not_after_ms, next_try_ms; /* UNIX time; 0: none */
	const char *issuer;                                /* "": none */
	const char *error;                                 /* NULL: nothing is wrong */
	bool is_trying;                                    /* the CA is being asked now */
	uint64_t taken, failed;                            /* orders since the program's start */
};
void certificate_order_look(const struct certificate_order *c, struct certificate_order_look *out);

/* Where key and chain are kept, in one file; freed by the caller. */
char *certificate_order_file(const struct certificate_order *c);

/* Whether the relay publishes challenges (dns-01). */
void certificate_orders_set_relay(struct certificate_orders *all, bool can_publish);
/* The TXT records that are wanted now, for DECLARE; at most most. */
size_t certificate_orders_records(const struct certificate_orders *all, struct challenge *out,
				  size_t most);
/* what the relay says of them */
void certificate_orders_stated(struct certificate_orders *all,
			       const struct challenge_report *reports, size_t count);
/* What a CA that validates this name is to be shown; NULL: it is not asked for. Borrowed. */
struct tls_context *certificate_orders_validation(const struct certificate_orders *all,
						  const char *name);
/* The same of http-01, by the token: what is to be answered. */
const char *certificate_orders_token(const struct certificate_orders *all, const char *token);

#endif
