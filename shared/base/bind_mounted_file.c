/*
 * A write locks the file itself, because everybody who has it mounted may see another directory. It
 * writes the old content into the backup and syncs it, writes the new content over the old, cuts
 * the file to its length and syncs it, and removes the backup. A backup that still exists marks a
 * write that was not finished.
 *
 * The backup's first line is the file's path, so that no other file's content is put back.
 */
#include "shared/base/bind_mounted_file.h"

#include "shared/base/buf.h"
#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 4 * 1024 * 1024, PATH_ROOM = 8192 };

static char *backup_of(const char *path, const char *dir)
{
	return mem_printf("%s/%s.backup", dir, file_name(path));
}

static char *full_path(const char *path)
{
	char *real = realpath(path, NULL), *copy = mem_strdup(real ? real : path);
	free(real);
	return copy;
}

static int keep(const char *path, const char *backup, const char *text, size_t len)
{
	struct buf out = BUF_INIT;
	char *full = full_path(path);
	buf_printf(&out, "%s\n", full);
	buf_put(&out, text, len);
	int err = file_replace(backup, buf_data(&out), buf_len(&out), 0600, false);
	mem_wipe(buf_data(&out), buf_len(&out));
	buf_fini(&out);
	mem_free(full);
	return err;
}

/* The file is cut last: while old and new content are both there, nothing is lost. */
static int overwrite(int fd, const char *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, data + done, len - done, (off_t)done);
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n < 0 ? 0 : (size_t)n;
	}
	return ftruncate(fd, (off_t)len) < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_locked(int fd, const char *path, const void *data, size_t len, const char *dir)
{
	char *old = NULL, *backup = backup_of(path, dir);
	size_t old_len;
	int err = file_read(path, FILE_MAX, &old, &old_len);
	if (!err)
		err = file_make_dirs(dir, 0700);
	if (!err)
		err = keep(path, backup, old, old_len);
	if (!err) {
		err = overwrite(fd, data, len);
		if (!err || overwrite(fd, old, old_len) == 0)
			unlink(backup);
	}
	mem_wipe(old, old_len);
	mem_free(old);
	mem_free(backup);
	return err;
}

int bind_mounted_file_write(const char *path, const void *data, size_t len, const char *dir)
{
	int fd = file_open_to_change(path);
	if (fd < 0)
		return fd;
	int err = file_lock(fd);
	if (!err)
		err = write_locked(fd, path, data, len, dir);
	close(fd);
	return err;
}

/* The content behind the first line, which is the path; NULL: it is another file's. */
static const char *content_of(const char *backup, size_t len, const char *path, size_t *left)
{
	const char *end = memchr(backup, '\n', len);
	char *full = full_path(path);
	bool ours = end && strlen(full) == (size_t)(end - backup) &&
		    !memcmp(backup, full, (size_t)(end - backup));
	mem_free(full);
	*left = ours ? len - (size_t)(end + 1 - backup) : 0;
	return ours ? end + 1 : NULL;
}

static bool is_json(const char *path)
{
	struct conf *c;
	if (conf_open(path, &c) < 0)
		return false;
	bool good = !conf_error_text(c, 0);
	conf_free(c);
	return good;
}

static int put_back(const char *path, const char *text, size_t len)
{
	int fd = file_open_to_change(path);
	if (fd < 0)
		return fd;
	int err = file_lock(fd);
	if (!err)
		err = overwrite(fd, text, len);
	close(fd);
	return err;
}

int bind_mounted_file_mend(const char *path, const char *dir)
{
	char *backup = backup_of(path, dir), *text = NULL;
	size_t len, left;
	int err = file_read(backup, FILE_MAX + PATH_ROOM, &text, &len);
	const char *content = err ? NULL : content_of(text, len, path, &left);
	err = 0;
	if (content && !is_json(path)) {
		err = put_back(path, content, left);
		if (err)
			log_say("%s: its last change was not finished, and what it held before "
				"cannot be put back: %s",
				path, err_text(err));
		else
			log_say("%s: its last change was not finished; it is again what it was "
				"before",
				path);
	}
	if (content && !err)
		unlink(backup); /* also where the file turned out to be whole */
	mem_wipe(text, len);
	mem_free(text);
	mem_free(backup);
	return err;
}
