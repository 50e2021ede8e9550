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
    double lag_s; /* the numbers were true so long ago: they came through a monitoring service */
    bool has_running, has_oldest, has_completed, has_lag;
    /* `waiting` counts the running ones too, and what nodes say of finished jobs may correct it. */
    bool whole;
};

enum signal_state { SIGNAL_NONE, SIGNAL_FRESH, SIGNAL_STALE, SIGNAL_FAILED, SIGNAL_ABSURD };

/* What nodes said they finished, by ten seconds, over the last minutes. */
#define SERVED_BINS   64
#define SERVED_BIN_NS INT64_C(10000000000)

struct served {
    double jobs[SERVED_BINS];
    int64_t newest; /* the bin that time is in now, counted from boot */
};

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
    struct served served;
};

/*
 * The work as of now. A sample through a monitoring service is minutes old: where it counts all of the
 * work (sample.whole), what nodes say they finished since then is taken off, what usually arrives in so
 * long is added, and their busy slots are what runs.
 */
enum signal_basis { BASIS_QUEUE, BASIS_HEARTBEATS };

struct reckoned {
    double waiting, running;
    enum signal_basis basis; /* the queue's own numbers, or those corrected */
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
 * more than the estimate, and that only until others speak, or until the queue's next count). */
void signal_served(struct signal *signal, int64_t now_ns, double jobs, double mean_ns);

/* When the last believable numbers were true, boot clock. */
int64_t signal_true_ns(const struct signal *signal);

/* busy: slots with a job, by the nodes' word; leaving: those of them that the cloud takes back. */
struct reckoned signal_reckon(const struct signal *signal, int64_t now_ns, double busy,
                              double leaving);
const char *signal_basis_word(enum signal_basis basis); /* "queue", "heartbeats" */

#endif
