/*
 * A check is a connection that is closed at once. look() begins each check whose time has come. One
 * timer serves all. When more are due than may be under way, the others wait in the list, whose
 * head has waited longest; a check that ends looks again. A dial that fails makes the target down,
 * and the next good one makes it up.
 *
 * A visit that gets through counts as a check, and puts off the next one.
 */
#include "agent/target_check.h"

#include "shared/base/err.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/dial.h"
#include "shared/net/timer.h"

#include <string.h>

/* CHECK_DIAL_MS is less than the 5 s that `map` waits. */
enum { CHECKS_AT_ONCE = 4, CHECK_DIAL_MS = 4000, FIRST_CHECK_MS = 5000 };

enum target_state { TARGET_UNKNOWN, TARGET_UP, TARGET_DOWN };
static const char *const state_words[] = {"unknown", "up", "down"};

struct target_check {
	struct list node; /* target_checks.list */
	struct target_checks *all;
	const char *name, *host; /* borrowed */
	uint16_t port;
	const uint64_t *visits;
	uint64_t every_ms, next_ms; /* 0: never */
	struct dial *dial;
	bool asked;
	enum target_state state;
	uint64_t since_ms; /* when the state began, in UNIX time; 0: unknown */
	char *error;       /* why it is TARGET_DOWN, else NULL */
};

struct target_checks {
	struct loop *loop;
	struct timer *timer;
	struct list list;
	unsigned under_way;
	target_check_fn *fn;
	void *owner;
	struct event_hub *events; /* or NULL */
};

/* --- the state --- */

static void tell(const struct target_check *c, enum target_state before)
{
	bool is_down = c->state == TARGET_DOWN;
	const struct event e = {.kind = is_down ? EVENT_TARGET_DOWN : EVENT_TARGET_UP,
				.subject = c->name,
				.why = c->error};
	if (is_down || before == TARGET_DOWN)
		event_hub_take(c->all->events, &e);
}

static void set_state(struct target_check *c, enum target_state state, const char *error)
{
	enum target_state before = c->state;
	if (before != state)
		c->since_ms = loop_wall_ms();
	c->state = state;
	char *text = mem_strdup(error); /* error may be c->error */
	mem_free(c->error);
	c->error = text;
	if (before != state)
		tell(c, before);
	if (state == TARGET_UP && c->every_ms)
		c->next_ms = loop_now_ms(c->all->loop) + c->every_ms;
}

void target_check_note(struct target_check *c, const char *error)
{
	set_state(c, error ? TARGET_DOWN : TARGET_UP, error);
}

static void log_change(const struct target_check *c, enum target_state before, int err)
{
	if (c->state == TARGET_DOWN && before != TARGET_DOWN)
		log_warn("target_down", "mapping=%s target=%s:%u why=%s", c->name, c->host, c->port,
			 err_text(err));
	else if (c->state == TARGET_UP && before == TARGET_DOWN)
		log_info("target_up", "mapping=%s target=%s:%u", c->name, c->host, c->port);
}

/* --- the checks --- */

static void look(struct target_checks *all);

static void on_dialled(void *owner, struct io *io, int err)
{
	struct target_check *c = owner;
	struct target_checks *all = c->all;
	enum target_state before = c->state;
	bool asked = c->asked;
	char *why = io ? NULL : mem_printf("%s:%u: %s", c->host, c->port, err_text(err));
	io_close(io);
	c->dial = NULL;
	c->asked = false;
	all->under_way--;
	target_check_note(c, why);
	mem_free(why);
	log_change(c, before, err);
	bool news = asked || c->state != before;
	look(all);
	if (news)
		all->fn(all->owner);
}

static void begin(struct target_check *c, uint64_t now)
{
	struct target_checks *all = c->all;
	c->next_ms = c->every_ms ? now + c->every_ms : 0;
	if (!c->asked && c->state == TARGET_UP && *c->visits)
		return;
	all->under_way++;
	c->dial = dial_start(all->loop, DIAL_SERVICE, c->host, c->port, NULL, 0, CHECK_DIAL_MS,
			     on_dialled, c);
	list_remove(&c->node);
	list_append(&all->list, &c->node);
}

static bool is_due(const struct target_check *c, uint64_t now)
{
	return !c->dial && (c->asked || (c->next_ms && c->next_ms <= now));
}

static void look(struct target_checks *all)
{
	uint64_t now = loop_now_ms(all->loop), first_ms = 0;
	LIST_EACH(node, &all->list)
	{
		struct target_check *c = LIST_ENTRY(node, struct target_check, node);
		if (is_due(c, now) && (c->asked || all->under_way < CHECKS_AT_ONCE))
			begin(c, now);
		if (!c->dial && c->next_ms && (!first_ms || c->next_ms < first_ms))
			first_ms = c->next_ms;
	}
	if (first_ms > now)
		timer_set(all->timer, first_ms - now);
	else
		timer_stop(all->timer); /* nothing to do, or a check that ends looks again */
}

static void on_timer(void *owner)
{
	look(owner);
}

void target_check_ask(struct target_check *c)
{
	c->asked = true;
	look(c->all);
}

bool target_check_is_asked(const struct target_check *c)
{
	return c && c->asked;
}

void target_check_every(struct target_check *c, uint32_t every_s)
{
	uint64_t every_ms = (uint64_t)every_s * 1000;
	if (every_ms == c->every_ms)
		return;
	c->every_ms = every_ms;
	uint64_t first_ms = every_ms < FIRST_CHECK_MS ? every_ms : FIRST_CHECK_MS;
	c->next_ms = every_ms ? loop_now_ms(c->all->loop) + first_ms : 0;
	look(c->all);
}

/* --- life --- */

struct target_check *target_check_new(struct target_checks *all, const char *name, const char *host,
				      uint16_t port, const uint64_t *visits)
{
	struct target_check *c = mem_zalloc(sizeof(*c));
	c->all = all;
	c->name = name;
	c->host = host;
	c->port = port;
	c->visits = visits;
	list_append(&all->list, &c->node);
	return c;
}

void target_check_free(struct target_check *c)
{
	if (!c)
		return;
	c->all->under_way -= c->dial != NULL;
	dial_close(c->dial);
	list_remove(&c->node);
	look(c->all);
	mem_free(c->error);
	mem_free(c);
}

struct target_checks *target_checks_new(struct loop *l, target_check_fn *fn, void *owner)
{
	struct target_checks *all = mem_zalloc(sizeof(*all));
	all->loop = l;
	all->fn = fn;
	all->owner = owner;
	list_init(&all->list);
	all->timer = timer_new(l, on_timer, all);
	return all;
}

void target_checks_set_events(struct target_checks *all, struct event_hub *events)
{
	all->events = events;
}

void target_checks_free(struct target_checks *all)
{
	if (!all)
		return;
	timer_close(all->timer);
	mem_free(all);
}

/* --- what is known --- */

const char *target_check_error(const struct target_check *c)
{
	return c ? c->error : NULL;
}

struct report_part target_check_part(const struct target_check *c)
{
	struct report_part part = {.error = c->error, .time_ms = c->since_ms};
	memcpy(part.state, state_words[c->state], strlen(state_words[c->state]) + 1);
	return part;
}
