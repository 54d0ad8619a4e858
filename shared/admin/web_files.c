#include "shared/admin/web_files.h"

#define SCRIPTS(X)                                                                                 \
	X(audit_log)                                                                               \
	X(dialog)                                                                                  \
	X(dom)                                                                                     \
	X(event_list)                                                                              \
	X(format)                                                                                  \
	X(status_stream)                                                                           \
	X(mappings)                                                                                \
	X(qr)                                                                                      \
	X(request_log)                                                                             \
	X(api_client)                                                                              \
	X(signin)                                                                                  \
	X(sentences)                                                                               \
	X(state_words)                                                                             \
	X(dashboard_frame)                                                                         \
	X(visitors)                                                                                \
	X(translations)

#define EMBED(name) WEB_FILES_SCRIPT_EMBED("shared/web/", name)
SCRIPTS(EMBED)
WEB_FILES_EMBED(index, "shared/web/index.html");
WEB_FILES_EMBED(door, "shared/web/signin.html");
WEB_FILES_EMBED(style, "shared/web/style.css");
WEB_FILES_EMBED(icon, "shared/web/icon.svg");

const struct web_file web_files_index = WEB_FILES_ROW(index, "/", WEB_FILES_HTML);
const struct web_file web_files_signin = WEB_FILES_ROW(door, "/", WEB_FILES_HTML);
const struct web_file web_files_shared[] = {
    SCRIPTS(WEB_FILES_SCRIPT_ROW) WEB_FILES_ROW(style, "/style.css", "text/css; charset=utf-8"),
    WEB_FILES_ROW(icon, "/icon.svg", "image/svg+xml"),
    {0},
};
