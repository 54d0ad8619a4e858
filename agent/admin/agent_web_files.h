/* The files of the agent's dashboard and the description of its API, built into the program. */
#ifndef GROUNDNUT_AGENT_ADMIN_AGENT_WEB_FILES_H
#define GROUNDNUT_AGENT_ADMIN_AGENT_WEB_FILES_H

#include "shared/admin/web_files.h"

/* The OpenAPI document of the admin API. */
extern const struct web_file agent_web_files_openapi;
/* What the dashboard loads besides web_files_shared. The last entry has path NULL. */
extern const struct web_file agent_web_files_list[];

#endif
