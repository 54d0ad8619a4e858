/*
 * What agents declare about names: the entries of their `names`, the hosts of their mappings; and
 * what became of it. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_WISHES_H
#define GROUNDNUT_RELAY_NAMES_WISHES_H

#include "relay/accounts.h"
#include "relay/names/entries.h"
#include "shared/tunnel/declare.h"

struct wishes;

/* What an agent says at each link, resume and DECLARE. */
struct wishes_agent {
	const char *account, *agent;
	const struct name_wish_list *wishes;
	const struct mapping_list *mappings; /* their hosts; may be NULL */
	struct addr seen;                    /* its address as the relay sees it */
	struct addr address6;                /* its own v6 as it says, or family 0 */
	/* "public", "cgnat", "unknown"; "pending": its v4 value stays as it is */
	const char *nat;
	struct addr judged; /* the address that nat is about; family 0: seen */
};

/* Called from the loop when an agent's report has changed by itself (published, written down). */
typedef void wishes_changed_fn(void *owner, const char *account, const char *agent);

struct wishes *wishes_new(struct entries *t);
void wishes_free(struct wishes *w);                                      /* before the entries */
void wishes_watch(struct wishes *w, wishes_changed_fn *fn, void *owner); /* NULL: nobody */

/* account NULL: it is not known. Entries of this agent that are no longer wished fall back to what
 * is next in strength. */
void wishes_set(struct wishes *w, const struct account *account, const struct wishes_agent *a);
/* e, which its holder wishes, has come out somewhere */
void wishes_published(struct wishes *w, const struct entry *e);
/* agents of other accounts are forgotten */
void wishes_keep(struct wishes *w, const struct accounts *accounts);

/* What became of this agent's wishes; to be freed with wishes_report_free. */
size_t wishes_report(const struct wishes *w, const char *account, const char *agent,
		     struct name_report **out);
void wishes_report_free(struct name_report *reports, size_t count);

#endif
