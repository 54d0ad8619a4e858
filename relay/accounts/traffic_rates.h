/*
 * What mappings have carried in the last 24 hours, in steps of ten minutes, for graphs. In memory
 * only. A mapping that carries nothing for a day costs nothing; at most TRAFFIC_RATES_MOST are
 * known, of them TRAFFIC_RATES_OF_ACCOUNT of one account, and each takes less than 1 KiB. The bytes
 * of further ones are in no graph. Pure: the caller gives the loop's time.
 */
#ifndef GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_RATES_H
#define GROUNDNUT_RELAY_ACCOUNTS_TRAFFIC_RATES_H

#include "relay/accounts/traffic_sums.h"
#include "shared/base/json.h"

struct traffic_rates;

enum {
	TRAFFIC_RATES_STEP_MS = 10 * 60 * 1000,
	TRAFFIC_RATES_STEPS = 144,
	TRAFFIC_RATES_MOST = 8192,
	TRAFFIC_RATES_OF_ACCOUNT = 1024
};

struct traffic_rates *traffic_rates_new(void);
void traffic_rates_free(struct traffic_rates *r); /* NULL does nothing */
void traffic_rates_add(struct traffic_rates *r, const struct traffic_sum *sum, uint64_t now_ms);
/* Writes an object: the bytes of all mappings that fit, in each step, with a precision of 0.1 %. ""
 * in place of a name fits all. */
void traffic_rates_write(struct traffic_rates *r, const char *account, const char *agent,
			 const char *mapping, uint64_t now_ms, struct json *w);

#endif
