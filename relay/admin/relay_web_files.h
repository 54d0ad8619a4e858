/* The files of the relay's dashboard and the description of its API, built into the program. */
#ifndef GROUNDNUT_RELAY_ADMIN_RELAY_WEB_FILES_H
#define GROUNDNUT_RELAY_ADMIN_RELAY_WEB_FILES_H

#include "shared/admin/web_files.h"

/* The OpenAPI document of the admin API. */
extern const struct web_file relay_web_files_openapi;
/* What the dashboard loads besides web_files_shared. The last entry has path NULL. */
extern const struct web_file relay_web_files_list[];

#endif
