/* DNS over TCP, when one asks too much: a turn of the loop stays short, a network has its rate, and
 * a newcomer is let in at the cost of the network that holds the most. */
#include "relay/names/dns_server.h"

#include "shared/base/mem.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

struct lab {
	struct loop *loop;
	struct store *store;
	struct name_registry *names;
	struct dns_server *server;
	struct sockaddr_in at;
};

/* A port that nobody has now. */
static struct sockaddr_in free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	close(fd);
	return at;
}

static void open_lab(struct lab *lab, unsigned rate)
{
	char *why, file[100], path[100];
	struct relay_config *c;
	memset(lab, 0, sizeof(*lab));
	lab->at = free_port();
	strcpy(dir, "/tmp/test_dns_server.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/relay.json", dir);
	snprintf(path, sizeof(path), "%s/relay.db", dir);
	FILE *f = fopen(file, "w");
	fprintf(f,
		"{\"domain\":\"home.test\",\"addresses\":[\"11.0.0.1\"],\"dns\":[{\"kind\":"
		"\"serve\",\"listen\":[\"127.0.0.1:%u\"],\"rate\":%u}]}",
		ntohs(lab->at.sin_port), rate);
	fclose(f);
	assert_int_equal(relay_config_load(file, &c), 0);
	lab->loop = loop_new("test");
	lab->store = store_open(lab->loop, path, &why);
	assert_non_null(lab->store);
	lab->names = name_registry_new(lab->loop, lab->store, c);
	lab->server = dns_server_new(lab->loop, lab->names);
	dns_server_set(lab->server, publishers_config_dns_server(&c->dns));
	relay_config_unref(c);
}

static void close_lab(struct lab *lab)
{
	dns_server_close(lab->server);
	name_registry_free(lab->names);
	store_close(lab->store);
	loop_stop(lab->loop);
	loop_run(lab->loop);
	assert_int_equal(loop_free(lab->loop), 0);
	char *command = mem_printf("rm -rf %s", dir);
	assert_int_equal(system(command), 0);
	mem_free(command);
}

/* A connection from this address of the loopback network. */
static int dial(struct lab *lab, const char *from)
{
	struct sockaddr_in source = {.sin_family = AF_INET};
	inet_pton(AF_INET, from, &source.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&source, sizeof(source)), 0);
	connect(fd, (struct sockaddr *)&lab->at, sizeof(lab->at));
	loop_turn(lab->loop);
	return fd;
}

/* So many questions about ns1.home.test A, 33 bytes each with their length. */
static void ask(int fd, unsigned count)
{
	static const uint8_t question[] =
	    "\0\x1f\xab\xcd\1\0\0\1\0\0\0\0\0\0\3ns1\4home\4test\0\0\1\0\1";
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL),
				 sizeof(question) - 1);
}

/* Whole answers that have come, which are all alike. */
static unsigned answers(int fd)
{
	enum { ANSWER = 2 + 31 + 16 };
	uint8_t in[4096];
	ssize_t n;
	unsigned bytes = 0;
	while ((n = recv(fd, in, sizeof(in), MSG_DONTWAIT)) > 0)
		bytes += (unsigned)n;
	assert_int_equal(bytes % ANSWER, 0);
	return bytes / ANSWER;
}

static bool is_open(int fd)
{
	char c;
	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}

static void a_turn_answers_only_so_many(void **state)
{
	enum { CLIENTS = 20, EACH = 60, A_TURN = 128 };
	(void)state;
	struct lab lab;
	int fds[CLIENTS];
	open_lab(&lab, 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		char from[32];
		snprintf(from, sizeof(from), "127.0.%u.1", i + 1);
		fds[i] = dial(&lab, from);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		ask(fds[i], EACH);
	for (unsigned all = 0; all < CLIENTS * EACH;) {
		loop_turn(lab.loop);
		unsigned now = 0;
		for (unsigned i = 0; i < CLIENTS; i++)
			now += answers(fds[i]);
		if (now > A_TURN)
			fail_msg("%u answers in one turn", now);
		all += now;
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		close(fds[i]);
	close_lab(&lab);
}

static void a_network_has_its_rate_and_others_theirs(void **state)
{
	enum { RATE = 50, ASKED = 200 };
	(void)state;
	struct lab lab;
	open_lab(&lab, RATE);
	int greedy[] = {dial(&lab, "127.0.1.1"), dial(&lab, "127.0.1.2")};
	int other = dial(&lab, "127.0.2.1");
	uint64_t began = loop_now_ms(lab.loop);
	unsigned got = 0, others = 0;
	ask(greedy[0], ASKED);
	ask(greedy[1], ASKED);
	while (got < RATE) {
		loop_turn(lab.loop);
		got += answers(greedy[0]) + answers(greedy[1]);
	}
	ask(other, 1);
	while (!others) {
		loop_turn(lab.loop);
		others = answers(other);
		got += answers(greedy[0]) + answers(greedy[1]);
		uint64_t ms = loop_now_ms(lab.loop) - began;
		if (got > RATE + 1 + ms * RATE / 1000)
			fail_msg("%u answers in %u ms", got, (unsigned)ms);
	}
	while (got < RATE + 5) { /* none is lost: they wait */
		loop_turn(lab.loop);
		got += answers(greedy[0]) + answers(greedy[1]);
	}
	close(greedy[0]);
	close(greedy[1]);
	close(other);
	close_lab(&lab);
}

static void the_fullest_network_makes_room(void **state)
{
	enum { CROWD = 260, OF_ONE = 30 };
	(void)state;
	struct lab lab;
	int crowd[CROWD], one[OF_ONE], open = 0;
	open_lab(&lab, 0);
	int lone = dial(&lab, "127.8.0.1");
	for (unsigned i = 0; i < CROWD; i++) {
		char from[32];
		snprintf(from, sizeof(from), "127.9.0.%u", 1 + i / 13);
		crowd[i] = dial(&lab, from);
	}
	assert_true(is_open(lone));
	assert_true(is_open(crowd[CROWD - 1]));
	assert_false(is_open(crowd[0]));
	ask(lone, 1);
	while (answers(lone) == 0)
		loop_turn(lab.loop);
	for (unsigned i = 0; i < OF_ONE; i++)
		one[i] = dial(&lab, "127.7.0.1");
	for (unsigned i = 0; i < OF_ONE; i++)
		open += is_open(one[i]);
	assert_int_equal(open, 20);
	assert_true(is_open(one[OF_ONE - 1]));
	for (unsigned i = 0; i < OF_ONE; i++)
		close(one[i]);
	for (unsigned i = 0; i < CROWD; i++)
		close(crowd[i]);
	close(lone);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_turn_answers_only_so_many),
	    cmocka_unit_test(a_network_has_its_rate_and_others_theirs),
	    cmocka_unit_test(the_fullest_network_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
