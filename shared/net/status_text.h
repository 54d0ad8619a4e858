/* The parts of a status page that both programs have. A status object is a jansson object. */
#ifndef GROUNDNUT_NET_STATUS_TEXT_H
#define GROUNDNUT_NET_STATUS_TEXT_H

#include "shared/base/terminal_text.h"

struct json_t;

/* a text that is not empty, else NULL */
const char *status_text_string(const struct json_t *object, const char *key);
/* A number as text, or "" when there is none; returns out. */
const char *status_text_number(const struct json_t *object, const char *key, char out[32]);
/* green for what is well, red for an error */
enum terminal_text_paint status_text_paint(const char *state);
/* The objects of a list in the order of their texts under these keys (second may be NULL): a new
 * list, for json_decref(). */
struct json_t *status_text_sorted(const struct json_t *list, const char *first, const char *second);
/* A table of MAPPING objects (of `status --json`), each with what is wrong below it. */
void status_text_mappings(struct terminal_text *page, size_t indent, const struct json_t *mappings);

#endif
