/*
 * What a simulation costs: 30 days, a job every 2.6 s (a million in all), a tick and a poll every 5 s; then
 * ten times the jobs, at ten times the rate. CPU time and the most memory ever resident, of a process each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/kinds.h"
#include "sim/run.h"
#include "sim/synthetic.h"

static const char policy[] =
    "queue: { redis: { list: jobs, running: r, completed: c }, every: 5s }\n"
    "slots: { max: 4000 }\n"
    "nodes: { max: 1000 }\n"
    "scale: [ drain: { within: 10m, service: 30s } ]\n"
    "buy: { offers: [ local: { command: worker, slots: 4, max: 1000, "
    "price: 0.17 USD/h } ] }\n";

#define TARGET_S   1.0
#define TARGET_MIB 200.0

static struct pool_spec *read_policy(void)
{
    struct kinds kinds;
    struct problems problems;
    struct pool_spec *spec = NULL;
    kinds_init(&kinds);
    problems_init(&problems);
    if (kinds_parse_policy(&kinds, str_from(policy), "pool.yaml", &spec, &problems, NULL) < 0)
        abort();
    problems_release(&problems);
    return spec;
}

static void simulate(const char *text)
{
    struct sim_shape shape;
    struct sim_options options;
    struct control_options control;
    struct sim_result result;
    struct error err = { 0 };
    sim_options_default(&options);
    control_options_default(&control);
    control.tick_ns = 5 * NS_PER_S;
    options.control = &control;
    options.boot = sim_boot_profile("aws");
    options.promise_ns = 600 * NS_PER_S;
    if (sim_shape_parse(str_from(text), &shape, &err) < 0 ||
        sim_work_synthetic(&shape, 1, &options.work, &err) < 0 ||
        sim_run(read_policy(), &options, &result, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    printf("  %lld jobs, %llu steps of the core, %lld nodes at most, %.3g %% late\n",
           (long long)result.done, (unsigned long long)result.steps, (long long)result.nodes_peak,
           100 * sim_result_late_share(&result));
    fflush(stdout);
    _exit(0);
}

struct used {
    double cpu_s, mib;
};

static struct used measure(const char *text)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0)
        simulate(text);
    if (child < 0 || wait4(child, &status, 0, &usage) < 0 || status != 0)
        exit(1);
    struct used used = {
        .cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
                 (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6,
        .mib = (double)usage.ru_maxrss / 1024,
    };
    printf("  %.2f s of CPU, %.1f MiB\n", used.cpu_s, used.mib);
    return used;
}

int main(void)
{
    printf("30 days, 1,000,000 jobs, ticks of 5 s\n");
    fflush(stdout);
    struct used month = measure("poisson 0.386/s, for 30d, service exponential 28.7s");
    printf("the same with the day's swing and bursts\n");
    fflush(stdout);
    measure("poisson 0.31/s, for 30d, daily 60%, bursts x5 every 12h lasting 30m, "
            "service lognormal 28.7s cv 1");
    printf("30 days, 10,000,000 jobs\n");
    fflush(stdout);
    struct used ten = measure("poisson 3.86/s, for 30d, service exponential 28.7s");
    printf("target     a month < %.0f s %s, < %.0f MiB %s; ten million jobs < %.0f s %s\n",
           TARGET_S, month.cpu_s < TARGET_S ? "kept" : "MISSED", TARGET_MIB,
           month.mib < TARGET_MIB ? "kept" : "MISSED", 10 * TARGET_S,
           ten.cpu_s < 10 * TARGET_S ? "kept" : "MISSED");
    return 0;
}
