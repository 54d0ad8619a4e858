/* The few pages that the relay itself shows a visitor: small, plain, and with nothing in them that
 * came from outside. Pure. */
#ifndef GROUNDNUT_HTTP_ERROR_PAGE_H
#define GROUNDNUT_HTTP_ERROR_PAGE_H

#include "shared/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct error_page {
	unsigned status;        /* 308 400 401 403 404 408 421 429 431 502 503 509 */
	unsigned retry_after_s; /* 0: not said */
	const char *realm;      /* of a 401; a name without quotes */
	const char *location;   /* of a 308; what came from outside has been read strictly */
	uint32_t hsts_s;        /* as of http_gateway_set_hsts() */
	bool close;             /* the connection ends after it */
	bool http_1_0;          /* the visitor spoke HTTP/1.0, where going on has to be said */
	bool head;              /* answer to HEAD: the length, but no page */
};

/* "Not Found" for 404, … */
const char *error_page_reason(unsigned status);
void error_page_write(const struct error_page *page, struct buf *out);

#endif
