/*
 * Both messages are written from a struct and read into one. Reading fills all of the struct; what
 * it does not like is collected by conf.h, and only the end of the reading asks whether there was
 * something. Then the struct is emptied, and why holds the first error.
 *
 * A word that only a later version knows (a protocol, a state, something to follow) is no error: it
 * is kept as unknown, and the reader of the struct says so of that one entry.
 */
#include "shared/tunnel/declare_messages.h"

#include "shared/base/hash_table.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 1024 };

static const char *const follow_names[] = {"relay", "home", "unknown"};

const char *name_follow_text(enum name_follow f)
{
	return follow_names[f];
}

void name_entry_list_copy(struct name_entry_list *out, const struct name_entry_list *from)
{
	*out = (struct name_entry_list){.items = mem_alloc(from->count * sizeof *out->items),
					.count = from->count};
	for (size_t i = 0; i < from->count; i++) {
		out->items[i] = from->items[i];
		out->items[i].host = mem_strdup(from->items[i].host);
		out->items[i].host_typed = mem_strdup(from->items[i].host_typed);
	}
}

void name_entry_list_fini(struct name_entry_list *l)
{
	for (size_t i = 0; l->items && i < l->count; i++) {
		mem_free(l->items[i].host);
		mem_free(l->items[i].host_typed);
	}
	mem_free(l->items);
	memset(l, 0, sizeof(*l));
}

/* False after reporting. */
static bool read_follow(struct conf_at at, bool on_wire, enum name_follow *out)
{
	const char *text;
	if (!conf_str(at, "follow", &text))
		return false;
	*out = NAME_FOLLOW_RELAY;
	while (*out < NAME_FOLLOW_UNKNOWN && strcmp(text, follow_names[*out]))
		++*out;
	if (*out < NAME_FOLLOW_UNKNOWN || on_wire)
		return true;
	conf_error(at, "follow", "\"%s\" is neither relay nor home", text);
	return false;
}

static void read_entry(struct conf_at list, size_t i, bool on_wire, struct hash_table *hosts,
		       struct name_entry_list *out)
{
	struct conf_at at = conf_item(list, i);
	enum name_follow follow;
	if (!at.value)
		return;
	char *typed, *host = mapping_read_host(at, on_wire, &typed);
	bool knows_follow = read_follow(at, on_wire, &follow);
	conf_done(at);
	if (host && hash_table_get(hosts, host, strlen(host)))
		conf_error_item(list, i, "the host \"%s\" is given twice", host);
	if (host && knows_follow) {
		hash_table_add(hosts, host, strlen(host), host);
		out->items[out->count++] = (struct name_entry){host, typed, follow};
	} else {
		mem_free(host);
		mem_free(typed);
	}
}

bool name_entry_list_read(struct conf_at list, bool on_wire, struct name_entry_list *out)
{
	memset(out, 0, sizeof(*out));
	size_t count = conf_len(list);
	struct hash_table *hosts = hash_table_new();
	if (count > NAMES_MAX)
		conf_error(list, NULL, "has %zu names, at most %d may be", count, NAMES_MAX);
	else if (count)
		out->items = mem_zalloc(count * sizeof(*out->items));
	for (size_t i = 0; out->items && i < conf_len(list); i++)
		read_entry(list, i, on_wire, hosts, out);
	hash_table_free(hosts);
	if (conf_ok(list))
		return true;
	name_entry_list_fini(out);
	return false;
}

/* --- challenges --- */

static const char *const challenge_states[] = {"pending", "published", "error"};

bool challenge_same(const struct challenge *a, const struct challenge *b)
{
	return strcmp(a->host, b->host) == 0 && strcmp(a->txt, b->txt) == 0;
}

static void write_challenge(struct json *w, const struct challenge *c)
{
	json_str(w, "host", c->host);
	json_str(w, "txt", c->txt);
}

/* What is longer than it may be is cut, and so stays wrong. */
static void read_challenge(struct conf_at at, struct challenge *out)
{
	const char *host, *txt;
	if (conf_str(at, "host", &host))
		text_fit(host, out->host, sizeof(out->host));
	if (conf_str(at, "txt", &txt))
		text_fit(txt, out->txt, sizeof(out->txt));
}

static size_t count_challenges(struct conf_at list)
{
	size_t count = conf_len(list);
	if (count > CHALLENGES_MAX)
		conf_error(list, NULL, "has %zu entries, at most %d may be", count, CHALLENGES_MAX);
	return count > CHALLENGES_MAX ? 0 : count;
}

/* DECLARE */

static void write_mappings(struct json *w, const char *key, const struct mapping_list *l)
{
	json_open(w, key, '[');
	for (size_t i = 0; i < l->count; i++)
		mapping_write(&l->items[i], w);
	json_close(w);
}

void declare_fini(struct declare *d)
{
	mapping_list_fini(&d->mappings);
	name_entry_list_fini(&d->names);
	mem_free(d->challenges);
	memset(d, 0, sizeof(*d));
}

void declare_write(const struct declare *d, struct buf *out)
{
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_uint(&w, "serial", d->serial);
	write_mappings(&w, "mappings", &d->mappings);
	json_open(&w, "names", '[');
	for (size_t i = 0; i < d->names.count; i++) {
		json_open(&w, NULL, '{');
		json_str(&w, "host", d->names.items[i].host);
		json_str(&w, "follow", follow_names[d->names.items[i].follow]);
		json_close(&w);
	}
	json_close(&w);
	if (d->challenge_count)
		json_open(&w, "challenges", '[');
	for (size_t i = 0; i < d->challenge_count; i++) {
		json_open(&w, NULL, '{');
		write_challenge(&w, &d->challenges[i]);
		json_close(&w);
	}
	if (d->challenge_count)
		json_close(&w);
	char ip[ADDR_TEXT];
	if (d->address6.family == 6)
		json_str(&w, "address6", addr_ip_text(&d->address6, ip));
	if (d->judged.family)
		json_str(&w, "judged", addr_ip_text(&d->judged, ip));
	json_str(&w, "nat", d->nat[0] ? d->nat : "unknown");
	json_close(&w);
}

static void read_challenges(struct conf_at list, struct declare *out)
{
	out->challenge_count = count_challenges(list);
	out->challenges = mem_zalloc(out->challenge_count * sizeof(*out->challenges));
	for (size_t i = 0; i < out->challenge_count; i++)
		read_challenge(conf_item(list, i), &out->challenges[i]);
}

/* What a later version may call its NAT is unknown to this one. */
static void read_nat(struct conf_at at, char out[8])
{
	const char *text = "unknown";
	conf_opt_str(at, "nat", &text);
	bool known = !strcmp(text, "public") || !strcmp(text, "cgnat") || !strcmp(text, "pending");
	snprintf(out, 8, "%s", known ? text : "unknown");
}

static void read_address(struct conf_at at, const char *key, bool v6, struct addr *out)
{
	const char *text = NULL;
	if (!conf_opt_str(at, key, &text) || !text)
		return;
	if (addr_parse_ip(text, out) < 0 || (v6 && out->family != 6))
		conf_error(at, key, v6 ? "is not an IPv6 address" : "is not an address");
}

/* Ends the reading of a frame: 0, or a negative error with the reason. */
static int frame_result(struct conf *c, struct conf_at root, char why[256])
{
	int err = 0;
	if (!conf_ok(root)) {
		const char *text = conf_error_text(c, 0);
		size_t len = strnlen(text, 255);
		memcpy(why, text, len);
		why[len] = '\0';
		err = ERR_SYNTAX;
	}
	conf_free(c);
	return err;
}

int declare_read(const char *text, size_t len, struct declare *out, char why[256])
{
	memset(out, 0, sizeof(*out));
	struct conf *c = conf_parse("DECLARE", text, len, true);
	struct conf_at root = conf_root(c);
	int64_t serial = 0;
	if (root.value) {
		conf_int(root, "serial", 1, INT64_MAX, &serial);
		out->serial = (uint64_t)serial;
		mapping_list_read(conf_list(root, "mappings"), true, &out->mappings);
		name_entry_list_read(conf_list(root, "names"), true, &out->names);
		read_challenges(conf_list(root, "challenges"), out);
		read_address(root, "address6", true, &out->address6);
		read_address(root, "judged", false, &out->judged);
		read_nat(root, out->nat);
	}
	int err = frame_result(c, root, why);
	if (err)
		declare_fini(out);
	return err;
}

/* STATE */

static void report_fini(struct mapping_report *r)
{
	mem_free(r->public_text);
	mem_free(r->error);
	mem_free(r->host);
}

void name_reports_free(struct name_report *reports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mem_free(reports[i].name);
		mem_free(reports[i].wanted);
		mem_free(reports[i].published);
		mem_free(reports[i].answer);
	}
	mem_free(reports);
}

void challenge_reports_free(struct challenge_report *reports, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(reports[i].error);
	mem_free(reports);
}

void state_fini(struct state *s)
{
	for (size_t i = 0; i < s->mapping_count; i++)
		report_fini(&s->mappings[i]);
	mem_free(s->mappings);
	name_reports_free(s->names, s->name_count);
	challenge_reports_free(s->challenges, s->challenge_count);
	mem_free(s->address);
	mem_free(s->notice);
	memset(s, 0, sizeof(*s));
}

/* A frame has room for 1,024 mappings and as many names. */
enum { WORD_ROOM = 64 };

static void write_text(struct json *w, const char *key, const char *text)
{
	if (text)
		json_str(w, key, text);
}

static void write_challenge_reports(struct json *w, const struct state *s)
{
	if (!s->challenge_count)
		return;
	json_open(w, "challenges", '[');
	for (size_t i = 0; i < s->challenge_count; i++) {
		const struct challenge_report *r = &s->challenges[i];
		char error[STATE_ERROR_ROOM];
		json_open(w, NULL, '{');
		write_challenge(w, &r->challenge);
		json_str(w, "state", challenge_states[r->state]);
		write_text(w, "error", r->error ? text_fit(r->error, error, sizeof(error)) : NULL);
		json_close(w);
	}
	json_close(w);
}

void state_write(const struct state *s, struct buf *out)
{
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	json_uint(&w, "serial", s->serial);
	json_open(&w, "mappings", '[');
	for (size_t i = 0; i < s->mapping_count; i++) {
		const struct mapping_report *r = &s->mappings[i];
		json_open(&w, NULL, '{');
		json_uint(&w, "id", r->id);
		json_str(&w, "state", mapping_state_text(r->state));
		write_text(&w, "public", r->public_text);
		char error[STATE_ERROR_ROOM];
		write_text(&w, "error", r->error ? text_fit(r->error, error, sizeof(error)) : NULL);
		write_text(&w, "host", r->host);
		json_close(&w);
	}
	json_close(&w);
	json_open(&w, "names", '[');
	for (size_t i = 0; i < s->name_count; i++) {
		const struct name_report *r = &s->names[i];
		json_open(&w, NULL, '{');
		json_str(&w, "name", r->name);
		write_text(&w, "wanted", r->wanted);
		write_text(&w, "published", r->published);
		write_text(&w, "answer", r->answer);
		json_uint(&w, "counted", r->counted);
		json_close(&w);
	}
	json_close(&w);
	write_challenge_reports(&w, s);
	write_text(&w, "address", s->address);
	char notice[STATE_ERROR_ROOM];
	write_text(&w, "notice", s->notice ? text_fit(s->notice, notice, sizeof(notice)) : NULL);
	json_close(&w);
}

static char *read_text(struct conf_at at, const char *key)
{
	const char *text = NULL;
	return conf_opt_str(at, key, &text) ? mem_strdup(text) : NULL;
}

/* The state comes from a later relay. Its error may still say why. */
static void set_unknown_state(char **error, const char *word)
{
	char fits[WORD_ROOM];
	char *whole = mem_printf("the agent is older than the relay, update it: state \"%s\"%s%s",
				 text_fit(word, fits, sizeof(fits)), *error ? ": " : "",
				 *error ? *error : "");
	mem_free(*error);
	*error = whole;
}

static void read_report(struct conf_at at, struct mapping_report *out)
{
	int64_t id = 0;
	const char *text;
	if (!at.value)
		return;
	conf_int(at, "id", 1, UINT32_MAX, &id);
	out->id = (uint32_t)id;
	bool has_state = conf_str(at, "state", &text);
	out->public_text = read_text(at, "public");
	out->error = read_text(at, "error");
	out->host = read_text(at, "host");
	if (!has_state || mapping_state_parse(text, &out->state) == 0)
		return;
	set_unknown_state(&out->error, text);
	out->state = MAPPING_ERROR;
}

static void read_challenge_report(struct conf_at at, struct challenge_report *out)
{
	const char *text;
	if (!at.value)
		return;
	read_challenge(at, &out->challenge);
	out->error = read_text(at, "error");
	if (!conf_str(at, "state", &text))
		return;
	while (out->state < CHALLENGE_ERROR && strcmp(text, challenge_states[out->state]) != 0)
		out->state++;
	if (strcmp(text, challenge_states[out->state]) != 0)
		set_unknown_state(&out->error, text);
}

static void read_name_report(struct conf_at at, struct name_report *out)
{
	int64_t counted = 0;
	const char *name;
	if (!at.value)
		return;
	if (conf_str(at, "name", &name))
		out->name = mem_strdup(name);
	out->wanted = read_text(at, "wanted");
	out->published = read_text(at, "published");
	out->answer = read_text(at, "answer");
	conf_opt_int(at, "counted", 0, INT64_MAX, &counted);
	out->counted = (uint64_t)counted;
}

static void read_reports(struct conf_at root, struct state *out)
{
	struct conf_at list = conf_list(root, "mappings");
	if (conf_len(list) > MAPPING_MAX)
		conf_error(list, NULL, "has more than %d entries", MAPPING_MAX);
	out->mapping_count = conf_len(list);
	out->mappings = mem_zalloc(out->mapping_count * sizeof(*out->mappings));
	for (size_t i = 0; i < conf_len(list); i++)
		read_report(conf_item(list, i), &out->mappings[i]);
}

/* Not only declared names have a report, but also every mapping's host and the account's own
 * name. */
static void read_name_reports(struct conf_at root, struct state *out)
{
	enum { REPORTS_MAX = NAMES_MAX + MAPPING_MAX + 1 };
	struct conf_at list = conf_list(root, "names");
	if (conf_len(list) > REPORTS_MAX)
		conf_error(list, NULL, "has more than %d entries", REPORTS_MAX);
	out->name_count = conf_len(list);
	out->names = mem_zalloc(out->name_count * sizeof(*out->names));
	for (size_t i = 0; i < conf_len(list); i++)
		read_name_report(conf_item(list, i), &out->names[i]);
}

static void read_challenge_reports(struct conf_at list, struct state *out)
{
	out->challenge_count = count_challenges(list);
	out->challenges = mem_zalloc(out->challenge_count * sizeof(*out->challenges));
	for (size_t i = 0; i < out->challenge_count; i++)
		read_challenge_report(conf_item(list, i), &out->challenges[i]);
}

int state_read(const char *text, size_t len, struct state *out, char why[256])
{
	memset(out, 0, sizeof(*out));
	struct conf *c = conf_parse("STATE", text, len, true);
	struct conf_at root = conf_root(c);
	int64_t serial = 0;
	if (root.value) {
		conf_int(root, "serial", 0, INT64_MAX, &serial);
		out->serial = (uint64_t)serial;
		read_reports(root, out);
		read_name_reports(root, out);
		read_challenge_reports(conf_list(root, "challenges"), out);
		out->address = read_text(root, "address");
		out->notice = read_text(root, "notice");
	}
	int err = frame_result(c, root, why);
	if (err)
		state_fini(out);
	return err;
}
