/* Basic authentication (RFC 7617), as far as a mapping with basic_auth asks for it. Pure. */
#ifndef GROUNDNUT_HTTP_BASIC_AUTH_H
#define GROUNDNUT_HTTP_BASIC_AUTH_H

#include "shared/http/http_head.h"

enum basic_auth { BASIC_AUTH_NONE, BASIC_AUTH_WRONG, BASIC_AUTH_RIGHT };

/* NONE: the request offers nothing. Takes the same time for every wrong answer of one length. */
enum basic_auth basic_auth_check(const struct http_head *h, const char *user, const char *password);

#endif
