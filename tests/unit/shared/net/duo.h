/* Two trunks over one TLS link on one loop, on top of pair.h: near is the agent's (it dialled), far
 * the relay's. */
#ifndef GROUNDNUT_TEST_DUO_H
#define GROUNDNUT_TEST_DUO_H

#include "shared/net/transport.h"
#include "tests/unit/shared/net/pair.h"

struct duo;

struct side {
	struct duo *duo;
	struct transport *trunk;
	int lost, over, suspect, alive, byes, refusals, opened;
	bool free_when_lost;
	void (*on_opened)(struct side *s, struct stream *stream);
};

struct duo {
	struct pair pair;
	struct side near, far;
	void (*linked)(struct duo *d); /* both ends are up: attach what is to be attached */
	void (*look)(struct duo *d);   /* after each event of a trunk */
	int ups;
	bool stopping;
};

static inline void duo_on_trunk(void *owner, enum transport_event event)
{
	struct side *s = owner;
	struct duo *d = s->duo;

	s->lost += event == TRANSPORT_LOST;
	s->over += event == TRANSPORT_OVER;
	s->suspect += event == TRANSPORT_SUSPECT;
	s->alive += event == TRANSPORT_ALIVE;
	if (s->free_when_lost && (event == TRANSPORT_LOST || event == TRANSPORT_OVER)) {
		transport_free(s->trunk);
		s->trunk = NULL;
	}
	if (d->look && !d->stopping)
		d->look(d);
}

static inline void duo_on_news(void *owner, const struct tunnel_news *news)
{
	struct side *s = owner;

	s->byes += news->event == TUNNEL_BYE;
	s->refusals += news->event == TUNNEL_REFUSED;
	if (news->event == TUNNEL_OPENED) {
		s->opened++;
		assert_non_null(s->on_opened);
		s->on_opened(s, news->stream);
	}
	if (s->duo->look && !s->duo->stopping && news->event != TUNNEL_PONGED)
		s->duo->look(s->duo);
}

static inline void duo_make_trunk(struct duo *d, struct side *s, bool relay)
{
	struct tunnel_config c = {.first_id = relay ? 2 : 1,
				  .accepts = 1000,
				  .send_budget = 16 << 20,
				  .receive_budget = 16 << 20};

	s->duo = d;
	s->trunk = transport_new(d->pair.loop, &c, relay ? &KEEPALIVE_RELAY : &KEEPALIVE_AGENT,
				 duo_on_trunk, s, duo_on_news, s);
}

static inline void duo_up(struct end *e, enum io_event event)
{
	struct duo *d = e->mine;

	if (event == IO_UP && ++d->ups % 2 == 0)
		d->linked(d);
}

static inline void duo_open(struct duo *d, void (*linked)(struct duo *d))
{
	memset(d, 0, sizeof(*d));
	pair_open(&d->pair);
	pair_use_tls(&d->pair);
	d->linked = linked;
	d->pair.near.look = d->pair.far.look = duo_up;
	d->pair.near.mine = d->pair.far.mine = d;
	duo_make_trunk(d, &d->near, false);
	duo_make_trunk(d, &d->far, true);
	pair_dial(&d->pair);
}

/* The io of one end goes to its trunk. */
static inline void duo_attach(struct side *s, struct end *e, const void *early, size_t len)
{
	struct io *io = e->io;

	e->io = NULL;
	assert_int_equal(transport_attach(s->trunk, io, 0, 0, early, len), 0);
}

static inline void duo_attach_both(struct duo *d)
{
	duo_attach(&d->near, &d->pair.near, NULL, 0);
	duo_attach(&d->far, &d->pair.far, NULL, 0);
}

static inline void duo_stop_now(void *arg)
{
	struct duo *d = arg;

	transport_free(d->near.trunk);
	transport_free(d->far.trunk);
	d->near.trunk = d->far.trunk = NULL;
	pair_stop(&d->pair);
}

/* From the loop: no trunk goes inside its own news. */
static inline void duo_stop(struct duo *d)
{
	if (!d->stopping)
		loop_post(d->pair.loop, duo_stop_now, d);
	d->stopping = true;
}

#endif
