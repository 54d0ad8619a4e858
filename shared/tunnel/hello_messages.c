/*
 * Numbers that need all 64 bits (instance, epoch, frames taken) travel as decimal strings: many
 * JSON readers keep only 53.
 */
#include "shared/tunnel/hello_messages.h"

#include "shared/base/conf.h"
#include "shared/base/err.h"
#include "shared/base/json.h"
#include "shared/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word, *reason;
} codes[] = {
#define REFUSE_ROW(name, word, text) {word, text},
    REFUSE_MAP(REFUSE_ROW)
#undef REFUSE_ROW
	{"other", "refused"},
};

const char *refuse_code_text(enum refuse_code code)
{
	return codes[code].word;
}

const char *refuse_code_reason(enum refuse_code code)
{
	return codes[code].reason;
}

static struct json begin(struct buf *out)
{
	static const uint8_t header[FRAME_HEADER];
	buf_put(out, header, sizeof header);
	struct json w = json_into(out, false);
	json_open(&w, NULL, '{');
	return w;
}

static void finish(struct json *w, size_t at, enum frame_kind kind)
{
	json_close(w);
	size_t len = buf_len(w->out) - at - FRAME_HEADER;
	frame_write(buf_data(w->out) + at, 0, kind, (uint32_t)len);
}

static void put_u64(struct json *w, const char *key, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRIu64, n);
	json_str(w, key, text);
}

static void put_session(struct json *w, const uint8_t id[SESSION_ID])
{
	char text[2 * SESSION_ID + 1];
	text_hex(id, SESSION_ID, text);
	json_str(w, "session", text);
}

void hello_write(const struct hello *h, struct buf *out)
{
	size_t at = buf_len(out);
	struct json w = begin(out);
	json_uint(&w, "version", h->version);
	json_str(&w, "role", "agent");
	json_str(&w, "program", h->program);
	json_str(&w, "account", h->account);
	json_str(&w, "agent", h->agent);
	json_str(&w, "token", h->token);
	if (*h->invite)
		json_str(&w, "invite", h->invite);
	put_u64(&w, "instance", h->instance);
	json_uint(&w, "receive_budget", h->receive_budget);
	capabilities_write(&w, h->can);
	if (h->probe)
		json_bool(&w, "probe", true);
	if (h->resume) {
		put_session(&w, h->session);
		put_u64(&w, "epoch", h->epoch);
		put_u64(&w, "taken", h->taken);
	}
	finish(&w, at, FRAME_HELLO);
}

void welcome_write(const struct welcome *m, struct buf *out)
{
	size_t at = buf_len(out);
	struct json w = begin(out);
	json_uint(&w, "version", m->version);
	json_str(&w, "program", m->program);
	json_bool(&w, "resumed", m->resumed);
	put_session(&w, m->session);
	put_u64(&w, "taken", m->taken);
	json_uint(&w, "grace_s", m->grace_s);
	json_uint(&w, "receive_budget", m->receive_budget);
	json_str(&w, "address", m->address);
	capabilities_write(&w, m->can);
	if (m->time_ms)
		json_uint(&w, "time", m->time_ms);
	finish(&w, at, FRAME_WELCOME);
}

void refuse_write(const struct refuse *r, struct buf *out)
{
	size_t at = buf_len(out);
	struct json w = begin(out);
	json_str(&w, "code", refuse_code_text(r->code));
	json_str(&w, "reason", r->reason);
	json_uint(&w, "retry_ms", r->retry_ms);
	finish(&w, at, FRAME_REFUSE);
}

void refuse_put(enum refuse_code code, const char *reason, uint32_t retry_ms, struct buf *out)
{
	struct refuse r = {.code = code, .retry_ms = retry_ms};
	snprintf(r.reason, sizeof r.reason, "%s", reason ? reason : refuse_code_reason(code));
	refuse_write(&r, out);
}

static void get_text(struct conf_at at, const char *key, char *out, size_t cap, bool required)
{
	const char *text = "";
	bool ok = required ? conf_str(at, key, &text) : conf_opt_str(at, key, &text);
	if (ok && strlen(text) >= cap)
		conf_error(at, key, "too long");
	else if (ok)
		memcpy(out, text, strlen(text) + 1);
}

/* For people only: a longer one of a later version is cut. */
static void get_words(struct conf_at at, const char *key, char *out, size_t cap)
{
	const char *text = "";
	if (conf_opt_str(at, key, &text))
		text_fit(text, out, cap);
}

static void get_u64(struct conf_at at, const char *key, uint64_t *out)
{
	const char *text;
	if (conf_str(at, key, &text) && text_uint(text, UINT64_MAX, out) < 0)
		conf_error(at, key, "not a number");
}

static void get_session(struct conf_at at, uint8_t out[SESSION_ID])
{
	const char *text;
	if (conf_str(at, "session", &text) && text_unhex(text, out, SESSION_ID) < 0)
		conf_error(at, "session", "not a session id");
}

static uint32_t get_u32(struct conf_at at, const char *key)
{
	int64_t n = 0;
	conf_opt_int(at, key, 0, UINT32_MAX, &n);
	return (uint32_t)n;
}

/* 53 bits are enough for bytes and for milliseconds, so these may be JSON numbers. */
static uint64_t get_number(struct conf_at at, const char *key)
{
	int64_t n = 0;
	conf_opt_int(at, key, 0, (int64_t)1 << 53, &n);
	return (uint64_t)n;
}

static int done(struct conf *c, struct conf_at at)
{
	int err = conf_ok(at) ? 0 : ERR_SYNTAX;
	conf_free(c);
	return err;
}

int hello_read(const void *json, size_t len, struct hello *out)
{
	*out = (struct hello){0};
	struct conf *c = conf_parse("HELLO", json, len, true);
	struct conf_at at = conf_root(c);
	out->version = get_u32(at, "version");
	get_words(at, "program", out->program, sizeof out->program);
	get_text(at, "account", out->account, sizeof out->account, true);
	get_text(at, "agent", out->agent, sizeof out->agent, true);
	get_text(at, "token", out->token, sizeof out->token, true);
	get_text(at, "invite", out->invite, sizeof out->invite, false);
	get_u64(at, "instance", &out->instance);
	out->receive_budget = get_number(at, "receive_budget");
	conf_opt_bool(at, "probe", &out->probe);
	capabilities_read(at, &out->can);
	out->resume = conf_has(at, "session");
	if (out->resume) {
		get_session(at, out->session);
		get_u64(at, "epoch", &out->epoch);
		get_u64(at, "taken", &out->taken);
	}
	if (!text_is_name(out->account))
		conf_error(at, "account", "not a name");
	if (!text_is_name(out->agent))
		conf_error(at, "agent", "not a name");
	return done(c, at);
}

int welcome_read(const void *json, size_t len, struct welcome *out)
{
	*out = (struct welcome){0};
	struct conf *c = conf_parse("WELCOME", json, len, true);
	struct conf_at at = conf_root(c);
	out->version = get_u32(at, "version");
	get_words(at, "program", out->program, sizeof out->program);
	conf_bool(at, "resumed", &out->resumed);
	get_session(at, out->session);
	get_u64(at, "taken", &out->taken);
	out->grace_s = get_u32(at, "grace_s");
	out->receive_budget = get_number(at, "receive_budget");
	get_text(at, "address", out->address, sizeof out->address, false);
	capabilities_read(at, &out->can);
	out->time_ms = get_number(at, "time");
	return done(c, at);
}

int refuse_read(const void *json, size_t len, struct refuse *out)
{
	*out = (struct refuse){.code = REFUSE_OTHER};
	struct conf *c = conf_parse("REFUSE", json, len, true);
	struct conf_at at = conf_root(c);
	const char *word;
	if (conf_str(at, "code", &word))
		for (int i = 0; i < REFUSE_OTHER; i++)
			if (!strcmp(word, codes[i].word))
				out->code = (enum refuse_code)i;
	get_words(at, "reason", out->reason, sizeof out->reason);
	out->retry_ms = get_u32(at, "retry_ms");
	return done(c, at);
}
