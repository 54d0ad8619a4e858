#include "shared/admin/admin_request.h"

#include "shared/admin/admin_answer.h"

#include <string.h>
#include <strings.h>

const char *admin_request_bearer(struct http_exchange *x)
{
	static const char scheme[] = "Bearer ";
	const char *sent = http_message_header(http_exchange_request(x), "Authorization");
	if (!sent || strncasecmp(sent, scheme, sizeof scheme - 1) != 0)
		return NULL;
	return sent + sizeof scheme - 1 + strspn(sent + sizeof scheme - 1, " ");
}

bool admin_request_is_same_origin(struct http_exchange *x)
{
	const char *origin = http_message_header(http_exchange_request(x), "Origin"),
		   *host = http_message_header(http_exchange_request(x), "Host"),
		   *scheme = http_exchange_is_tls(x) ? "https://" : "http://";
	return origin && host && !strncmp(origin, scheme, strlen(scheme)) &&
	       !strcmp(origin + strlen(scheme), host);
}

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
