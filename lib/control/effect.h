/*
 * What the core wants done. An effect borrows from the core's state: carry it out, or copy what it
 * needs, before the next control_step.
 *
 * EFFECT_LAUNCH and EFFECT_TERMINATE are made in one place only (control/gate.c), after the journal
 * has acknowledged the intent.
 */
#ifndef CONTROL_EFFECT_H
#define CONTROL_EFFECT_H

#include <stdint.h>

#include "base/log.h"
#include "base/vec.h"
#include "control/intent.h"
#include "control/trail.h"

enum effect_type {
    EFFECT_POLL,         /* ask the pool's queue; answer: EVENT_SAMPLE or EVENT_SAMPLE_FAILED */
    EFFECT_LIST,         /* list an inventory; answer: EVENT_LISTING or EVENT_LISTING_FAILED */
    EFFECT_WRITE_INTENT, /* journal it durably; answer: EVENT_INTENT_WRITTEN or EVENT_INTENT_LOST */
    EFFECT_CLOSE_INTENT, /* journal how it ended; no answer (a lost one is found out by listing) */
    EFFECT_LAUNCH,       /* answer: EVENT_LAUNCHED or EVENT_LAUNCH_FAILED, possibly never */
    EFFECT_TERMINATE,    /* answer: EVENT_TERMINATED or EVENT_TERMINATE_FAILED, possibly never */
    /*
     * Journal that a node of this launch may be working from now on; no answer. Who carries it out
     * must not let the node run (beat_reply.run) before that is durable.
     */
    EFFECT_SERVED,
    EFFECT_PAUSED,   /* journal that the pool ("" all) is paused, or no longer; no answer */
    EFFECT_DECISION, /* a decision that changed something, for history and log */
    EFFECT_COST,     /* add to the cost ledger */
    EFFECT_NOTE,     /* something a person may want to know; once, not at every tick */
};

struct decision {
    int64_t at_ns, at_wall_ns;
    uint64_t number;        /* counts this pool's decisions */
    int64_t desired_before; /* slots */
    int64_t desired;
    bool held; /* the signal is unknown: capacity was held */
    struct trail trail;
};

#define NOTE_MAX 256

struct effect {
    enum effect_type type;
    union {
        struct {
            const char *pool;
        } poll;
        struct {
            const char *inventory;
        } list;
        const struct intent *intent; /* write, close, launch, terminate */
        struct {
            uint64_t number;
        } served;
        struct {
            const char *pool;
            bool paused;
        } paused;
        struct {
            const char *pool;
            const struct decision *decision;
        } decision;
        struct {
            const char *pool;
            int64_t usd_micro; /* spent since the last such effect */
            double node_hours;
        } cost;
        struct {
            enum log_level level;
            const char *pool; /* "" for none */
            char text[NOTE_MAX];
        } note;
    };
};

struct effect_list {
    VEC(struct effect) all;
};

void effect_list_clear(struct effect_list *list);
void effect_list_release(struct effect_list *list);

#endif
