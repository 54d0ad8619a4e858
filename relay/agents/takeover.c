#include "relay/agents/takeover.h"

#include "shared/base/mem.h"
#include "shared/net/timer.h"

#include <stdio.h>

enum {
	HOLDER_WAIT_MS = 2000,
	HOLDER_LOOK_MS = 100,
	RETRY_NAME_IN_USE_MS = 10000,
};

struct takeover {
	struct door_owner *holder;
	takeover_fn *fn;
	void *owner;
	struct agent_admission *challenger;
	struct timer *look;
	uint64_t asked_ms; /* the holder */
};

static struct agent_admission *take_challenger(struct takeover *c)
{
	struct agent_admission *p = c->challenger;
	c->challenger = NULL;
	timer_stop(c->look);
	return p;
}

static void on_look(void *owner)
{
	struct takeover *c = owner;
	const struct door_owner *h = c->holder;
	bool attached = door_owner_is_attached(h);
	/* bytes, not acknowledgements: a kernel acknowledges also for a dead program */
	if (attached && transport_keepalive(h->transport)->heard_ms >= c->asked_ms) {
		char at[ADDR_TEXT], reason[HELLO_TEXT];
		snprintf(reason, sizeof reason, "another agent named %s is attached, from %s",
			 h->agent, addr_ip_text(&h->remote, at));
		takeover_refuse(c, REFUSE_NAME_IN_USE, reason, RETRY_NAME_IN_USE_MS);
		return;
	}
	if (attached && loop_now_ms(h->worker->loop) < c->asked_ms + HOLDER_WAIT_MS) {
		timer_set(c->look, HOLDER_LOOK_MS);
		return;
	}
	struct agent_admission *p = take_challenger(c);
	/* the challenger did not wait, so there is no reason to end the holder's session */
	if (agent_admission_is_gone(p)) {
		agent_admission_drop(p);
		p = NULL;
	}
	c->fn(c->owner, p);
}

struct takeover *takeover_new(struct door_owner *holder, takeover_fn *fn, void *owner)
{
	struct takeover *c = mem_zalloc(sizeof *c);
	c->holder = holder;
	c->fn = fn;
	c->owner = owner;
	c->look = timer_new(holder->worker->loop, on_look, c);
	return c;
}

void takeover_free(struct takeover *c)
{
	if (!c)
		return;
	timer_close(c->look);
	mem_free(c);
}

void takeover_pose(struct takeover *c, struct agent_admission *p)
{
	if (c->challenger) {
		agent_admission_refuse(p, REFUSE_BUSY, "two other agents want this name already",
				       RETRY_NAME_IN_USE_MS);
		return;
	}
	c->challenger = p;
	c->asked_ms = loop_now_ms(c->holder->worker->loop);
	transport_probe(c->holder->transport);
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
		agent_admission_refuse(take_challenger(c), code, reason, retry_ms);
}
