/*
 * A request becomes a visit: held back while its source has guessed too often, then its credentials
 * are looked at (the token and the cache of passwords at once, scrypt on the pool, two at a time),
 * then each of its hosts is given to names, and when the last is durable the lines are answered in
 * the order of the request. A visit that is on the pool when the door closes is left to the pool,
 * which frees it.
 *
 * Trouble of our own is 503 with `911`, which every client tries again; a wrong password is 401
 * with `badauth`. Query strings are never logged.
 */
#include "relay/names/ddns_server.h"

#include "relay/names/ddns_request.h"
#include "relay/names/login_throttle.h"
#include "relay/accounts/password.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/http_server.h"
#include "shared/net/timer.h"

#include <string.h>
#include <sys/stat.h>

enum {
	HEAD_MS = 10000,
	CONNECTIONS = 2048,
	PER_SOURCE = 64,
	BODY_MAX = 8192,
	HOLD_MAX_MS = 8000,
	HELD_MAX = 256,
	SCRYPT_AT_ONCE = 2,
	SCRYPT_WAITING = 32,
	CERTIFICATE_MS = 5000,
	THROTTLED = 8192,
};

struct visit {
	/* on door.visits, or door.scrypt while it waits for the pool */
	struct list node;
	struct ddns_server *door; /* NULL: closed while this one was on the pool */
	struct http_exchange *exchange;
	struct ddns_request_request request;
	struct addr peer;
	struct account *account;   /* within accounts */
	struct accounts *accounts; /* the list it was checked against; a reference */
	struct timer *hold;        /* or NULL */
	char *hash;                /* for the pool: the stored password, or NULL */
	bool fits;                 /* the pool's answer */
	bool on_pool;
	enum names_answer answers[DDNS_REQUEST_HOSTS];
	uint64_t tickets[DDNS_REQUEST_HOSTS];
	size_t host_count;
	size_t waiting; /* answers still to come */
	struct names_change change;
	char text[DDNS_REQUEST_TEXT];
};

struct ddns_server {
	struct loop *loop;
	struct names *names;
	char *domain;
	struct accounts *accounts; /* or NULL before the first list: nobody fits */
	struct http_server *server;
	struct login_throttle *throttle;
	struct passwd_cache *cache;
	struct list visits;
	struct list scrypt; /* visits that wait for the pool */
	unsigned running, queued, held;
	char *certificate, *private_key; /* NULL: nothing is over TLS */
	struct stat stamps[2];           /* of the pair in use */
	bool has_tls;
	char *tls_said; /* why the pair was not taken last */
	struct timer *certificate_timer;
};

static void check_password(struct visit *v);
static void next_scrypt(struct ddns_server *d);

static void visit_free(struct visit *v)
{
	list_remove(&v->node);
	ddns_request_wipe(&v->request);
	timer_close(v->hold);
	accounts_unref(v->accounts);
	mem_free(v->hash);
	mem_free(v);
}

static void answer(struct visit *v, unsigned status, const char *headers, const char *body)
{
	struct http_exchange *x = v->exchange;
	visit_free(v);
	http_answer(x, status, "text/plain", headers, body, strlen(body));
}

static void answer_busy(struct visit *v)
{
	login_throttle_undo(v->door->throttle, &v->peer, v->request.user,
			    loop_now_ms(v->door->loop));
	answer(v, 503, "Retry-After: 60\r\n", "911\n");
}

static void answer_badauth(struct visit *v)
{
	answer(v, 401, "WWW-Authenticate: Basic realm=\"groundnut\"\r\n", "badauth\n");
}

static const char *word_of(enum names_answer a)
{
	switch (a) {
	case NAMES_GOOD:
		return "good";
	case NAMES_NOCHG:
		return "nochg";
	case NAMES_NOHOST:
		return "nohost";
	default:
		return "911";
	}
}

static void answer_lines(struct visit *v)
{
	struct buf body = BUF_INIT;
	bool trouble = false;
	for (size_t i = 0; i < v->host_count; i++) {
		if (v->request.host_count && !v->request.hosts[i][0]) {
			buf_puts(&body, "notfqdn\n");
			continue;
		}
		enum names_answer a = v->answers[i];
		bool well = a == NAMES_GOOD || a == NAMES_NOCHG;
		trouble |= a == NAMES_TROUBLE;
		buf_printf(&body, "%s%s%s\n", word_of(a), well && v->text[0] ? " " : "",
			   well ? v->text : "");
	}
	struct http_exchange *x = v->exchange;
	visit_free(v);
	http_answer(x, trouble ? 503 : 200, "text/plain", NULL, buf_data(&body), buf_len(&body));
	buf_fini(&body);
}

static void on_updated(void *owner, uint64_t ticket, enum names_answer a)
{
	struct visit *v = owner;
	for (size_t i = 0; i < v->host_count; i++)
		if (v->tickets[i] == ticket)
			v->answers[i] = a;
	if (--v->waiting == 0)
		answer_lines(v);
}

static void update_host(struct visit *v, size_t i, const char *host, const char *client)
{
	v->answers[i] = names_update(v->door->names, v->account, host, &v->change, client,
				     on_updated, v, &v->tickets[i]);
	v->waiting += v->answers[i] == NAMES_WAIT;
}

static void update(struct visit *v)
{
	const struct ddns_request_request *r = &v->request;
	char peer[ADDR_TEXT];
	addr_ip_text(&v->peer, peer);
	if (r->too_many) {
		answer(v, 200, NULL, "numhost\n");
		return;
	}
	if (!ddns_request_change(r, &v->peer, &v->change, v->text)) {
		log_info(
		    "update_without_address", "account=%s source=%s reason=%s", v->account->name,
		    peer,
		    "neither the request nor its source gives an address that may be published");
		answer(v, 503, NULL, "dnserr\n"); /* with 200 most clients would give up for good */
		return;
	}
	char *client = mem_printf("%s%s(%s)", r->client, r->client[0] ? " " : "", peer);
	v->host_count = r->host_count ? r->host_count : 1;
	for (size_t i = 0; i < r->host_count; i++)
		if (r->hosts[i][0])
			update_host(v, i, r->hosts[i], client);
	if (r->host_count == 0) {
		char own[256];
		v->answers[0] = NAMES_NOHOST;
		if (text_full_host(v->account->name, v->door->domain, own) == 0)
			update_host(v, 0, own, client);
	}
	mem_free(client);
	if (v->waiting == 0)
		answer_lines(v);
}

static void let_in(struct visit *v, const struct account *a)
{
	login_throttle_right(v->door->throttle, &v->peer, v->request.user,
			     loop_now_ms(v->door->loop));
	v->account = (struct account *)(uintptr_t)a;
	update(v);
}

static void turn_away(struct visit *v)
{
	char peer[ADDR_TEXT];
	log_warn("update_login_failed", "account=%s source=%s", v->request.user,
		 addr_ip_text(&v->peer, peer));
	answer_badauth(v);
}

static void on_pool(void *arg)
{
	struct visit *v = arg;
	v->fits = password_verify(v->request.password, v->hash);
}

static void off_pool(void *arg)
{
	struct visit *v = arg;
	struct ddns_server *d = v->door;
	v->on_pool = false;
	if (!d) {
		visit_free(v);
		return;
	}
	d->running--;
	next_scrypt(d);
	/* The accounts may have changed meanwhile: what counts is what is stored now. */
	accounts_ref(d->accounts);
	accounts_unref(v->accounts);
	v->accounts = d->accounts;
	const struct account *a = accounts_find(v->accounts, v->request.user);
	if (v->fits && a && a->password && strcmp(a->password, v->hash) == 0) {
		password_cache_put(d->cache, a->name, v->hash, v->request.password,
				   loop_now_ms(d->loop));
		let_in(v, a);
	} else {
		turn_away(v);
	}
}

static void next_scrypt(struct ddns_server *d)
{
	while (d->running < SCRYPT_AT_ONCE && !list_is_empty(&d->scrypt)) {
		struct visit *v = LIST_ENTRY(d->scrypt.next, struct visit, node);
		list_remove(&v->node);
		list_append(&d->visits, &v->node);
		d->queued--;
		d->running++;
		v->on_pool = true;
		loop_work(d->loop, on_pool, off_pool, v);
	}
}

/* The same work for an account that does not exist, has no password, or another one. */
static void check_password(struct visit *v)
{
	struct ddns_server *d = v->door;
	const struct account *a =
	    accounts_verify(v->accounts, v->request.user, v->request.password);
	if (a) {
		let_in(v, a);
		return;
	}
	a = accounts_find(v->accounts, v->request.user);
	if (a && a->password &&
	    password_cache_has(d->cache, a->name, a->password, v->request.password,
			       loop_now_ms(d->loop))) {
		let_in(v, a);
		return;
	}
	if (d->queued >= SCRYPT_WAITING) {
		answer_busy(v);
		return;
	}
	v->hash = a ? mem_strdup(a->password) : NULL;
	list_remove(&v->node);
	list_append(&d->scrypt, &v->node);
	d->queued++;
	next_scrypt(d);
}

static void on_held(void *owner)
{
	struct visit *v = owner;
	timer_close(v->hold);
	v->hold = NULL;
	v->door->held--;
	check_password(v);
}

static void begin_visit(struct ddns_server *d, struct http_exchange *x,
			const struct ddns_request_request *r)
{
	struct visit *v = mem_zalloc(sizeof(*v));
	v->door = d;
	v->exchange = x;
	v->request = *r;
	v->peer = *http_exchange_peer(x);
	v->accounts = accounts_ref(d->accounts);
	list_append(&d->visits, &v->node);
	if (!r->has_credentials) {
		answer_badauth(v); /* the challenge that browsers and some routers wait for */
		return;
	}
	uint64_t wait = login_throttle_admit(d->throttle, &v->peer, r->user, loop_now_ms(d->loop));
	if (wait > HOLD_MAX_MS || (wait && d->held >= HELD_MAX)) {
		answer_busy(v);
		return;
	}
	if (!wait) {
		check_password(v);
		return;
	}
	d->held++;
	v->hold = timer_new(d->loop, on_held, v);
	timer_set(v->hold, wait);
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

static void on_request(void *owner, struct http_exchange *x)
{
	struct ddns_server *d = owner;
	struct ddns_request_request r;
	ddns_request_read(http_exchange_request(x), &r);
	switch (r.door) {
	case DDNS_REQUEST_CHECKIP:
	case DDNS_REQUEST_MYIP:
		answer_address(x, r.door == DDNS_REQUEST_CHECKIP);
		break;
	case DDNS_REQUEST_NO_DOOR:
		http_answer(x, 404, "text/plain", NULL, "not found\n", 10);
		break;
	case DDNS_REQUEST_NO_METHOD:
		http_answer(x, 405, "text/plain", "Allow: GET, HEAD, POST\r\n",
			    "method not allowed\n", 19);
		break;
	case DDNS_REQUEST_UPDATE:
		if (d->accounts)
			begin_visit(d, x, &r);
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

void ddns_server_set_pair(struct ddns_server *d, const char *certificate, const char *private_key)
{
	if (!text_same(d->certificate, certificate) || !text_same(d->private_key, private_key))
		memset(d->stamps, 0, sizeof(d->stamps));
	mem_free(d->certificate);
	mem_free(d->private_key);
	d->certificate = certificate ? mem_strdup(certificate) : NULL;
	d->private_key = private_key ? mem_strdup(private_key) : NULL;
	if (certificate)
		on_certificate_timer(d);
	else
		timer_stop(d->certificate_timer);
}

struct ddns_server *ddns_server_new(struct loop *l, struct names *names, const char *domain)
{
	const struct http_server_limits limits = {.head_ms = HEAD_MS,
						  .connections = CONNECTIONS,
						  .per_source = PER_SOURCE,
						  .body_max = BODY_MAX};
	struct ddns_server *d = mem_zalloc(sizeof(*d));
	d->loop = l;
	d->names = names;
	d->domain = mem_strdup(domain);
	d->throttle = login_throttle_new(THROTTLED);
	d->cache = password_cache_new();
	list_init(&d->visits);
	list_init(&d->scrypt);
	d->server = http_server_new(l, &limits, on_request, d);
	d->certificate_timer = timer_new(l, on_certificate_timer, d);
	return d;
}

void ddns_server_set_accounts(struct ddns_server *d, struct accounts *accounts)
{
	accounts_ref(accounts);
	accounts_unref(d->accounts);
	d->accounts = accounts;
}

void ddns_server_take(struct ddns_server *d, int fd, const struct addr *peer, const void *early,
		      size_t early_len)
{
	http_server_take(d->server, fd, peer, early, early_len);
}

void ddns_server_accept(struct ddns_server *d, int fd, const struct addr *peer, bool tls)
{
	http_server_accept(d->server, fd, peer, tls);
}

static void drop_visits(struct ddns_server *d, struct list *visits)
{
	while (!list_is_empty(visits)) {
		struct visit *v = LIST_ENTRY(visits->next, struct visit, node);
		names_forget(d->names, v);
		list_remove(&v->node);
		v->door = NULL;
		if (!v->on_pool)
			visit_free(v);
	}
}

void ddns_server_close(struct ddns_server *d)
{
	if (!d)
		return;
	drop_visits(d, &d->visits);
	drop_visits(d, &d->scrypt);
	http_server_close(d->server);
	timer_close(d->certificate_timer);
	login_throttle_free(d->throttle);
	password_cache_free(d->cache);
	accounts_unref(d->accounts);
	mem_free(d->tls_said);
	mem_free(d->certificate);
	mem_free(d->private_key);
	mem_free(d->domain);
	mem_free(d);
}
