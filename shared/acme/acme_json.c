/*
 * Each reader walks over one document with conf.h. The errors of conf name the place; the caller
 * gets the first one. Each text is checked where it is copied, so nothing later has to check it.
 */
#include "shared/acme/acme_json.h"

#include "shared/base/conf.h"
#include "shared/base/date.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <stdio.h>
#include <string.h>

enum {
	CHALLENGES_MAX = 32,
	SUBPROBLEMS_SHOWN = 2,
	/* bytes */
	DETAIL_SHOWN = 250,
	SUBDETAIL_SHOWN = 100,
	NAME_SHOWN = 60,
	TYPE_SHOWN = 20
};

/* Appends before and at most most - 1 bytes of words, without control characters. */
static void add_words(char *out, size_t cap, const char *before, const char *words, size_t most)
{
	char *harmless = text_harmless(words);
	size_t at = strlen(out), begun = strlen(before);
	if (at + begun + 1 < cap) {
		size_t room = cap - at - begun;
		memcpy(out + at, before, begun);
		text_fit(harmless, out + at + begun, most < room ? most : room);
	}
	mem_free(harmless);
}

static int finish(struct conf *c, char why[ACME_WORDS])
{
	bool ok = conf_ok(conf_root(c));
	why[0] = 0;
	if (!ok)
		add_words(why, ACME_WORDS, "", conf_error_text(c, 0), ACME_WORDS);
	conf_free(c);
	return ok ? 0 : ERR_SYNTAX;
}

bool acme_json_is_url(const char *text, const char *scheme)
{
	size_t len = strlen(text), begin = strlen(scheme);
	if (len >= ACME_URL || len <= begin || strncmp(text, scheme, begin) != 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}#", text[i]))
			return false;
	return text[begin] != '/';
}

static void take_url(struct conf_at at, const char *key, const char *scheme, char out[ACME_URL])
{
	const char *text = NULL;
	if (!conf_opt_str(at, key, &text) || !text)
		return;
	if (acme_json_is_url(text, scheme))
		snprintf(out, ACME_URL, "%s", text);
	else
		conf_error(at, key, "\"%.100s\" is no %s URL that can be used", text, scheme);
}

static void need_url(struct conf_at at, const char *key, const char *scheme, char out[ACME_URL])
{
	const char *text;
	if (conf_str(at, key, &text))
		take_url(at, key, scheme, out);
}

static void take_status(struct conf_at at, enum acme_status *out)
{
	static const struct {
		const char *word;
		enum acme_status status;
	} words[] = {{"pending", ACME_PENDING},       {"ready", ACME_READY},
		     {"processing", ACME_PROCESSING}, {"valid", ACME_VALID},
		     {"invalid", ACME_INVALID},       {"deactivated", ACME_GONE},
		     {"expired", ACME_GONE},          {"revoked", ACME_GONE}};
	const char *text = NULL;
	if (!conf_str(at, "status", &text))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i].word) == 0) {
			*out = words[i].status;
			return;
		}
	}
	conf_error(at, "status", "\"%.40s\" is no status", text);
}

/* --- problems --- */

/* Returns a member when it is a text, else NULL: an error in a problem document is no further
 * problem. */
static const char *text_in(struct conf_at at, const char *key)
{
	const char *text = NULL;
	if (at.value && conf_is_str(at, key))
		conf_opt_str(at, key, &text);
	return text && *text ? text : NULL;
}

static struct conf_at object_in(struct conf_at at, const char *key)
{
	return at.value && conf_has(at, key) ? conf_object(at, key) : (struct conf_at){0};
}

/* Appends "; for nas.example: what is wrong". */
static void add_subproblem(struct conf_at at, char words[ACME_WORDS])
{
	const char *detail = text_in(at, "detail"),
		   *name = text_in(object_in(at, "identifier"), "value");
	if (!detail)
		return;
	if (name)
		add_words(words, ACME_WORDS, "; for ", name, NAME_SHOWN);
	add_words(words, ACME_WORDS, name ? ": " : "; ", detail, SUBDETAIL_SHOWN);
}

static void read_problem(struct conf_at at, struct acme_problem *out)
{
	static const char ours[] = "urn:ietf:params:acme:error:";
	const char *type = text_in(at, "type"), *detail = text_in(at, "detail");
	if (type && strncmp(type, ours, sizeof(ours) - 1) == 0)
		add_words(out->type, sizeof(out->type), "", type + sizeof(ours) - 1, ACME_WORDS);
	add_words(out->words, ACME_WORDS, "", out->type, ACME_WORDS);
	if (detail)
		add_words(out->words, ACME_WORDS, out->type[0] ? ": " : "", detail, DETAIL_SHOWN);
	if (!at.value || !conf_is_list(at, "subproblems"))
		return;
	struct conf_at list = conf_list(at, "subproblems");
	for (size_t i = 0; i < conf_len(list) && i < SUBPROBLEMS_SHOWN; i++)
		add_subproblem(conf_item(list, i), out->words);
}

void acme_json_problem(unsigned status, const char *text, size_t len, struct acme_problem *out)
{
	struct conf *c = conf_parse("problem", text, len, true);
	memset(out, 0, sizeof(*out));
	if (conf_ok(conf_root(c)))
		read_problem(conf_root(c), out);
	if (!out->words[0])
		snprintf(out->words, ACME_WORDS, "HTTP status %u", status);
	conf_free(c);
}

static void take_error(struct conf_at at, char out[ACME_WORDS])
{
	struct acme_problem problem = {{0}, {0}};
	if (out[0] || !conf_has(at, "error"))
		return;
	read_problem(conf_object(at, "error"), &problem);
	memcpy(out, problem.words, ACME_WORDS);
}

/* --- the objects --- */

int acme_json_directory(const char *text, size_t len, const char *scheme,
			struct acme_directory *out, char why[ACME_WORDS])
{
	struct conf *c = conf_parse("directory", text, len, true);
	struct conf_at root = conf_root(c);
	memset(out, 0, sizeof(*out));
	need_url(root, "newNonce", scheme, out->new_nonce);
	need_url(root, "newAccount", scheme, out->new_account);
	need_url(root, "newOrder", scheme, out->new_order);
	take_url(root, "renewalInfo", scheme, out->renewal_info);
	struct conf_at meta = conf_object(root, "meta");
	conf_opt_bool(meta, "externalAccountRequired", &out->binding_required);
	return finish(c, why);
}

int acme_json_order(const char *text, size_t len, const char *scheme, struct acme_order *out,
		    char why[ACME_WORDS])
{
	struct conf *c = conf_parse("order", text, len, true);
	struct conf_at root = conf_root(c);
	memset(out, 0, sizeof(*out));
	take_status(root, &out->status);
	need_url(root, "finalize", scheme, out->finalize);
	take_url(root, "certificate", scheme, out->certificate);
	take_error(root, out->error);
	struct conf_at list = conf_list(root, "authorizations");
	if (conf_len(list) > ACME_NAMES)
		conf_error(root, "authorizations", "are more than %d", ACME_NAMES);
	for (size_t i = 0; i < conf_len(list) && i < ACME_NAMES; i++) {
		const char *url;
		if (!conf_item_str(list, i, &url))
			continue;
		if (acme_json_is_url(url, scheme))
			snprintf(out->authorizations[out->count++], ACME_URL, "%s", url);
		else
			conf_error_item(list, i, "\"%.100s\" is no %s URL that can be used", url,
					scheme);
	}
	return finish(c, why);
}

/* A token becomes part of a path and of a record, so only base64url is allowed. */
static bool is_token(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && len <= ACME_TOKEN &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") ==
		   len;
}

static void take_token(struct conf_at at, char out[ACME_TOKEN + 1])
{
	const char *text;
	if (!conf_str(at, "token", &text))
		return;
	if (is_token(text))
		snprintf(out, ACME_TOKEN + 1, "%s", text);
	else
		conf_error(at, "token", "is no token of base64url");
}

static void take_challenge(struct conf_at at, const char *scheme, const char *wanted,
			   struct acme_authorization *out)
{
	const char *type;
	if (!at.value || !conf_str(at, "type", &type))
		return;
	take_error(at, out->error);
	add_words(out->offered, sizeof(out->offered), out->offered[0] ? ", " : "", type,
		  TYPE_SHOWN);
	if (strcmp(type, wanted) != 0 || out->url[0])
		return;
	need_url(at, "url", scheme, out->url);
	take_status(at, &out->challenge_status);
	take_token(at, out->token);
}

int acme_json_authorization(const char *text, size_t len, const char *scheme, const char *challenge,
			    struct acme_authorization *out, char why[ACME_WORDS])
{
	struct conf *c = conf_parse("authorization", text, len, true);
	struct conf_at root = conf_root(c);
	const char *name = "";
	memset(out, 0, sizeof(*out));
	take_status(root, &out->status);
	conf_opt_bool(root, "wildcard", &out->wildcard);
	struct conf_at identifier = conf_object(root, "identifier");
	if (!conf_str(identifier, "value", &name) && root.value && !conf_has(root, "identifier"))
		conf_error(root, "identifier", "missing");
	if (strlen(name) >= sizeof(out->name))
		conf_error(identifier, "value", "is too long for a name");
	snprintf(out->name, sizeof(out->name), "%s", name);
	struct conf_at list = conf_list(root, "challenges");
	if (conf_len(list) > CHALLENGES_MAX)
		conf_error(root, "challenges", "are more than %d", CHALLENGES_MAX);
	for (size_t i = 0; i < conf_len(list) && i < CHALLENGES_MAX; i++)
		take_challenge(conf_item(list, i), scheme, challenge, out);
	return finish(c, why);
}

static void take_date(struct conf_at at, const char *key, uint64_t *out)
{
	const char *text;
	if (conf_str(at, key, &text) && date_parse(text, out) != 0)
		conf_error(at, key, "\"%.40s\" is no date", text);
}

int acme_json_renewal(const char *text, size_t len, struct acme_renewal *out, char why[ACME_WORDS])
{
	struct conf *c = conf_parse("renewal information", text, len, true);
	struct conf_at root = conf_root(c), window = conf_object(root, "suggestedWindow");
	memset(out, 0, sizeof(*out));
	if (root.value && !conf_has(root, "suggestedWindow"))
		conf_error(root, "suggestedWindow", "missing");
	take_date(window, "start", &out->start_ms);
	take_date(window, "end", &out->end_ms);
	if (conf_ok(root) && out->end_ms <= out->start_ms)
		conf_error(root, "suggestedWindow", "ends before it begins");
	return finish(c, why);
}
