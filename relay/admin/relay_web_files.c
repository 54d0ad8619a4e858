#include "relay/admin/relay_web_files.h"

#define SCRIPTS(X)                                                                                 \
	X(accounts)                                                                                \
	X(app)                                                                                     \
	X(homes)                                                                                   \
	X(listeners)                                                                               \
	X(names)                                                                                   \
	X(traffic)                                                                                 \
	X(traffic_window)

#define EMBED(name) WEB_FILES_SCRIPT_EMBED("relay/admin/web/", name)
SCRIPTS(EMBED)
WEB_FILES_EMBED(openapi, "relay/admin/openapi.json");

const struct web_file relay_web_files_openapi =
    WEB_FILES_ROW(openapi, "/api/v1/openapi.json", "application/json");
const struct web_file relay_web_files_list[] = {SCRIPTS(WEB_FILES_SCRIPT_ROW){0}};
