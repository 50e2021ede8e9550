#include "store/entry.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void *entry_new(enum entry_type type, size_t bytes, int64_t wall_ns)
{
    struct entry *entry = calloc(1, bytes);
    if (entry)
        *entry = (struct entry){ .type = type, .bytes = bytes, .wall_ns = wall_ns };
    return entry;
}

struct entry *entry_intent(enum entry_type type, const struct intent *intent, int64_t wall_ns)
{
    struct entry_intent *e = entry_new(type, sizeof(*e), wall_ns);
    if (!e)
        return NULL;
    e->intent = *intent;
    return &e->entry;
}

struct entry *entry_served(uint64_t number)
{
    struct entry_served *e = entry_new(ENTRY_SERVED, sizeof(*e), 0);
    if (!e)
        return NULL;
    e->number = number;
    return &e->entry;
}

struct entry *entry_paused(const char *pool, bool paused, const char *who, int64_t wall_ns)
{
    struct entry_paused *e = entry_new(ENTRY_PAUSED, sizeof(*e), wall_ns);
    if (!e)
        return NULL;
    str_copy_c(e->pool, sizeof(e->pool), pool);
    str_copy_c(e->who, sizeof(e->who), who);
    e->paused = paused;
    return &e->entry;
}

struct entry *entry_sample(const char *pool, int64_t wall_ns, const struct sample *sample)
{
    struct entry_sample *e = entry_new(ENTRY_SAMPLE, sizeof(*e), wall_ns);
    if (!e)
        return NULL;
    str_copy_c(e->pool, sizeof(e->pool), pool);
    e->sample = *sample;
    return &e->entry;
}

struct entry *entry_decision(const char *pool, const struct decision *decision)
{
    const struct trail *trail = &decision->trail;
    size_t steps = trail->len * sizeof(trail->steps[0]);
    struct entry_decision *e = entry_new(ENTRY_DECISION, sizeof(*e) + steps, decision->at_wall_ns);
    if (!e)
        return NULL;
    str_copy_c(e->pool, sizeof(e->pool), pool);
    e->number = decision->number;
    e->before = decision->desired_before;
    e->desired = decision->desired;
    e->held = decision->held;
    e->dropped = trail->dropped;
    e->len = trail->len;
    memcpy(e->steps, trail->steps, steps);
    return &e->entry;
}

struct entry *entry_cost(const char *pool, int64_t wall_ns, int64_t usd_micro, double node_hours)
{
    struct entry_cost *e = entry_new(ENTRY_COST, sizeof(*e), wall_ns);
    if (!e)
        return NULL;
    str_copy_c(e->pool, sizeof(e->pool), pool);
    e->usd_micro = usd_micro;
    e->node_hours = node_hours;
    return &e->entry;
}

void entry_queue_add(struct entry_queue *queue, struct entry *take_entry)
{
    take_entry->next = NULL;
    if (queue->tail)
        queue->tail->next = take_entry;
    else
        queue->head = take_entry;
    queue->tail = take_entry;
    queue->len++;
    if (entry_is_history(take_entry))
        queue->history_bytes += take_entry->bytes;
}

struct entry *entry_queue_take(struct entry_queue *queue)
{
    struct entry *entry = queue->head;
    if (!entry)
        return NULL;
    queue->head = entry->next;
    if (!queue->head)
        queue->tail = NULL;
    queue->len--;
    if (entry_is_history(entry))
        queue->history_bytes -= entry->bytes;
    entry->next = NULL;
    return entry;
}

void entry_queue_put_back(struct entry_queue *queue, struct entry_queue *front)
{
    if (!front->head)
        return;
    front->tail->next = queue->head;
    if (!queue->tail)
        queue->tail = front->tail;
    queue->head = front->head;
    queue->len += front->len;
    queue->history_bytes += front->history_bytes;
    *front = (struct entry_queue){ 0 };
}

void entry_queue_release(struct entry_queue *queue)
{
    for (struct entry *entry; (entry = entry_queue_take(queue));)
        free(entry);
}
