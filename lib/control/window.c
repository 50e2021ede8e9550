#include "control/window.h"

#include <string.h>

static void drop_first(struct window *w, uint8_t count)
{
    w->len = (uint8_t)(w->len - count);
    memmove(w->entries, w->entries + count, w->len * sizeof(w->entries[0]));
}

/* Makes room for one entry: of the two nearest in time, the larger value stays, at the later time. */
static void merge_nearest(struct window *w)
{
    uint8_t nearest = 0;
    int64_t gap = INT64_MAX;
    for (uint8_t i = 0; i + 1 < w->len; i++) {
        int64_t here = w->entries[i + 1].at_ns - w->entries[i].at_ns;
        if (here < gap) {
            gap = here;
            nearest = i;
        }
    }
    w->entries[nearest + 1].value = w->entries[nearest].value;
    memmove(w->entries + nearest, w->entries + nearest + 1,
            (size_t)(w->len - nearest - 1) * sizeof(w->entries[0]));
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
        merge_nearest(w);
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
