/*
 * What can happen to the core. Everything in an event is borrowed for the length of control_step,
 * except what is named take_.
 *
 * Every event carries both clocks: now_ns never goes back from one event to the next; wall_ns is for
 * schedules and records only and may jump.
 */
#ifndef CONTROL_EVENT_H
#define CONTROL_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/intent.h"
#include "control/node.h"
#include "control/signal.h"
#include "control/spec.h"

enum event_type {
    EVENT_RECOVERED,      /* the journal was read; first event of a life */
    EVENT_POLICY,         /* a policy file was read, or read again */
    EVENT_POLICY_REMOVED, /* its file is gone: retire the pool */
    EVENT_POLICIES,       /* the policy directory was read to its end */
    EVENT_TICK,           /* time passed: every pool is looked at */
    EVENT_SAMPLE,
    EVENT_SAMPLE_FAILED,
    EVENT_LISTING, /* a complete listing of one inventory, or of what places of it were seen */
    EVENT_LISTING_FAILED, /* also: a listing that is cut short in an unknown place; never used */
    EVENT_INTENT_WRITTEN, /* the journal has it on disk */
    EVENT_INTENT_LOST,    /* the journal could not write it: nothing was sent, nothing will be */
    EVENT_LAUNCHED,       /* answer to a launch: 0..count nodes */
    EVENT_LAUNCH_FAILED,  /* error code by remedy; MUSTER_E_UNKNOWN: no answer */
    EVENT_TERMINATED,
    EVENT_TERMINATE_FAILED,
    EVENT_HEARTBEAT,
    EVENT_PRICE,        /* what an offer costs now */
    EVENT_INTERRUPTION, /* the cloud said something of a machine's end */
    EVENT_PAUSE,        /* a person: pool, or "" for all pools */
    EVENT_RESUME,
    EVENT_DRAIN, /* a person: drain this node */
};

enum listed_state {
    LISTED_PENDING,
    LISTED_RUNNING,
    LISTED_STOPPING,
    LISTED_GONE,
    /* The cloud ended it and keeps what is left (and is paid for that) until it is given back: its
     * worker is certainly gone. A machine that a person stopped is not of this kind. */
    LISTED_ENDED,
    /* No machine (the id is ""): `place` could not be seen. Its machines are unknown, not gone. */
    LISTED_UNSEEN,
};

#define PLACE_NAME_MAX 32

/* One machine as a provider lists it; only machines that carry our controller's tag are given. */
struct listed_node {
    char id[NODE_ID_MAX];
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX]; /* from its tag; "" if it has none */
    char token[TOKEN_MAX];      /* the launch intent's token, from its tag; "" if it has none */
    char place[PLACE_NAME_MAX]; /* the part of the inventory it is in, where parts can fail alone: a
                                   zone; "" where they cannot */
    enum listed_state state;
    int64_t slots;           /* from its tag; 0: unknown */
    int64_t price_usd_micro; /* of this very machine, per hour; 0: what its offer costs */
    int64_t age_ns;          /* since it was created, by the provider's clock; -1: unknown */
    bool interrupted;        /* the cloud has given notice of its end */
};

enum beat_state { BEAT_BOOTING, BEAT_READY, BEAT_DRAINING, BEAT_DRAINED };

struct heartbeat {
    char node[NODE_ID_MAX];
    enum beat_state state;
    uint64_t seq;  /* grows with every heartbeat of one boot; a repeated or older one is ignored */
    int64_t slots; /* 0: not told */
    int64_t busy;  /* slots, BUSY_UNKNOWN */
    int64_t idle_ns; /* since its last activity; -1: unknown */
    double served;   /* jobs finished since the last heartbeat, 0 if not told */
    int64_t served_mean_ns;
    char version[NODE_VERSION_MAX];
    bool interrupted; /* the node saw the cloud's notice itself */
    bool rebalance;   /* and its recommendation to replace it */
};

/* What the cloud says of a machine's end. */
enum notice {
    NOTICE_TAKEN_BACK, /* it will be taken back in minutes, or less */
    NOTICE_REBALANCE,  /* it is likely to be: better replace it soon */
    NOTICE_ENDED,      /* it is stopping, or has: the listing will tell */
};

/* Where a pool has bought: its machines may be there, even if no policy buys there any more. */
struct bought_at {
    const char *pool;
    const char *inventory;
    /* When the last launch there that gave machines was closed; 0: none was. One that is open counts
     * in the tables, but a machine of one that is closed may not be listed yet. */
    int64_t done_wall_ns;
};

struct event {
    enum event_type type;
    int64_t now_ns;
    int64_t wall_ns;
    union {
        struct {
            const struct intent
                *open; /* neither done nor failed when the journal was written last */
            size_t open_len;
            uint64_t last_number;      /* the highest number ever used */
            const char *journal;       /* the journal's random id */
            const char *const *paused; /* pools; "" stands for all */
            size_t paused_len;
            /* Every pool and inventory that a launch was ever journalled for, once each. */
            const struct bought_at *places;
            size_t places_len;
        } recovered;
        struct {
            struct pool_spec *take_spec;
        } policy;
        struct {
            /*
             * Every file was read without an error. Only then are machines of a pool that no file
             * describes drained: a file that cannot be read must not cost the pool its machines.
             */
            bool complete;
        } policies;
        struct {
            const char *pool;
        } policy_removed, pause, resume;
        struct {
            const char *pool;
            const struct sample *sample;
        } sample;
        struct {
            const char *pool;
            const char *text;
        } sample_failed;
        struct {
            const char *inventory;
            const struct listed_node *nodes;
            size_t len;
            int64_t asked_ns; /* boot clock: when the listing was asked for */
        } listing;
        struct {
            const char *inventory;
            int code;
            const char *text;
        } listing_failed;
        struct {
            uint64_t number;
            const char *text; /* intent_lost: why */
        } intent;
        struct {
            uint64_t number;
            const char (*ids)[NODE_ID_MAX];
            size_t len;
            int code; /* launch_failed, terminate_failed; launched short: why not all, or 0 */
            const char *text;
        } result;
        struct {
            const char *pool;
            const char *offer;
            int64_t usd_micro; /* per node and hour */
        } price;
        struct heartbeat heartbeat;
        struct {
            const char *node;
        } drain;
        struct {
            const char *node;
            enum notice what;
        } interruption;
    };
};

#endif
