#include "relay/challenge.h"

#include "relay/home.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdio.h>

enum {
	HOLDER_WAIT_MS = 2000,
	HOLDER_LOOK_MS = 100,
	RETRY_NAME_IN_USE_MS = 10000,
};

struct challenge {
	struct home *home;
	challenge_fn *fn;
	void *owner;
	struct greeting *challenger;
	struct timer *look;
	uint64_t asked_ms; /* the holder */
};

static struct greeting *take_challenger(struct challenge *c)
{
	struct greeting *g = c->challenger;
	c->challenger = NULL;
	timer_stop(c->look);
	return g;
}

static void on_look(void *owner)
{
	struct challenge *c = owner;
	struct home *h = c->home;
	bool attached = home_is_attached(h);
	/* bytes: a kernel would acknowledge for the dead, too */
	if (attached && trunk_heard_ms(home_trunk(h)) >= c->asked_ms) {
		char at[ADDR_TEXT], reason[HELLO_TEXT];
		snprintf(reason, sizeof reason, "another agent named %s is attached, from %s",
			 home_agent(h), addr_ip_text(home_remote(h), at));
		challenge_refuse(c, REFUSE_NAME_IN_USE, reason, RETRY_NAME_IN_USE_MS);
		return;
	}
	if (attached && loop_now_ms(home_loop(h)) < c->asked_ms + HOLDER_WAIT_MS) {
		timer_set(c->look, HOLDER_LOOK_MS);
		return;
	}
	struct greeting *g = take_challenger(c);
	if (greeting_is_gone(g)) { /* it has not waited: no reason to end the holder's session */
		greeting_drop(g);
		g = NULL;
	}
	c->fn(c->owner, g);
}

struct challenge *challenge_new(struct home *h, challenge_fn *fn, void *owner)
{
	struct challenge *c = mem_zalloc(sizeof *c);
	c->home = h;
	c->fn = fn;
	c->owner = owner;
	c->look = timer_new(home_loop(h), on_look, c);
	return c;
}

void challenge_free(struct challenge *c)
{
	if (!c)
		return;
	timer_close(c->look);
	mem_free(c);
}

void challenge_pose(struct challenge *c, struct greeting *g)
{
	if (c->challenger) {
		greeting_refuse(g, REFUSE_BUSY, "two other agents want this name already",
				RETRY_NAME_IN_USE_MS);
		return;
	}
	c->challenger = g;
	c->asked_ms = loop_now_ms(home_loop(c->home));
	trunk_probe(home_trunk(c->home));
	timer_set(c->look, HOLDER_LOOK_MS);
}

bool challenge_is_on(const struct challenge *c)
{
	return c->challenger != NULL;
}

void challenge_refuse(struct challenge *c, enum refuse_code code, const char *reason,
		      uint32_t retry_ms)
{
	if (c->challenger)
		greeting_refuse(take_challenger(c), code, reason, retry_ms);
}
