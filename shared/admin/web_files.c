#include "shared/admin/web_files.h"

#define SCRIPTS(X)                                                                                 \
	X(changes)                                                                                 \
	X(dialog)                                                                                  \
	X(dom)                                                                                     \
	X(events)                                                                                  \
	X(format)                                                                                  \
	X(live)                                                                                    \
	X(mappings)                                                                                \
	X(qr)                                                                                      \
	X(requests)                                                                                \
	X(server)                                                                                  \
	X(signin)                                                                                  \
	X(states)                                                                                  \
	X(tabs)                                                                                    \
	X(words)

#define EMBED(name) WEB_FILES_SCRIPT_EMBED("shared/web/", name)
SCRIPTS(EMBED)
WEB_FILES_EMBED("index", "shared/web/index.html");
WEB_FILES_EMBED("door", "shared/web/signin.html");
WEB_FILES_EMBED("style", "shared/web/style.css");
WEB_FILES_EMBED("icon", "shared/web/icon.svg");

extern const unsigned char web_index_begin[], web_index_end[], web_door_begin[], web_door_end[],
    web_style_begin[], web_style_end[], web_icon_begin[], web_icon_end[];

const struct web_file web_files_index = {"/", WEB_FILES_HTML, web_index_begin, web_index_end};
const struct web_file web_files_signin = {"/", WEB_FILES_HTML, web_door_begin, web_door_end};
const struct web_file web_files_shared[] = {
    SCRIPTS(WEB_FILES_SCRIPT_ROW){"/style.css", "text/css; charset=utf-8", web_style_begin,
				  web_style_end},
    {"/icon.svg", "image/svg+xml", web_icon_begin, web_icon_end},
    {0},
};
