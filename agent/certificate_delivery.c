/*
 * certificate_delivery_look() begins when the file has changed, or when it is time to try again:
 *
 *	IDLE    → COPYING: the thread pool reads the file, compares it with what was delivered, and
 *	                   writes the copies: the key first, so that a program that waits for the
 *	                   certificate finds its key
 *	COPYING → RUNNING: the hook runs, when there is one
 *	RUNNING → NOTING:  the thread pool notes what was delivered
 *
 * A failure is logged once, and is in the status until a delivery succeeds. The next try is a
 * minute later, then less often, up to an hour. A hook that does not end is killed after HOOK_MS.
 */
#include "agent/certificate_delivery.h"

#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"
#include "shared/net/child_process.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	HOOK_MS = 60 * 1000,
	MINUTE_MS = 60 * 1000,
	HOUR_MS = 60 * MINUTE_MS,
	FILE_MOST = 512 * 1024,
	DIGEST = 2 * 32 + 1, /* as hex */
};

#define CHAIN_BEGINS "-----BEGIN CERTIFICATE-----"

/* One delivery for the thread pool. It owns all its texts; the pool does not use delivery. */
struct errand {
	struct certificate_delivery *delivery;
	char *file, *key_path, *chain_path, *note_path;
	char digest[DIGEST]; /* of seed and file */
	char *seed;          /* copy and hook as text: when they change, all is new */
	bool is_new;         /* it differs from what was delivered */
	char *why;           /* why it failed; NULL: it went well */
};

enum delivery_state { IDLE, COPYING, RUNNING, NOTING };

struct certificate_delivery {
	struct loop *loop;
	struct list *all, node;
	char *name, *dir, *state, *host;
	char **hook;
	enum delivery_state at;
	struct errand *errand; /* NULL: IDLE */
	struct child_process *program;
	struct stat seen; /* the state of the file at the last delivery */
	struct backoff backoff;
	uint64_t again_ms; /* when to try again; 0: only when the file changes */
	char *error;
	bool orphaned; /* free it when the thread pool is done */
};

struct certificate_delivery *certificate_delivery_new(struct loop *l, const struct mapping *m,
						      const char *state, struct list *all)
{
	if (!m->certificate_copy && !m->certificate_hook)
		return NULL;
	struct certificate_delivery *d = mem_zalloc(sizeof(*d));
	d->loop = l;
	d->all = all;
	list_append(all, &d->node);
	d->name = mem_strdup(m->name);
	d->dir = mem_strdup(m->certificate_copy);
	d->hook = text_list_copy(m->certificate_hook);
	d->state = mem_strdup(state);
	d->backoff = (struct backoff){.base_ms = MINUTE_MS, .max_ms = HOUR_MS};
	return d;
}

bool certificate_delivery_is_of(const struct certificate_delivery *d, const struct mapping *m,
				const char *state)
{
	return d && !strcmp(d->name, m->name) && !strcmp(d->state, state) &&
	       text_same(d->dir, m->certificate_copy) &&
	       text_list_same(d->hook, m->certificate_hook);
}

const char *certificate_delivery_error(const struct certificate_delivery *d)
{
	return d ? d->error : NULL;
}

/* --- on the thread pool --- */

static void errand_free(struct errand *e)
{
	if (!e)
		return;
	mem_free(e->file);
	mem_free(e->key_path);
	mem_free(e->chain_path);
	mem_free(e->note_path);
	mem_free(e->seed);
	mem_free(e->why);
	mem_free(e);
}

static void digest(struct errand *e, const char *text, size_t len)
{
	uint8_t out[32];
	char *all = mem_printf("%s\n%s", e->seed, text);
	EVP_Digest(all, strlen(e->seed) + 1 + len, out, NULL, EVP_sha256(), NULL);
	mem_wipe(all, strlen(all));
	mem_free(all);
	text_hex(out, sizeof(out), e->digest);
}

static bool holds(const char *path, const char *text, size_t len)
{
	char *had;
	size_t had_len;
	int err = file_read(path, FILE_MOST, &had, &had_len);
	bool same = !err && had_len == len && !memcmp(had, text, len);
	if (had)
		mem_wipe(had, had_len);
	mem_free(had);
	return same;
}

/* The cure for what the sandbox or the unit forbids; the kernel's words do not name it. */
static const char *cure_of(int err)
{
	if (err == -EACCES)
		return " (a directory that is new in agent.json can be written after a restart of "
		       "the agent)";
	if (err == -EROFS)
		return " (under systemd: ReadWritePaths= in a drop-in, systemctl edit "
		       "groundnut-agent)";
	return "";
}

/* Writes a copy when it differs. Another program may own the directory, so a link there must not
 * lead to a third file, and a pipe must not block the thread. */
static int put(struct errand *e, const char *path, const char *text, size_t len, mode_t mode)
{
	struct stat st;
	if (e->why)
		return 0;
	bool is_other = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
	if (!is_other && holds(path, text, len))
		return 0;
	e->is_new = true;
	char *dir = file_dir(path);
	int err = !is_other ? 0 : S_ISLNK(st.st_mode) ? -ELOOP : -EEXIST;
	if (!err)
		err = file_make_dirs(dir, 0700);
	if (!err)
		err = file_replace(path, text, len, mode, false);
	if (err)
		e->why =
		    mem_printf("certificate_copy: %s: %s%s", path, err_text(err), cure_of(err));
	mem_free(dir);
	return err;
}

static void copy(void *arg)
{
	struct errand *e = arg;
	char *text;
	size_t len;
	int err = file_read(e->file, FILE_MOST, &text, &len);
	/* After a power cut a file may end in zeros. */
	const char *chain = err || strlen(text) != len ? NULL : strstr(text, CHAIN_BEGINS);
	if (!chain) {
		e->why =
		    mem_printf("%s: %s", e->file, err ? err_text(err) : "has no whole certificate");
	} else {
		digest(e, text, len);
		e->is_new = !holds(e->note_path, e->digest, DIGEST - 1);
		if (e->key_path) {
			put(e, e->key_path, text, (size_t)(chain - text), 0600);
			put(e, e->chain_path, chain, strlen(chain), 0644);
		}
	}
	if (text)
		mem_wipe(text, len);
	mem_free(text);
}

static void note(void *arg)
{
	struct errand *e = arg;
	char *dir = file_dir(e->note_path);
	int err = file_make_dirs(dir, 0700);
	if (!err)
		err = file_replace(e->note_path, e->digest, DIGEST - 1, 0600, false);
	if (err)
		e->why = mem_printf("%s: %s", e->note_path, err_text(err));
	mem_free(dir);
}

/* --- on the loop --- */

static void delivery_end(struct certificate_delivery *d)
{
	list_remove(&d->node);
	child_process_close(d->program);
	errand_free(d->errand);
	mem_free(d->name);
	mem_free(d->dir);
	text_list_free(d->hook);
	mem_free(d->state);
	mem_free(d->host);
	mem_free(d->error);
	mem_free(d);
}

static void finish(struct certificate_delivery *d, const char *why)
{
	if (why) {
		if (!text_same(d->error, why))
			log_error("certificate_not_delivered", "mapping=%s why=%s", d->name, why);
		d->again_ms = loop_clock_ms() + backoff_next(&d->backoff, MINUTE_MS, random_u32());
	} else {
		backoff_reset(&d->backoff);
		d->again_ms = 0;
	}
	char *error = mem_strdup(why);
	mem_free(d->error);
	d->error = error;
	errand_free(d->errand);
	d->errand = NULL;
	d->at = IDLE;
}

/* True: the delivery is over, and d may be freed. */
static bool is_over(struct certificate_delivery *d)
{
	d->at = IDLE;
	if (d->orphaned)
		delivery_end(d);
	else if (d->errand->why)
		finish(d, d->errand->why);
	else
		return false;
	return true;
}

static void on_noted(void *arg)
{
	struct errand *e = arg;
	struct certificate_delivery *d = e->delivery;
	if (is_over(d))
		return;
	log_info("certificate_delivered", "mapping=%s", d->name);
	finish(d, NULL);
}

static void begin_note(struct certificate_delivery *d)
{
	d->at = NOTING;
	loop_work(d->loop, note, on_noted, d->errand);
}

static void on_hook(void *owner, const char *why)
{
	struct certificate_delivery *d = owner;
	child_process_close(d->program);
	d->program = NULL;
	if (why) {
		const char *cure = !strcmp(why, err_text(-EACCES))
				       ? " (one that is new in agent.json can run after a restart "
					 "of the agent)"
				       : "";
		char *whole = mem_printf("certificate_hook: %s: %s%s", d->hook[0], why, cure);
		finish(d, whole);
		mem_free(whole);
		return;
	}
	begin_note(d);
}

/* Starts the hook without our own variables, because one of them may hold a token. */
static void begin_hook(struct certificate_delivery *d)
{
	const char *path = getenv("PATH"), *key = d->errand->key_path;
	char *variables[] = {
	    mem_printf("PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin"),
	    mem_printf("GROUNDNUT_MAPPING=%s", d->name),
	    mem_printf("GROUNDNUT_HOST=%s", d->host),
	    key ? mem_printf("GROUNDNUT_KEY=%s", key) : NULL,
	    key ? mem_printf("GROUNDNUT_CERTIFICATE=%s", d->errand->chain_path) : NULL,
	    NULL,
	};
	d->at = RUNNING;
	d->program = child_process_start(d->loop, d->hook, variables, HOOK_MS, on_hook, d);
	for (char **v = variables; *v; v++)
		mem_free(*v);
}

static void on_copied(void *arg)
{
	struct errand *e = arg;
	struct certificate_delivery *d = e->delivery;
	if (is_over(d))
		return;
	if (!e->is_new)
		finish(d, NULL);
	else if (d->hook)
		begin_hook(d);
	else
		begin_note(d);
}

static char *seed_of(const struct certificate_delivery *d)
{
	struct buf text = BUF_INIT;
	buf_printf(&text, "%s\n", d->dir ? d->dir : "");
	for (char **word = d->hook; word && *word; word++)
		buf_printf(&text, "%s\n", *word);
	char *seed = mem_strdup(buf_str(&text));
	buf_fini(&text);
	return seed;
}

static void begin(struct certificate_delivery *d, const char *path)
{
	struct errand *e = mem_zalloc(sizeof(*e));
	e->delivery = d;
	e->file = mem_strdup(path);
	e->key_path = d->dir ? mem_printf("%s/%s.key", d->dir, d->name) : NULL;
	e->chain_path = d->dir ? mem_printf("%s/%s.crt", d->dir, d->name) : NULL;
	e->note_path = mem_printf("%s/delivered/%s", d->state, d->name);
	e->seed = seed_of(d);
	d->errand = e;
	d->at = COPYING;
	loop_work(d->loop, copy, on_copied, e);
}

/* Whether the thread pool still works for a delivery that came before: what it writes is older. */
static bool is_preceded(const struct certificate_delivery *d)
{
	LIST_EACH(node, d->all)
	{
		const struct certificate_delivery *other =
		    LIST_ENTRY(node, const struct certificate_delivery, node);
		if (other->orphaned && !strcmp(other->name, d->name))
			return true;
	}
	return false;
}

void certificate_delivery_look(struct certificate_delivery *d, const char *path, const char *host)
{
	struct stat now;
	if (!d || d->at != IDLE || stat(path, &now) < 0)
		return;
	bool changed = !file_is_same(&now, &d->seen) || !text_same(d->host, host);
	if (!changed && (!d->again_ms || loop_clock_ms() < d->again_ms))
		return;
	if (is_preceded(d))
		return;
	if (changed)
		backoff_reset(&d->backoff);
	d->seen = now;
	mem_free(d->host);
	d->host = mem_strdup(host);
	begin(d, path);
}

void certificate_delivery_free(struct certificate_delivery *d)
{
	if (!d)
		return;
	if (d->at == COPYING || d->at == NOTING)
		d->orphaned = true;
	else
		delivery_end(d);
}
