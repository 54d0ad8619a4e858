/* The list of what is listened on changes: what stays is never closed, what comes is opened, what
 * goes is closed. A socket tells itself by its inode. */
#include "shared/net/listener_set.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

struct lab {
	struct loop *loop;
	struct listener_set *all;
	unsigned retried;
	char why[128];
	const char *came; /* at whom a visitor has come */
};

enum { PORTS = 3 };

static struct lab *lab;
static uint16_t port[PORTS]; /* free ones */

static void at_http(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	(void)peer;
	(void)local;
	assert_ptr_equal(owner, lab);
	lab->came = "http";
	close(fd);
}

static void at_doors(void *owner, int fd, const struct addr *peer, const struct addr *local)
{
	(void)peer;
	(void)local;
	assert_ptr_equal(owner, lab);
	lab->came = "doors";
	close(fd);
}

static struct addr address(const char *ip, int which)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(ip, &a), 0);
	a.port = port[which];
	return a;
}

static struct listener_set_entry http(const char *ip, int which)
{
	return (struct listener_set_entry){address(ip, which), "http", at_http, lab};
}

static struct listener_set_entry doors(const char *ip, int which)
{
	return (struct listener_set_entry){address(ip, which), "doors", at_doors, lab};
}

#define SET(...)                                                                                   \
	listener_set_set(lab->all, (struct listener_set_entry[]){__VA_ARGS__},                     \
			 sizeof((struct listener_set_entry[]){__VA_ARGS__}) /                      \
			     sizeof(struct listener_set_entry))

/* The inode of this process's listening socket on the port, AF_INET or AF_INET6; 0: there is
 * none. */
static ino_t socket_of(int family, int which)
{
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof ss, on_len = sizeof(int);
		struct addr at;
		struct stat st;
		int listens = 0;
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &on_len) != 0 || !listens)
			continue;
		if (getsockname(fd, (struct sockaddr *)&ss, &len) != 0 || ss.ss_family != family)
			continue;
		if (addr_from_sockaddr(&at, (struct sockaddr *)&ss) && at.port == port[which] &&
		    fstat(fd, &st) == 0)
			return st.st_ino;
	}
	return 0;
}

/* Who is at this address; NULL: nobody. */
static const char *visit(const char *ip, int which)
{
	struct sockaddr_storage ss;
	struct addr a = address(ip, which);
	socklen_t len = addr_to_sockaddr(&a, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM, 0);
	lab->came = NULL;
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		while (!lab->came)
			loop_turn(lab->loop);
	close(fd);
	return lab->came;
}

static void on_retried(void *owner)
{
	((struct lab *)owner)->retried++;
}

/* Its state, alone in the set. */
static void look(void *arg, const struct listener_set_entry *e, int err, const char *why)
{
	struct lab *l = arg;
	assert_string_equal(e->what, "http");
	assert_int_equal(err, why ? UV_EADDRINUSE : 0);
	snprintf(l->why, sizeof(l->why), "%s", why ? why : "open");
}

static void open_lab(struct lab *l)
{
	*l = (struct lab){.loop = loop_new("test")};
	lab = l;
	l->all = listener_set_new(l->loop, UINT_MAX, on_retried, l);
	struct listener_set_entry any = {{.family = 4}, "http", at_http, l};
	listener_set_set(l->all, (struct listener_set_entry[]){any, any, any}, PORTS);
	for (int i = 0; i < PORTS; i++)
		port[i] = listener_set_at(l->all, (size_t)i)->port;
	listener_set_set(l->all, NULL, 0);
}

static void close_lab(void)
{
	listener_set_close(lab->all);
	loop_stop(lab->loop);
	loop_run(lab->loop);
	assert_int_equal(loop_free(lab->loop), 0);
}

static void what_stays_is_never_closed(void **state)
{
	(void)state;
	struct lab l;
	open_lab(&l);
	SET(http("127.0.0.1", 0), http("127.0.0.1", 1));
	ino_t first = socket_of(AF_INET, 0);
	assert_true(first && socket_of(AF_INET, 1));
	assert_int_equal(listener_set_at(l.all, 1)->port, port[1]);
	for (int i = 0; i < 30; i++) {
		if (i % 2)
			SET(http("127.0.0.1", 0), http("127.0.0.1", 1));
		else
			SET(doors("127.0.0.1", 2), http("127.0.0.1", 0));
		assert_true(socket_of(AF_INET, 0) == first);
		assert_true(!socket_of(AF_INET, 1) == (i % 2 == 0));
		assert_true(!socket_of(AF_INET, 2) == (i % 2 == 1));
	}
	assert_string_equal(visit("127.0.0.1", 0), "http");
	assert_null(visit("127.0.0.1", 2));
	listener_set_set(l.all, NULL, 0);
	assert_null(listener_set_at(l.all, 0));
	assert_null(visit("127.0.0.1", 0));
	close_lab();
}

static void it_may_come_to_be_for_something_else(void **state)
{
	(void)state;
	struct lab l;
	open_lab(&l);
	SET(http("127.0.0.1", 0), doors("127.0.0.1", 1));
	ino_t one = socket_of(AF_INET, 0), two = socket_of(AF_INET, 1);
	SET(http("127.0.0.1", 1), doors("127.0.0.1", 0));
	assert_true(socket_of(AF_INET, 0) == one && socket_of(AF_INET, 1) == two);
	assert_string_equal(visit("127.0.0.1", 0), "doors");
	assert_string_equal(visit("127.0.0.1", 1), "http");
	close_lab();
}

/* "[::]" keeps its socket while "0.0.0.0" beside it comes and goes, and IPv4 is served
 * throughout. */
static void the_wildcards_of_one_port(void **state)
{
	(void)state;
	struct lab l;
	int probe = socket(AF_INET6, SOCK_STREAM, 0);
	if (probe < 0)
		skip();
	close(probe);
	open_lab(&l);
	SET(http("::", 0));
	ino_t both = socket_of(AF_INET6, 0);
	SET(http("0.0.0.0", 0), http("::", 0));
	assert_true(socket_of(AF_INET6, 0) == both && !socket_of(AF_INET, 0));
	assert_string_equal(visit("127.0.0.1", 0), "http");
	SET(http("0.0.0.0", 0)); /* nothing covers it any more */
	assert_true(!socket_of(AF_INET6, 0) && socket_of(AF_INET, 0));
	assert_string_equal(visit("127.0.0.1", 0), "http");
	ino_t four = socket_of(AF_INET, 0);
	SET(http("::", 0), http("0.0.0.0", 0));
	ino_t six = socket_of(AF_INET6, 0);
	assert_true(six && socket_of(AF_INET, 0) == four);
	assert_string_equal(visit("::1", 0), "http");
	SET(http("::", 0)); /* both families, still */
	assert_true(socket_of(AF_INET6, 0) == six && socket_of(AF_INET, 0) == four);
	assert_string_equal(visit("127.0.0.1", 0), "http");
	assert_string_equal(visit("::1", 0), "http");
	SET(doors("::", 0));
	assert_string_equal(visit("127.0.0.1", 0), "doors");
	listener_set_set(l.all, NULL, 0);
	assert_true(!socket_of(AF_INET6, 0) && !socket_of(AF_INET, 0));
	close_lab();
}

static void a_held_port_is_tried_again(void **state)
{
	(void)state;
	struct lab l;
	char *why;
	int err;
	open_lab(&l);
	struct addr at = address("127.0.0.1", 0);
	struct listener *holder = listener_open(l.loop, &at, false, at_doors, lab, &err, &why);
	assert_non_null(holder);
	SET(http("127.0.0.1", 0), http("127.0.0.1", 1));
	assert_int_equal(listener_set_at(l.all, 0)->port, port[1]); /* the other is not held up */
	assert_null(listener_set_at(l.all, 1));
	listener_close(holder);
	SET(http("127.0.0.1", 0), http("127.0.0.1", 1)); /* a reload tries at once */
	assert_int_equal(listener_set_at(l.all, 0)->port, port[0]);
	close_lab();

	open_lab(&l);
	at = address("127.0.0.1", 0);
	holder = listener_open(l.loop, &at, false, at_doors, lab, &err, &why);
	SET(http("127.0.0.1", 0));
	listener_set_each(l.all, look, &l);
	assert_non_null(strstr(l.why, " is held by "));
	assert_int_equal(l.retried, 0);
	listener_close(holder);
	while (!listener_set_at(l.all, 0)) /* and so does it by itself */
		loop_turn(l.loop);
	assert_true(l.retried > 0);
	listener_set_each(l.all, look, &l);
	assert_string_equal(l.why, "open");
	assert_string_equal(visit("127.0.0.1", 0), "http");
	close_lab();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_stays_is_never_closed),
	    cmocka_unit_test(it_may_come_to_be_for_something_else),
	    cmocka_unit_test(the_wildcards_of_one_port),
	    cmocka_unit_test(a_held_port_is_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
