/*
 * Metrics in the text format of Prometheus, version 0.0.4, made of a status as JSON. The only
 * labels are account, agent and mapping: the members of the objects that they come from. Pure.
 */
#ifndef GROUNDNUT_ADMIN_METRICS_TEXT_H
#define GROUNDNUT_ADMIN_METRICS_TEXT_H

#include "shared/base/buf.h"

struct json_t;

struct metrics_text_row {
	const char *name, *type, *help;
	/* Reads the value from an object. Negative: it has none, and no line is written. */
	double (*value)(const struct json_t *object);
	const char *member; /* where value is NULL: the member that is the value */
};

/* Writes each row with its value of each object of the array. */
void metrics_text_rows(struct buf *out, const struct metrics_text_row *rows, size_t count,
		       const struct json_t *objects);
/* Writes the metrics of agents and of their mappings. agents: an array as in the relay's status. */
void metrics_text_agents(struct buf *out, const struct json_t *agents);
/* Writes a gauge without labels. */
void metrics_text_one(struct buf *out, const char *name, const char *help, double value);
/* Returns a member of the object, or -1 when it is no number. */
double metrics_text_number(const struct json_t *object, const char *key);

#endif
