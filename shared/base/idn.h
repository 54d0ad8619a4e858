/*
 * Host names as people write them: letters beyond ASCII become A-labels ("博客.alice" is
 * "xn--9krq6q.alice"), by IDNA 2008, not transitional; capitals, full-width letters and the full
 * stop of Chinese (。) are mapped first. For files and command lines only: what a peer or visitor
 * sends goes by text_host(). A build with GROUNDNUT_IDN 0 takes A-labels only.
 *
 * On ERR_SYNTAX *why is what may stand behind "is not a host name": "" or ": …", static.
 */
#ifndef GROUNDNUT_BASE_IDN_H
#define GROUNDNUT_BASE_IDN_H

#include <stdbool.h>

enum { IDN_ASCII = 260 };

/* ASCII stays as it is, a first "*." and a final dot, too. Not checked further. */
int idn_ascii(const char *name, char out[IDN_ASCII], const char **why);
/* And then as text_host() and text_full_host() do. */
int idn_host(const char *name, bool wildcard, char out[256], const char **why);
int idn_full_host(const char *host, const char *domain, char out[256], const char **why);
/* The part of a full name that is host's is shown as a person typed it: "xn--9krq6q.alice" and
 * "博客.alice" make "博客.alice.home.example.com" of "xn--9krq6q.alice.home.example.com". typed may
 * be NULL. Freed by the caller; NULL for NULL. */
char *idn_as_typed(const char *full, const char *host, const char *typed);

#endif
