/*
 * The order: directories are made while root may; then the user; then no new privileges, without
 * which neither Landlock nor seccomp is to be had; then both.
 *
 * Only a user that cannot be changed to is an error, since who names one relies on it. The rest is
 * left out where it is not to be had, and the log's line says so.
 */
#define _GNU_SOURCE /* setresuid */
#include "shared/net/sandbox.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/net/system_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The sanitizers' own work at the end is more than a service may do: they hold the other threads by
 * ptrace(2), which the filter forbids, and which Landlock forbids toward a thread that began before
 * it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif

#ifdef __linux__
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#endif

#if defined(GROUNDNUT_SECCOMP) && defined(__linux__) && !defined(UNDER_SANITIZER)
#include <seccomp.h>

static const char *const system_calls[] = {
#define SYSTEM_CALL_NAME(name) #name,
    SYSTEM_CALL_MAP(SYSTEM_CALL_NAME)
#undef SYSTEM_CALL_NAME
};

/* Names that this architecture does not have are passed over. */
static int allow_system_calls(scmp_filter_ctx filter)
{
	int err = 0;
	for (size_t i = 0; !err && i < sizeof system_calls / sizeof *system_calls; i++) {
		int number = seccomp_syscall_resolve_name(system_calls[i]);
		if (number >= 0)
			err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	}
	return err;
}

static const char *filter_system_calls(void)
{
	if (prctl(PR_GET_SECCOMP, 0L, 0L, 0L, 0L) == SECCOMP_MODE_FILTER)
		return "inherited";
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
	if (!err)
		err = allow_system_calls(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err ? "refused" : "seccomp";
}
#else
static const char *filter_system_calls(void)
{
	return "any";
}
#endif

#if defined(__linux__) && !defined(UNDER_SANITIZER) && defined(LANDLOCK_ACCESS_FS_MAKE_SYM) &&     \
    defined(SYS_landlock_create_ruleset)

/* Later than the oldest header that is built with. */
#define ACCESS_REFER     (1ULL << 13) /* version 2 */
#define ACCESS_TRUNCATE  (1ULL << 14) /* version 3 */
#define ACCESS_IOCTL_DEV (1ULL << 15) /* version 5 */

static const uint64_t access_write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

/* What is asked for of a kernel with this version of Landlock. */
static uint64_t known_access(long version, bool executes)
{
	uint64_t all = access_write | (executes ? 0 : LANDLOCK_ACCESS_FS_EXECUTE);
	all |= version >= 2 ? ACCESS_REFER : 0;
	all |= version >= 3 ? ACCESS_TRUNCATE : 0;
	return all | (version >= 5 ? ACCESS_IOCTL_DEV : 0);
}

/* A path that is not there is none that may be written. */
static void allow_below(int ruleset, const char *path, uint64_t access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
	if (fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(fd);
}

static const char *limit_files(const struct sandbox *s)
{
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return "any";
	struct landlock_ruleset_attr attr = {.handled_access_fs =
						 known_access(version, s->executes)};
	int ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (ruleset < 0)
		return "any";
	uint64_t of_directory =
	    attr.handled_access_fs & ~(ACCESS_IOCTL_DEV | LANDLOCK_ACCESS_FS_EXECUTE);
	for (const char *const *dir = s->writable; *dir; dir++)
		allow_below(ruleset, *dir, of_directory);
	allow_below(ruleset, "/dev/null",
		    attr.handled_access_fs & (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE));
	long err = syscall(SYS_landlock_restrict_self, ruleset, 0);
	close(ruleset);
	return err ? "any" : "landlock";
}
#else
static const char *limit_files(const struct sandbox *s)
{
	(void)s;
	return "any";
}
#endif

#ifdef __linux__
/* Of all that root may, only ports below 1024. The identity has been given up already, and what is
 * permitted was kept over that. */
static int keep_low_ports(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	data[0].effective = data[0].permitted = 1u << CAP_NET_BIND_SERVICE;
	return syscall(SYS_capset, &head, data) == 0 ? 0 : -errno;
}

static void keep_rights_for_a_while(void)
{
	prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L);
}

static void forbid_new_privileges(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
}
#else
static int keep_low_ports(void)
{
	return 0;
}

static void keep_rights_for_a_while(void)
{
}

static void forbid_new_privileges(void)
{
}
#endif

static int become(const struct passwd *user)
{
	if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0)
		return -errno;
	keep_rights_for_a_while();
	return setuid(user->pw_uid) < 0 ? -errno : keep_low_ports();
}

/* The directory above may be the user's, who must not get what it puts there instead. */
static int give(const char *dir, const struct passwd *user)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err = fd < 0 || fchown(fd, user->pw_uid, user->pw_gid) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/* With those above it that are absent, which are the user's, too: it must get through. */
static int make_place(const char *dir, const struct passwd *user)
{
	if (file_exists(dir) || !strcmp(dir, "."))
		return 0;
	char *above = file_dir(dir);
	int err = make_place(above, user);
	mem_free(above);
	if (!err)
		err = file_make_dirs(dir, 0700);
	return err || !user ? err : give(dir, user);
}

/* *user: who to become, NULL for nobody else. */
static int find_user(const struct sandbox *s, struct passwd **user, char **why)
{
	*user = s->user && geteuid() == 0 ? getpwnam(s->user) : NULL;
	if (*user || !s->user || geteuid() != 0)
		return 0;
	*why = mem_printf("user: there is no user \"%s\" here", s->user);
	return ERR_CONFIG;
}

int sandbox_enter(const struct sandbox *s, char **why)
{
	struct passwd *user;
	int err = find_user(s, &user, why);
	if (err)
		return err;
	/* One that cannot be made is told by what would use it. */
	for (const char *const *dir = s->writable; *dir; dir++)
		make_place(*dir, user);
	if (user && (err = become(user)) < 0) {
		*why = mem_printf("user: cannot become \"%s\": %s", s->user, err_text(err));
		return err;
	}
	if (s->open)
		return 0;
	forbid_new_privileges();
	const char *files = s->looks ? "any" : limit_files(s);
	log_info("sandbox", "user=%u files=%s system_calls=%s", (unsigned)geteuid(), files,
		 filter_system_calls());
	return 0;
}
