/*
 * An event that tells of a trouble makes a watch. The states of a watch, and how it ends:
 *
 *	WAITING   it has not lasted long enough        well again, or gone: forgotten
 *	TOLD      a message was made                   well again: another message; gone: forgotten
 *	SILENT    it was due, but there was no room    well again, or gone: forgotten
 *	          for another message
 *	ONCE      it was told, and must not be told    its time is over: forgotten
 *	          again for a while
 *
 * All watches about one thing wait for the same time, so each has a list whose head is due first.
 * While a home is away, its targets are not told: the home reports them again when it comes back.
 *
 * For the bounds, each share has its watches in lists by importance: those of which nothing more
 * will be told, then targets, then all others. The shares are in lists by their number of watches,
 * so that the fullest is found at once.
 */
#include "shared/base/alerts.h"

#include "shared/base/hash_table.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/token_bucket.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { WORD = 128, WHY = 200, EACH_MS = 60 * 60 * 1000 / ALERTS_EACH };

enum watch_state { WAITING, TOLD, SILENT, ONCE };
/* Which watch has to go first when places are short. */
enum importance { NOTHING_MORE, OF_A_TARGET, OF_MORE, IMPORTANCE_COUNT };

/* The bounds of one account, or of one kind of trouble without an account. */
struct share {
	struct list node;                      /* of alerts.by_watched[watched] */
	struct list watches[IMPORTANCE_COUNT]; /* the newest last */
	unsigned watched, waiting;             /* watches; messages that wait */
	struct token_bucket messages;          /* ALERTS_EACH in an hour */
	bool is_over;                          /* a message has said that there are more */
	char name[];
};

struct watch {
	struct list node; /* of alerts.due while WAITING or ONCE, else of alerts.others */
	struct list rank; /* of share.watches */
	struct share *share;
	enum alert_about about;
	enum watch_state state;
	uint64_t since_ms;
	char *account, *agent, *subject, *why; /* NULL: none */
	char key[];
};

struct message {
	struct list node;
	struct share *share; /* NULL: the message says that others are lost */
	struct alert alert;
};

struct alerts {
	struct alerts_rules rules;
	struct hash_table *watched, *shares;
	struct list by_watched[ALERTS_WATCHED_EACH + 1]; /* shares by their number of watches */
	struct list due[ALERT_ABOUT_COUNT], others;
	struct list waiting; /* of struct message, the oldest first */
	size_t waiting_count;
	unsigned lost; /* messages that were dropped or not made for want of room */
};

const char *event_kind_text(enum event_kind kind)
{
	static const char *const words[] = {
#define EVENT_WORD(name, word) word,
	    EVENT_KINDS(EVENT_WORD)
#undef EVENT_WORD
	};
	return words[kind];
}

const char *alert_about_text(enum alert_about about)
{
	static const char *const words[] = {"home",  "target", "publisher", "certificate",
					    "guess", "quota",  NULL};
	return words[about];
}

/* --- messages --- */

/* Copies a peer's text, cut and without control characters. NULL stays NULL. */
static char *clean(const char *text, size_t cap)
{
	char cut[WHY];
	return text ? text_harmless(text_fit(text, cut, cap)) : NULL;
}

static void drop_message(struct alerts *a, struct message *m)
{
	list_remove(&m->node);
	a->waiting_count--;
	if (m->share)
		m->share->waiting--;
	mem_free(m->alert.account);
	mem_free(m->alert.agent);
	mem_free(m->alert.subject);
	mem_free(m->alert.why);
	mem_free(m);
}

static const char *home_text(const struct alert *m, char out[2 * WORD + 8])
{
	if (m->about == ALERT_HOME && m->subject)
		snprintf(out, 2 * WORD + 8, "%s", m->subject);
	else
		snprintf(out, 2 * WORD + 8, "home %s/%s", m->account ? m->account : "",
			 m->agent ? m->agent : "");
	return out;
}

static void write_well(struct alert *m, const char *after)
{
	char home[2 * WORD + 8];
	home_text(m, home);
	if (m->about == ALERT_HOME)
		snprintf(m->text, ALERT_TEXT, "%s is back after %s", home, after);
	else if (m->about == ALERT_TARGET)
		snprintf(m->text, ALERT_TEXT, "%s: the target of %s is up after %s", home,
			 m->subject, after);
	else if (m->about == ALERT_PUBLISHER)
		snprintf(m->text, ALERT_TEXT, "%s publishes again after %s", m->subject, after);
	else
		snprintf(m->text, ALERT_TEXT, "the certificate for %s was renewed", m->subject);
}

static void write_wrong(struct alert *m, const char *since)
{
	char home[2 * WORD + 8];
	const char *why = m->why ? m->why : "no reason is known";
	home_text(m, home);
	switch (m->about) {
	case ALERT_HOME:
		snprintf(m->text, ALERT_TEXT, "%s has been away for %s: %s", home, since, why);
		break;
	case ALERT_TARGET:
		snprintf(m->text, ALERT_TEXT, "%s: the target of %s has been down for %s: %s", home,
			 m->subject, since, why);
		break;
	case ALERT_PUBLISHER:
		snprintf(m->text, ALERT_TEXT, "%s has not published for %s: %s", m->subject, since,
			 why);
		break;
	case ALERT_CERTIFICATE:
		snprintf(m->text, ALERT_TEXT, "the certificate for %s should have been renewed: %s",
			 m->subject, why);
		break;
	case ALERT_GUESS:
		snprintf(m->text, ALERT_TEXT, "somebody guesses from %s: %s", m->subject, why);
		break;
	case ALERT_QUOTA:
		snprintf(m->text, ALERT_TEXT, "%s", why); /* names the account */
		break;
	case ALERT_ABOUT_COUNT:
		break;
	}
}

static const char *event_text(enum alert_about about, bool is_well)
{
	static const char *const words[ALERT_ABOUT_COUNT][2] = {
	    [ALERT_HOME] = {"home_away", "home_back"},
	    [ALERT_TARGET] = {"target_down", "target_up"},
	    [ALERT_PUBLISHER] = {"publisher_fails", "publisher_works"},
	    [ALERT_CERTIFICATE] = {"certificate_overdue", "certificate_renewed"},
	    [ALERT_GUESS] = {"guesses", "guesses"},
	    [ALERT_QUOTA] = {"quota", "quota"}};
	return words[about][is_well];
}

/* Makes room for a message when all places are taken: drops the newest message of the share that
 * has the most, so that a few accounts cannot take the places of the others. It never drops the
 * first message, which may be on its way. False: no share has clearly more than this one. */
static bool make_room(struct alerts *a, const struct share *of)
{
	struct message *last = NULL;
	unsigned most = of->waiting + 2;
	LIST_EACH(node, &a->waiting)
	{
		struct message *m = LIST_ENTRY(node, struct message, node);
		if (!m->share || m->share->waiting < most)
			continue;
		most = m->share->waiting;
		last = m;
	}
	if (last)
		drop_message(a, last);
	return last != NULL;
}

static struct alert *put_message(struct alerts *a, const struct watch *w, bool is_well,
				 uint64_t now_ms)
{
	if (a->waiting_count == ALERTS_WAITING) {
		a->lost++;
		if (!make_room(a, w->share))
			return NULL;
	}
	struct message *m = mem_zalloc(sizeof *m);
	m->share = w->share;
	w->share->waiting++;
	m->alert = (struct alert){.about = w->about,
				  .event = event_text(w->about, is_well),
				  .is_well = is_well,
				  .account = mem_strdup(w->account),
				  .agent = mem_strdup(w->agent),
				  .subject = mem_strdup(w->subject),
				  .at_ms = now_ms};
	list_append(&a->waiting, &m->node);
	a->waiting_count++;
	return &m->alert;
}

/* Whether the share has another message left. The last one says that there will be no more. */
static bool may_say(struct alerts *a, struct watch *w, uint64_t now_ms)
{
	struct share *s = w->share;
	uint64_t scaled_ms = now_ms * 1000 / EACH_MS; /* its bucket gets one a second */
	if (token_bucket_room(&s->messages, scaled_ms) > ALERTS_EACH / 2)
		s->is_over = false;
	if (token_bucket_try(&s->messages, 1, scaled_ms))
		return true;
	if (s->is_over)
		return false;
	s->is_over = true;
	struct alert *m = put_message(a, w, false, now_ms);
	if (m)
		snprintf(m->text, ALERT_TEXT, "there is more about %s, which is not told", s->name);
	return false;
}

static bool say(struct alerts *a, struct watch *w, bool is_well, uint64_t now_ms)
{
	char since[32];
	if (!may_say(a, w, now_ms))
		return false;
	struct alert *m = put_message(a, w, is_well, now_ms);
	if (!m)
		return false;
	text_duration((now_ms - w->since_ms) / 1000, since);
	m->why = mem_strdup(w->why);
	(is_well ? write_well : write_wrong)(m, since);
	return true;
}

/* --- what is watched --- */

static char *key_of(enum alert_about about, const struct event *e)
{
	bool by_subject = about != ALERT_HOME;
	return mem_printf("%d/%s/%s/%s", about, e->account ? e->account : "",
			  e->agent ? e->agent : "", by_subject && e->subject ? e->subject : "");
}

static struct watch *find(const struct alerts *a, enum alert_about about, const struct event *e)
{
	char *key = key_of(about, e);
	struct watch *w = hash_table_get(a->watched, key, strlen(key));
	mem_free(key);
	return w;
}

/* Returns the share of an account, or of a kind when account is NULL. Shares are never freed: there
 * is one for each account that the operator made, and for each kind. */
static struct share *share_of(struct alerts *a, enum alert_about about, const char *account,
			      uint64_t now_ms)
{
	char name[WORD + 16];
	if (account)
		snprintf(name, sizeof name, "account %s", account);
	else
		snprintf(name, sizeof name, "this kind (%s)", alert_about_text(about));
	struct share *s = hash_table_get(a->shares, name, strlen(name));
	if (s)
		return s;
	s = mem_zalloc(sizeof *s + strlen(name) + 1);
	memcpy(s->name, name, strlen(name) + 1);
	list_append(&a->by_watched[0], &s->node);
	for (int i = 0; i < IMPORTANCE_COUNT; i++)
		list_init(&s->watches[i]);
	token_bucket_init(&s->messages, 1, ALERTS_EACH, now_ms * 1000 / EACH_MS);
	hash_table_add(a->shares, s->name, strlen(s->name), s);
	return s;
}

static bool is_told_once(enum alert_about about)
{
	return about == ALERT_GUESS || about == ALERT_QUOTA;
}

static enum importance importance_of(enum alert_about about, enum watch_state state)
{
	bool nothing_more = state == SILENT || state == ONCE;
	return nothing_more ? NOTHING_MORE : about == ALERT_TARGET ? OF_A_TARGET : OF_MORE;
}

static void enter_state(struct watch *w, enum watch_state state)
{
	w->state = state;
	list_remove(&w->rank);
	list_append(&w->share->watches[importance_of(w->about, state)], &w->rank);
}

static void set_watched(struct alerts *a, struct share *s, unsigned count)
{
	s->watched = count;
	list_remove(&s->node);
	list_append(&a->by_watched[count], &s->node);
}

static void forget(struct alerts *a, struct watch *w)
{
	list_remove(&w->node);
	list_remove(&w->rank);
	hash_table_remove(a->watched, w->key, strlen(w->key));
	set_watched(a, w->share, w->share->watched - 1);
	mem_free(w->account);
	mem_free(w->agent);
	mem_free(w->subject);
	mem_free(w->why);
	mem_free(w);
}

static struct share *fullest_share(const struct alerts *a)
{
	size_t count = ALERTS_WATCHED_EACH;
	while (list_is_empty(&a->by_watched[count]))
		count--;
	return LIST_ENTRY(a->by_watched[count].next, struct share, node);
}

/* Forgets the least important watch of the share: the oldest of those of which nothing more will be
 * told, else the newest of a kind, because the older ones are due soon. False: each of them is more
 * important than the new one. */
static bool make_place(struct alerts *a, struct share *s, enum importance fresh)
{
	for (enum importance i = NOTHING_MORE; i <= fresh; i++) {
		struct list *among = &s->watches[i];
		if (list_is_empty(among))
			continue;
		forget(a, LIST_ENTRY(i == NOTHING_MORE ? among->next : among->prev, struct watch,
				     rank));
		return true;
	}
	return false;
}

static bool has_place(struct alerts *a, struct share *s, enum importance fresh)
{
	if (s->watched == ALERTS_WATCHED_EACH)
		return make_place(a, s, fresh);
	return hash_table_count(a->watched) < ALERTS_WATCHED ||
	       make_place(a, fullest_share(a), fresh);
}

/* Makes a watch. NULL: there is no room for more. */
static struct watch *watch(struct alerts *a, enum alert_about about, const struct event *e,
			   uint64_t now_ms)
{
	struct share *s = share_of(a, about, e->account, now_ms);
	if (!has_place(a, s, importance_of(about, WAITING)))
		return NULL;
	char *key = key_of(about, e);
	struct watch *w = mem_zalloc(sizeof *w + strlen(key) + 1);
	memcpy(w->key, key, strlen(key) + 1);
	mem_free(key);
	w->about = about;
	w->share = s;
	w->since_ms = now_ms;
	w->account = clean(e->account, WORD);
	w->agent = clean(e->agent, WORD);
	w->subject = clean(e->subject, WORD);
	w->why = clean(e->why, WHY);
	list_init(&w->rank);
	enter_state(w, is_told_once(about) ? ONCE : WAITING);
	set_watched(a, s, s->watched + 1);
	hash_table_add(a->watched, w->key, strlen(w->key), w);
	list_append(&a->due[about], &w->node);
	return w;
}

static uint64_t hold_ms(const struct alerts *a, enum alert_about about)
{
	static const uint64_t usual[ALERT_ABOUT_COUNT] = {[ALERT_HOME] = ALERT_HOME_MS,
							  [ALERT_TARGET] = ALERT_TARGET_MS,
							  [ALERT_PUBLISHER] = ALERT_PUBLISHER_MS,
							  [ALERT_GUESS] = ALERT_ONCE_MS,
							  [ALERT_QUOTA] = ALERT_ONCE_MS};
	bool may_change = about <= ALERT_PUBLISHER;
	return may_change && a->rules.after_ms ? a->rules.after_ms : usual[about];
}

/* --- what happens --- */

static void tell_wrong(struct alerts *a, struct watch *w, uint64_t now_ms)
{
	list_remove(&w->node);
	list_append(&a->others, &w->node);
	enter_state(w, say(a, w, false, now_ms) ? TOLD : SILENT);
}

static void is_wrong(struct alerts *a, enum alert_about about, const struct event *e,
		     uint64_t now_ms)
{
	struct watch *w = find(a, about, e);
	if (w && w->state == WAITING) {
		mem_free(w->why);
		w->why = clean(e->why, WHY);
	}
	if (w || !(w = watch(a, about, e, now_ms)))
		return;
	if (w->state == ONCE)
		say(a, w, false, now_ms);
	else if (!hold_ms(a, about))
		tell_wrong(a, w, now_ms);
}

static void is_well(struct alerts *a, enum alert_about about, const struct event *e,
		    uint64_t now_ms)
{
	struct watch *w = find(a, about, e);
	if (!w)
		return;
	if (w->state == TOLD)
		say(a, w, true, now_ms);
	forget(a, w);
}

static void is_gone(struct alerts *a, enum alert_about about, const struct event *e)
{
	struct watch *w = find(a, about, e);
	if (w)
		forget(a, w);
}

static bool is_same_home(const struct watch *w, const struct event *e)
{
	return text_same(w->account, e->account) && text_same(w->agent, e->agent);
}

static void forget_home(struct alerts *a, struct list *among, const struct event *e)
{
	LIST_EACH(node, among)
	{
		struct watch *w = LIST_ENTRY(node, struct watch, node);
		if (is_same_home(w, e) && (w->about == ALERT_HOME || w->about == ALERT_TARGET))
			forget(a, w);
	}
}

static void home_is_removed(struct alerts *a, const struct event *e)
{
	forget_home(a, &a->due[ALERT_HOME], e);
	forget_home(a, &a->due[ALERT_TARGET], e);
	forget_home(a, &a->others, e);
}

void alerts_take(struct alerts *a, const struct event *e, uint64_t now_ms)
{
	enum { WRONG, WELL, GONE };
	static const struct {
		enum event_kind kind;
		enum alert_about about;
		int is;
	} meanings[] = {
	    {EVENT_HOME_DETACHED, ALERT_HOME, WRONG},
	    {EVENT_HOME_GONE, ALERT_HOME, WRONG},
	    {EVENT_HOME_ATTACHED, ALERT_HOME, WELL},
	    {EVENT_HOME_RESUMED, ALERT_HOME, WELL},
	    {EVENT_TARGET_DOWN, ALERT_TARGET, WRONG},
	    {EVENT_TARGET_UP, ALERT_TARGET, WELL},
	    {EVENT_MAPPING_CLOSED, ALERT_TARGET, GONE},
	    {EVENT_PUBLISHER_FAILS, ALERT_PUBLISHER, WRONG},
	    {EVENT_PUBLISHER_WORKS, ALERT_PUBLISHER, WELL},
	    {EVENT_CERTIFICATE_OVERDUE, ALERT_CERTIFICATE, WRONG},
	    {EVENT_CERTIFICATE_TAKEN, ALERT_CERTIFICATE, WELL},
	    {EVENT_GUESSES, ALERT_GUESS, WRONG},
	    {EVENT_QUOTA, ALERT_QUOTA, WRONG},
	};
	if (e->kind == EVENT_HOME_REMOVED)
		home_is_removed(a, e);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		enum alert_about about = meanings[i].about;
		if (meanings[i].kind != e->kind || !a->rules.wants[about])
			continue;
		if (meanings[i].is == WRONG)
			is_wrong(a, about, e, now_ms);
		else if (meanings[i].is == WELL)
			is_well(a, about, e, now_ms);
		else
			is_gone(a, about, e);
	}
}

/* --- the clock --- */

static bool is_home_away(const struct alerts *a, const struct watch *w)
{
	const struct event home = {.account = w->account, .agent = w->agent};
	return find(a, ALERT_HOME, &home) != NULL;
}

static void come_due(struct alerts *a, struct watch *w, uint64_t now_ms)
{
	if (w->state == ONCE || (w->about == ALERT_TARGET && is_home_away(a, w)))
		forget(a, w);
	else
		tell_wrong(a, w, now_ms);
}

uint64_t alerts_look(struct alerts *a, uint64_t now_ms)
{
	uint64_t next_ms = UINT64_MAX;
	for (int about = 0; about < ALERT_ABOUT_COUNT; about++) {
		LIST_EACH(node, &a->due[about])
		{
			struct watch *w = LIST_ENTRY(node, struct watch, node);
			uint64_t due_ms = w->since_ms + hold_ms(a, (enum alert_about)about);
			if (due_ms > now_ms) {
				next_ms = due_ms < next_ms ? due_ms : next_ms;
				break;
			}
			come_due(a, w, now_ms);
		}
	}
	return next_ms;
}

/* --- what waits to be sent --- */

const struct alert *alerts_first(const struct alerts *a)
{
	return list_is_empty(&a->waiting)
		   ? NULL
		   : &LIST_ENTRY(a->waiting.next, struct message, node)->alert;
}

void alerts_drop(struct alerts *a)
{
	struct message *m = LIST_ENTRY(a->waiting.next, struct message, node);
	assert(a->waiting_count);
	if (a->lost) {
		struct message *lost = mem_zalloc(sizeof *lost);
		lost->alert = (struct alert){
		    .about = ALERT_ABOUT_COUNT, .event = "lost", .at_ms = m->alert.at_ms};
		snprintf(lost->alert.text, ALERT_TEXT, "%u alerts could not be sent and are lost",
			 a->lost);
		list_append(&a->waiting, &lost->node);
		a->waiting_count++;
		a->lost = 0;
	}
	drop_message(a, m);
}

size_t alerts_waiting(const struct alerts *a)
{
	return a->waiting_count;
}

size_t alerts_watched(const struct alerts *a)
{
	return hash_table_count(a->watched);
}

/* --- beginning and end --- */

struct alerts *alerts_new(const struct alerts_rules *rules)
{
	struct alerts *a = mem_zalloc(sizeof *a);
	a->rules = *rules;
	a->watched = hash_table_new();
	a->shares = hash_table_new();
	for (int i = 0; i < ALERT_ABOUT_COUNT; i++)
		list_init(&a->due[i]);
	for (int i = 0; i <= ALERTS_WATCHED_EACH; i++)
		list_init(&a->by_watched[i]);
	list_init(&a->others);
	list_init(&a->waiting);
	return a;
}

static void free_watch(void *arg, void *value)
{
	forget(arg, value);
}

static void free_share(void *arg, void *value)
{
	(void)arg;
	mem_free(value);
}

void alerts_free(struct alerts *a)
{
	if (!a)
		return;
	a->lost = 0;
	while (a->waiting_count)
		alerts_drop(a);
	hash_table_each(a->watched, free_watch, a);
	hash_table_each(a->shares, free_share, NULL);
	hash_table_free(a->watched);
	hash_table_free(a->shares);
	mem_free(a);
}
