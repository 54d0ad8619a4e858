/*
 * Text for a person, no wider than the terminal: long texts go on in a line below. What came from
 * afar cannot steer the terminal, and times of UTC in it are shown in local time.
 */
#ifndef GROUNDNUT_BASE_TERMINAL_TEXT_H
#define GROUNDNUT_BASE_TERMINAL_TEXT_H

#include "shared/base/buf.h"

#include <stdbool.h>

enum terminal_text_paint { TEXT_PLAIN, TEXT_GREEN, TEXT_RED };

struct terminal_text {
	struct buf *out;
	size_t width; /* of the terminal, in characters */
	bool coloured;
};

/* For a file descriptor: as wide as its terminal and coloured, or 80 wide and plain where it is no
 * terminal. The environment's NO_COLOR takes the colours away. */
void terminal_text_init(struct terminal_text *p, struct buf *out, int fd);
/* One text, the first line behind indent spaces and further ones behind hang. */
void terminal_text_put(struct terminal_text *p, size_t indent, size_t hang,
		       enum terminal_text_paint paint, const char *text);
/* The bytes of text that fit into width characters, at least one character: broken at a space, else
 * behind a mark such as '.' or ':', else anywhere. */
size_t terminal_text_break(const char *text, size_t width);
void terminal_text_spaces(struct terminal_text *p, size_t n);
void terminal_text_painted(struct terminal_text *p, enum terminal_text_paint paint,
			   const char *text, size_t len);
/* The text as it is shown, freed by the caller: harmless, and its times are local. */
char *terminal_text_shown(const char *text);

#endif
