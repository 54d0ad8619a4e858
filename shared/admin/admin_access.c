/*
 * admin_access_admit() looks for a token that fits, or for the cookie of a session.
 *
 *	401   no token, or a wrong one; a wrong one is counted and logged at most once a minute
 *	403   a read-only token, a foreign Origin, or a write without the header token
 *	429   the source guesses too much; its token is not looked at
 */
#include "shared/admin/admin_access.h"

#include "shared/admin/admin_answer.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_FILE_MAX = 4096 };

void admin_access_read(struct admin_access *a)
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
	}
	a->file_seen = now;
}

static bool is_metrics_token(const struct admin_access *a, const char *token)
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

void admin_access_cookie(const struct admin_access *a, struct http_exchange *x,
			 char out[TOKEN_TEXT])
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

bool admin_access_is_signed_in(struct admin_access *a, struct http_exchange *x)
{
	char session[TOKEN_TEXT];
	admin_access_read(a);
	admin_access_cookie(a, x, session);
	return *session && admin_sessions_has(&a->sessions, session, loop_now_ms(a->loop));
}

void admin_access_header_token(const struct admin_access *a, struct http_exchange *x,
			       char out[TOKEN_HASH_TEXT])
{
	char session[TOKEN_TEXT], text[TOKEN_TEXT + 16];
	admin_access_cookie(a, x, session);
	snprintf(text, sizeof text, "writes %s", session);
	token_hash(text, out);
	mem_wipe(text, sizeof text);
	mem_wipe(session, sizeof session);
}

void admin_access_wrong(struct admin_access *a, const struct addr *peer, const char *why)
{
	char ip[ADDR_TEXT];
	guess_limiter_wrong(a->guesses, peer, loop_now_ms(a->loop));
	event_hub_wrong(a->events, peer, "signing in to the dashboard");
	if (failure_log_count(a->log, "admin_refused", peer, why))
		log_info("admin_refused", "source=%s", addr_ip_text(peer, ip));
}

/* Whether the token fits the right. False: the caller answers. */
static bool admit_token(struct admin_access *a, const char *token, enum admin_right right,
			struct admin_request *r)
{
	const struct addr *peer = http_exchange_peer(r->exchange);
	admin_access_read(a);
	const struct admin_token *t = admin_file_match(&a->file, token);
	if (!t && !(right == ADMIN_METRICS && is_metrics_token(a, token))) {
		admin_access_wrong(a, peer, "a wrong token");
		return false;
	}
	guess_limiter_right(a->guesses, peer, loop_now_ms(a->loop));
	token_hash(token, r->asker.hash);
	snprintf(r->asker.by, sizeof r->asker.by, "token %s", t ? t->name : "of metrics");
	return true;
}

static bool is_read_only(struct admin_access *a, const char *token)
{
	const struct admin_token *t = admin_file_match(&a->file, token);
	return !t || t->read_only;
}

bool admin_access_admit(struct admin_access *a, struct admin_request *r, enum admin_right right)
{
	struct http_exchange *x = r->exchange;
	const char *token = admin_request_bearer(x);
	if (!token && right != ADMIN_METRICS && admin_access_is_signed_in(a, x)) {
		char session[TOKEN_TEXT];
		admin_access_cookie(a, x, session);
		token_hash(session, r->asker.hash);
		mem_wipe(session, sizeof session);
		snprintf(r->asker.by, sizeof r->asker.by, "session");
		return true;
	}
	if (!guess_limiter_admits(a->guesses, http_exchange_peer(x), loop_now_ms(a->loop))) {
		admin_answer_guesser(x);
		return false;
	}
	if (!token || !admit_token(a, token, right, r)) {
		admin_answer_stranger(x, "a token is wanted");
		return false;
	}
	if (right == ADMIN_WRITES && is_read_only(a, token)) {
		admin_answer_error(x, 403, "this token is read-only");
		return false;
	}
	return true;
}

bool admin_access_is_from_here(const struct admin_access *a, struct http_exchange *x)
{
	struct http_message *m = http_exchange_request(x);
	const char *origin = http_message_header(m, "Origin"),
		   *sent = http_message_header(m, "X-Groundnut-Token");
	char token[TOKEN_HASH_TEXT], sent_hash[TOKEN_HASH_TEXT];
	bool from_here = origin ? admin_request_is_same_origin(x) : admin_request_bearer(x) != NULL;
	if (!from_here) {
		admin_answer_error(x, 403, "not from here");
		return false;
	}
	admin_access_header_token(a, x, token);
	token_hash(token, sent_hash);
	if (admin_request_bearer(x) || (sent && token_matches(sent, sent_hash)))
		return true;
	admin_answer_error(x, 403, "without its X-Groundnut-Token; load the page again");
	return false;
}

bool admin_access_knows(void *owner, const char *hash)
{
	struct admin_access *a = owner;
	admin_access_read(a);
	for (size_t i = 0; i < a->file.count; i++)
		if (!strcmp(a->file.tokens[i].hash, hash))
			return true;
	return admin_sessions_has_hash(&a->sessions, hash, loop_now_ms(a->loop));
}

void admin_access_init(struct admin_access *a, struct loop *l, const char *program,
		       struct event_hub *events)
{
	uint32_t instance;
	random_bytes(&instance, sizeof instance);
	*a = (struct admin_access){.loop = l, .events = events};
	snprintf(a->cookie, sizeof a->cookie, "__Host-groundnut-%s-%08x", program, instance);
	a->guesses = guess_limiter_new(false);
	a->log = failure_log_new(l);
}

void admin_access_fini(struct admin_access *a)
{
	guess_limiter_free(a->guesses);
	failure_log_close(a->log);
}
