/*
 * How a browser signs in to an admin listener, by a link or a password, and out; and the page for
 * that. One thread.
 */
#ifndef GROUNDNUT_ADMIN_ADMIN_SIGNIN_H
#define GROUNDNUT_ADMIN_ADMIN_SIGNIN_H

#include "shared/admin/admin_access.h"

struct admin_signin;

/* Their owner is the admin_signin. The last entry has path NULL. */
extern const struct admin_route admin_signin_routes[];

/* Both are borrowed. program: its name, for the page. */
struct admin_signin *admin_signin_new(struct admin_access *access, const char *program);
void admin_signin_close(struct admin_signin *a); /* NULL does nothing */

#endif
