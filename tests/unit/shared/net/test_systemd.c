#include "tests/unit/shared/net/pair.h"

#include "shared/net/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static char dir[64], path[96];
static int manager = -1;

static int be_manager(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	(void)state;
	strcpy(dir, "/tmp/groundnut-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	strcpy(at.sun_path, path);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return 0;
}

static int be_manager_no_more(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	close(manager);
	unlink(path);
	return rmdir(dir);
}

static const char *heard(void)
{
	static char text[512];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void manager_hears_ready_once(void **state)
{
	(void)state;
	systemd_reloading(); /* while starting: that is none, and must not end in READY=1 */
	systemd_reloaded();
	assert_string_equal(heard(), "");
	systemd_ready("all listeners are up");
	assert_string_equal(heard(), "READY=1\nSTATUS=all listeners are up\n");
	systemd_ready("2 agents");
	assert_string_equal(heard(), "STATUS=2 agents\n");
	systemd_status("forged\nSTOPPING=1");
	assert_string_equal(heard(), "STATUS=forged STOPPING=1\n");
	systemd_reloading();
	assert_int_equal(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	systemd_reloaded();
	assert_string_equal(heard(), "READY=1\n");
	systemd_reloaded();
	assert_string_equal(heard(), "");
	systemd_ready("3 agents");
	assert_string_equal(heard(), "STATUS=3 agents\n");
	systemd_stopping();
	assert_string_equal(heard(), "STOPPING=1\n");
	assert_string_equal(heard(), "");
}

static struct timer *watchdog, *last;

static void on_last(void *owner)
{
	timer_close(watchdog);
	timer_close(last);
	loop_stop(owner);
}

static void watchdog_is_fed(void **state)
{
	struct loop *l = loop_new("test");
	char pid[32];

	(void)state;
	assert_null(systemd_watchdog(l));
	setenv("WATCHDOG_USEC", "10000", 1);
	setenv("WATCHDOG_PID", "1", 1); /* somebody else's */
	assert_null(systemd_watchdog(l));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	watchdog = systemd_watchdog(l);
	assert_non_null(watchdog);
	last = timer_new(l, on_last, l);
	timer_set(last, 50);
	loop_run(l);
	assert_int_equal(loop_free(l), 0);
	assert_string_equal(heard(), "WATCHDOG=1\n");
	assert_string_equal(heard(), "WATCHDOG=1\n");
	while (*heard())
		;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

/* The watchdog would end a service that has run out of them. */
static void no_descriptor_is_needed(void **state)
{
	struct rlimit before, few;
	int first = open("/dev/null", O_RDONLY);

	(void)state;
	systemd_status("the first message opens what all use");
	heard();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){(rlim_t)first + 8, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	assert_int_equal(errno, EMFILE);
	systemd_status("x");
	assert_string_equal(heard(), "STATUS=x\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	for (int fd = first; fd < first + 8; fd++)
		close(fd);
}

static void nobody_to_notify(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	systemd_ready("x");
	systemd_stopping();
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	systemd_status("x");
	setenv("NOTIFY_SOCKET", path, 1);
	assert_string_equal(heard(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(manager_hears_ready_once),
	    cmocka_unit_test(watchdog_is_fed),
	    cmocka_unit_test(no_descriptor_is_needed),
	    cmocka_unit_test(nobody_to_notify),
	};

	return cmocka_run_group_tests(tests, be_manager, be_manager_no_more);
}
