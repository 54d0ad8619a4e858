/*
 * A probe of a mapping is a round with one attempt for each port that is tried:
 *
 *	WAITING   for its turn: for the rate and for the number of attempts under way
 *	ASKED     PROBE is sent; the relay's answer begins the attempt
 *	TRYING    the attempt (reachability_attempt.h) is under way
 *	DONE      the outcome is yes, no, or unknown
 *
 * The round's outcome is the worst of its attempts. Ways to fail: the relay does not answer PROBE
 * in time, or says that it cannot tell: unknown. The attempt brings no proof: no.
 *
 * One timer serves all mappings. A nonce is outstanding from ASKED until LATE_MS after DONE,
 * because its bytes may be late and come in by the mapping as a visitor's first bytes. These bytes
 * are kept from the service. That they came home proves as much as the relay's answer.
 */
#include "agent/reachability.h"

#include "agent/reachability_rules.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/base/token_bucket.h"
#include "shared/net/timer.h"

#include <string.h>

enum {
	/* Together with REACHABILITY_ATTEMPT_MS this is less than the 5 s that `map` waits. */
	ANSWER_MS = 1500,
	LATE_MS = 5000,   /* how long a nonce is outstanding after DONE */
	SPREAD_MS = 2000, /* after a restart of the relay, its agents begin within this time */
	AT_ONCE = 8,      /* the most attempts under way */
	BURST = 5,
};

enum attempt_state { ATTEMPT_NONE, ATTEMPT_WAITING, ATTEMPT_ASKED, ATTEMPT_TRYING, ATTEMPT_DONE };
enum outcome { OUTCOME_UNKNOWN, OUTCOME_YES, OUTCOME_NO };

struct attempt {
	struct reach *reach;
	enum attempt_state state;
	enum outcome outcome;
	uint16_t port; /* the port of its own; 0: a shared port */
	uint8_t nonce[REACHABILITY_PROBE_NONCE];
	uint64_t number;
	uint64_t until_ms;       /* in ASKED: when the relay's answer is too late */
	uint64_t outstanding_ms; /* until when the nonce is outstanding; 0: it is not */
	bool came_home;          /* its bytes came in by the mapping */
	struct addr at;
	struct reachability_attempt *side;
	char *error;
};

struct reach {
	struct list node; /* reachability.list */
	struct reachability *all;
	const struct mapping *mapping;
	bool is_open, asked, in_round;
	uint64_t next_ms; /* when the next round begins; 0: it is not open */
	char *public_text, *host;
	char asked_host[256]; /* the host of this round; below a wildcard a new one each time */
	struct attempt attempts[REACHABILITY_PORTS];
	struct report_part part;
};

struct reachability {
	struct loop *loop;
	struct timer *timer;
	struct list list;
	struct token_bucket rate;
	unsigned under_way;
	bool soon; /* the timer is set to look again at once */
	uint64_t number;
	bool has_session;
	struct reachability_session session;
	reachability_fn *fn;
	void *owner;
};

static uint64_t now_ms(const struct reachability *all)
{
	return loop_now_ms(all->loop);
}

static void look_soon(struct reachability *all)
{
	all->soon = true;
	timer_set(all->timer, 0);
}

static bool is_under_way(const struct attempt *a)
{
	return a->state == ATTEMPT_ASKED || a->state == ATTEMPT_TRYING;
}

/* --- one attempt --- */

static void clear_attempt(struct attempt *a)
{
	a->reach->all->under_way -= is_under_way(a);
	reachability_attempt_close(a->side);
	mem_free(a->error);
	*a = (struct attempt){.reach = a->reach};
}

static void set_state(struct attempt *a, enum attempt_state state)
{
	static const char *const text[] = {"NONE", "WAITING", "ASKED", "TRYING", "DONE"};
	a->state = state;
	log_debug("reachability", "mapping=%s port=%u state=%s", a->reach->mapping->name, a->port,
		  text[state]);
}

static void done(struct attempt *a, enum outcome outcome, char *error)
{
	struct reachability *all = a->reach->all;
	all->under_way -= is_under_way(a);
	reachability_attempt_close(a->side);
	a->side = NULL;
	mem_free(a->error);
	a->error = error;
	set_state(a, ATTEMPT_DONE);
	a->outcome = outcome;
	a->outstanding_ms = now_ms(all) + LATE_MS;
	look_soon(all);
}

static const char *host_of(const struct reach *r)
{
	return r->host ? r->asked_host : NULL;
}

static void on_side(void *owner, enum reachability_attempt_result result)
{
	struct attempt *a = owner;
	a->side = NULL;
	if (result == REACHABILITY_ATTEMPT_PROVEN)
		done(a, OUTCOME_YES, NULL);
	else
		done(a, OUTCOME_NO, reachability_words(&a->at, host_of(a->reach), result));
}

static void try_side(struct attempt *a, uint16_t port)
{
	struct reach *r = a->reach;
	const struct reachability_session *s = &r->all->session;
	uint8_t proof[REACHABILITY_PROBE_PROOF];
	reachability_probe_prove(s->id, a->nonce, proof);
	a->at = reachability_address(&s->link, r->host ? NULL : r->public_text,
				     a->port ? a->port : port);
	set_state(a, ATTEMPT_TRYING);
	a->side = reachability_attempt_try(r->all->loop, r->mapping->protocol, &a->at, host_of(r),
					   a->nonce, proof, on_side, a);
}

static void ask(struct attempt *a)
{
	struct reachability *all = a->reach->all;
	struct buf json = BUF_INIT;
	random_bytes(a->nonce, REACHABILITY_PROBE_NONCE);
	a->number = ++all->number;
	struct reachability_probe_ask question = {
	    .number = a->number, .mapping = a->reach->mapping->id, .port = a->port};
	memcpy(question.nonce, a->nonce, REACHABILITY_PROBE_NONCE);
	reachability_probe_ask_write(&question, &json);
	tunnel_say(transport_tunnel(all->session.transport), FRAME_PROBE, &json);
	transport_mark(all->session.transport);
	buf_fini(&json);
	all->under_way++;
	set_state(a, ATTEMPT_ASKED);
	a->until_ms = now_ms(all) + ANSWER_MS;
	a->outstanding_ms = UINT64_MAX;
}

/* --- a round --- */

static bool may_probe(const struct reachability *all)
{
	return all->has_session && all->session.can_probe &&
	       transport_is_attached(all->session.transport);
}

static bool is_running(const struct reach *r)
{
	for (int i = 0; i < REACHABILITY_PORTS; i++)
		if (r->attempts[i].state != ATTEMPT_NONE && r->attempts[i].state != ATTEMPT_DONE)
			return true;
	return false;
}

static void begin_round(struct reach *r)
{
	uint16_t ports[REACHABILITY_PORTS] = {0};
	/* Only the relay knows the number of a shared port. */
	ports[0] = r->mapping->first;
	size_t count = r->host ? 1 : reachability_ports(r->mapping, random_u32(), ports);
	if (r->host)
		reachability_host(r->host, random_u32(), r->asked_host);
	for (size_t i = 0; i < REACHABILITY_PORTS; i++) {
		clear_attempt(&r->attempts[i]);
		r->attempts[i].port = ports[i];
		r->attempts[i].state = i < count ? ATTEMPT_WAITING : ATTEMPT_NONE;
	}
	r->in_round = true;
}

static void say_change(const struct reach *r, const char *before)
{
	if (!strcmp(r->part.state, before))
		return;
	if (!strcmp(r->part.state, "no"))
		log_warn("mapping_unreachable", "mapping=%s why=%s", r->mapping->name,
			 r->part.error);
	else if (!strcmp(before, "no"))
		log_info("mapping_reachable", "mapping=%s public=%s", r->mapping->name,
			 r->public_text);
}

/* Takes the outcome of a round. An unknown outcome does not replace a known one. */
static void set_outcome(struct reach *r, enum outcome outcome, const char *error)
{
	static const char *const words[] = {"unknown", "yes", "no"};
	char before[REPORT_STATE];
	bool is_known = r->part.state[0] && strcmp(r->part.state, "unknown") != 0;
	r->next_ms = now_ms(r->all) + reachability_again_ms(outcome == OUTCOME_YES);
	r->asked = false;
	if (outcome == OUTCOME_UNKNOWN && is_known)
		return;
	memcpy(before, r->part.state, sizeof before);
	memcpy(r->part.state, words[outcome], strlen(words[outcome]) + 1);
	mem_free(r->part.error);
	r->part.error = mem_strdup(error);
	r->part.time_ms = loop_wall_ms();
	say_change(r, before);
}

/* Ends a round with the worst outcome of its attempts. */
static void end_round(struct reach *r)
{
	const struct attempt *worst = &r->attempts[0];
	for (int i = 1; i < REACHABILITY_PORTS; i++) {
		const struct attempt *a = &r->attempts[i];
		bool worse = a->outcome == OUTCOME_NO || worst->outcome == OUTCOME_YES;
		if (a->state == ATTEMPT_DONE && worst->outcome != OUTCOME_NO && worse)
			worst = a;
	}
	r->in_round = false;
	set_outcome(r, worst->outcome, worst->error);
}

/* --- looking --- */

static uint64_t nearest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Does what is due for an attempt. Returns when it must be looked at again. */
static uint64_t look_at(struct attempt *a)
{
	struct reachability *all = a->reach->all;
	uint64_t now = now_ms(all);
	if (a->came_home && a->state != ATTEMPT_DONE)
		done(a, OUTCOME_YES, NULL);
	if (a->state == ATTEMPT_WAITING && may_probe(all) && all->under_way < AT_ONCE) {
		uint64_t wait_ms = token_bucket_wait_ms(&all->rate, 1, now);
		if (wait_ms)
			return now + wait_ms;
		token_bucket_take(&all->rate, 1);
		ask(a);
	}
	if (a->state == ATTEMPT_ASKED && now >= a->until_ms)
		done(a, OUTCOME_UNKNOWN, mem_strdup("the relay did not answer in time"));
	if (a->state == ATTEMPT_DONE && now >= a->outstanding_ms)
		a->outstanding_ms = 0;
	if (a->state == ATTEMPT_ASKED)
		return a->until_ms;
	return a->state == ATTEMPT_DONE && a->outstanding_ms ? a->outstanding_ms : UINT64_MAX;
}

static uint64_t look_at_all(struct reach *r, bool *news)
{
	uint64_t at = UINT64_MAX, now = now_ms(r->all);
	if (!r->in_round && r->next_ms && now >= r->next_ms && may_probe(r->all))
		begin_round(r);
	for (int i = 0; i < REACHABILITY_PORTS; i++)
		at = nearest(at, look_at(&r->attempts[i]));
	if (r->in_round && !is_running(r)) {
		end_round(r);
		*news = true;
	}
	bool waits = !r->in_round && r->next_ms && may_probe(r->all);
	return waits ? nearest(at, r->next_ms) : at;
}

void reachability_look(struct reachability *all)
{
	uint64_t at = UINT64_MAX, now = now_ms(all);
	bool news = false;
	all->soon = false;
	LIST_EACH(node, &all->list)
	at = nearest(at, look_at_all(LIST_ENTRY(node, struct reach, node), &news));
	if (!all->soon && at == UINT64_MAX)
		timer_stop(all->timer);
	else if (!all->soon)
		timer_set(all->timer, at > now ? at - now : 0);
	if (news)
		all->fn(all->owner);
}

static void on_timer(void *owner)
{
	reachability_look(owner);
}

/* --- the session --- */

struct reachability *reachability_new(struct loop *l, reachability_fn *fn, void *owner)
{
	struct reachability *all = mem_zalloc(sizeof *all);
	all->loop = l;
	all->fn = fn;
	all->owner = owner;
	list_init(&all->list);
	all->timer = timer_new(l, on_timer, all);
	return all;
}

void reachability_free(struct reachability *all)
{
	if (!all)
		return;
	timer_close(all->timer);
	mem_free(all);
}

static void forget(struct reach *r)
{
	for (int i = 0; i < REACHABILITY_PORTS; i++)
		clear_attempt(&r->attempts[i]);
	report_part_fini(&r->part);
	reach_set_open(r, false, NULL, NULL);
}

void reachability_begin(struct reachability *all, const struct reachability_session *s)
{
	LIST_EACH(node, &all->list)
	forget(LIST_ENTRY(node, struct reach, node));
	all->has_session = s != NULL;
	if (s)
		all->session = *s;
	token_bucket_init(&all->rate, REACHABILITY_PROBE_RATE, BURST, now_ms(all));
}

static struct attempt *find(struct reachability *all, uint64_t number)
{
	LIST_EACH(node, &all->list)
	{
		struct reach *r = LIST_ENTRY(node, struct reach, node);
		for (int i = 0; i < REACHABILITY_PORTS; i++)
			if (r->attempts[i].state == ATTEMPT_ASKED &&
			    r->attempts[i].number == number)
				return &r->attempts[i];
	}
	return NULL;
}

int reachability_answered(struct reachability *all, const char *text, size_t len, char why[256])
{
	struct reachability_probe_answer answer;
	int err = reachability_probe_answer_read(text, len, &answer, why);
	struct attempt *a = err < 0 ? NULL : find(all, answer.number);
	if (!a)
		return err;
	if (answer.port)
		try_side(a, answer.port);
	else
		done(a, OUTCOME_UNKNOWN, mem_printf("the relay cannot tell: %s", answer.error));
	return 0;
}

/* --- one mapping --- */

struct reach *reach_new(struct reachability *all, const struct mapping *m)
{
	struct reach *r = mem_zalloc(sizeof *r);
	r->all = all;
	r->mapping = m;
	for (int i = 0; i < REACHABILITY_PORTS; i++)
		r->attempts[i].reach = r;
	list_append(&all->list, &r->node);
	return r;
}

void reach_free(struct reach *r)
{
	if (!r)
		return;
	forget(r);
	list_remove(&r->node);
	mem_free(r);
}

void reach_set_open(struct reach *r, bool is_open, const char *public_text, const char *host)
{
	bool opens = is_open && !r->is_open;
	char *public_copy = mem_strdup(public_text), *host_copy = mem_strdup(host);
	mem_free(r->public_text);
	mem_free(r->host);
	r->public_text = public_copy;
	r->host = host_copy;
	r->is_open = is_open;
	if (!is_open) {
		for (int i = 0; i < REACHABILITY_PORTS; i++)
			clear_attempt(&r->attempts[i]);
		report_part_fini(&r->part);
		r->in_round = r->asked = false;
		r->next_ms = 0;
	}
	if (!opens)
		return;
	r->next_ms = now_ms(r->all) + 1 + random_below(SPREAD_MS);
	look_soon(r->all);
}

void reach_ask(struct reach *r)
{
	if (!may_probe(r->all) || !r->is_open)
		return;
	r->asked = true;
	r->next_ms = now_ms(r->all);
	look_soon(r->all);
}

bool reach_is_asked(const struct reach *r)
{
	return r->asked;
}

const struct report_part *reach_part(const struct reach *r)
{
	return &r->part;
}

bool reach_is_watching(const struct reach *r)
{
	for (int i = 0; i < REACHABILITY_PORTS; i++)
		if (r->attempts[i].outstanding_ms)
			return true;
	return false;
}

enum splice_verdict reach_guard(struct reach *r, const void *p, size_t len)
{
	enum splice_verdict verdict = SPLICE_PASS;
	for (int i = 0; i < REACHABILITY_PORTS; i++) {
		struct attempt *a = &r->attempts[i];
		enum reachability_probe_match match =
		    a->outstanding_ms ? reachability_probe_match(a->nonce, p, len)
				      : REACHABILITY_PROBE_OTHER;
		if (match == REACHABILITY_PROBE_WHOLE) {
			a->came_home = true;
			look_soon(r->all);
			return SPLICE_CUT;
		}
		if (match == REACHABILITY_PROBE_MAYBE)
			verdict = SPLICE_WAIT;
	}
	return verdict;
}
