/* The output of `doctor` in both programs: a line for each finding, with `ok`, or with what is
 * wrong and its cure. */
#ifndef GROUNDNUT_BASE_DOCTOR_REPORT_H
#define GROUNDNUT_BASE_DOCTOR_REPORT_H

#include "shared/base/addr.h"
#include "shared/base/buf.h"

#include <stdbool.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_ADVICE,  /* it works, but could be better */
	DOCTOR_UNKNOWN, /* it cannot be found out */
	DOCTOR_WRONG
};

struct doctor_report {
	struct buf out;  /* the findings so far: JSON items, or lines */
	struct buf said; /* what log_say() has said since doctor_report_listen() */
	bool json;
	bool wrong; /* a finding was DOCTOR_WRONG */
};

void doctor_report_init(struct doctor_report *r, bool json);
/* Adds a finding. topic: one word, such as "relay". The rest is one sentence. */
void doctor_report_add(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Prints to stdout: lines, or a list of {"topic", "verdict", "said"}. Returns the exit code, which
 * is 0 only when nothing is wrong. */
int doctor_report_end(struct doctor_report *r);

/* From here on what this thread says by log_say() is kept, until doctor_report_heard(). */
void doctor_report_listen(struct doctor_report *r);
/* Adds a finding of this verdict for each line that was said since then; when there was none, one
 * that is DOCTOR_OK and says otherwise. */
void doctor_report_heard(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
			 const char *otherwise);

/* --- findings of both programs --- */
/* Called after doctor_report_listen() and the reading of the file. err: why the file cannot be
 * used, or 0. writer: the command that writes the first one. */
void doctor_report_configuration(struct doctor_report *r, const char *file, int err,
				 const char *writer);
/* wanted: how many descriptors the program should be able to open. */
void doctor_report_descriptors(struct doctor_report *r, unsigned wanted);
/* in_force: the congestion control that our TCP sockets use; "": unknown. wanted: what the file
 * says; NULL: nothing. */
void doctor_report_congestion(struct doctor_report *r, const char *in_force, const char *wanted);

enum doctor_ipv6 {
	DOCTOR_IPV6_NONE,     /* this machine has no public IPv6 address */
	DOCTOR_IPV6_NO_ROUTE, /* it has one, and no way out */
	DOCTOR_IPV6_GOOD
};
/* own: the address, unless there is none. Sends nothing. */
enum doctor_ipv6 doctor_report_find_ipv6(struct addr *own);

#endif
