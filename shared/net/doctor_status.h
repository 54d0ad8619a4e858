/* What `doctor` asks the running program for: its status. */
#ifndef GROUNDNUT_NET_DOCTOR_STATUS_H
#define GROUNDNUT_NET_DOCTOR_STATUS_H

#include "shared/base/doctor_report.h"

struct json_t;

/* who: "relay" or "agent". Returns its status, a jansson object for json_decref(); or NULL after a
 * finding that says why there is none. Blocking. */
struct json_t *doctor_status_ask(struct doctor_report *r, const char *who, const char *control);
/* as status_text_string(), but "" instead of NULL */
const char *doctor_status_text(const struct json_t *object, const char *key);

#endif
