/*
 * Splits a command line into words the way a shell does, and nothing more: blanks separate, 'single'
 * and "double" quotes and backslashes keep together. No variables, no globs, no redirection: who
 * wants those says `shell: yes`.
 */
#ifndef PROVIDERS_LOCAL_WORDS_H
#define PROVIDERS_LOCAL_WORDS_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct words {
    VEC(char *) all; /* owned */
};

void words_release(struct words *words);

/* Appends one copied word. */
int words_add(struct words *words, struct str word, struct error *err);

/* Appends the words of `text`; MUSTER_E_INVALID for a quote that is never closed. On failure `words`
 * may hold some of them. */
int words_split(struct str text, struct words *words, struct error *err);

#endif
