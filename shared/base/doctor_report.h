/* What `doctor` of both programs prints: a line for each thing it looked at, `ok` or what is wrong
 * and the cure. */
#ifndef GROUNDNUT_BASE_DOCTOR_REPORT_H
#define GROUNDNUT_BASE_DOCTOR_REPORT_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_ADVICE,  /* all works, and something could be better */
	DOCTOR_UNKNOWN, /* it could not be looked at */
	DOCTOR_WRONG
};

struct doctor_report {
	struct buf out; /* JSON: the items so far, else the lines */
	bool json;
	bool wrong; /* a line was DOCTOR_WRONG */
};

void doctor_report_init(struct doctor_report *r, bool json);
/* topic: one word, "relay"; the rest is one sentence. */
void doctor_report_add(struct doctor_report *r, enum doctor_verdict verdict, const char *topic,
		       const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Prints to stdout: lines, or a list of {"topic", "verdict", "said"}. Returns the exit code: 0 only
 * where nothing was wrong. */
int doctor_report_end(struct doctor_report *r);

/* Lines that both programs have. */
/* err: why the file cannot be used, said already; or 0 */
void doctor_report_configuration(struct doctor_report *r, const char *file, int err);
void doctor_report_descriptors(struct doctor_report *r, unsigned wanted);
/* in_force: what a TCP socket of ours uses; "" is unknown */
void doctor_report_congestion(struct doctor_report *r, const char *in_force);

#endif
