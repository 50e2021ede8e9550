#include "control/signal.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"

#define ARRIVAL_HALF_LIFE_S 60.0
#define SERVICE_WEIGHT_MAX  200.0 /* jobs: older ones fade as if only so many counted */

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

void signal_served(struct signal *signal, double jobs, int64_t mean_ns)
{
    if (!(jobs > 0) || mean_ns <= 0)
        return;
    double known = (double)signal->service_count;
    if (known > SERVICE_WEIGHT_MAX)
        known = SERVICE_WEIGHT_MAX;
    double mean = ((double)signal->service_ns * known + (double)mean_ns * jobs) / (known + jobs);
    signal->service_ns = mean < 1 ? 1 : (int64_t)mean;
    signal->service_count += (int64_t)ceil(jobs);
}

/*
 * What happened between two believable samples: how many jobs joined and, where the source counts
 * finished jobs and shows running ones, how long a job takes (Little's law: the mean number running
 * is throughput x service time).
 */
static double measure(struct signal *signal, const struct sample *now, int64_t dt_ns)
{
    const struct sample *before = &signal->last;
    double seconds = (double)dt_ns / 1e9;
    double joined = fmax(0, now->waiting - before->waiting);
    bool counted =
        now->has_completed && before->has_completed && now->completed >= before->completed;
    if (counted && now->has_running && before->has_running) {
        double finished = now->completed - before->completed;
        joined = fmax(joined,
                      now->waiting - before->waiting + now->running - before->running + finished);
        double running = (now->running + before->running) / 2;
        if (finished > 0 && running > 0)
            signal_served(signal, finished, (int64_t)(running * (double)dt_ns / finished));
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
