/* Large updates: they go over TCP, whole, and their answer comes in pieces. */
#include "relay/dns/dns_packet.h"
#include "relay/providers/publisher_kind.h"

#include "shared/base/mem.h"

#include <arpa/inet.h>
#include <ldns/ldns.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

extern const struct publisher_kind rfc2136_kind;

static const char key64[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/* A server that takes updates over TCP only. */
struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	size_t changes; /* records in the update */
};

static void receive(int fd, uint8_t *p, size_t len)
{
	for (ssize_t n; len; p += n, len -= (size_t)n)
		if ((n = read(fd, p, len)) <= 0)
			abort();
}

/* The header with QR, signed over the request's MAC. Returns its length. */
static size_t answer(const ldns_pkt *q, uint8_t *out)
{
	ldns_pkt *a = ldns_pkt_new();
	uint8_t *wire;
	size_t len;
	ldns_pkt_set_id(a, ldns_pkt_id(q));
	ldns_pkt_set_opcode(a, (ldns_pkt_opcode)5);
	ldns_pkt_set_qr(a, true);
	ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(q), 3);
	if (ldns_pkt_tsig_sign(a, "relay-key.", key64, 300, "hmac-sha256.", mac) ||
	    ldns_pkt2wire(&wire, a, &len))
		abort();
	memcpy(out, wire, len);
	free(wire);
	ldns_pkt_free(a);
	return len;
}

static void *serve(void *arg)
{
	struct server *s = arg;
	uint8_t in[65536], out[512];
	int fd = accept(s->fd, NULL, NULL);
	ldns_pkt *q;
	receive(fd, in, 2);
	size_t len = (size_t)(in[0] << 8 | in[1]);
	receive(fd, in, len);
	if (ldns_wire2pkt(&q, in, len))
		abort();
	s->changes = ldns_pkt_nscount(q);
	len = answer(q, out + 2);
	ldns_pkt_free(q);
	out[0] = 0;
	out[1] = (uint8_t)len;
	for (size_t i = 0; i < len + 2; i++)
		if (send(fd, out + i, 1, MSG_NOSIGNAL) != 1)
			abort();
	close(fd);
	return NULL;
}

static void open_server(struct server *s)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof at;
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(s->fd, 1), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &len), 0);
	s->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

struct outcome {
	struct loop *loop;
	void *publisher;
	enum publish_result result;
	char error[256];
};

static void on_done(void *owner, enum publish_result result, uint64_t wait_ms, const char *error)
{
	struct outcome *o = owner;
	(void)wait_ms;
	o->result = result;
	snprintf(o->error, sizeof o->error, "%s", error ? error : "");
	rfc2136_kind.close(o->publisher);
	loop_stop(o->loop);
}

static void *settings_for(uint16_t port)
{
	const struct publisher_place place = {.file = "relay.json", .domain = "home.test"};
	char *text = mem_printf("{\"server\": \"127.0.0.1:%u\", \"key_name\": \"relay-key\", "
				"\"key\": \"%s\"}",
				(unsigned)port, key64);
	struct conf *c = conf_parse("relay.json", text, strlen(text), false);
	void *settings = rfc2136_kind.read(conf_root(c), &place);
	assert_int_equal(conf_errors(c), 0);
	conf_free(c);
	mem_free(text);
	return settings;
}

/* As many values of each type as there can be. */
static void fill(struct publish_job *job)
{
	char value[PUBLISH_VALUE];
	memset(job, 0, sizeof *job);
	job->name = "_acme-challenge.alice.home.test";
	job->count = PUBLISH_TYPES;
	for (unsigned i = 0; i < PUBLISH_VALUES; i++) {
		snprintf(value, sizeof value, "192.0.2.%u", i);
		publish_set_add(&job->changes[0].wanted, value);
		snprintf(value, sizeof value, "2001:db8::%x", i);
		publish_set_add(&job->changes[1].wanted, value);
		snprintf(value, sizeof value, "%063u", i);
		publish_set_add(&job->changes[2].wanted, value);
		snprintf(value, sizeof value, "%063u", 100 + i);
		publish_set_add(&job->changes[2].gone, value);
	}
	for (unsigned i = 0; i < PUBLISH_TYPES; i++)
		job->changes[i].type = (enum publish_type)i;
}

static void a_large_update_goes_over_tcp(void **state)
{
	(void)state;
	struct server s = {.changes = 0};
	struct outcome o = {.loop = loop_new("test")};
	struct publish_job job;
	open_server(&s);
	void *settings = settings_for(s.port);
	fill(&job);
	o.publisher = rfc2136_kind.start(o.loop, settings, on_done, &o);
	rfc2136_kind.publish(o.publisher, &job);
	loop_run(o.loop);
	assert_string_equal(o.error, "");
	assert_int_equal(o.result, PUBLISH_OK);
	pthread_join(s.thread, NULL);
	assert_int_equal(s.changes, 2 + 4 * PUBLISH_VALUES);
	close(s.fd);
	rfc2136_kind.drop(settings);
	assert_int_equal(loop_free(o.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_large_update_goes_over_tcp)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
