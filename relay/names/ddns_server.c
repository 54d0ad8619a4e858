/*
 * An update is held back while its source has guessed too often. Then its credentials are looked at
 * (the token and the cache of passwords at once, scrypt on the pool, two at a time), then each of
 * its hosts is given to the names, and when the last is durable the lines are answered in the order
 * of the request. An update that is on the pool when the server closes is left to the pool, which
 * frees it.
 *
 * Trouble of our own is 503 with `911`, which every client tries again; a wrong password is 401
 * with `badauth`. Query strings are never logged.
 */
#include "relay/names/ddns_server.h"

#include "relay/names/ddns_request.h"
#include "relay/names/ddns_login_throttle.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/login_queue.h"
#include "shared/base/mem.h"
#include "shared/base/password.h"
#include "shared/base/text.h"
#include "shared/net/failure_log.h"
#include "shared/net/http_server.h"
#include "shared/net/timer.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEAD_MS = 10000,
	CONNECTIONS = 2048,
	PER_SOURCE = 64,
	BODY_MAX = 8192,
	HOLD_MAX_MS = 8000,
	HELD_MAX = 256,
	SCRYPT_AT_ONCE = 2,
	SCRYPT_WAITING = 256,
	CERTIFICATE_MS = 5000,
	THROTTLED = 8192,
};

struct update {
	struct list node;             /* of the server's updates */
	struct login_queue_item turn; /* while it waits for the pool */
	struct ddns_server *server;   /* NULL: closed while this one was on the pool */
	struct http_exchange *exchange;
	struct ddns_request request;
	struct addr peer;
	struct account *account;   /* within accounts */
	struct accounts *accounts; /* the list it was checked against; a reference */
	struct timer *hold;        /* or NULL */
	char *hash;                /* for the pool: the stored password, or NULL */
	bool fits;                 /* the pool's answer */
	bool proven; /* its source has shown a password of the account within the hour */
	bool on_pool;
	enum name_registry_answer answers[DDNS_REQUEST_HOSTS];
	uint64_t tickets[DDNS_REQUEST_HOSTS];
	size_t host_count;
	size_t waiting; /* answers still to come */
	struct name_registry_change change;
	char text[DDNS_REQUEST_TEXT];
};

struct ddns_server {
	struct loop *loop;
	struct name_registry *names;
	bool on;
	struct relay_config *config; /* a reference: the server trusts its proxies */
	struct http_server *server;
	struct ddns_login_throttle *throttle;
	struct failure_log *log;
	struct passwd_cache *cache;
	struct list updates;
	struct login_queue *scrypt; /* those that wait for the pool */
	unsigned running, held;
	char *certificate, *private_key; /* NULL: nothing is over TLS */
	struct stat stamps[2];           /* of the pair in use */
	bool has_tls;
	char *tls_said;                /* why the pair was not taken last */
	struct tls_context *automatic; /* what a CA gave; NULL: nothing yet */
	ddns_server_token_fn *token;   /* or NULL */
	void *token_owner;
	struct timer *certificate_timer;
};

static void check_password(struct update *u);
static void next_scrypt(struct ddns_server *d);

static void update_free(struct update *u)
{
	list_remove(&u->node);
	ddns_request_wipe(&u->request);
	timer_close(u->hold);
	accounts_unref(u->accounts);
	mem_free(u->hash);
	mem_free(u);
}

static void answer(struct update *u, unsigned status, const char *headers, const char *body)
{
	struct http_exchange *x = u->exchange;
	update_free(u);
	http_answer(x, status, "text/plain", headers, body, strlen(body));
}

static void answer_busy(struct update *u)
{
	ddns_login_throttle_undo(u->server->throttle, &u->peer, u->request.user,
				 loop_now_ms(u->server->loop));
	answer(u, 503, "Retry-After: 60\r\n", "911\n");
}

static void answer_badauth(struct update *u)
{
	answer(u, 401, "WWW-Authenticate: Basic realm=\"groundnut\"\r\n", "badauth\n");
}

static const char *word_of(enum name_registry_answer a)
{
	switch (a) {
	case NAME_REGISTRY_GOOD:
		return "good";
	case NAME_REGISTRY_NOCHG:
		return "nochg";
	case NAME_REGISTRY_NOHOST:
		return "nohost";
	case NAME_REGISTRY_FULL:
		return "numhost";
	default:
		return "911";
	}
}

static void answer_lines(struct update *u)
{
	struct buf body = BUF_INIT;
	bool trouble = false;
	for (size_t i = 0; i < u->host_count; i++) {
		if (u->request.host_count && !u->request.hosts[i][0]) {
			buf_puts(&body, "notfqdn\n");
			continue;
		}
		enum name_registry_answer a = u->answers[i];
		bool well = a == NAME_REGISTRY_GOOD || a == NAME_REGISTRY_NOCHG;
		trouble |= a == NAME_REGISTRY_TROUBLE;
		buf_printf(&body, "%s%s%s\n", word_of(a), well && u->text[0] ? " " : "",
			   well ? u->text : "");
	}
	struct http_exchange *x = u->exchange;
	update_free(u);
	http_answer(x, trouble ? 503 : 200, "text/plain", NULL, buf_data(&body), buf_len(&body));
	buf_fini(&body);
}

static void on_updated(void *owner, uint64_t ticket, enum name_registry_answer a)
{
	struct update *u = owner;
	for (size_t i = 0; i < u->host_count; i++)
		if (u->tickets[i] == ticket)
			u->answers[i] = a;
	if (--u->waiting == 0)
		answer_lines(u);
}

static void update_host(struct update *u, size_t i, const char *host, const char *client)
{
	u->answers[i] = name_registry_update(u->server->names, u->account, host, &u->change, client,
					     on_updated, u, &u->tickets[i]);
	u->waiting += u->answers[i] == NAME_REGISTRY_WAIT;
}

static void apply(struct update *u)
{
	const struct ddns_request *r = &u->request;
	char peer[ADDR_TEXT];
	addr_ip_text(&u->peer, peer);
	if (r->too_many) {
		answer(u, 200, NULL, "numhost\n");
		return;
	}
	if (!ddns_request_change(r, &u->peer, &u->change, u->text)) {
		if (failure_log_count(u->server->log, "update_without_address", &u->peer,
				      u->account->name))
			log_info("update_without_address", "account=%s source=%s reason=%s",
				 u->account->name, peer,
				 "neither the request nor its source gives an address that may be "
				 "published");
		answer(u, 503, NULL, "dnserr\n"); /* with 200 most clients would give up for good */
		return;
	}
	char *client = mem_printf("%s%s(%s)", r->client, r->client[0] ? " " : "", peer);
	u->host_count = r->host_count ? r->host_count : 1;
	for (size_t i = 0; i < r->host_count; i++)
		if (r->hosts[i][0])
			update_host(u, i, r->hosts[i], client);
	if (r->host_count == 0)
		update_host(u, 0, NULL, client);
	mem_free(client);
	if (u->waiting == 0)
		answer_lines(u);
}

static void let_in(struct update *u, const struct account *a)
{
	ddns_login_throttle_right(u->server->throttle, &u->peer, u->request.user,
				  loop_now_ms(u->server->loop));
	u->account = (struct account *)(uintptr_t)a;
	apply(u);
}

static void turn_away(struct update *u)
{
	char peer[ADDR_TEXT];
	if (failure_log_count(u->server->log, "update_login_failed", &u->peer, u->request.user))
		log_warn("update_login_failed", "account=%s source=%s", u->request.user,
			 addr_ip_text(&u->peer, peer));
	ddns_login_throttle_wrong(u->server->throttle, &u->peer, loop_now_ms(u->server->loop));
	event_hub_wrong(name_registry_events(u->server->names), &u->peer,
			"passwords of DDNS clients");
	answer_badauth(u);
}

static void on_pool(void *arg)
{
	struct update *u = arg;
	u->fits = password_verify(u->request.password, u->hash);
}

static void off_pool(void *arg)
{
	struct update *u = arg;
	struct ddns_server *d = u->server;
	u->on_pool = false;
	if (!d) {
		update_free(u);
		return;
	}
	d->running--;
	next_scrypt(d);
	/* The accounts may have changed meanwhile: what counts is what is stored now. */
	accounts_unref(u->accounts);
	u->accounts = accounts_ref(name_registry_accounts(d->names));
	const struct account *a = accounts_find(u->accounts, u->request.user);
	if (u->fits && a && a->password && strcmp(a->password, u->hash) == 0) {
		password_cache_put(d->cache, a->name, u->hash, u->request.password,
				   loop_now_ms(d->loop));
		login_queue_forgive(d->scrypt, &u->peer, a->name, loop_now_ms(d->loop));
		let_in(u, a);
	} else {
		turn_away(u);
	}
}

static void next_scrypt(struct ddns_server *d)
{
	struct login_queue_item *turn;
	while (d->running < SCRYPT_AT_ONCE && (turn = login_queue_take(d->scrypt))) {
		struct update *u = LIST_ENTRY(turn, struct update, turn);
		if (http_exchange_is_gone(u->exchange)) {
			answer_busy(u);
			continue;
		}
		d->running++;
		u->on_pool = true;
		loop_work(d->loop, on_pool, off_pool, u);
	}
}

/* An account that does not exist, has no password or has another one costs the same work. */
static void check_password(struct update *u)
{
	struct ddns_server *d = u->server;
	const struct account *a =
	    accounts_verify(u->accounts, u->request.user, u->request.password);
	if (a) {
		let_in(u, a);
		return;
	}
	a = accounts_find(u->accounts, u->request.user);
	if (a && a->password &&
	    password_cache_has(d->cache, a->name, a->password, u->request.password,
			       loop_now_ms(d->loop))) {
		let_in(u, a);
		return;
	}
	u->hash = a ? mem_strdup(a->password) : NULL;
	struct login_queue_item *victim = login_queue_add(
	    d->scrypt, &u->turn, &u->peer, a ? a->name : NULL, u->proven, loop_now_ms(d->loop));
	if (victim)
		answer_busy(LIST_ENTRY(victim, struct update, turn));
	next_scrypt(d);
}

static void on_held(void *owner)
{
	struct update *u = owner;
	timer_close(u->hold);
	u->hold = NULL;
	u->server->held--;
	accounts_unref(u->accounts); /* a token may have been renewed meanwhile */
	u->accounts = accounts_ref(name_registry_accounts(u->server->names));
	check_password(u);
}

static void begin_update(struct ddns_server *d, struct http_exchange *x,
			 const struct ddns_request *r)
{
	struct update *u = mem_zalloc(sizeof(*u));
	u->server = d;
	u->exchange = x;
	u->request = *r;
	u->peer = *http_exchange_peer(x);
	u->accounts = accounts_ref(name_registry_accounts(d->names));
	list_append(&d->updates, &u->node);
	if (!r->has_credentials) {
		answer_badauth(u); /* the challenge that browsers and some routers wait for */
		return;
	}
	uint64_t now = loop_now_ms(d->loop);
	u->proven = ddns_login_throttle_is_proven(d->throttle, &u->peer, r->user, now);
	uint64_t wait = ddns_login_throttle_admit(d->throttle, &u->peer, r->user, now);
	if (wait > HOLD_MAX_MS)
		event_hub_wrong(name_registry_events(d->names), &u->peer,
				"passwords of DDNS clients");
	if (wait > HOLD_MAX_MS || (wait && d->held >= HELD_MAX)) {
		answer_busy(u);
		return;
	}
	if (!wait) {
		check_password(u);
		return;
	}
	d->held++;
	u->hold = timer_new(d->loop, on_held, u);
	timer_set(u->hold, wait);
}

static void answer_address(struct http_exchange *x, bool page)
{
	char ip[ADDR_TEXT], *body;
	addr_ip_text(http_exchange_peer(x), ip);
	body = mem_printf(page ? "<html><head><title>Current IP Check</title></head><body>Current "
				 "IP Address: %s</body></html>"
			       : "%s\n",
			  ip);
	http_answer(x, 200, page ? "text/html" : "text/plain", NULL, body, strlen(body));
	mem_free(body);
}

/* A CA that looks whether a name is the relay's (http-01). False: it is something else. */
static bool answer_token(const struct ddns_server *d, struct http_exchange *x)
{
	static const char path[] = "/.well-known/acme-challenge/";
	const char *target = http_message_head(http_exchange_request(x))->target.p;
	const char *value = NULL;
	if (d->token && strncmp(target, path, strlen(path)) == 0)
		value = d->token(d->token_owner, target + strlen(path));
	if (value)
		http_answer(x, 200, "application/octet-stream", NULL, value, strlen(value));
	return value != NULL;
}

static void on_request(void *owner, struct http_exchange *x)
{
	struct ddns_server *d = owner;
	struct ddns_request r;
	if (answer_token(d, x))
		return;
	ddns_request_read(http_exchange_request(x), &r);
	switch (r.path) {
	case DDNS_REQUEST_CHECKIP:
	case DDNS_REQUEST_MYIP:
		answer_address(x, r.path == DDNS_REQUEST_CHECKIP);
		break;
	case DDNS_REQUEST_NO_PATH:
		http_answer(x, 404, "text/plain", NULL, "not found\n", 10);
		break;
	case DDNS_REQUEST_NO_METHOD:
		http_answer(x, 405, "text/plain", "Allow: GET, HEAD, POST\r\n",
			    "method not allowed\n", 19);
		break;
	case DDNS_REQUEST_UPDATE:
		if (name_registry_accounts(d->names))
			begin_update(d, x, &r);
		else
			http_answer(x, 503, "text/plain", "Retry-After: 5\r\n", "911\n", 4);
		break;
	}
	ddns_request_wipe(&r);
}

/* Takes the pair when either file has changed; one that does not fit (yet) changes nothing and is
 * said once. */
static void load_certificate(struct ddns_server *d)
{
	struct stat now[2] = {0};
	if (stat(d->certificate, &now[0]) == 0 && stat(d->private_key, &now[1]) == 0 &&
	    d->has_tls && file_is_same(&now[0], &d->stamps[0]) &&
	    file_is_same(&now[1], &d->stamps[1]))
		return;
	char *why = NULL;
	struct tls_context *tls =
	    tls_context_server_new(d->certificate, d->private_key, NULL, true, &why);
	if (!tls) {
		if (!d->tls_said || !why || strcmp(d->tls_said, why) != 0)
			log_error("update_certificate_not_taken", "reason=%s",
				  why ? why : "unknown");
		mem_free(d->tls_said);
		d->tls_said = why;
		return;
	}
	mem_free(d->tls_said);
	d->tls_said = NULL;
	if (d->has_tls)
		log_info("update_certificate_reloaded", "file=%s", d->certificate);
	d->has_tls = true;
	memcpy(d->stamps, now, sizeof(now));
	http_server_set_tls(d->server, tls);
	tls_context_unref(tls);
}

static void on_certificate_timer(void *owner)
{
	struct ddns_server *d = owner;
	load_certificate(d);
	timer_set(d->certificate_timer, CERTIFICATE_MS);
}

static void set_pair(struct ddns_server *d, const char *certificate, const char *private_key)
{
	if (!text_same(d->certificate, certificate) || !text_same(d->private_key, private_key))
		memset(d->stamps, 0, sizeof(d->stamps));
	mem_free(d->certificate);
	mem_free(d->private_key);
	d->certificate = mem_strdup(certificate);
	d->private_key = mem_strdup(private_key);
	if (certificate)
		on_certificate_timer(d);
	else
		timer_stop(d->certificate_timer);
}

/* The pair in files; or while a CA has given one, that. */
static void choose_certificate(struct ddns_server *d)
{
	const struct relay_config *c = d->config;
	const struct update_config *u = &c->update;
	bool automatic = u->certificate.automatic && d->automatic;
	if (!u->on || !u->https_count || automatic)
		set_pair(d, NULL, NULL);
	else if (u->certificate.file)
		set_pair(d, u->certificate.file, u->certificate.private_key);
	else
		set_pair(d, c->certificate, c->private_key);
	if (automatic)
		http_server_set_tls(d->server, d->automatic);
}

void ddns_server_set_certificate(struct ddns_server *d, struct tls_context *tls)
{
	tls_context_unref(d->automatic);
	d->automatic = tls ? tls_context_ref(tls) : NULL;
	if (d->config)
		choose_certificate(d);
}

void ddns_server_set_tokens(struct ddns_server *d, ddns_server_token_fn *fn, void *owner)
{
	d->token = fn;
	d->token_owner = owner;
}

void ddns_server_set(struct ddns_server *d, struct relay_config *config)
{
	const struct update_config *u = &config->update;
	d->on = u->on;
	http_server_set_trust(d->server, &u->trust);
	relay_config_unref(d->config);
	d->config = relay_config_ref(config);
	choose_certificate(d);
}

struct ddns_server *ddns_server_new(struct loop *l, struct name_registry *names)
{
	const struct http_server_limits limits = {.head_ms = HEAD_MS,
						  .connections = CONNECTIONS,
						  .per_source = PER_SOURCE,
						  .body_max = BODY_MAX};
	struct ddns_server *d = mem_zalloc(sizeof(*d));
	d->loop = l;
	d->names = names;
	d->throttle = ddns_login_throttle_new(THROTTLED);
	d->log = failure_log_new(l);
	d->cache = password_cache_new();
	list_init(&d->updates);
	d->scrypt = login_queue_new(SCRYPT_WAITING);
	d->server = http_server_new(l, &limits, on_request, d);
	d->certificate_timer = timer_new(l, on_certificate_timer, d);
	return d;
}

void ddns_server_take(struct ddns_server *d, struct io *io)
{
	if (d->on)
		http_server_take(d->server, io);
	else
		io_close(io);
}

static void accept_one(struct ddns_server *d, int fd, const struct addr *peer, bool tls)
{
	if (d->on)
		http_server_accept(d->server, fd, peer, tls);
	else
		close(fd);
}

void ddns_server_accept_http(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	(void)local;
	accept_one(owner, fd, peer, false);
}

void ddns_server_accept_https(void *owner, int fd, const struct addr *peer,
			      const struct addr *local)
{
	(void)local;
	accept_one(owner, fd, peer, true);
}

void ddns_server_close(struct ddns_server *d)
{
	if (!d)
		return;
	while (!list_is_empty(&d->updates)) {
		struct update *u = LIST_ENTRY(d->updates.next, struct update, node);
		name_registry_forget(d->names, u);
		list_remove(&u->node);
		u->server = NULL;
		if (!u->on_pool)
			update_free(u);
	}
	login_queue_free(d->scrypt);
	http_server_close(d->server);
	relay_config_unref(d->config);
	timer_close(d->certificate_timer);
	ddns_login_throttle_free(d->throttle);
	failure_log_close(d->log);
	password_cache_free(d->cache);
	tls_context_unref(d->automatic);
	mem_free(d->tls_said);
	mem_free(d->certificate);
	mem_free(d->private_key);
	mem_free(d);
}
