/* The agent's dashboard, as it is built into the program. */
#ifndef GROUNDNUT_AGENT_ADMIN_AGENT_PAGES_H
#define GROUNDNUT_AGENT_ADMIN_AGENT_PAGES_H

#include "shared/admin/web_files.h"

/* Its API, as an OpenAPI document. */
extern const struct web_file agent_pages_openapi;
/* What it loads beside web_files_shared; a NULL path behind the last. */
extern const struct web_file agent_pages_files[];

#endif
