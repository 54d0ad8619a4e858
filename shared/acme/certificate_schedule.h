/*
 * The times at which a certificate is ordered, renewed and asked about. Pure: plain data that can
 * be kept in a file. All times are UNIX time. A clock that was wrong for a while blocks nothing
 * afterwards.
 *
 * A certificate is renewed at a random moment of the window that the CA suggests (RFC 9773), but at
 * the latest when a tenth of its life is left. Without a window it is renewed after two thirds of
 * its life, or after half of a life below 10 days. After a failure the next order waits a minute,
 * then longer each time, up to an hour, or up to a day when the CA had taken an order. There are at
 * most three orders a day.
 */
#ifndef GROUNDNUT_ACME_CERTIFICATE_SCHEDULE_H
#define GROUNDNUT_ACME_CERTIFICATE_SCHEDULE_H

#include "shared/base/conf.h"
#include "shared/base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { CERTIFICATE_SCHEDULE_ORDERS = 3 };

/* All zero: there is no certificate, and an order is due at once. */
struct certificate_schedule {
	uint64_t not_before_ms, not_after_ms;            /* the present certificate's; 0: none */
	uint64_t window_start_ms, window_end_ms;         /* the CA's last suggestion; 0: none */
	uint64_t renew_ms;                               /* when to renew the certificate */
	uint64_t ask_ms;                                 /* when to ask the CA for a window again */
	uint64_t try_ms;                                 /* after a failure: no order before this */
	uint64_t orders_ms[CERTIFICATE_SCHEDULE_ORDERS]; /* the last orders, newest first */
	uint32_t failures;                               /* since the last certificate */
	bool ordered; /* the CA has taken an order since the last certificate */
};

enum certificate_schedule_act {
	CERTIFICATE_SCHEDULE_WAIT,
	CERTIFICATE_SCHEDULE_ASK,  /* ask the CA for a window */
	CERTIFICATE_SCHEDULE_ORDER /* order a certificate */
};

/* Returns what to do now. *at_ms: for WAIT the time to look again, else now_ms. */
enum certificate_schedule_act certificate_schedule_next(const struct certificate_schedule *s,
							uint64_t now_ms, uint64_t *at_ms);
/* Tells of a new certificate. */
void certificate_schedule_renewed(struct certificate_schedule *s, uint64_t not_before_ms,
				  uint64_t not_after_ms, uint64_t now_ms);
/* Tells the window that the CA suggests. retry_ms: when the CA wants to be asked again, or 0.
 * random: random bits. */
void certificate_schedule_window(struct certificate_schedule *s, uint64_t start_ms, uint64_t end_ms,
				 uint64_t retry_ms, uint64_t now_ms, uint32_t random);
/* Tells that the CA suggests no window, or cannot be asked. The last window stays. */
void certificate_schedule_no_window(struct certificate_schedule *s, uint64_t retry_ms,
				    uint64_t now_ms);
/* Tells that the CA has taken an order; called once for each order, before its end is told. */
void certificate_schedule_ordered(struct certificate_schedule *s, uint64_t now_ms);
/* Tells that an order has failed. retry_ms: when the CA wants to be asked again, or 0. */
void certificate_schedule_failed(struct certificate_schedule *s, uint64_t retry_ms, uint64_t now_ms,
				 uint32_t random);
/* Makes an order due at once, as soon as the number of orders a day allows it. */
void certificate_schedule_hurry(struct certificate_schedule *s);
/* Whether the renewal is late by more than a tenth of the certificate's life. */
bool certificate_schedule_is_overdue(const struct certificate_schedule *s, uint64_t now_ms);

void certificate_schedule_write(const struct certificate_schedule *s, struct json *w);
/* Reads what certificate_schedule_write() wrote; what cannot be read gives an empty schedule. */
void certificate_schedule_read(struct conf_at at, struct certificate_schedule *out);

#endif
