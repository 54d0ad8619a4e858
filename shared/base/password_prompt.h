/* A password that a command is given: never as an argument, which every user of the machine
 * sees. */
#ifndef GROUNDNUT_BASE_PASSWORD_PROMPT_H
#define GROUNDNUT_BASE_PASSWORD_PROMPT_H

#include <stdbool.h>

enum { PASSWORD_PROMPT_MAX = 256 };

/* One line of 1 to 256 bytes from stdin, asked twice on a terminal. False after saying what was
 * wrong. */
bool password_prompt_read(char out[PASSWORD_PROMPT_MAX + 1]);

#endif
