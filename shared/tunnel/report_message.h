/*
 * REPORT: what only the agent knows of its mappings, for the relay's status. A message holds what
 * is new: a mapping that is not named in it, or a part of one, is as it was said last. This is the
 * one place that knows its JSON, and that of the same parts in `status --json`. Pure.
 */
#ifndef GROUNDNUT_TUNNEL_REPORT_MESSAGE_H
#define GROUNDNUT_TUNNEL_REPORT_MESSAGE_H

#include "shared/base/conf.h"
#include "shared/base/json.h"

/* Each part: its key here, its key in status, its times (NULL: none). */
#define REPORT_PARTS(X)                                                                            \
	X(REACHABLE, "reachable", "reachable", "checked", NULL)                                    \
	X(TARGET, "target", "target_state", "since", NULL)                                         \
	X(CERTIFICATE, "certificate", "certificate", "not_after", "next_try")
enum report_part_name {
#define REPORT_ENUM(name, key, status, time, next) REPORT_##name,
	REPORT_PARTS(REPORT_ENUM)
#undef REPORT_ENUM
	    REPORT_PART_COUNT
};

enum { REPORT_STATE = 16, REPORT_ERROR = 400, REPORT_MAPPINGS_MAX = 1024 };

/* All zero: nothing is known. */
struct report_part {
	char state[REPORT_STATE];  /* a word; "": never said */
	char *error;               /* owned; NULL: none */
	uint64_t time_ms, next_ms; /* UNIX time; 0: none */
};
void report_part_fini(struct report_part *p);
void report_part_copy(struct report_part *out, const struct report_part *from); /* out is ended */
bool report_part_same(const struct report_part *a, const struct report_part *b);
/* As a member of a mapping in status; one that was never said is "unknown". */
void report_part_status(const struct report_part *p, enum report_part_name which, struct json *w);

struct report_mapping {
	uint32_t id; /* of DECLARE */
	bool has[REPORT_PART_COUNT];
	struct report_part parts[REPORT_PART_COUNT];
};
struct report {
	struct report_mapping *mappings; /* owned */
	size_t count;
};
void report_fini(struct report *r);
/* One mapping, into the array "mappings" that is open. */
void report_write_mapping(const struct report_mapping *m, struct json *w);
/* 0; or ERR_SYNTAX with the reason in why, and *out is empty. Unknown keys are passed over. */
int report_read(const char *text, size_t len, struct report *out, char why[256]);

#endif
