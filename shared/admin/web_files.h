/* Files for browsers that are built into a program, and those that both dashboards have. */
#ifndef GROUNDNUT_ADMIN_WEB_FILES_H
#define GROUNDNUT_ADMIN_WEB_FILES_H

#include <stddef.h>

struct web_file {
	const char *path, *type;
	const unsigned char *begin, *end;
	const unsigned char *gz_begin, *gz_end; /* the same by gzip */
};

/* Builds the bytes of a file in, and those of gzip, which the Makefile has made. file: a path from
 * the root of the tree, where the compiler runs. */
#define WEB_FILES_EMBED(name, file)                                                                \
	__asm__(".section .rodata\n"                                                               \
		".globl web_" #name "_begin\n.globl web_" #name "_end\n"                           \
		".globl web_" #name "_gz_begin\n.globl web_" #name "_gz_end\n"                     \
		"web_" #name "_begin:\n.incbin \"" file "\"\n"                                     \
		"web_" #name "_end:\n"                                                             \
		"web_" #name "_gz_begin:\n.incbin \"" file ".gz\"\n"                               \
		"web_" #name "_gz_end:\n.previous\n");                                             \
	extern const unsigned char web_##name##_begin[], web_##name##_end[],                       \
	    web_##name##_gz_begin[], web_##name##_gz_end[]

/* A web_file of what is built in by this name. */
#define WEB_FILES_ROW(name, path, type)                                                            \
	{                                                                                          \
		path, type, web_##name##_begin, web_##name##_end, web_##name##_gz_begin,           \
		    web_##name##_gz_end                                                            \
	}

/* The same of the script NAME.js of a folder. */
#define WEB_FILES_SCRIPT_EMBED(folder, name) WEB_FILES_EMBED(name, folder #name ".js");
#define WEB_FILES_SCRIPT_ROW(name)           WEB_FILES_ROW(name, "/" #name ".js", WEB_FILES_SCRIPT),

#define WEB_FILES_HTML   "text/html; charset=utf-8"
#define WEB_FILES_SCRIPT "text/javascript; charset=utf-8"

/* The page of the dashboard. */
extern const struct web_file web_files_index;
/* The page to sign in; admin_signin.c replaces "@PROGRAM@" and the other marks in it. */
extern const struct web_file web_files_signin;
/* What both pages load, such as "/style.css". The last entry has path NULL. */
extern const struct web_file web_files_shared[];

#endif
