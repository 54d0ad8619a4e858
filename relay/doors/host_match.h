/*
 * Who serves a host: the table behind a shared http or tls port (one table each). Keys are full
 * names, "blog.alice.home.example.com", or wildcards, "*.alice.home.example.com", which stand for
 * every name below, at any depth, but not for the name itself. The exact name wins, then the
 * longest wildcard.
 *
 * Owners are the caller's pointers, never looked into. One thread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_HOST_MATCH_H
#define GROUNDNUT_RELAY_DOORS_HOST_MATCH_H

#include <stdbool.h>
#include <stddef.h>

struct host_match;

struct host_match *host_match_new(void);
void host_match_free(struct host_match *h); /* the owners are not touched */

/* 0; -EADDRINUSE when another owner has exactly this name, *held_by then its holder text, valid
 * until that entry goes; ERR_SYNTAX for what is no host name. holder: words for people
 * ("alice/nas blog"), copied. The same owner adding again only renews the words. */
int host_match_add(struct host_match *h, const char *host, void *owner, const char *holder,
		   const char **held_by);
/* false: not this owner's */
bool host_match_remove(struct host_match *h, const char *host, const void *owner);
/* for a visitor's host; NULL: nobody. Any case, final dot allowed */
void *host_match_find(const struct host_match *h, const char *host);
/* of exactly this key, or NULL */
const char *host_match_holder(const struct host_match *h, const char *host);
size_t host_match_count(const struct host_match *h);

#endif
