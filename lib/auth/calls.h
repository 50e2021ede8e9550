/*
 * What the clients of all clouds do alike: calls wait for their turn (urgency, then age), for a token of
 * their bucket, for credentials and for the end of a pause; at most CALLS_IN_FLIGHT are under way; a
 * failure is tried again within a budget, with full jitter; a refusal for its credentials is tried again
 * once. What is sent, how an answer is read and what credentials are is the client's (struct calls_ops).
 *
 * The client's own call begins with a struct call. Its callers are only ever called from the loop, by
 * http's callback, or by the timer for calls that fail without having been sent.
 */
#ifndef AUTH_CALLS_H
#define AUTH_CALLS_H

#include <stdbool.h>

#include <uv.h>

#include "auth/call_limits.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/rng.h"
#include "net/http_client.h"

#define CALLS_IN_FLIGHT 32
#define CALLS_URGENCIES 3

struct calls;

struct call {
    const void *ctx;        /* the caller's, for calls_drop */
    const char *service;    /* whose retry budget is drawn on; as long as the call */
    unsigned urgency;       /* 0 .. CALLS_URGENCIES - 1; 0 goes first */
    size_t resource_tokens; /* see struct call_limit */
    bool repeatable;        /* may be sent again when nobody knows whether it arrived */
    bool open;              /* goes without credentials */
    /* So long it may wait for its turn; when that would take longer it is MUSTER_E_THROTTLED at once, and
     * will not be sent. 0: as long as it takes. */
    int64_t wait_max_ns;
    /* The engine's: */
    struct calls *calls;
    struct call *next, *before;
    struct http_call *http;          /* while it is under way */
    int attempt;                     /* tries so far */
    bool refreshed;                  /* credentials or clock were renewed for it */
    bool in_doubt;                   /* one of the tries may have been carried out */
    double spent;                    /* of the retry budget */
    int64_t asked_ns, not_before_ns; /* boot time */
    struct error failure;
};

struct calls_ops {
    const char *cloud; /* "AWS": for people */
    /* The buckets that a call takes from. */
    int (*limit)(struct call *call, int64_t now_ns, struct call_limit **ret, struct error *err);
    /* Sends it by http_call with `done` and `call` as its ctx. credentials: as calls_ready got them. */
    int (*send)(struct call *call, const void *credentials, http_done_cb *done, struct error *err);
    /* Reads an answer: err->code is 0 on entry and the remedy on return; keeps what deliver needs. */
    void (*read)(struct call *call, const struct http_response *http, struct error *err);
    /* No answer came: puts in front of the text what was asked. */
    void (*name)(const struct call *call, struct error *err);
    /* Was this answer a refusal that new credentials (or the right time) may heal? Then sees to them. */
    bool (*refused)(struct call *call, const struct http_response *http);
    /* Which of a limit's buckets refused? May be NULL: requests. */
    bool (*refused_resources)(const struct error *err);
    /* Asks for credentials; calls_ready answers, at once or later, exactly once. */
    void (*fetch)(struct calls *calls);
    /* The call's end: tells the caller and frees it. answered: `read` read this try's answer. */
    void (*deliver)(struct call *call, bool answered, const struct error *err);
    void (*free)(struct call *call);
};

struct call_list {
    struct call *first, *last;
};

struct calls {
    const struct calls_ops *ops;
    struct log *log;
    const struct clock *clock;
    struct call_limits limits;
    int attempts_max; /* tries in all */
    /* The engine's: */
    struct rng rng;
    uv_timer_t timer;
    struct call_list waiting, flying, settled;
    size_t in_flight;
    uint64_t round;
    bool fetching, closed;
};

/* `calls` is zeroed memory, part of the client. */
void calls_init(struct calls *calls, const struct calls_ops *ops, uv_loop_t *loop, struct log *log,
                const struct clock *clock);
/* Drops all calls; `closed` (with data as the handle's) frees the client, from the loop. */
void calls_close(struct calls *calls, uv_close_cb on_closed, void *data);

/* Takes the call, whose part for the client is filled in. Never fails, never calls back at once. */
void calls_add(struct calls *calls, struct call *take_call);
/* Takes a call that needs no sending: it is delivered, unanswered, with this error or none. */
void calls_settle(struct calls *calls, struct call *take_call, const struct error *err);
/* Drops every call of this ctx. */
void calls_drop(struct calls *calls, const void *ctx);

/* Credentials are there (borrowed for the call), or there are none. */
void calls_ready(struct calls *calls, const void *credentials, const struct error *err);

/* Full jitter: anything up to base * 2^(attempt - 1), at most 20 s; base 1 s when throttled, else 50 ms. */
int64_t calls_pause_ns(struct rng *rng, int attempt, bool throttled);

/* The service's clock less what we took for the time, from the Date of an answer; 0: none in it, or off
 * by less than a minute. */
int64_t calls_clock_off_ns(struct str date, int64_t our_wall_ns);

#endif
