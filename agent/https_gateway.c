/*
 * A visit enters when make_room() finds room. Its ClientHello goes to choose(), which has a
 * certificate or an alert for it. Each of its requests goes to route(): 421 for a Host that is not
 * the mapping's, 429 for a source that guesses passwords, else it goes to the target. When there is
 * no room for a newcomer, evict() ends visits; when all are busy, the newcomer is refused.
 *
 *	held      the visits of one source without a request, the oldest first
 *	young     the same of all sources, by network: a network crowds out its own visits
 *	beside    all visits of one source; thin_out() looks at them in turn
 *	resting   visits between two requests, the longest waiting first
 */
#include "agent/https_gateway.h"

#include "shared/base/eviction_queue.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/rate_limiter.h"
#include "shared/base/request_log.h"
#include "shared/base/text.h"

#include <string.h>

enum {
	HEAD_MS = 10000,
	KEEP_ALIVE_MS = 75000,
	WAIT_MS = 120000,
	SOURCES = 4096,
	LOOKS = 8, /* how many visitors thin_out() looks at for each newcomer */
	/* how far a visitor of a source with HTTPS_GATEWAY_SLOW visitors may be behind */
	LAG_MS = 1000,
};

struct https_visit {
	struct list held;                   /* of its source, while it is unfinished */
	struct eviction_queue_member young; /* https_gateway.young, while it is unfinished */
	struct list beside;                 /* of its source */
	struct list rest;                   /* https_gateway.resting, between requests */
	struct https_gateway *gateway;
	const struct mapping *mapping;
	char *host; /* the mapping's full name; NULL: not known */
	struct addr source;
	struct https_visitor *visitor;
	const struct https_visit_calls *calls;
	void *owner;
	struct guess_limiter *guesses;  /* of the mapping */
	bool is_unfinished, is_resting; /* it has had no request; it is between requests */
	uint64_t asked_ms;              /* when the last request came */
};

struct https_gateway {
	struct loop *loop;
	struct certificates *certificates;
	struct eviction_queue *young;
	struct list resting; /* the longest waiting first */
	struct rate_limiter *unfinished, *sources;
	size_t bytes;                 /* the memory of all visitors */
	struct request_log *requests; /* NULL: requests are not logged */
};

struct https_gateway *https_gateway_new(struct loop *l, struct certificates *certificates)
{
	struct https_gateway *g = mem_zalloc(sizeof *g);
	g->loop = l;
	g->certificates = certificates;
	list_init(&g->resting);
	g->young = eviction_queue_new();
	g->unfinished = rate_limiter_new(SOURCES, 0, 0);
	g->sources = rate_limiter_new(SOURCES, 0, 0);
	return g;
}

void https_gateway_free(struct https_gateway *g)
{
	if (!g)
		return;
	eviction_queue_free(g->young);
	rate_limiter_free(g->unfinished);
	rate_limiter_free(g->sources);
	request_log_free(g->requests);
	mem_free(g);
}

void https_gateway_log_requests(struct https_gateway *g, bool on)
{
	if (on && !g->requests)
		g->requests = request_log_new(REQUEST_LOG_BYTES);
	if (on)
		return;
	request_log_free(g->requests);
	g->requests = NULL;
}

void https_gateway_write_requests(const struct https_gateway *g, struct json *w)
{
	if (g->requests)
		request_log_write(g->requests, "", loop_now_ms(g->loop), w);
}

/* --- coming and going --- */

static void grow_up(struct https_visit *v)
{
	if (!v->is_unfinished)
		return;
	v->is_unfinished = false;
	eviction_queue_leave(v->gateway->young, &v->young);
	list_remove(&v->held);
	rate_limiter_release(v->gateway->unfinished, &v->source);
}

static void rests(void *owner, bool rests)
{
	struct https_visit *v = owner;
	if (v->is_resting == rests)
		return;
	if (v->is_resting)
		list_remove(&v->rest);
	if (rests)
		list_append(&v->gateway->resting, &v->rest);
	v->is_resting = rests;
}

static void leave(struct https_visit *v)
{
	grow_up(v);
	rests(v, false);
	list_remove(&v->beside);
	rate_limiter_release(v->gateway->sources, &v->source);
	mem_free(v->host);
	mem_free(v);
}

static void on_over(void *owner, const char *why)
{
	struct https_visit *v = owner;
	const struct https_visit_calls *calls = v->calls;
	void *above = v->owner;
	leave(v);
	calls->over(above, why);
}

static void evict(struct https_visit *v, enum reset_code code)
{
	https_visitor_cut(v->visitor, code);
	on_over(v, reset_text(code));
}

/* --- bounds --- */

/* For a newcomer of a source with many visitors: looks at a few of these in turn, and ends the slow
 * ones. The more visitors the source has, the less a visitor may be behind. */
static void thin_out(struct https_gateway *g, const struct addr *source)
{
	for (int i = 0; i < LOOKS; i++) {
		uint32_t count = rate_limiter_held(g->sources, source);
		struct list *beside = rate_limiter_holders(g->sources, source);
		if (!beside || count < HTTPS_GATEWAY_SLOW)
			return;
		struct https_visit *v = LIST_ENTRY(beside->next, struct https_visit, beside);
		list_remove(&v->beside);
		list_append(beside, &v->beside);
		if (https_visitor_lag_ms(v->visitor) > (int64_t)LAG_MS * HTTPS_GATEWAY_SLOW / count)
			evict(v, RESET_NO_ROOM);
	}
}

/* The unfinished visit that is ended first; NULL: there is none. */
static struct https_visit *first_to_go(const struct https_gateway *g)
{
	struct eviction_queue_member *m = eviction_queue_first(g->young);
	return m ? LIST_ENTRY(m, struct https_visit, young) : NULL;
}

/* The visit that is ended first for memory. A resting one loses least: its browser connects again
 * without telling anybody. */
static struct https_visit *least_missed(const struct https_gateway *g)
{
	if (!list_is_empty(&g->resting))
		return LIST_ENTRY(g->resting.next, struct https_visit, rest);
	return first_to_go(g);
}

/* Makes room for one more visit. False: all visitors are busy. */
static bool make_room(struct https_gateway *g, const struct addr *source)
{
	thin_out(g, source);
	while (eviction_queue_count(g->young) >= HTTPS_GATEWAY_UNFINISHED_MOST)
		evict(first_to_go(g), RESET_NO_ROOM);
	for (struct https_visit *v; g->bytes >= HTTPS_GATEWAY_BYTES && (v = least_missed(g));)
		evict(v, RESET_NO_ROOM);
	return g->bytes < HTTPS_GATEWAY_BYTES;
}

static void hold(struct https_visit *v)
{
	struct https_gateway *g = v->gateway;
	uint64_t now = loop_now_ms(g->loop);
	while (!rate_limiter_hold(g->unfinished, &v->source, HTTPS_GATEWAY_UNFINISHED, now)) {
		struct list *held = rate_limiter_holders(g->unfinished, &v->source);
		evict(LIST_ENTRY(held->next, struct https_visit, held), RESET_NO_ROOM);
	}
	list_append(rate_limiter_holders(g->unfinished, &v->source), &v->held);
	eviction_queue_join(g->young, &v->young, &v->source);
	v->is_unfinished = true;
	rate_limiter_hold(g->sources, &v->source, UINT32_MAX, now);
	list_append(rate_limiter_holders(g->sources, &v->source), &v->beside);
}

/* --- the calls of https_visitor.h --- */

static struct tls_context *choose(void *owner, const struct client_hello *hello,
				  enum client_hello_alert *alert, bool *validates)
{
	struct https_visit *v = owner;
	*alert = CLIENT_HELLO_UNRECOGNIZED_NAME;
	*validates = client_hello_offers_only(hello, TLS_CONTEXT_ALPN_ACME);
	if (*validates)
		return certificates_validation(v->gateway->certificates, hello->host);
	if (v->host && !text_host_covers(v->host, hello->host))
		return NULL;
	*alert = CLIENT_HELLO_INTERNAL_ERROR;
	return certificates_shown(v->gateway->certificates, v->mapping->name);
}

static void count_guess(struct https_visit *v, enum basic_auth auth, uint64_t now)
{
	if (auth == BASIC_AUTH_RIGHT)
		guess_limiter_right(v->guesses, &v->source, now);
	else if (auth != BASIC_AUTH_NONE)
		guess_limiter_wrong(v->guesses, &v->source, now);
}

static void on_noted(void *owner, const struct http_note *note)
{
	const struct https_visit *v = owner;
	uint64_t now = loop_now_ms(v->gateway->loop);
	const struct request r = {.account = "",
				  .agent = "",
				  .mapping = v->mapping->name,
				  .method = note->method,
				  .path = note->path,
				  .code = note->status,
				  .time_ms = loop_wall_ms(),
				  .took_ms = now - v->asked_ms,
				  .bytes_in = note->in,
				  .bytes_out = note->out};
	if (v->gateway->requests)
		request_log_add(v->gateway->requests, &r, now);
}

static void route(void *owner)
{
	struct https_visit *v = owner;
	struct http_gateway *gateway = https_visitor_gateway(v->visitor);
	const struct mapping *m = v->mapping;
	uint64_t now = loop_now_ms(v->gateway->loop);
	grow_up(v);
	v->asked_ms = now;
	if (v->gateway->requests)
		http_gateway_note(gateway);
	if (v->host && !text_host_covers(v->host, http_gateway_request(gateway)->host)) {
		http_gateway_refuse(gateway, 421, 0);
		return;
	}
	if (m->basic_user && !guess_limiter_admits(v->guesses, &v->source, now)) {
		http_gateway_refuse(gateway, 429, 1);
		return;
	}
	const struct open_info *info = https_visitor_info(v->visitor);
	struct http_route route = {.key = 1,
				   .visitor = &info->visitor,
				   .proto = "https",
				   .port = info->visited.port,
				   .host = m->target_host,
				   .user = m->basic_user,
				   .password = m->basic_password,
				   .realm = m->name};
	enum basic_auth auth = http_gateway_route(gateway, &route);
	if (m->basic_user)
		count_guess(v, auth, now);
}

static void open_target(void *owner)
{
	struct https_visit *v = owner;
	v->calls->open(v->owner);
}

/* --- for the owner --- */

struct https_visit *https_gateway_enter(struct https_gateway *g, struct transport *k,
					struct stream *stream, const struct mapping *m,
					const char *host, struct guess_limiter *guesses,
					struct splice_count *count,
					const struct https_visit_calls *calls, void *owner)
{
	static const struct https_visitor_calls ours = {choose, route,    open_target,
							rests,  on_noted, on_over};
	const struct https_visitor_times times = {
	    .hello_ms = HEAD_MS,
	    .head_ms = HEAD_MS,
	    .idle_ms = m->idle_s ? m->idle_s * 1000 : KEEP_ALIVE_MS,
	    .stall_ms = m->idle_s * 1000,
	    .wait_ms = WAIT_MS,
	};
	struct addr source = addr_source(&stream_info(stream)->visitor);
	if (!make_room(g, &source)) {
		stream_reset(stream, RESET_NO_ROOM);
		stream_close(stream);
		transport_mark(k);
		return NULL;
	}
	struct https_visit *v = mem_zalloc(sizeof *v);
	v->gateway = g;
	v->mapping = m;
	v->host = mem_strdup(host);
	v->source = source;
	v->guesses = guesses;
	v->calls = calls;
	v->owner = owner;
	hold(v);
	v->visitor = https_visitor_new(k, stream, &times, m->hsts_s, count, &g->bytes, &ours, v);
	return v;
}

void https_visit_opened(struct https_visit *v, struct io *io)
{
	https_visitor_opened(v->visitor, io);
}

const struct open_info *https_visit_info(const struct https_visit *v)
{
	return https_visitor_info(v->visitor);
}

void https_visit_cut(struct https_visit *v, enum reset_code code)
{
	https_visitor_cut(v->visitor, code);
	leave(v);
}
