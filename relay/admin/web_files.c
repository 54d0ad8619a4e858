#include "relay/admin/web_files.h"

/* The bytes of a file below relay/admin/web, from the root of the tree, where the compiler runs. */
#define EMBED(name, file)                                                                          \
	__asm__(".section .rodata\n"                                                               \
		".globl web_" name "_begin\n.globl web_" name "_end\n"                             \
		"web_" name "_begin:\n.incbin \"relay/admin/web/" file "\"\n"                      \
		"web_" name "_end:\n.previous\n")

EMBED("index", "index.html");
EMBED("door", "signin.html");
EMBED("app", "app.js");
EMBED("style", "style.css");
EMBED("icon", "icon.svg");

extern const unsigned char web_index_begin[], web_index_end[], web_door_begin[], web_door_end[],
    web_app_begin[], web_app_end[], web_style_begin[], web_style_end[], web_icon_begin[],
    web_icon_end[];

const struct web_file web_page = {"/", "text/html; charset=utf-8", web_index_begin, web_index_end};
const struct web_file web_signin = {"/", "text/html; charset=utf-8", web_door_begin, web_door_end};
const struct web_file web_files[] = {
    {"/app.js", "text/javascript; charset=utf-8", web_app_begin, web_app_end},
    {"/style.css", "text/css; charset=utf-8", web_style_begin, web_style_end},
    {"/icon.svg", "image/svg+xml", web_icon_begin, web_icon_end},
    {0},
};
