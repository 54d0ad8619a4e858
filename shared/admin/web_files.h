/* Files that browsers load, as they are built into a program; here those of both dashboards. */
#ifndef GROUNDNUT_ADMIN_WEB_FILES_H
#define GROUNDNUT_ADMIN_WEB_FILES_H

#include <stddef.h>

struct web_file {
	const char *path, *type;
	const unsigned char *begin, *end;
};

/* The bytes of a file, from the root of the tree, where the compiler runs. */
#define WEB_FILES_EMBED(name, file)                                                                \
	__asm__(".section .rodata\n"                                                               \
		".globl web_" name "_begin\n.globl web_" name "_end\n"                             \
		"web_" name "_begin:\n.incbin \"" file "\"\n"                                      \
		"web_" name "_end:\n.previous\n")

/* The same of a script NAME.js in a folder, and its row in a list of files. */
#define WEB_FILES_SCRIPT_EMBED(folder, name)                                                       \
	WEB_FILES_EMBED(#name, folder #name ".js");                                                \
	extern const unsigned char web_##name##_begin[], web_##name##_end[];
#define WEB_FILES_SCRIPT_ROW(name)                                                                 \
	{"/" #name ".js", WEB_FILES_SCRIPT, web_##name##_begin, web_##name##_end},

#define WEB_FILES_HTML   "text/html; charset=utf-8"
#define WEB_FILES_SCRIPT "text/javascript; charset=utf-8"

/* The dashboard. */
extern const struct web_file web_files_index;
/* How to sign in; the admin server puts words in the place of "@PROGRAM@" and its like. */
extern const struct web_file web_files_signin;
/* What both pages load: "/style.css" …; a NULL path behind the last. */
extern const struct web_file web_files_shared[];

#endif
