/*
 * The agents' listener, the registry and agents on two worker threads, called by agents that live
 * on the test's main loop: who holds a name, what ends a session, what is left at the end.
 */
#define _GNU_SOURCE /* nftw */
#include "relay/agents/agent_listener.h"
#include "relay/agents/unauthenticated_peers.h"
#include "relay/doors/port_table.h"
#include "relay/doors/vhost_table.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/token.h"
#include "shared/net/first_frame.h"
#include "shared/net/listener.h"
#include "shared/net/tls_context.h"
#include "shared/net/timer.h"

#include "tests/unit/self.h"
#include "tests/unit/tempdir.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

enum { WORKERS = 2, CALLERS = 4, STEP_MS = 5 };

struct ground;

/* An agent, more or less. */
struct caller {
	struct ground *ground;
	struct io *io; /* until the transport has it; a mute one keeps it */
	struct buf in;
	struct hello hello;
	bool mute; /* says HELLO and reads its answer, and nothing after */
	bool welcomed, refused, closed;
	struct welcome welcome;
	struct refuse refuse;
	struct transport *transport;
	int lost, opened, stated;
	struct refuse later; /* a REFUSE on the link that was up */
	bool refused_later;
	uint32_t mapping; /* of the last OPEN */
};

struct ground {
	struct relay_config config;
	struct addr listen, bind;
	struct context context;
	struct worker workers[WORKERS];
	struct agent_registry *agents;
	struct agent_listener *agent_listener;
	struct listener *listener;
	struct tls_context *server, *client;
	struct timer *timer;
	struct caller callers[CALLERS];
	void (*step)(struct ground *g);
	int stage, waited;
	uint16_t port; /* of a mapping */
	int visitor;
	bool stopped;
};

static char token[TOKEN_TEXT];

/* --- the agents' side --- */

static void on_caller_transport(void *owner, enum transport_event event)
{
	struct caller *c = owner;
	c->lost += event == TRANSPORT_LOST || event == TRANSPORT_OVER;
}

static void on_caller_news(void *owner, const struct tunnel_news *news)
{
	struct caller *c = owner;
	c->stated += news->event == TUNNEL_STATED;
	if (news->event == TUNNEL_REFUSED)
		c->refused_later = refuse_read((const char *)news->p, news->len, &c->later) == 0;
	if (news->event == TUNNEL_OPENED) {
		c->opened++;
		c->mapping = news->open->mapping;
		stream_reset(news->stream, RESET_REFUSED);
		stream_close(news->stream);
		transport_mark(c->transport);
	}
}

static void answered(struct caller *c, const struct frame *f)
{
	const uint8_t *json = buf_data(&c->in) + FRAME_HEADER;
	if (f->kind == FRAME_REFUSE) {
		assert_int_equal(refuse_read(json, f->len, &c->refuse), 0);
		c->refused = true;
		return;
	}
	assert_int_equal(f->kind, FRAME_WELCOME);
	assert_int_equal(welcome_read(json, f->len, &c->welcome), 0);
	c->welcomed = true;
	if (c->mute) {
		io_watch(c->io, 0);
		return;
	}
	buf_take(&c->in, FRAME_HEADER + f->len);
	if (!c->transport) {
		struct tunnel_config t = {.first_id = 1,
					  .accepts = 1000,
					  .send_budget = 1 << 20,
					  .receive_budget = 1 << 20};
		c->transport = transport_new(c->ground->context.main, &t, &KEEPALIVE_AGENT,
					     on_caller_transport, c, on_caller_news, c);
	}
	struct io *io = c->io;
	c->io = NULL;
	assert_int_equal(transport_attach(c->transport, io, c->welcome.taken, 0, buf_data(&c->in),
					  buf_len(&c->in)),
			 0);
}

static void on_caller_io(void *owner, enum io_event event)
{
	struct caller *c = owner;
	if (event == IO_UP) {
		struct buf frame = BUF_INIT;
		hello_write(&c->hello, &frame);
		assert_int_equal(io_write(c->io, buf_data(&frame), buf_len(&frame)),
				 buf_len(&frame));
		buf_fini(&frame);
		io_watch(c->io, IO_WATCH_READ);
	} else if (event == IO_ERROR) {
		c->closed = true;
	} else if (event == IO_DATA && !c->welcomed && !c->refused) {
		struct frame f;
		int got = first_frame_read(c->io, &c->in, &f);
		if (got > 0)
			answered(c, &f);
		c->closed |= got < 0;
	}
}

static void hang_up(struct caller *c)
{
	io_close(c->io);
	c->io = NULL;
	transport_free(c->transport);
	c->transport = NULL;
	buf_fini(&c->in);
}

/* A new call; before it the caller is empty, or hung up. */
static struct caller *call(struct ground *g, int i, uint64_t instance)
{
	struct caller *c = &g->callers[i];
	*c =
	    (struct caller){.ground = g, .hello = {.version = HELLO_VERSION, .instance = instance}};
	buf_init(&c->in);
	strcpy(c->hello.account, "alice");
	strcpy(c->hello.agent, "nas");
	strcpy(c->hello.token, token);
	c->io = io_dial(g->context.main, &g->listen, NULL, 0, on_caller_io, c);
	io_tls_dial(c->io, g->client, NULL);
	return c;
}

static void resume(struct caller *c, const struct caller *of, uint64_t epoch, uint64_t taken)
{
	c->hello.resume = true;
	memcpy(c->hello.session, of->welcome.session, SESSION_ID);
	c->hello.epoch = epoch;
	c->hello.taken = taken;
}

static void declare(struct caller *c, uint32_t id, uint16_t port)
{
	struct mapping m = {
	    .id = id, .name = "web", .first = port, .last = port, .target_text = "127.0.0.1:80"};
	struct declare d = {.serial = id, .mappings = {&m, 1}, .nat = "unknown"};
	struct buf json = BUF_INIT;
	declare_write(&d, &json);
	tunnel_declare(transport_tunnel(c->transport), &json);
	transport_mark(c->transport);
	buf_fini(&json);
}

/* --- the relay --- */

static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	close(fd);
	return ntohs(at.sin_port);
}

static int visit(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static struct accounts *accounts_of(bool with_alice)
{
	char hash[TOKEN_HASH_TEXT], text[256], *errors;
	struct accounts *all;
	token_hash(token, hash);
	snprintf(text, sizeof text, "[{\"name\": \"%s\", \"token\": \"%s\"}]",
		 with_alice ? "alice" : "bob", hash);
	tempdir_write("accounts.json", text);
	assert_int_equal(accounts_load(tempdir_path("accounts.json"), "home.example.com", NULL,
				       false, &all, &errors),
			 0);
	return all;
}

static void set_accounts(struct ground *g, bool with_alice)
{
	struct accounts *all = accounts_of(with_alice);
	agent_registry_set_accounts(g->agents, all);
	accounts_unref(all);
}

static void stop(struct ground *g)
{
	g->stopped = true;
	listener_close(g->listener);
	agent_listener_free(g->agent_listener);
	agent_registry_stop(g->agents);
	for (int i = 0; i < CALLERS; i++)
		hang_up(&g->callers[i]);
	timer_close(g->timer);
	for (int i = 0; i < WORKERS; i++)
		loop_stop(g->workers[i].loop);
	loop_stop(g->context.main);
}

static void on_step(void *owner)
{
	struct ground *g = owner;
	int stage = g->stage;
	g->step(g);
	g->waited = g->stage == stage ? g->waited + 1 : 0;
	if (!g->stopped)
		timer_set(g->timer, STEP_MS);
}

static void make_tls(struct ground *g)
{
	const char *names[] = {"localhost", NULL};
	char *crt, *key, *why, pin[TLS_CONTEXT_PIN_TEXT];
	assert_int_equal(tls_context_make_self_signed(names, &crt, &key), 0);
	tempdir_write("relay.crt", crt);
	tempdir_write("relay.key", key);
	assert_int_equal(tls_context_pin_of_certificate(tempdir_path("relay.crt"), pin, &why), 0);
	g->server = tls_context_server_new(tempdir_path("relay.crt"), tempdir_path("relay.key"),
					   TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	g->client = tls_context_client_new(pin, NULL, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	assert_true(g->server && g->client);
	mem_free(crt);
	mem_free(key);
}

static void open_ground(struct ground *g)
{
	g->listen = (struct addr){.family = 4, .ip = {127, 0, 0, 1}, .port = free_port()};
	g->bind = (struct addr){.family = 4, .ip = {127, 0, 0, 1}};
	g->config = (struct relay_config){
	    .refs = 1000, /* it is not on the heap */
	    .listen = &g->listen,
	    .listen_count = 1,
	    .bind = &g->bind,
	    .bind_count = 1,
	    .grace_s = 5,
	    .limits = {.connections_per_account = 100,
		       .agents_per_account = 100,
		       .mappings_per_account = 100,
		       .ports_per_account = 100,
		       .failed_handshakes_per_second_per_address = 5,
		       .declares_per_second = 5,
		       .session_memory_mib = 16,
		       .memory_mib = 64},
	};
	g->context = (struct context){.config = &g->config,
				      .workers = g->workers,
				      .worker_count = WORKERS,
				      .ports = port_table_new(100),
				      .vhosts = vhost_table_new()};
	g->context.send.limit = g->context.receive.limit = 64 << 20;
	g->context.main = loop_new("main");
	for (int i = 0; i < WORKERS; i++) {
		list_init(&g->workers[i].agents);
		g->workers[i].context = &g->context;
		g->workers[i].loop = loop_new("worker");
		g->workers[i].config = &g->config;
		assert_int_equal(loop_start(g->workers[i].loop), 0);
	}
	token_new(token);
	make_tls(g);
	struct accounts *all = accounts_of(true);
	g->agents = agent_registry_new(&g->context, all);
	accounts_unref(all);
	int err;
	g->agent_listener = agent_listener_new(&g->context, g->agents, g->server);
	g->listener = listener_open(g->context.main, &g->listen, false, agent_listener_accept,
				    g->agent_listener, &err, NULL);
	assert_non_null(g->listener);
	g->port = free_port();
	g->visitor = -1;
}

static void run(void (*step)(struct ground *g))
{
	struct ground *g = mem_zalloc(sizeof *g);
	alarm(self_patience(60));
	open_ground(g);
	g->step = step;
	g->timer = timer_new(g->context.main, on_step, g);
	timer_set(g->timer, 0);
	loop_run(g->context.main);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(loop_join(g->workers[i].loop), 0);
		session_pool_fini(&g->workers[i].pool);
		buf_fini(&g->workers[i].departed);
		assert_int_equal(loop_free(g->workers[i].loop), 0);
	}
	agent_registry_free(g->agents);
	assert_int_equal(loop_free(g->context.main), 0);
	port_table_free(g->context.ports);
	vhost_table_free(g->context.vhosts);
	tls_context_unref(g->server);
	tls_context_unref(g->client);
	if (g->visitor >= 0)
		close(g->visitor);
	mem_free(g);
	alarm(0);
}

/* --- two of one name --- */

/* Again and again: an answer within the same millisecond as the question is an answer, too. */
static void step_live_holder(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage = 1;
	} else if (g->stage < 8 && a->welcomed && (g->stage == 1 || b->refused)) {
		if (g->stage > 1) {
			assert_int_equal(b->refuse.code, REFUSE_NAME_IN_USE);
			assert_true(b->refuse.retry_ms >= 1000);
			assert_non_null(strstr(b->refuse.reason, "127.0.0.1"));
			hang_up(b);
		}
		call(g, 1, 2);
		g->stage++;
	} else if (g->stage == 8 && b->refused) {
		assert_int_equal(a->lost, 0);
		stop(g);
	}
	if (g->stage > 1)
		assert_false(b->welcomed);
}

static void a_live_holder_keeps_its_name(void **state)
{
	(void)state;
	run(step_live_holder);
}

static void step_silent_holder(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1)->mute = true;
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		call(g, 1, 2);
		g->stage++;
	} else if (g->stage == 2 && b->welcomed) {
		a->welcomed = false; /* now it listens */
		buf_fini(&a->in);
		g->stage++;
	} else if (g->stage == 3) {
		struct buf got = BUF_INIT;
		ssize_t n = io_read(a->io, buf_reserve(&got, 4096), 4096);
		if (n == UV_EAGAIN) {
			buf_fini(&got);
			return;
		}
		assert_true(n > 0);
		buf_commit(&got, (size_t)n);
		struct frame f = {0};
		struct refuse r;
		while (frame_read(buf_data(&got), &f) == 0 && f.kind != FRAME_REFUSE)
			buf_take(&got, FRAME_HEADER + f.len);
		assert_int_equal(
		    refuse_read((const char *)buf_data(&got) + FRAME_HEADER, f.len, &r), 0);
		assert_int_equal(r.code, REFUSE_REPLACED);
		buf_fini(&got);
		assert_int_equal(b->lost, 0);
		stop(g);
	}
}

static void a_silent_holder_is_replaced_and_told(void **state)
{
	(void)state;
	run(step_silent_holder);
}

static void step_bye_under_challenge(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1)->mute = true;
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		call(g, 1, 2);
		g->stage++;
	} else if (g->stage == 2 && g->waited > 40) {
		uint8_t bye[FRAME_HEADER];
		assert_false(b->welcomed || b->refused);
		frame_write(bye, 0, FRAME_BYE, 0);
		assert_int_equal(io_write(a->io, bye, sizeof bye), sizeof bye);
		io_shutdown(a->io);
		g->stage++;
	} else if (g->stage == 3 && b->welcomed) {
		assert_false(b->welcome.resumed);
		stop(g);
	}
}

static void a_holder_that_leaves_makes_room_for_the_one_that_waits(void **state)
{
	(void)state;
	run(step_bye_under_challenge);
}

static void step_dead_holder(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1)->mute = true;
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		io_reset(a->io);
		a->io = NULL;
		g->stage++;
	} else if (g->stage == 2 && g->waited > 10) {
		call(g, 1, 2);
		g->stage++;
	} else if (g->stage == 3 && b->welcomed) {
		assert_false(b->welcome.resumed);
		stop(g);
	}
}

static void a_detached_holder_is_replaced_at_once(void **state)
{
	(void)state;
	run(step_dead_holder);
}

/* --- numbers --- */

static void step_numbers(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1], *c = &g->callers[2];
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		resume(call(g, 1, 1), a, 0, 0);    /* no newer than what is known */
		resume(call(g, 2, 1), a, 9, 1000); /* more than was ever sent */
		g->stage++;
	} else if (g->stage == 2 && b->refused && c->refused) {
		assert_int_equal(b->refuse.code, REFUSE_STALE);
		assert_int_equal(c->refuse.code, REFUSE_STALE);
		assert_int_equal(a->lost, 0);
		hang_up(b);
		resume(call(g, 1, 1), a, 1, 0);
		g->stage++;
	} else if (g->stage == 3 && b->welcomed) {
		assert_true(b->welcome.resumed);
		hang_up(c);
		resume(call(g, 2, 1), a, 1, 0); /* the same again: replayed */
		g->stage++;
	} else if (g->stage == 4 && c->refused && a->lost) {
		assert_int_equal(c->refuse.code, REFUSE_STALE);
		assert_int_equal(b->lost, 0);
		stop(g);
	}
}

static void a_wrong_number_ends_no_live_session(void **state)
{
	(void)state;
	run(step_numbers);
}

/* --- accounts --- */

static void step_removed(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		declare(a, 1, g->port);
		g->stage++;
	} else if (g->stage == 2 && a->stated) {
		g->visitor = visit(g->port);
		set_accounts(g, false);
		set_accounts(g, false); /* the agent has said already that it has ended */
		g->stage++;
	} else if (g->stage == 3 && a->lost) {
		assert_true(a->refused_later);
		assert_int_equal(a->later.code, REFUSE_REMOVED);
		resume(call(g, 1, 1), a, 1, 0);
		g->stage++;
	} else if (g->stage == 4 && b->refused) {
		assert_int_equal(b->refuse.code, REFUSE_TOKEN);
		set_accounts(g, true);
		hang_up(b);
		resume(call(g, 1, 1), a, 2, 0);
		g->stage++;
	} else if (g->stage == 5 && b->welcomed) {
		assert_false(b->welcome.resumed);
		stop(g);
	}
}

static void a_removed_account_is_cut_off_and_told(void **state)
{
	(void)state;
	run(step_removed);
}

/* --- a visitor between two sessions --- */

static void step_between(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		declare(a, 1, g->port);
		g->stage++;
	} else if (g->stage == 2 && a->stated) {
		call(g, 1, 1);
		g->stage++;
	} else if (g->stage == 3 && b->welcomed) {
		g->visitor = visit(g->port); /* the door is open, but whose is it? */
		g->stage++;
	} else if (g->stage == 4 && g->waited > 30) {
		assert_int_equal(b->opened, 0);
		declare(b, 7, g->port);
		g->stage++;
	} else if (g->stage == 5 && b->opened) {
		assert_int_equal(b->mapping, 7);
		assert_int_equal(a->opened, 0);
		stop(g);
	}
}

static void a_visitor_waits_for_the_new_sessions_word(void **state)
{
	(void)state;
	run(step_between);
}

/* --- who is inside, and one of them cut off --- */

static struct {
	bool answered;
	uint64_t total, id;
} inside;

static void on_inside(void *arg, const struct buf *json, uint64_t total)
{
	struct buf copy = BUF_INIT;
	(void)arg;
	buf_put(&copy, buf_data(json), buf_len(json));
	const char *id = strstr(buf_str(&copy), "\"id\":");
	assert_int_equal(id != NULL, total > 0);
	assert_int_equal(strstr(buf_str(&copy), "\"visitor\":\"127.0.0.1\"") != NULL, total > 0);
	inside.answered = true;
	inside.total = total;
	inside.id = id ? strtoull(id + strlen("\"id\":"), NULL, 10) : 0;
	buf_fini(&copy);
}

static void ask_inside(struct ground *g, const char *mapping, uint64_t id)
{
	struct live_visitors_wish wish = {.account = "alice", .id = id};
	strcpy(wish.mapping, mapping);
	inside.answered = false;
	agent_registry_visitors(g->agents, &wish, on_inside, NULL);
	g->stage++;
}

/* It waits inside for an agent that is away, so that nobody else ends it. */
static void step_inside(struct ground *g)
{
	struct caller *a = &g->callers[0];
	static uint64_t id;
	char byte;
	if (g->stage == 0) {
		g->config.grace_s = 3600;
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		declare(a, 1, g->port);
		g->stage++;
	} else if (g->stage == 2 && a->stated) {
		transport_detach(a->transport);
		g->visitor = visit(g->port);
		ask_inside(g, "web", 0);
	} else if (g->stage == 3 && inside.answered) {
		id = inside.id;
		g->stage -= id == 0; /* it is not there yet */
		ask_inside(g, id ? "other" : "web", id);
	} else if (g->stage == 4 && inside.answered) {
		assert_int_equal(inside.total, 0);
		ask_inside(g, "web", id);
	} else if (g->stage == 5 && inside.answered) {
		assert_int_equal(inside.total, 1);
		assert_int_equal(recv(g->visitor, &byte, 1, 0), -1);
		assert_int_equal(errno, ECONNRESET);
		ask_inside(g, "web", id);
	} else if (g->stage == 6 && inside.answered) {
		assert_int_equal(inside.total, 0);
		stop(g);
	}
}

static void a_visitor_is_told_of_and_cut_off_once(void **state)
{
	(void)state;
	run(step_inside);
}

/* --- a reload takes the port of a mapping --- */

static bool settled;

/* Every loop has given up what it must: the port is free at once. */
static void on_settled(void *arg, const struct buf *json)
{
	struct ground *g = arg;
	struct addr at = g->bind;
	int err;
	at.port = g->port;
	assert_int_equal(buf_len(json), 2);
	struct listener *l = listener_open(g->context.main, &at, false, NULL, NULL, &err, NULL);
	assert_non_null(l);
	listener_close(l);
	settled = true;
}

static void step_own_port(struct ground *g)
{
	struct caller *a = &g->callers[0];
	struct ports_range own = {g->port, g->port, PORTS_TCP};
	if (g->stage == 0) {
		settled = false;
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		declare(a, 1, g->port);
		g->stage++;
	} else if (g->stage == 2 && a->stated) {
		g->visitor = visit(g->port);
		g->stage++;
	} else if (g->stage == 3 && a->opened == 1) {
		a->stated = 0;
		port_table_set_own(g->context.ports, &own, 1);
		agent_registry_set_config(g->agents, &g->config);
		set_accounts(g, true);
		agent_registry_settle(g->agents, on_settled, g);
		g->stage++;
	} else if (g->stage == 4 && settled && a->stated) {
		port_table_set_own(g->context.ports, NULL, 0);
		set_accounts(g, true); /* or by itself, a little later */
		a->stated = 0;
		g->stage++;
	} else if (g->stage == 5 && a->stated) {
		close(g->visitor);
		g->visitor = visit(g->port);
		g->stage++;
	} else if (g->stage == 6 && a->opened == 2) {
		stop(g);
	}
}

static void a_port_that_a_reload_takes_is_free_when_all_loops_have_heard(void **state)
{
	(void)state;
	run(step_own_port);
	assert_true(settled);
}

static void step_bad_declare(struct ground *g)
{
	struct caller *a = &g->callers[0];
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage++;
	} else if (g->stage == 1 && a->welcomed) {
		struct buf json = BUF_INIT;
		buf_puts(&json, "{\"serial\": \"nonsense\"}");
		tunnel_declare(transport_tunnel(a->transport), &json);
		transport_mark(a->transport);
		buf_fini(&json);
		g->stage++;
	} else if (g->stage == 2 && a->lost) {
		assert_true(a->refused_later);
		assert_int_equal(a->later.code, REFUSE_PROTOCOL);
		stop(g);
	}
}

static void a_declare_that_is_none_ends_the_session(void **state)
{
	(void)state;
	run(step_bad_declare);
}

/* --- the end, in the middle of everything --- */

static void count_status(void *arg, const struct buf *json)
{
	int *answers = arg;
	assert_true(buf_len(json) >= 2);
	++*answers;
}

static int answers;

static void step_stop(struct ground *g)
{
	struct caller *a = &g->callers[0], *b = &g->callers[1];
	if (g->stage == 0) {
		call(g, 0, 1);
		call(g, 1, 2)->mute = true;
		strcpy(b->hello.agent, "pi");
		g->stage++;
	} else if (g->stage == 1 && a->welcomed && b->welcomed) {
		declare(a, 1, g->port);
		struct caller *c = call(g, 2, 3); /* challenges the mute one */
		strcpy(c->hello.agent, "pi");
		g->stage++;
	} else if (g->stage == 2 && a->stated && g->waited > 10) {
		g->visitor = visit(g->port);
		send(g->visitor, "hello", 5, MSG_NOSIGNAL);
		transport_detach(a->transport);
		call(g, 3, 4); /* its handshake is under way */
		g->stage++;
	} else if (g->stage == 3) {
		answers = 0;
		agent_registry_status(g->agents, count_status, &answers);
		stop(g);
	}
}

static void a_stop_leaves_nothing_behind(void **state)
{
	(void)state;
	run(step_stop);
	assert_int_equal(answers, 1);
}

/* --- a crowd of strangers --- */

enum { STRANGERS = UNAUTHENTICATED_PEERS_STRANGERS + 100 };

static int far_ends[STRANGERS + 1], speaking;

/* Returns its own end of a connection that came from `from`. */
static int come_from(struct ground *g, const struct addr *from)
{
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	agent_listener_accept(g->agent_listener, pair[0], from, from);
	return pair[1];
}

/* The same over TCP; it has said something. */
static int come_speaking(struct ground *g, const struct addr *from)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int door = socket(AF_INET, SOCK_STREAM, 0), far = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(door, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(door, 1), 0);
	getsockname(door, (struct sockaddr *)&at, &len);
	assert_int_equal(connect(far, (struct sockaddr *)&at, len), 0);
	assert_int_equal(send(far, "\x16", 1, 0), 1);
	int near = accept4(door, NULL, NULL, SOCK_NONBLOCK);
	assert_true(near >= 0);
	close(door);
	agent_listener_accept(g->agent_listener, near, from, from);
	return far;
}

static bool is_open(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

/* The first comes from a network that has an agent. Then strangers, each from a network of its own,
 * of whom the first has begun to speak, as a home does that is far away. */
static void step_strangers(struct ground *g)
{
	if (g->stage == 0) {
		call(g, 0, 1);
		g->stage = 1;
	} else if (g->stage == 1 && g->callers[0].welcomed) {
		struct addr from = {.family = 4, .ip = {127, 0, 0, 99}, .port = 7};
		assert_true(agent_registry_knows(g->agents, &from));
		far_ends[0] = come_from(g, &from);
		memcpy(from.ip, (uint8_t[]){11, 0, 0, 1}, 4);
		speaking = come_speaking(g, &from);
		for (int i = 1; i <= STRANGERS; i++) {
			memcpy(from.ip, (uint8_t[]){10, (uint8_t)(i >> 8), (uint8_t)i, 1}, 4);
			assert_false(agent_registry_knows(g->agents, &from));
			far_ends[i] = come_from(g, &from);
		}
		g->stage = 2;
	} else if (g->stage == 2 && g->waited > 2) {
		int open = 0;
		for (int i = 1; i <= STRANGERS; i++)
			open += is_open(far_ends[i]);
		assert_int_equal(open, UNAUTHENTICATED_PEERS_STRANGERS - 1);
		assert_true(is_open(far_ends[0]));
		assert_true(is_open(speaking));
		close(speaking);
		for (int i = 0; i <= STRANGERS; i++)
			close(far_ends[i]);
		stop(g);
	}
}

static void strangers_crowd_out_strangers(void **state)
{
	(void)state;
	file_raise_limit();
	run(step_strangers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_live_holder_keeps_its_name),
	    cmocka_unit_test(a_silent_holder_is_replaced_and_told),
	    cmocka_unit_test(a_holder_that_leaves_makes_room_for_the_one_that_waits),
	    cmocka_unit_test(a_detached_holder_is_replaced_at_once),
	    cmocka_unit_test(a_wrong_number_ends_no_live_session),
	    cmocka_unit_test(a_removed_account_is_cut_off_and_told),
	    cmocka_unit_test(a_visitor_waits_for_the_new_sessions_word),
	    cmocka_unit_test(a_visitor_is_told_of_and_cut_off_once),
	    cmocka_unit_test(a_port_that_a_reload_takes_is_free_when_all_loops_have_heard),
	    cmocka_unit_test(a_declare_that_is_none_ends_the_session),
	    cmocka_unit_test(a_stop_leaves_nothing_behind),
	    cmocka_unit_test(strangers_crowd_out_strangers),
	};
	return cmocka_run_group_tests(tests, tempdir_make, tempdir_remove);
}
