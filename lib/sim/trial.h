/*
 * Trials: several policies over the same work, each in its own run, side by side on all cores. What
 * `muster compare` and `muster tune` are made of.
 */
#ifndef SIM_TRIAL_H
#define SIM_TRIAL_H

#include "sim/cheapest.h"
#include "sim/run.h"

/* What all trials of a set share. */
struct trial_setting {
    /* Opens the work anew, for one run; called from several threads. */
    int (*open)(void *ctx, struct sim_work **ret, struct error *err);
    void *ctx;
    struct sim_options options; /* work is left out; promise_ns > 0 */
    int threads;                /* 0: as many as there are cores */
    /* Told from the caller's thread as runs end; may be NULL. */
    void (*progress)(void *ctx, size_t done, size_t all);
};

struct trial {
    struct pool_spec *spec; /* owned until it is run */
    bool kept; /* options.promise of the setting, at the share asked for; for the caller */
    int code;  /* how the run ended; 0: well */
    struct error err;
    struct sim_result result; /* when it ended well */
};

/* Runs them; trial->code tells of each. Fails only for lack of threads or memory. */
int trials_run(struct trial *trials, size_t len, const struct trial_setting *setting,
               struct error *err);
void trial_release(struct trial *trial);

/* ---- what people compare ---- */

struct trial_figures {
    double usd, usd_per_hour, usd_per_month, usd_per_1000;
    double hours;
    int64_t wait_p50_ns, wait_p95_ns, wait_p99_ns, wait_max_ns;
    double late; /* share */
    double nodes_mean;
    int64_t nodes_peak;
    double ratio; /* to the cheapest possible that is as late; NaN: unknown */
    double cheapest_usd;
};

/* cheapest may be NULL. */
int trial_figures(const struct trial *trial, struct cheapest *cheapest, struct trial_figures *ret,
                  struct error *err);

/* ---- promises: "p95 wait < 10m", "p99 done < 1h", "max wait < 30m"; "wait < 10m" means p95 ---- */

enum promise_of { PROMISE_WAIT, PROMISE_DONE };

struct promise {
    double quantile; /* 0..1; 1: the longest of all */
    enum promise_of of;
    int64_t limit_ns;
};

int promise_parse(struct str text, struct promise *ret, struct error *err);
void promise_print(const struct promise *promise, struct buf *out);
bool promise_kept(const struct promise *promise, const struct sim_result *result);
/* The run's options that go with it: what counts as late. */
void promise_apply(const struct promise *promise, struct sim_options *options);

#endif
