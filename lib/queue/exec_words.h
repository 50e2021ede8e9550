/*
 * Splits a command into words without a shell: blanks separate, 'single' and "double" quotes hold
 * together, a backslash takes the next character as it is. What only a shell understands (pipes,
 * variables, wildcards, redirections) is refused when unquoted, instead of being handed to the
 * program as an odd argument.
 */
#ifndef QUEUE_EXEC_WORDS_H
#define QUEUE_EXEC_WORDS_H

#include "base/error.h"

struct exec_words {
    char **argv; /* NULL-terminated */
    char *bytes; /* what argv points into */
};

/* MUSTER_E_INVALID: an open quote, nothing at all, or something for a shell. */
int exec_words_split(const char *command, struct exec_words *ret, struct error *err);
void exec_words_release(struct exec_words *words);

#endif
