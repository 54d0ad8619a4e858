/* A dial outlives the certificates it was begun with: a reload makes others. */
#include "agent/target_dial.h"

#include "tests/unit/agent/scratch.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

struct call {
	struct loop *loop;
	unsigned told;
	int err;
};

static void on_dialled(void *owner, struct io *io, int err, const char *words)
{
	struct call *c = owner;
	(void)words;
	assert_null(io);
	c->told++;
	c->err = err;
	loop_stop(c->loop);
}

/* A service that hangs up on who comes. */
static void *serve(void *arg)
{
	const int *listener = arg;
	int fd = accept(*listener, NULL, NULL);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void its_context_goes_while_it_dials(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t service;
	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(pthread_create(&service, NULL, serve, &listener), 0);

	struct call c = {.loop = loop_new("test")};
	struct target_place to = {.host = "127.0.0.1",
				  .port = ntohs(at.sin_port),
				  .tls = tls_context_any_new(),
				  .name = "nas"};
	target_dial_start(c.loop, &to, NULL, 0, on_dialled, &c);
	tls_context_unref(to.tls);
	loop_run(c.loop);
	assert_int_equal(c.told, 1);
	assert_true(c.err < 0);
	pthread_join(service, NULL);
	close(listener);
	assert_int_equal(loop_free(c.loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(its_context_goes_while_it_dials)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
