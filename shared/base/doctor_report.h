/* The output of `doctor` in both programs: a line for each finding, with `ok`, or with what is
 * wrong and its cure. */
#ifndef GROUNDNUT_BASE_DOCTOR_REPORT_H
#define GROUNDNUT_BASE_DOCTOR_REPORT_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_ADVICE,  /* it works, but could be better */
	DOCTOR_UNKNOWN, /* it cannot be found out */
	DOCTOR_WRONG
};

struct doctor_report {
	struct buf out; /* the findings so far: JSON items, or lines */
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

/* --- findings of both programs --- */
/* err: why the file cannot be used, which the log has said already; or 0. */
void doctor_report_configuration(struct doctor_report *r, const char *file, int err);
/* wanted: how many descriptors the program should be able to open. */
void doctor_report_descriptors(struct doctor_report *r, unsigned wanted);
/* in_force: the congestion control that our TCP sockets use; "": unknown. */
void doctor_report_congestion(struct doctor_report *r, const char *in_force);

#endif
