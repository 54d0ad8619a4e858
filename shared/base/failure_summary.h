/*
 * Sums up what strangers do wrong, instead of a log line for each. The first few failures of a kind
 * are told in full. When the time is over, the networks (v4 /24, v6 /48) with the most of the
 * others get a line each, and the rest one line together. Bounded: when too many networks fail, the
 * one that failed longest ago is forgotten and counts among the rest. Pure: the caller keeps the
 * time.
 */
#ifndef GROUNDNUT_BASE_FAILURE_SUMMARY_H
#define GROUNDNUT_BASE_FAILURE_SUMMARY_H

#include "shared/base/addr.h"

#include <stdbool.h>
#include <stdint.h>

struct failure_summary;

enum {
	FAILURE_SUMMARY_TOLD = 20,  /* how many failures of a kind are told in full */
	FAILURE_SUMMARY_WORST = 10, /* how many networks get a line */
	FAILURE_SUMMARY_KNOWN = 256 /* how many networks are remembered */
};

struct failure_line {
	const char *event;
	const char *network; /* "192.0.2.0/24"; NULL: all others */
	uint64_t times;
	const char *why; /* the last reason; NULL: for all others */
};
typedef void failure_summary_fn(void *owner, const struct failure_line *line);

struct failure_summary *failure_summary_new(void);
void failure_summary_free(struct failure_summary *s);
/* Takes a failure. event: a literal. True: the caller tells it in full. False: it is counted. */
bool failure_summary_count(struct failure_summary *s, const char *event, const struct addr *from,
			   const char *why);
/* Calls fn with each line, the worst first. Counting then begins again. */
void failure_summary_say(struct failure_summary *s, failure_summary_fn *fn, void *owner);

#endif
