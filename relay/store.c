/*
 * A batch is a list of statements with their values. store_commit() queues it; while no work is on
 * the pool the whole queue leaves as one job. The job writes all its batches in one transaction, so
 * that a thousand updates a second share an fsync; if that fails (disk full), it writes each batch
 * in a transaction of its own, so that one owner's trouble is its own. The job's end on the loop
 * tells the owners and sends the next.
 */
#include "relay/store.h"

#include "relay/database.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"
#include "shared/net/timer.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum statement {
	PUT_NAME,
	DROP_NAME,
	DROP_NAMES,
	PUT_PUBLISHED,
	DROP_PUBLISHED,
	PUT_NUMBER,
	ADD_TRAFFIC,
	DROP_TRAFFIC,
	PUT_HOME,
	DROP_HOME,
	STATEMENTS
};

enum { TEXTS = 7, NUMBERS = 4, SCHEMA = 1, SAY_MS = 60000 };

static const char *const sql[STATEMENTS] = {
    [PUT_NAME] = "INSERT OR REPLACE INTO names (name, account, holder, agent, door, client, "
		 "answer, family, requests, changes, updated)"
		 " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [DROP_NAME] = "DELETE FROM names WHERE name = ?1 AND family = ?8",
    [DROP_NAMES] = "DELETE FROM names",
    [PUT_PUBLISHED] = "INSERT OR REPLACE INTO published (publisher, name, value, family, since) "
		      "VALUES (?1, ?2, ?3, ?8, ?9)",
    [DROP_PUBLISHED] = "DELETE FROM published WHERE publisher = ?1 AND name = ?2 AND family = ?8",
    [PUT_NUMBER] = "INSERT OR REPLACE INTO numbers (key, value) VALUES (?1, ?8)",
    [ADD_TRAFFIC] = "INSERT INTO traffic (account, mapping, day, bytes_in, bytes_out) VALUES (?1, "
		    "?2, ?8, ?9, ?10) ON CONFLICT (day, account, mapping) DO UPDATE SET bytes_in = "
		    "bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out",
    [DROP_TRAFFIC] = "DELETE FROM traffic WHERE day < ?8",
    [PUT_HOME] = "INSERT OR REPLACE INTO homes (account, agent, left_at) VALUES (?1, ?2, ?8)",
    [DROP_HOME] = "DELETE FROM homes WHERE account = ?1 AND agent = ?2",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS names (name TEXT, family INTEGER, account TEXT, holder TEXT, agent "
    "TEXT, door TEXT, client TEXT,"
    " answer TEXT, requests INTEGER, changes INTEGER, updated INTEGER, PRIMARY KEY (name, family)) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS published (publisher TEXT, name TEXT, family INTEGER, value TEXT, "
    "since INTEGER,"
    " PRIMARY KEY (publisher, name, family)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS numbers (key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS traffic (day INTEGER, account TEXT, mapping TEXT, bytes_in "
    "INTEGER, "
    "bytes_out INTEGER, PRIMARY KEY (day, account, mapping)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS homes (account TEXT, agent TEXT, left_at INTEGER, "
    "PRIMARY KEY (account, agent)) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

struct act {
	enum statement statement;
	char *texts[TEXTS];       /* bound to ?1 … ?7 */
	int64_t numbers[NUMBERS]; /* bound to ?8 … ?11 */
};

struct store_batch {
	struct list node;
	struct act *acts;
	size_t count, cap;
	store_fn *fn;
	void *owner;
	int err; /* set by the pool */
};

struct store {
	struct loop *loop;
	char *path;
	sqlite3 *db; /* NULL: there is none now, and batches fail */
	bool writable;
	bool unread; /* what lies there was never read: it is kept aside before it is written to */
	sqlite3_stmt *statements[STATEMENTS];
	struct list queued;  /* batches waiting for the pool */
	struct timer *later; /* sends them, when nothing else does */
	struct list running; /* batches the pool has; not to be touched by the loop */
	struct list told;    /* batches whose owners are being told */
	bool busy;
	bool pooled; /* from the first batch on only the pool touches the database */
	bool closing;
	char *said;       /* why there is none, as said last */
	char reason[128]; /* why a transaction failed last */
	/* batches that could not be written since the last could, and when that was last said */
	uint64_t failed, said_ms;
};

/* --- the file --- */

/* On the pool, but for a store that could not be opened: the last to close writes the log of the
 * WAL back, and waits for the disk. */
static void close_database(void *arg)
{
	struct store *s = arg;
	for (unsigned i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	sqlite3_close(s->db);
	s->db = NULL;
	s->writable = false;
}

static void move_aside(struct store *s, const char *why)
{
	log_error("state_broken", "file=%s reason=%s kept_as=%s.broken", s->path, why, s->path);
	if (!database_move_aside(s->path))
		log_error("state_not_moved", "file=%s reason=%s", s->path, strerror(errno));
}

/* Opens the file for writing. A broken one is kept aside, and a new one is made. */
static enum database_result open_database(struct store *s, char **why)
{
	enum database_result result = database_open(s->path, schema, SCHEMA, &s->db, why);
	if (result == DATABASE_BROKEN) {
		move_aside(s, *why);
		mem_free(*why);
		result = database_open(s->path, schema, SCHEMA, &s->db, why);
	}
	s->writable = result == DATABASE_OPEN;
	for (unsigned i = 0; i < STATEMENTS && s->writable; i++)
		s->writable = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
						 &s->statements[i], NULL) == SQLITE_OK;
	return result;
}

static void say(struct store *s, const char *why)
{
	if (!text_same(s->said, why))
		log_error("state_not_kept", "file=%s reason=%s", s->path, why);
	mem_free(s->said);
	s->said = mem_strdup(why);
}

/* Before a batch: opens the file again when there was trouble. */
static bool reopen(struct store *s)
{
	char *why = NULL;
	close_database(s);
	if (s->unread && file_exists(s->path))
		move_aside(s, "it could not be read");
	s->unread = false;
	if (open_database(s, &why) == DATABASE_OPEN) {
		log_info("state_kept_again", "file=%s", s->path);
		mem_free(s->said);
		s->said = NULL;
		return true;
	}
	say(s, why);
	mem_free(why);
	return false;
}

static void free_store(void *arg)
{
	struct store *s = arg;
	mem_free(s->path);
	mem_free(s->said);
	mem_free(s);
}

static void send(struct store *s);

static void on_later(void *owner)
{
	send(owner);
}

static void destroy(struct store *s)
{
	s->pooled = true;
	loop_work(s->loop, close_database, free_store, s);
}

struct store *store_open(struct loop *l, const char *path, char **why)
{
	struct store *s = mem_zalloc(sizeof(*s));
	char *reason = NULL;
	s->loop = l;
	s->path = mem_strdup(path);
	list_init(&s->queued);
	list_init(&s->running);
	list_init(&s->told);
	*why = NULL;
	enum database_result result = open_database(s, &reason);
	if (result == DATABASE_DENIED) {
		*why = mem_printf("%s: %s", path, reason);
		close_database(s);
		free_store(s);
		s = NULL;
	} else if (result != DATABASE_OPEN) {
		say(s, reason);
		s->db = database_open_to_read(path);
		s->unread = !s->db;
	}
	if (s)
		s->later = timer_new(l, on_later, s);
	mem_free(reason);
	return s;
}

/* --- reading --- */

static sqlite3_stmt *query(struct store *s, const char *text)
{
	sqlite3_stmt *q = NULL;
	assert(!s->pooled);
	if (!s->db)
		return NULL;
	if (sqlite3_prepare_v2(s->db, text, -1, &q, NULL) != SQLITE_OK)
		log_error("store_unreadable", "reason=%s", sqlite3_errmsg(s->db));
	return q;
}

static const char *text_at(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);
	return text ? text : "";
}

static int finish(struct store *s, sqlite3_stmt *q, int status)
{
	sqlite3_finalize(q);
	if (status == SQLITE_DONE)
		return 0;
	log_error("store_unreadable", "reason=%s", sqlite3_errmsg(s->db));
	return ERR_SYNTAX;
}

int store_read_names(struct store *s, void (*fn)(void *arg, const struct store_name *row),
		     void *arg)
{
	sqlite3_stmt *q = query(s, "SELECT name, family, account, holder, agent, door, client, "
				   "answer, requests, changes, updated FROM names");
	int status;
	if (!q)
		return ERR_SYNTAX;
	while ((status = sqlite3_step(q)) == SQLITE_ROW) {
		const struct store_name row = {.name = text_at(q, 0),
					       .family = (unsigned)sqlite3_column_int(q, 1),
					       .account = text_at(q, 2),
					       .holder = text_at(q, 3),
					       .agent = text_at(q, 4),
					       .ddns = text_at(q, 5),
					       .client = text_at(q, 6),
					       .answer = text_at(q, 7),
					       .requests = (uint64_t)sqlite3_column_int64(q, 8),
					       .changes = (uint64_t)sqlite3_column_int64(q, 9),
					       .updated_ms = (uint64_t)sqlite3_column_int64(q, 10)};
		fn(arg, &row);
	}
	return finish(s, q, status);
}

int store_read_published(struct store *s, void (*fn)(void *arg, const struct store_published *row),
			 void *arg)
{
	sqlite3_stmt *q = query(s, "SELECT publisher, name, family, value, since FROM published");
	int status;
	if (!q)
		return ERR_SYNTAX;
	while ((status = sqlite3_step(q)) == SQLITE_ROW) {
		const struct store_published row = {.publisher = text_at(q, 0),
						    .name = text_at(q, 1),
						    .family = (unsigned)sqlite3_column_int(q, 2),
						    .value = text_at(q, 3),
						    .since_ms =
							(uint64_t)sqlite3_column_int64(q, 4)};
		fn(arg, &row);
	}
	return finish(s, q, status);
}

/* sql has one value, the first day; columns: account, mapping, day, bytes_in, bytes_out. */
static int read_traffic(struct store *s, const char *text, int64_t since,
			void (*fn)(void *arg, const struct store_traffic *row), void *arg)
{
	sqlite3_stmt *q = query(s, text);
	int status;
	if (!q)
		return ERR_SYNTAX;
	sqlite3_bind_int64(q, 1, since);
	while ((status = sqlite3_step(q)) == SQLITE_ROW) {
		const struct store_traffic row = {.account = text_at(q, 0),
						  .mapping = text_at(q, 1),
						  .day = sqlite3_column_int64(q, 2),
						  .bytes_in = (uint64_t)sqlite3_column_int64(q, 3),
						  .bytes_out =
						      (uint64_t)sqlite3_column_int64(q, 4)};
		fn(arg, &row);
	}
	return finish(s, q, status);
}

int store_read_traffic(struct store *s, int64_t since,
		       void (*fn)(void *arg, const struct store_traffic *row), void *arg)
{
	return read_traffic(s,
			    "SELECT account, '', day, SUM(bytes_in), SUM(bytes_out) FROM traffic "
			    "WHERE day >= ?1 GROUP BY day, account",
			    since, fn, arg);
}

int store_read_traffic_names(struct store *s, int64_t since,
			     void (*fn)(void *arg, const struct store_traffic *row), void *arg)
{
	return read_traffic(
	    s, "SELECT DISTINCT account, mapping, 0, 0, 0 FROM traffic WHERE day >= ?1", since, fn,
	    arg);
}

int store_read_homes(struct store *s, void (*fn)(void *arg, const struct store_home *row),
		     void *arg)
{
	sqlite3_stmt *q =
	    query(s, "SELECT account, agent, left_at FROM homes ORDER BY left_at, agent");
	int status;
	if (!q)
		return ERR_SYNTAX;
	while ((status = sqlite3_step(q)) == SQLITE_ROW) {
		const struct store_home row = {text_at(q, 0), text_at(q, 1),
					       (uint64_t)sqlite3_column_int64(q, 2)};
		fn(arg, &row);
	}
	return finish(s, q, status);
}

int64_t store_read_number(struct store *s, const char *key, int64_t otherwise)
{
	sqlite3_stmt *q = query(s, "SELECT value FROM numbers WHERE key = ?1");
	if (!q)
		return otherwise;
	sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
	int64_t value = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : otherwise;
	sqlite3_finalize(q);
	return value;
}

static int run(struct store *s, const struct act *a)
{
	sqlite3_stmt *st = s->statements[a->statement];
	int used = sqlite3_bind_parameter_count(st);
	for (int i = 0; i < TEXTS && i < used; i++)
		sqlite3_bind_text(st, i + 1, a->texts[i] ? a->texts[i] : "", -1, SQLITE_STATIC);
	for (int i = 0; i < NUMBERS && i + TEXTS < used; i++)
		sqlite3_bind_int64(st, i + TEXTS + 1, a->numbers[i]);
	int status = sqlite3_step(st);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return status == SQLITE_DONE ? 0 : -1;
}

static int transact(struct store *s, const struct act *acts, size_t count)
{
	if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		goto fail;
	for (size_t i = 0; i < count; i++)
		if (run(s, &acts[i]) != 0)
			goto fail;
	if (sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
fail:;
	int code = sqlite3_errcode(s->db);
	snprintf(s->reason, sizeof(s->reason), "%s", sqlite3_errmsg(s->db));
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		s->writable = false; /* it is opened again, and found to be broken */
	return -EIO;
}

int store_write_number_now(struct store *s, const char *key, int64_t value)
{
	assert(!s->pooled);
	const struct act a = {
	    .statement = PUT_NUMBER, .texts = {(char *)(uintptr_t)key}, .numbers = {value}};
	if (!s->writable)
		return -EIO;
	int err = transact(s, &a, 1);
	if (err < 0)
		log_error("store_failed", "reason=%s", s->reason);
	return err;
}

struct store_batch *store_batch_new(void)
{
	struct store_batch *b = mem_zalloc(sizeof(*b));
	list_init(&b->node);
	return b;
}

static void batch_free(struct store_batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		for (unsigned t = 0; t < TEXTS; t++)
			mem_free(b->acts[i].texts[t]);
	mem_free(b->acts);
	mem_free(b);
}

static struct act *add(struct store_batch *b, enum statement st)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 4;
		b->acts = mem_resize(b->acts, b->cap * sizeof(struct act));
	}
	struct act *a = &b->acts[b->count++];
	memset(a, 0, sizeof(*a));
	a->statement = st;
	return a;
}

void store_put_name(struct store_batch *b, const struct store_name *row)
{
	struct act *a = add(b, PUT_NAME);
	const char *texts[TEXTS] = {row->name, row->account, row->holder, row->agent,
				    row->ddns, row->client,  row->answer};
	for (unsigned i = 0; i < TEXTS; i++)
		a->texts[i] = mem_strdup(texts[i]);
	a->numbers[0] = row->family;
	a->numbers[1] = (int64_t)row->requests;
	a->numbers[2] = (int64_t)row->changes;
	a->numbers[3] = (int64_t)row->updated_ms;
}

void store_drop_name(struct store_batch *b, const char *name, unsigned family)
{
	struct act *a = add(b, DROP_NAME);
	a->texts[0] = mem_strdup(name);
	a->numbers[0] = family;
}

void store_drop_names(struct store_batch *b)
{
	add(b, DROP_NAMES);
}

void store_put_published(struct store_batch *b, const struct store_published *row)
{
	struct act *a = add(b, PUT_PUBLISHED);
	a->texts[0] = mem_strdup(row->publisher);
	a->texts[1] = mem_strdup(row->name);
	a->texts[2] = mem_strdup(row->value);
	a->numbers[0] = row->family;
	a->numbers[1] = (int64_t)row->since_ms;
}

void store_drop_published(struct store_batch *b, const char *publisher, const char *name,
			  unsigned family)
{
	struct act *a = add(b, DROP_PUBLISHED);
	a->texts[0] = mem_strdup(publisher);
	a->texts[1] = mem_strdup(name);
	a->numbers[0] = family;
}

void store_add_traffic(struct store_batch *b, const struct store_traffic *row)
{
	struct act *a = add(b, ADD_TRAFFIC);
	a->texts[0] = mem_strdup(row->account);
	a->texts[1] = mem_strdup(row->mapping);
	a->numbers[0] = row->day;
	a->numbers[1] = (int64_t)row->bytes_in;
	a->numbers[2] = (int64_t)row->bytes_out;
}

void store_drop_traffic(struct store_batch *b, int64_t before)
{
	add(b, DROP_TRAFFIC)->numbers[0] = before;
}

void store_put_home(struct store_batch *b, const struct store_home *row)
{
	struct act *a = add(b, PUT_HOME);
	a->texts[0] = mem_strdup(row->account);
	a->texts[1] = mem_strdup(row->agent);
	a->numbers[0] = (int64_t)row->left_ms;
}

void store_drop_home(struct store_batch *b, const char *account, const char *agent)
{
	struct act *a = add(b, DROP_HOME);
	a->texts[0] = mem_strdup(account);
	a->texts[1] = mem_strdup(agent);
}

void store_put_number(struct store_batch *b, const char *key, int64_t value)
{
	struct act *a = add(b, PUT_NUMBER);
	a->texts[0] = mem_strdup(key);
	a->numbers[0] = value;
}

/* On the pool. That batches cannot be written is said when it begins, each minute, and when it is
 * over: a full disk fails many a second. */
static void tell(struct store *s, unsigned failed)
{
	uint64_t now = loop_clock_ms();
	if (!failed && s->failed)
		log_info("store_works_again", "batches_failed=%llu", (unsigned long long)s->failed);
	if (!failed) {
		s->failed = 0;
		return;
	}
	bool begins = !s->failed;
	s->failed += failed;
	if (!begins && now < s->said_ms + SAY_MS)
		return;
	s->said_ms = now;
	log_error("store_failed", "reason=%s batches_failed=%llu", s->reason,
		  (unsigned long long)s->failed);
}

/* On the pool. Batches share one transaction while nothing fails; then each is tried alone, so that
 * one owner's trouble is its own. */
static void work(void *arg)
{
	struct store *s = arg;
	size_t count = 0, at = 0;
	bool open = s->writable || reopen(s);
	LIST_EACH(node, &s->running)
	count += LIST_ENTRY(node, struct store_batch, node)->count;
	struct act *all = mem_alloc((count + 1) * sizeof(struct act));
	LIST_EACH(node, &s->running)
	{
		struct store_batch *b = LIST_ENTRY(node, struct store_batch, node);
		if (b->count)
			memcpy(all + at, b->acts, b->count * sizeof(struct act));
		at += b->count;
	}
	bool together = open && transact(s, all, count) == 0;
	unsigned failed = 0;
	mem_free(all);
	LIST_EACH(node, &s->running)
	{
		struct store_batch *b = LIST_ENTRY(node, struct store_batch, node);
		b->err = together ? 0 : s->writable ? transact(s, b->acts, b->count) : -EIO;
		failed += b->err < 0;
	}
	if (open)
		tell(s, failed);
}

static void done(void *arg);

static void send(struct store *s)
{
	if (s->busy || list_is_empty(&s->queued))
		return;
	s->busy = s->pooled = true;
	list_move(&s->running, &s->queued);
	loop_work(s->loop, work, done, s);
}

static void done(void *arg)
{
	struct store *s = arg;
	list_move(&s->told, &s->running);
	s->busy = false;
	send(s);
	/* from here on the owner may close the store, which lives on while busy is set */
	bool held = s->busy;
	s->busy = true;
	while (!list_is_empty(&s->told)) {
		struct store_batch *b = LIST_ENTRY(s->told.next, struct store_batch, node);
		list_remove(&b->node);
		if (b->fn && !s->closing)
			b->fn(b->owner, b->err);
		batch_free(b);
	}
	s->busy = held;
	send(s);
	if (s->closing && !s->busy)
		destroy(s);
}

static void enqueue(struct store *s, struct store_batch *b, store_fn *fn, void *owner)
{
	b->fn = fn;
	b->owner = owner;
	list_append(&s->queued, &b->node);
}

void store_commit(struct store *s, struct store_batch *b, store_fn *fn, void *owner)
{
	enqueue(s, b, fn, owner);
	send(s);
}

void store_commit_later(struct store *s, struct store_batch *b, store_fn *fn, void *owner)
{
	enqueue(s, b, fn, owner);
	if (!timer_is_set(s->later))
		timer_set(s->later, STORE_LATER_MS);
}

static void forget(struct list *batches, const void *owner)
{
	LIST_EACH(node, batches)
	{
		struct store_batch *b = LIST_ENTRY(node, struct store_batch, node);
		if (b->owner == owner)
			b->fn = NULL;
	}
}

void store_forget(struct store *s, void *owner)
{
	forget(&s->queued, owner);
	forget(&s->running, owner);
	forget(&s->told, owner);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	s->closing = true;
	timer_close(s->later);
	send(s);
	if (!s->busy)
		destroy(s);
}
