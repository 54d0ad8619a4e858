/* Dates as other programs write them, read into ms since 1970. (text_time() writes them.) */
#ifndef GROUNDNUT_BASE_DATE_H
#define GROUNDNUT_BASE_DATE_H

#include <stdint.h>

/* RFC 3339: "2026-11-23T08:00:00Z", "2026-11-23 09:00:00.25+01:00". 0, ERR_SYNTAX, or ERR_RANGE for
 * a day that does not exist or is before 1970. */
int date_parse(const char *text, uint64_t *unix_ms);
/* HTTP's preferred form only: "Mon, 23 Nov 2026 08:00:00 GMT". The same results. */
int date_parse_http(const char *text, uint64_t *unix_ms);

#endif
