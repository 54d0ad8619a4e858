#include "shared/tunnel/report_message.h"

#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <string.h>

static const struct {
	const char *key, *status, *time, *next;
} parts[REPORT_PART_COUNT] = {
#define REPORT_ROW(name, key, status, time, next) {key, status, time, next},
    REPORT_PARTS(REPORT_ROW)
#undef REPORT_ROW
};

void report_part_fini(struct report_part *p)
{
	mem_free(p->error);
	*p = (struct report_part){.error = NULL};
}

void report_part_copy(struct report_part *out, const struct report_part *from)
{
	report_part_fini(out);
	*out = *from;
	out->error = mem_strdup(from->error);
}

bool report_part_same(const struct report_part *a, const struct report_part *b)
{
	return !strcmp(a->state, b->state) && text_same(a->error, b->error) &&
	       a->time_ms == b->time_ms && a->next_ms == b->next_ms;
}

void report_part_status(const struct report_part *p, enum report_part_name which, struct json *w)
{
	json_open(w, parts[which].status, '{');
	json_str(w, "state", p->state[0] ? p->state : "unknown");
	json_str(w, "error", p->error);
	json_time(w, parts[which].time, p->time_ms);
	if (parts[which].next)
		json_time(w, parts[which].next, p->next_ms);
	json_close(w);
}

void report_fini(struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		for (int k = 0; k < REPORT_PART_COUNT; k++)
			report_part_fini(&r->mappings[i].parts[k]);
	mem_free(r->mappings);
	*r = (struct report){.count = 0};
}

static void write_part(const struct report_part *p, int which, struct json *w)
{
	char error[REPORT_ERROR];
	json_open(w, parts[which].key, '{');
	json_str(w, "state", p->state);
	if (p->error)
		json_str(w, "error", text_fit(p->error, error, sizeof error));
	if (p->time_ms)
		json_uint(w, parts[which].time, p->time_ms);
	if (p->next_ms && parts[which].next)
		json_uint(w, parts[which].next, p->next_ms);
	json_close(w);
}

void report_write_mapping(const struct report_mapping *m, struct json *w)
{
	json_open(w, NULL, '{');
	json_uint(w, "id", m->id);
	for (int i = 0; i < REPORT_PART_COUNT; i++)
		if (m->has[i])
			write_part(&m->parts[i], i, w);
	json_close(w);
}

/* A word, or none of this version. */
static void read_state(struct conf_at at, struct report_part *out)
{
	const char *word;
	if (!conf_str(at, "state", &word))
		return;
	size_t len = strspn(word, "abcdefghijklmnopqrstuvwxyz_");
	bool fits = len && len < REPORT_STATE && !word[len];
	memcpy(out->state, fits ? word : "unknown", fits ? len + 1 : sizeof "unknown");
}

static uint64_t read_time(struct conf_at at, const char *key)
{
	int64_t ms = 0;
	if (key)
		conf_opt_int(at, key, 0, (int64_t)1 << 53, &ms);
	return (uint64_t)ms;
}

static void read_part(struct conf_at at, int which, struct report_part *out)
{
	const char *error = NULL;
	char fits[REPORT_ERROR];
	read_state(at, out);
	if (conf_opt_str(at, "error", &error) && error)
		out->error = mem_strdup(text_fit(error, fits, sizeof fits));
	out->time_ms = read_time(at, parts[which].time);
	out->next_ms = read_time(at, parts[which].next);
}

static void read_mapping(struct conf_at at, struct report_mapping *out)
{
	int64_t id = 0;
	conf_int(at, "id", 1, UINT32_MAX, &id);
	out->id = (uint32_t)id;
	for (int i = 0; i < REPORT_PART_COUNT; i++) {
		struct conf_at part = conf_object(at, parts[i].key);
		out->has[i] = part.value != NULL;
		if (out->has[i])
			read_part(part, i, &out->parts[i]);
	}
}

int report_read(const char *text, size_t len, struct report *out, char why[256])
{
	*out = (struct report){.count = 0};
	struct conf *c = conf_parse("REPORT", text, len, true);
	struct conf_at root = conf_root(c), list = conf_list(root, "mappings");
	if (conf_len(list) > REPORT_MAPPINGS_MAX)
		conf_error(list, NULL, "has more than %d entries", REPORT_MAPPINGS_MAX);
	out->mappings = mem_zalloc(conf_len(list) * sizeof(*out->mappings));
	out->count = conf_len(list);
	for (size_t i = 0; i < conf_len(list); i++)
		read_mapping(conf_item(list, i), &out->mappings[i]);
	int err = conf_ok(root) ? 0 : ERR_SYNTAX;
	if (err) {
		text_fit(conf_error_text(c, 0), why, 256);
		report_fini(out);
	}
	conf_free(c);
	return err;
}
