/*
 * Many agents that do nothing: idle_agents RELAY_PORT PIN ACCOUNT TOKEN COUNT FIRST_PORT. Each has
 * a TLS link of its own, says HELLO and declares one tcp mapping (FIRST_PORT and up). Prints
 * "ready" when all are answered, and stays until it is ended.
 */
#include "agent/relay_attempt.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/net/first_frame.h"
#include "shared/net/timer.h"
#include "shared/net/transport.h"
#include "shared/tunnel/declare_messages.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { AT_ONCE = 8, BUDGET = 16 * 1024 * 1024 };

struct agent {
	unsigned number;
	struct io *io;
	struct buf in;
	struct transport *trunk;
	bool answered; /* the relay may say more than once how its mapping is */
};

static struct loop *loop;
static struct tls_context *tls;
static struct endpoint relay;
static const char *account, *token;
static unsigned count, begun, stated, first_port;
static struct agent *agents;

static void begin_next(void);

static void fatal(const char *what, int err)
{
	fprintf(stderr, "idle_agents: %s: %s\n", what, err_text(err));
	exit(1);
}

static void on_trunk(void *owner, enum transport_event event)
{
	(void)owner;
	if (event == TRANSPORT_LOST || event == TRANSPORT_OVER)
		fatal("a link was lost", ERR_CLOSED);
}

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct agent *a = owner;
	if (news->event != TUNNEL_STATED || a->answered)
		return;
	a->answered = true;
	if (++stated == count) {
		printf("ready\n");
		fflush(stdout);
	}
	begin_next();
}

static void declare_one(struct agent *a)
{
	struct mapping m = {.id = 1,
			    .name = "idle",
			    .protocol = MAPPING_TCP,
			    .first = (uint16_t)(first_port + a->number),
			    .last = (uint16_t)(first_port + a->number),
			    .target_text = "127.0.0.1:9"};
	struct declare d = {.serial = 1, .mappings = {&m, 1}, .nat = "unknown"};
	struct buf json = BUF_INIT;
	declare_write(&d, &json);
	tunnel_declare(transport_tunnel(a->trunk), &json);
	transport_mark(a->trunk);
	buf_fini(&json);
}

static void on_io(void *owner, enum io_event event)
{
	struct agent *a = owner;
	struct frame f;
	struct welcome w;
	if (event == IO_ERROR)
		fatal("greeting", io_error(a->io));
	if (event != IO_DATA)
		return;
	int got = first_frame_read(a->io, &a->in, &f);
	if (got == 0)
		return;
	if (got < 0 || f.kind != FRAME_WELCOME ||
	    welcome_read(buf_data(&a->in) + FRAME_HEADER, f.len, &w) < 0)
		fatal("no WELCOME", got < 0 ? got : ERR_REFUSED);
	struct tunnel_config c = {
	    .first_id = 1, .accepts = 1024, .send_budget = BUDGET, .receive_budget = BUDGET};
	a->trunk = transport_new(loop, &c, &KEEPALIVE_AGENT, on_trunk, a, on_news, a);
	buf_take(&a->in, FRAME_HEADER + f.len);
	transport_attach(a->trunk, a->io, 0, w.receive_budget, buf_data(&a->in), buf_len(&a->in));
	buf_fini(&a->in);
	declare_one(a);
}

static void on_attempt(void *owner, struct relay_attempt *attempt, struct io *io, int err,
		       const char *detail)
{
	struct agent *a = owner;
	(void)attempt, (void)detail;
	if (!io)
		fatal("dialling", err);
	a->io = io;
	io_own(io, on_io, a);
	struct hello h = {.version = HELLO_VERSION, .receive_budget = BUDGET};
	snprintf(h.program, sizeof h.program, "idle_agents");
	snprintf(h.account, sizeof h.account, "%s", account);
	snprintf(h.token, sizeof h.token, "%s", token);
	snprintf(h.agent, sizeof h.agent, "idle-%u", a->number);
	random_bytes(&h.instance, sizeof h.instance);
	struct buf frame = BUF_INIT;
	hello_write(&h, &frame);
	io_write(io, buf_data(&frame), buf_len(&frame));
	buf_fini(&frame);
	io_watch(io, IO_WATCH_READ);
}

static void begin_next(void)
{
	if (begun == count)
		return;
	struct agent *a = &agents[begun];
	a->number = begun++;
	relay_attempt_start(loop, &relay, tls, NULL, 0, 0, on_attempt, a);
}

int main(int argc, char **argv)
{
	struct rlimit files;
	char *why = NULL, at[64];
	const char *bad;
	if (argc != 7) {
		fputs("idle_agents RELAY_PORT PIN ACCOUNT TOKEN COUNT FIRST_PORT\n", stderr);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	snprintf(at, sizeof at, "127.0.0.1:%s", argv[1]);
	if (endpoint_parse(at, &relay, &bad) < 0)
		fatal(bad, ERR_CONFIG);
	tls = tls_context_client_new(argv[2], NULL, TLS_CONTEXT_ALPN_TUNNEL, false, &why);
	if (!tls)
		fatal(why, ERR_CONFIG);
	account = argv[3];
	token = argv[4];
	count = (unsigned)atoi(argv[5]);
	first_port = (unsigned)atoi(argv[6]);
	agents = mem_zalloc(count * sizeof *agents);
	loop = loop_new("idle");
	for (int i = 0; i < AT_ONCE; i++)
		begin_next();
	loop_run(loop);
	return 0;
}
