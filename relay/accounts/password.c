/*
 * Stored passwords are "scrypt:N:r:p:salt:hash"; what does not read so is verified against a made
 * up one, so that it takes the same time. Asking on a terminal turns echo off; signals are held
 * meanwhile, so that the terminal echoes again before one of them ends the process.
 */
#include "relay/accounts/password.h"

#include "shared/base/err.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/random.h"
#include "shared/base/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

enum {
	LOG_N = 15,
	R = 8,
	P = 1,
	SALT = 16,
	HASH = 32,
	MAX_MEMORY = 64 << 20,
	CACHED = 1024,
	DIGEST = 32
};

struct parts {
	unsigned log_n, r, p;
	uint8_t salt[SALT], hash[HASH];
};

static bool derive(const char *password, const struct parts *from, uint8_t out[HASH])
{
	return EVP_PBE_scrypt(password, strlen(password), from->salt, SALT,
			      (uint64_t)1 << from->log_n, from->r, from->p, MAX_MEMORY, out,
			      HASH) == 1;
}

static bool take_apart(const char *text, struct parts *out)
{
	char salt[64], hash[64], rest;
	size_t salt_len = 0, hash_len = 0;
	if (sscanf(text, "scrypt:%2u:%2u:%2u:%63[A-Za-z0-9_-]:%63[A-Za-z0-9_-]%c", &out->log_n,
		   &out->r, &out->p, salt, hash, &rest) != 5)
		return false;
	/* What the memory limit allows, and nothing weaker than what was once thought fit. */
	if (out->log_n < 10 || out->log_n > LOG_N || out->r == 0 || out->r > R || out->p == 0 ||
	    out->p > 4)
		return false;
	return text_unbase64url(salt, out->salt, SALT, &salt_len) == 0 && salt_len == SALT &&
	       text_unbase64url(hash, out->hash, HASH, &hash_len) == 0 && hash_len == HASH;
}

int password_hash(const char *password, char out[PASSWORD_TEXT])
{
	struct parts parts = {.log_n = LOG_N, .r = R, .p = P};
	size_t len = strlen(password);
	if (len == 0 || len > PASSWORD_MAX)
		return ERR_RANGE;
	random_bytes(parts.salt, SALT);
	if (!derive(password, &parts, parts.hash))
		return ERR_RANGE;
	char salt[25], hash[45];
	text_base64url(parts.salt, SALT, salt);
	text_base64url(parts.hash, HASH, hash);
	snprintf(out, PASSWORD_TEXT, "scrypt:%u:%u:%u:%s:%s", parts.log_n, parts.r, parts.p, salt,
		 hash);
	return 0;
}

bool password_is_hash(const char *text)
{
	struct parts parts;
	return take_apart(text, &parts);
}

bool password_verify(const char *password, const char *hash)
{
	struct parts parts = {.log_n = LOG_N, .r = R, .p = P};
	uint8_t got[HASH];
	bool known = hash && take_apart(hash, &parts);
	if (!known)
		parts = (struct parts){.log_n = LOG_N, .r = R, .p = P};
	bool derived = derive(password, &parts, got);
	bool same = CRYPTO_memcmp(got, parts.hash, HASH) == 0;
	mem_wipe(got, sizeof(got));
	return known && derived && same;
}

/* With a mask, signals come in while it waits and at no other time: none is missed between a look
 * at `caught` and the reading. */
static ssize_t read_byte(char *c, const sigset_t *mask)
{
	fd_set input;
	FD_ZERO(&input);
	FD_SET(STDIN_FILENO, &input);
	if (mask && pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, mask) < 0)
		return -1;
	return read(STDIN_FILENO, c, 1);
}

/* One line without its end; false for none, an empty one, one that is too long or holds a NUL.
 * mask: read_byte()'s, or NULL. */
static bool read_line(char out[PASSWORD_MAX + 1], const sigset_t *mask)
{
	size_t len = 0;
	for (;;) {
		char c;
		ssize_t n = read_byte(&c, mask);
		if (n < 0)
			return false;
		if (n == 0 || c == '\n')
			break;
		if (len == PASSWORD_MAX || c == 0)
			return false;
		out[len++] = c;
	}
	if (len && out[len - 1] == '\r')
		len--;
	out[len] = 0;
	return len > 0;
}

static volatile sig_atomic_t caught; /* the signal that came while a password was asked for */

static void on_signal(int number)
{
	caught = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNALS = sizeof(signals) / sizeof(*signals) };

/* What was set for them before. */
struct signal_state {
	sigset_t mask;
	struct sigaction actions[SIGNALS];
};

/* They are caught, and wait until read_byte() lets them in. */
static void hold_signals(struct signal_state *before)
{
	const struct sigaction mine = {.sa_handler = on_signal};
	sigset_t held;
	sigemptyset(&held);
	for (int i = 0; i < SIGNALS; i++)
		sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &before->mask);
	caught = 0;
	for (int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &mine, &before->actions[i]);
}

/* One that still waits is caught first. */
static void release_signals(const struct signal_state *before)
{
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	for (int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
}

/* A signal ends the reading, and the process only once the terminal echoes again. */
static bool ask_once(const char *prompt, char out[PASSWORD_MAX + 1])
{
	struct signal_state theirs;
	struct termios before, quiet;
	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return false;
	hold_signals(&theirs);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	fputs(prompt, stderr);
	bool ok = read_line(out, &theirs.mask);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	release_signals(&theirs);
	if (caught) {
		mem_wipe(out, PASSWORD_MAX + 1);
		raise(caught == SIGTSTP ? SIGINT : caught);
	}
	return ok && !caught;
}

bool password_ask(char out[PASSWORD_MAX + 1])
{
	char again[PASSWORD_MAX + 1];
	if (!isatty(STDIN_FILENO)) {
		if (read_line(out, NULL))
			return true;
		log_say("the password must be one line of 1 to %d bytes on standard input",
			PASSWORD_MAX);
		return false;
	}
	if (!ask_once("New password: ", out) || !ask_once("Once more: ", again)) {
		log_say("a password has 1 to %d bytes", PASSWORD_MAX);
		return false;
	}
	bool same = strcmp(out, again) == 0;
	mem_wipe(again, sizeof(again));
	if (!same)
		log_say("the two are not the same");
	return same;
}

struct passwd_cache {
	uint8_t key[DIGEST];
	struct {
		uint8_t digest[DIGEST];
		uint64_t until_ms; /* 0: free */
	} entries[CACHED];
};

struct passwd_cache *password_cache_new(void)
{
	struct passwd_cache *c = mem_zalloc(sizeof(*c));
	random_bytes(c->key, sizeof(c->key));
	return c;
}

void password_cache_free(struct passwd_cache *c)
{
	if (!c)
		return;
	mem_wipe(c, sizeof(*c));
	mem_free(c);
}

/* Where an account's password stands depends on account and stored hash only, never on what was
 * presented. */
static size_t place_of(const struct passwd_cache *c, const char *account, const char *hash)
{
	uint8_t digest[DIGEST];
	unsigned len = 0;
	char *text = mem_printf("%s%c%s", account, '\n', hash);
	HMAC(EVP_sha256(), c->key, sizeof(c->key), (const uint8_t *)text, strlen(text), digest,
	     &len);
	mem_free(text);
	return ((size_t)digest[0] << 8 | digest[1]) % CACHED;
}

static void digest_of(const struct passwd_cache *c, const char *account, const char *hash,
		      const char *password, uint8_t out[DIGEST])
{
	unsigned len = 0;
	char *text = mem_printf("%s\n%s\n%s", account, hash, password);
	HMAC(EVP_sha256(), c->key, sizeof(c->key), (const uint8_t *)text, strlen(text), out, &len);
	mem_wipe(text, strlen(text));
	mem_free(text);
}

bool password_cache_has(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms)
{
	uint8_t digest[DIGEST];
	size_t at = place_of(c, account, hash);
	digest_of(c, account, hash, password, digest);
	return c->entries[at].until_ms > now_ms &&
	       CRYPTO_memcmp(c->entries[at].digest, digest, DIGEST) == 0;
}

void password_cache_put(struct passwd_cache *c, const char *account, const char *hash,
			const char *password, uint64_t now_ms)
{
	size_t at = place_of(c, account, hash);
	digest_of(c, account, hash, password, c->entries[at].digest);
	c->entries[at].until_ms = now_ms + PASSWORD_CACHE_MS;
}
