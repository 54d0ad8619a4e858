/*
 * request → a Host that is ours, or a token → a path that is known → the token fits, or the cookie
 * of a session that a link has begun → the answer,
 * at once or when the loops have told of their agents; metrics are then made on the thread pool,
 * since with a thousand homes they take longer than a turn may.
 *
 * Ways to fail: 404, 405; 403 for a foreign Host; 401 for no token or a wrong one, with a counter
 * and a line a minute, and beyond the guessing rate 429 without a look at the token; 503 while
 * QUESTIONS_MOST answers are being made. A question whose server has closed is dropped when its
 * agents come.
 */
#include "relay/admin/admin_server.h"

#include "relay/admin/admin_file.h"
#include "relay/admin/admin_sessions.h"
#include "relay/admin/metrics.h"
#include "relay/admin/web_files.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/guess_limiter.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/failure_log.h"
#include "shared/net/http_server.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_MS = 10000,
	CONNECTIONS = 256,
	PER_SOURCE = 32,
	BODY_MAX = 8192,
	QUESTIONS_MOST = 16,
	TOKEN_FILE_MAX = 4096
};

/* An answer that waits for the loops, and then perhaps for the pool. */
struct question {
	struct list node;            /* of the server's questions */
	struct admin_server *server; /* NULL: it has closed */
	struct http_exchange *exchange;
	bool metrics;
	struct buf status, text; /* for the pool */
	bool made;
};

struct admin_server {
	struct loop *loop;
	struct admin_calls calls;
	bool on;
	struct relay_config *config; /* a reference: the server trusts its proxies */
	struct http_server *server;
	struct tls_context *automatic; /* what a CA gave; NULL: nothing yet */
	struct list questions;
	unsigned question_count;
	struct guess_limiter *guesses;
	struct failure_log *log;
	struct admin_file tokens;
	struct stat tokens_seen; /* as the file was when last read */
	struct admin_sessions sessions;
	/* Cookies ignore ports: its name tells this relay from others on the same host. */
	char cookie[48];
};

/* --- who asks --- */

/* The commands change the file at any time. */
static void read_tokens(struct admin_server *a)
{
	struct stat now = {0};
	char *path = admin_file_path(a->config->state), *why = NULL;
	if (stat(path, &now) < 0) {
		a->tokens = (struct admin_file){.count = 0};
	} else if (!file_is_same(&now, &a->tokens_seen) &&
		   admin_file_read(path, &a->tokens, &why) < 0) {
		log_warn("admin_tokens_refused", "why=%s", why);
		mem_free(why);
	}
	a->tokens_seen = now;
	mem_free(path);
}

/* The bearer token (RFC 6750, section 2.1), or NULL. */
static const char *bearer(struct http_exchange *x)
{
	static const char scheme[] = "Bearer ";
	const char *sent = http_message_header(http_exchange_request(x), "Authorization");
	if (!sent || strncasecmp(sent, scheme, sizeof scheme - 1) != 0)
		return NULL;
	return sent + sizeof scheme - 1 + strspn(sent + sizeof scheme - 1, " ");
}

static bool is_metrics_token(const struct admin_server *a, const char *token)
{
	const char *file = a->config->admin.metrics_token_file;
	char *text = NULL, hash[TOKEN_HASH_TEXT];
	size_t len;
	if (!file || file_read(file, TOKEN_FILE_MAX, &text, &len) != 0)
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	token_hash(text, hash);
	bool same = *text && token_matches(token, hash);
	mem_wipe(text, len);
	mem_free(text);
	return same;
}

/* The value of our cookie (RFC 6265), of the length that it has; else "". */
static void read_cookie(const struct admin_server *a, struct http_exchange *x, char out[TOKEN_TEXT])
{
	const char *sent = http_message_header(http_exchange_request(x), "Cookie");
	const char *name = a->cookie + (http_exchange_is_tls(x) ? 0 : sizeof "__Host-" - 1);
	size_t name_len = strlen(name);
	*out = '\0';
	while (sent && *sent) {
		size_t len = strcspn(sent, ";");
		if (len == name_len + TOKEN_TEXT && !strncmp(sent, name, name_len) &&
		    sent[name_len] == '=')
			snprintf(out, TOKEN_TEXT, "%.*s", TOKEN_TEXT - 1, sent + name_len + 1);
		sent += len;
		sent += strspn(sent, "; ");
	}
}

static bool is_signed_in(const struct admin_server *a, struct http_exchange *x)
{
	char session[TOKEN_TEXT];
	read_cookie(a, x, session);
	return *session && admin_sessions_has(&a->sessions, session, loop_now_ms(a->loop));
}

/* Answers, and returns false, unless the request may be served. */
static bool admit(struct admin_server *a, struct http_exchange *x, bool metrics)
{
	static const char challenge[] = "WWW-Authenticate: Bearer realm=\"groundnut\"\r\n";
	const struct addr *peer = http_exchange_peer(x);
	uint64_t now = loop_now_ms(a->loop);
	const char *token = bearer(x);
	if (!token && !metrics && is_signed_in(a, x))
		return true;
	if (!guess_limiter_admits(a->guesses, peer, now)) {
		http_answer(x, 429, "text/plain", "Retry-After: 60\r\n", "too many guesses\n", 17);
		return false;
	}
	read_tokens(a);
	if (token &&
	    (admin_file_match(&a->tokens, token) || (metrics && is_metrics_token(a, token)))) {
		guess_limiter_right(a->guesses, peer, now);
		return true;
	}
	if (token) {
		char ip[ADDR_TEXT];
		guess_limiter_wrong(a->guesses, peer, now);
		if (failure_log_count(a->log, "admin_refused", peer, "a wrong token"))
			log_info("admin_refused", "source=%s", addr_ip_text(peer, ip));
	}
	http_answer(x, 401, "text/plain", challenge, "a token is wanted\n", 18);
	return false;
}

static bool is_loopback_name(const char *host)
{
	static const char tail[] = ".localhost";
	struct addr ip;
	size_t len = strlen(host);
	return !strcmp(host, "localhost") ||
	       (len > sizeof tail - 1 && !strcmp(host + len - (sizeof tail - 1), tail)) ||
	       (addr_parse_ip(host, &ip) == 0 && addr_is_loopback(&ip));
}

/* An address is no name that a stranger's DNS leads here, so where all are listened on, each
 * fits. */
static bool is_own_host(const struct admin_server *a, const char *host)
{
	const struct admin_config *c = &a->config->admin;
	struct addr ip;
	bool numeric = addr_parse_ip(host, &ip) == 0;
	for (size_t i = 0; i < c->host_count; i++)
		if (!strcmp(c->hosts[i], host))
			return true;
	for (size_t i = 0; numeric && i < c->listen_count; i++)
		if (addr_is_any(&c->listen[i]) || addr_equal_ip(&c->listen[i], &ip))
			return true;
	return is_loopback_name(host);
}

/* --- answers --- */

static void answer_json(struct http_exchange *x, const struct buf *body)
{
	http_answer(x, 200, "application/json", "X-Content-Type-Options: nosniff\r\n",
		    buf_data(body), buf_len(body));
}

static void question_free(struct question *q)
{
	if (q->server)
		q->server->question_count--;
	list_remove(&q->node);
	buf_fini(&q->status);
	buf_fini(&q->text);
	mem_free(q);
}

static void make_metrics(void *arg)
{
	struct question *q = arg;
	q->made = metrics_write((const char *)buf_data(&q->status), buf_len(&q->status), &q->text);
}

static void on_metrics(void *arg)
{
	struct question *q = arg;
	if (q->server && q->made)
		http_answer(q->exchange, 200, "text/plain; version=0.0.4", NULL, buf_data(&q->text),
			    buf_len(&q->text));
	else if (q->server)
		http_answer(q->exchange, 503, "text/plain", NULL, "no status\n", 10);
	question_free(q);
}

static void on_agents(void *arg, const struct buf *agents)
{
	struct question *q = arg;
	struct admin_server *a = q->server;
	if (!a) {
		question_free(q);
		return;
	}
	struct json w = json_into(&q->status, false);
	a->calls.write_status(a->calls.owner, agents, &w);
	if (q->metrics) {
		loop_work(a->loop, make_metrics, on_metrics, q);
		return;
	}
	answer_json(q->exchange, &q->status);
	question_free(q);
}

static void ask(struct admin_server *a, struct http_exchange *x, bool metrics)
{
	if (a->question_count == QUESTIONS_MOST) {
		http_answer(x, 503, "text/plain", "Retry-After: 1\r\n", "busy\n", 5);
		return;
	}
	struct question *q = mem_zalloc(sizeof *q);
	*q = (struct question){.server = a, .exchange = x, .metrics = metrics};
	q->status = q->text = (struct buf)BUF_INIT;
	list_append(&a->questions, &q->node);
	a->question_count++;
	a->calls.ask_agents(a->calls.owner, on_agents, q);
}

/* A value of the query, unescaped into out; "" when it is absent or does not fit. */
static void query_value(struct http_span target, const char *key, char *out, size_t size)
{
	size_t key_len = strlen(key);
	const char *p = memchr(target.p, '?', target.len), *end = target.p + target.len;
	*out = '\0';
	while (p && ++p < end) {
		const char *next = memchr(p, '&', (size_t)(end - p));
		size_t len = (size_t)((next ? next : end) - p);
		if (len > key_len && !memcmp(p, key, key_len) && p[key_len] == '=' &&
		    len - key_len <= size &&
		    http_message_unescape(p + key_len + 1, len - key_len - 1, out) == SIZE_MAX)
			*out = '\0';
		p = next;
	}
}

static void answer_names(struct admin_server *a, struct http_exchange *x)
{
	struct http_span target = http_message_head(http_exchange_request(x))->target;
	char after[32], name[256];
	uint64_t id = 0;
	query_value(target, "after", after, sizeof after);
	query_value(target, "name", name, sizeof name);
	if (*after && text_uint(after, INT64_MAX, &id) < 0) {
		http_answer(x, 400, "text/plain", NULL, "after is no number\n", 19);
		return;
	}
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	a->calls.write_names(a->calls.owner, id, name, &w);
	json_close(&w);
	answer_json(x, &out);
	buf_fini(&out);
}

static bool is_path(struct http_span target, const char *path)
{
	const char *query = memchr(target.p, '?', target.len);
	size_t len = query ? (size_t)(query - target.p) : target.len;
	return len == strlen(path) && !memcmp(target.p, path, len);
}

/* --- pages --- */

static const char page_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'\r\n"
    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";

static void answer_file(struct http_exchange *x, const struct web_file *f)
{
	http_answer(x, 200, f->type, page_headers, f->begin, (size_t)(f->end - f->begin));
}

static void set_cookie(const struct admin_server *a, struct http_exchange *x, const char *value,
		       unsigned max_age_s)
{
	bool tls = http_exchange_is_tls(x);
	char *headers = mem_printf("Location: ./\r\nSet-Cookie: %s=%s; Path=/; HttpOnly; "
				   "SameSite=Strict; Max-Age=%u%s\r\nReferrer-Policy: "
				   "no-referrer\r\n",
				   a->cookie + (tls ? 0 : sizeof "__Host-" - 1), value, max_age_s,
				   tls ? "; Secure" : "");
	http_answer(x, 303, "text/plain", headers, NULL, 0);
	mem_free(headers);
}

/* A browser that fetches links before anybody clicks must not use this one up. */
static bool is_prefetch(struct http_exchange *x)
{
	const char *purpose = http_message_header(http_exchange_request(x), "Sec-Purpose");
	return purpose && strstr(purpose, "prefetch");
}

static void sign_in(struct admin_server *a, struct http_exchange *x)
{
	const struct http_head *h = http_message_head(http_exchange_request(x));
	const struct addr *peer = http_exchange_peer(x);
	uint64_t now = loop_now_ms(a->loop);
	char link[TOKEN_TEXT], session[TOKEN_TEXT], ip[ADDR_TEXT];
	query_value(h->target, "t", link, sizeof link);
	addr_ip_text(peer, ip);
	if (is_prefetch(x) || !http_head_asks(h, "GET")) {
		http_answer(x, 403, "text/plain", NULL, "not before it is opened\n", 24);
	} else if (!guess_limiter_admits(a->guesses, peer, now)) {
		http_answer(x, 429, "text/plain", "Retry-After: 60\r\n", "too many guesses\n", 17);
	} else if (admin_sessions_begin(&a->sessions, link, now, session)) {
		guess_limiter_right(a->guesses, peer, now);
		log_info("admin_signed_in", "source=%s", ip);
		set_cookie(a, x, session, ADMIN_SESSION_MS / 1000);
	} else {
		guess_limiter_wrong(a->guesses, peer, now);
		if (failure_log_count(a->log, "admin_refused", peer, "a wrong link"))
			log_info("admin_refused", "source=%s", ip);
		answer_file(x, &web_signin);
	}
}

/* Written by a page of ours: its Origin is this very host. */
static bool is_same_origin(struct http_exchange *x)
{
	struct http_message *m = http_exchange_request(x);
	const char *origin = http_message_header(m, "Origin"),
		   *host = http_message_header(m, "Host"),
		   *scheme = http_exchange_is_tls(x) ? "https://" : "http://";
	return origin && host && !strncmp(origin, scheme, strlen(scheme)) &&
	       !strcmp(origin + strlen(scheme), host);
}

static void sign_out(struct admin_server *a, struct http_exchange *x)
{
	char session[TOKEN_TEXT];
	read_cookie(a, x, session);
	admin_sessions_end(&a->sessions, session);
	set_cookie(a, x, "", 0);
}

static void serve_page(struct admin_server *a, struct http_exchange *x)
{
	answer_file(x, is_signed_in(a, x) ? &web_page : &web_signin);
}

static const struct web_file *find_file(struct http_span target)
{
	for (const struct web_file *f = web_files; f->path; f++)
		if (is_path(target, f->path))
			return f;
	return NULL;
}

bool admin_server_link(struct admin_server *a, char path[ADMIN_LINK_PATH])
{
	char link[TOKEN_TEXT];
	if (!a || !a->on)
		return false;
	admin_sessions_link(&a->sessions, loop_now_ms(a->loop), link);
	snprintf(path, ADMIN_LINK_PATH, "/link?t=%s", link);
	mem_wipe(link, sizeof link);
	return true;
}

/* --- requests --- */

static void serve_health(struct admin_server *a, struct http_exchange *x)
{
	(void)a;
	http_answer(x, 200, "text/plain", NULL, "ok\n", 3);
}

static void serve_metrics(struct admin_server *a, struct http_exchange *x)
{
	if (admit(a, x, true))
		ask(a, x, true);
}

static void serve_status(struct admin_server *a, struct http_exchange *x)
{
	if (admit(a, x, false))
		ask(a, x, false);
}

static void serve_names(struct admin_server *a, struct http_exchange *x)
{
	if (admit(a, x, false))
		answer_names(a, x);
}

static const struct route {
	const char *path;
	bool writes; /* POST, from a page of ours; else GET and HEAD */
	void (*serve)(struct admin_server *a, struct http_exchange *x);
} routes[] = {
    {"/", false, serve_page},
    {"/link", false, sign_in},
    {"/signout", true, sign_out},
    {"/healthz", false, serve_health},
    {"/metrics", false, serve_metrics},
    {"/api/v1/status", false, serve_status},
    {"/api/v1/names", false, serve_names},
};

static const struct route *find_route(struct http_span target)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (is_path(target, routes[i].path))
			return &routes[i];
	return NULL;
}

static void on_request(void *owner, struct http_exchange *x)
{
	struct admin_server *a = owner;
	const struct http_head *h = http_message_head(http_exchange_request(x));
	const struct route *route = find_route(h->target);
	const struct web_file *file = route ? NULL : find_file(h->target);
	bool writes = route && route->writes;
	bool fits = writes ? http_head_asks(h, "POST")
			   : http_head_asks(h, "GET") || http_head_asks(h, "HEAD");
	if (!bearer(x) && !is_own_host(a, h->host))
		http_answer(x, 403, "text/plain", NULL, "not a name of this listener\n", 28);
	else if (!route && !file)
		http_answer(x, 404, "text/plain", NULL, "not found\n", 10);
	else if (!fits)
		http_answer(x, 405, "text/plain",
			    writes ? "Allow: POST\r\n" : "Allow: GET, HEAD\r\n",
			    "method not allowed\n", 19);
	else if (writes && !is_same_origin(x))
		http_answer(x, 403, "text/plain", NULL, "not from here\n", 14);
	else if (file)
		answer_file(x, file);
	else
		route->serve(a, x);
}

/* --- beginning and end --- */

struct admin_server *admin_server_new(struct loop *l, const struct admin_calls *calls)
{
	const struct http_server_limits limits = {.head_ms = HEAD_MS,
						  .connections = CONNECTIONS,
						  .per_source = PER_SOURCE,
						  .body_max = BODY_MAX};
	struct admin_server *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->calls = *calls;
	list_init(&a->questions);
	a->guesses = guess_limiter_new(true);
	uint32_t instance;
	random_bytes(&instance, sizeof instance);
	snprintf(a->cookie, sizeof a->cookie, "__Host-groundnut-relay-%08x", instance);
	a->log = failure_log_new(a->loop);
	a->server = http_server_new(l, &limits, on_request, a);
	return a;
}

static void load_certificate(struct admin_server *a)
{
	const struct relay_config *c = a->config;
	const struct certificate_config *own = &c->admin.certificate;
	char *why = NULL;
	if (own->automatic && a->automatic) {
		http_server_set_tls(a->server, a->automatic);
		return;
	}
	struct tls_context *tls =
	    tls_context_server_new(own->file ? own->file : c->certificate,
				   own->file ? own->private_key : c->private_key, NULL, true, &why);
	if (tls)
		http_server_set_tls(a->server, tls);
	else
		log_error("admin_certificate_not_taken", "reason=%s", why ? why : "unknown");
	tls_context_unref(tls);
	mem_free(why);
}

void admin_server_set(struct admin_server *a, struct relay_config *config)
{
	a->on = config->admin.on;
	http_server_set_trust(a->server, &config->admin.trust);
	relay_config_unref(a->config);
	a->config = relay_config_ref(config);
	if (a->on)
		load_certificate(a);
}

void admin_server_set_certificate(struct admin_server *a, struct tls_context *tls)
{
	tls_context_unref(a->automatic);
	a->automatic = tls ? tls_context_ref(tls) : NULL;
	if (a->on)
		load_certificate(a);
}

static void accept_one(struct admin_server *a, int fd, const struct addr *peer, bool tls)
{
	if (a->on)
		http_server_accept(a->server, fd, peer, tls);
	else
		close(fd);
}

void admin_server_accept_plain(void *owner, int fd, const struct addr *peer,
			       const struct addr *local)
{
	(void)local;
	accept_one(owner, fd, peer, false);
}

void admin_server_accept_tls(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	(void)local;
	accept_one(owner, fd, peer, true);
}

void admin_server_close(struct admin_server *a)
{
	if (!a)
		return;
	while (!list_is_empty(&a->questions)) {
		struct question *q = LIST_ENTRY(a->questions.next, struct question, node);
		list_remove(&q->node);
		q->server = NULL;
	}
	http_server_close(a->server);
	guess_limiter_free(a->guesses);
	failure_log_close(a->log);
	tls_context_unref(a->automatic);
	relay_config_unref(a->config);
	mem_free(a);
}
