/* The relay's dashboard, and what its API is, as they are built into the program. */
#ifndef GROUNDNUT_RELAY_ADMIN_RELAY_PAGES_H
#define GROUNDNUT_RELAY_ADMIN_RELAY_PAGES_H

#include "shared/admin/web_files.h"

/* Its API, as an OpenAPI document. */
extern const struct web_file relay_pages_openapi;
/* What it loads beside web_files_shared; a NULL path behind the last. */
extern const struct web_file relay_pages_files[];

#endif
