#include "relay/accounts/quota.h"

#include "shared/base/date.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 24 * 60 * 60 };

static const char *const at_limit_words[] = {
    [QUOTA_WARN] = "warn", [QUOTA_SLOW] = "slow", [QUOTA_STOP] = "stop"};

const char *quota_at_limit_text(enum quota_at_limit at)
{
	return at_limit_words[at];
}

bool quota_at_limit_read(const char *text, enum quota_at_limit *out)
{
	for (unsigned i = 0; i < sizeof at_limit_words / sizeof *at_limit_words; i++) {
		if (strcmp(text, at_limit_words[i]) != 0)
			continue;
		*out = (enum quota_at_limit)i;
		return true;
	}
	return false;
}

int quota_amount(const char *text, uint64_t *bytes)
{
	uint64_t n;
	if (text_bandwidth(text, &n) < 0 || n > INT64_MAX)
		return ERR_SYNTAX;
	*bytes = n;
	return 0;
}

static void read_bytes(struct conf_at at, uint64_t *out)
{
	const char *text;
	int64_t n;
	if (conf_is_int(at, "bytes")) {
		if (conf_int(at, "bytes", 1, INT64_MAX, &n))
			*out = (uint64_t)n;
	} else if (conf_str(at, "bytes", &text) && quota_amount(text, out) < 0) {
		conf_error(at, "bytes", "\"%s\" is not a number of bytes such as \"500G\"", text);
	}
}

void quota_read(struct conf_at account, struct quota *out)
{
	struct conf_at at = conf_object(account, "quota");
	int64_t reset_day = 1;
	const char *word = at_limit_words[QUOTA_WARN];
	*out = (struct quota){.reset_day = 1};
	if (!at.value)
		return;
	read_bytes(at, &out->bytes);
	conf_opt_int(at, "reset_day", 1, 31, &reset_day);
	out->reset_day = (unsigned)reset_day;
	if (conf_opt_str(at, "at_limit", &word) && word &&
	    !quota_at_limit_read(word, &out->at_limit))
		conf_error(at, "at_limit", "\"%s\" is not \"warn\", \"slow\" or \"stop\"", word);
	conf_done(at);
}

static struct tm date_of(int64_t day)
{
	time_t s = (time_t)(day * DAY_S);
	struct tm at;
	gmtime_r(&s, &at);
	return at;
}

/* month may be below 0 or above 11. day 0 means the last day of the month before. */
static int64_t day_of(int year, int month, int day)
{
	struct tm at = {.tm_year = year, .tm_mon = month, .tm_mday = day};
	return (int64_t)timegm(&at) / DAY_S;
}

static int64_t reset_in(int year, int month, unsigned reset_day)
{
	int64_t wanted = day_of(year, month, (int)reset_day), last = day_of(year, month + 1, 0);
	return wanted < last ? wanted : last;
}

int64_t quota_begin(int64_t day, unsigned reset_day)
{
	struct tm at = date_of(day);
	int64_t here = reset_in(at.tm_year, at.tm_mon, reset_day);
	return here <= day ? here : reset_in(at.tm_year, at.tm_mon - 1, reset_day);
}

int64_t quota_next(int64_t day, unsigned reset_day)
{
	struct tm at = date_of(day);
	int64_t here = reset_in(at.tm_year, at.tm_mon, reset_day);
	return here > day ? here : reset_in(at.tm_year, at.tm_mon + 1, reset_day);
}

const char *quota_date(int64_t day, char out[QUOTA_DATE])
{
	char text[32];
	snprintf(out, QUOTA_DATE, "%.10s", text_time((uint64_t)day * QUOTA_DAY_MS, text));
	return out;
}

int quota_parse_date(const char *text, int64_t *day)
{
	uint64_t ms;
	char full[32];
	if (strlen(text) != QUOTA_DATE - 1)
		return ERR_SYNTAX;
	snprintf(full, sizeof full, "%sT00:00:00Z", text);
	if (date_parse(full, &ms) < 0)
		return ERR_SYNTAX;
	*day = (int64_t)(ms / QUOTA_DAY_MS);
	return 0;
}

enum quota_level quota_level(const struct quota *q, uint64_t used)
{
	if (!q->bytes)
		return QUOTA_BELOW;
	if (used >= q->bytes)
		return QUOTA_USED;
	return used >= q->bytes / 100 * QUOTA_NEAR_PERCENT +
			   q->bytes % 100 * QUOTA_NEAR_PERCENT / 100
		   ? QUOTA_NEAR
		   : QUOTA_BELOW;
}

char *quota_sentence(const char *account, const struct quota *q, enum quota_level level,
		     int64_t next)
{
	static const char *const ends[] = {
	    [QUOTA_WARN] = "it goes on all the same; the next month begins on",
	    [QUOTA_SLOW] = "it has 1 Mbit/s until its quota is raised, or until",
	    [QUOTA_STOP] = "its mappings are closed until its quota is raised, or until",
	};
	char amount[32], date[QUOTA_DATE];
	if (!q->bytes || level == QUOTA_BELOW)
		return NULL;
	text_bytes(q->bytes, amount);
	quota_date(next, date);
	if (level == QUOTA_NEAR)
		return mem_printf("account %s has used %d %% of its %s of this month; the next "
				  "begins on %s",
				  account, QUOTA_NEAR_PERCENT, amount, date);
	return mem_printf("account %s has used its %s of this month; %s %s", account, amount,
			  ends[q->at_limit], date);
}
