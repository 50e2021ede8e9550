/* Kinds and states of intents as they stand in the state file. A file lives longer than a program:
 * these words never change, whatever those shown to people are. */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include <stdbool.h>

#include "control/intent.h"

const char *words_kind(enum intent_kind kind);
const char *words_state(enum intent_state state);
/* false: no such word. */
bool words_read_kind(const char *word, enum intent_kind *ret);
bool words_read_state(const char *word, enum intent_state *ret);

#endif
