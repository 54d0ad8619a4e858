/*
 * What is wrong with a document: a line each, told in the document's order however they were found,
 * none twice, and of very many the first found and how many more there were. For people; whether
 * something was wrong must not be asked here, where there is an end to what is kept.
 */
#ifndef GROUNDNUT_BASE_FAULTS_H
#define GROUNDNUT_BASE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum { FAULTS_MAX = 1000, FAULTS_TRAIL = 8 };

struct faults;

struct faults *
faults_new(const char *name); /* of the document, for the line that counts the rest */
void faults_free(struct faults *f);
/* Whether another one would be kept; when not, it is counted, and its text need not be made. */
bool faults_has_room(struct faults *f);
/* trail: where it belongs, positions from the root down, 0 being before all. Takes text. */
void faults_add(struct faults *f, char *text, const size_t trail[FAULTS_TRAIL]);
size_t faults_count(const struct faults *f); /* of lines, with the one that counts the rest */
const char *faults_text(struct faults *f, size_t i); /* NULL past the last */

#endif
