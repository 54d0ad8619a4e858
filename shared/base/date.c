#include "shared/base/date.h"

#include "shared/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A date in parts, and how far its text has been read; wrong once anything was not as expected. */
struct reader {
	const char *at;
	bool wrong;
	unsigned year, month, day, hour, minute, second, ms;
};

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static unsigned number(struct reader *r, unsigned digits)
{
	unsigned n = 0;
	for (; digits && !r->wrong; digits--) {
		r->wrong = *r->at < '0' || *r->at > '9';
		if (!r->wrong)
			n = n * 10 + (unsigned)(*r->at++ - '0');
	}
	return n;
}

/* Reads one character, which must be one of few. */
static char one_of(struct reader *r, const char *few)
{
	r->wrong |= !*r->at || !strchr(few, *r->at);
	return r->wrong ? 0 : *r->at++;
}

static void text(struct reader *r, const char *wanted)
{
	while (*wanted)
		one_of(r, (char[]){*wanted++, 0});
}

static void clock_time(struct reader *r)
{
	r->hour = number(r, 2);
	one_of(r, ":");
	r->minute = number(r, 2);
	one_of(r, ":");
	r->second = number(r, 2);
}

/* Reads a fraction of a second. Digits after the third are passed over. */
static void fraction(struct reader *r)
{
	unsigned worth = 100;
	if (r->wrong || *r->at != '.')
		return;
	r->at++;
	do {
		r->ms += number(r, 1) * worth;
		worth /= 10;
	} while (!r->wrong && *r->at >= '0' && *r->at <= '9');
}

/* Seconds that local time is ahead of UTC. */
static int64_t offset(struct reader *r)
{
	char sign = one_of(r, "Zz+-");
	if (r->wrong || sign == 'Z' || sign == 'z')
		return 0;
	unsigned hours = number(r, 2);
	one_of(r, ":");
	unsigned minutes = number(r, 2);
	r->wrong |= hours > 23 || minutes > 59;
	return (sign == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (leap && month == 2);
}

/* Days from 1970 to a date, by counting years from March, so that the leap day comes last. */
static int64_t days_since_1970(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t day_of_year =
	    (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int result(const struct reader *r, int64_t ahead_s, uint64_t *unix_ms)
{
	if (r->wrong || *r->at)
		return ERR_SYNTAX;
	if (r->month < 1 || r->month > 12 || r->day < 1 ||
	    r->day > days_in_month(r->year, r->month) || r->hour > 23 || r->minute > 59 ||
	    r->second > 60)
		return ERR_RANGE;
	int64_t s = days_since_1970(r->year, r->month, r->day) * 86400 + r->hour * 3600 +
		    r->minute * 60 + r->second - ahead_s;
	if (s < 0)
		return ERR_RANGE;
	*unix_ms = (uint64_t)s * 1000 + r->ms;
	return 0;
}

int date_parse(const char *date, uint64_t *unix_ms)
{
	struct reader r = {.at = date};
	r.year = number(&r, 4);
	one_of(&r, "-");
	r.month = number(&r, 2);
	one_of(&r, "-");
	r.day = number(&r, 2);
	one_of(&r, "Tt ");
	clock_time(&r);
	fraction(&r);
	int64_t ahead_s = offset(&r);
	return result(&r, ahead_s, unix_ms);
}

static unsigned month_by_name(struct reader *r)
{
	for (unsigned i = 0; !r->wrong && i < 12; i++) {
		if (strncmp(r->at, months + 3 * i, 3) == 0) {
			r->at += 3;
			return i + 1;
		}
	}
	r->wrong = true;
	return 0;
}

int date_parse_http(const char *date, uint64_t *unix_ms)
{
	struct reader r = {.at = date};
	/* The day of the week says nothing that the date does not. */
	for (unsigned i = 0; i < 3; i++)
		one_of(&r, "MonTueWedThuFriSat");
	text(&r, ", ");
	r.day = number(&r, 2);
	text(&r, " ");
	r.month = month_by_name(&r);
	text(&r, " ");
	r.year = number(&r, 4);
	text(&r, " ");
	clock_time(&r);
	text(&r, " GMT");
	return result(&r, 0, unix_ms);
}
