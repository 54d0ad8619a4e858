/*
 * When a certificate is ordered, renewed, and asked about. Pure, and plain data that may be kept in
 * a file; times are UNIX time. A clock that was wrong for a while blocks nothing afterwards.
 *
 * Renewal: at a random moment of the window that the CA suggests (RFC 9773); without a window after
 * two thirds of the certificate's life, half where that is below 10 days; never later than a tenth
 * of the life before its end. Failures back off, from a minute to an hour, or to a day once the CA
 * has taken an order. At most three orders a day.
 */
#ifndef GROUNDNUT_ACME_CERTIFICATE_SCHEDULE_H
#define GROUNDNUT_ACME_CERTIFICATE_SCHEDULE_H

#include "shared/base/conf.h"
#include "shared/base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum { CERTIFICATE_SCHEDULE_ORDERS = 3 };

/* Zero: no certificate, and an order is due at once. */
struct certificate_schedule {
	uint64_t not_before_ms, not_after_ms;    /* of the certificate that there is; 0: none */
	uint64_t window_start_ms, window_end_ms; /* as the CA suggested last; 0: it did not */
	uint64_t renew_ms;                       /* when the certificate is renewed */
	uint64_t ask_ms;                         /* when the CA is asked for a window again */
	uint64_t try_ms;                         /* after a failure: no order before */
	uint64_t orders_ms[CERTIFICATE_SCHEDULE_ORDERS]; /* the last ones, newest first */
	uint32_t failures;                               /* since a certificate came */
	bool ordered;                                    /* … and the CA took an order */
};

enum certificate_schedule_act {
	CERTIFICATE_SCHEDULE_WAIT,
	CERTIFICATE_SCHEDULE_ASK,  /* the CA for a window */
	CERTIFICATE_SCHEDULE_ORDER /* a new one */
};

/* What is to be done now; for WAIT, *at_ms is when to look again. */
enum certificate_schedule_act certificate_schedule_next(const struct certificate_schedule *s,
							uint64_t now_ms, uint64_t *at_ms);
/* There is a new certificate. */
void certificate_schedule_renewed(struct certificate_schedule *s, uint64_t not_before_ms,
				  uint64_t not_after_ms, uint64_t now_ms);
/* The CA suggests a window; retry_ms: when it wants to be asked again, or 0. random: any bits. */
void certificate_schedule_window(struct certificate_schedule *s, uint64_t start_ms, uint64_t end_ms,
				 uint64_t retry_ms, uint64_t now_ms, uint32_t random);
/* It suggests none, or could not be asked. The last window stays in force. */
void certificate_schedule_no_window(struct certificate_schedule *s, uint64_t retry_ms,
				    uint64_t now_ms);
/* The CA has taken an order: told once, before its end. */
void certificate_schedule_ordered(struct certificate_schedule *s, uint64_t now_ms);
/* There is no certificate. retry_ms: when the CA wants to be asked again, or 0. */
void certificate_schedule_failed(struct certificate_schedule *s, uint64_t retry_ms, uint64_t now_ms,
				 uint32_t random);
/* Somebody wants a new one now: as soon as the orders of the day allow. */
void certificate_schedule_hurry(struct certificate_schedule *s);
/* The renewal should have been done a tenth of the life ago. */
bool certificate_schedule_is_overdue(const struct certificate_schedule *s, uint64_t now_ms);

void certificate_schedule_write(const struct certificate_schedule *s, struct json *w);
/* What cannot be read is as if it had not been there. */
void certificate_schedule_read(struct conf_at at, struct certificate_schedule *out);

#endif
