#include "control/effect.h"

#include <stdio.h>

#include "control/state.h"

void effect_list_clear(struct effect_list *list)
{
    vec_clear(&list->all);
}

void effect_list_release(struct effect_list *list)
{
    vec_release(&list->all);
}

struct effect *effect_add(struct effect_list *out, enum effect_type type, struct error *err)
{
    struct effect effect = { .type = type };
    if (!vec_push(&out->all, effect)) {
        error_nomem(err);
        return NULL;
    }
    return &out->all.at[out->all.len - 1];
}

int note(struct effect_list *out, enum log_level level, const char *pool, struct error *err,
         const char *format, ...)
{
    struct effect *e = effect_add(out, EFFECT_NOTE, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->note.level = level;
    e->note.pool = pool;
    va_list args;
    va_start(args, format);
    vsnprintf(e->note.text, sizeof(e->note.text), format, args);
    va_end(args);
    return 0;
}
