/*
 * What the commands that simulate share: from the command line to work, market and options, and a run of
 * a policy file. What is wrong is said on standard error.
 */
#ifndef MUSTER_SIMULATION_H
#define MUSTER_SIMULATION_H

#include "muster.h"
#include "runtime/kinds.h"
#include "sim/prices.h"
#include "sim/run.h"
#include "sim/trace.h"
#include "sim/trial.h"

/* The letters of the options that all of them know (options.c). */
#define SIMULATION_FLAGS "YwHPSvygdbmpxq"

struct simulation {
    const struct cli *cli;
    struct kinds kinds;
    struct sim_boot boot;
    struct sim_market market;
    struct prices prices; /* of --prices */
    struct control_options control;
    struct sim_trace_options trace; /* how the work is read */
    struct sim_work *work;
    struct promise promise;     /* when promised */
    struct sim_options options; /* points into the above: stays where it is */
    const char *work_text;      /* what sim_work_open is given */
    char history[64];           /* the file that a musterd's history was written to; "" none */
    bool promised;              /* the command line names a promise; else each file has its own */
};

/* EXIT_YES, or EXIT_TROUBLE: said why. Release it in either case. */
int simulation_init(const struct cli *cli, struct simulation *ret);
void simulation_release(struct simulation *s);

/* The work once more, for a run of its own; from any thread. */
int simulation_open(const struct simulation *s, struct sim_work **ret, struct error *err);
/* What a drain.within of these files promises, else that 95 % of the jobs begin within ten minutes; or
 * what the command line says. */
struct promise simulation_common_promise(const struct simulation *s, struct pool_spec *const *specs,
                                         size_t len);

/* Reads a policy file as musterd does. EXIT_YES, EXIT_NO (mistakes in it), EXIT_TROUBLE. */
int simulation_read(struct simulation *s, const char *file, struct pool_spec **ret);
/* The promise to judge this file by: the command line's, or its drain.within; else none. */
void simulation_promise(const struct simulation *s, const struct pool_spec *spec,
                        struct sim_options *options);

/* Runs it from the work's beginning. EXIT_YES or EXIT_TROUBLE. */
int simulation_run(struct simulation *s, struct pool_spec *take_spec,
                   const struct sim_options *options, struct sim_result *ret);

#endif
