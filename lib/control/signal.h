/*
 * A pool's signal: the last sample of its queue, whether it can be believed, and the rates measured
 * from the samples so far.
 *
 * Unknown is a state of its own, never zero: no sample yet, too old, the source failed, or a number no
 * queue can have (negative, NaN, infinite, beyond SIGNAL_JOBS_MAX).
 */
#ifndef CONTROL_SIGNAL_H
#define CONTROL_SIGNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "control/ages.h"

#define SIGNAL_JOBS_MAX 1e12
#define SIGNAL_TEXT_MAX 160

/* What a queue source answered, unchecked. */
struct sample {
    double waiting;   /* jobs visible */
    double running;   /* jobs in flight; NaN when has_running is false */
    double oldest_s;  /* age of the oldest waiting job, seconds */
    double completed; /* jobs finished since some fixed moment (a counter) */
    bool has_running, has_oldest, has_completed;
};

enum signal_state { SIGNAL_NONE, SIGNAL_FRESH, SIGNAL_STALE, SIGNAL_FAILED, SIGNAL_ABSURD };

struct signal {
    enum signal_state state;
    struct sample last;       /* the last believable one; meaningful unless SIGNAL_NONE */
    int64_t sampled_ns;       /* when it came; boot clock */
    int64_t failing_since_ns; /* of the current run of failures; 0: none */
    uint64_t samples, failures;
    char problem[SIGNAL_TEXT_MAX]; /* why the state is not fresh; "" when it is */
    struct ages ages;
    double arrival_per_s;                  /* exponentially weighted, half-life a minute */
    int64_t service_ns;                    /* mean time of a job on a slot; 0: unknown */
    int64_t service_count;                 /* jobs seen to finish */
    double worked_ns, worked_jobs;         /* what the mean is made of: old ones fade */
    double unfinished_ns, unfinished_jobs; /* the same, since one was last seen to finish */
};

const char *signal_state_word(enum signal_state state);

/* Takes a sample in. A sample that is not believable changes only state and problem. */
void signal_sample(struct signal *signal, int64_t now_ns, const struct sample *sample);
/* The source failed; text says how. The signal is unknown until the next good sample. */
void signal_fail(struct signal *signal, int64_t now_ns, const char *text);
/* Lets time pass: a sample older than stale_after_ns is stale from here on. */
void signal_age(struct signal *signal, int64_t now_ns, int64_t stale_after_ns);
bool signal_known(const struct signal *signal);
/* So many jobs were seen to take this long each on one slot (a node's word: nothing it says can spoil
 * more than the estimate, and that only until others speak). */
void signal_served(struct signal *signal, double jobs, double mean_ns);

#endif
