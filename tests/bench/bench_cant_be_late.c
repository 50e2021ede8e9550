/*
 * The published experiment of "Can't Be Late" on its own traces: what greedy, Uniform Progress and the
 * clairvoyant optimum cost, beside the figures of an independent rerun.
 *
 * usage: bench_cant_be_late [EVERY]      every EVERY-th trace of each pool (20); 1: all 2,400
 *
 * Needs the reference data (../shared/data or $MUSTER_DATA); ends with 1 where all traces were played
 * and a row is more than .005 away.
 */
#include <math.h>
#include <time.h>

#include "sim/one_job.h"
#include "tests/shipped.h"

#define TOLERANCE 0.005
#define OPTIMUM   ONE_JOB_POLICIES
#define ROWS      (ONE_JOB_POLICIES + 1)

static const char *const names[ROWS] = { "ondemand",   "greedy",   "up_plain",
                                         "up_refcode", "up_paper", "omniscient" };

struct figures {
    double cost[ROWS]; /* sums over traces, of 48 h on demand */
    double on_demand_h[ROWS];
    size_t late;
    size_t traces;
};

static void play(const struct one_job *job, const bool *spot, struct figures *sum)
{
    double whole = CBL_WORK_H * 3600.0 / CBL_TICK_S * job->on_demand_price;
    double optimum = 0;
    struct error err;
    for (int p = 0; p < ONE_JOB_POLICIES; p++) {
        struct one_job_run run;
        one_job_play(job, spot, CBL_TICKS, (enum one_job_policy)p, &run);
        sum->cost[p] += run.cost / whole;
        sum->on_demand_h[p] += run.on_demand_work_s / 3600;
        sum->late += run.late;
    }
    if (one_job_optimum(job, spot, CBL_TICKS, &optimum, &err) < 0)
        sum->late++;
    sum->cost[OPTIMUM] += optimum / whole;
    sum->traces++;
}

static struct figures setting(const struct cbl *cbl, int64_t deadline_h, double delay_h,
                              size_t every)
{
    struct one_job job = { CBL_TICK_S, CBL_WORK_H * 3600, deadline_h * 3600,
                           llround(delay_h * 3600), CBL_PRICE };
    struct figures sum = { 0 };
    for (size_t pool = 0; pool < cbl->pools; pool++) {
        for (size_t i = 0; i < cbl->starts; i += every)
            play(&job, cbl->spot[pool] + cbl->start[i], &sum);
    }
    return sum;
}

static double expected(int64_t deadline_h, double delay_h, const char *policy)
{
    char line[256];
    char *f[9];
    double cost = NAN;
    FILE *file = shipped_open("anchors/cbl_rerun_2400.csv");
    while (file && shipped_row(file, line, sizeof(line), f, 9) == 9) {
        if (strtol(f[0], NULL, 10) == deadline_h && fabs(strtod(f[1], NULL) - delay_h) < 1e-9 &&
            strcmp(f[2], policy) == 0)
            cost = strtod(f[7], NULL);
    }
    if (file)
        fclose(file);
    return cost;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static const int64_t deadlines_h[] = { 52, 60, 70 };
    static const double delays_h[] = { 0.02, 0.05, 0.2 };
    size_t every = argc > 1 ? (size_t)strtol(argv[1], NULL, 10) : 20;
    struct cbl *cbl = cbl_read();
    double worst = 0;
    double began = seconds();
    if (!cbl || every == 0) {
        printf("skipped: the reference data is not here (set MUSTER_DATA to its directory)\n");
        free(cbl);
        return 0;
    }
    printf("cost as a multiple of 48 h on demand; every %zu. of 2,400 traces\n", every);
    printf("deadline  changeover  policy      cost    rerun   difference\n");
    for (size_t i = 0; i < 9; i++) {
        struct figures sum = setting(cbl, deadlines_h[i % 3], delays_h[i / 3], every);
        for (int p = 0; p < ROWS; p++) {
            double cost = sum.cost[p] / (double)sum.traces;
            double rerun = expected(deadlines_h[i % 3], delays_h[i / 3], names[p]);
            worst = fmax(worst, fabs(cost - rerun));
            printf("%4lld h     %.2f h      %-10s  %.4f  %.4f  %+.4f\n",
                   (long long)deadlines_h[i % 3], delays_h[i / 3], names[p], cost, rerun,
                   cost - rerun);
        }
        if (sum.late > 0)
            printf("%zu runs missed the deadline\n", sum.late);
    }
    printf("largest difference %.4f; %.1f s of CPU\n", worst, seconds() - began);
    free(cbl);
    return every == 1 && worst > TOLERANCE;
}
