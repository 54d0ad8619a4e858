#include "agent/known_target_keys.h"

#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BY_CA "ca"

enum { FILE_MOST = 1024 * 1024 };

struct known_target_keys {
	struct loop *loop;
	char *path;
	json_t *known; /* place → BY_CA or a pin */
	/* One write runs at a time: with two, the older list could be written last. */
	bool is_writing;
	bool is_dirty;  /* it has changed since the write began */
	bool is_closed; /* it is freed after the last write */
};

/* A write on the thread pool. */
struct write {
	struct known_target_keys *all;
	char *text;
	int err;
};

static void do_write(void *arg)
{
	struct write *w = arg;
	const char *path = w->all->path;
	char *dir = file_dir(path);
	w->err = file_make_dirs(dir, 0700);
	if (!w->err)
		w->err = file_replace(path, w->text, strlen(w->text), 0600, false);
	mem_free(dir);
}

static void drop(struct known_target_keys *k)
{
	json_decref(k->known);
	mem_free(k->path);
	mem_free(k);
}

static void save(struct known_target_keys *k);

static void on_written(void *arg)
{
	struct write *w = arg;
	struct known_target_keys *k = w->all;
	if (w->err)
		log_error("targets_not_written", "file=%s why=%s", k->path, err_text(w->err));
	free(w->text);
	mem_free(w);
	k->is_writing = false;
	if (k->is_dirty)
		save(k);
	else if (k->is_closed)
		drop(k);
}

static void save(struct known_target_keys *k)
{
	k->is_dirty = k->is_writing;
	if (k->is_writing)
		return;
	k->is_writing = true;
	struct write *w = mem_zalloc(sizeof *w);
	w->all = k;
	w->text = json_dumps(k->known, JSON_INDENT(2));
	loop_work(k->loop, do_write, on_written, w);
}

struct known_target_keys *known_target_keys_new(struct loop *l, const char *state)
{
	struct known_target_keys *k = mem_zalloc(sizeof *k);
	char *text = NULL;
	size_t len;
	k->loop = l;
	k->path = mem_printf("%s/targets.json", state);
	if (file_read(k->path, FILE_MOST, &text, &len) == 0)
		k->known = json_loadb(text, len, 0, NULL);
	if (!json_is_object(k->known)) {
		json_decref(k->known);
		k->known = json_object();
	}
	mem_free(text);
	return k;
}

void known_target_keys_free(struct known_target_keys *k)
{
	if (!k)
		return;
	k->is_closed = true;
	if (!k->is_writing)
		drop(k);
}

static void remember(struct known_target_keys *k, const char *place, bool is_verified,
		     const char *pin)
{
	json_object_set_new(k->known, place, json_string(is_verified ? BY_CA : pin));
	save(k);
}

char *known_target_keys_judge(struct known_target_keys *k, const char *place, bool is_verified,
			      const char *pin)
{
	const char *had = json_string_value(json_object_get(k->known, place));
	if (!had) {
		remember(k, place, is_verified, pin);
		if (!is_verified)
			log_warn("target_key_remembered", "target=%s key=%s", place, pin);
		return NULL;
	}
	if (strcmp(had, BY_CA) == 0)
		return is_verified ? NULL
				   : mem_strdup("its certificate is verified by no CA of this "
						"machine any more");
	if (strcmp(had, pin) == 0)
		return NULL;
	return mem_printf("it shows the key %s, and showed %s before; where that is right, "
			  "`groundnut-agent trust` takes the new one",
			  pin, had);
}

char *known_target_keys_trust(struct known_target_keys *k, const char *place, bool is_verified,
			      const char *pin)
{
	char *had = mem_strdup(json_string_value(json_object_get(k->known, place)));
	remember(k, place, is_verified, pin);
	return had;
}
