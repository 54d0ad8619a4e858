/*
 * A browser without a session gets the page to sign in (answer_signin()). sign_in() takes a link,
 * sign_in_by_password() a password and a code, which password_verifier verifies on the pool;
 * on_login() answers. Both begin a session, whose cookie the browser then has. sign_out() ends it.
 *
 *	401   the password or the code is wrong
 *	403   the link is fetched before a person opens it, or the password comes from another page
 *	429   the source guesses too much
 *	503   admin.json cannot be read or written
 */
#include "shared/admin/admin_signin.h"

#include "shared/admin/admin_answer.h"
#include "shared/admin/password_verifier.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <string.h>

struct admin_signin {
	const char *program;
	struct admin_access *access;
	struct password_verifier *login;
};

/* The word for a mark between two @ in the page to sign in; NULL: there is no such mark. */
static const char *signin_word(const struct admin_signin *a, const char *mark, size_t len)
{
	bool password = *a->access->file.password, code = password && *a->access->file.totp_secret;
	const struct {
		const char *mark, *word;
	} words[] = {
	    {"PROGRAM", a->program},
	    {"PASSWORD", password ? "" : " hidden"},
	    {"CODE", code ? "" : " hidden"},
	    {"NONE", password ? " hidden" : ""},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].mark) == len && !memcmp(words[i].mark, mark, len))
			return words[i].word;
	return NULL;
}

static void answer_signin(struct admin_signin *a, struct http_exchange *x)
{
	struct buf page = BUF_INIT;
	const char *p = (const char *)web_files_signin.begin,
		   *end = (const char *)web_files_signin.end;
	admin_access_read(a->access);
	while (p < end) {
		const char *at = memchr(p, '@', (size_t)(end - p)),
			   *back = at ? memchr(at + 1, '@', (size_t)(end - at - 1)) : NULL;
		buf_put(&page, p, (size_t)((back ? at : end) - p));
		if (back)
			buf_puts(&page, signin_word(a, at + 1, (size_t)(back - at - 1)));
		p = back ? back + 1 : end;
	}
	admin_answer_page(x, web_files_signin.type, &page);
	buf_fini(&page);
}

static void set_cookie(const struct admin_signin *a, struct http_exchange *x, const char *value,
		       unsigned max_age_s)
{
	static const struct buf nothing;
	bool tls = http_exchange_is_tls(x);
	char *headers = mem_printf("Location: ./\r\nSet-Cookie: %s=%s; Path=/; HttpOnly; "
				   "SameSite=Strict; Max-Age=%u%s\r\n",
				   a->access->cookie + (tls ? 0 : sizeof "__Host-" - 1), value,
				   max_age_s, tls ? "; Secure" : "");
	admin_answer_as(x, 303, "text/plain", headers, &nothing);
	mem_free(headers);
}

/* Whether a browser fetches the link before a person clicks: that must not use the link up. */
static bool is_prefetch(struct http_exchange *x)
{
	const char *purpose = http_message_header(http_exchange_request(x), "Sec-Purpose");
	return purpose && strstr(purpose, "prefetch");
}

static void begin_session(struct admin_signin *a, struct http_exchange *x, const char *by,
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
	struct admin_signin *a = owner;
	struct http_exchange *x = r->exchange;
	const struct addr *peer = http_exchange_peer(x);
	uint64_t now = loop_now_ms(a->access->loop);
	char link[TOKEN_TEXT], session[TOKEN_TEXT];
	admin_request_query(r, "t", link, sizeof link);
	/* before the session is made: a password that was set meanwhile ends those that are
	 * there */
	admin_access_read(a->access);
	if (is_prefetch(x) || !http_head_asks(http_message_head(http_exchange_request(x)), "GET")) {
		admin_answer_error(x, 403, "not before it is opened");
	} else if (admin_sessions_begin(&a->access->sessions, link, now, session)) {
		guess_limiter_right(a->access->guesses, peer, now);
		begin_session(a, x, "link", session);
	} else if (!guess_limiter_admits(a->access->guesses, peer, now)) {
		admin_answer_guesser(x);
	} else {
		admin_access_wrong(a->access, peer, "a wrong link");
		answer_signin(a, x);
	}
}

static void on_login(void *owner, void *arg, enum password_verifier_result result)
{
	struct admin_signin *a = owner;
	char session[TOKEN_TEXT];
	if (result == PASSWORD_VERIFIER_RIGHT) {
		admin_sessions_open(&a->access->sessions, loop_now_ms(a->access->loop), session);
		begin_session(a, arg, "password", session);
		mem_wipe(session, sizeof session);
	} else if (result == PASSWORD_VERIFIER_WRONG) {
		event_hub_wrong(a->access->events, http_exchange_peer(arg),
				"signing in to the dashboard");
		admin_answer_stranger(arg, "not the right password or code");
	} else {
		admin_answer_error(arg, 503,
				   "admin.json cannot be read or written; the log says why");
	}
}

/* Only our own page may sign in. It sends JSON, which a form on another site's page cannot send.
 * The Host is checked again here, because the server does not check it beside a bearer token, and
 * a page whose name leads here by DNS rebinding may send any token. */
static void sign_in_by_password(void *owner, const struct admin_request *r)
{
	struct admin_signin *a = owner;
	struct http_exchange *x = r->exchange, *refused = NULL;
	const char *password = "", *code = "";
	if (!admin_config_is_own_host(a->access->config,
				      http_message_head(http_exchange_request(x))->host) ||
	    !admin_request_is_same_origin(x)) {
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
		refused = password_verifier_try(
		    a->login, &(struct password_verifier_try){.file = a->access->config->file,
							      .peer = http_exchange_peer(x),
							      .password = password,
							      .code = code,
							      .arg = x});
	if (refused)
		admin_answer_guesser(refused);
	conf_free(body);
}

static void sign_out(void *owner, const struct admin_request *r)
{
	struct admin_signin *a = owner;
	char session[TOKEN_TEXT];
	admin_access_cookie(a->access, r->exchange, session);
	admin_sessions_end(&a->access->sessions, session);
	set_cookie(a, r->exchange, "", 0);
}

static void serve_page(void *owner, const struct admin_request *r)
{
	struct admin_signin *a = owner;
	if (admin_access_is_signed_in(a->access, r->exchange))
		admin_answer_file(r->exchange, &web_files_index);
	else
		answer_signin(a, r->exchange);
}

const struct admin_route admin_signin_routes[] = {
    {"GET", "/", ADMIN_ANYBODY, serve_page},
    {"GET", "/link", ADMIN_ANYBODY, sign_in},
    {"POST", "/signin", ADMIN_ANYBODY, sign_in_by_password},
    {"POST", "/signout", ADMIN_WRITES, sign_out},
    {0},
};

struct admin_signin *admin_signin_new(struct admin_access *access, const char *program)
{
	struct admin_signin *a = mem_zalloc(sizeof *a);
	a->program = program;
	a->access = access;
	a->login = password_verifier_new(access->loop, on_login, a);
	return a;
}

void admin_signin_close(struct admin_signin *a)
{
	if (!a)
		return;
	password_verifier_close(a->login);
	mem_free(a);
}
