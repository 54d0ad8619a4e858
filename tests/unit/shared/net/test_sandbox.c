#include "tests/unit/shared/net/pair.h"

#include "shared/base/file.h"
#include "shared/net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A sandbox is for the rest of a process, so each test has a child; its code says which step of it
 * was wrong. */
enum { GOOD, SKIPPED = 77 };

static char dir[64], inside[96], outside[96], deep[128];

static int make_places(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/groundnut-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(inside, sizeof inside, "%s/inside", dir);
	snprintf(outside, sizeof outside, "%s/outside", dir);
	snprintf(deep, sizeof deep, "%s/deep", inside);
	return chmod(dir, 0777);
}

static int remove_places(void **state)
{
	(void)state;
	char file[128];
	snprintf(file, sizeof file, "%s/file", inside);
	unlink(file);
	rmdir(deep);
	rmdir(inside);
	unlink(outside);
	return rmdir(dir);
}

static void in_child(int (*act)(void))
{
	pid_t child = fork();
	if (!child)
		_exit(act());
	int status = 0;
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), GOOD);
}

static int enter(const struct sandbox *s)
{
	char *why = NULL;
	int err = sandbox_enter(s, &why);
	if (why)
		print_message("%s\n", why);
	mem_free(why);
	return err;
}

static int write_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -errno : 0;
}

/* Whether this kernel has Landlock (landlock_create_ruleset, asked for its version). A program
 * under a sanitizer does without. */
static bool limits_files(void)
{
#if defined(SYS_landlock_create_ruleset) && !defined(__SANITIZE_ADDRESS__) &&                      \
    !defined(__SANITIZE_THREAD__)
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
#else
	return false;
#endif
}

static int enter_and_write(void)
{
	const char *const writable[] = {inside, NULL};
	const struct sandbox s = {.writable = writable};
	char file[128];
	struct stat st;
	if (!limits_files())
		return SKIPPED;
	if (enter(&s) < 0 || stat(inside, &st) < 0 || (st.st_mode & 0777) != 0700)
		return 1;
	snprintf(file, sizeof file, "%s/file", inside);
	if (write_to(file) < 0 || file_replace(file, "x", 1, 0600, false) < 0)
		return 2;
	if (write_to(outside) != -EACCES || write_to("/dev/null") < 0)
		return 3;
	if (rename(file, outside) == 0 || mkdir(outside, 0700) == 0)
		return 4;
	if (open("/etc/passwd", O_RDONLY) < 0) /* reading stays as it was */
		return 5;
	execl("/bin/true", "true", NULL);
	return errno == EACCES ? GOOD : 6;
}

static void only_its_places_are_written(void **state)
{
	(void)state;
	in_child(enter_and_write);
}

static int start_a_program(void)
{
	const char *const writable[] = {inside, NULL};
	const struct sandbox s = {.writable = writable, .executes = true};
	if (enter(&s) < 0)
		return 1;
	execl("/bin/true", "true", NULL);
	return 2;
}

static void a_program_may_be_started_if_asked(void **state)
{
	(void)state;
	in_child(start_a_program);
}

static int ask_the_kernel(void)
{
	const char *const writable[] = {inside, NULL};
	const struct sandbox s = {.writable = writable};
	if (enter(&s) < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
		return 1;
	if (prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) != 2)
		return SKIPPED; /* built without */
	if (syscall(SYS_ptrace, 0, 0, NULL, NULL) == 0 || errno != EPERM)
		return 2;
	if (mount("none", dir, "tmpfs", 0, NULL) == 0 || errno != EPERM)
		return 3;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 4 : GOOD;
}

static void few_system_calls_are_left(void **state)
{
	(void)state;
	in_child(ask_the_kernel);
}

static int stay_open(void)
{
	const char *const writable[] = {inside, NULL};
	const struct sandbox s = {.writable = writable, .open = true};
	return enter(&s) < 0 || prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == 1 ||
	       write_to(outside) < 0;
}

static void it_can_be_left_open(void **state)
{
	(void)state;
	in_child(stay_open);
}

/* In a namespace where root is the only user there is nobody to become. */
static int become_nobody(void)
{
	const char *const writable[] = {deep, inside, NULL};
	const struct sandbox s = {.user = "nobody", .writable = writable};
	const struct passwd *nobody = getpwnam("nobody");
	struct stat st;
	if (!nobody || geteuid() != 0 || setegid(nobody->pw_gid) < 0 || setegid(0) < 0)
		return SKIPPED;
	if (enter(&s) < 0 || getuid() != nobody->pw_uid || getegid() != nobody->pw_gid)
		return 1;
	if (stat(inside, &st) < 0 || st.st_uid != nobody->pw_uid)
		return 2;
	if (stat(deep, &st) < 0 || st.st_uid != nobody->pw_uid)
		return 5;
	struct sockaddr_in low = {.sin_family = AF_INET, .sin_port = htons(79)};
	low.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&low, sizeof low) < 0 && errno == EACCES)
		return 3;
	return setuid(0) == 0 ? 4 : GOOD;
}

static void root_becomes_another_and_keeps_low_ports(void **state)
{
	(void)state;
	in_child(become_nobody);
}

static int become_somebody_unknown(void)
{
	const char *const writable[] = {NULL};
	const struct sandbox s = {.user = "no-such-user-here", .writable = writable};
	if (geteuid() != 0)
		return SKIPPED;
	return enter(&s) < 0 ? GOOD : 1;
}

static void an_unknown_user_is_an_error(void **state)
{
	(void)state;
	in_child(become_somebody_unknown);
}

#define IN_PLACES(test) cmocka_unit_test_setup_teardown(test, make_places, remove_places)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_PLACES(only_its_places_are_written),
	    IN_PLACES(a_program_may_be_started_if_asked),
	    IN_PLACES(few_system_calls_are_left),
	    IN_PLACES(it_can_be_left_open),
	    IN_PLACES(root_becomes_another_and_keeps_low_ports),
	    IN_PLACES(an_unknown_user_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
