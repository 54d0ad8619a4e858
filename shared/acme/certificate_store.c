/*
 * Each call builds the path of one file, and reads it or replaces it whole (file.h). When that
 * fails, it makes a sentence that names the file. Each write first makes the directories. An absent
 * certificate is UV_ENOENT, an absent schedule is empty, and an absent account's key is made.
 */
#include "shared/acme/certificate_store.h"

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/base/file.h"
#include "shared/base/mem.h"
#include "shared/base/text.h"

#include <errno.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_MAX = 512 * 1024,
	DIRECTORY_MODE = 0700,
	FILE_MODE = 0600,
	HASH_SHOWN = 4,
	HASH_LONG = 16,
	NAME_MOST = 180
};

struct certificate_store {
	char *dir, *directory;
};

/* Returns the CA's host, for people, and a part of the URL's hash, because a CA may have several
 * directories. */
static char *directory_name(const char *url)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char hex[2 * HASH_SHOWN + 1];
	const char *host = strstr(url, "://");
	host = host ? host + 3 : url;
	SHA256((const uint8_t *)url, strlen(url), digest);
	text_hex(digest, HASH_SHOWN, hex);
	return mem_printf("%.*s-%s", (int)strcspn(host, ":/?"), host, hex);
}

struct certificate_store *certificate_store_new(const char *state_dir, const char *directory)
{
	struct certificate_store *s = mem_zalloc(sizeof(*s));
	char *name = directory_name(directory);
	s->dir = mem_printf("%s/acme/%s", state_dir, name);
	s->directory = mem_strdup(directory);
	mem_free(name);
	return s;
}

void certificate_store_free(struct certificate_store *s)
{
	if (!s)
		return;
	mem_free(s->dir);
	mem_free(s->directory);
	mem_free(s);
}

/* Returns the path of a file. Characters that could lead out of the directory, and '*' and ':',
 * become '_'. A file's name may have 255 bytes, including what file_replace() adds, so a long name
 * is cut and gets a part of its hash. */
static char *path_of(const struct certificate_store *s, const char *name, const char *end)
{
	char hash[2 * HASH_LONG + 2] = "";
	size_t len = strlen(name);
	if (len > NAME_MOST) {
		uint8_t digest[SHA256_DIGEST_LENGTH];
		SHA256((const uint8_t *)name, len, digest);
		hash[0] = '-';
		text_hex(digest, HASH_LONG, hash + 1);
	}
	char *path = mem_printf("%s/%.*s%s%s", s->dir, NAME_MOST, name, hash, end);
	for (char *p = path + strlen(s->dir) + 1; *p; p++)
		if (*p == '/' || *p == '*' || *p == ':')
			*p = '_';
	return path;
}

char *certificate_store_path(const struct certificate_store *s, const char *name)
{
	return path_of(s, name, ".pem");
}

/* Makes *why for an error rc; words: the reason, or NULL for the text of rc. Frees path. */
static int tell(int rc, char *path, const char *words, char **why)
{
	*why = rc < 0 ? mem_printf("%s: %s", path, words ? words : err_text(rc)) : NULL;
	mem_free(path);
	return rc;
}

static int write_file(struct certificate_store *s, char *path, const void *p, size_t len,
		      char **why)
{
	int rc = file_make_dirs(s->dir, DIRECTORY_MODE);
	if (rc == 0)
		rc = file_replace(path, p, len, FILE_MODE, false);
	return tell(rc, path, NULL, why);
}

static void free_secret(char *text, size_t len)
{
	if (text)
		mem_wipe(text, len);
	mem_free(text);
}

/* --- the account --- */

static int new_account_key(struct certificate_store *s, struct p256 *key, char *path, char **why)
{
	p256_new(key);
	char *text = p256_text(key);
	int rc = write_file(s, path, text, strlen(text), why);
	free_secret(text, strlen(text));
	return rc;
}

/* NULL when the file cannot be read or belongs to another directory: the CA is asked again. */
static char *read_account_url(struct certificate_store *s)
{
	char *path = path_of(s, "account", ".json"), *text, *url = NULL;
	const char *directory = "", *account = "";
	size_t len;
	if (file_read(path, FILE_MAX, &text, &len) == 0) {
		struct conf *c = conf_parse("account.json", text, len, true);
		struct conf_at root = conf_root(c);
		if (conf_str(root, "directory", &directory) &&
		    conf_str(root, "account", &account) && strcmp(directory, s->directory) == 0)
			url = mem_strdup(account);
		conf_free(c);
		mem_free(text);
	}
	mem_free(path);
	return url;
}

int certificate_store_account(struct certificate_store *s, struct p256 *key, char **url, char **why)
{
	char *path = path_of(s, "account", ".key"), *text;
	size_t len;
	*url = NULL;
	int rc = file_read(path, FILE_MAX, &text, &len);
	if (rc == -ENOENT)
		return new_account_key(s, key, path, why);
	if (rc < 0)
		return tell(rc, path, NULL, why);
	rc = p256_parse(text, len, key);
	free_secret(text, len);
	if (rc == 0)
		*url = read_account_url(s);
	return tell(rc, path, "holds no private key of P-256", why);
}

int certificate_store_set_account(struct certificate_store *s, const char *url, char **why)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, true);
	json_open(&w, NULL, '{');
	json_str(&w, "directory", s->directory);
	json_str(&w, "account", url);
	json_close(&w);
	buf_puts(&text, "\n");
	int rc =
	    write_file(s, path_of(s, "account", ".json"), buf_data(&text), buf_len(&text), why);
	buf_fini(&text);
	return rc;
}

/* --- certificates --- */

int certificate_store_read(struct certificate_store *s, const char *name, const char *const *names,
			   size_t count, struct certificate *out, struct p256 *key, char **why)
{
	char *path = certificate_store_path(s, name), *text;
	char words[CERTIFICATE_WORDS] = "holds no private key of P-256";
	size_t len;
	memset(out, 0, sizeof(*out));
	int rc = file_read(path, FILE_MAX, &text, &len);
	if (rc < 0)
		return tell(rc, path, NULL, why);
	rc = ERR_CERTIFICATE;
	if (p256_parse(text, len, key) == 0)
		rc = certificate_init(out, text, len, key, names, count, words);
	free_secret(text, len);
	return tell(rc, path, words, why);
}

int certificate_store_write(struct certificate_store *s, const char *name,
			    const struct certificate *c, const struct p256 *key, char **why)
{
	struct buf text = BUF_INIT;
	char *pem = p256_text(key);
	buf_puts(&text, pem);
	buf_puts(&text, c->chain);
	int rc =
	    write_file(s, certificate_store_path(s, name), buf_data(&text), buf_len(&text), why);
	free_secret(pem, strlen(pem));
	mem_wipe(text.base, text.cap);
	buf_fini(&text);
	return rc;
}

/* --- schedules --- */

void certificate_store_read_schedule(struct certificate_store *s, const char *name,
				     struct certificate_schedule *out)
{
	char *path = path_of(s, name, ".schedule"), *text;
	size_t len;
	memset(out, 0, sizeof(*out));
	if (file_read(path, FILE_MAX, &text, &len) == 0) {
		struct conf *c = conf_parse(path, text, len, true);
		certificate_schedule_read(conf_root(c), out);
		conf_free(c);
		mem_free(text);
	}
	mem_free(path);
}

int certificate_store_write_schedule(struct certificate_store *s, const char *name,
				     const struct certificate_schedule *schedule, char **why)
{
	struct buf text = BUF_INIT;
	struct json w = json_into(&text, true);
	certificate_schedule_write(schedule, &w);
	buf_puts(&text, "\n");
	int rc = write_file(s, path_of(s, name, ".schedule"), buf_data(&text), buf_len(&text), why);
	buf_fini(&text);
	return rc;
}

void certificate_store_remove(struct certificate_store *s, const char *name)
{
	static const char *const ends[] = {".pem", ".schedule"};
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *path = path_of(s, name, ends[i]);
		unlink(path);
		mem_free(path);
	}
}
