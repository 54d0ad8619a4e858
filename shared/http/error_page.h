/* The few pages that we show a visitor ourselves. They are small and plain, and have nothing in
 * them that came from outside. Pure. */
#ifndef GROUNDNUT_HTTP_ERROR_PAGE_H
#define GROUNDNUT_HTTP_ERROR_PAGE_H

#include "shared/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct error_page {
	unsigned status;        /* 308 400 401 403 404 408 421 429 431 502 503 509 */
	unsigned retry_after_s; /* 0: there is no Retry-After */
	const char *realm;      /* for 401: a name without quotes */
	const char *location;   /* for 308; its parts from outside have been read strictly */
	uint32_t hsts_s;        /* as for http_gateway_set_hsts() */
	bool close;             /* the connection ends after it */
	bool http_1_0;          /* the visitor speaks HTTP/1.0, where keep-alive must be said */
	bool head;              /* the answer to HEAD: it has the length, but no page */
};

/* "Not Found" for 404, … */
const char *error_page_reason(unsigned status);
void error_page_write(const struct error_page *page, struct buf *out);

#endif
