/*
 * on_request() checks that the Host is ours or a bearer token is there, and finds the route or the
 * file. serve() has admin_access check where a write comes from, then who asks. Then the route
 * answers.
 *
 *	403        a foreign Host
 *	404, 405   no such path, or not with this method
 */
#include "shared/admin/admin_server.h"

#include "shared/admin/admin_signin.h"
#include "shared/admin/audit_log.h"
#include "shared/base/mem.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

enum {
	HEAD_MS = 10000,
	CONNECTIONS = 256,
	/* All event listeners may come from one source, a tunnel or proxy, and others fit in. */
	PER_SOURCE = EVENT_STREAMS_MOST + 32
};

struct admin_server {
	struct loop *loop;
	struct admin_program program;
	struct http_server *server;
	struct event_streams *listeners;
	struct audit_log *audit;
	struct admin_access access;
	struct admin_signin *signin;
};

static void serve_health(void *owner, const struct admin_request *r)
{
	(void)owner;
	http_answer(r->exchange, 200, "text/plain", ADMIN_ANSWER_HEADERS, "ok\n", 3);
}

static void serve_session(void *owner, const struct admin_request *r)
{
	const struct admin_server *a = owner;
	char token[TOKEN_HASH_TEXT];
	struct buf out = BUF_INIT;
	struct json w = json_into(&out, false);
	admin_access_header_token(&a->access, r->exchange, token);
	json_open(&w, NULL, '{');
	json_str(&w, "by", r->asker.by);
	json_str(&w, "from", r->asker.from);
	json_str(&w, "token", admin_request_bearer(r->exchange) ? NULL : token);
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
	admin_answer_file(r->exchange, a->program.openapi);
}

static const struct admin_route own_routes[] = {
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

/* Checks the request and calls the route with its owner, or answers. */
static void serve(struct admin_server *a, struct http_exchange *x, const struct admin_route *route,
		  void *owner)
{
	struct admin_request r = {.exchange = x};
	struct http_span path = path_of(http_message_head(http_exchange_request(x))->target);
	size_t len = strlen(route->path);
	addr_ip_text(http_exchange_peer(x), r.asker.from);
	if (route->right == ADMIN_WRITES && !admin_access_is_from_here(&a->access, x))
		return;
	if (route->right != ADMIN_ANYBODY && !admin_access_admit(&a->access, &r, route->right))
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
	const struct {
		const struct admin_route *routes;
		void *owner;
	} all[] = {{own_routes, a},
		   {admin_signin_routes, a->signin},
		   {a->program.routes, a->program.owner}};
	const struct admin_route *route = NULL;
	void *routes_owner = NULL;
	struct buf allow = BUF_INIT;
	for (size_t i = 0; i < sizeof all / sizeof *all && !route; i++) {
		route = find_route(all[i].routes, h, &allow);
		routes_owner = all[i].owner;
	}
	const struct web_file *file = find_file(web_files_shared, h->target);
	if (!file)
		file = find_file(a->program.files, h->target);
	if (file)
		buf_puts(&allow, "Allow: GET, HEAD");
	buf_puts(&allow, "\r\n");
	if (!admin_request_bearer(x) && !admin_config_is_own_host(a->access.config, h->host))
		admin_answer_error(x, 403, "not a name of this listener");
	else if (route)
		serve(a, x, route, routes_owner);
	else if (file && fits_method(h, "GET"))
		admin_answer_file(x, file);
	else if (buf_len(&allow) > 2)
		admin_answer_refusal(x, 405, buf_str(&allow), "method not allowed");
	else
		admin_answer_error(x, 404, "not found");
	buf_fini(&allow);
}

char *admin_server_link(struct admin_server *a, const struct addr *address)
{
	char link[TOKEN_TEXT];
	if (!a || !a->access.config || !a->access.config->on)
		return NULL;
	admin_sessions_link(&a->access.sessions, loop_now_ms(a->loop), link);
	char *origin = admin_config_origin(a->access.config, address);
	char *url = mem_printf("%s/link?t=%s", origin, link);
	mem_wipe(link, sizeof link);
	mem_free(origin);
	return url;
}

/* What was changed, by name: "name" of the text as JSON, of a visitor its address, else the
 * text. */
static char *changed_name(const char *text)
{
	json_t *o = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	const char *name = json_string_value(json_object_get(o, "name"));
	if (!name)
		name = json_string_value(json_object_get(o, "visitor"));
	char *copy = mem_strdup(name ? name : text);
	json_decref(o);
	return copy;
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
	char *name = changed_name(before ? before : after ? after : "");
	char *by = mem_printf("%s%sby %s from %s", name, *name ? ", " : "", asker->by, asker->from);
	mem_free(name);
	const struct event e = {.kind = EVENT_AUDIT, .subject = what, .why = by};
	event_hub_take(a->program.events, &e);
	mem_free(by);
}

struct event_streams *admin_server_listeners(struct admin_server *a)
{
	return a->listeners;
}

/* --- beginning and end --- */

struct admin_server *admin_server_new(struct loop *l, const struct admin_program *program)
{
	const struct http_server_limits limits = {.head_ms = HEAD_MS,
						  .connections = CONNECTIONS,
						  .per_source = PER_SOURCE,
						  .body_max = ADMIN_BODY_MAX,
						  .headers = ADMIN_ANSWER_HEADERS};
	struct admin_server *a = mem_zalloc(sizeof *a);
	a->loop = l;
	a->program = *program;
	a->audit = audit_log_new();
	a->listeners = event_streams_new(l, admin_access_knows, &a->access);
	admin_access_init(&a->access, l, program->name, program->events);
	a->signin = admin_signin_new(&a->access, program->name);
	a->server = http_server_new(l, &limits, on_request, a);
	return a;
}

void admin_server_set(struct admin_server *a, const struct admin_config *config)
{
	a->access.config = config;
	admin_access_read(&a->access);
	if (!config->on)
		event_streams_end(a->listeners);
	http_server_set_trust(a->server, &config->trust);
}

void admin_server_set_tls(struct admin_server *a, struct tls_context *tls)
{
	http_server_set_tls(a->server, tls);
}

static void accept_one(struct admin_server *a, int fd, const struct addr *peer, bool tls)
{
	if (a->access.config && a->access.config->on)
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
	event_streams_close(a->listeners);
	admin_signin_close(a->signin);
	http_server_close(a->server);
	audit_log_free(a->audit);
	admin_access_fini(&a->access);
	mem_free(a);
}
