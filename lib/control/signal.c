#include "control/signal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define ARRIVAL_HALF_LIFE_S 60.0
#define SERVICE_WEIGHT_MAX  200.0    /* jobs: older ones fade as if only so many counted */
#define SERVED_WEIGHT_MAX   50.0     /* jobs: one node's word at once counts for no more */
#define SERVICE_NS_MAX      2.592e15 /* 30 days: what says more is not about a job */
#define HANG_COUNT          20       /* so many finished jobs tell what is usual, */
#define HANG_TIMES          8.0      /* and what takes longer than so many of them hangs */

const char *signal_state_word(enum signal_state state)
{
    static const char *const words[] = { "none", "fresh", "stale", "failed", "absurd" };
    return words[state];
}

bool signal_known(const struct signal *signal)
{
    return signal->state == SIGNAL_FRESH;
}

/* What no queue can have. NULL when the number can be believed. */
static const char *absurdity(double value, bool given)
{
    if (!given)
        return NULL;
    if (isnan(value))
        return "is not a number";
    if (isinf(value))
        return "is infinite";
    if (value < 0)
        return "is negative";
    if (value > SIGNAL_JOBS_MAX)
        return "is more than any queue holds";
    return NULL;
}

static bool believable(struct signal *signal, const struct sample *sample)
{
    const struct {
        const char *name;
        double value;
        bool given;
    } numbers[] = {
        { "waiting", sample->waiting, true },
        { "running", sample->running, sample->has_running },
        { "oldest", sample->oldest_s, sample->has_oldest },
        { "completed", sample->completed, sample->has_completed },
        { "lag", sample->lag_s, sample->has_lag },
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const char *why = absurdity(numbers[i].value, numbers[i].given);
        if (!why)
            continue;
        snprintf(signal->problem, sizeof(signal->problem),
                 "the queue says %s = %g, which %s: ignored, capacity is held", numbers[i].name,
                 numbers[i].value, why);
        return false;
    }
    return true;
}

static void learn_service(struct signal *signal, double worked_ns, double jobs, double finished)
{
    signal->worked_ns += worked_ns;
    signal->worked_jobs += jobs;
    signal->service_count += (int64_t)ceil(fmin(finished, 1e9));
    if (signal->worked_jobs <= 0) { /* more vanished than finished: nothing can be told from that */
        signal->worked_ns = signal->worked_jobs = 0;
        return;
    }
    signal->service_ns =
        (int64_t)fmax(1, fmin(signal->worked_ns / signal->worked_jobs, SERVICE_NS_MAX));
    if (signal->worked_jobs > SERVICE_WEIGHT_MAX) {
        signal->worked_ns *= SERVICE_WEIGHT_MAX / signal->worked_jobs;
        signal->worked_jobs = SERVICE_WEIGHT_MAX;
    }
}

/* ---- what nodes finished ------------------------------------------------------------------------ */

/* Forgets what is longer ago than there are bins. */
static void served_advance(struct served *served, int64_t now_ns)
{
    int64_t bin = now_ns / SERVED_BIN_NS;
    if (bin - served->newest >= SERVED_BINS)
        memset(served->jobs, 0, sizeof(served->jobs));
    else
        for (int64_t i = served->newest + 1; i <= bin; i++)
            served->jobs[i % SERVED_BINS] = 0;
    if (bin > served->newest)
        served->newest = bin;
}

/* Bins that began earlier do not count: rather too little is taken off than too much. */
static double served_since(const struct served *served, int64_t since_ns, int64_t until_ns)
{
    int64_t first = (since_ns + SERVED_BIN_NS - 1) / SERVED_BIN_NS;
    int64_t last = until_ns / SERVED_BIN_NS;
    double jobs = 0;
    if (first <= served->newest - SERVED_BINS)
        first = served->newest - SERVED_BINS + 1;
    for (int64_t i = first < 0 ? 0 : first; i <= last && i <= served->newest; i++)
        jobs += served->jobs[i % SERVED_BINS];
    return jobs;
}

static int64_t true_ns(const struct sample *sample, int64_t sampled_ns)
{
    double lag_ns = sample->has_lag ? sample->lag_s * 1e9 : 0;
    return sampled_ns - (int64_t)fmax(0, fmin(lag_ns, (double)sampled_ns));
}

int64_t signal_true_ns(const struct signal *signal)
{
    return true_ns(&signal->last, signal->sampled_ns);
}

const char *signal_basis_word(enum signal_basis basis)
{
    return basis == BASIS_HEARTBEATS ? "heartbeats" : "queue";
}

/*
 * Jobs in flight: a source that does not tell, or tells less than the nodes themselves say, is corrected
 * by what the nodes say, for a queue whose last job has been taken is not idle. Machines that the cloud
 * takes back may be gone since, and their jobs wait again: the queue knows, they do not.
 */
static double jobs_running(const struct sample *sample, double busy, double leaving)
{
    return sample->has_running ? fmax(sample->running, busy - leaving) : busy;
}

struct reckoned signal_reckon(const struct signal *signal, int64_t now_ns, double busy,
                              double leaving)
{
    const struct sample *last = &signal->last;
    struct reckoned r = { .waiting = last->waiting, .running = jobs_running(last, busy, leaving) };
    if (!last->whole)
        return r;
    int64_t since_ns = true_ns(last, signal->sampled_ns);
    double finished = served_since(&signal->served, since_ns, now_ns);
    double work = last->waiting;
    if (last->has_lag && finished > 0) {
        double arrived = signal->arrival_per_s * (double)(now_ns - since_ns) / 1e9;
        work = fmax(0, work - finished + arrived);
        r.basis = BASIS_HEARTBEATS;
    }
    r.running = fmax(0, busy - leaving);
    r.waiting = fmax(0, work - r.running);
    return r;
}

void signal_served(struct signal *signal, int64_t now_ns, double jobs, double mean_ns)
{
    if (jobs > 0 && jobs <= SIGNAL_JOBS_MAX) {
        served_advance(&signal->served, now_ns);
        signal->served.jobs[signal->served.newest % SERVED_BINS] += jobs;
    }
    /* Written so that NaN fails it too. */
    if (!(jobs > 0 && mean_ns > 0 && mean_ns <= SERVICE_NS_MAX))
        return;
    double weight = fmin(jobs, SERVED_WEIGHT_MAX);
    learn_service(signal, mean_ns * weight, weight, weight);
}

/*
 * Little's law: the time that running jobs spend is what finished jobs took, and half of what those
 * in flight will take. Counted also while none finishes, but a job that hangs over a quiet night must
 * not make all others look slow.
 */
static void measure_service(struct signal *signal, const struct sample *now, double finished,
                            int64_t dt_ns)
{
    const struct sample *before = &signal->last;
    signal->unfinished_ns += (now->running + before->running) / 2 * (double)dt_ns;
    signal->unfinished_jobs += (now->running - before->running) / 2;
    if (finished <= 0)
        return;
    double worked_ns = signal->unfinished_ns;
    if (signal->service_count >= HANG_COUNT)
        worked_ns =
            fmin(worked_ns, HANG_TIMES * (double)signal->service_ns * (finished + now->running));
    learn_service(signal, worked_ns, finished + signal->unfinished_jobs, finished);
    signal->unfinished_ns = signal->unfinished_jobs = 0;
}

/*
 * Of a count that comes late: between two points, what joined is what is more and what was finished. A
 * point that is told again says nothing new.
 */
static double measure_late(struct signal *signal, const struct sample *now, int64_t dt_ns)
{
    int64_t before_ns = true_ns(&signal->last, signal->sampled_ns);
    int64_t now_ns = true_ns(now, signal->sampled_ns + dt_ns);
    double seconds = (double)(now_ns - before_ns) / 1e9;
    if (seconds < 1)
        return 0;
    double joined = fmax(0, now->waiting - signal->last.waiting +
                                served_since(&signal->served, before_ns, now_ns));
    double keep = exp2(-seconds / ARRIVAL_HALF_LIFE_S);
    signal->arrival_per_s = signal->arrival_per_s * keep + joined / seconds * (1 - keep);
    return joined;
}

/*
 * What happened between two believable samples: how many jobs joined and, where the source counts
 * finished jobs and shows running ones, how long a job takes.
 */
static double measure(struct signal *signal, const struct sample *now, int64_t dt_ns)
{
    if (now->whole && now->has_lag)
        return measure_late(signal, now, dt_ns);
    const struct sample *before = &signal->last;
    double seconds = (double)dt_ns / 1e9;
    double joined = fmax(0, now->waiting - before->waiting);
    bool counted =
        now->has_completed && before->has_completed && now->completed >= before->completed;
    if (counted && now->has_running && before->has_running) {
        double finished = now->completed - before->completed;
        joined = fmax(joined,
                      now->waiting - before->waiting + now->running - before->running + finished);
        measure_service(signal, now, finished, dt_ns);
    }
    double keep = exp2(-seconds / ARRIVAL_HALF_LIFE_S);
    signal->arrival_per_s = signal->arrival_per_s * keep + joined / seconds * (1 - keep);
    return joined;
}

void signal_sample(struct signal *signal, int64_t now_ns, const struct sample *sample)
{
    if (!believable(signal, sample)) {
        signal->state = SIGNAL_ABSURD;
        signal->failures++;
        if (signal->failing_since_ns == 0)
            signal->failing_since_ns = now_ns;
        return;
    }
    double joined = 0;
    if (signal->samples > 0 && now_ns > signal->sampled_ns)
        joined = measure(signal, sample, now_ns - signal->sampled_ns);
    int64_t oldest_ns =
        sample->has_oldest && sample->oldest_s < 9e9 ? (int64_t)(sample->oldest_s * 1e9) : -1;
    ages_update(&signal->ages, now_ns, signal->sampled_ns, sample->waiting, joined, oldest_ns);
    signal->last = *sample;
    signal->sampled_ns = now_ns;
    signal->samples++;
    signal->state = SIGNAL_FRESH;
    signal->failing_since_ns = 0;
    signal->problem[0] = '\0';
}

void signal_fail(struct signal *signal, int64_t now_ns, const char *text)
{
    signal->failures++;
    if (signal->failing_since_ns == 0)
        signal->failing_since_ns = now_ns;
    signal->state = SIGNAL_FAILED;
    str_copy_c(signal->problem, sizeof(signal->problem), text);
}

void signal_age(struct signal *signal, int64_t now_ns, int64_t stale_after_ns)
{
    if (signal->state != SIGNAL_FRESH || now_ns - signal->sampled_ns <= stale_after_ns)
        return;
    signal->state = SIGNAL_STALE;
    snprintf(signal->problem, sizeof(signal->problem),
             "the last sample is older than stale_after: capacity is held");
}
