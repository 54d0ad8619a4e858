/*
 * What agents declare about names: the entries of their `names`, the hosts of their mappings; and
 * what became of it. Main loop only.
 */
#ifndef GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H
#define GROUNDNUT_RELAY_NAMES_DECLARED_NAMES_H

#include "relay/accounts/accounts.h"
#include "relay/names/name_table.h"
#include "shared/tunnel/session_messages.h"

struct declared_names;

/* What an agent says at each link, resume and DECLARE. */
struct declared_names_agent {
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
typedef void declared_names_changed_fn(void *owner, const char *account, const char *agent);

struct declared_names *declared_names_new(struct name_table *t);
/* before the entries */
void declared_names_free(struct declared_names *w);
/* NULL: nobody */
void declared_names_watch(struct declared_names *w, declared_names_changed_fn *fn, void *owner);

/* account NULL: it is not known. Entries of this agent that are no longer wished fall back to what
 * is next in strength. */
void declared_names_set(struct declared_names *w, const struct account *account,
			const struct declared_names_agent *a);
/* e, which its holder wishes, has come out somewhere */
void declared_names_published(struct declared_names *w, const struct name_entry *e);
/* agents of other accounts are forgotten */
void declared_names_keep(struct declared_names *w, const struct accounts *accounts);

/* What became of this agent's wishes; to be freed with name_reports_free. */
size_t declared_names_report(const struct declared_names *w, const char *account, const char *agent,
			     struct name_report **out);

#endif
