/*
 * Who serves a host: the table behind a shared http or tls port (one table each). Keys are full
 * names, "blog.alice.home.example.com", or wildcards, "*.alice.home.example.com", which stand for
 * every name below, at any depth, but not for the name itself. The exact name wins, then the
 * longest wildcard.
 *
 * Owners are the caller's pointers, never looked into. One thread.
 */
#ifndef GROUNDNUT_RELAY_DOORS_HOSTS_H
#define GROUNDNUT_RELAY_DOORS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

struct hosts;

struct hosts *hosts_new(void);
void hosts_free(struct hosts *h); /* the owners are not touched */

/* 0; -EADDRINUSE when another owner has exactly this name, *held_by then its holder text, valid
 * until that entry goes; ERR_SYNTAX for what is no host name. holder: words for people
 * ("alice/nas blog"), copied. The same owner adding again only renews the words. */
int hosts_add(struct hosts *h, const char *host, void *owner, const char *holder,
	      const char **held_by);
/* false: not this owner's */
bool hosts_remove(struct hosts *h, const char *host, const void *owner);
/* for a visitor's host; NULL: nobody. Any case, final dot allowed */
void *hosts_find(const struct hosts *h, const char *host);
/* of exactly this key, or NULL */
const char *hosts_holder(const struct hosts *h, const char *host);
size_t hosts_count(const struct hosts *h);

#endif
