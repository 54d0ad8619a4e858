/*
 * How many bytes an account may carry a month, and what happens when they are used. Pure: the
 * caller gives the day. Days are counted from 1970-01-01, in UTC.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_QUOTA_H
#define GROUNDNUT_RELAY_ACCOUNTS_QUOTA_H

#include "shared/base/conf.h"

enum quota_at_limit { QUOTA_WARN, QUOTA_SLOW, QUOTA_STOP };
enum quota_level { QUOTA_BELOW, QUOTA_NEAR, QUOTA_USED };
enum {
	QUOTA_NEAR_PERCENT = 80,
	QUOTA_SLOW_BITS = 1000000, /* a second, each way, when it is used and to be slow */
	QUOTA_DATE = 11,           /* "2026-12-01" and its NUL */
	QUOTA_DAY_MS = 24 * 60 * 60 * 1000,
};

struct quota {
	uint64_t bytes;     /* both ways together; 0: no quota */
	unsigned reset_day; /* of the month on which it begins anew; 1 to 31 */
	enum quota_at_limit at_limit;
};

const char *quota_at_limit_text(enum quota_at_limit at); /* "warn" "slow" "stop" */
bool quota_at_limit_read(const char *text, enum quota_at_limit *out);
/* An amount of bytes such as "500G": 0 or ERR_SYNTAX. */
int quota_amount(const char *text, uint64_t *bytes);
/* The member "quota" of an account; absent: bytes 0. */
void quota_read(struct conf_at account, struct quota *out);

/* The first day of the month of this quota in which day lies, and of the next. Where a month is
 * too short for reset_day it begins on its last day. */
int64_t quota_begin(int64_t day, unsigned reset_day);
int64_t quota_next(int64_t day, unsigned reset_day);
const char *quota_date(int64_t day, char out[QUOTA_DATE]); /* returns out */
int quota_parse_date(const char *text, int64_t *day);      /* 0 or ERR_SYNTAX */

enum quota_level quota_level(const struct quota *q, uint64_t used);
/* What is to be said of an account on that level, in a sentence; NULL where there is nothing to
 * say. Freed by the caller. next: when it begins anew. */
char *quota_sentence(const char *account, const struct quota *q, enum quota_level level,
		     int64_t next);

#endif
