#include "agent/admin/agent_web_files.h"

#define SCRIPTS(X)                                                                                 \
	X(app)                                                                                     \
	X(certificates)                                                                            \
	X(doctor)                                                                                  \
	X(overview)

#define EMBED(name) WEB_FILES_SCRIPT_EMBED("agent/admin/web/", name)
SCRIPTS(EMBED)
WEB_FILES_EMBED(openapi, "agent/admin/openapi.json");

const struct web_file agent_web_files_openapi =
    WEB_FILES_ROW(openapi, "/api/v1/openapi.json", "application/json");

const struct web_file agent_web_files_list[] = {SCRIPTS(WEB_FILES_SCRIPT_ROW){0}};
