#define _GNU_SOURCE /* unshare */
#include "tests/unit/shared/net/pair.h"

#include "shared/net/network_monitor.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* In a network of its own */

struct watch {
	struct loop *loop;
	struct network_monitor *watch;
	struct timer *timer;
	int step, told;
};

static void on_change(void *owner)
{
	((struct watch *)owner)->told++;
}

static void set_address(int fd, const char *name, const char *ip)
{
	struct ifreq r = {0};
	struct sockaddr_in *at = (struct sockaddr_in *)&r.ifr_addr;

	strcpy(r.ifr_name, name);
	at->sin_family = AF_INET;
	inet_pton(AF_INET, ip, &at->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &r) != 0)
		_exit(10);
}

static void set_up(int fd, const char *name)
{
	struct ifreq r = {0};

	strcpy(r.ifr_name, name);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		_exit(11);
}

static void add_route(int fd, const char *net, const char *mask)
{
	struct rtentry r = {0};
	struct sockaddr_in *dst = (struct sockaddr_in *)&r.rt_dst,
			   *bits = (struct sockaddr_in *)&r.rt_genmask;
	char dev[] = "lo";

	dst->sin_family = bits->sin_family = AF_INET;
	inet_pton(AF_INET, net, &dst->sin_addr);
	inet_pton(AF_INET, mask, &bits->sin_addr);
	((struct sockaddr_in *)&r.rt_gateway)->sin_family = AF_INET;
	r.rt_dev = dev;
	r.rt_flags = RTF_UP;
	if (ioctl(fd, SIOCADDRT, &r) != 0)
		_exit(12);
}

/* Each step looks at what the one before has brought. */
static void on_step(void *owner)
{
	static const int told[] = {0, 0, 1, 1, 2};
	struct watch *w = owner;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if ((w->told > 0) != (told[w->step] > 0) || w->told < told[w->step])
		_exit(20 + w->step);
	if (w->step == 3 && w->told != 1)
		_exit(30);
	switch (w->step++) {
	case 0:
		set_up(fd, "lo"); /* 127.0.0.1 and ::1 are nobody's address */
		break;
	case 1:
		set_address(fd, "lo:1", "10.9.8.7");
		break;
	case 2:
		w->told = 1; /* however many messages it was */
		add_route(fd, "10.1.0.0", "255.255.0.0");
		break;
	case 3:
		add_route(fd, "0.0.0.0", "0.0.0.0");
		break;
	default:
		network_monitor_stop(w->watch);
		timer_close(w->timer);
		loop_stop(w->loop);
	}
	close(fd);
}

static int watch_a_network(void)
{
	struct watch w = {0};

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return 77;
	w.loop = loop_new("test");
	w.watch = network_monitor_start(w.loop, on_change, &w);
	if (!w.watch)
		return 1;
	w.timer = timer_new(w.loop, on_step, &w);
	timer_set_every(w.timer, 30);
	loop_run(w.loop);
	return loop_free(w.loop) == 0 && w.step == 5 ? 0 : 2;
}

static void addresses_and_default_routes_are_told(void **state)
{
	pid_t child;
	int status;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(watch_a_network());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void netwatch_stopped_at_once(void **state)
{
	struct loop *l = loop_new("test");

	(void)state;
	network_monitor_stop(network_monitor_start(l, on_change, NULL));
	network_monitor_stop(NULL);
	assert_int_equal(loop_free(l), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses_and_default_routes_are_told),
	    cmocka_unit_test(netwatch_stopped_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
