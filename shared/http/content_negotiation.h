/*
 * Which form of a file a request wants (RFC 9110): coded by gzip or plain, and whether it has that
 * form already. Pure.
 */
#ifndef GROUNDNUT_HTTP_CONTENT_NEGOTIATION_H
#define GROUNDNUT_HTTP_CONTENT_NEGOTIATION_H

#include <stdbool.h>

/* Whether Accept-Encoding prefers gzip to the plain form. accept: NULL when there is none. */
bool content_negotiation_wants_gzip(const char *accept);
/* Whether If-None-Match names this tag, strong or weak. tag: with its quotes. known: NULL when
 * there is none. */
bool content_negotiation_is_known(const char *known, const char *tag);

#endif
