/*
 *	closed         claims its host or ports, then listens (tcp, udp)    → open
 *	open           visitors come in, each counted by mapping and account
 *	open, resting  newcomers wait (in the kernel, or parked here): too many wait for an agent
 *	               that is away, or there is no session. A link or a DECLARE wakes it    → open
 *	shut           no longer allowed or declared: visitors are reset    → closed
 *
 * A claim or a listener that fails leaves the door closed with the reason; its owner tries again.
 */
#include "relay/doors/door.h"

#include "relay/accounts/traffic_sums.h"
#include "relay/doors/port_table.h"
#include "relay/doors/shared_ports.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/visitor_log.h"
#include "shared/net/timer.h"

#include <string.h>
#include <uv.h>

enum {
	SLOW_VISITORS_MS = 50,
	SLOW_VISITORS_MOST = 64, /* visitors that make room at once */
	/* how far behind is too far, where places are short; less, where so many of a network are
	 * behind */
	PLACE_LAG_MS = 10000,
	PLACE_CROWD = 16,
	SLOW_SAY_MS = 60000,
	SOURCES = 4096,
	FLOWS_DEFAULT = 16384,
	HTTP_PORT = 80,
	HTTPS_PORT = 443,
};

static const struct door_kind *kind_of(const struct mapping *m)
{
	switch (m->protocol) {
	case MAPPING_UDP:
		return &UDP_DOOR;
	case MAPPING_HTTP:
		return &HTTP_DOOR;
	case MAPPING_TLS:
	case MAPPING_HTTPS:
		return m->first ? &TLS_PORT_DOOR : &TLS_DOOR;
	case MAPPING_TCP:
	case MAPPING_UNKNOWN: /* never opened */
		return &TCP_DOOR;
	}
	return NULL; /* no other value is ever read */
}

static void set_rates(struct door *d)
{
	uint32_t rate = d->mapping.connections_per_second_per_source;
	if (rate && d->rates)
		rate_limiter_change(d->rates, rate, rate);
	else if (rate)
		d->rates = rate_limiter_new(SOURCES, rate, rate);
	else {
		rate_limiter_free(d->rates);
		d->rates = NULL;
	}
	if (d->shaper)
		shaper_change(d->shaper, d->mapping.bandwidth);
}

/* A name that would be too long stays as it is, and no account has it. */
static char *full_host(const struct door_owner *t, const char *host)
{
	char full[256];
	const char *domain = t->worker->config->domain;
	return mem_strdup(text_full_host(host, domain, full) == 0 ? full : host);
}

struct door *door_new(struct door_owner *t, const struct mapping *mapping)
{
	const struct door_kind *kind = kind_of(mapping);
	struct door *d = mem_zalloc(kind->size);
	d->kind = kind;
	d->tenant = t;
	mapping_copy(&d->mapping, mapping);
	d->host = mapping->host ? full_host(t, mapping->host) : NULL;
	list_init(&d->parked);
	list_init(&d->inside);
	list_append(&t->doors, &d->beside);
	set_rates(d);
	kind->init(d);
	return d;
}

void door_set_error(struct door *d, char *error, char *detail)
{
	mem_free(d->error);
	mem_free(d->detail);
	d->error = error;
	d->detail = detail;
	d->failed = 0;
	d->over_most = false;
}

char *door_why_closed(const struct door *d, bool for_operator)
{
	if (!d->is_open)
		return mem_strdup(for_operator && d->detail ? d->detail
				  : d->error                ? d->error
							    : "not opened yet");
	return d->host && !d->mapping.first
		   ? vhost_table_closed(d->tenant->worker->context->vhosts,
					mapping_kind(d->mapping.protocol)->entrance, for_operator)
		   : NULL;
}

/* --- visitors of the shared ports --- */

/* A visitor on its way from the main loop to the door's loop, or parked while the door rests. */
struct arrival {
	struct list node; /* door.parked */
	struct worker *worker;
	uint64_t claim;
	struct io_parcel *parcel;
	struct http_gateway *gateway;
};

static void arrive(struct door *d, struct arrival *a)
{
	if (d->resting && d->parked_count < DOOR_WAITING) {
		list_append(&d->parked, &a->node);
		d->parked_count++;
		return;
	}
	(d->resting ? d->kind->turn_away : d->kind->take)(d, a->parcel, a->gateway);
	mem_free(a);
}

static void take_arrival(void *arg)
{
	struct arrival *a = arg;
	struct door *d = hash_table_get(a->worker->vhosts, &a->claim, sizeof a->claim);
	if (d) {
		arrive(d, a);
		return;
	}
	if (a->gateway) /* the door has just closed, and another one may serve the host */
		shared_ports_return(a->worker->context, a->parcel, a->gateway);
	else
		shared_ports_alert(a->worker->loop, a->parcel, CLIENT_HELLO_INTERNAL_ERROR);
	mem_free(a);
}

static void deliver(const struct vhost *to, struct io_parcel *parcel, struct http_gateway *gateway)
{
	struct arrival *a = mem_alloc(sizeof *a);
	*a = (struct arrival){
	    .worker = to->worker, .claim = to->claim, .parcel = parcel, .gateway = gateway};
	if (loop_post(to->worker->loop, take_arrival, a))
		return;
	io_parcel_free(parcel);
	http_gateway_free(gateway);
	mem_free(a);
}

/* --- claims --- */

/* holder: "alice/nas". An account knows its own agents, and nothing of others. */
static void set_held(struct door *d, const char *holder)
{
	size_t len = strlen(d->tenant->account);
	bool ours = !strncmp(holder, d->tenant->account, len) && holder[len] == '/';
	char *detail = mem_printf("held by %s", holder);
	door_set_error(d, mem_strdup(ours ? detail : "held by another account"), detail);
}

static struct vhost_entrance entrance_of(const struct door *d)
{
	return (struct vhost_entrance){mapping_kind(d->mapping.protocol)->entrance,
				       d->mapping.first};
}

static void note_claim(struct door *d, int err, char *holder, char *why)
{
	if (holder)
		set_held(d, holder);
	else if (err < 0)
		door_set_error(d, why, NULL);
	d->over_most = err == UV_EMFILE;
	mem_free(holder);
}

static int claim_ports(struct door *d)
{
	const struct mapping *m = &d->mapping;
	const struct door_owner *t = d->tenant;
	const struct port_wish wish = {.transport = mapping_kind(m->protocol)->transport,
				       .first = m->first,
				       .last = m->last,
				       .account = t->account,
				       .owner = t->label,
				       .most = t->worker->config->limits.ports_per_account};
	char *holder, *why;
	int err = port_table_claim(t->worker->context->ports, &wish, &holder, &why);
	note_claim(d, err, holder, why);
	return err;
}

static void release_ports(struct door *d)
{
	const struct mapping *m = &d->mapping;
	port_table_release(d->tenant->worker->context->ports, mapping_kind(m->protocol)->transport,
			   m->first, m->last);
}

static int claim_host(struct door *d)
{
	struct worker *w = d->tenant->worker;
	struct vhost v = {.worker = w, .deliver = deliver};
	char *holder, *why;
	int err = vhost_table_claim(w->context->vhosts, entrance_of(d), d->host, d->tenant->label,
				    &v, &holder, &why);
	note_claim(d, err, holder, why);
	if (err < 0)
		return err;
	d->claim = v.claim;
	hash_table_add(w->vhosts, &d->claim, sizeof d->claim, d);
	return 0;
}

static int claim(struct door *d)
{
	bool has_ports = d->mapping.first;
	int err = has_ports ? claim_ports(d) : 0;
	if (err < 0 || !d->host)
		return err;
	err = claim_host(d);
	if (err < 0 && has_ports)
		release_ports(d);
	return err;
}

static void release(struct door *d)
{
	struct worker *w = d->tenant->worker;
	if (d->host) {
		hash_table_remove(w->vhosts, &d->claim, sizeof d->claim);
		vhost_table_release(w->context->vhosts, entrance_of(d), d->host, d->claim);
	}
	if (d->mapping.first)
		release_ports(d);
	d->claim = 0;
}

/* A loopback address is for a proxy in front, whose port is not known, and mostly the usual one. */
static uint16_t shared_port(const struct addr *list, size_t count, uint16_t usual)
{
	uint16_t port = 0;
	for (size_t i = 0; i < count; i++) {
		if (list[i].port == usual)
			return usual;
		if (!port && !addr_is_loopback(&list[i]))
			port = list[i].port;
	}
	return port ? port : usual;
}

uint16_t door_typed_port(const struct door *d)
{
	const struct relay_config *c = d->tenant->worker->config;
	if (d->mapping.first)
		return d->mapping.first;
	return mapping_kind(d->mapping.protocol)->entrance == MAPPING_SHARED_HTTP
		   ? shared_port(c->http, c->http_count, HTTP_PORT)
		   : shared_port(c->tls, c->tls_count, HTTPS_PORT);
}

/* Whether plain requests are redirected: as long as the door is open and its mapping wants it. */
static void place_redirect(struct door *d, bool on)
{
	static const struct vhost_entrance http = {MAPPING_SHARED_HTTP, 0};
	struct vhost_table *all = d->tenant->worker->context->vhosts;
	struct vhost v = {.redirect = door_typed_port(d)};
	char *holder, *why;
	if (on && d->redirect_port == v.redirect)
		return;
	if (d->redirect_port)
		vhost_table_release(all, http, d->host, d->redirect_claim);
	d->redirect_port = 0;
	if (!on)
		return;
	/* where another https mapping has the host, on another port, the first one's stays */
	if (!vhost_table_claim(all, http, d->host, d->tenant->label, &v, &holder, &why)) {
		d->redirect_claim = v.claim;
		d->redirect_port = v.redirect;
	}
	mem_free(holder);
	mem_free(why);
}

void door_set_redirect(struct door *d, bool wanted)
{
	d->mapping.redirect = wanted;
	place_redirect(d, wanted && d->is_open);
}

/* Notes why listening failed. why: in words, taken; NULL: it was not asked. */
static void set_failed(struct door *d, const struct addr *at, int err, char *why)
{
	char text[ADDR_TEXT];
	bool udp = mapping_kind(d->mapping.protocol)->transport == PORTS_UDP;
	if (err == UV_EADDRINUSE && why)
		door_set_error(d,
			       mem_printf("%s%s is held by another program", addr_text(at, text),
					  udp ? "/udp" : ""),
			       why);
	else if (why || err != d->failed)
		door_set_error(d, why ? why : mem_strdup(err_text(err)), NULL);
	d->failed = err;
}

static bool has_v4_any(const struct relay_config *c)
{
	for (size_t i = 0; i < c->bind_count; i++)
		if (c->bind[i].family == 4 && addr_is_any(&c->bind[i]))
			return true;
	return false;
}

/* Opens each port of the mapping on each address of `bind`; ends at the first that fails. */
static int open_sockets(struct door *d)
{
	const struct relay_config *c = d->tenant->worker->config;
	size_t ports = (size_t)(d->mapping.last - d->mapping.first) + 1;
	bool beside_v4 = has_v4_any(c);
	int err = 0;
	d->sockets = mem_alloc(ports * c->bind_count * sizeof *d->sockets);
	for (size_t i = 0; i < ports * c->bind_count; i++) {
		struct addr at = c->bind[i % c->bind_count];
		at.port = (uint16_t)(d->mapping.first + i / c->bind_count);
		/* finding out who holds a port is slow: the same error is not asked about again */
		char *why = NULL;
		void *socket = d->kind->listen(d, &at, beside_v4 && at.family == 6, &err,
					       d->failed ? NULL : &why);
		if (!socket) {
			set_failed(d, &at, err, why);
			return err;
		}
		d->sockets[d->socket_count++] = socket;
	}
	return 0;
}

static void close_sockets(struct door *d)
{
	for (size_t i = 0; i < d->socket_count; i++)
		d->kind->unlisten(d->sockets[i]);
	mem_free(d->sockets);
	d->sockets = NULL;
	d->socket_count = 0;
}

int door_open(struct door *d)
{
	int err = claim(d);
	if (err < 0)
		return err;
	err = d->kind->listen ? open_sockets(d) : 0;
	if (err < 0) {
		close_sockets(d);
		release(d);
		return err;
	}
	door_set_error(d, NULL, NULL);
	d->is_open = true;
	door_set_redirect(d, d->mapping.redirect);
	return 0;
}

bool door_fits(const struct door *d, const struct mapping *m)
{
	const struct mapping *had = &d->mapping;
	if (!d->is_open || had->protocol != m->protocol || m->unknown)
		return false;
	return text_same(had->host, m->host) && had->first == m->first && had->last == m->last;
}

static void note_told(struct door *d)
{
	d->told.to_stream = d->count.to_stream;
	d->told.from_stream = d->count.from_stream;
}

/* Before the mapping goes, or gets another name. */
static void depart(struct door *d)
{
	traffic_sums_add(&d->tenant->worker->departed, d->tenant->account, d->tenant->agent,
			 d->mapping.name, d->count.to_stream - d->told.to_stream,
			 d->count.from_stream - d->told.from_stream);
	note_told(d);
}

void door_traffic(struct door *d, struct buf *sums)
{
	traffic_sums_put(sums, d->tenant->account, d->tenant->agent, d->mapping.name,
			 d->count.to_stream - d->told.to_stream,
			 d->count.from_stream - d->told.from_stream);
	note_told(d);
}

void door_adopt(struct door *d, const struct mapping *mapping)
{
	depart(d);
	mapping_fini(&d->mapping);
	mapping_copy(&d->mapping, mapping);
	set_rates(d);
	door_set_redirect(d, mapping->redirect);
}

/* --- rest --- */

/* Lets parked visitors in until the door rests again; with away, turns all of them away. */
static void unpark(struct door *d, bool away)
{
	while (!list_is_empty(&d->parked) && (away || !d->resting)) {
		struct arrival *a = LIST_ENTRY(d->parked.next, struct arrival, node);
		list_remove(&a->node);
		d->parked_count--;
		(away ? d->kind->turn_away : d->kind->take)(d, a->parcel, a->gateway);
		mem_free(a);
	}
}

void door_rest(struct door *d)
{
	d->resting = true;
	for (size_t i = 0; d->kind->rest && i < d->socket_count; i++)
		d->kind->rest(d->sockets[i]);
}

void door_wake(struct door *d)
{
	d->newcomers = 0;
	d->resting = false;
	for (size_t i = 0; d->kind->wake && i < d->socket_count; i++)
		d->kind->wake(d->sockets[i]);
	unpark(d, false);
}

/* --- what the agent says and asks --- */

uint16_t door_arm(struct door *d, const struct reachability_probe_ask *ask,
		  const uint8_t proof[REACHABILITY_PROBE_PROOF], const char **error)
{
	const struct mapping *m = &d->mapping;
	bool fits = ask->port >= m->first && ask->port <= m->last;
	if (!d->is_open || !fits) {
		*error = "the mapping is not open there";
		return 0;
	}
	if (d->resting) {
		*error = "too many visitors wait";
		return 0;
	}
	struct armed_probe p = {.port = ask->port,
				.until_ms = loop_now_ms(d->tenant->worker->loop) +
					    REACHABILITY_PROBE_ARMED_MS};
	memcpy(p.nonce, ask->nonce, REACHABILITY_PROBE_NONCE);
	memcpy(p.proof, proof, REACHABILITY_PROBE_PROOF);
	awaited_probes_add(&d->probes, &p);
	return ask->port ? ask->port : door_typed_port(d);
}

void door_report(struct door *d, struct report_mapping *m)
{
	for (int i = 0; i < REPORT_PART_COUNT; i++) {
		if (!m->has[i])
			continue;
		if (!d->said[i])
			d->said[i] = mem_zalloc(sizeof *d->said[i]);
		report_part_fini(d->said[i]);
		*d->said[i] = m->parts[i];
		m->parts[i] = (struct report_part){.error = NULL};
	}
}

const struct report_part *door_said(const struct door *d, enum report_part_name part)
{
	static const struct report_part nothing = {.error = NULL};
	return d->said[part] ? d->said[part] : &nothing;
}

void door_forget_agent(struct door *d)
{
	for (int i = 0; i < REPORT_PART_COUNT; i++) {
		if (d->said[i])
			report_part_fini(d->said[i]);
		mem_free(d->said[i]);
		d->said[i] = NULL;
	}
	mem_free(d->probes);
	d->probes = NULL;
}

void door_clear(struct door *d, bool graceful, enum reset_code code)
{
	d->kind->clear(d, graceful, code);
}

void door_shut(struct door *d, char *error)
{
	door_clear(d, false, RESET_MAPPING_GONE);
	unpark(d, true);
	close_sockets(d);
	place_redirect(d, false);
	if (d->is_open)
		release(d);
	d->is_open = false;
	door_set_error(d, error, NULL);
}

void door_close(struct door *d)
{
	if (!d)
		return;
	door_shut(d, NULL);
	depart(d);
	if (d->counted)
		door_owner_leave_mapping(d->tenant);
	timer_close(d->slow_timer);
	if (d->slow)
		slow_visitors_fini(d->slow);
	mem_free(d->slow);
	list_remove(&d->beside);
	shaper_free(d->shaper);
	rate_limiter_free(d->rates);
	door_forget_agent(d);
	if (d->kind->fini)
		d->kind->fini(d);
	mem_free(d->host);
	mapping_fini(&d->mapping);
	mem_free(d);
}

void door_status(const struct door *d, const char *public_text, struct json *w)
{
	const struct mapping *m = &d->mapping;
	char *why = door_why_closed(d, true);
	json_open(w, NULL, '{');
	json_str(w, "name", m->name);
	json_str(w, "protocol", mapping_kind(m->protocol)->word);
	json_str(w, "public", why ? NULL : public_text);
	json_str(w, "target", m->target_text);
	json_str(w, "state", mapping_state_text(why ? MAPPING_ERROR : MAPPING_OPEN));
	json_str(w, "error", why);
	mem_free(why);
	report_part_status(door_said(d, REPORT_REACHABLE), REPORT_REACHABLE, w);
	report_part_status(door_said(d, REPORT_TARGET), REPORT_TARGET, w);
	if (d->said[REPORT_CERTIFICATE])
		report_part_status(d->said[REPORT_CERTIFICATE], REPORT_CERTIFICATE, w);
	json_uint(w, "connections", d->now);
	json_uint(w, "connections_total", d->total);
	json_uint(w, "flows", d->flows);
	json_uint(w, "dropped", d->dropped + (d->kind->dropped ? d->kind->dropped(d) : 0));
	json_uint(w, "bytes_in", d->count.to_stream);
	json_uint(w, "bytes_out", d->count.from_stream);
	json_close(w);
}

/* --- for the kinds --- */

static bool is_allowed(const struct door *d, const struct addr *peer)
{
	const struct mapping *m = &d->mapping;
	for (size_t i = 0; i < m->allow_count; i++)
		if (cidr_contains(&m->allow[i], peer))
			return true;
	return m->allow_count == 0;
}

const char *door_entry_text(enum door_entry e)
{
	static const char *const text[] = {
	    [DOOR_ENTERED] = "entered",
	    [DOOR_NOT_ALLOWED] = "its address is not allowed",
	    [DOOR_FULL] = "the mapping has all its connections",
	    [DOOR_HASTY] = "its source comes too often",
	    [DOOR_ACCOUNT_FULL] = "the account has all its connections",
	};
	return text[e];
}

static enum door_entry try_entry(struct door *d, const struct addr *peer, uint64_t inside)
{
	if (!is_allowed(d, peer))
		return DOOR_NOT_ALLOWED;
	if (d->mapping.connections && inside >= d->mapping.connections)
		return DOOR_FULL;
	return DOOR_ENTERED;
}

static bool is_hasty(struct door *d, const struct addr *peer)
{
	return d->rates && !rate_limiter_try(d->rates, peer, loop_now_ms(d->tenant->worker->loop));
}

static enum door_entry enter(struct door *d, const struct addr *peer)
{
	enum door_entry entry = try_entry(d, peer, d->now);
	if (entry != DOOR_ENTERED)
		return entry;
	return door_owner_enter(d->tenant) ? DOOR_ENTERED : DOOR_ACCOUNT_FULL;
}

/* Each of the agent's doors in turn; udp doors have nobody to ask. */
static struct slow_visitors *next_in_turn(struct door *d)
{
	struct list *all = &d->tenant->doors;
	struct door *next = LIST_ENTRY(all->next, struct door, beside);
	list_remove(&next->beside);
	list_append(all, &next->beside);
	return next->slow;
}

/* Slow visitors make room: in the mapping that has the most visitors, else in this one, else in any
 * other, so that a mapping whose many visitors all move shields none. Returns how many. */
static unsigned ask_slow(struct door *d, struct slow_visitors_wish wish)
{
	struct slow_visitors *const asked[] = {slow_visitors_fullest(&d->tenant->slow_visitors),
					       d->slow, next_in_turn(d)};
	uint64_t now = loop_now_ms(d->tenant->worker->loop);
	unsigned all = 0;
	for (size_t i = 0; i < sizeof asked / sizeof *asked && wish.most; i++) {
		unsigned ended = asked[i] ? slow_visitors_ask(asked[i], &wish, now) : 0;
		wish.most -= ended;
		all += ended;
	}
	return all;
}

/* A visitor that is slow makes room for one who would be refused. */
static bool make_room(struct door *d, enum door_entry entry)
{
	const struct slow_visitors_wish one = {
	    .most = 1, .lag_ms = PLACE_LAG_MS, .crowd = PLACE_CROWD};
	if (entry == DOOR_FULL)
		return d->slow &&
		       slow_visitors_ask(d->slow, &one, loop_now_ms(d->tenant->worker->loop)) > 0;
	return entry == DOOR_ACCOUNT_FULL && ask_slow(d, one) > 0;
}

enum door_entry door_enter(struct door *d, const struct addr *peer)
{
	enum door_entry entry = enter(d, peer);
	if (entry != DOOR_ENTERED && make_room(d, entry))
		entry = enter(d, peer);
	if (entry != DOOR_ENTERED)
		return entry;
	/* last, so that asking again because of what came before costs nobody a turn */
	if (is_hasty(d, peer)) {
		door_owner_leave(d->tenant);
		return DOOR_HASTY;
	}
	d->now++;
	d->total++;
	return DOOR_ENTERED;
}

enum door_entry door_enter_flow(struct door *d, const struct addr *peer)
{
	enum door_entry entry = try_entry(d, peer, d->flows);
	if (entry != DOOR_ENTERED)
		return entry;
	if (is_hasty(d, peer))
		return DOOR_HASTY;
	uint32_t most = d->mapping.flows ? d->mapping.flows : FLOWS_DEFAULT;
	if (d->flows >= most)
		d->kind->evict(d);
	if (!door_owner_enter_flow(d->tenant)) {
		if (!d->flows)
			return DOOR_ACCOUNT_FULL;
		d->kind->evict(d);
		if (!door_owner_enter_flow(d->tenant))
			return DOOR_ACCOUNT_FULL;
	}
	d->flows++;
	d->total++;
	return DOOR_ENTERED;
}

void door_leave_flow(struct door *d)
{
	d->flows--;
	door_owner_leave_flow(d->tenant);
}

void door_leave(struct door *d)
{
	d->now--;
	door_owner_leave(d->tenant);
}

void door_visitor_begin(struct door *d, struct door_visitor *v, const struct addr *from)
{
	const struct worker *w = d->tenant->worker;
	*v = (struct door_visitor){.id = atomic_fetch_add(&w->context->visitor_ids, 1) + 1,
				   .from = from,
				   .count.whole = &d->count,
				   .since_ms = loop_now_ms(w->loop)};
	list_append(&d->inside, &v->node);
	d->inside_count++;
}

void door_visitor_end(struct door *d, struct door_visitor *v, const char *why)
{
	const struct door_owner *t = d->tenant;
	list_remove(&v->node);
	d->inside_count--;
	if (!t->worker->config->log_visitors)
		return;
	visitor_log_end(&(struct visitor_end){
	    .mapping = d->mapping.name,
	    .agent = t->label,
	    .visitor = v->from,
	    .bytes_in = v->count.to_stream,
	    .bytes_out = v->count.from_stream,
	    .duration_ms = loop_now_ms(t->worker->loop) - v->since_ms,
	    .why = why,
	});
}

struct shaper *door_shaper(struct door *d)
{
	struct shaper_whole *whole = door_owner_bandwidth(d->tenant);
	if (!d->shaper && (whole || d->mapping.bandwidth))
		d->shaper = shaper_new(d->tenant->worker->loop, d->mapping.bandwidth, whole);
	else if (d->shaper && whole)
		shaper_stand_below(d->shaper, whole);
	return d->shaper;
}

void door_crowd(struct door *d)
{
	if (door_owner_is_attached(d->tenant) || ++d->newcomers < DOOR_WAITING || d->resting)
		return;
	door_rest(d); /* until the next link wakes it */
	log_info("door_rests", "mapping=%s waiting=%u", d->mapping.name, d->newcomers);
}

/* Memory for visitors is short: those that hold some and do not move make room, in the mapping that
 * has the most visitors. */
static void on_slow_timer(void *owner)
{
	struct door *d = owner;
	const struct tunnel *t =
	    door_owner_is_attached(d->tenant) ? transport_tunnel(d->tenant->transport) : NULL;
	if (!t || !tunnel_is_short(t, d->mapping.id))
		return;
	size_t waiting = tunnel_waiting(t, d->mapping.id);
	unsigned most = waiting < SLOW_VISITORS_MOST ? (unsigned)waiting : SLOW_VISITORS_MOST;
	if (ask_slow(d, (struct slow_visitors_wish){.most = most, .memory = true}))
		transport_mark(d->tenant->transport);
	timer_set(d->slow_timer, SLOW_VISITORS_MS);
}

void door_watch(struct door *d)
{
	if (!d->slow_timer)
		d->slow_timer = timer_new(d->tenant->worker->loop, on_slow_timer, d);
	if (!timer_is_set(d->slow_timer))
		timer_set(d->slow_timer, SLOW_VISITORS_MS);
}

/* They are made with the first visitor. */
static struct slow_visitors *slow_of(struct door *d)
{
	if (!d->slow) {
		d->slow = mem_alloc(sizeof *d->slow);
		slow_visitors_init(d->slow, d->kind->slow, &d->tenant->slow_visitors);
	}
	return d->slow;
}

void door_add_slow(struct door *d, struct slow_visitors_member *m, const struct addr *from)
{
	slow_visitors_add(slow_of(d), m, from);
}

void door_say_slow(struct door *d, const struct addr *visitor, int64_t lag_ms)
{
	char text[ADDR_TEXT];
	struct slow_visitors *slow = slow_of(d);
	uint64_t now = loop_now_ms(d->tenant->worker->loop);
	slow->ended++;
	if (slow->said_ms && now < slow->said_ms + SLOW_SAY_MS)
		return;
	slow->said_ms = now;
	log_info("slow_visitor_ended", "mapping=%s visitor=%s lag_ms=%lld so_far=%llu",
		 d->mapping.name, addr_ip_text(visitor, text), (long long)lag_ms,
		 (unsigned long long)slow->ended);
}

uint32_t door_idle_s(const struct door *d)
{
	return d->mapping.idle_s ? d->mapping.idle_s : mapping_kind(d->mapping.protocol)->idle_s;
}
