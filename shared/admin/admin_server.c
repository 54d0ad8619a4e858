/*
 * on_request() checks that the Host is ours or a bearer token is there, and finds the route.
 * serve() checks where a write comes from (is_from_here()), then who asks (admit()): a token that
 * fits, or the cookie of a session that a link or a password has begun. Then the route answers.
 *
 *	404, 405   no such path, or not with this method
 *	403        a foreign Host or Origin, a write without the header token, a read-only token
 *	401        no token, or a wrong one; a wrong one is counted and logged at most once a minute
 *	429        the source guesses too much; its token is not looked at
 *	503        admin.json cannot be read or written
 */
#include "shared/admin/admin_server.h"

#include "shared/admin/admin_file.h"
#include "shared/admin/admin_login.h"
#include "shared/admin/admin_sessions.h"
#include "shared/admin/audit_log.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/guess_limiter.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/failure_log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_MS = 10000,
	CONNECTIONS = 256,
	/* All event listeners may come from one source, a tunnel or proxy, and others fit in. */
	PER_SOURCE = EVENT_LISTENERS_MOST + 32,
	TOKEN_FILE_MAX = 4096
};

struct admin_server {
	struct loop *loop;
	struct admin_program program;
	const struct admin_config *config; /* NULL: not set yet */
	struct http_server *server;
	struct event_listeners *listeners;
	struct audit_log *audit;
	struct guess_limiter *guesses;
	struct failure_log *log;
	struct admin_file file;
	struct stat file_seen; /* the state of the file when it was last read */
	struct admin_sessions sessions;
	struct admin_login *login;
	/* The cookie's name. Cookies ignore ports, so it tells this program from others on the same
	 * host. */
	char cookie[48];
};

/* --- answers --- */

void admin_answer_status(struct http_exchange *x, unsigned status, const struct buf *json)
{
	http_answer(x, status, "application/json", "X-Content-Type-Options: nosniff\r\n",
		    buf_data(json), buf_len(json));
}

void admin_answer(struct http_exchange *x, const struct buf *json)
{
	admin_answer_status(x, 200, json);
}

static void refuse(struct http_exchange *x, unsigned status, const char *headers, const char *why)
{
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	json_str(&w, "error", why);
	json_close(&w);
	buf_puts(&out, "\n");
	char *all = mem_printf("X-Content-Type-Options: nosniff\r\n%s", headers);
	http_answer(x, status, "application/json", all, buf_data(&out), buf_len(&out));
	mem_free(all);
	buf_fini(&out);
}

void admin_answer_error(struct http_exchange *x, unsigned status, const char *why)
{
	refuse(x, status, "", why);
}

static const char challenge[] = "WWW-Authenticate: Bearer realm=\"groundnut\"\r\n";

static void refuse_guess(struct http_exchange *x)
{
	refuse(x, 429, "Retry-After: 60\r\n", "too many guesses");
}

/* --- who asks --- */

/* Reads admin.json when it has changed; the commands change it at any time. A new password or
 * second factor ends all sessions and event listeners. */
static void read_file(struct admin_server *a)
{
	struct stat now = {0};
	char password[PASSWORD_TEXT], secret[TOTP_SECRET_TEXT], *why = NULL;
	memcpy(password, a->file.password, sizeof password);
	memcpy(secret, a->file.totp_secret, sizeof secret);
	if (stat(a->config->file, &now) < 0) {
		a->file = (struct admin_file){.count = 0};
	} else if (!file_is_same(&now, &a->file_seen) &&
		   admin_file_read(a->config->file, &a->file, &why) < 0) {
		log_warn("admin_file_refused", "why=%s", why);
		mem_free(why);
	} else if (strcmp(password, a->file.password) || strcmp(secret, a->file.totp_secret)) {
		admin_sessions_end_all(&a->sessions);
		event_listeners_end(a->listeners);
	}
	a->file_seen = now;
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
	const char *file = a->config->metrics_token_file;
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

/* Reads the value of our cookie (RFC 6265). "" when it is absent or of another length. */
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

static bool is_signed_in(struct admin_server *a, struct http_exchange *x)
{
	char session[TOKEN_TEXT];
	read_file(a);
	read_cookie(a, x, session);
	return *session && admin_sessions_has(&a->sessions, session, loop_now_ms(a->loop));
}

/* Derives a value from the session's cookie that our page can read and other pages cannot. It does
 * not check the session: admit() does. */
static void header_token(const struct admin_server *a, struct http_exchange *x,
			 char out[TOKEN_HASH_TEXT])
{
	char session[TOKEN_TEXT], text[TOKEN_TEXT + 16];
	read_cookie(a, x, session);
	snprintf(text, sizeof text, "writes %s", session);
	token_hash(text, out);
	mem_wipe(text, sizeof text);
	mem_wipe(session, sizeof session);
}

static void note_wrong(struct admin_server *a, const struct addr *peer, const char *why)
{
	char ip[ADDR_TEXT];
	guess_limiter_wrong(a->guesses, peer, loop_now_ms(a->loop));
	event_hub_wrong(a->program.events, peer, "signing in to the dashboard");
	if (failure_log_count(a->log, "admin_refused", peer, why))
		log_info("admin_refused", "source=%s", addr_ip_text(peer, ip));
}

/* Whether the token fits the right. False: the caller answers. */
static bool admit_token(struct admin_server *a, const char *token, enum admin_right right,
			struct admin_request *r)
{
	const struct addr *peer = http_exchange_peer(r->exchange);
	read_file(a);
	const struct admin_token *t = admin_file_match(&a->file, token);
	if (!t && !(right == ADMIN_METRICS && is_metrics_token(a, token))) {
		note_wrong(a, peer, "a wrong token");
		return false;
	}
	guess_limiter_right(a->guesses, peer, loop_now_ms(a->loop));
	snprintf(r->asker.by, sizeof r->asker.by, "token %s", t ? t->name : "of metrics");
	return true;
}

static bool is_read_only(struct admin_server *a, const char *token)
{
	const struct admin_token *t = admin_file_match(&a->file, token);
	return !t || t->read_only;
}

/* Whether the request has the right. False: it is answered. */
static bool admit(struct admin_server *a, struct admin_request *r, enum admin_right right)
{
	struct http_exchange *x = r->exchange;
	const char *token = bearer(x);
	if (!token && right != ADMIN_METRICS && is_signed_in(a, x)) {
		snprintf(r->asker.by, sizeof r->asker.by, "session");
		return true;
	}
	if (!guess_limiter_admits(a->guesses, http_exchange_peer(x), loop_now_ms(a->loop))) {
		refuse_guess(x);
		return false;
	}
	if (!token || !admit_token(a, token, right, r)) {
		refuse(x, 401, challenge, "a token is wanted");
		return false;
	}
	if (right == ADMIN_WRITES && is_read_only(a, token)) {
		admin_answer_error(x, 403, "this token is read-only");
		return false;
	}
	return true;
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

/* Whether the Host is the listener's own. DNS cannot make an address point elsewhere, so a listener
 * on the wildcard address accepts each address. */
static bool is_own_host(const struct admin_server *a, const char *host)
{
	const struct admin_config *c = a->config;
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

/* Whether the request comes from our own page: its Origin is the host that it asks. */
static bool is_same_origin(struct http_exchange *x, const char *origin)
{
	const char *host = http_message_header(http_exchange_request(x), "Host"),
		   *scheme = http_exchange_is_tls(x) ? "https://" : "http://";
	return host && !strncmp(origin, scheme, strlen(scheme)) &&
	       !strcmp(origin + strlen(scheme), host);
}

/* --- reading requests --- */

/* As admin_request_query(). */
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

void admin_request_query(const struct admin_request *r, const char *key, char *out, size_t size)
{
	query_value(http_message_head(http_exchange_request(r->exchange))->target, key, out, size);
}

static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t len = sizeof json - 1;
	return type && !strncasecmp(type, json, len) && (!type[len] || strchr("; ", type[len]));
}

/* Demands JSON's type, because a form on another site's page cannot send it. */
struct conf *admin_request_body(const struct admin_request *r)
{
	struct http_message *m = http_exchange_request(r->exchange);
	size_t len;
	const char *text = http_message_body(m, &len);
	if (!is_json(http_message_header(m, "Content-Type"))) {
		admin_answer_error(r->exchange, 415, "the body must be application/json");
		return NULL;
	}
	struct conf *c = conf_parse("request", text, len, false);
	if (conf_ok(conf_root(c)))
		return c;
	admin_answer_error(r->exchange, 400, conf_error_text(c, 0));
	conf_free(c);
	return NULL;
}

bool admin_request_is_read(const struct admin_request *r, struct conf *body)
{
	struct conf_at root = conf_root(body);
	conf_done(root);
	if (conf_ok(root))
		return true;
	admin_answer_error(r->exchange, 400, conf_error_text(body, 0));
	return false;
}

/* --- pages --- */

static const char page_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
    "'self'\r\n"
    "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n";

/* The word for a mark between two @ in the page to sign in; NULL: there is no such mark. */
static const char *signin_word(const struct admin_server *a, const char *mark, size_t len)
{
	bool password = *a->file.password, code = password && *a->file.totp_secret;
	const struct {
		const char *mark, *word;
	} words[] = {
	    {"PROGRAM", a->program.name},
	    {"PASSWORD", password ? "" : " hidden"},
	    {"CODE", code ? "" : " hidden"},
	    {"NONE", password ? " hidden" : ""},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].mark) == len && !memcmp(words[i].mark, mark, len))
			return words[i].word;
	return NULL;
}

static void answer_signin(struct admin_server *a, struct http_exchange *x)
{
	struct buf page = BUF_INIT;
	const char *p = (const char *)web_files_signin.begin,
		   *end = (const char *)web_files_signin.end;
	read_file(a);
	while (p < end) {
		const char *at = memchr(p, '@', (size_t)(end - p)),
			   *back = at ? memchr(at + 1, '@', (size_t)(end - at - 1)) : NULL;
		buf_put(&page, p, (size_t)((back ? at : end) - p));
		if (back)
			buf_puts(&page, signin_word(a, at + 1, (size_t)(back - at - 1)));
		p = back ? back + 1 : end;
	}
	http_answer(x, 200, web_files_signin.type, page_headers, buf_data(&page), buf_len(&page));
	buf_fini(&page);
}

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

/* Whether a browser fetches the link before a person clicks: that must not use the link up. */
static bool is_prefetch(struct http_exchange *x)
{
	const char *purpose = http_message_header(http_exchange_request(x), "Sec-Purpose");
	return purpose && strstr(purpose, "prefetch");
}

static void begin_session(struct admin_server *a, struct http_exchange *x, const char *by,
			  const char session[TOKEN_TEXT])
{
	char ip[ADDR_TEXT];
	log_info("admin_signed_in", "source=%s by=%s", addr_ip_text(http_exchange_peer(x), ip), by);
	set_cookie(a, x, session, ADMIN_SESSION_MS / 1000);
}

/* A right link works even while its source guesses too much, because a link cannot be guessed, and
 * any web page can have a browser on this machine ask for wrong links. */
static void sign_in(void *owner, const struct admin_request *r)
{
	struct admin_server *a = owner;
	struct http_exchange *x = r->exchange;
	const struct addr *peer = http_exchange_peer(x);
	uint64_t now = loop_now_ms(a->loop);
	char link[TOKEN_TEXT], session[TOKEN_TEXT];
	admin_request_query(r, "t", link, sizeof link);
	if (is_prefetch(x) || !http_head_asks(http_message_head(http_exchange_request(x)), "GET")) {
		admin_answer_error(x, 403, "not before it is opened");
	} else if (admin_sessions_begin(&a->sessions, link, now, session)) {
		guess_limiter_right(a->guesses, peer, now);
		begin_session(a, x, "link", session);
	} else if (!guess_limiter_admits(a->guesses, peer, now)) {
		refuse_guess(x);
	} else {
		note_wrong(a, peer, "a wrong link");
		answer_signin(a, x);
	}
}

static void on_login(void *owner, void *arg, enum admin_login_result result)
{
	struct admin_server *a = owner;
	char session[TOKEN_TEXT];
	if (result == ADMIN_LOGIN_RIGHT) {
		admin_sessions_open(&a->sessions, loop_now_ms(a->loop), session);
		begin_session(a, arg, "password", session);
		mem_wipe(session, sizeof session);
	} else if (result == ADMIN_LOGIN_WRONG) {
		event_hub_wrong(a->program.events, http_exchange_peer(arg),
				"signing in to the dashboard");
		refuse(arg, 401, challenge, "not the right password or code");
	} else if (result == ADMIN_LOGIN_LATER) {
		refuse_guess(arg);
	} else {
		admin_answer_error(arg, 503,
				   "admin.json cannot be read or written; the log says why");
	}
}

/* Only our own page may sign in. It sends JSON, which a form on another site's page cannot send.
 * The Host is checked again here, because on_request() does not check it beside a bearer token, and
 * a page whose name leads here by DNS rebinding may send any token. */
static void sign_in_by_password(void *owner, const struct admin_request *r)
{
	struct admin_server *a = owner;
	struct http_exchange *x = r->exchange, *refused = NULL;
	const char *origin = http_message_header(http_exchange_request(x), "Origin");
	const char *password = "", *code = "";
	if (!is_own_host(a, http_message_head(http_exchange_request(x))->host) || !origin ||
	    !is_same_origin(x, origin)) {
		admin_answer_error(x, 403, "not from here");
		return;
	}
	struct conf *body = admin_request_body(r);
	if (!body)
		return;
	struct conf_at root = conf_root(body);
	conf_str(root, "password", &password);
	conf_opt_str(root, "code", &code);
	if (strlen(password) > PASSWORD_MAX)
		conf_error(root, "password", "must have %d bytes at most", PASSWORD_MAX);
	if (admin_request_is_read(r, body))
		refused = admin_login_try(a->login,
					  &(struct admin_login_try){.file = a->config->file,
								    .peer = http_exchange_peer(x),
								    .password = password,
								    .code = code,
								    .arg = x});
	if (refused)
		refuse_guess(refused);
	conf_free(body);
}

static void sign_out(void *owner, const struct admin_request *r)
{
	struct admin_server *a = owner;
	char session[TOKEN_TEXT];
	read_cookie(a, r->exchange, session);
	admin_sessions_end(&a->sessions, session);
	set_cookie(a, r->exchange, "", 0);
}

static void serve_page(void *owner, const struct admin_request *r)
{
	struct admin_server *a = owner;
	if (is_signed_in(a, r->exchange))
		answer_file(r->exchange, &web_files_index);
	else
		answer_signin(a, r->exchange);
}

static void serve_health(void *owner, const struct admin_request *r)
{
	(void)owner;
	http_answer(r->exchange, 200, "text/plain", NULL, "ok\n", 3);
}

static void serve_session(void *owner, const struct admin_request *r)
{
	char token[TOKEN_HASH_TEXT];
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	header_token(owner, r->exchange, token);
	json_open(&w, NULL, '{');
	json_str(&w, "by", r->asker.by);
	json_str(&w, "from", r->asker.from);
	json_str(&w, "token", bearer(r->exchange) ? NULL : token);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void serve_audit(void *owner, const struct admin_request *r)
{
	const struct admin_server *a = owner;
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	json_open(&w, NULL, '{');
	audit_log_write(a->audit, &w);
	json_close(&w);
	admin_answer(r->exchange, &out);
	buf_fini(&out);
}

static void serve_openapi(void *owner, const struct admin_request *r)
{
	const struct admin_server *a = owner;
	answer_file(r->exchange, a->program.openapi);
}

static const struct admin_route own_routes[] = {
    {"GET", "/", ADMIN_ANYBODY, serve_page},
    {"GET", "/link", ADMIN_ANYBODY, sign_in},
    {"POST", "/signin", ADMIN_ANYBODY, sign_in_by_password},
    {"POST", "/signout", ADMIN_WRITES, sign_out},
    {"GET", "/healthz", ADMIN_ANYBODY, serve_health},
    {"GET", "/api/v1/session", ADMIN_READS, serve_session},
    {"GET", "/api/v1/openapi.json", ADMIN_READS, serve_openapi},
    {"GET", "/api/v1/audit", ADMIN_READS, serve_audit},
    {0},
};

/* --- requests --- */

/* The path of a target, without its query. */
static struct http_span path_of(struct http_span target)
{
	const char *query = memchr(target.p, '?', target.len);
	return (struct http_span){target.p, query ? (size_t)(query - target.p) : target.len};
}

static bool is_prefix(const char *path)
{
	size_t len = strlen(path);
	return len > 1 && path[len - 1] == '/';
}

static bool fits_path(struct http_span path, const char *known)
{
	size_t len = strlen(known);
	return (is_prefix(known) ? path.len > len : path.len == len) && !memcmp(path.p, known, len);
}

static bool fits_method(const struct http_head *h, const char *method)
{
	return http_head_asks(h, method) || (!strcmp(method, "GET") && http_head_asks(h, "HEAD"));
}

/* Returns the route of this path and method. Appends to allow the methods of all its routes. */
static const struct admin_route *find_route(const struct admin_route *all,
					    const struct http_head *h, struct buf *allow)
{
	struct http_span path = path_of(h->target);
	const struct admin_route *found = NULL;
	for (const struct admin_route *r = all; r->path; r++) {
		if (!fits_path(path, r->path))
			continue;
		buf_printf(allow, "%s%s", buf_len(allow) ? ", " : "Allow: ",
			   strcmp(r->method, "GET") ? r->method : "GET, HEAD");
		if (!found && fits_method(h, r->method))
			found = r;
	}
	return found;
}

static const struct web_file *find_file(const struct web_file *all, struct http_span target)
{
	for (const struct web_file *f = all; f->path; f++)
		if (fits_path(path_of(target), f->path))
			return f;
	return NULL;
}

/* Whether a write comes from a program or from our own page. False: it is answered. */
static bool is_from_here(const struct admin_server *a, struct http_exchange *x)
{
	struct http_message *m = http_exchange_request(x);
	const char *origin = http_message_header(m, "Origin"),
		   *sent = http_message_header(m, "X-Groundnut-Token");
	char token[TOKEN_HASH_TEXT], sent_hash[TOKEN_HASH_TEXT];
	bool from_here = origin ? is_same_origin(x, origin) : bearer(x) != NULL;
	if (!from_here) {
		admin_answer_error(x, 403, "not from here");
		return false;
	}
	header_token(a, x, token);
	token_hash(token, sent_hash);
	if (bearer(x) || (sent && token_matches(sent, sent_hash)))
		return true;
	admin_answer_error(x, 403, "without its X-Groundnut-Token; load the page again");
	return false;
}

/* Checks the request and calls the route with its owner, or answers. */
static void serve(struct admin_server *a, struct http_exchange *x, const struct admin_route *route,
		  void *owner)
{
	struct admin_request r = {.exchange = x};
	struct http_span path = path_of(http_message_head(http_exchange_request(x))->target);
	size_t len = strlen(route->path);
	addr_ip_text(http_exchange_peer(x), r.asker.from);
	if (route->right == ADMIN_WRITES && !is_from_here(a, x))
		return;
	if (route->right != ADMIN_ANYBODY && !admit(a, &r, route->right))
		return;
	if (is_prefix(route->path) &&
	    (path.len - len >= sizeof r.rest ||
	     http_message_unescape(path.p + len, path.len - len, r.rest) == SIZE_MAX)) {
		admin_answer_error(x, 404, "not found");
		return;
	}
	route->serve(owner, &r);
}

static void on_request(void *owner, struct http_exchange *x)
{
	struct admin_server *a = owner;
	const struct http_head *h = http_message_head(http_exchange_request(x));
	struct buf allow = BUF_INIT;
	const struct admin_route *own = find_route(own_routes, h, &allow),
				 *route = find_route(a->program.routes, h, &allow);
	const struct web_file *file = find_file(web_files_shared, h->target);
	if (!file)
		file = find_file(a->program.files, h->target);
	if (file)
		buf_puts(&allow, "Allow: GET, HEAD");
	buf_puts(&allow, "\r\n");
	if (!bearer(x) && !is_own_host(a, h->host))
		admin_answer_error(x, 403, "not a name of this listener");
	else if (own)
		serve(a, x, own, a);
	else if (route)
		serve(a, x, route, a->program.owner);
	else if (file && fits_method(h, "GET"))
		answer_file(x, file);
	else if (buf_len(&allow) > 2)
		refuse(x, 405, buf_str(&allow), "method not allowed");
	else
		admin_answer_error(x, 404, "not found");
	buf_fini(&allow);
}

char *admin_server_link(struct admin_server *a, const struct addr *address)
{
	char link[TOKEN_TEXT];
	if (!a || !a->config || !a->config->on)
		return NULL;
	admin_sessions_link(&a->sessions, loop_now_ms(a->loop), link);
	char *origin = admin_config_origin(a->config, address);
	char *url = mem_printf("%s/link?t=%s", origin, link);
	mem_wipe(link, sizeof link);
	mem_free(origin);
	return url;
}

void admin_server_audit(struct admin_server *a, const struct admin_asker *asker, const char *what,
			const char *before, const char *after)
{
	audit_log_add(a->audit, &(struct audit_change){.at_ms = loop_wall_ms(),
						       .by = asker->by,
						       .from = asker->from,
						       .what = what,
						       .before = before,
						       .after = after});
	char *by = mem_printf("by %s from %s", asker->by, asker->from);
	const struct event e = {.kind = EVENT_AUDIT, .subject = what, .why = by};
	event_hub_take(a->program.events, &e);
	mem_free(by);
}

struct event_listeners *admin_server_listeners(struct admin_server *a)
{
	return a->listeners;
}

/* --- beginning and end --- */

struct admin_server *admin_server_new(struct loop *l, const struct admin_program *program)
{
	const struct http_server_limits limits = {.head_ms = HEAD_MS,
						  .connections = CONNECTIONS,
						  .per_source = PER_SOURCE,
						  .body_max = ADMIN_BODY_MAX};
	struct admin_server *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->program = *program;
	a->guesses = guess_limiter_new(false);
	uint32_t instance;
	random_bytes(&instance, sizeof instance);
	snprintf(a->cookie, sizeof a->cookie, "__Host-groundnut-%s-%08x", program->name, instance);
	a->log = failure_log_new(a->loop);
	a->audit = audit_log_new();
	a->login = admin_login_new(l, on_login, a);
	a->listeners = event_listeners_new(l);
	a->server = http_server_new(l, &limits, on_request, a);
	return a;
}

void admin_server_set(struct admin_server *a, const struct admin_config *config)
{
	a->config = config;
	read_file(a);
	if (!config->on)
		event_listeners_end(a->listeners);
	http_server_set_trust(a->server, &config->trust);
}

void admin_server_set_tls(struct admin_server *a, struct tls_context *tls)
{
	http_server_set_tls(a->server, tls);
}

static void accept_one(struct admin_server *a, int fd, const struct addr *peer, bool tls)
{
	if (a->config && a->config->on)
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
	event_listeners_close(a->listeners);
	admin_login_close(a->login);
	http_server_close(a->server);
	audit_log_free(a->audit);
	guess_limiter_free(a->guesses);
	failure_log_close(a->log);
	mem_free(a);
}
