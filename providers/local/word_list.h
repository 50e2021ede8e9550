/* A growing list of owned texts: a command line or an environment in the making. */
#ifndef PROVIDERS_LOCAL_WORD_LIST_H
#define PROVIDERS_LOCAL_WORD_LIST_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct word_list {
    VEC(char *) all; /* owned */
};

void word_list_release(struct word_list *words);

/* Append a copy; 0 or MUSTER_E_NOMEM. */
int word_list_add(struct word_list *words, const char *word, struct error *err);
int word_list_addf(struct word_list *words, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The texts, still owned by the list, as exec wants them: ending with NULL. The array is the
 * caller's to free; NULL: out of memory. */
char **word_list_array(const struct word_list *words);

#endif
