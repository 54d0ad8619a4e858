/* The dashboard's files, as they are built into the program. */
#ifndef GROUNDNUT_RELAY_ADMIN_WEB_FILES_H
#define GROUNDNUT_RELAY_ADMIN_WEB_FILES_H

#include <stddef.h>

struct web_file {
	const char *path, *type;
	const unsigned char *begin, *end;
};

extern const struct web_file web_page, web_signin;
/* What both pages load: "/app.js" …; a NULL path behind the last. */
extern const struct web_file web_files[];

#endif
