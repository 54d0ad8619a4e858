/* A name server of the test's own stands in for getaddrinfo(): it answers when the gate is open. */
#include "tests/unit/self.h"

#include "shared/net/resolver.h"
#include "shared/net/timer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool gate_open;
static int asked, answered;

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {0x010200c0}};
	static struct addrinfo info = {
	    .ai_family = AF_INET, .ai_addrlen = sizeof at, .ai_addr = (struct sockaddr *)&at};
	bool known = strcmp(host, "nas.example") == 0;

	(void)service, (void)hints;
	pthread_mutex_lock(&lock);
	asked++;
	pthread_cond_broadcast(&changed);
	while (!gate_open)
		pthread_cond_wait(&changed, &lock);
	answered++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	*out = known ? &info : NULL;
	return known ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *info)
{
	(void)info;
}

static void wait_for(const int *count, int most)
{
	pthread_mutex_lock(&lock);
	while (*count < most)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void set_gate(bool is_open)
{
	pthread_mutex_lock(&lock);
	gate_open = is_open;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

struct lookup {
	struct resolver *resolver;
	int answers, err;
	size_t count;
	struct addr first;
};

static struct loop *loop;
static struct lookup a, b;
static int wanted;

static void on_answer(void *owner, const struct addr *list, size_t count, int err)
{
	struct lookup *l = owner;

	l->resolver = NULL;
	l->answers++;
	l->count = count;
	l->err = err;
	if (count)
		l->first = list[0];
	if (a.answers + b.answers == wanted)
		loop_stop(loop);
}

static void start(struct lookup *l, const char *host)
{
	l->resolver = resolver_start(loop, 0, host, 60000, on_answer, l);
}

static int open_ground(void **state)
{
	(void)state;
	alarm(self_patience(60));
	asked = answered = 0;
	a = b = (struct lookup){0};
	loop = loop_new("test");
	return 0;
}

static int close_ground(void **state)
{
	(void)state;
	assert_int_equal(loop_free(loop), 0);
	alarm(0);
	return 0;
}

static void those_who_wait_for_one_name_share_its_answer(void **state)
{
	(void)state;
	set_gate(true);
	start(&a, "nas.example");
	start(&b, "NAS.example");
	wanted = 2;
	loop_run(loop);
	assert_int_equal(asked, 1);
	assert_int_equal(a.count, 1);
	assert_int_equal(a.err, 0);
	assert_memory_equal(a.first.ip, "\xc0\x00\x02\x01", 4);
	assert_int_equal(b.count, 1);
}

static void a_name_that_is_not_there_says_so(void **state)
{
	(void)state;
	set_gate(true);
	start(&a, "printer.example");
	wanted = 1;
	loop_run(loop);
	assert_int_equal(a.count, 0);
	assert_int_equal(a.err, UV_EAI_NONAME);
}

/* The loop's timer asks until the question is under way. */
static bool is_asked(struct timer *timer)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = asked > 0;
	pthread_mutex_unlock(&lock);
	if (!is)
		timer_set(timer, 1);
	return is;
}

static void another_comes(void *owner)
{
	struct timer **timer = owner;

	if (!is_asked(*timer))
		return;
	resolver_close(a.resolver);
	start(&b, "printer.example");
	set_gate(true);
	timer_close(*timer);
}

static void who_has_gone_is_not_told(void **state)
{
	struct timer *timer = timer_new(loop, another_comes, &timer);

	(void)state;
	set_gate(false);
	start(&a, "nas.example");
	timer_set(timer, 1);
	wanted = 1;
	loop_run(loop);
	assert_int_equal(a.answers, 0);
	assert_int_equal(b.answers, 1);
	assert_int_equal(asked, 2);
}

static void the_program_stops(void *owner)
{
	struct timer **timer = owner;

	if (!is_asked(*timer))
		return;
	resolver_close(a.resolver);
	timer_close(*timer);
	loop_stop(loop);
}

static void a_loop_ends_while_no_server_answers(void **state)
{
	struct timer *timer = timer_new(loop, the_program_stops, &timer);

	(void)state;
	set_gate(false);
	start(&a, "nas.example");
	timer_set(timer, 1);
	loop_run(loop);
	assert_int_equal(answered, 0);
	assert_int_equal(loop_free(loop), 0);
	set_gate(true);
	wait_for(&answered, 1); /* its thread finds the loop gone */
	loop = loop_new("test");
}

/* Threads of this process. */
static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void an_answer_comes_between_the_end_of_a_loop_and_its_freeing(void **state)
{
	struct timer *timer = timer_new(loop, the_program_stops, &timer);
	int count;

	(void)state;
	set_gate(false);
	start(&a, "nas.example");
	timer_set(timer, 1);
	loop_run(loop);
	count = threads();
	set_gate(true);
	while (threads() == count) /* until that of the question is over */
		usleep(1000);
	assert_int_equal(a.answers, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_ground, close_ground)
	    TEST(those_who_wait_for_one_name_share_its_answer),
	    TEST(a_name_that_is_not_there_says_so),
	    TEST(who_has_gone_is_not_told),
	    TEST(an_answer_comes_between_the_end_of_a_loop_and_its_freeing),
	    TEST(a_loop_ends_while_no_server_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
