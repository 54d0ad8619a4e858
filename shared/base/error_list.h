/*
 * What is wrong with a document, for people: a line for each error, in the document's order, none
 * twice. Of very many errors the first that were found are kept, and the rest is counted. So this
 * list must not be asked whether something was wrong: a reader returns its own verdict.
 */
#ifndef GROUNDNUT_BASE_ERROR_LIST_H
#define GROUNDNUT_BASE_ERROR_LIST_H

#include <stdbool.h>
#include <stddef.h>

enum { ERROR_LIST_MAX = 1000, ERROR_LIST_TRAIL = 8 };

struct error_list;

struct error_list *
error_list_new(const char *name); /* of the document, for the line that counts the rest */
void error_list_free(struct error_list *f);
/* Whether another one would be kept; when not, it is counted, and its text need not be made. */
bool error_list_has_room(struct error_list *f);
/* trail: where it belongs, positions from the root down, 0 being before all. Takes text. */
void error_list_add(struct error_list *f, char *text, const size_t trail[ERROR_LIST_TRAIL]);
/* of lines, with the one that counts the rest */
size_t error_list_count(const struct error_list *f);
const char *error_list_text(struct error_list *f, size_t i); /* NULL past the last */

#endif
