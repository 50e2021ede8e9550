#include "control/window.h"

#include <string.h>

static void drop_first(struct window *w, uint8_t count)
{
    w->len = (uint8_t)(w->len - count);
    memmove(w->entries, w->entries + count, w->len * sizeof(w->entries[0]));
}

/*
 * Makes room for one entry. The span is cut into 16 fixed stretches of time, so that two of 24 entries
 * are in the same one: of those two the larger value stays, at the later time. A value thus never
 * moves out of its stretch, however often it is merged.
 */
static void merge_one(struct window *w, int64_t span_ns)
{
    int64_t stretch_ns = span_ns / 16 > 0 ? span_ns / 16 : 1;
    uint8_t i = 0;
    while (i + 2 < w->len &&
           w->entries[i].at_ns / stretch_ns != w->entries[i + 1].at_ns / stretch_ns)
        i++;
    w->entries[i + 1].value = w->entries[i].value;
    memmove(w->entries + i, w->entries + i + 1, (size_t)(w->len - i - 1) * sizeof(w->entries[0]));
    w->len--;
}

void window_add(struct window *w, int64_t now_ns, int64_t span_ns, int64_t value)
{
    uint8_t old = 0;
    while (old < w->len && w->entries[old].at_ns < now_ns - span_ns)
        old++;
    drop_first(w, old);
    /* An older value that is not larger can never be the largest again. */
    while (w->len > 0 && w->entries[w->len - 1].value <= value)
        w->len--;
    if (w->len == WINDOW_MAX)
        merge_one(w, span_ns);
    w->entries[w->len++] = (struct window_entry){ now_ns, value };
}

int64_t window_max(const struct window *w, int64_t now_ns, int64_t span_ns)
{
    for (uint8_t i = 0; i < w->len; i++) {
        if (w->entries[i].at_ns >= now_ns - span_ns)
            return w->entries[i].value;
    }
    return INT64_MIN;
}
