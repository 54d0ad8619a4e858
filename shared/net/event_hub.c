#include "shared/net/event_hub.h"

#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"

/* A source guesses when it sends more than WRONG_BURST wrong ones beyond one in each WRONG_MS. It
 * makes at most one event in each TOLD_MS. */
enum { SOURCES = 4096, WRONG_BURST = 10, WRONG_MS = 15 * 1000, TOLD_MS = 600 * 1000 };

struct event_hub {
	struct loop *loop;
	struct event_ring *ring;
	struct alert_sender *notifier;
	event_hub_fn *fn; /* NULL: nobody */
	void *owner;
	char *account, *agent;             /* for events without an account; or NULL */
	struct rate_limiter *wrong, *told; /* their second is WRONG_MS and TOLD_MS long */
};

void event_hub_take(struct event_hub *h, const struct event *e)
{
	if (!h)
		return;
	struct event whole = *e;
	whole.account = e->account ? e->account : h->account;
	whole.agent = e->account ? e->agent : h->agent;
	if (!e->is_repeated)
		event_ring_add(h->ring, &whole, loop_wall_ms());
	alert_sender_take(h->notifier, &whole);
	if (h->fn)
		h->fn(h->owner, &whole);
}

void event_hub_hear(struct event_hub *h, event_hub_fn *fn, void *owner)
{
	h->fn = fn;
	h->owner = owner;
}

void event_hub_wrong(struct event_hub *h, const struct addr *from, const char *what)
{
	char ip[ADDR_TEXT];
	if (!h)
		return;
	uint64_t now = loop_now_ms(h->loop);
	if (rate_limiter_try(h->wrong, from, now * 1000 / WRONG_MS) ||
	    !rate_limiter_try(h->told, from, now * 1000 / TOLD_MS))
		return;
	const struct event e = {
	    .kind = EVENT_GUESSES, .subject = addr_ip_text(from, ip), .why = what};
	event_hub_take(h, &e);
}

const struct event_ring *event_hub_ring(const struct event_hub *h)
{
	return h->ring;
}

void event_hub_set(struct event_hub *h, const struct alert_config *c, const char *account,
		   const char *agent)
{
	mem_free(h->account);
	mem_free(h->agent);
	h->account = mem_strdup(account);
	h->agent = mem_strdup(agent);
	alert_sender_set(h->notifier, c);
}

struct event_hub *event_hub_new(struct loop *l, const char *source)
{
	struct event_hub *h = mem_zalloc(sizeof *h);
	h->loop = l;
	h->ring = event_ring_new(loop_wall_ms());
	h->notifier = alert_sender_new(l, source);
	h->wrong = rate_limiter_new(SOURCES, 1, WRONG_BURST);
	h->told = rate_limiter_new(SOURCES, 1, 1);
	return h;
}

void event_hub_close(struct event_hub *h)
{
	if (!h)
		return;
	alert_sender_close(h->notifier);
	event_ring_free(h->ring);
	rate_limiter_free(h->wrong);
	rate_limiter_free(h->told);
	mem_free(h->account);
	mem_free(h->agent);
	mem_free(h);
}
