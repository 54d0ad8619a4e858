/*
 * Text for a person, no wider than the terminal: long texts go on in a line below. What came from
 * afar cannot steer the terminal, and times of UTC in it are shown in local time.
 */
#ifndef GROUNDNUT_BASE_TEXT_PAGE_H
#define GROUNDNUT_BASE_TEXT_PAGE_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum text_page_paint { TEXT_PLAIN, TEXT_GREEN, TEXT_RED };

struct text_page {
	struct buf *out;
	size_t width; /* of the terminal, in characters */
	bool coloured;
};

/* For a file descriptor: as wide as its terminal and coloured, or 80 wide and plain where it is no
 * terminal. The environment's NO_COLOR takes the colours away. */
void text_page_init(struct text_page *p, struct buf *out, int fd);
/* One text, the first line behind indent spaces and further ones behind hang. */
void text_page_put(struct text_page *p, size_t indent, size_t hang, enum text_page_paint paint,
		   const char *text);
/* The bytes of text that fit into width characters, at least one character: broken at a space, else
 * behind a mark such as '.' or ':', else anywhere. */
size_t text_page_break(const char *text, size_t width);
void text_page_spaces(struct text_page *p, size_t n);
void text_page_painted(struct text_page *p, enum text_page_paint paint, const char *text,
		       size_t len);
/* The text as it is shown, freed by the caller: harmless, and its times are local. */
char *text_page_shown(const char *text);

#endif
