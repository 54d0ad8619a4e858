/*
 * What became of a link and its session, for `status`: in one sentence, and the last loss of the
 * link with its reason. Both ends keep one and tell it alike. Pure: the caller gives the times, in
 * ms since 1970 where they are points.
 */
#ifndef GROUNDNUT_BASE_LINK_SUMMARY_H
#define GROUNDNUT_BASE_LINK_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

struct json;

enum { LINK_SUMMARY_WHY = 95 };

/* All zero: there is nothing to tell. */
struct link_summary {
	uint64_t lost_ms;    /* the last sign of life before the link was lost last; 0: never */
	char *lost_why;      /* as over_why */
	bool is_lost;        /* since then the session has neither gone on nor ended */
	uint64_t resumed_ms; /* when the session last went on over a new link; 0: never */
	uint64_t without_ms; /* how long it had been without a sign of life then */
	uint64_t sent_again; /* bytes */
	uint64_t over_ms;    /* when a session before this one ended; 0: there was none */
	char *over_why;      /* at most LINK_SUMMARY_WHY bytes of it, owned */
};

enum link_summary_state {
	LINK_SUMMARY_ATTACHED,
	LINK_SUMMARY_SUSPECT,
	LINK_SUMMARY_DETACHED,
	LINK_SUMMARY_NO_SESSION
};

/* The link is gone, or as good as that. Of several reasons for one loss the first is kept. */
void link_summary_lost(struct link_summary *s, uint64_t at_ms, const char *why);
void link_summary_fini(struct link_summary *s);
void link_summary_resumed(struct link_summary *s, uint64_t at_ms, uint64_t without_ms,
			  uint64_t sent_again);
/* The session is over. The next one has not been resumed yet. */
void link_summary_over(struct link_summary *s, uint64_t at_ms, const char *why);
/* One sentence (freed by the caller), or NULL when there is nothing to tell. silent_ms, left_ms:
 * since the last sign of life, and until the grace is over; each is looked at only where the
 * state has one. */
char *link_summary_text(const struct link_summary *s, enum link_summary_state state,
			uint64_t silent_ms, uint64_t left_ms);

/* The member "last_break": null, or an object. held_until_ms: when visitors are given up, 0: none
 * waits. */
void link_summary_put_break(const struct link_summary *s, uint64_t held_until_ms, struct json *w);

#endif
