/*
 * One certificate from a CA, as relay and agent get theirs: acme_order [options] NAME…
 *
 *	--directory URL --ca FILE --state DIR   the CA, who vouches for it, our files
 *	--challenge tls-alpn-01 --tls PORT      answered here
 *	--challenge http-01 --http PORT         answered here
 *	--challenge dns-01 --dns URL            pebble-challtestsrv is told
 *	--profile P, --bind ID KEY              as the CA knows them
 *	--renew                                 the certificate that there is is replaced
 *	--once                                  nothing that got no answer is tried again
 *
 * Prints "KEY VALUE" lines: requests (of the order), window (with --renew), issuer,
 * not_after, pem. Exits 1 with the client's words on stderr.
 */
#include "shared/acme/certificate_store.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/acme_driver.h"
#include "shared/net/http_client.h"
#include "shared/net/http_server.h"
#include "shared/net/io.h"
#include "shared/net/listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char challenge_path[] = "/.well-known/acme-challenge/";

/* A TXT record being set; the client is told by the wish's number. */
struct record {
	struct order *order;
	size_t wish;
	struct http_ask *ask;
};

struct order {
	struct loop *loop;
	struct acme_client *client;
	struct acme_driver *driver;
	struct tls_context *ca;
	struct certificate_store *store;
	struct p256 account;
	const char *names[ACME_NAMES];
	size_t name_count;
	const char *directory, *state, *profile, *bind_id, *bind_key, *dns;
	enum acme_challenge challenge;
	bool renew, once, asking_window;
	char replaces[CERTIFICATE_ID];
	struct tls_context *alpn; /* of the wish that is shown */
	struct http_server *http;
	struct listener *listener;
	struct record records[ACME_NAMES];
	int code;
};

static void look(void *owner);

static void die(const char *what, const char *why)
{
	fprintf(stderr, "acme_order: %s: %s\n", what, why);
	exit(1);
}

/* --- showing --- */

/* The CA has seen the certificate when the handshake is over, in whatever way. */
static void on_shown(void *owner, enum io_event event)
{
	struct io *io = *(struct io **)owner;
	(void)event;
	io_close(io);
	mem_free(owner);
}

static void on_tls_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct order *o = owner;
	struct io **io = mem_alloc(sizeof(*io)); /* given to on_shown() */
	*io = io_take(o->loop, fd, peer, local, on_shown, io);
	if (o->alpn)
		io_tls_accept(*io, o->alpn);
	io_watch(*io, IO_WATCH_READ);
}

static void on_http_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct order *o = owner;
	(void)local;
	http_server_accept(o->http, fd, peer, false);
}

static void on_request(void *owner, struct http_exchange *x)
{
	struct order *o = owner;
	const char *target = http_message_head(http_exchange_request(x))->target.p;
	for (size_t i = 0; i < acme_client_wishes(o->client); i++) {
		const struct acme_wish *w = acme_client_wish(o->client, i);
		if (strncmp(target, challenge_path, strlen(challenge_path)) == 0 &&
		    strcmp(target + strlen(challenge_path), w->token) == 0) {
			http_answer(x, 200, "text/plain", NULL, w->value, strlen(w->value));
			return;
		}
	}
	http_answer(x, 404, "text/plain", NULL, "", 0);
}

static void show_certificate(struct order *o, size_t i)
{
	const struct acme_wish *w = acme_client_wish(o->client, i);
	char *certificate, *key, *why, *crt = mem_printf("%s/alpn.crt", o->state),
				       *pem = mem_printf("%s/alpn.key", o->state);
	acme_challenge_certificate(w->name, w->digest, &certificate, &key);
	file_replace(crt, certificate, strlen(certificate), 0600, false);
	file_replace(pem, key, strlen(key), 0600, false);
	o->alpn = tls_context_server_new(crt, pem, "acme-tls/1", true, &why);
	if (!o->alpn)
		die("tls-alpn-01", why);
	mem_free(certificate);
	mem_free(key);
	mem_free(crt);
	mem_free(pem);
	acme_client_published(o->client, i);
}

static void on_record(void *owner, struct http_message *answer, int err, const char *detail)
{
	struct record *r = owner;
	(void)detail;
	r->ask = NULL;
	if (answer && http_message_head(answer)->status == 200)
		acme_client_published(r->order->client, r->wish);
	else
		acme_client_not_published(r->order->client, r->wish, err_text(err));
	look(r->order);
}

static void set_record(struct order *o, size_t i)
{
	const struct acme_wish *w = acme_client_wish(o->client, i);
	struct record *r = &o->records[i];
	struct buf body = BUF_INIT;
	struct http_url url;
	char *text = mem_printf("%s/set-txt", o->dns),
	     *host = mem_printf("_acme-challenge.%s.", w->name);
	struct json j = json_into(&body, false);
	json_open(&j, NULL, '{');
	json_str(&j, "host", host);
	json_str(&j, "value", w->value);
	json_close(&j);
	if (http_url_parse(text, &url) != 0)
		die("--dns", "no URL");
	const struct http_question q = {.url = &url,
					.method = "POST",
					.body = buf_data(&body),
					.body_len = buf_len(&body),
					.answer_max = 4096,
					.timeout_ms = 10000};
	r->order = o;
	r->wish = i;
	r->ask = http_ask_start(o->loop, &q, on_record, r);
	buf_fini(&body);
	mem_free(text);
	mem_free(host);
}

static void publish(struct order *o)
{
	for (size_t i = 0; i < acme_client_wishes(o->client); i++) {
		if (acme_client_wish(o->client, i)->published || o->records[i].ask)
			continue;
		if (o->challenge == ACME_DNS_01)
			set_record(o, i);
		else if (o->challenge == ACME_TLS_ALPN_01)
			show_certificate(o, i);
		else
			acme_client_published(o->client, i);
	}
}

/* --- the job --- */

static void leave(struct order *o, int code)
{
	o->code = code;
	acme_driver_close(o->driver);
	listener_close(o->listener);
	http_server_close(o->http);
	loop_stop(o->loop);
}

static void keep(struct order *o)
{
	const struct certificate *c = acme_client_certificate(o->client);
	char *why, *path = certificate_store_path(o->store, o->names[0]), when[32];
	if (certificate_store_write(o->store, o->names[0], c,
				    acme_client_certificate_key(o->client), &why) < 0 ||
	    certificate_store_set_account(o->store, acme_client_account(o->client), &why) < 0)
		die("store", why);
	printf("requests %u\nissuer %s\nnot_after %s\npem %s\n", acme_client_requests(o->client),
	       c->issuer, text_time(c->not_after_ms, when), path);
	mem_free(path);
}

static void begin_order(struct order *o)
{
	char why[ACME_WORDS];
	const struct acme_client_order order = {.names = o->names,
						.count = o->name_count,
						.challenge = o->challenge,
						.profile = o->profile,
						.replaces = o->replaces[0] ? o->replaces : NULL};
	if (acme_client_order(o->client, &order, why) != 0)
		die("order", why);
}

static void begin_renewal(struct order *o)
{
	struct certificate c;
	struct p256 key;
	char *why, words[ACME_WORDS];
	if (certificate_store_read(o->store, o->names[0], o->names, o->name_count, &c, &key, &why) <
	    0)
		die("store", why);
	snprintf(o->replaces, sizeof(o->replaces), "%s", c.id);
	certificate_fini(&c);
	if (acme_client_ask_renewal(o->client, o->replaces, words) != 0)
		die("renewal", words);
	o->asking_window = true;
}

/* With a window or without, the renewal goes on. */
static void after_renewal(struct order *o, enum acme_client_state state)
{
	char start[32], end[32];
	if (state == ACME_CLIENT_DONE) {
		const struct acme_renewal *w = acme_client_renewal(o->client);
		printf("window %s %s\n", text_time(w->start_ms, start), text_time(w->end_ms, end));
	}
	o->asking_window = false;
	acme_client_end(o->client);
	begin_order(o);
	look(o);
}

static void look(void *owner)
{
	struct order *o = owner;
	enum acme_client_state state;
	while ((state = acme_driver_look(o->driver)) == ACME_CLIENT_PUBLISH) {
		publish(o);
		if (o->challenge == ACME_DNS_01)
			return;
	}
	const char *words = acme_client_words(o->client);
	bool failed = state == ACME_CLIENT_FAILED || (o->once && *words);
	if (o->asking_window && (failed || state == ACME_CLIENT_DONE)) {
		after_renewal(o, state);
	} else if (failed) {
		fprintf(stderr, "%s\n", words);
		leave(o, 1);
	} else if (state == ACME_CLIENT_DONE) {
		keep(o);
		leave(o, 0);
	}
}

/* --- the command line --- */

static void listen_on(struct order *o, const char *port, listener_fn *fn)
{
	const struct http_server_limits limits = {
	    .head_ms = 5000, .connections = 100, .per_source = 100, .body_max = 1024};
	struct addr at;
	char *why, *text = mem_printf("[::]:%s", port);
	int err;
	if (addr_parse(text, &at) != 0)
		die("port", text);
	o->http = http_server_new(o->loop, &limits, on_request, o);
	o->listener = listener_open(o->loop, &at, false, fn, o, &err, &why);
	if (!o->listener)
		die(text, why);
	mem_free(text);
}

/* How many words an option takes; its value is the next one. */
static int take_option(struct order *o, const char *option, const char *value, const char *second)
{
	char *why;
	o->renew |= strcmp(option, "--renew") == 0;
	o->once |= strcmp(option, "--once") == 0;
	if (strcmp(option, "--renew") == 0 || strcmp(option, "--once") == 0)
		return 1;
	if (!value)
		die(option, "takes a value");
	if (strcmp(option, "--directory") == 0)
		o->directory = value;
	else if (strcmp(option, "--state") == 0)
		o->state = value;
	else if (strcmp(option, "--profile") == 0)
		o->profile = value;
	else if (strcmp(option, "--dns") == 0)
		o->dns = value;
	else if (strcmp(option, "--tls") == 0)
		listen_on(o, value, on_tls_visitor);
	else if (strcmp(option, "--http") == 0)
		listen_on(o, value, on_http_visitor);
	else if (strcmp(option, "--challenge") == 0 &&
		 acme_challenge_parse(value, &o->challenge) != 0)
		die(option, value);
	else if (strcmp(option, "--ca") == 0 &&
		 !(o->ca = tls_context_client_new(NULL, value, NULL, true, &why)))
		die(option, why);
	if (strcmp(option, "--bind") != 0)
		return 2;
	o->bind_id = value;
	o->bind_key = second;
	return 3;
}

int main(int argc, char **argv)
{
	struct order o = {.loop = loop_new("main")};
	char words[ACME_WORDS], *url, *why;
	for (int i = 1; i < argc;) {
		if (argv[i][0] == '-')
			i += take_option(&o, argv[i], argv[i + 1],
					 i + 2 < argc ? argv[i + 2] : NULL);
		else if (o.name_count < ACME_NAMES)
			o.names[o.name_count++] = argv[i++];
	}
	if (!o.directory || !o.state || !o.name_count)
		die("usage", "--directory URL --ca FILE --state DIR --challenge KIND NAME…");
	o.store = certificate_store_new(o.state, o.directory);
	if (certificate_store_account(o.store, &o.account, &url, &why) < 0)
		die("store", why);
	const struct acme_client_config config = {.directory = o.directory,
						  .key = o.account,
						  .account = url,
						  .binding_id = o.bind_id,
						  .binding_key = o.bind_key};
	o.client = acme_client_new(&config, words);
	if (!o.client)
		die("client", words);
	o.driver = acme_driver_new(o.loop, o.client, o.ca, look, &o);
	if (o.renew)
		begin_renewal(&o);
	else
		begin_order(&o);
	look(&o);
	loop_run(o.loop);
	mem_free(url);
	acme_client_free(o.client);
	certificate_store_free(o.store);
	tls_context_unref(o.alpn);
	tls_context_unref(o.ca);
	return loop_free(o.loop) == 0 ? o.code : 2;
}
