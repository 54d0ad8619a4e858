/* Basic authentication (RFC 7617), as far as a mapping with basic_auth asks for it. Pure. */
#ifndef GROUNDNUT_RELAY_DOORS_HTTP_AUTH_H
#define GROUNDNUT_RELAY_DOORS_HTTP_AUTH_H

#include "relay/doors/http_head.h"

enum http_auth { HTTP_AUTH_NONE, HTTP_AUTH_WRONG, HTTP_AUTH_RIGHT };

/* NONE: the request offers nothing. Takes the same time for every wrong answer of one length. */
enum http_auth http_auth_check(const struct http_head *h, const char *user, const char *password);

#endif
