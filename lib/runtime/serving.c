#include "runtime/serving.h"

static size_t index_of(const struct serving *s, uint64_t number)
{
    size_t i = 0;
    while (i < s->entries.len && s->entries.at[i].number != number)
        i++;
    return i;
}

static void on_written(void *ctx, uint64_t number, const struct error *err)
{
    struct serving *s = ctx;
    size_t i = index_of(s, number);
    if (err->code == 0 && i < s->entries.len)
        vec_remove_swap(&s->entries, i);
}

static void ask(struct serving *s, struct serving_entry *entry)
{
    entry->asked = store_served(s->store, entry->number, on_written, s, NULL) == 0;
}

void serving_begin(struct serving *s, uint64_t number)
{
    struct serving_entry entry = { .number = number };
    /* Without memory for it the node runs unrecorded: a later life finds it by its heartbeats. */
    if (index_of(s, number) == s->entries.len && vec_push(&s->entries, entry))
        ask(s, &s->entries.at[s->entries.len - 1]);
}

bool serving_waits(struct serving *s, uint64_t number)
{
    size_t i = index_of(s, number);
    if (i == s->entries.len)
        return false;
    if (!s->entries.at[i].asked)
        ask(s, &s->entries.at[i]);
    return true;
}

void serving_release(struct serving *s)
{
    if (s->store)
        store_forget(s->store, s);
    vec_release(&s->entries);
}
