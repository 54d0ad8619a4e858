/*
 * Many agents in one process: swarm [-s] AGENT_JSON COUNT FIRST_PORT, or swarm -h HOSTS AGENT_JSON
 * COUNT. Each is a session of its own, as in the real program, under the name "swarmN", and maps
 * port FIRST_PORT + N, or that many http hosts. What visitors send is read and forgotten; with -s
 * each stream also sends without end.
 *
 * "open MS COUNT AGAIN RESUMED" is said when every agent is attached and has its mapping, MS being
 * the wall clock; AGAIN of them have had a link before the one they have, and RESUMED of these had
 * one session all the time. "error N WHY": the relay refuses one; "down MS": the first of them is
 * without a link; SIGTERM ends it.
 */
#include "agent/relay_session.h"
#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AGENTS_MOST = 4096, HOSTS_MOST = 64 };

struct swarm;
struct member {
	struct swarm *swarm;
	struct agent_config config;
	struct mapping *mappings; /* swarm.each of them */
	struct relay_session *session;
	uint64_t serial;
	bool mapped, open; /* the relay has opened the mapping; … and the link is up */
	unsigned begun;    /* sessions */
	char name[32];
};

struct swarm {
	struct loop *loop;
	struct signals *signals;
	struct member *members;
	unsigned count, open;
	size_t each; /* mappings of an agent */
	bool sends;
};

static void say_open(const struct swarm *s)
{
	unsigned again = 0, resumed = 0;
	for (unsigned i = 0; i < s->count; i++) {
		const struct member *m = &s->members[i];
		bool has_resumed = relay_session_resumed(m->session) > 0;
		again += has_resumed || m->begun > 1;
		resumed += has_resumed && m->begun == 1;
	}
	printf("open %" PRIu64 " %u %u %u\n", loop_wall_ms(), s->open, again, resumed);
}

static void look(struct member *m)
{
	struct swarm *s = m->swarm;
	bool open = m->mapped && relay_session_state(m->session) == RELAY_SESSION_ATTACHED;
	if (m->open == open)
		return;
	if (!open && s->open == s->count)
		printf("down %" PRIu64 "\n", loop_wall_ms());
	m->open = open;
	s->open += open ? 1 : -1;
	if (s->open == s->count)
		say_open(s);
}

static void declare(struct member *m)
{
	size_t each = m->swarm->each;
	struct declare d = {
	    .serial = ++m->serial, .mappings = {m->mappings, each}, .nat = "unknown"};
	for (size_t i = 0; i < each; i++)
		m->mappings[i].id += (uint32_t)each; /* never one that was */
	struct buf json = BUF_INIT;
	declare_write(&d, &json);
	tunnel_declare(transport_tunnel(relay_session_transport(m->session)), &json);
	transport_mark(relay_session_transport(m->session));
	buf_fini(&json);
}

static void stated(struct member *m, const struct tunnel_news *news)
{
	struct state state;
	char why[256];
	if (state_read((const char *)news->p, news->len, &state, why) < 0) {
		printf("error %s %s\n", m->name, why);
		return;
	}
	m->mapped = state.mapping_count == m->swarm->each;
	for (size_t i = 0; i < state.mapping_count; i++) {
		m->mapped &= state.mappings[i].state == MAPPING_OPEN;
		if (state.mappings[i].error)
			printf("error %s %s\n", m->name, state.mappings[i].error);
	}
	state_fini(&state);
	look(m);
}

/* --- streams --- */

struct visit {
	struct member *member;
	struct stream *stream;
};

static void send_some(struct stream *stream)
{
	size_t room;
	uint8_t *p = stream_reserve(stream, &room);
	memset(p, 'x', room);
	stream_commit(stream, room);
}

static void on_stream(void *owner, enum stream_event event)
{
	struct visit *v = owner;
	struct transport *trunk = relay_session_transport(v->member->session);
	if (event == STREAM_TURN) {
		send_some(v->stream);
		return;
	}
	stream_consume(v->stream, stream_waiting(v->stream));
	if (stream_is_eof(v->stream) || stream_is_reset(v->stream)) {
		bool adrift = stream_is_adrift(v->stream);
		stream_close(v->stream);
		mem_free(v);
		if (adrift)
			return;
	}
	transport_mark(trunk);
}

static void opened(struct member *m, struct stream *stream)
{
	struct visit *v = mem_alloc(sizeof *v);
	*v = (struct visit){.member = m, .stream = stream};
	stream_own(stream, on_stream, v);
	if (m->swarm->sends)
		stream_ready(stream);
	transport_mark(relay_session_transport(m->session));
}

/* --- the sessions --- */

static void on_news(void *owner, const struct tunnel_news *news)
{
	struct member *m = owner;
	if (news->event == TUNNEL_OPENED)
		opened(m, news->stream);
	else if (news->event == TUNNEL_STATED)
		stated(m, news);
	else if (news->event == TUNNEL_REFUSED)
		relay_session_heard_refuse(m->session, news->p, news->len);
}

static void on_session(void *owner, enum relay_session_event event)
{
	struct member *m = owner;
	if (event == RELAY_SESSION_BEGINS) {
		m->begun++;
		declare(m);
	} else if (event == RELAY_SESSION_ENDING)
		m->mapped = false;
	look(m);
}

static void on_signal(void *owner, enum signals_event event)
{
	struct swarm *s = owner;
	if (event != SIGNALS_STOP)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		relay_session_stop(s->members[i].session);
		relay_session_free(s->members[i].session);
	}
	signals_close(s->signals);
	loop_stop(s->loop);
}

/* port 0: hosts */
static void set_mappings(struct member *m, unsigned port)
{
	m->mappings = mem_zalloc(m->swarm->each * sizeof *m->mappings);
	for (size_t i = 0; i < m->swarm->each; i++) {
		struct mapping *one = &m->mappings[i];
		*one = (struct mapping){.id = (uint32_t)i + 1, .target_text = "127.0.0.1:9"};
		one->first = one->last = (uint16_t)port;
		one->name = mem_printf("m%zu", i);
		if (port)
			continue;
		one->protocol = MAPPING_HTTP;
		one->host = mem_printf("m%zu.%s.%s", i, m->name, m->config.account);
	}
}

static void free_mappings(struct member *m)
{
	for (size_t i = 0; i < m->swarm->each; i++) {
		mem_free(m->mappings[i].name);
		mem_free(m->mappings[i].host);
	}
	mem_free(m->mappings);
}

static int add_member(struct swarm *s, unsigned i, const struct agent_config *from, unsigned port)
{
	struct member *m = &s->members[i];
	char *why = NULL;
	m->swarm = s;
	m->config = *from;
	snprintf(m->name, sizeof m->name, "swarm%u", i);
	m->config.agent = m->name;
	set_mappings(m, port);
	m->session = relay_session_new(s->loop, &m->config, on_session, on_news, m, &why);
	if (!m->session)
		fprintf(stderr, "%s\n", why);
	mem_free(why);
	return m->session ? 0 : ERR_CONFIG;
}

static int usage(void)
{
	fprintf(stderr, "usage: swarm [-s] AGENT_JSON COUNT FIRST_PORT | swarm -h HOSTS AGENT_JSON "
			"COUNT\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct swarm s = {.sends = argc > 1 && !strcmp(argv[1], "-s"), .each = 1};
	bool hosts = argc == 5 && !strcmp(argv[1], "-h");
	if (argc != 4 + s.sends && !hosts)
		return usage();
	if (hosts)
		s.each = (size_t)atoi(argv[2]);
	argv += hosts ? 2 : s.sends;
	struct agent_config *config;
	unsigned count = (unsigned)atoi(argv[2]), port = hosts ? 0 : (unsigned)atoi(argv[3]);
	if (count < 1 || count > AGENTS_MOST || s.each < 1 || s.each > HOSTS_MOST ||
	    (!hosts && port < 1) || port + count > 65536)
		return usage();
	log_setup("swarm", LOG_ERROR, LOG_TEXT);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (agent_config_load(argv[1], &config) < 0)
		return 2;
	s.loop = loop_new("swarm");
	s.members = mem_zalloc(count * sizeof *s.members);
	for (; s.count < count; s.count++)
		if (add_member(&s, s.count, config, hosts ? 0 : port + s.count) < 0)
			return 2;
	s.signals = signals_open(s.loop, on_signal, &s);
	loop_run(s.loop);
	int err = loop_free(s.loop);
	for (unsigned i = 0; i < s.count; i++)
		free_mappings(&s.members[i]);
	mem_free(s.members);
	agent_config_free(config);
	return err < 0;
}
