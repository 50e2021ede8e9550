/*
 * Carries the core's effects out for real: the loop's one timer, the queue sources, the store, an
 * executor (live or dry-run), the policy directory. Answers come back as events.
 *
 * Everything happens on the loop's thread. runtime_new reads the journal and gives the core its first
 * event; runtime_start reads the policies and starts the clock.
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include <uv.h>

#include "control/control.h"
#include "runtime/books.h"
#include "runtime/executor.h"
#include "runtime/kinds.h"
#include "runtime/policy_dir.h"
#include "runtime/timing.h"
#include "store/store.h"

struct aws_client;
struct aws_settings;
struct gcp_client;
struct gcp_settings;
struct http_client;
struct runtime;

/* All borrowed; they live longer than the runtime. */
struct runtime_options {
    uv_loop_t *loop;
    struct log *log;
    const struct clock *clock;
    struct store *store;
    struct http_client *http;
    struct aws_client *aws; /* NULL: none */
    const struct aws_settings *aws_settings;
    struct gcp_client *gcp; /* the same for Google Cloud */
    const struct gcp_settings *gcp_settings;
    const struct kinds *kinds;
    const struct provider_env *provider_env;
    struct control_options control;
    const char *policies; /* directory */
    bool dry_run;
    const char *record;         /* file to record to; NULL: none */
    void (*stopped)(void *ctx); /* after runtime_stop: nothing is in flight any more */
    void *ctx;
};

int runtime_new(const struct runtime_options *options, struct runtime **ret, struct error *err);
void runtime_start(struct runtime *r);

/* Takes no new decision, waits for what is in flight (at most 10 s), then calls `stopped`. Nodes are
 * left running. */
void runtime_stop(struct runtime *r);

/* Takes NULL. What is in flight is dropped; a later life finds it by the journal and by listings. */
void runtime_free(struct runtime *r);

/* Looks at the policy directory again (SIGHUP). */
void runtime_reload(struct runtime *r);

/* An event from outside (a heartbeat, a person): adds the clocks, steps the core, carries out what
 * follows. */
int runtime_submit(struct runtime *r, struct event *ev, struct error *err);

/*
 * What a heartbeat is answered with, right after runtime_submit took it: as control_beat_reply, but a
 * node may not run its worker before the journal has on disk that it may; it asks again soon. In a dry
 * run real nodes are always told to go on.
 */
struct beat_reply runtime_beat_reply(struct runtime *r, const char *node);

const struct control *runtime_control(const struct runtime *r);

struct runtime_view {
    uint64_t generation; /* grows with every step */
    const char *mode;    /* "live", "dry-run" */
    int64_t started_ns, started_wall_ns;
    int64_t ticked_ns; /* end of the last tick that succeeded; 0: none yet */
    int64_t tick_ns;   /* the period */
    const struct timing *tick, *lateness;
    const struct policy_dir *policies;
    const struct books *books;     /* of a dry run; NULL: none */
    const struct notices *notices; /* NULL: none */
};
void runtime_look(const struct runtime *r, struct runtime_view *ret);

#endif
