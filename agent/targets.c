/*
 * A visit is one connection. OPEN begins it, the target is dialled, and a splice joins both. While
 * the dial is under way, the visitor's bytes wait in the stream. A visit of a udp mapping is a flow
 * (udp_flows.h); one of an https mapping goes through https_gateway.h.
 *
 * Ways to fail: the dial fails (RESET with the reason, which the status shows); the visitor leaves
 * first (the dial is dropped); the mapping is removed (the visit is cut); the session ends (the
 * dial is dropped, and a splice drains by itself).
 */
#include "agent/targets.h"

#include "agent/https_gateway.h"
#include "agent/reachability.h"
#include "agent/target_check.h"
#include "agent/target_dial.h"
#include "agent/udp_flows.h"
#include "shared/base/hash_table.h"
#include "shared/base/idn.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/base/visitor_log.h"
#include "shared/net/proxy_protocol.h"
#include "shared/net/splice.h"
#include "shared/net/timer.h"
#include "shared/tunnel/reachability_probe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum { COMPLAIN_MS = 60000, PORT_FREE_LEAST = 1024, HTTPS_PORT = 443 };
/* News of REPORT_MS are reported together. A REPORT has at most REPORT_BYTES and one mapping more,
 * which is less than REPORT_MOST. */
enum { REPORT_MS = 500, REPORT_BYTES = 32 * 1024, REPORT_MOST = 48 * 1024 };

struct target {
	struct list node; /* targets.list */
	struct targets *all;
	struct mapping mapping; /* owned; the agent has chosen its id */
	enum mapping_state state;
	char *public_text, *error, *host; /* what the relay has told */
	char *shown;                      /* public_text as a person would type it */
	/* Why the last dial failed; NULL again when one succeeds, or for udp when more than
	 * dial_error_out bytes have gone out. */
	char *dial_error;
	uint64_t dial_error_out;
	uint64_t dial_error_ms;
	uint64_t complained_ms;    /* when the error was last logged */
	struct tls_context *tls;   /* for a target with TLS, else NULL */
	struct target_dial *trust; /* finds the key that targets_trust() takes, or NULL */
	targets_trust_fn *trust_fn;
	void *trust_owner;
	struct target_check *check;    /* NULL: udp targets are not checked */
	struct guess_limiter *guesses; /* for an https mapping */
	struct reach *reach;
	bool is_probe_wanted;                       /* probe it as soon as it is open */
	struct report_part sent[REPORT_PART_COUNT]; /* what the relay has been told this session */
	struct list visits;
	uint64_t visits_now, visits_total;
	/* to_stream goes out of the home, from_stream comes in; dropped: by flows that ended */
	struct flow_count count;
};

struct visit {
	struct list node;
	struct target *target;
	struct transport *transport;
	struct stream *stream; /* until the splice has it */
	struct target_dial *dial;
	struct splice *splice;
	struct flow *flow;         /* for a udp mapping, instead of the three above */
	struct https_visit *https; /* for an https mapping, instead of stream and splice */
	uint16_t port;
	struct addr visitor;
	struct flow_count count; /* of this visit; its bytes count in the target's, too */
	uint64_t since_ms, id;
};

struct targets {
	struct loop *loop;
	struct event_hub *events;
	targets_fn *fn;
	void *owner;
	struct list list;
	struct hash_table *by_id;
	struct target_checks *checks;
	struct certificates *certificates;
	struct https_gateway *https;
	struct known_target_keys *known;
	struct tls_context *any; /* takes any certificate; known_target_keys judges it */
	struct reachability *reachability;
	struct transport *reports_to; /* NULL: the relay takes no reports */
	struct timer *report_timer;
	uint64_t visit_ids;           /* the last one given; at first the time in microseconds */
	unsigned visits, visits_most; /* of all targets; descriptors must be left for a new link */
	uint32_t next_id;
	uint64_t serial, answered;
	bool log_visitors;
	bool opens_https_ports; /* the relay opens a port for an https mapping alone */
};

static void on_report_timer(void *owner);

static void report_soon(struct targets *s)
{
	if (s->reports_to && !timer_is_set(s->report_timer))
		timer_set(s->report_timer, REPORT_MS);
}

static void tell_certificates(const struct target *s);

/* A probe or a check has ended. A CA gets through where visitors do, so certificates are told. */
static void on_checked(void *owner)
{
	struct targets *s = owner;
	report_soon(s);
	LIST_EACH(node, &s->list)
	tell_certificates(LIST_ENTRY(node, struct target, node));
	s->fn(s->owner);
}

static void on_probe_wanted(void *owner, const char *mapping);

struct targets *targets_new(struct loop *l, struct certificates *certificates,
			    struct known_target_keys *known, struct event_hub *events,
			    targets_fn *fn, void *owner)
{
	struct targets *s = mem_zalloc(sizeof *s);
	s->loop = l;
	s->fn = fn;
	s->owner = owner;
	s->next_id = 1;
	s->visits_most = file_limit_for_visitors();
	s->visit_ids = 1000 * loop_wall_ms();
	list_init(&s->list);
	s->by_id = hash_table_new();
	s->events = events;
	s->checks = target_checks_new(l, on_checked, s);
	target_checks_set_events(s->checks, events);
	s->reachability = reachability_new(l, on_checked, s);
	s->report_timer = timer_new(l, on_report_timer, s);
	s->certificates = certificates;
	certificates_set_probe(certificates, on_probe_wanted, s);
	s->https = https_gateway_new(l, certificates);
	s->known = known;
	s->any = tls_context_any_new();
	return s;
}

/* --- visits --- */

static void log_end(const struct visit *v, const char *why)
{
	const struct targets *all = v->target->all;
	if (!all->log_visitors)
		return;
	visitor_log_end(&(struct visitor_end){
	    .mapping = v->target->mapping.name,
	    .visitor = &v->visitor,
	    .bytes_in = v->count.bytes.from_stream,
	    .bytes_out = v->count.bytes.to_stream,
	    .duration_ms = loop_now_ms(all->loop) - v->since_ms,
	    .why = why,
	});
}

static void drop_visit(struct visit *v, const char *why)
{
	log_end(v, why);
	v->target->count.dropped += v->count.dropped;
	v->target->visits_now--;
	v->target->all->visits--;
	list_remove(&v->node);
	mem_free(v);
}

static void end_visit(struct visit *v, enum reset_code code, const char *why)
{
	target_dial_close(v->dial);
	flow_cut(v->flow, code);
	if (v->splice)
		splice_cut(v->splice, code);
	if (v->https)
		https_visit_cut(v->https, code);
	if (v->stream) {
		stream_reset(v->stream, code);
		stream_close(v->stream);
		transport_mark(v->transport);
	}
	drop_visit(v, why);
}

static void cut_visit(struct visit *v, enum reset_code code)
{
	end_visit(v, code, reset_text(code));
}

static void on_visit_end(void *owner, const struct splice_end *end)
{
	struct visit *v = owner;
	if (end->socket_error)
		log_debug("visit_ended", "mapping=%s why=%s", v->target->mapping.name,
			  err_text(end->socket_error));
	v->splice = NULL;
	drop_visit(v, splice_end_text(end));
}

static enum reset_code code_of(int err)
{
	return err == UV_ECONNREFUSED ? RESET_REFUSED : RESET_UNREACHABLE;
}

/* Writes the PROXY header, when the mapping asks for one: the visitor, the address visited and, by
 * TLS, the name asked for. Returns its length; 0: none. */
static size_t proxy_header(const struct target *s, const struct open_info *info,
			   uint8_t out[PROXY_PROTOCOL_MAX])
{
	const struct mapping *m = &s->mapping;
	bool udp = mapping_kind(m->protocol)->transport == PORTS_UDP;
	enum proxy_transport transport = udp ? PROXY_UDP : PROXY_TCP;
	return m->proxy_protocol
		   ? proxy_protocol_write(m->proxy_protocol, transport, &info->visitor,
					  &info->visited, info->name, out)
		   : 0;
}

/* Logs one line when the error is new and one a minute while it lasts, not one for each visitor. */
static void note_dial_error(struct target *s, uint16_t port, int err, const char *words)
{
	const char *why = *words ? words : err_text(err);
	char *text = mem_printf("%s:%u: %s", s->mapping.target.host, port, why);
	uint64_t now = loop_now_ms(s->all->loop);
	bool news = !s->dial_error || strcmp(s->dial_error, text) != 0;
	mem_free(s->dial_error);
	s->dial_error = text;
	s->dial_error_ms = loop_wall_ms();
	s->dial_error_out = s->count.bytes.to_stream;
	if (s->check && err != UV_EMFILE)
		target_check_note(s->check, text);
	report_soon(s->all);
	if (!news && now < s->complained_ms + COMPLAIN_MS)
		return;
	s->complained_ms = now;
	log_warn("service_unreachable", "mapping=%s target=%s:%u why=%s", s->mapping.name,
		 s->mapping.target.host, port, why);
}

static void forget_dial_error(struct target *s)
{
	if (s->dial_error || (s->check && strcmp(target_check_part(s->check).state, "up") != 0))
		report_soon(s->all);
	mem_free(s->dial_error);
	s->dial_error = NULL;
	if (s->check)
		target_check_note(s->check, NULL);
}

static void on_flow_end(void *owner, int err, uint32_t code)
{
	struct visit *v = owner;
	v->flow = NULL;
	if (err)
		note_dial_error(v->target, v->port, err, "");
	drop_visit(v, err ? err_text(err) : reset_text(code));
}

static void on_flow_trouble(void *owner, int err)
{
	const struct visit *v = owner;
	note_dial_error(v->target, v->port, err, "");
}

static struct target_place place_of(const struct target *s, uint16_t port)
{
	const struct mapping *m = &s->mapping;
	return (struct target_place){
	    .host = m->target.host,
	    .port = port,
	    .tls = s->tls,
	    .name = m->target_host ? m->target_host : m->target.host,
	    .pin = m->target_pin,
	    .known = m->target_ca_file ? NULL : s->all->known,
	};
}

static struct target_dial *dial_target(const struct visit *v, const struct open_info *info,
				       target_dial_fn *fn)
{
	uint8_t header[PROXY_PROTOCOL_MAX];
	size_t len = proxy_header(v->target, info, header);
	struct target_place to = place_of(v->target, v->port);
	return target_dial_start(v->target->all->loop, &to, header, len, fn, (void *)v);
}

static enum splice_verdict guard_visit(void *owner, const void *p, size_t len)
{
	const struct visit *v = owner;
	return reach_guard(v->target->reach, p, len);
}

static bool guard_flow(void *owner, const void *p, size_t len)
{
	return len == REACHABILITY_PROBE_DATAGRAM && guard_visit(owner, p, len) == SPLICE_CUT;
}

static void on_dialled(void *owner, struct io *io, int err, const char *words)
{
	struct visit *v = owner;
	struct target *s = v->target;
	v->dial = NULL;
	if (io)
		forget_dial_error(s);
	else
		note_dial_error(s, v->port, err, words);
	if (!io) {
		cut_visit(v, code_of(err));
		return;
	}
	struct stream *stream = v->stream;
	v->stream = NULL;
	bool is_guarded = s->mapping.protocol == MAPPING_TCP && reach_is_watching(s->reach);
	v->splice = is_guarded
			? splice_new_guarded(v->transport, io, stream, &v->count.bytes, guard_visit,
					     on_visit_end, v)
			: splice_new(v->transport, io, stream, &v->count.bytes, on_visit_end, v);
}

/* --- visits of https mappings --- */

static void on_https_dialled(void *owner, struct io *io, int err, const char *words)
{
	struct visit *v = owner;
	v->dial = NULL;
	if (io)
		forget_dial_error(v->target);
	else
		note_dial_error(v->target, v->port, err, words);
	https_visit_opened(v->https, io);
}

static void on_https_open(void *owner)
{
	struct visit *v = owner;
	v->dial = dial_target(v, https_visit_info(v->https), on_https_dialled);
}

static void on_https_over(void *owner, const char *why)
{
	struct visit *v = owner;
	target_dial_close(v->dial);
	v->https = NULL;
	drop_visit(v, why);
}

static void enter_https(struct visit *v)
{
	static const struct https_visit_calls calls = {on_https_open, on_https_over};
	struct target *s = v->target;
	/* a relay of 0.1.0 tells the host as what visitors type */
	const char *host = s->host ? s->host : s->public_text;
	struct stream *stream = v->stream;
	v->stream = NULL;
	v->https = https_gateway_enter(s->all->https, v->transport, stream, &s->mapping, host,
				       s->guesses, &v->count.bytes, &calls, v);
	if (!v->https)
		drop_visit(v, reset_text(RESET_NO_ROOM));
}

static void on_stream(void *owner, enum stream_event event)
{
	struct visit *v = owner;
	if (event == STREAM_LOOK && stream_is_reset(v->stream))
		cut_visit(v, RESET_ABORTED);
}

static struct target *target_by_id(const struct targets *s, uint32_t id)
{
	return hash_table_get(s->by_id, &id, sizeof(id));
}

/* The target's port for the port that was visited; 0: that port is none of ours. */
static uint16_t target_port(const struct mapping *m, uint16_t visited)
{
	if (mapping_kind(m->protocol)->entrance != MAPPING_OWN_PORTS)
		return m->target.first;
	if (visited < m->first || visited > m->last)
		return 0;
	return (uint16_t)(m->target.first + (visited - m->first));
}

/* The local port of a flow; 0: any. In a mapped range it is the visitor's own port, as a home
 * router would keep it. RTSP servers need that: they send RTP to the port that the visitor named,
 * at the address from which the RTSP connection came, which is this machine. Ports that a service
 * at home may want are left alone. */
static uint16_t flow_port(const struct mapping *m, uint16_t visitor)
{
	bool taken =
	    visitor < PORT_FREE_LEAST || (visitor >= m->target.first && visitor <= m->target.last);
	return m->first == m->last || taken ? 0 : visitor;
}

static void refuse(struct transport *k, struct stream *stream, enum reset_code code)
{
	stream_reset(stream, code);
	stream_close(stream);
	transport_mark(k);
}

void targets_opened(struct targets *s, struct transport *k, struct stream *stream)
{
	const struct open_info *info = stream_info(stream);
	struct target *target = target_by_id(s, info->mapping);
	uint16_t port = target ? target_port(&target->mapping, info->visited.port) : 0;
	bool is_flow = target && mapping_kind(target->mapping.protocol)->transport == PORTS_UDP;
	if (!port || is_flow != (info->credit == 0)) {
		refuse(k, stream, RESET_NO_MAPPING);
		return;
	}
	/* A relay that keeps to the rules never gets here. */
	if (tunnel_is_overdrawn(transport_tunnel(k))) {
		refuse(k, stream, RESET_NO_ROOM);
		return;
	}
	if (s->visits >= s->visits_most) {
		note_dial_error(target, port, UV_EMFILE, "");
		refuse(k, stream, RESET_NO_ROOM);
		return;
	}
	struct visit *v = mem_alloc(sizeof *v);
	*v = (struct visit){.target = target,
			    .transport = k,
			    .stream = stream,
			    .port = port,
			    .visitor = info->visitor,
			    .count.bytes.whole = &target->count.bytes,
			    .since_ms = loop_now_ms(s->loop),
			    .id = ++s->visit_ids};
	list_append(&target->visits, &v->node);
	target->visits_now++;
	s->visits++;
	target->visits_total++;
	if (is_flow) {
		v->stream = NULL;
		uint8_t header[PROXY_PROTOCOL_MAX];
		size_t len = proxy_header(target, info, header);
		v->flow = flow_new(k, stream, target->mapping.target.host, port,
				   flow_port(&target->mapping, info->visitor.port), header, len,
				   &v->count, on_flow_end, on_flow_trouble, v);
		if (v->flow && reach_is_watching(target->reach))
			flow_set_guard(v->flow, guard_flow);
		return;
	}
	if (target->mapping.protocol == MAPPING_HTTPS) {
		enter_https(v);
		return;
	}
	stream_own(stream, on_stream, v);
	v->dial = dial_target(v, info, on_dialled);
}

/* --- the list --- */

/* Answers, where somebody waits. error: NULL: words say what was taken. */
static void answer_trust(struct target *s, const char *words, const char *error)
{
	targets_trust_fn *fn = s->trust_fn;
	s->trust_fn = NULL;
	if (fn)
		fn(s->trust_owner, words, error);
}

static void end_trust(struct target *s, const char *error)
{
	target_dial_close(s->trust);
	s->trust = NULL;
	answer_trust(s, NULL, error);
}

static void on_trust(void *owner, struct io *io, int err, const char *words)
{
	struct target *s = owner;
	s->trust = NULL;
	io_close(io);
	answer_trust(s, words, io ? NULL : *words ? words : err_text(err));
}

static void tell(const struct target *s, enum event_kind kind, const char *why)
{
	const struct event e = {.kind = kind, .subject = s->mapping.name, .why = why};
	event_hub_take(s->all->events, &e);
}

static void target_free(struct target *s)
{
	while (!list_is_empty(&s->visits))
		cut_visit(LIST_ENTRY(s->visits.next, struct visit, node), RESET_MAPPING_GONE);
	end_trust(s, "the mapping has changed");
	tls_context_unref(s->tls);
	target_check_free(s->check);
	reach_free(s->reach);
	for (int i = 0; i < REPORT_PART_COUNT; i++)
		report_part_fini(&s->sent[i]);
	guess_limiter_free(s->guesses);
	list_remove(&s->node);
	hash_table_remove(s->all->by_id, &s->mapping.id, sizeof(s->mapping.id));
	mapping_fini(&s->mapping);
	mem_free(s->public_text);
	mem_free(s->error);
	mem_free(s->host);
	mem_free(s->shown);
	mem_free(s->dial_error);
	mem_free(s);
}

void targets_free(struct targets *s)
{
	if (!s)
		return;
	while (!list_is_empty(&s->list))
		target_free(LIST_ENTRY(s->list.next, struct target, node));
	hash_table_free(s->by_id);
	https_gateway_free(s->https);
	tls_context_unref(s->any);
	target_checks_free(s->checks);
	reachability_free(s->reachability);
	timer_close(s->report_timer);
	mem_free(s);
}

/* No key has it. */
#define NO_PIN "sha256:0000000000000000000000000000000000000000000000000000000000000000"

/* A file that cannot be used was an error of agent.json; if it has become so since, nothing is
 * believed. */
static void set_tls(struct target *s)
{
	const struct mapping *m = &s->mapping;
	char *why = NULL;
	if (!m->target_tls)
		return;
	s->tls = m->target_ca_file
		     ? tls_context_client_new(NULL, m->target_ca_file, NULL, true, &why)
		     : tls_context_ref(s->all->any);
	if (s->tls)
		return;
	log_error("target_ca_file_unusable", "mapping=%s why=%s", m->name, why);
	mem_free(why);
	s->tls = tls_context_client_new(NO_PIN, NULL, NULL, true, &why);
	mem_free(why);
}

/* At a reload the file may hold other CAs than before. */
static void read_ca_again(struct target *s)
{
	if (!s->mapping.target_ca_file)
		return;
	tls_context_unref(s->tls);
	s->tls = NULL;
	set_tls(s);
}

/* What a mapping is while the relay has not told. */
static enum mapping_state unanswered(const struct target *s)
{
	return s->mapping.paused ? MAPPING_PAUSED : MAPPING_PENDING;
}

static void target_add(struct targets *s, const struct mapping *m)
{
	struct target *new = mem_zalloc(sizeof *new);
	new->all = s;
	mapping_copy(&new->mapping, m);
	new->mapping.id = s->next_id++;
	new->state = unanswered(new);
	set_tls(new);
	new->guesses = m->protocol == MAPPING_HTTPS ? guess_limiter_new(true) : NULL;
	list_init(&new->visits);
	list_append(&s->list, &new->node);
	hash_table_add(s->by_id, &new->mapping.id, sizeof(new->mapping.id), new);
	new->reach = reach_new(s->reachability, &new->mapping);
	if (mapping_kind(m->protocol)->transport == PORTS_UDP)
		return;
	new->check = target_check_new(s->checks, new->mapping.name, new->mapping.target.host,
				      new->mapping.target.first, &new->visits_now);
	target_check_every(new->check, m->check_s);
}

/* Orders the targets like the new list, so that status reads like the file. */
void targets_set(struct targets *s, const struct mapping_list *list)
{
	struct list old = {&old, &old};
	struct hash_table *by_name = hash_table_new();
	list_move(&old, &s->list);
	LIST_EACH(node, &old)
	{
		struct target *at = LIST_ENTRY(node, struct target, node);
		hash_table_add(by_name, at->mapping.name, strlen(at->mapping.name), at);
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct mapping *m = &list->items[i];
		struct target *kept = hash_table_get(by_name, m->name, strlen(m->name));
		if (kept && mapping_same(&kept->mapping, m)) {
			list_remove(&kept->node);
			list_append(&s->list, &kept->node);
			kept->mapping.check_s = m->check_s;
			mem_free(kept->mapping.host_typed);
			kept->mapping.host_typed = mem_strdup(m->host_typed);
			kept->mapping.redirect = m->redirect;
			if (kept->check)
				target_check_every(kept->check, m->check_s);
			read_ca_again(kept);
		} else {
			target_add(s, m);
		}
	}
	hash_table_free(by_name);
	while (!list_is_empty(&old)) {
		struct target *gone = LIST_ENTRY(old.next, struct target, node);
		tell(gone, EVENT_MAPPING_CLOSED, NULL);
		target_free(gone);
	}
}

static void take_report(struct target *s, const struct mapping_report *r);

/* A relay that does not know what such a mapping is would end the session for it. */
static bool is_beyond_relay(const struct target *s)
{
	return s->mapping.protocol == MAPPING_HTTPS && s->mapping.first &&
	       !s->all->opens_https_ports;
}

static void refuse_here(struct target *s)
{
	char why[] = "the relay is older than the agent, update it: it opens no public_port for "
		     "https mappings";
	const struct mapping_report r = {.state = MAPPING_ERROR, .error = why};
	take_report(s, &r);
}

/* Whether it is for the relay. */
static bool declares(struct target *s)
{
	if (s->mapping.paused)
		return false;
	if (is_beyond_relay(s)) {
		refuse_here(s);
		return false;
	}
	return true;
}

void targets_declare(struct targets *s, struct followed_names *names, struct transport *k)
{
	size_t count = 0;
	LIST_EACH(node, &s->list)
	count++;
	struct mapping *items = mem_alloc(count * sizeof *items);
	size_t i = 0;
	LIST_EACH(node, &s->list)
	{
		struct target *at = LIST_ENTRY(node, struct target, node);
		if (!declares(at))
			continue;
		items[i] = at->mapping; /* borrowed */
		items[i].redirect =
		    items[i].redirect && certificates_is_valid(s->certificates, items[i].name);
		i++;
	}
	struct challenge records[CHALLENGES_MAX];
	struct declare d = {.serial = ++s->serial, .mappings = {items, i}};
	followed_names_declare(names, &d);
	d.challenges = records; /* borrowed, too */
	d.challenge_count = certificates_records(s->certificates, records, CHALLENGES_MAX);
	struct buf json = BUF_INIT;
	declare_write(&d, &json);
	tunnel_declare(transport_tunnel(k), &json);
	transport_mark(k);
	buf_fini(&json);
	mem_free(items);
}

/* The port that visitors of an https mapping come to: what is typed says it, unless it is 443. */
static uint16_t https_port(const struct target *s)
{
	const char *colon = s->public_text ? strrchr(s->public_text, ':') : NULL;
	uint64_t port = HTTPS_PORT;
	if (colon)
		text_uint(colon + 1, UINT16_MAX, &port);
	return (uint16_t)port;
}

static void tell_certificates(const struct target *s)
{
	bool is_open = s->state == MAPPING_OPEN;
	/* a relay of 0.1.0 tells the host as what visitors type */
	const char *host = s->host ? s->host : s->public_text;
	const struct report_part *reach = reach_part(s->reach);
	const struct certificates_public at = {.host = host,
					       .is_open = is_open,
					       .port = is_open ? https_port(s) : 0,
					       .is_probed = reach_is_asked(s->reach),
					       .closed = !strcmp(reach->state, "no") ? reach->error
										     : NULL};
	if (s->mapping.protocol == MAPPING_HTTPS)
		certificates_told(s->all->certificates, s->mapping.name, &at);
}

/* Before an order is made, it is tried whether a CA would get through. */
static bool opens_without_certificate(const struct target *s, bool opens)
{
	return opens && s->mapping.protocol == MAPPING_HTTPS && !s->mapping.certificate &&
	       !certificates_is_valid(s->all->certificates, s->mapping.name);
}

static void take_report(struct target *s, const struct mapping_report *r)
{
	bool opens = r->state == MAPPING_OPEN && s->state != MAPPING_OPEN;
	bool news =
	    s->state != r->state || strcmp(s->error ? s->error : "", r->error ? r->error : "");
	s->state = r->state;
	mem_free(s->public_text);
	mem_free(s->error);
	mem_free(s->host);
	mem_free(s->shown);
	s->shown = idn_as_typed(r->public_text, s->mapping.host, s->mapping.host_typed);
	s->public_text = mem_strdup(r->public_text);
	s->error = mem_strdup(r->error);
	s->host = mem_strdup(r->host);
	reach_set_open(s->reach, s->state == MAPPING_OPEN, s->public_text, s->host);
	s->is_probe_wanted |= opens_without_certificate(s, opens);
	if (s->is_probe_wanted && s->state == MAPPING_OPEN)
		reach_ask(s->reach);
	s->is_probe_wanted &= s->state == MAPPING_PENDING;
	if (!news)
		return;
	if (s->state == MAPPING_OPEN) {
		log_info("mapping_open", "mapping=%s public=%s target=%s", s->mapping.name,
			 s->shown, s->mapping.target_text);
		tell(s, EVENT_MAPPING_OPEN, s->shown);
	} else if (s->state == MAPPING_ERROR) {
		log_warn("mapping_error", "mapping=%s why=%s", s->mapping.name, s->error);
		tell(s, EVENT_MAPPING_ERROR, s->error);
	}
}

void targets_stated(struct targets *s, const struct state *state)
{
	for (size_t i = 0; i < state->mapping_count; i++) {
		struct target *target = target_by_id(s, state->mappings[i].id);
		if (!target)
			continue;
		take_report(target, &state->mappings[i]);
		tell_certificates(target);
	}
	certificates_stated(s->certificates, state);
	s->answered = state->serial;
	report_soon(s);
	s->fn(s->owner);
}

void targets_session_over(struct targets *s)
{
	certificates_away(s->certificates);
	LIST_EACH(node, &s->list)
	{
		struct target *target = LIST_ENTRY(node, struct target, node);
		while (!list_is_empty(&target->visits)) {
			struct visit *v = LIST_ENTRY(target->visits.next, struct visit, node);
			target_dial_close(v->dial);
			flow_cut(v->flow, RESET_ABORTED);
			if (v->splice)
				splice_abandon(v->splice);
			if (v->https)
				https_visit_cut(v->https, RESET_ABORTED);
			stream_close(v->stream);
			drop_visit(v, "the session with the relay ended");
		}
		target->state = unanswered(target);
		mem_free(target->public_text);
		mem_free(target->error);
		mem_free(target->host);
		mem_free(target->shown);
		target->public_text = target->error = target->host = target->shown = NULL;
		for (int i = 0; i < REPORT_PART_COUNT; i++)
			report_part_fini(&target->sent[i]);
	}
	reachability_begin(s->reachability, NULL);
	s->reports_to = NULL;
	timer_stop(s->report_timer);
}

void targets_begin(struct targets *s, const struct reachability_session *session,
		   struct capabilities can)
{
	reachability_begin(s->reachability, session);
	s->reports_to = capabilities_has(can, CAPABILITY_REPORT) ? session->transport : NULL;
	s->opens_https_ports = capabilities_has(can, CAPABILITY_HTTPS_PORT);
	report_soon(s);
}

void targets_attached(struct targets *s)
{
	reachability_look(s->reachability);
}

int targets_probed(struct targets *s, const void *json, size_t len, char why[256])
{
	return reachability_answered(s->reachability, json, len, why);
}

/* --- what is known --- */

void targets_set_log(struct targets *s, bool visitors, bool requests)
{
	s->log_visitors = visitors;
	https_gateway_log_requests(s->https, requests);
}

void targets_write_requests(const struct targets *s, struct json *w)
{
	https_gateway_write_requests(s->https, w);
}

bool targets_all_answered(const struct targets *s)
{
	return s->serial > 0 && s->answered == s->serial;
}

static struct target *target_by_name(const struct targets *s, const char *name)
{
	LIST_EACH(node, &s->list)
	{
		struct target *at = LIST_ENTRY(node, struct target, node);
		if (!strcmp(at->mapping.name, name))
			return at;
	}
	return NULL;
}

static void on_probe_wanted(void *owner, const char *mapping)
{
	struct target *s = target_by_name(owner, mapping);
	if (s)
		reach_ask(s->reach);
}

void targets_check(struct targets *s, const char *name)
{
	struct target *target = target_by_name(s, name);
	if (!target)
		return;
	if (target->check)
		target_check_ask(target->check);
	if (target->state == MAPPING_OPEN)
		reach_ask(target->reach);
	target->is_probe_wanted = target->state == MAPPING_PENDING;
}

bool targets_look(const struct targets *s, const char *name, struct target_look *out)
{
	const struct target *at = target_by_name(s, name);
	if (!at)
		return false;
	*out = (struct target_look){
	    .state = at->state,
	    .public_text = at->shown,
	    .error = at->error,
	    .target_error = target_check_error(at->check),
	    .unreachable = strcmp(reach_part(at->reach)->state, "no") == 0
			       ? reach_part(at->reach)->error
			       : NULL,
	    .is_checked = !target_check_is_asked(at->check) && !reach_is_asked(at->reach),
	};
	return true;
}

static uint64_t dropped(const struct target *s)
{
	uint64_t count = s->count.dropped;
	LIST_EACH(node, &s->visits)
	{
		const struct visit *v = LIST_ENTRY(node, const struct visit, node);
		count += v->count.dropped + (v->flow ? flow_dropped(v->flow) : 0);
	}
	return count;
}

/* What the file asks for, which is the only name before the relay has opened the mapping. */
static void wanted_status(const struct target *s, struct json *w)
{
	const struct mapping *m = &s->mapping;
	char ports[16];
	snprintf(ports, sizeof ports, m->first == m->last ? "%u" : "%u-%u", (unsigned)m->first,
		 (unsigned)m->last);
	char *host = idn_as_typed(s->host ? s->host : m->host, m->host, m->host_typed);
	json_str(w, "wanted", host ? host : ports);
	mem_free(host);
}

/* Why the last dial failed, if none has succeeded since. */
static const char *dial_error(const struct target *s)
{
	bool udp = mapping_kind(s->mapping.protocol)->transport == PORTS_UDP;
	bool healed = udp && s->count.bytes.to_stream > s->dial_error_out;
	return healed ? NULL : s->dial_error;
}

/* With the error borrowed. Of udp nothing is known but what its visitors found. */
static struct report_part target_part(const struct target *s)
{
	if (s->check)
		return target_check_part(s->check);
	char *error = dial_error(s) ? s->dial_error : NULL;
	struct report_part part = {.error = error, .time_ms = error ? s->dial_error_ms : 0};
	const char *word = error ? "down" : s->count.bytes.to_stream ? "up" : "unknown";
	memcpy(part.state, word, strlen(word) + 1);
	return part;
}

static void target_status(const struct target *s, struct json *w)
{
	json_open(w, NULL, '{');
	json_str(w, "name", s->mapping.name);
	json_str(w, "protocol", mapping_kind(s->mapping.protocol)->word);
	json_str(w, "public", s->shown);
	wanted_status(s, w);
	json_str(w, "target", s->mapping.target_text);
	json_str(w, "state", mapping_state_text(s->state));
	bool udp = mapping_kind(s->mapping.protocol)->transport == PORTS_UDP;
	if (s->error || !dial_error(s)) {
		json_str(w, "error", s->error);
	} else {
		char at[32];
		char *text =
		    mem_printf("%s (at %s)", s->dial_error, text_time(s->dial_error_ms, at));
		json_str(w, "error", text);
		mem_free(text);
	}
	struct report_part target = target_part(s);
	report_part_status(reach_part(s->reach), REPORT_REACHABLE, w);
	report_part_status(&target, REPORT_TARGET, w);
	struct report_part certificate =
	    certificates_status_part(s->all->certificates, s->mapping.name);
	if (certificate.state[0])
		report_part_status(&certificate, REPORT_CERTIFICATE, w);
	json_uint(w, "connections", udp ? 0 : s->visits_now);
	json_uint(w, "connections_total", s->visits_total);
	json_uint(w, "flows", udp ? s->visits_now : 0);
	json_uint(w, "dropped", dropped(s));
	json_uint(w, "bytes_in", s->count.bytes.from_stream);
	json_uint(w, "bytes_out", s->count.bytes.to_stream);
	json_close(w);
}

void targets_status(const struct targets *s, struct json *w)
{
	json_open(w, "mappings", '[');
	LIST_EACH(node, &s->list)
	target_status(LIST_ENTRY(node, struct target, node), w);
	json_close(w);
}

/* --- visitors, for who looks --- */

static void tell_visit(const struct visit *v, struct json *w)
{
	const struct target *t = v->target;
	char from[ADDR_TEXT];
	char *to = mem_printf("%s:%u", t->mapping.target.host, v->port);
	json_open(w, NULL, '{');
	json_uint(w, "id", v->id);
	json_str(w, "mapping", t->mapping.name);
	json_str(w, "protocol", mapping_kind(t->mapping.protocol)->word);
	json_str(w, "visitor", addr_ip_text(&v->visitor, from));
	json_str(w, "target", to);
	json_time(w, "since", loop_wall_ms() - (loop_now_ms(t->all->loop) - v->since_ms));
	json_uint(w, "bytes_in", v->count.bytes.from_stream);
	json_uint(w, "bytes_out", v->count.bytes.to_stream);
	json_close(w);
	mem_free(to);
}

uint64_t targets_visitors(const struct targets *s, const char *mapping, struct json *w)
{
	uint64_t total = 0, told = 0;
	LIST_EACH(node, &s->list)
	{
		const struct target *t = LIST_ENTRY(node, struct target, node);
		if (*mapping && strcmp(mapping, t->mapping.name) != 0)
			continue;
		total += t->visits_now;
		LIST_EACH(visit, &t->visits)
		if (told++ < TARGETS_VISITORS_MOST)
			tell_visit(LIST_ENTRY(visit, struct visit, node), w);
	}
	return total;
}

static struct visit *find_visit(const struct targets *s, uint64_t id)
{
	LIST_EACH(node, &s->list)
	{
		const struct target *t = LIST_ENTRY(node, struct target, node);
		LIST_EACH(visit, &t->visits)
		if (LIST_ENTRY(visit, struct visit, node)->id == id)
			return LIST_ENTRY(visit, struct visit, node);
	}
	return NULL;
}

bool targets_cut_visitor(struct targets *s, uint64_t id, struct json *w)
{
	struct visit *v = find_visit(s, id);
	if (!v)
		return false;
	tell_visit(v, w);
	end_visit(v, RESET_ABORTED, "the operator cut it off");
	return true;
}

/* --- what the relay is told --- */

static bool is_news(struct target *s, enum report_part_name which, const struct report_part *part)
{
	if (report_part_same(&s->sent[which], part))
		return false;
	report_part_copy(&s->sent[which], part);
	return part->state[0];
}

/* What is new of it, into "mappings"; false: nothing. What the relay has not answered yet it may
 * not know. */
static bool report_target(struct target *s, struct json *w)
{
	if (s->state == unanswered(s))
		return false;
	struct report_mapping m = {.id = s->mapping.id};
	m.parts[REPORT_REACHABLE] = *reach_part(s->reach);
	m.parts[REPORT_TARGET] = target_part(s);
	m.parts[REPORT_CERTIFICATE] = certificates_part(s->all->certificates, s->mapping.name);
	bool any = false;
	for (int i = 0; i < REPORT_PART_COUNT; i++) {
		m.has[i] = is_news(s, (enum report_part_name)i, &m.parts[i]);
		any |= m.has[i];
	}
	if (any)
		report_write_mapping(&m, w);
	return any;
}

/* From node on, as many as one REPORT holds; returns the next. */
static struct list *report_some(struct targets *s, struct list *node)
{
	bool any = false;
	struct buf json = BUF_INIT;
	struct json w = json_into(&json, false);
	json_open(&w, NULL, '{');
	json_open(&w, "mappings", '[');
	for (; node != &s->list && buf_len(&json) < REPORT_BYTES; node = node->next)
		any |= report_target(LIST_ENTRY(node, struct target, node), &w);
	json_close(&w);
	json_close(&w);
	if (any)
		tunnel_say(transport_tunnel(s->reports_to), FRAME_REPORT, &json);
	buf_fini(&json);
	return node;
}

static bool may_report(const struct targets *s)
{
	return transport_is_attached(s->reports_to) &&
	       tunnel_may_say(transport_tunnel(s->reports_to), REPORT_MOST);
}

/* Only while attached, and only what has room: so nothing piles up, is old when it is sent, or is
 * lost. The rest is still new the next time. */
static void on_report_timer(void *owner)
{
	struct targets *s = owner;
	if (!s->reports_to)
		return;
	struct list *node = s->list.next;
	while (node != &s->list && may_report(s))
		node = report_some(s, node);
	if (node != &s->list)
		timer_set(s->report_timer, REPORT_MS);
	transport_mark(s->reports_to);
}

const char *targets_trust(struct targets *s, const char *name, targets_trust_fn *fn, void *owner)
{
	struct target *t = target_by_name(s, name);
	if (!t)
		return "no mapping is called so";
	if (!t->tls)
		return "its target speaks no TLS (https://…)";
	if (t->mapping.target_pin || t->mapping.target_ca_file)
		return "agent.json says which certificate its target must have";
	end_trust(t, "asked again");
	struct target_place to = place_of(t, t->mapping.target.first);
	to.trust = true;
	t->trust_fn = fn;
	t->trust_owner = owner;
	t->trust = target_dial_start(s->loop, &to, NULL, 0, on_trust, t);
	return NULL;
}
