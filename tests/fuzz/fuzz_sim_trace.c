/*
 * Traces and markets from outside: whatever the bytes, an error with a place, or jobs in order. The first
 * byte chooses what the rest is read as; times that were accepted go on being accepted.
 */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/boot.h"
#include "sim/market.h"
#include "sim/synthetic.h"
#include "sim/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define JOBS_MAX 10000

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "we");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
}

static void take_jobs(struct sim_work *work)
{
    struct sim_job job;
    int64_t last_ns = 0;
    for (int i = 0; i < JOBS_MAX; i++) {
        int rc = sim_work_next(work, &job, NULL);
        assert(rc >= 0); /* opening has read it through */
        if (rc == 0)
            return;
        assert(job.arrival_ns >= last_ns && job.service_ns >= 1 && job.count >= 1);
        last_ns = job.arrival_ns;
    }
}

static void try_work(const char *path, const struct sim_trace_options *options)
{
    struct sim_work *work = NULL;
    struct error err = { 0 };
    if (sim_work_open(path, options, &work, &err) < 0) {
        assert(!work && err.text[0]);
        return;
    }
    take_jobs(work);
    int rc = sim_work_rewind(work, &err);
    assert(rc == 0);
    take_jobs(work);
    sim_work_free(work);
}

static void try_market(const char *path)
{
    struct sim_market market;
    struct error err = { 0 };
    sim_market_init(&market);
    if (sim_market_read(&market, path, NULL, &err) < 0)
        assert(err.text[0]);
    sim_market_release(&market);
}

static void try_words(struct str text)
{
    struct sim_shape shape;
    struct sim_boot boot;
    struct sim_dist dist;
    struct error err = { 0 };
    if (sim_shape_parse(text, &shape, &err) == 0)
        assert(shape.rate_per_s > 0 && shape.for_ns > 0);
    if (sim_boot_parse(text, &boot, &err) == 0)
        assert(boot.failures >= 0 && boot.failures <= 1 && boot.straggle >= 0);
    if (sim_dist_parse(text, &dist, &err) == 0)
        assert(isfinite(sim_dist_mean_ns(&dist)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "csv", "swf", "csv", "csv" };
    char path[64];
    struct sim_trace_options options;
    if (size == 0)
        return 0;
    unsigned kind = data[0] % 4;
    snprintf(path, sizeof(path), "/tmp/muster-fuzz-%d.%s", (int)getpid(), names[kind]);
    write_file(path, data + 1, size - 1);
    sim_trace_options_default(&options);
    options.has_service = kind != 0;
    options.service = sim_dist_constant(NS_PER_S);
    options.gaps = kind == 3 ? SIM_GAPS_FILL : SIM_GAPS_REFUSE;
    try_work(path, &options);
    try_market(path);
    try_words((struct str){ (const char *)data + 1, size - 1 });
    unlink(path);
    return 0;
}
