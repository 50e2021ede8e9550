#include "store/words.h"

#include <stddef.h>
#include <string.h>

static const char *const kinds[] = {
    [INTENT_LAUNCH] = "launch",
    [INTENT_TERMINATE] = "terminate",
};
static const char *const states[] = {
    [INTENT_PLANNED] = "planned", [INTENT_SENT] = "sent",     [INTENT_UNKNOWN] = "unknown",
    [INTENT_DONE] = "done",       [INTENT_FAILED] = "failed",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *words_kind(enum intent_kind kind)
{
    return kinds[kind];
}

const char *words_state(enum intent_state state)
{
    return states[state];
}

static bool find(const char *const *words, size_t len, const char *word, size_t *ret)
{
    for (size_t i = 0; word && i < len; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

bool words_read_kind(const char *word, enum intent_kind *ret)
{
    size_t i;
    if (!find(kinds, COUNT(kinds), word, &i))
        return false;
    *ret = (enum intent_kind)i;
    return true;
}

bool words_read_state(const char *word, enum intent_state *ret)
{
    size_t i;
    if (!find(states, COUNT(states), word, &i))
        return false;
    *ret = (enum intent_state)i;
    return true;
}
