/*
 * What a link brings, in the order of DESIGN.md section 4:
 *
 *	HELLO resuming our session, a newer epoch      the old link is dropped with all its unread bytes, WELCOME says what was taken, on we go
 *	… an older epoch, or numbers that cannot be    REFUSE stale; a live session is never ended by a wrong number
 *	HELLO for a new session                        by the same process, or while detached: at once. By another process while we are attached:
 *	                                               the holder is asked (PING); silent for 2 s, it is replaced; alive, REFUSE name_in_use
 *	DECLARE                                        doors are closed, kept, opened; STATE answers
 *	the link lost                                  detached: visitors and doors stay, unread, for grace_s since the last byte
 *	BYE, the grace over, a broken session          the session ends: visitors get what has come for them, then a reset
 *
 * After the end of a session its doors rest, open, until the next DECLARE adopts or drops them; with nobody attached and nothing to wait for, the
 * home has ended.
 */
#include "relay/home.h"

#include "relay/doors/front.h"
#include "relay/doors/mapping_door.h"
#include "relay/names/names.h"
#include "relay/names/names_link.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/story.h"
#include "shared/base/text.h"
#include "shared/net/farewell.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	HOLDER_WAIT_MS = 2000,       /* how long an attached holder may be silent before another process replaces it */
	HOLDER_LOOK_MS = 100,
	DOOR_RETRY_MS = 2000,        /* a mapping that could not be opened is tried again that often */
	ACCOUNT_FLOWS = 32768,       /* half of what an agent lets be opened to it */
	PEER_STREAMS = 64,           /* agents open none yet; each is answered by a reset */
	RETRY_NAME_IN_USE_MS = 10000,
	RETRY_REPLACED_MS = 60000,
	RETRY_STALE_MS = 500,
	RETRY_REMOVED_MS = 30000,
};

struct greeting {
	struct io *io;
	struct hello hello;
	struct buf early;
};

struct home {
	struct list node;                /* worker.homes */
	struct world *world;
	struct worker *worker;
	char *account, *agent, *label;
	struct account_use *use;
	home_ended_fn *ended;
	void *owner;

	struct accounts *accounts;       /* the list that is in force here */
	struct trunk *trunk;             /* NULL: no session */
	uint8_t session[SESSION_ID];
	uint64_t epoch, instance;
	uint64_t greeted, resumed;
	struct story story;
	bool told_ended;                 /* … and nobody has greeted since */
	uint64_t since_ms;               /* wall clock: in this state since */
	struct addr remote;

	struct mapping_door **doors;
	size_t door_count;
	uint64_t serial;                 /* of the last DECLARE */
	struct name_report *names;       /* what became of its names */
	size_t name_count;
	bool adopting;                   /* the doors are of the session before; the next DECLARE adopts or closes them */
	bool bye;                        /* the agent said goodbye: its link's end is the session's */

	struct timer *grace;             /* runs while detached */
	struct timer *retry;             /* doors that could not be opened */
	struct greeting *challenger;     /* another process that wants the name while we are attached */
	struct timer *holder;            /* … and until when the holder is asked */
	uint64_t asked_ms;
};

static void end_session(struct home *h, const char *why);
static void begin_session(struct home *h, struct greeting *g);
static void maybe_end(struct home *h);

struct home *home_new(struct world *world, struct worker *worker, const char *account, const char *agent, struct account_use *use,
		      home_ended_fn *ended, void *owner)
{
	struct home *h = mem_zalloc(sizeof *h);
	h->world = world;
	h->worker = worker;
	h->account = mem_strdup(account);
	h->agent = mem_strdup(agent);
	h->label = mem_printf("%s/%s", account, agent);
	h->use = account_use_ref(use);
	h->ended = ended;
	h->owner = owner;
	list_init(&h->node);
	return h;
}

/* --- what goes to a link before it is the trunk's --- */

static void greeting_free(struct greeting *g)
{
	if (!g)
		return;
	buf_fini(&g->early);
	mem_wipe(&g->hello, sizeof g->hello);
	mem_free(g);
}

static void refuse(struct greeting *g, enum refuse_code code, const char *reason, uint32_t retry_ms)
{
	struct refuse r = {.code = code, .retry_ms = retry_ms};
	snprintf(r.reason, sizeof r.reason, "%s", reason);
	struct buf frame = BUF_INIT;
	refuse_write(&r, &frame);
	farewell_say(g->io, &frame);
	greeting_free(g);
}

static bool welcome(struct home *h, struct greeting *g, bool resumed)
{
	const struct relay_config *c = h->world->config;
	struct welcome w = {
	    .version = HELLO_VERSION,
	    .resumed = resumed,
	    .taken = resumed ? tunnel_taken(trunk_tunnel(h->trunk)) : 0,
	    .grace_s = c->grace_s,
	    .receive_budget = (uint64_t)c->limits.session_memory_mib << 20,
	};
	snprintf(w.program, sizeof w.program, "groundnut-relay %s", GROUNDNUT_VERSION);
	memcpy(w.session, h->session, SESSION_ID);
	addr_ip_text(io_peer(g->io), w.address);
	struct buf frame = BUF_INIT;
	welcome_write(&w, &frame);
	bool whole = io_write(g->io, buf_data(&frame), buf_len(&frame)) == (ssize_t)buf_len(&frame);
	buf_fini(&frame);
	return whole;
}

/* --- the trunk --- */

static void detached(struct home *h, int why)
{
	h->since_ms = loop_wall_ms();
	uint64_t now = loop_now_ms(h->worker->loop), heard = trunk_heard_ms(h->trunk);
	uint64_t grace = (uint64_t)h->world->config->grace_s * 1000, over = heard + grace;
	log_warn("agent_detached", "account=%s agent=%s why=%s silent_ms=%" PRIu64 " grace_s=%u", h->account, h->agent, err_text(why),
		 now - heard, h->world->config->grace_s);
	timer_set(h->grace, over > now ? over - now : 0);
}

static void on_grace(void *owner)
{
	struct home *h = owner;
	end_session(h, "grace over");
	maybe_end(h);
}

static void on_trunk(void *owner, enum trunk_event event)
{
	struct home *h = owner;
	if (event == TRUNK_LOST && h->bye) {
		end_session(h, "the agent said goodbye");
		maybe_end(h);
	} else if (event == TRUNK_LOST) {
		detached(h, trunk_why(h->trunk));
	} else if (event == TRUNK_OVER) {
		end_session(h, "protocol violation inside the session");
		maybe_end(h);
	}
}

static void declared(struct home *h, const uint8_t *p, size_t len);

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct home *h = owner;
	switch (news->event) {
	case TUNNEL_DECLARED:
		declared(h, news->p, news->len);
		break;
	case TUNNEL_OPENED: /* agents open nothing yet */
		stream_reset(news->stream, RESET_NO_MAPPING);
		stream_close(news->stream);
		trunk_mark(h->trunk);
		break;
	case TUNNEL_BYE:
	case TUNNEL_REFUSED: /* the agent has given the session up */
		h->bye = true;
		break;
	case TUNNEL_STATED:
	case TUNNEL_PONGED: /* the trunk keeps those */
		break;
	}
}

static void begin_trunk(struct home *h)
{
	const struct relay_limits *limits = &h->world->config->limits;
	size_t budget = (size_t)limits->session_memory_mib << 20;
	struct tunnel_config c = {
	    .first_id = 2,
	    .accepts = PEER_STREAMS,
	    .send_budget = budget,
	    .receive_budget = budget,
	    .send_whole = &h->world->send,
	    .receive_whole = &h->world->receive,
	    .pool = &h->worker->pool,
	};
	h->trunk = trunk_new(h->worker->loop, &c, &PULSE_RELAY, on_trunk, h, on_news, h);
}

/* --- doors --- */

static void rest_doors(struct home *h)
{
	for (size_t i = 0; i < h->door_count; i++)
		mapping_door_rest(h->doors[i]);
}

static void wake_doors(struct home *h)
{
	for (size_t i = 0; i < h->door_count; i++)
		mapping_door_wake(h->doors[i]);
}

static void close_doors(struct home *h)
{
	for (size_t i = 0; i < h->door_count; i++)
		mapping_door_close(h->doors[i]);
	mem_free(h->doors);
	h->doors = NULL;
	h->door_count = 0;
}

static char *public_text(const struct home *h, const struct mapping_door *d)
{
	const struct mapping *m = &d->mapping;
	if (d->host)
		return mem_strdup(d->host);
	const struct relay_config *c = h->world->config;
	struct addr at = c->address_count ? c->addresses[0] : (struct addr){.family = 4};
	char text[ADDR_TEXT];
	at.port = m->first;
	addr_text(&at, text);
	return m->first == m->last ? mem_strdup(text) : mem_printf("%s-%u", text, m->last);
}

static void send_state(struct home *h)
{
	struct state s = {.serial = h->serial, .mapping_count = h->door_count};
	char address[ADDR_TEXT];
	s.address = mem_strdup(addr_ip_text(&h->remote, address));
	s.mappings = mem_zalloc(h->door_count * sizeof *s.mappings);
	for (size_t i = 0; i < h->door_count; i++) {
		const struct mapping_door *d = h->doors[i];
		bool open = d->is_open;
		s.mappings[i] = (struct mapping_report){
		    .id = d->mapping.id,
		    .state = open ? MAPPING_OPEN : MAPPING_ERROR,
		    .public_text = open ? public_text(h, d) : NULL,
		    .error = open ? NULL : mem_strdup(d->error),
		};
	}
	s.names = h->names; /* borrowed */
	s.name_count = h->name_count;
	struct buf json = BUF_INIT;
	state_write(&s, &json);
	s.names = NULL;
	s.name_count = 0;
	tunnel_state(trunk_tunnel(h->trunk), &json);
	trunk_mark(h->trunk);
	buf_fini(&json);
	state_fini(&s);
}

/* What the account does not allow, it may not even try. */
static char *forbidden_host(const struct home *h, const struct mapping_door *d)
{
	const struct relay_config *c = h->world->config;
	bool http = d->mapping.protocol == MAPPING_HTTP;
	if (!(http ? c->http_count : c->tls_count))
		return mem_printf("this relay has no port for %s mappings (\"%s\" in its relay.json)",
				  mapping_protocol_text(d->mapping.protocol), http ? "http" : "tls");
	const struct account *a = home_account(h);
	if (!a || !account_allows_host(a, d->host))
		return mem_printf("account %s may not have the host %s", h->account, d->host);
	return NULL;
}

static char *forbidden(const struct home *h, const struct mapping_door *d)
{
	const struct mapping *m = &d->mapping;
	if (d->host)
		return forbidden_host(h, d);
	enum ports_protocol protocol = m->protocol == MAPPING_UDP ? PORTS_UDP : PORTS_TCP;
	const struct account *a = home_account(h);
	if (!a || !account_allows_ports(a, protocol, m->first, m->last))
		return mem_printf("account %s may not open that port", h->account);
	return NULL;
}

/* Opens it if it may and can; true if its state is another now. */
static bool try_door(struct home *h, struct mapping_door *d)
{
	if (d->is_open)
		return false;
	const struct mapping *m = &d->mapping;
	char *before = mem_strdup(d->error);
	char *why = forbidden(h, d);
	if (why)
		mapping_door_set_error(d, why);
	else
		mapping_door_open(d);
	const char *after = d->error;
	bool news = !before || !after || strcmp(before, after) != 0;
	mem_free(before);
	if (!news)
		return false;
	if (after)
		log_warn("mapping_error", "account=%s agent=%s mapping=%s why=%s", h->account, h->agent, m->name, after);
	else if (d->host)
		log_info("mapping_open", "account=%s agent=%s mapping=%s host=%s", h->account, h->agent, m->name, d->host);
	else
		log_info("mapping_open", "account=%s agent=%s mapping=%s port=%u", h->account, h->agent, m->name, m->first);
	return true;
}

static void try_doors(struct home *h)
{
	bool news = false, again = false;
	for (size_t i = 0; i < h->door_count; i++) {
		news |= try_door(h, h->doors[i]);
		again |= !h->doors[i]->is_open;
	}
	if (again)
		timer_set(h->retry, DOOR_RETRY_MS);
	if (news && h->trunk)
		send_state(h);
}

static void on_retry(void *owner)
{
	try_doors(owner);
}

/* The door that serves m already: the same mapping, or after a change of session the same ports. */
static struct mapping_door *take_door(struct home *h, const struct mapping *m, bool adopt)
{
	for (size_t i = 0; i < h->door_count; i++) {
		struct mapping_door *d = h->doors[i];
		if (!d)
			continue;
		bool fits = adopt ? mapping_door_fits(d, m) : d->mapping.id == m->id && mapping_same(&d->mapping, m);
		if (fits) {
			h->doors[i] = NULL;
			return d;
		}
	}
	return NULL;
}

static void set_doors(struct home *h, const struct mapping_list *list)
{
	struct mapping_door **fresh = mem_zalloc(list->count * sizeof *fresh);
	for (size_t i = 0; i < list->count; i++)
		fresh[i] = take_door(h, &list->items[i], h->adopting);
	for (size_t i = 0; i < h->door_count; i++) /* before any is opened: a new mapping may want its port */
		mapping_door_close(h->doors[i]);
	mem_free(h->doors);
	h->doors = fresh;
	h->door_count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		if (!fresh[i])
			fresh[i] = mapping_door_new(h, &list->items[i]);
		else if (h->adopting)
			mapping_door_adopt(fresh[i], &list->items[i]);
	}
	if (h->adopting)
		wake_doors(h);
	h->adopting = false;
}

static void declared(struct home *h, const uint8_t *p, size_t len)
{
	struct declare d;
	char why[256];
	if (declare_read((const char *)p, len, &d, why) < 0) {
		log_warn("bad_declare", "account=%s agent=%s why=%s", h->account, h->agent, why);
		trunk_break(h->trunk, ERR_SESSION);
		return;
	}
	h->serial = d.serial;
	set_doors(h, &d.mappings);
	names_link_declare(h->world, h->account, h->agent, &d, &h->remote);
	declare_fini(&d);
	try_doors(h);
	send_state(h);
}

/* --- sessions --- */

static void end_session(struct home *h, const char *why)
{
	if (!h->trunk)
		return;
	log_info("session_over", "account=%s agent=%s why=%s", h->account, h->agent, why);
	story_over(&h->story, loop_wall_ms(), why);
	timer_stop(h->grace);
	timer_stop(h->retry);
	for (size_t i = 0; i < h->door_count; i++)
		mapping_door_clear(h->doors[i], true, RESET_GRACE_OVER);
	rest_doors(h);
	h->adopting = true;
	trunk_free(h->trunk);
	h->trunk = NULL;
	h->bye = false;
	h->since_ms = loop_wall_ms();
}

static void attached(struct home *h, const struct greeting *g)
{
	h->remote = *io_peer(g->io);
	h->remote.port = 0;
	h->epoch = g->hello.epoch;
	h->bye = false;
	h->since_ms = loop_wall_ms();
	timer_stop(h->grace);
}

static void drop_link(struct greeting *g)
{
	io_close(g->io);
	greeting_free(g);
}

static void begin_session(struct home *h, struct greeting *g)
{
	end_session(h, "a new session begins");
	begin_trunk(h);
	random_bytes(h->session, sizeof h->session);
	h->instance = g->hello.instance;
	attached(h, g);
	h->epoch = 0;
	char peer[ADDR_TEXT];
	log_info("agent_attached", "account=%s agent=%s remote=%s program=%s", h->account, h->agent, addr_text(io_peer(g->io), peer),
		 g->hello.program);
	if (welcome(h, g, false) &&
	    trunk_attach(h->trunk, g->io, 0, g->hello.receive_budget, buf_data(&g->early), buf_len(&g->early)) == 0) {
		greeting_free(g);
		return;
	}
	drop_link(g);
	end_session(h, "the link was gone at once");
	maybe_end(h);
}

static void resume(struct home *h, struct greeting *g)
{
	bool was_attached = trunk_is_attached(h->trunk);
	uint64_t silent = loop_now_ms(h->worker->loop) - trunk_heard_ms(h->trunk);
	trunk_detach(h->trunk);
	attached(h, g);
	char peer[ADDR_TEXT];
	addr_text(io_peer(g->io), peer);
	if (!welcome(h, g, true) ||
	    trunk_attach(h->trunk, g->io, g->hello.taken, g->hello.receive_budget, buf_data(&g->early), buf_len(&g->early)) < 0) {
		drop_link(g);
		detached(h, ERR_CLOSED);
		return;
	}
	uint64_t again = tunnel_replay(trunk_tunnel(h->trunk));
	h->resumed++;
	story_resumed(&h->story, loop_wall_ms(), silent, again);
	log_info("agent_resumed", "account=%s agent=%s remote=%s after_ms=%" PRIu64 " sent_again=%" PRIu64 " was=%s", h->account, h->agent,
		 peer, silent, again, was_attached ? "attached" : "detached");
	if (!h->adopting)
		wake_doors(h);
	greeting_free(g);
}

/* --- who holds the name --- */

static void drop_challenger(struct home *h, enum refuse_code code, const char *reason, uint32_t retry_ms)
{
	struct greeting *g = h->challenger;
	h->challenger = NULL;
	timer_stop(h->holder);
	if (g)
		refuse(g, code, reason, retry_ms);
}

static void refuse_holder(struct home *h, enum refuse_code code, uint32_t retry_ms)
{
	struct refuse r = {.code = code, .retry_ms = retry_ms};
	snprintf(r.reason, sizeof r.reason, "%s", refuse_code_reason(code));
	struct buf frame = BUF_INIT;
	refuse_write(&r, &frame);
	trunk_refuse(h->trunk, &frame);
	buf_fini(&frame);
}

static void on_holder(void *owner)
{
	struct home *h = owner;
	uint64_t now = loop_now_ms(h->worker->loop);
	bool attached_still = home_is_attached(h);
	if (attached_still && trunk_heard_ms(h->trunk) >= h->asked_ms) { /* bytes: a kernel would acknowledge for the dead, too */
		char at[ADDR_TEXT], reason[HELLO_TEXT];
		snprintf(reason, sizeof reason, "another agent named %s is attached, from %s", h->agent, addr_ip_text(&h->remote, at));
		drop_challenger(h, REFUSE_NAME_IN_USE, reason, RETRY_NAME_IN_USE_MS);
		return;
	}
	if (attached_still && now < h->asked_ms + HOLDER_WAIT_MS) {
		timer_set(h->holder, HOLDER_LOOK_MS);
		return;
	}
	struct greeting *g = h->challenger;
	h->challenger = NULL;
	if (io_error(g->io)) { /* it has not waited: no reason to end the holder's session */
		drop_link(g);
		maybe_end(h);
		return;
	}
	if (h->trunk)
		log_info("agent_replaced", "account=%s agent=%s", h->account, h->agent);
	if (attached_still)
		refuse_holder(h, REFUSE_REPLACED, RETRY_REPLACED_MS);
	begin_session(h, g);
}

static void challenge(struct home *h, struct greeting *g)
{
	if (h->challenger) {
		refuse(g, REFUSE_BUSY, "two other agents want this name already", RETRY_NAME_IN_USE_MS);
		return;
	}
	h->challenger = g;
	h->asked_ms = loop_now_ms(h->worker->loop);
	trunk_probe(h->trunk);
	timer_set(h->holder, HOLDER_LOOK_MS);
}

static void greet(struct home *h, struct greeting *g)
{
	const struct hello *hello = &g->hello;
	bool ours = h->trunk && hello->resume && CRYPTO_memcmp(hello->session, h->session, SESSION_ID) == 0;
	bool live = home_is_attached(h);
	if (ours) {
		if (hello->epoch <= h->epoch || (live && !tunnel_fits(trunk_tunnel(h->trunk), hello->taken)))
			refuse(g, REFUSE_STALE, refuse_code_reason(REFUSE_STALE), RETRY_STALE_MS);
		else if (!tunnel_fits(trunk_tunnel(h->trunk), hello->taken))
			begin_session(h, g);
		else
			resume(h, g);
	} else if (live && hello->instance != h->instance) {
		challenge(h, g);
	} else {
		begin_session(h, g);
	}
}

/* --- messages from the main loop --- */

struct message {
	struct name_report *names;
	size_t name_count;
	struct home *home;
	struct io_parcel *parcel;
	struct greeting *greeting;
	struct accounts *accounts;
	enum refuse_code why;
};

/* The first message makes a home known to its loop. */
static void settle_in(struct home *h)
{
	if (h->grace)
		return;
	struct loop *l = h->worker->loop;
	h->grace = timer_new(l, on_grace, h);
	h->retry = timer_new(l, on_retry, h);
	h->holder = timer_new(l, on_holder, h);
	list_append(&h->worker->homes, &h->node);
}

static void set_accounts(struct home *h, struct accounts *a)
{
	accounts_unref(h->accounts);
	h->accounts = a;
}

static void on_unpacked(void *owner, enum io_event event)
{
	(void)owner, (void)event; /* the trunk takes over before the loop turns */
}

static void take_greeting(void *arg)
{
	struct message *m = arg;
	struct home *h = m->home;
	struct greeting *g = m->greeting;
	settle_in(h);
	h->greeted++;
	h->told_ended = false;
	set_accounts(h, m->accounts);
	g->io = io_unpack(h->worker->loop, m->parcel, on_unpacked, NULL);
	mem_free(m);
	greet(h, g);
}

void home_greet(struct home *h, struct io_parcel *parcel, const struct hello *hello, struct buf *early, struct accounts *accounts)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .parcel = parcel, .accounts = accounts_ref(accounts), .greeting = mem_zalloc(sizeof *m->greeting)};
	m->greeting->hello = *hello;
	m->greeting->early = *early;
	*early = (struct buf)BUF_INIT;
	loop_post(h->worker->loop, take_greeting, m);
}

static void end_by_refusal(struct home *h, enum refuse_code code, uint32_t retry_ms)
{
	drop_challenger(h, code, refuse_code_reason(code), retry_ms);
	if (home_is_attached(h))
		refuse_holder(h, code, retry_ms);
	end_session(h, refuse_code_reason(code));
	maybe_end(h);
}

static void take_accounts(void *arg)
{
	struct message *m = arg;
	struct home *h = m->home;
	settle_in(h);
	const struct account *old = home_account(h);
	const struct account *new = accounts_find(m->accounts, h->account);
	bool renewed = old && new && strcmp(old->token, new->token) != 0;
	bool removed = !new;
	set_accounts(h, m->accounts);
	mem_free(m);
	if (removed || renewed) {
		end_by_refusal(h, removed ? REFUSE_REMOVED : REFUSE_TOKEN, RETRY_REMOVED_MS);
		return;
	}
	for (size_t i = 0; i < h->door_count; i++) {
		char *why = h->doors[i]->is_open ? forbidden(h, h->doors[i]) : NULL;
		if (why)
			mapping_door_shut(h->doors[i], why);
	}
	if (h->trunk) {
		try_doors(h);
		send_state(h);
	}
}

void home_set_accounts(struct home *h, struct accounts *accounts)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .accounts = accounts_ref(accounts)};
	loop_post(h->worker->loop, take_accounts, m);
}

/* --- visitors of the shared ports --- */

struct visit {
	struct home *home;
	uint64_t claim;
	struct io_parcel *parcel;
	struct http_relay *machine;
};

static void take_visit(void *arg)
{
	struct visit *v = arg;
	struct home *h = v->home;
	struct mapping_door *door = NULL;
	for (size_t i = 0; i < h->door_count; i++)
		if (h->doors[i]->claim == v->claim)
			door = h->doors[i];
	if (door)
		mapping_door_arrive(door, v->parcel, v->machine);
	else if (v->machine) /* it has just closed: there may be another */
		front_return(h->world, v->parcel, v->machine);
	else
		front_alert(h->worker->loop, v->parcel, SNI_INTERNAL_ERROR);
	mem_free(v);
}

void home_visit(struct home *h, uint64_t claim, struct io_parcel *parcel, struct http_relay *machine)
{
	struct visit *v = mem_alloc(sizeof *v);
	*v = (struct visit){.home = h, .claim = claim, .parcel = parcel, .machine = machine};
	loop_post(h->worker->loop, take_visit, v);
}

static void take_names(void *arg)
{
	struct message *m = arg;
	struct home *h = m->home;
	wishes_report_free(h->names, h->name_count);
	h->names = m->names;
	h->name_count = m->name_count;
	mem_free(m);
	if (h->trunk && !h->adopting)
		send_state(h);
}

void home_set_names(struct home *h, struct name_report *reports, size_t count)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .names = reports, .name_count = count};
	loop_post(h->worker->loop, take_names, m);
}

static void take_stop(void *arg)
{
	struct message *m = arg;
	struct home *h = m->home;
	enum refuse_code why = m->why;
	mem_free(m);
	settle_in(h);
	drop_challenger(h, why, refuse_code_reason(why), 0);
	if (home_is_attached(h))
		refuse_holder(h, why, 0);
	end_session(h, refuse_code_reason(why));
	close_doors(h);
}

void home_stop(struct home *h, enum refuse_code why)
{
	struct message *m = mem_zalloc(sizeof *m);
	*m = (struct message){.home = h, .why = why};
	loop_post(h->worker->loop, take_stop, m);
}

/* --- the end --- */

/* By the time it is read the home may be gone, if everything ends: so it says everything itself. */
struct obituary {
	home_ended_fn *ended;
	void *owner;
	struct home *home;
	uint64_t greeted;
};

static void tell_ended(void *arg)
{
	struct obituary *o = arg;
	o->ended(o->owner, o->home, o->greeted);
	mem_free(o);
}

static void maybe_end(struct home *h)
{
	if (h->trunk || h->challenger || h->told_ended)
		return;
	close_doors(h);
	h->adopting = false;
	h->told_ended = true;
	struct obituary *o = mem_alloc(sizeof *o);
	*o = (struct obituary){.ended = h->ended, .owner = h->owner, .home = h, .greeted = h->greeted};
	if (!loop_post(h->world->main, tell_ended, o))
		mem_free(o);
}

static void free_here(void *arg)
{
	struct home *h = arg;
	drop_challenger(h, REFUSE_STOPPING, refuse_code_reason(REFUSE_STOPPING), 0);
	end_session(h, "freed");
	close_doors(h);
	timer_close(h->grace);
	timer_close(h->retry);
	timer_close(h->holder);
	list_remove(&h->node);
	wishes_report_free(h->names, h->name_count);
	accounts_unref(h->accounts);
	account_use_unref(h->use);
	mem_free(h->account);
	mem_free(h->agent);
	mem_free(h->label);
	mem_free(h);
}

void home_free_later(struct home *h)
{
	loop_post(h->worker->loop, free_here, h);
}

/* --- what is known --- */

struct home *home_of_node(struct list *node)
{
	return LIST_ENTRY(node, struct home, node);
}

void home_status(const struct home *h, struct json *w)
{
	if (!h->trunk)
		return;
	bool up = trunk_is_attached(h->trunk);
	char remote[ADDR_TEXT];
	json_open(w, NULL, '{');
	json_str(w, "account", h->account);
	json_str(w, "agent", h->agent);
	json_str(w, "state", up ? "attached" : "detached");
	json_str(w, "remote", addr_ip_text(&h->remote, remote));
	json_time(w, "since", h->since_ms);
	json_uint(w, "rtt_ms", trunk_rtt_ms(h->trunk));
	json_uint(w, "resumed", h->resumed);
	uint64_t silent = loop_now_ms(h->worker->loop) - trunk_heard_ms(h->trunk), grace = (uint64_t)h->world->config->grace_s * 1000;
	char *story = story_text(&h->story, up ? STORY_ATTACHED : STORY_DETACHED, silent, grace > silent ? grace - silent : 0);
	json_str(w, "link", story);
	mem_free(story);
	struct tunnel_numbers n = tunnel_numbers(trunk_tunnel(h->trunk));
	json_uint(w, "outbox_bytes", n.outbox);
	json_uint(w, "waiting", n.waiting);
	json_open(w, "mappings", '[');
	for (size_t i = 0; i < h->door_count; i++) {
		char *public = public_text(h, h->doors[i]);
		mapping_door_status(h->doors[i], public, w);
		mem_free(public);
	}
	json_close(w);
	json_close(w);
}

struct trunk *home_trunk(struct home *h)
{
	return h->trunk;
}

struct world *home_world(struct home *h)
{
	return h->world;
}

struct loop *home_loop(struct home *h)
{
	return h->worker->loop;
}

const char *home_label(const struct home *h)
{
	return h->label;
}

const struct account *home_account(const struct home *h)
{
	return h->accounts ? accounts_find(h->accounts, h->account) : NULL;
}

struct shaper_whole *home_bandwidth(const struct home *h)
{
	const struct account *a = home_account(h);
	return a && a->bandwidth ? h->use->bandwidth : NULL;
}

bool home_is_attached(const struct home *h)
{
	return h->trunk && trunk_is_attached(h->trunk);
}

bool home_enter(struct home *h)
{
	const struct account *a = home_account(h);
	uint32_t most = a && a->connections ? a->connections : h->world->config->limits.connections_per_account;
	if (atomic_fetch_add(&h->use->connections, 1) < most)
		return true;
	atomic_fetch_sub(&h->use->connections, 1);
	return false;
}

void home_leave(struct home *h)
{
	atomic_fetch_sub(&h->use->connections, 1);
}

bool home_enter_flow(struct home *h)
{
	if (atomic_fetch_add(&h->use->flows, 1) < ACCOUNT_FLOWS)
		return true;
	atomic_fetch_sub(&h->use->flows, 1);
	return false;
}

void home_leave_flow(struct home *h)
{
	atomic_fetch_sub(&h->use->flows, 1);
}
