/* Reads the password for a command. It is never an argument, because every user of the machine can
 * see arguments. */
#ifndef GROUNDNUT_BASE_PASSWORD_PROMPT_H
#define GROUNDNUT_BASE_PASSWORD_PROMPT_H

#include <stdbool.h>

enum { PASSWORD_PROMPT_MAX = 256 };

/* Reads one line of 1 to PASSWORD_PROMPT_MAX bytes from stdin; asks twice on a terminal. False
 * after saying what is wrong. */
bool password_prompt_read(char out[PASSWORD_PROMPT_MAX + 1]);

#endif
