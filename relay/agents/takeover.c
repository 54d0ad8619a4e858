#include "relay/agents/takeover.h"

#include "relay/agents/agent.h"
#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdio.h>

enum {
	HOLDER_WAIT_MS = 2000,
	HOLDER_LOOK_MS = 100,
	RETRY_NAME_IN_USE_MS = 10000,
};

struct takeover {
	struct agent *home;
	takeover_fn *fn;
	void *owner;
	struct pending_agent *challenger;
	struct timer *look;
	uint64_t asked_ms; /* the holder */
};

static struct pending_agent *take_challenger(struct takeover *c)
{
	struct pending_agent *g = c->challenger;
	c->challenger = NULL;
	timer_stop(c->look);
	return g;
}

static void on_look(void *owner)
{
	struct takeover *c = owner;
	struct agent *h = c->home;
	bool attached = agent_is_attached(h);
	/* bytes: a kernel would acknowledge for the dead, too */
	if (attached && transport_heard_ms(agent_trunk(h)) >= c->asked_ms) {
		char at[ADDR_TEXT], reason[HELLO_TEXT];
		snprintf(reason, sizeof reason, "another agent named %s is attached, from %s",
			 agent_name(h), addr_ip_text(agent_remote(h), at));
		takeover_refuse(c, REFUSE_NAME_IN_USE, reason, RETRY_NAME_IN_USE_MS);
		return;
	}
	if (attached && loop_now_ms(agent_loop(h)) < c->asked_ms + HOLDER_WAIT_MS) {
		timer_set(c->look, HOLDER_LOOK_MS);
		return;
	}
	struct pending_agent *g = take_challenger(c);
	/* it has not waited: no reason to end the holder's session */
	if (pending_agent_is_gone(g)) {
		pending_agent_drop(g);
		g = NULL;
	}
	c->fn(c->owner, g);
}

struct takeover *takeover_new(struct agent *h, takeover_fn *fn, void *owner)
{
	struct takeover *c = mem_zalloc(sizeof *c);
	c->home = h;
	c->fn = fn;
	c->owner = owner;
	c->look = timer_new(agent_loop(h), on_look, c);
	return c;
}

void takeover_free(struct takeover *c)
{
	if (!c)
		return;
	timer_close(c->look);
	mem_free(c);
}

void takeover_pose(struct takeover *c, struct pending_agent *g)
{
	if (c->challenger) {
		pending_agent_refuse(g, REFUSE_BUSY, "two other agents want this name already",
				     RETRY_NAME_IN_USE_MS);
		return;
	}
	c->challenger = g;
	c->asked_ms = loop_now_ms(agent_loop(c->home));
	transport_probe(agent_trunk(c->home));
	timer_set(c->look, HOLDER_LOOK_MS);
}

bool takeover_is_on(const struct takeover *c)
{
	return c->challenger != NULL;
}

void takeover_refuse(struct takeover *c, enum refuse_code code, const char *reason,
		     uint32_t retry_ms)
{
	if (c->challenger)
		pending_agent_refuse(take_challenger(c), code, reason, retry_ms);
}
