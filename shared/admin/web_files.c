#include "shared/admin/web_files.h"

WEB_FILES_EMBED("signin", "shared/web/signin.html");
WEB_FILES_EMBED("signinjs", "shared/web/signin.js");
WEB_FILES_EMBED("parts", "shared/web/parts.js");
WEB_FILES_EMBED("style", "shared/web/style.css");
WEB_FILES_EMBED("icon", "shared/web/icon.svg");

extern const unsigned char web_signinjs_begin[], web_signinjs_end[], web_signin_begin[],
    web_signin_end[], web_parts_begin[], web_parts_end[], web_style_begin[], web_style_end[],
    web_icon_begin[], web_icon_end[];

const struct web_file web_files_signin = {"/", WEB_FILES_HTML, web_signin_begin, web_signin_end};
const struct web_file web_files_shared[] = {
    {"/signin.js", WEB_FILES_SCRIPT, web_signinjs_begin, web_signinjs_end},
    {"/parts.js", WEB_FILES_SCRIPT, web_parts_begin, web_parts_end},
    {"/style.css", "text/css; charset=utf-8", web_style_begin, web_style_end},
    {"/icon.svg", "image/svg+xml", web_icon_begin, web_icon_end},
    {0},
};
