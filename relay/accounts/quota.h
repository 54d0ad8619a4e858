/*
 * The quota of an account: how many bytes it may carry a month, and what happens when they are
 * used. Pure: the caller gives the day. A day is a number, counted from 1970-01-01, in UTC.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_QUOTA_H
#define GROUNDNUT_RELAY_ACCOUNTS_QUOTA_H

#include "shared/base/conf.h"

/* What happens when the quota is used: a warning only, QUOTA_SLOW_BITS, or closed mappings. */
enum quota_at_limit { QUOTA_WARN, QUOTA_SLOW, QUOTA_STOP };
/* QUOTA_NEAR: QUOTA_NEAR_PERCENT are used. */
enum quota_level { QUOTA_BELOW, QUOTA_NEAR, QUOTA_USED };
enum {
	QUOTA_NEAR_PERCENT = 80,
	QUOTA_SLOW_BITS = 1000000, /* bits a second each way, under QUOTA_SLOW */
	QUOTA_DATE = 11,           /* "2026-12-01" and its NUL */
	QUOTA_DAY_MS = 24 * 60 * 60 * 1000,
};

struct quota {
	uint64_t bytes;     /* both ways together; 0: no quota */
	unsigned reset_day; /* the day of the month on which it begins anew; 1 to 31 */
	enum quota_at_limit at_limit;
};

const char *quota_at_limit_text(enum quota_at_limit at); /* "warn" "slow" "stop" */
/* Reads one of these words; false: it is none. */
bool quota_at_limit_read(const char *text, enum quota_at_limit *out);
/* Reads an amount of bytes such as "500G", in powers of 1000. 0 or ERR_SYNTAX. */
int quota_amount(const char *text, uint64_t *bytes);
/* Reads the member "quota" of an account's object. When it is absent, bytes is 0. Errors are
 * collected in the conf. */
void quota_read(struct conf_at account, struct quota *out);

/* The quota's month runs from one reset_day to the next. These return the first day of the quota's
 * month in which day lies, and of the month after it. In a calendar month that has no reset_day,
 * the quota's month begins on the last day. */
int64_t quota_begin(int64_t day, unsigned reset_day);
int64_t quota_next(int64_t day, unsigned reset_day);
/* Writes "2026-12-01"; returns out. */
const char *quota_date(int64_t day, char out[QUOTA_DATE]);
int quota_parse_date(const char *text, int64_t *day); /* 0 or ERR_SYNTAX */

enum quota_level quota_level(const struct quota *q, uint64_t used);
/* Returns the sentence that tells the operator about an account on this level; the caller frees
 * it. NULL for QUOTA_BELOW and without a quota. next: the first day of the next month. */
char *quota_sentence(const char *account, const struct quota *q, enum quota_level level,
		     int64_t next);

#endif
