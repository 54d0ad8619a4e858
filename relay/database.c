#include "relay/database.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 5000 };

static const char *const side_files[] = {"", "-wal", "-shm"};
enum { SIDE_FILES = sizeof(side_files) / sizeof(*side_files) };

/* Made by us, so that its mode is ours; SQLite gives its side files the same. A file that is there
 * is not opened: a report of this process may read it, and to close any descriptor of a file gives
 * up all locks that the process has on it. */
static int create_private(const char *path)
{
	char *dir = file_dir(path);
	int err = file_make_dirs(dir, 0700);
	mem_free(dir);
	if (err < 0)
		return err;
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return access(path, R_OK | W_OK) < 0 ? -errno : 0;
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* The first column of the first row as text, or NULL; freed by the caller. */
static char *ask(sqlite3 *db, const char *text)
{
	sqlite3_stmt *q = NULL;
	char *answer = NULL;
	if (sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		answer = mem_strdup((const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	return answer;
}

static bool is_broken(sqlite3 *db)
{
	int code = sqlite3_errcode(db);
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* DATABASE_OPEN: all its pages fit together; else *why not. */
static enum database_result look_through(sqlite3 *db, char **why)
{
	char *said = ask(db, "PRAGMA quick_check(1)");
	if (!said) {
		*why = mem_strdup(sqlite3_errmsg(db));
		return is_broken(db) ? DATABASE_BROKEN : DATABASE_FAILED;
	}
	bool ok = strcmp(said, "ok") == 0;
	if (!ok) { /* the first line only says in which database */
		char *second = strchr(said, '\n');
		*why = mem_strdup(second ? second + 1 : said);
		(*why)[strcspn(*why, "\r\n")] = 0;
	}
	mem_free(said);
	return ok ? DATABASE_OPEN : DATABASE_BROKEN;
}

/* What is wrong with an open file, or DATABASE_OPEN when nothing is. */
static enum database_result prepare(sqlite3 *db, const char *schema, int version, char **why)
{
	char *has = ask(db, "PRAGMA user_version");
	bool later = has && strtol(has, NULL, 10) > version;
	mem_free(has);
	if (later) {
		*why = mem_strdup("written by a later version of this program");
		return DATABASE_DENIED;
	}
	enum database_result result = look_through(db, why);
	if (result != DATABASE_OPEN)
		return result;
	if (sqlite3_exec(db,
			 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; "
			 "PRAGMA wal_autocheckpoint = 256; PRAGMA journal_size_limit = 1048576; "
			 "PRAGMA temp_store = MEMORY;",
			 NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK)
		return DATABASE_OPEN;
	*why = mem_strdup(sqlite3_errmsg(db));
	return is_broken(db) ? DATABASE_BROKEN : DATABASE_FAILED;
}

enum database_result database_open(const char *path, const char *schema, int version, sqlite3 **out,
				   char **why)
{
	*out = NULL;
	int err = create_private(path);
	if (err < 0) {
		*why = mem_printf("cannot be made: %s", err_text(err));
		return err == -EACCES || err == -EPERM || err == -ENOTDIR ? DATABASE_DENIED
									  : DATABASE_FAILED;
	}
	enum database_result result = DATABASE_FAILED;
	*why = NULL;
	if (sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ==
	    SQLITE_OK) {
		sqlite3_busy_timeout(*out, BUSY_MS);
		result = prepare(*out, schema, version, why);
	} else {
		*why = mem_strdup(*out ? sqlite3_errmsg(*out) : "no memory");
	}
	if (result != DATABASE_OPEN) {
		sqlite3_close(*out);
		*out = NULL;
	}
	return result;
}

/* The file of a relay that runs is read together with its log of writes. */
struct sqlite3 *database_open_to_read(const char *path)
{
	struct buf uri = BUF_INIT;
	char *log = mem_printf("%s-wal", path);
	struct stat st;
	bool has_log = stat(log, &st) == 0 && st.st_size > 0;
	sqlite3 *db = NULL;
	buf_puts(&uri, "file:");
	for (const char *p = path; *p; p++)
		buf_printf(&uri, strchr("%?#", *p) ? "%%%02x" : "%c", (unsigned char)*p);
	buf_puts(&uri, has_log ? "?mode=ro" : "?immutable=1");
	if (sqlite3_open_v2(buf_str(&uri), &db,
			    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
			    NULL) != SQLITE_OK) {
		sqlite3_close(db);
		db = NULL;
	}
	buf_fini(&uri);
	mem_free(log);
	return db;
}

bool database_move_aside(const char *path)
{
	bool moved = true;
	for (unsigned i = 0; i < SIDE_FILES; i++) {
		char *from = mem_printf("%s%s", path, side_files[i]),
		     *to = mem_printf("%s.broken%s", path, side_files[i]);
		bool there = rename(from, to) == 0 || errno != ENOENT;
		if (there)
			moved &= access(from, F_OK) != 0;
		else
			unlink(to);
		mem_free(from);
		mem_free(to);
	}
	return moved;
}

char *database_check(const char *path)
{
	if (!file_exists(path))
		return NULL;
	sqlite3 *db = database_open_to_read(path);
	char *why = NULL;
	if (db)
		look_through(db, &why);
	else
		why = mem_strdup("it cannot be opened");
	sqlite3_close(db);
	return why;
}
