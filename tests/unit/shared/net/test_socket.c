#include "shared/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

static void expect_prepared(int fd)
{
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

struct pair {
	int near, far;
	struct addr peer; /* as the far end was told */
};

static void connect_pair(struct pair *p)
{
	struct sockaddr_storage ss;
	struct addr at = {.family = 4, .ip = {127, 0, 0, 1}};
	int listener = socket_open(AF_INET, SOCK_STREAM);
	expect_prepared(listener);
	struct addr nobody;
	socklen_t len = addr_to_sockaddr(&at, &ss);
	assert_int_equal(bind(listener, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(socket_accept(listener, &nobody), -EAGAIN);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&ss, &len), 0);
	p->near = socket_open(AF_INET, SOCK_STREAM);
	assert_true(connect(p->near, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS);
	struct pollfd come = {.fd = listener, .events = POLLIN};
	assert_int_equal(poll(&come, 1, 10000), 1);
	p->far = socket_accept(listener, &p->peer);
	expect_prepared(p->far);
	close(listener);
}

static void newcomers_are_prepared_and_known(void **state)
{
	(void)state;
	struct pair p;
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr here;
	connect_pair(&p);
	assert_int_equal(getsockname(p.near, (struct sockaddr *)&ss, &len), 0);
	assert_true(addr_from_sockaddr(&here, (struct sockaddr *)&ss));
	assert_true(addr_equal(&here, &p.peer));
	close(p.near);
	close(p.far);
}

static void what_the_peer_has_not_taken_is_counted(void **state)
{
	(void)state;
	struct pair p;
	static char bytes[65536];
	connect_pair(&p);
	assert_int_equal(socket_unsent(p.near), 0);
	while (send(p.near, bytes, sizeof bytes, SOCKET_SEND) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	assert_true(socket_unsent(p.near) > 0);
	close(p.near);
	close(p.far);
}

/* A SIGPIPE would end this program. */
static void sending_into_the_void_is_only_an_error(void **state)
{
	(void)state;
	struct pair p;
	connect_pair(&p);
	shutdown(p.near, SHUT_WR);
	assert_int_equal(send(p.near, "x", 1, SOCKET_SEND), -1);
	assert_int_equal(errno, EPIPE);
	close(p.near);
	close(p.far);
}

static void the_kernel_tells_of_a_connection(void **state)
{
	(void)state;
	struct pair p;
	char c[6];
	connect_pair(&p);
	assert_int_equal(send(p.near, "12345", 5, SOCKET_SEND), 5);
	struct pollfd come = {.fd = p.far, .events = POLLIN};
	assert_int_equal(poll(&come, 1, 10000), 1);
	assert_int_equal(recv(p.far, c, sizeof c, 0), 5);
	assert_int_equal(send(p.far, c, 5, SOCKET_SEND), 5); /* its ACK tells of ours */
	come.fd = p.near;
	assert_int_equal(poll(&come, 1, 10000), 1);
	struct socket_info info = socket_info(p.near);
	assert_true(info.known);
	assert_true(info.rtt_us > 0);
	assert_true(info.bytes_acked >= 5);
	assert_int_equal(info.notsent_bytes, 0);
	close(p.near);
	close(p.far);
	assert_false(socket_info(-1).known);
	assert_false(socket_info(0).known);
}

static void errors_are_negative(void **state)
{
	(void)state;
	struct addr peer;
	assert_int_equal(socket_open(-1, SOCK_STREAM), -EAFNOSUPPORT);
	assert_int_equal(socket_accept(-1, &peer), -EBADF);
	assert_int_equal(socket_unsent(-1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(newcomers_are_prepared_and_known),
	    cmocka_unit_test(what_the_peer_has_not_taken_is_counted),
	    cmocka_unit_test(sending_into_the_void_is_only_an_error),
	    cmocka_unit_test(the_kernel_tells_of_a_connection),
	    cmocka_unit_test(errors_are_negative),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
