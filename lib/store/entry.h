/*
 * What waits to be written: one entry for each thing the store was asked to record, with copies of
 * everything in it, and queues of them in the order of the asking.
 *
 * Three classes: an intent has somebody waiting for it, and is never dropped; what a restart must
 * know (ends of intents, nodes that were ready, pauses) is tried again after a failure; history is
 * dropped when there is too much of it.
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "control/effect.h"
#include "control/intent.h"
#include "control/signal.h"
#include "store/store.h"

enum entry_type {
    ENTRY_INTENT,
    ENTRY_CLOSE,
    ENTRY_SERVED,
    ENTRY_PAUSED,
    ENTRY_SAMPLE,
    ENTRY_DECISION,
    ENTRY_COST,
};

#define WHO_MAX 64

/* The struct of each type starts with this one. */
struct entry {
    struct entry *next;
    enum entry_type type;
    size_t bytes;
    int64_t wall_ns;
};

struct entry_intent { /* ENTRY_INTENT, ENTRY_CLOSE */
    struct entry entry;
    struct intent intent;
    store_written_cb *done; /* ENTRY_INTENT */
    void *ctx;
    bool refused; /* its number is taken by another token */
};

struct entry_served {
    struct entry entry;
    uint64_t number;
    store_written_cb *done; /* may be NULL */
    void *ctx;
};

struct entry_paused {
    struct entry entry;
    char pool[POOL_NAME_MAX];
    char who[WHO_MAX];
    bool paused;
};

struct entry_sample {
    struct entry entry;
    char pool[POOL_NAME_MAX];
    struct sample sample;
};

struct entry_decision {
    struct entry entry;
    char pool[POOL_NAME_MAX];
    uint64_t number;
    int64_t before, desired;
    bool held;
    uint16_t dropped; /* steps that the trail had no room for */
    uint16_t len;
    struct trail_step steps[]; /* as many as there are: a whole trail is 6 KiB */
};

struct entry_cost {
    struct entry entry;
    char pool[POOL_NAME_MAX];
    int64_t usd_micro;
    double node_hours;
};

/* NULL: out of memory. */
struct entry *entry_intent(enum entry_type type, const struct intent *intent, int64_t wall_ns);
struct entry *entry_served(uint64_t number);
struct entry *entry_paused(const char *pool, bool paused, const char *who, int64_t wall_ns);
struct entry *entry_sample(const char *pool, int64_t wall_ns, const struct sample *sample);
struct entry *entry_decision(const char *pool, const struct decision *decision);
struct entry *entry_cost(const char *pool, int64_t wall_ns, int64_t usd_micro, double node_hours);

static inline bool entry_is_history(const struct entry *entry)
{
    return entry->type >= ENTRY_SAMPLE;
}

/* {0} is empty. */
struct entry_queue {
    struct entry *head, *tail;
    size_t len;
    size_t history_bytes;
};

void entry_queue_add(struct entry_queue *queue, struct entry *take_entry);
/* NULL when empty. */
struct entry *entry_queue_take(struct entry_queue *queue);
/* Puts all of `front` before all of `queue`; `front` is empty then. */
void entry_queue_put_back(struct entry_queue *queue, struct entry_queue *front);
void entry_queue_release(struct entry_queue *queue);

#endif
