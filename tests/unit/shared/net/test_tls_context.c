#include "tests/unit/shared/net/pair.h"
#include "tests/unit/shared/net/raw_tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

/* Both ends have come to an end of their handshake, one way or the other. */
static void look_until_both_are_done(struct end *e, enum io_event event)
{
	struct pair *p = e->pair;

	(void)event;
	if (p->near.ups + p->near.errors > 0 && p->far.ups + p->far.errors > 0)
		pair_stop(p);
}

static char near_words[300], far_words[300];

static void look_handshake(struct end *e, enum io_event event)
{
	if (event == IO_ERROR)
		snprintf(e == &e->pair->near ? near_words : far_words, sizeof(near_words), "%s",
			 io_error_detail(e->io));
	look_until_both_are_done(e, event);
}

/* p->server, p->client, p->host are set. */
static void shake(struct pair *p, int near, int far)
{
	near_words[0] = far_words[0] = '\0';
	p->server_tls = p->server;
	p->near.look = p->far.look = look_handshake;
	pair_dial(p);
	pair_run(p);
	assert_int_equal(p->near.error, near);
	assert_int_equal(p->far.error, far);
	assert_int_equal(p->near.ups, near == 0);
	assert_int_equal(p->far.ups, far == 0);
}

static struct tls_context *server(const char *alpn)
{
	char *why;
	struct tls_context *t = tls_context_server_new(pair_crt, pair_key, alpn, false, &why);

	assert_non_null(t);
	return t;
}

static struct tls_context *client(const char *pin, const char *ca, const char *alpn)
{
	char *why;
	struct tls_context *t = tls_context_client_new(pin, ca, alpn, false, &why);

	assert_non_null(t);
	return t;
}

static void right_pin(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.client = client(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL);
	p.host = "any.name.example";
	shake(&p, 0, 0);
}

static void wrong_pin_names_both(void **state)
{
	char other[TLS_CONTEXT_PIN_TEXT], expected[256];
	struct pair p;

	(void)state;
	strcpy(other, pair_pin);
	other[10] = other[10] == '0' ? '1' : '0';
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.client = client(other, NULL, TLS_CONTEXT_ALPN_TUNNEL);
	shake(&p, ERR_PIN, ERR_TLS);
	snprintf(expected, sizeof(expected), "expected %s but the relay has %s", other, pair_pin);
	assert_string_equal(near_words, expected);
	assert_string_not_equal(far_words, "");
}

#define NO_ALPN "it does not offer the protocol groundnut/1 (ALPN): a browser or a scanner, perhaps"

static void wrong_alpn(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.client = client(pair_pin, NULL, "groundnut/10");
	shake(&p, ERR_TLS, ERR_TLS);
	assert_non_null(strstr(near_words, "no application protocol"));
	assert_string_equal(far_words, NO_ALPN);
}

static void no_alpn_where_one_is_required(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.client = client(pair_pin, NULL, NULL);
	shake(&p, ERR_TLS, ERR_TLS);
	assert_string_equal(far_words, NO_ALPN);
}

static void server_without_our_alpn(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(NULL);
	p.client = client(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL);
	p.near.look = p.far.look = look_handshake;
	shake(&p, ERR_TLS, 0);
	assert_string_equal(near_words, "the other side does not speak groundnut/1");
}

static void ca_and_host_name(void **state)
{
	const char *good[] = {"localhost", "127.0.0.1", NULL};
	struct pair p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pair_open(&p);
		p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
		p.client = client(NULL, pair_crt, TLS_CONTEXT_ALPN_TUNNEL);
		p.host = good[i];
		shake(&p, 0, 0);
	}
}

static void ca_and_another_host_name(void **state)
{
	const char *bad[] = {"relay.example", "127.0.0.2", "::1"};
	struct pair p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		pair_open(&p);
		p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
		p.client = client(NULL, pair_crt, TLS_CONTEXT_ALPN_TUNNEL);
		p.host = bad[i];
		shake(&p, ERR_CERTIFICATE, ERR_TLS);
		assert_non_null(strstr(near_words, "mismatch"));
	}
}

static void unknown_authority(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.client = client(NULL, NULL, TLS_CONTEXT_ALPN_TUNNEL);
	p.host = "localhost";
	shake(&p, ERR_CERTIFICATE, ERR_TLS);
	assert_non_null(strstr(near_words, "self"));
}

/* A peer that is no io: plain bytes instead of a handshake, then perhaps the end. */

struct raw {
	const void *bytes;
	size_t len;
	bool shut, reset;
};

static void send_raw(struct pair *p, const struct raw *raw)
{
	const struct addr *at = listener_at(p->door);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(at, &ss);
	struct linger at_once = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	if (raw->len > 0)
		assert_int_equal(send(fd, raw->bytes, raw->len, 0), raw->len);
	if (raw->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	p->near.mine = (void *)(intptr_t)fd;
	if (raw->shut || raw->reset) {
		close(fd);
		p->near.mine = NULL;
	}
}

static void look_ends_on_error(struct end *e, enum io_event event)
{
	if (event != IO_ERROR)
		return;
	snprintf(far_words, sizeof(far_words), "%s", io_error_detail(e->io));
	pair_stop(e->pair);
}

static int shake_with(const struct raw *raw)
{
	struct pair p;

	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.server_tls = p.server;
	p.far.look = look_ends_on_error;
	send_raw(&p, raw);
	pair_run(&p);
	if (p.near.mine)
		close((int)(intptr_t)p.near.mine);
	assert_int_equal(p.far.errors, 1);
	assert_int_equal(p.far.ups, 0);
	return p.far.error;
}

static const uint8_t half_hello[] = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01,
				     0x00, 0x01, 0xfc, 0x03, 0x03};

static void peer_closes_mid_handshake(void **state)
{
	(void)state;
	assert_int_equal(shake_with(&(struct raw){NULL, 0, true, false}), ERR_CLOSED);
	assert_int_equal(shake_with(&(struct raw){half_hello, sizeof(half_hello), true, false}),
			 ERR_CLOSED);
}

static void peer_resets_mid_handshake(void **state)
{
	(void)state;
	assert_int_equal(shake_with(&(struct raw){half_hello, sizeof(half_hello), false, true}),
			 UV_ECONNRESET);
}

static void garbage_instead_of_a_handshake(void **state)
{
	const char *garbage[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
				 "\x16\x03\x01\xff\xff\xff\xff\xff\xff"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    shake_with(&(struct raw){garbage[i], strlen(garbage[i]), false, false}),
		    ERR_TLS);
		assert_string_not_equal(far_words, "");
	}
}

static void accepted_closes(struct pair *p)
{
	pair_close_end(&p->far);
}

static void relay_closes_mid_handshake(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.client = client(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL);
	p.near.look = look_ends_on_error;
	p.accepted = accepted_closes;
	pair_dial(&p);
	pair_run(&p);
	assert_true(p.near.error == ERR_CLOSED || p.near.error == UV_ECONNRESET);
}

/* The ClientHello was read before TLS began (a door that looks at its name): it is put back. */

static size_t peek;
static bool has_peeked;

static void look_peeks(struct end *e, enum io_event event)
{
	uint8_t early[4096];
	ssize_t n;

	if (event != IO_DATA || has_peeked) {
		look_until_both_are_done(e, event);
		return;
	}
	n = io_read(e->io, early, peek);
	assert_true(n > 0);
	has_peeked = true;
	io_unread(e->io, early, (size_t)n);
	io_tls_accept(e->io, e->pair->server);
}

static void accepted_waits(struct pair *p)
{
	io_watch(p->far.io, IO_WATCH_READ);
}

static void peeked_bytes_are_put_back(void **state)
{
	const size_t peeks[] = {1, 5, 100, 4096};
	struct pair p;

	(void)state;
	for (int i = 0; i < 4; i++) {
		peek = peeks[i];
		has_peeked = false;
		pair_open(&p);
		p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
		p.client = client(pair_pin, NULL, TLS_CONTEXT_ALPN_TUNNEL);
		p.near.look = look_until_both_are_done;
		p.far.look = look_peeks;
		p.accepted = accepted_waits;
		pair_dial(&p);
		pair_run(&p);
		assert_int_equal(p.near.error, 0);
		assert_int_equal(p.far.error, 0);
		assert_int_equal(p.near.ups, 1);
		assert_int_equal(p.far.ups, 1);
	}
}

/* Peers of OpenSSL's own making, blocking, on a thread. */

struct stranger {
	struct addr at;
	int max_version;
	void (*act)(SSL *ssl);
	int receive_room;
	const char *alpn;   /* as on the wire; NULL: the tunnel's */
	const char *suites; /* of TLS 1.2; NULL: OpenSSL's */
	bool up;
};

static void *stranger_main(void *arg)
{
	struct stranger *x = arg;
	const char *alpn = x->alpn ? x->alpn : "\x0bgroundnut/1";
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&x->at, &ss);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	SSL *ssl;

	if (x->receive_room)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &x->receive_room, sizeof(x->receive_room));
	connect(fd, (struct sockaddr *)&ss, len);
	SSL_CTX_set_max_proto_version(ctx, x->max_version);
	ssl = SSL_new(ctx);
	SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	if (x->suites)
		SSL_set_cipher_list(ssl, x->suites);
	SSL_set_fd(ssl, fd);
	x->up = SSL_connect(ssl) == 1;
	if (x->up && x->act)
		x->act(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return NULL;
}

static void meet(struct pair *p, struct stranger *x)
{
	pthread_t thread;

	p->server_tls = p->server;
	x->at = *listener_at(p->door);
	assert_int_equal(pthread_create(&thread, NULL, stranger_main, x), 0);
	pair_run(p);
	pthread_join(thread, NULL);
}

static void tls12_is_refused_in_the_tunnel(void **state)
{
	struct stranger x = {.max_version = TLS1_2_VERSION};
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.far.look = look_ends_on_error;
	meet(&p, &x);
	assert_int_equal(p.far.error, ERR_TLS);
	assert_non_null(strstr(far_words, "unsupported protocol"));
	assert_false(x.up);
}

static void look_reads_to_the_end(struct end *e, enum io_event event)
{
	uint8_t buf[1000];
	int small = 4096;
	ssize_t n = 1;

	if (event == IO_UP) {
		setsockopt(io_fd(e->io), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		io_admit(e->io);
		io_watch(e->io, IO_WATCH_READ);
		return;
	}
	while (n > 0)
		n = io_read(e->io, buf, sizeof(buf));
	if (n != UV_EAGAIN) {
		e->error = (int)n;
		pair_stop(e->pair);
	}
}

static void tls12_where_it_is_allowed(void **state)
{
	struct stranger x = {.max_version = TLS1_2_VERSION};
	struct pair p;
	char *why;

	(void)state;
	pair_open(&p);
	p.server = tls_context_server_new(pair_crt, pair_key, NULL, true, &why);
	p.far.look = look_reads_to_the_end;
	meet(&p, &x);
	assert_true(x.up);
	assert_int_equal(p.far.ups, 1);
	assert_int_equal(p.far.error, 0); /* the stranger just closes: an end, no error */
}

static void act_flood(SSL *ssl)
{
	for (int i = 0; i < 300000; i++)
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
		    SSL_do_handshake(ssl) != 1)
			break;
}

static void asks_without_end(void **state)
{
	struct stranger x = {.max_version = TLS1_3_VERSION, .act = act_flood, .receive_room = 4096};
	struct pair p;

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* the stranger's own writes */
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.far.look = look_reads_to_the_end;
	meet(&p, &x);
	assert_true(x.up);
	assert_int_equal(p.far.error, ERR_FLOOD);
}

enum { UPDATES = 30 };

static void act_rekey(SSL *ssl)
{
	char c;

	for (int i = 0; i < UPDATES; i++) {
		SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
		if (SSL_write(ssl, "0123456789", 10) != 10)
			return;
	}
	SSL_shutdown(ssl);
	while (SSL_read(ssl, &c, 1) > 0)
		;
}

static size_t rekeyed_bytes;

static void look_counts(struct end *e, enum io_event event)
{
	uint8_t buf[7];
	ssize_t n;

	if (event == IO_UP) {
		io_admit(e->io);
		io_watch(e->io, IO_WATCH_READ);
	}
	if (event != IO_DATA)
		return;
	n = io_read(e->io, buf, sizeof(buf));
	if (n > 0)
		rekeyed_bytes += (size_t)n;
	else if (n != UV_EAGAIN)
		pair_stop(e->pair);
}

static void key_updates_are_answered(void **state)
{
	struct stranger x = {.max_version = TLS1_3_VERSION, .act = act_rekey};
	struct pair p;

	(void)state;
	rekeyed_bytes = 0;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.far.look = look_counts;
	meet(&p, &x);
	assert_int_equal(rekeyed_bytes, 10 * UPDATES);
	assert_int_equal(p.far.errors, 0);
}

/* After our close_notify and FIN nothing can be answered any more, but what comes is still read. */
static void act_rekey_after_the_end(SSL *ssl)
{
	char c;

	while (SSL_read(ssl, &c, 1) > 0)
		;
	act_rekey(ssl);
}

static void look_shuts_and_counts(struct end *e, enum io_event event)
{
	look_counts(e, event);
	if (event == IO_UP)
		assert_int_equal(io_shutdown(e->io), 0);
}

static void key_updates_after_our_end(void **state)
{
	struct stranger x = {.max_version = TLS1_3_VERSION, .act = act_rekey_after_the_end};
	struct pair p;

	(void)state;
	rekeyed_bytes = 0;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.far.look = look_shuts_and_counts;
	meet(&p, &x);
	assert_int_equal(rekeyed_bytes, 10 * UPDATES);
	assert_int_equal(p.far.errors, 0);
}

/* --- a crowd that says hello at once --- */

enum { CROWD = 40 };

static void ignore(void *owner, enum io_event event)
{
	(void)owner, (void)event;
}

/* A client's first message, put into its socket; returns the other end. */
static int say_hello(SSL_CTX *ctx, int *mine)
{
	int fds[2];
	SSL *ssl = SSL_new(ctx);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	SSL_set_fd(ssl, fds[0]);
	assert_int_equal(SSL_connect(ssl), -1);
	SSL_free(ssl);
	*mine = fds[0];
	return fds[1];
}

static unsigned answered(const int *fds)
{
	unsigned count = 0;
	char c;

	for (int i = 0; i < CROWD; i++)
		count += recv(fds[i], &c, 1, MSG_PEEK) == 1;
	return count;
}

static void a_crowd_shakes_hands_in_turns(void **state)
{
	struct loop *l = loop_new("test");
	struct tls_context *t = server(NULL);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct io *ios[CROWD];
	int fds[CROWD];
	unsigned before = 0, now = 0, turns = 0;

	(void)state;
	for (int i = 0; i < CROWD; i++) {
		ios[i] = io_take(l, say_hello(ctx, &fds[i]), NULL, NULL, ignore, NULL);
		io_tls_accept(ios[i], t);
	}
	for (; now < CROWD; before = now, turns++) {
		loop_turn(l);
		now = answered(fds);
		assert_true(now - before <= 4);
		assert_true(turns < 4 * CROWD);
	}
	for (int i = 0; i < CROWD; i++) {
		io_close(ios[i]);
		close(fds[i]);
	}
	SSL_CTX_free(ctx);
	tls_context_unref(t);
	assert_int_equal(loop_free(l), 0);
}

/* --- whoever reads until there is nothing more still lets others have their turn --- */

static struct io *greedy;
static unsigned greedy_got;

static void read_greedily(void *owner, enum io_event event)
{
	char c[64];
	ssize_t n = 1;

	(void)owner;
	while (event == IO_DATA && n > 0) {
		n = io_read(greedy, c, sizeof(c));
		greedy_got += n > 0 ? (unsigned)n : 0;
	}
}

static void records_of_one_byte_do_not_hold_the_loop(void **state)
{
	static uint8_t wire[1000 * (RAW_MORE + 1)];
	struct loop *l = loop_new("test");
	struct tls_context *t = server(NULL);
	struct raw_tls raw;
	int fds[2];
	size_t len = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	raw_tls_open(&raw, fds[0]);
	greedy = io_take(l, fds[1], NULL, NULL, read_greedily, NULL);
	io_tls_accept(greedy, t);
	io_watch(greedy, IO_WATCH_READ);
	while (SSL_do_handshake(raw.ssl) != 1)
		loop_turn(l);
	while (len < sizeof(wire))
		len += raw_tls_record(&raw, RAW_DATA, "x", 1, wire + len);
	assert_int_equal(send(fds[0], wire, len, 0), len);
	for (greedy_got = 0; greedy_got < 1000;) {
		unsigned before = greedy_got;

		loop_turn(l);
		assert_true(greedy_got - before <= 32);
	}
	raw_tls_close(&raw);
	io_close(greedy);
	close(fds[0]);
	tls_context_unref(t);
	assert_int_equal(loop_free(l), 0);
}

static int tickets;

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl, (void)session;
	tickets++;
	return 0;
}

static void act_counts_tickets(SSL *ssl)
{
	char c;

	SSL_CTX_set_session_cache_mode(SSL_get_SSL_CTX(ssl), SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(SSL_get_SSL_CTX(ssl), on_ticket);
	if (SSL_read(ssl, &c, 1) != 1) /* what came before it has been looked at then */
		tickets = -1;
}

static void look_says_a_byte(struct end *e, enum io_event event)
{
	if (event != IO_UP)
		return;
	assert_int_equal(io_write(e->io, "x", 1), 1);
	pair_stop(e->pair);
}

static void no_tickets_are_sent(void **state)
{
	struct stranger x = {.max_version = TLS1_3_VERSION, .act = act_counts_tickets};
	struct pair p;

	(void)state;
	tickets = 0;
	pair_open(&p);
	p.server = server(TLS_CONTEXT_ALPN_TUNNEL);
	p.far.look = look_says_a_byte;
	meet(&p, &x);
	assert_true(x.up);
	assert_int_equal(tickets, 0);
}

/* Contexts for browsers */

static struct tls_context *web(void)
{
	char *crt, *key, *why;
	size_t len;

	assert_int_equal(file_read(pair_crt, 100000, &crt, &len), 0);
	assert_int_equal(file_read(pair_key, 100000, &key, &len), 0);
	struct tls_context *t = tls_context_web_new(crt, key, &why);
	assert_non_null(t);
	assert_null(tls_context_alpn(t)); /* none is required */
	assert_null(tls_context_web_new(crt, crt, &why));
	assert_non_null(strstr(why, "holds no certificate and key in PEM form"));
	mem_free(why);
	mem_free(crt);
	mem_free(key);
	return t;
}

static void browsers_may_speak_http_1_1_or_say_nothing(void **state)
{
	static const char *const alpn[] = {"http/1.1", NULL};
	struct pair p;

	(void)state;
	for (int i = 0; i < 2; i++) {
		pair_open(&p);
		p.server = web();
		p.client = client(pair_pin, NULL, alpn[i]);
		shake(&p, 0, 0);
	}
	pair_open(&p);
	p.server = web();
	p.client = client(pair_pin, NULL, "h2");
	shake(&p, ERR_TLS, ERR_TLS);
	assert_non_null(strstr(near_words, "no application protocol"));
}

static void browsers_get_a_ticket(void **state)
{
	struct stranger x = {
	    .max_version = TLS1_3_VERSION, .act = act_counts_tickets, .alpn = "\x08http/1.1"};
	struct pair p;

	(void)state;
	tickets = 0;
	pair_open(&p);
	p.server = web();
	p.far.look = look_says_a_byte;
	meet(&p, &x);
	assert_true(x.up);
	assert_int_equal(tickets, 1);
}

static void old_suites_are_not_offered(void **state)
{
	static const struct {
		const char *suites;
		bool up;
	} cases[] = {
	    {"ECDHE-ECDSA-AES128-SHA256", false},
	    {"ECDHE-ECDSA-AES128-SHA", false},
	    {"ECDHE-ECDSA-AES256-GCM-SHA384", true},
	    {"ECDHE-ECDSA-CHACHA20-POLY1305", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct stranger x = {.max_version = TLS1_2_VERSION,
				     .alpn = "\x08http/1.1",
				     .suites = cases[i].suites};
		struct pair p;

		pair_open(&p);
		p.server = web();
		p.far.look = cases[i].up ? look_reads_to_the_end : look_ends_on_error;
		meet(&p, &x);
		assert_int_equal(x.up, cases[i].up);
	}
}

/* Any certificate: the owner judges */

static void look_asks_who_it_is(struct end *e, enum io_event event)
{
	char pin[TLS_CONTEXT_PIN_TEXT];

	if (event == IO_UP && e == &e->pair->near) {
		assert_false(io_tls_peer(e->io, pin));
		assert_string_equal(pin, pair_pin);
	}
	look_handshake(e, event);
}

static void a_key_is_told_though_nobody_vouches_for_it(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p);
	p.server_tls = p.server = server(NULL);
	p.client = tls_context_any_new();
	p.host = "nas.example";
	p.near.look = p.far.look = look_asks_who_it_is;
	pair_dial(&p);
	pair_run(&p);
	assert_int_equal(p.near.error, 0);
	assert_int_equal(p.near.ups, 1);
}

/* Contexts and files */

static void files_that_are_not_what_they_should_be(void **state)
{
	char *why = NULL, nowhere[128];

	(void)state;
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere.pem", pair_dir);
	assert_null(tls_context_server_new(nowhere, pair_key, NULL, false, &why));
	assert_non_null(strstr(why, nowhere));
	assert_non_null(strstr(why, "no such file"));
	mem_free(why);
	assert_null(tls_context_server_new(pair_crt, nowhere, NULL, false, &why));
	assert_non_null(strstr(why, nowhere));
	mem_free(why);
	assert_null(tls_context_server_new(pair_key, pair_key, NULL, false, &why));
	assert_non_null(strstr(why, pair_key));
	assert_non_null(strstr(why, ": holds no certificate in PEM form"));
	mem_free(why);
	assert_null(tls_context_server_new(pair_crt, pair_crt, NULL, false, &why));
	assert_non_null(strstr(why, pair_crt));
	assert_non_null(strstr(why, ": holds no private key in PEM form"));
	mem_free(why);
	assert_null(tls_context_client_new(NULL, nowhere, NULL, false, &why));
	assert_non_null(strstr(why, nowhere));
	mem_free(why);
	assert_null(tls_context_client_new("sha256:abcd", NULL, NULL, false, &why));
	assert_non_null(strstr(why, "sha256:abcd"));
	mem_free(why);
}

static void key_of_another_certificate(void **state)
{
	const char *names[] = {"other.example", NULL};
	char *crt, *key, *why, path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/other.key", pair_dir);
	assert_int_equal(tls_context_make_self_signed(names, &crt, &key), 0);
	assert_int_equal(file_replace(path, key, strlen(key), 0600, false), 0);
	assert_null(tls_context_server_new(pair_crt, path, NULL, false, &why));
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, ": is not the key of "));
	mem_free(why);
	mem_free(crt);
	mem_free(key);
	unlink(path);
}

static void pins(void **state)
{
	char pin[TLS_CONTEXT_PIN_TEXT], *why;

	(void)state;
	assert_true(tls_context_is_pin(pair_pin));
	assert_int_equal(strlen(pair_pin), TLS_CONTEXT_PIN_TEXT - 1);
	assert_false(tls_context_is_pin(""));
	assert_false(tls_context_is_pin("sha256:"));
	assert_false(tls_context_is_pin(pair_pin + 1));
	strcpy(pin, pair_pin);
	pin[TLS_CONTEXT_PIN_TEXT - 2] = 'g';
	assert_false(tls_context_is_pin(pin));
	assert_true(tls_context_pin_of_certificate(pair_key, pin, &why) < 0);
	assert_non_null(strstr(why, pair_key));
	mem_free(why);
}

static void self_signed_for_no_or_long_names(void **state)
{
	char longest[254], *crt, *key;
	const char *names[] = {longest, "::1", NULL}, *none[] = {NULL},
		   *bad[] = {"bad\xff name", NULL};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 50 == 49 ? '.' : 'a';
	longest[i] = '\0';
	assert_int_equal(tls_context_make_self_signed(names, &crt, &key), 0);
	assert_non_null(strstr(crt, "BEGIN CERTIFICATE"));
	assert_non_null(strstr(key, "BEGIN PRIVATE KEY"));
	mem_free(crt);
	mem_free(key);
	assert_int_equal(tls_context_make_self_signed(none, &crt, &key), 0);
	mem_free(crt);
	mem_free(key);
	if (tls_context_make_self_signed(bad, &crt, &key) == 0) {
		mem_free(crt);
		mem_free(key);
	} else {
		assert_null(crt);
		assert_null(key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(right_pin),
	    cmocka_unit_test(wrong_pin_names_both),
	    cmocka_unit_test(wrong_alpn),
	    cmocka_unit_test(no_alpn_where_one_is_required),
	    cmocka_unit_test(server_without_our_alpn),
	    cmocka_unit_test(ca_and_host_name),
	    cmocka_unit_test(ca_and_another_host_name),
	    cmocka_unit_test(unknown_authority),
	    cmocka_unit_test(peer_closes_mid_handshake),
	    cmocka_unit_test(peer_resets_mid_handshake),
	    cmocka_unit_test(garbage_instead_of_a_handshake),
	    cmocka_unit_test(relay_closes_mid_handshake),
	    cmocka_unit_test(peeked_bytes_are_put_back),
	    cmocka_unit_test(tls12_is_refused_in_the_tunnel),
	    cmocka_unit_test(tls12_where_it_is_allowed),
	    cmocka_unit_test(a_crowd_shakes_hands_in_turns),
	    cmocka_unit_test(records_of_one_byte_do_not_hold_the_loop),
	    cmocka_unit_test(asks_without_end),
	    cmocka_unit_test(key_updates_are_answered),
	    cmocka_unit_test(key_updates_after_our_end),
	    cmocka_unit_test(no_tickets_are_sent),
	    cmocka_unit_test(browsers_may_speak_http_1_1_or_say_nothing),
	    cmocka_unit_test(browsers_get_a_ticket),
	    cmocka_unit_test(old_suites_are_not_offered),
	    cmocka_unit_test(a_key_is_told_though_nobody_vouches_for_it),
	    cmocka_unit_test(files_that_are_not_what_they_should_be),
	    cmocka_unit_test(key_of_another_certificate),
	    cmocka_unit_test(pins),
	    cmocka_unit_test(self_signed_for_no_or_long_names),
	};

	return cmocka_run_group_tests(tests, pair_make_files, pair_remove_files);
}
