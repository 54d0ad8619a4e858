#define _GNU_SOURCE /* strsep */
/*
 * Reading takes a whole file, up to a limit. Replacing a file works as follows: symbolic links are
 * followed to the file that they mean, the content is written to a temporary file beside it, which
 * gets the owner and mode of the old file, is brought to disk, and is renamed into place. A reader
 * sees the old file or the new one, also after a crash.
 *
 * Root follows only links that are root's. It also writes where the service's user may write, and a
 * service that was broken into must not lead it elsewhere. So each step is relative to a directory
 * that is open.
 *
 * Ways to fail: each step returns a negative errno, the temporary file is removed, and the old file
 * stays as it was.
 */
#include "shared/base/file.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define ST_CTIM st_ctimespec
#else
#define ST_CTIM st_ctim
#endif

enum {
	READ_CHUNK = 16 * 1024,
	LINKS_MAX = 40,
	KEPT_LEAST = 32,
	KEPT_MOST = 256,
	LOCK_LOOK_MS = 20,
	TRIES = 100
};

static int read_all(int fd, size_t max, struct buf *out)
{
	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, READ_CHUNK), READ_CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_commit(out, (size_t)n);
		if (buf_len(out) > max)
			return -EFBIG;
	}
}

int file_read(const char *path, size_t max, char **out, size_t *len)
{
	struct buf text = BUF_INIT;
	*out = NULL;
	*len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = read_all(fd, max, &text);
	close(fd);
	if (rc == 0) {
		*len = buf_len(&text);
		*out = mem_dup(buf_str(&text), *len + 1);
	}
	mem_wipe(text.base, text.cap);
	buf_fini(&text);
	return rc;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* To step through a directory, the right to read it is not needed. */
#ifdef O_PATH
#define STEP (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define STEP (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

/* Whether nobody has touched the link between the two looks, and root may follow it. */
static bool is_trusted(const struct stat *before, const struct stat *after)
{
	return geteuid() != 0 ||
	       (after->st_uid == 0 && before->st_dev == after->st_dev &&
		before->st_ino == after->st_ino &&
		!memcmp(&before->ST_CTIM, &after->ST_CTIM, sizeof before->ST_CTIM));
}

/* Finds the name that a chain of symbolic links ends in, whether or not it exists. 0, and the
 * caller frees *out; or a negative error. */
static int follow_links(const char *path, char **out)
{
	char target[PATH_MAX];
	char *name = mem_strdup(path);
	struct stat before, after;
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		bool there = lstat(name, &before) == 0;
		ssize_t n = readlink(name, target, sizeof(target) - 1);
		if (n < 0) {
			*out = name;
			return 0;
		}
		target[n] = 0;
		bool trusted = there && lstat(name, &after) == 0 && is_trusted(&before, &after);
		char *next = file_beside(name, target);
		mem_free(name);
		name = next;
		if (!trusted) {
			mem_free(name);
			return ERR_FOREIGN_LINK;
		}
	}
	mem_free(name);
	return -ELOOP;
}

/* Opens a directory that a symbolic link stands for. */
static int open_linked(int at, const char *name)
{
	struct stat before, after;
	if (fstatat(at, name, &before, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(before.st_mode))
		return -ENOTDIR;
	int fd = openat(at, name, STEP);
	if (fd < 0)
		return -errno;
	if (fstatat(at, name, &after, AT_SYMLINK_NOFOLLOW) == 0 && is_trusted(&before, &after))
		return fd;
	close(fd);
	return ERR_FOREIGN_LINK;
}

/* Opens a directory. As root it goes step by step, so that each link on the way is looked at. */
static int open_dir(const char *dir)
{
	if (geteuid() != 0) {
		int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	char *copy = mem_strdup(dir), *rest = copy;
	int at = open(*dir == '/' ? "/" : ".", STEP);
	int err = at < 0 ? -errno : 0;
	for (char *name; !err && (name = strsep(&rest, "/"));) {
		if (!*name)
			continue;
		int fd = openat(at, name, STEP | O_NOFOLLOW);
		if (fd < 0)
			fd = errno == ELOOP || errno == ENOTDIR ? open_linked(at, name) : -errno;
		close(at);
		at = fd;
		err = fd < 0 ? fd : 0;
	}
	mem_free(copy);
	if (err)
		return err;
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	close(at);
	return fd;
}

/* A file that is being replaced: at is its directory. */
struct place {
	int at;
	const char *name;
};

/* Gives the new file the owner, group and mode of the one that it replaces, or those that its
 * directory suggests, as far as this process may. */
static int set_owner_and_mode(int fd, const struct place *p, mode_t mode)
{
	struct stat st, mine;
	if (fstatat(p->at, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		mode = st.st_mode & 07777;
	else if (fstat(p->at, &st) < 0)
		return -errno;
	bool given = fchown(fd, st.st_uid, st.st_gid) == 0 || fchown(fd, (uid_t)-1, st.st_gid) == 0;
	if (fstat(fd, &mine) < 0)
		return -errno;
	/* The file has another group than was meant, which must not read a secret. Leaving the
	 * right group out does no harm. */
	if (!given && mine.st_gid != st.st_gid && !(mode & 07))
		mode &= ~(mode_t)070;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int put_in_place(const struct place *p, const char *temporary, bool exclusive)
{
	if (!exclusive)
		return renameat(p->at, temporary, p->at, p->name) < 0 ? -errno : 0;
	/* A link fails when the name exists, in one step; a renaming would replace what is
	 * there. */
	if (linkat(p->at, temporary, p->at, p->name, 0) < 0)
		return -errno;
	unlinkat(p->at, temporary, 0);
	return 0;
}

/* Makes a file of its own; its name is put into *temporary, which the caller frees. */
static int open_temporary(const struct place *p, char **temporary)
{
	int fd = -1;
	*temporary = NULL;
	for (unsigned i = 0; fd < 0 && i < TRIES; i++) {
		mem_free(*temporary);
		*temporary = mem_printf(".%s.%06x", p->name, (unsigned)(random_u32() & 0xffffff));
		fd = openat(p->at, *temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int replace(const struct place *p, const void *data, size_t len, mode_t mode, bool exclusive)
{
	char *temporary;
	int fd = open_temporary(p, &temporary), rc = fd < 0 ? fd : 0;
	if (rc == 0) {
		rc = set_owner_and_mode(fd, p, mode);
		if (rc == 0)
			rc = write_all(fd, data, len);
		if (close(fd) < 0 && rc == 0)
			rc = -errno;
		if (rc == 0)
			rc = put_in_place(p, temporary, exclusive);
		if (rc < 0)
			unlinkat(p->at, temporary, 0);
		else if (fsync(p->at) < 0 && errno != EINVAL) /* some cannot sync a directory */
			rc = -errno;
	}
	mem_free(temporary);
	return rc;
}

/* Finds the file behind links, and opens its directory. The caller frees *path, into which p->name
 * points, and closes p->at. */
static int find_place(const char *name, char **path, struct place *p)
{
	*path = NULL;
	int err = follow_links(name, path);
	if (err)
		return err;
	char *dir = file_dir(*path);
	*p = (struct place){.at = open_dir(dir), .name = file_name(*path)};
	mem_free(dir);
	return p->at < 0 ? p->at : 0;
}

int file_replace(const char *path, const void *data, size_t len, mode_t mode, bool exclusive)
{
	char *name;
	struct place p;
	struct stat st;
	int rc = find_place(path, &name, &p);
	if (rc == 0) {
		bool there = fstatat(p.at, p.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
		rc = exclusive && there ? -EEXIST : replace(&p, data, len, mode, exclusive);
		close(p.at);
	}
	mem_free(name);
	return rc;
}

int file_open_to_change(const char *path)
{
	char *name;
	struct place p;
	int fd = find_place(path, &name, &p);
	if (fd == 0) {
		fd = openat(p.at, p.name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
		close(p.at);
	}
	mem_free(name);
	return fd;
}

static atomic_bool waits_are_over;

void file_end_waits(void)
{
	atomic_store(&waits_are_over, true);
}

/* flock() itself would wait without an end, and nothing can interrupt it on another thread. */
int file_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000};
	for (unsigned waited_ms = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited_ms += LOCK_LOOK_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (waited_ms >= FILE_LOCK_MS || atomic_load(&waits_are_over))
			return ERR_LOCKED;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int file_lock_dir(const char *path)
{
	char *dir = file_dir(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	if (!err)
		err = file_lock(fd);
	if (err && fd >= 0)
		close(fd);
	mem_free(dir);
	return err ? err : fd;
}

mode_t file_secret_mode(const char *path)
{
	struct stat st;
	char *dir = file_dir(path);
	int rc = stat(dir, &st);
	mem_free(dir);
	if (rc < 0 || st.st_gid == 0 || (st.st_mode & 07) || (st.st_mode & 050) != 050)
		return 0600;
	/* A directory that belongs to the user itself was not made by a package, so its mode says
	 * nothing about a service's group. */
	if (st.st_uid != 0 && st.st_uid == geteuid())
		return 0600;
	return 0640;
}

int file_make_dirs(const char *path, mode_t mode)
{
	char *name = mem_strdup(path);
	struct stat st;
	int rc = 0;
	for (char *p = name + 1; rc == 0 && *name; p++) {
		if (*p && *p != '/')
			continue;
		bool last = !*p;
		*p = 0;
		if (mkdir(name, mode) < 0 && errno != EEXIST) {
			int err = -errno;
			/* mkdir() says EROFS and the like also for a directory that exists */
			rc = stat(name, &st) == 0 ? 0 : err;
		}
		if (last)
			break;
		*p = '/';
	}
	if (rc == 0 && stat(path, &st) < 0)
		rc = -errno;
	else if (rc == 0 && !S_ISDIR(st.st_mode))
		rc = -ENOTDIR;
	mem_free(name);
	return rc;
}

char *file_beside(const char *base_file, const char *path)
{
	const char *slash = strrchr(base_file, '/');
	if (path[0] == '/' || !slash)
		return mem_strdup(path);
	return mem_printf("%.*s%s", (int)(slash + 1 - base_file), base_file, path);
}

const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *file_dir(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return mem_strdup(".");
	size_t len = slash == path ? 1 : (size_t)(slash - path);
	return mem_printf("%.*s", (int)len, path);
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

void file_raise_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static unsigned limit_of_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > UINT_MAX)
		return UINT_MAX;
	return (unsigned)limit.rlim_cur;
}

unsigned file_limit_for_visitors(void)
{
	unsigned all = limit_of_descriptors();
	unsigned kept = all / 4 > KEPT_MOST    ? KEPT_MOST
			: all / 4 < KEPT_LEAST ? KEPT_LEAST
					       : all / 4;
	return all > 2 * kept ? all - kept : all / 2;
}

unsigned file_limit_for_links(void)
{
	return limit_of_descriptors() - file_limit_for_visitors();
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}
