/*
 * Asking on a terminal turns echo off; signals are held meanwhile, so that the terminal echoes
 * again before one of them ends the process.
 */
#include "shared/base/password_prompt.h"

#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

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
static bool read_line(char out[PASSWORD_PROMPT_MAX + 1], const sigset_t *mask)
{
	size_t len = 0;
	for (;;) {
		char c;
		ssize_t n = read_byte(&c, mask);
		if (n < 0)
			return false;
		if (n == 0 || c == '\n')
			break;
		if (len == PASSWORD_PROMPT_MAX || c == 0)
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
static bool ask_once(const char *prompt, char out[PASSWORD_PROMPT_MAX + 1])
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
		mem_wipe(out, PASSWORD_PROMPT_MAX + 1);
		raise(caught == SIGTSTP ? SIGINT : caught);
	}
	return ok && !caught;
}

bool password_prompt_read(char out[PASSWORD_PROMPT_MAX + 1])
{
	char again[PASSWORD_PROMPT_MAX + 1];
	if (!isatty(STDIN_FILENO)) {
		if (read_line(out, NULL))
			return true;
		log_say("the password must be one line of 1 to %d bytes on standard input",
			PASSWORD_PROMPT_MAX);
		return false;
	}
	if (!ask_once("New password: ", out) || !ask_once("Once more: ", again)) {
		log_say("a password has 1 to %d bytes", PASSWORD_PROMPT_MAX);
		return false;
	}
	bool same = strcmp(out, again) == 0;
	mem_wipe(again, sizeof(again));
	if (!same)
		log_say("the two are not the same");
	return same;
}
