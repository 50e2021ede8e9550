#include "sim/agenda.h"

static bool before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

bool agenda_add(struct agenda *agenda, struct agenda_entry entry)
{
    entry.order = agenda->order;
    if (!vec_push(&agenda->heap, entry))
        return false;
    agenda->order++;
    struct agenda_entry *heap = agenda->heap.at;
    size_t i = agenda->heap.len - 1;
    while (i > 0 && before(&entry, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = entry;
    return true;
}

struct agenda_entry agenda_take(struct agenda *agenda)
{
    struct agenda_entry *heap = agenda->heap.at;
    struct agenda_entry first = heap[0];
    size_t len = --agenda->heap.len;
    const struct agenda_entry last = heap[len];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < len; i = child) {
        if (child + 1 < len && before(&heap[child + 1], &heap[child]))
            child++;
        if (!before(&heap[child], &last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return first;
}

void agenda_release(struct agenda *agenda)
{
    vec_release(&agenda->heap);
}
