/*
 * A simulation: one pool, by its real policy file, against given work and a given market, in virtual
 * time. What decides is lib/control itself, stepped as musterd steps it; everything it asks for is
 * carried out here. The same inputs and seed give the same run, to the bit (trace_hash).
 *
 * Time 0 is when the controller starts and the work begins; all times below are since then.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "base/vec.h"
#include "control/control.h"
#include "sim/boot.h"
#include "sim/ledger.h"
#include "sim/market.h"
#include "sim/waits.h"
#include "sim/work.h"

/* What can be seen of a run at one moment, by a decider. */
struct sim_view {
    int64_t now_ns;
    int64_t wall_ns;
    int64_t waiting, running; /* jobs */
    int64_t oldest_ns;        /* wait of the oldest waiting job; 0: none waits */
    int64_t arrived, done;    /* jobs, since the beginning */
    int64_t nodes_booting, nodes_ready, nodes_draining;
    int64_t slots_per_node;
    double busy; /* of the ready slots, 0..1; 0 where there are none */
};

/*
 * Somebody else than muster who drives the fleet: a baseline that is no muster policy. It buys the
 * pool's first offer only, is asked every `every_ns`, and answers how many nodes there should be;
 * slots.min, slots.max and nodes.max of the file bound it.
 */
struct sim_decider {
    const char *name;
    int64_t every_ns;
    int64_t (*nodes)(void *ctx, const struct sim_view *seen);
    /* Surplus nodes end at once and their jobs are done again, idle ones first; otherwise they drain. */
    bool kills;
    void *ctx;
};

enum sim_promise { SIM_PROMISE_START, SIM_PROMISE_DONE };

struct sim_options {
    uint64_t seed;
    struct sim_work *work; /* read from where it stands */
    int64_t duration_ns;   /* the run ends then; 0: when the work has ended and all of it is done */
    int64_t tail_ns;       /* with duration 0: but not later than so long after the last arrival */
    int64_t ignore_ns;     /* waits of jobs that arrive before are not counted */
    int64_t wall_zero_ns;  /* Unix time at 0; 0: the work's own, or Monday 2026-01-05 00:00 UTC */
    const struct sim_market *market;       /* NULL: sim_market_init's */
    const struct sim_boot *boot;           /* NULL: sim_boot_for each offer */
    const struct control_options *control; /* NULL: control_options_default */
    const struct sim_decider *decider;     /* NULL: muster */
    int64_t bill_minimum_ns;               /* < 0: SIM_BILL_MINIMUM_NS */
    int64_t redeliver_ns; /* a dead node's jobs are back in the queue after so long */
    int64_t promise_ns;   /* a job that starts (is done) later after its arrival is late; 0: none */
    enum sim_promise promise;
    int64_t series_every_ns; /* one point of the series for so long; 0: no series */
    /*
     * The core is stepped when control_next_ns says that something is due. 0, or: besides, a tick at least
     * so often (a test that leaving them out changes nothing).
     */
    int64_t tick_also_ns;
    /* Told of every decision that changed something (EFFECT_DECISION); may be NULL. */
    void (*decided)(void *ctx, const struct decision *decision);
    void *ctx;
};

void sim_options_default(struct sim_options *options);

/* One interval of the series; counts are of its end, sums of the whole of it. */
struct sim_point {
    int64_t at_ns; /* its end */
    int64_t arrived, done, redone;
    int64_t waiting, running;                  /* demand is their sum */
    int64_t desired;                           /* slots */
    int64_t booting[2], ready[2], draining[2]; /* nodes by enum market */
    int64_t slots_ready;
    int64_t starts, interruptions;
    int64_t wait_p50_ns, wait_p95_ns, wait_max_ns; /* of jobs that started in it */
    double cost_usd_micro;                         /* since the beginning */
};

struct sim_result {
    int64_t duration_ns;
    struct sim_ledger cost;
    int64_t arrived, done, left; /* jobs */
    struct sim_waits wait;       /* arrival to (first) start */
    struct sim_waits sojourn;    /* arrival to done */
    int64_t late;   /* jobs that broke the promise, those left that must break it included */
    int64_t judged; /* jobs of which that is known */
    int64_t redone; /* jobs begun again because their node ended */
    double work_s, redone_s; /* seconds of slots: useful, and lost with nodes */
    int64_t starts;          /* machines that were accepted */
    int64_t refused;         /* launches refused for want of capacity */
    int64_t boot_failures;
    int64_t interruptions; /* machines taken back by the market */
    int64_t reversals;     /* times that desired turned from growing to shrinking or back */
    int64_t nodes_peak, slots_peak;
    double paid_slot_s;    /* slots times time, paid */
    double serving_slot_s; /* of that: ready to take jobs (busy or idle) */
    double busy_slot_s;
    uint64_t trace_hash;
    uint64_t decisions, steps; /* of the core */
    VEC(struct sim_point) series;
};

/*
 * Runs. Takes take_spec whatever happens. On failure *ret is untouched; errors are the work's (bad input,
 * with file:line), MUSTER_E_NOMEM, or MUSTER_E_CONFIG for a spec that cannot be simulated.
 */
int sim_run(struct pool_spec *take_spec, const struct sim_options *options, struct sim_result *ret,
            struct error *err);
void sim_result_release(struct sim_result *result);

double sim_result_cost_usd(const struct sim_result *result);
double sim_result_late_share(const struct sim_result *result);
/* Of the paid slot time, the part in which a slot could not take jobs: boot and drain. */
double sim_result_idle_paid(const struct sim_result *result);

#endif
