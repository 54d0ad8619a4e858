#include "relay/admin/relay_pages.h"

WEB_FILES_EMBED("relay_index", "relay/admin/web/index.html");
WEB_FILES_EMBED("relay_openapi", "relay/admin/openapi.json");
WEB_FILES_EMBED("relay_app", "relay/admin/web/app.js");

extern const unsigned char web_relay_openapi_begin[], web_relay_openapi_end[],
    web_relay_index_begin[], web_relay_index_end[], web_relay_app_begin[], web_relay_app_end[];

const struct web_file relay_pages_index = {"/", WEB_FILES_HTML, web_relay_index_begin,
					   web_relay_index_end};
const struct web_file relay_pages_openapi = {"/api/v1/openapi.json", "application/json",
					     web_relay_openapi_begin, web_relay_openapi_end};
const struct web_file relay_pages_files[] = {
    {"/app.js", WEB_FILES_SCRIPT, web_relay_app_begin, web_relay_app_end},
    {0},
};
