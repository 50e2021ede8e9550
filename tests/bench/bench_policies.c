/*
 * muster's policies beside what others would do, over the shipped job and count traces: cost, waits,
 * late share, and the ratio to the cheapest possible.
 *
 * usage: bench_policies [--markdown] [--policy TEXT] [TRACE...]    only those with that in their name
 *
 * Everybody gets the same machines (one slot, EC2's boot times, 0.10 USD/h), the same work and the same
 * knowledge: the promise (a job begins within 10 minutes) and the mean service time. Needs the
 * reference data (../shared/data or $MUSTER_DATA).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "runtime/kinds.h"
#include "sim/trace.h"
#include "sim/trial.h"

#define PROMISE_NS   (600 * NS_PER_S)
#define POLICIES_MAX 16

static const struct {
    const char *file;
    double scale;
    const char *service; /* NULL: the file has it */
    int64_t service_s;   /* what everybody is told: the mean */
    int64_t days;        /* the first so many */
    const char *note;
} traces[] = {
    { "alibaba_genai_requests_2024.csv", 1, NULL, 29, 24, "23 days of image generation jobs" },
    { "aws_elb_requests_5min.csv", 1, "lognormal 30s cv 1", 30, 15,
      "14 days of web requests, each a job of 30 s" },
    { "twitter_amzn_5min.csv", 1, "lognormal 30s cv 1", 30, 14,
      "14 days of mentions with bursts, each a job of 30 s" },
    { "nyc_taxi_30min.csv", 0.02, "lognormal 60s cv 1", 60, 28,
      "28 days of taxi rides, one in 50 a job of 60 s" },
    { "batch_metacentrum_2013.csv", 0.1, NULL, 50132, 28,
      "28 days of a scientific cluster, one job in 10" },
};

#define PACE_OFF "pace: { in: { after: 0s, at_most: unlimited } }\n"

/* {D}: the promise, {S}: the service time, {W}: both, {Q}: jobs a slot does within the promise. */
static const struct {
    const char *name, *settings;
} policies[] = {
    { "muster drain", "scale: [ drain: { within: {W}, service: {S} } ]\n" },
    { "muster drain, pace 1m", "scale: [ drain: { within: {W}, service: {S} } ]\n"
                               "pace: { in: { after: 1m, at_most: 50% / 1m } }\n" },
    { "muster backlog 1", "scale: [ backlog: { per_slot: 1 } ]\n" },
    { "muster backlog 5", "scale: [ backlog: { per_slot: 5 } ]\n" },
    { "muster backlog Q", "scale: [ backlog: { per_slot: {Q} } ]\n" },
    { "asg-backlog", "scale: [ asg-backlog: { latency: {D}, service: {S} } ]\n" PACE_OFF },
    { "asg-target-tracking 50%", "scale: [ asg-target-tracking: 50% ]\n" PACE_OFF },
    { "asg-target-tracking 80%", "scale: [ asg-target-tracking: 80% ]\n" PACE_OFF },
    { "hpa 80%", "scale: [ hpa: { busy: 80% } ]\n" PACE_OFF },
    { "hpa Q waiting", "scale: [ hpa: { per_node: {Q} } ]\n" PACE_OFF },
    { "keda Q", "scale: [ keda: { per_node: {Q} } ]\n" PACE_OFF },
    { "keda 5", "scale: [ keda: { per_node: 5 } ]\n" PACE_OFF },
    { "mig Q waiting", "scale: [ mig: { per_node: {Q} } ]\n" PACE_OFF },
    { "mig 80%", "scale: [ mig: { busy: 80% } ]\n" PACE_OFF },
    { "fixed at peak", "scale: [ fixed: {P} ]\n" PACE_OFF },
};

#define POLICIES (sizeof(policies) / sizeof(policies[0]))

struct job {
    char path[512];
    struct sim_trace_options options;
};

static int open_work(void *ctx, struct sim_work **ret, struct error *err)
{
    const struct job *job = ctx;
    return sim_work_open(job->path, &job->options, ret, err);
}

static void put_settings(struct buf *out, const char *text, int64_t service_s, int64_t peak)
{
    int64_t q = PROMISE_NS / NS_PER_S / service_s;
    for (const char *p = text; *p; p++) {
        if (p[0] != '{' || !p[1] || p[2] != '}') {
            buf_add_char(out, *p);
            continue;
        }
        if (p[1] == 'D')
            buf_addf(out, "%llds", (long long)(PROMISE_NS / NS_PER_S));
        else if (p[1] == 'S')
            buf_addf(out, "%llds", (long long)service_s);
        else if (p[1] == 'W')
            buf_addf(out, "%llds", (long long)(PROMISE_NS / NS_PER_S + service_s));
        else
            buf_addf(out, "%lld", p[1] == 'P' ? (long long)peak : q > 1 ? (long long)q : 1LL);
        p += 2;
    }
}

static struct pool_spec *make_spec(const char *settings, int64_t service_s, int64_t peak)
{
    struct buf text = { 0 };
    struct kinds kinds;
    struct problems problems;
    struct error err = { 0 };
    struct pool_spec *spec = NULL;
    kinds_init(&kinds);
    problems_init(&problems);
    buf_add_c(&text, "queue: { redis: { list: j, running: r, completed: c } }\n"
                     "slots: { max: 10000 }\n"
                     "health: { heartbeat: 2m }\n"
                     "buy: { offers: [ local: { command: w, max: 10000, price: 0.1 USD/h } ] }\n");
    put_settings(&text, settings, service_s, peak);
    if (kinds_parse_policy(&kinds, buf_str(&text), "pool.yaml", &spec, &problems, &err) < 0) {
        struct buf said = { 0 };
        problems_print(&problems, false, &said);
        fprintf(stderr, "%s%s\n", buf_text(&said), err.text);
        buf_release(&said);
    }
    problems_release(&problems);
    buf_release(&text);
    return spec;
}

static const char *duration(int64_t ns, char *text)
{
    return units_format_duration(ns < NS_PER_S ? ns : ns / NS_PER_S * NS_PER_S, text);
}

static void put_row(const char *name, struct trial *trial, struct cheapest *cheapest, bool markdown)
{
    struct trial_figures f;
    struct error err = { 0 };
    char p50[UNITS_TEXT_MAX], p95[UNITS_TEXT_MAX], p99[UNITS_TEXT_MAX];
    if (trial->code < 0 || trial_figures(trial, cheapest, &f, &err) < 0) {
        printf("%s: %s\n", name, trial->code < 0 ? trial->err.text : err.text);
        return;
    }
    printf(markdown ? "| %s | %.2f | %s | %s | %s | %.3f | %.2f | %lld | %lld |\n"
                    : "%-26s %10.2f %8s %8s %8s %8.3f %7.2f %8lld %9lld\n",
           name, f.usd, duration(f.wait_p50_ns, p50), duration(f.wait_p95_ns, p95),
           duration(f.wait_p99_ns, p99), f.late * 100, f.ratio, (long long)f.nodes_peak,
           (long long)trial->result.starts);
}

static bool wanted(const char *const *names, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++) {
        if (strstr(name, names[i]))
            return true;
    }
    return len == 0;
}

struct bench {
    size_t trace;
    bool markdown;
    const char *only;            /* policies with this in their name; NULL: all */
    size_t played[POLICIES_MAX]; /* which they are */
    size_t len;
    struct job job;
    struct trial_setting setting;
    struct trial trials[POLICIES_MAX];
    struct sim_work *work;
    struct pool_spec *any; /* its offers are everybody's */
    struct cheapest *cheapest;
    struct error err;
};

static bool find_trace(struct bench *b)
{
    const char *dir = getenv("MUSTER_DATA");
    snprintf(b->job.path, sizeof(b->job.path), "%s/arrivals/%s", dir ? dir : "../shared/data",
             traces[b->trace].file);
    FILE *there = fopen(b->job.path, "r");
    if (!there) {
        printf("skipped: %s is not here (set MUSTER_DATA to the reference data)\n", b->job.path);
        return false;
    }
    fclose(there);
    return true;
}

static int set_up(struct bench *b)
{
    sim_trace_options_default(&b->job.options);
    b->job.options.scale = traces[b->trace].scale;
    b->job.options.gaps = SIM_GAPS_FILL;
    b->job.options.has_service = traces[b->trace].service != NULL;
    if (b->job.options.has_service)
        sim_dist_parse(str_from(traces[b->trace].service), &b->job.options.service, NULL);
    b->setting = (struct trial_setting){ .open = open_work, .ctx = &b->job };
    sim_options_default(&b->setting.options);
    b->setting.options.boot = sim_boot_profile("aws");
    b->setting.options.promise_ns = PROMISE_NS;
    b->setting.options.duration_ns = traces[b->trace].days * 86400 * NS_PER_S;
    b->any = make_spec("scale: [ fixed: 1 ]\n", 1, 1);
    int rc = b->any ? open_work(&b->job, &b->work, &b->err) : MUSTER_E_INVALID;
    if (rc < 0)
        return rc;
    const struct pool_spec *const specs[] = { b->any };
    const struct cheapest_options options = { .work = b->work,
                                              .specs = specs,
                                              .specs_len = 1,
                                              .boot = b->setting.options.boot,
                                              .wait_ns = PROMISE_NS,
                                              .duration_ns = b->setting.options.duration_ns };
    return cheapest_new(&options, &b->cheapest, &b->err);
}

static int play(struct bench *b)
{
    for (size_t p = 0; p < POLICIES; p++) {
        if (b->only && !strstr(policies[p].name, b->only))
            continue;
        struct trial *trial = &b->trials[b->len];
        trial->spec =
            make_spec(policies[p].settings, traces[b->trace].service_s, cheapest_peak(b->cheapest));
        if (!trial->spec)
            return error_set(&b->err, MUSTER_E_INVALID, "%s", policies[p].name);
        b->played[b->len++] = p;
    }
    return trials_run(b->trials, b->len, &b->setting, &b->err);
}

static void tell(struct bench *b)
{
    struct bound_result bound = { 0 };
    cheapest_bound(b->cheapest, 0, &bound, &b->err);
    printf(b->markdown ? "\n### %s\n\n%s: %lld jobs. Cheapest possible with none late: %.2f USD "
                         "(%s).\n\n"
                       : "\n%s (%s): %lld jobs; cheapest possible with none late %.2f USD (%s)\n",
           traces[b->trace].file, traces[b->trace].note, (long long)cheapest_jobs(b->cheapest),
           bound.usd_micro / 1e6, bound.method);
    fputs(b->markdown
              ? "| policy | USD | p50 wait | p95 | p99 | late % | x cheapest | peak nodes | "
                "starts |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n"
              : "policy                            USD      p50      p95      p99   late %  "
                "x best     peak    starts\n",
          stdout);
    for (size_t i = 0; i < b->len; i++)
        put_row(policies[b->played[i]].name, &b->trials[i], b->cheapest, b->markdown);
}

static int one_trace(size_t trace, bool markdown, const char *only)
{
    struct bench *b = calloc(1, sizeof(*b));
    if (!b)
        return 1;
    b->trace = trace;
    b->markdown = markdown;
    b->only = only;
    int rc = 0;
    if (find_trace(b)) {
        rc = set_up(b);
        if (rc == 0)
            rc = play(b);
        if (rc == 0)
            tell(b);
        else
            printf("%s: %s\n", traces[trace].file, b->err.text);
    }
    for (size_t p = 0; p < POLICIES; p++)
        trial_release(&b->trials[p]);
    cheapest_free(b->cheapest);
    sim_work_free(b->work);
    pool_spec_free(b->any);
    free(b);
    fflush(stdout);
    return rc < 0;
}

int main(int argc, char **argv)
{
    bool markdown = false;
    const char *only = NULL;
    const char *names[16];
    size_t len = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--markdown") == 0)
            markdown = true;
        else if (strcmp(argv[i], "--policy") == 0 && i + 1 < argc)
            only = argv[++i];
        else if (len < sizeof(names) / sizeof(names[0]))
            names[len++] = argv[i];
    }
    for (size_t t = 0; t < sizeof(traces) / sizeof(traces[0]); t++) {
        if (wanted(names, len, traces[t].file))
            failed |= one_trace(t, markdown, only);
    }
    return failed;
}
