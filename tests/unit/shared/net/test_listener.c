#define _GNU_SOURCE
#include "tests/unit/shared/net/pair.h"

#include "shared/net/port_owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct door {
	struct loop *loop;
	struct listener *listener;
	struct timer *timer;
	int step;
	int came;
	int stop_after;
	int kept[64];
	struct addr peer, local;
};

static const struct addr loop4 = {.family = 4, .ip = {127, 0, 0, 1}};

static void finish(struct door *d)
{
	listener_close(d->listener);
	timer_close(d->timer);
	d->listener = NULL;
	d->timer = NULL;
	loop_stop(d->loop);
}

static void on_visitor(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;

	d->peer = *peer;
	d->local = *local;
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	if (++d->came == d->stop_after)
		finish(d);
}

static int visit(const struct addr *at)
{
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(at, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&ss, len) != 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

static void open_door(struct door *d, const struct addr *at)
{
	char *why;
	int err;

	memset(d, 0, sizeof(*d));
	d->loop = loop_new("test");
	d->listener = listener_open(d->loop, at, false, on_visitor, d, &err, &why);
	if (!d->listener)
		fail_msg("%s", why);
	assert_int_equal(err, 0);
	assert_null(why);
}

static void run(struct door *d)
{
	loop_run(d->loop);
	assert_int_equal(loop_free(d->loop), 0);
}

static void more_visitors_than_one_turn_takes(void **state)
{
	struct door d;
	int fds[30];

	(void)state;
	open_door(&d, &loop4);
	assert_int_not_equal(listener_at(d.listener)->port, 0);
	d.stop_after = 30;
	for (int i = 0; i < 30; i++)
		fds[i] = visit(listener_at(d.listener));
	run(&d);
	assert_int_equal(d.came, 30);
	assert_true(addr_equal_ip(&d.peer, &loop4));
	assert_true(addr_equal_ip(&d.local, &loop4));
	for (int i = 0; i < 30; i++)
		close(fds[i]);
}

static void closed_inside_its_callback(void **state)
{
	struct door d;
	int fds[5];

	(void)state;
	open_door(&d, &loop4);
	d.stop_after = 1;
	for (int i = 0; i < 5; i++)
		fds[i] = visit(listener_at(d.listener));
	run(&d);
	assert_int_equal(d.came, 1);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
}

static void on_rested(void *owner)
{
	struct door *d = owner;

	assert_int_equal(d->came, 0);
	d->stop_after = 1;
	listener_resume(d->listener);
}

static void resting_listener_keeps_visitors_waiting(void **state)
{
	struct door d;
	int fd;

	(void)state;
	open_door(&d, &loop4);
	listener_rest(d.listener);
	fd = visit(listener_at(d.listener));
	d.timer = timer_new(d.loop, on_rested, &d);
	timer_set(d.timer, 30);
	run(&d);
	assert_int_equal(d.came, 1);
	close(fd);
}

static void both_families_and_v4_is_v4(void **state)
{
	const struct addr any = {.family = 6};
	struct addr four = loop4;
	struct door d;
	int fd;

	(void)state;
	open_door(&d, &any);
	four.port = listener_at(d.listener)->port;
	d.stop_after = 1;
	fd = visit(&four);
	run(&d);
	assert_int_equal(d.peer.family, 4);
	assert_int_equal(d.local.family, 4);
	assert_true(addr_equal_ip(&d.local, &loop4));
	close(fd);
}

static void v6_only_beside_a_v4_wildcard(void **state)
{
	struct addr six = {.family = 6}, any4 = {.family = 4};
	struct listener *beside;
	struct door d;
	int err, probe = socket(AF_INET6, SOCK_STREAM, 0);

	(void)state;
	if (probe < 0)
		skip();
	close(probe);
	open_door(&d, &any4);
	six.port = listener_at(d.listener)->port;
	assert_null(listener_open(d.loop, &six, false, on_visitor, &d, &err, NULL));
	assert_int_equal(err, UV_EADDRINUSE);
	beside = listener_open(d.loop, &six, true, on_visitor, &d, &err, NULL);
	assert_non_null(beside);
	listener_close(beside);
	finish(&d);
	run(&d);
}

static void held_port_names_its_holder(void **state)
{
	char expected[64], *why;
	struct addr at;
	struct door d;
	int err;

	(void)state;
	open_door(&d, &loop4);
	at = *listener_at(d.listener);
	assert_null(listener_open(d.loop, &at, false, on_visitor, &d, &err, &why));
	assert_int_equal(err, UV_EADDRINUSE);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u is held by %s (pid %d)", at.port,
		 self_name(), (int)getpid());
	assert_string_equal(why, expected);
	mem_free(why);
	at.ip[3] = 77; /* another address of the same port is free */
	assert_null(port_owner_of_port(PORT_OWNER_TCP, &at));
	finish(&d);
	run(&d);
}

static void address_of_another_machine(void **state)
{
	const struct addr not_ours = {.family = 4, .ip = {192, 0, 2, 1}};
	struct loop *l = loop_new("test");
	char *why;
	int err;

	(void)state;
	assert_null(listener_open(l, &not_ours, false, on_visitor, NULL, &err, &why));
	assert_int_equal(err, UV_EADDRNOTAVAIL);
	assert_string_equal(why, "192.0.2.1:0: this machine does not have that address");
	mem_free(why);
	assert_int_equal(loop_free(l), 0);
}

/* Runs fn in a child that may be limited; 0 when it went well. */
static int in_child(int (*fn)(void))
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(fn());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int low_port_as_nobody(void)
{
	const struct addr low = {.family = 4, .ip = {127, 0, 0, 1}, .port = 81};
	static struct loop *l; /* left behind with its reason, where leak checkers see them */
	static char *why;
	int err;

	l = loop_new("test");
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return 77;
	if (listener_open(l, &low, false, on_visitor, NULL, &err, &why))
		return 77; /* this machine allows it (net.ipv4.ip_unprivileged_port_start) */
	return err == UV_EACCES && strstr(why, "CAP_NET_BIND_SERVICE") ? 0 : 1;
}

static void low_port_without_the_right(void **state)
{
	int result;

	(void)state;
	result = in_child(low_port_as_nobody);
	if (result == 77)
		skip();
	assert_int_equal(result, 0);
}

static void on_relief(void *owner)
{
	struct door *d = owner;

	if (d->step++ == 0) { /* the descriptors were used up all the time */
		if (d->came != 0 || loop_turns(d->loop) > 20)
			_exit(3);
		for (int i = 0; i < 64; i++)
			if (d->kept[i] > 0)
				close(d->kept[i]);
		timer_set(d->timer, 5000);
	} else {
		_exit(4);
	}
}

static void on_relieved(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	struct door *d = owner;

	(void)peer, (void)local;
	close(fd);
	d->came++;
	finish(d);
}

static int out_of_descriptors(void)
{
	struct rlimit few = {40, 40};
	struct door d = {.loop = loop_new("test")};
	int err, fd;

	d.listener = listener_open(d.loop, &loop4, false, on_relieved, &d, &err, NULL);
	d.timer = timer_new(d.loop, on_relief, &d);
	timer_set(d.timer, 350);
	visit(listener_at(d.listener));
	setrlimit(RLIMIT_NOFILE, &few);
	for (int i = 0; i < 64 && (fd = open("/dev/null", O_RDONLY)) >= 0; i++)
		d.kept[i] = fd;
	loop_run(d.loop);
	return d.came == 1 && loop_free(d.loop) == 0 ? 0 : 5;
}

static void rests_when_descriptors_run_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(out_of_descriptors), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(more_visitors_than_one_turn_takes),
	    cmocka_unit_test(closed_inside_its_callback),
	    cmocka_unit_test(resting_listener_keeps_visitors_waiting),
	    cmocka_unit_test(both_families_and_v4_is_v4),
	    cmocka_unit_test(v6_only_beside_a_v4_wildcard),
	    cmocka_unit_test(held_port_names_its_holder),
	    cmocka_unit_test(address_of_another_machine),
	    cmocka_unit_test(low_port_without_the_right),
	    cmocka_unit_test(rests_when_descriptors_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
