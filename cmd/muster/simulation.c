#include "simulation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "history.h"
#include "sim/csv.h"
#include "sim/trace.h"

static int trouble(const char *option, const char *text)
{
    fprintf(stderr, "muster: --%s: %s\n", option, text);
    return EXIT_TROUBLE;
}

static int take_duration(const char *option, const char *text, int64_t *ret_ns)
{
    struct error err = { 0 };
    if (!text)
        return EXIT_YES;
    if (units_parse_duration(str_from(text), ret_ns, &err) < 0)
        return trouble(option, err.text);
    return *ret_ns > 0 && *ret_ns != UNITS_NEVER ? EXIT_YES
                                                 : trouble(option, "expected more than 0s");
}

/* ---- work ------------------------------------------------------------------------------------------ */

static int trace_options(const struct cli *cli, uint64_t seed, struct sim_trace_options *ret)
{
    struct error err = { 0 };
    sim_trace_options_default(ret);
    ret->seed = seed;
    if (cli->sim.service) {
        if (sim_dist_parse(str_from(cli->sim.service), &ret->service, &err) < 0)
            return trouble("service", err.text);
        ret->has_service = true;
    }
    if (cli->sim.scale && (!sim_number(str_from(cli->sim.scale), &ret->scale) ||
                           !(ret->scale > 0) || ret->scale > 1e9))
        return trouble("scale", "expected a factor above 0, such as 0.1");
    const char *gaps = cli->sim.gaps ? cli->sim.gaps : "";
    if (strcmp(gaps, "zero") == 0)
        ret->gaps = SIM_GAPS_ZERO;
    else if (strcmp(gaps, "fill") == 0)
        ret->gaps = SIM_GAPS_FILL;
    else if (gaps[0])
        return trouble("gaps", "expected zero (nothing arrived) or fill (as much as before)");
    return EXIT_YES;
}

int simulation_open(const struct simulation *s, struct sim_work **ret, struct error *err)
{
    return sim_work_open(s->work_text, &s->trace, ret, err);
}

/* A state file's samples go into a file of their own, which is read as any trace is. */
static int take_history(struct simulation *s, const char *path, const char **ret_work)
{
    *ret_work = path;
    if (!history_is_state_file(path))
        return EXIT_YES;
    const char *folder = getenv("TMPDIR");
    snprintf(s->history, sizeof(s->history), "%s/muster-history-XXXXXX.csv",
             folder && strlen(folder) < 30 ? folder : "/tmp");
    int fd = mkostemps(s->history, (int)strlen(".csv"), O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "muster: %s: %s\n", s->history, strerror(errno));
        s->history[0] = '\0';
        return EXIT_TROUBLE;
    }
    int rc = history_export(s->cli, path, false, fd);
    close(fd);
    *ret_work = s->history;
    return rc == EXIT_YES ? rc : EXIT_TROUBLE;
}

static int open_work(struct simulation *s)
{
    struct error err = { 0 };
    s->work_text = s->cli->sim.work;
    if (!s->work_text && !s->cli->sim.history)
        return trouble("work", "is needed: a trace, or made-up work such as 'poisson 0.4/s'; or "
                               "--history, what musterd recorded");
    int rc = trace_options(s->cli, s->options.seed, &s->trace);
    if (rc == EXIT_YES && !s->work_text)
        rc = take_history(s, s->cli->sim.history, &s->work_text);
    if (rc != EXIT_YES)
        return rc;
    if (simulation_open(s, &s->work, &err) < 0) {
        fprintf(stderr, "muster: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    s->options.work = s->work;
    return EXIT_YES;
}

/* ---- the rest -------------------------------------------------------------------------------------- */

static int take_promise(struct simulation *s, const char *text)
{
    struct error err = { 0 };
    if (promise_parse(str_from(text), &s->promise, &err) < 0)
        return trouble("promise", err.text);
    promise_apply(&s->promise, &s->options);
    s->promised = true;
    return EXIT_YES;
}

static int take_seed(struct simulation *s, const char *text)
{
    int64_t seed;
    struct error err = { 0 };
    if (units_parse_int(str_from(text), &seed, &err) < 0)
        return trouble("seed", err.text);
    s->options.seed = (uint64_t)seed;
    return EXIT_YES;
}

static int take_boot(struct simulation *s, const char *text)
{
    struct error err = { 0 };
    if (sim_boot_parse(str_from(text), &s->boot, &err) < 0)
        return trouble("boot", err.text);
    s->options.boot = &s->boot;
    return EXIT_YES;
}

static int take_market(struct simulation *s, const char *path)
{
    struct error err = { 0 };
    if (sim_market_read(&s->market, path, NULL, &err) == 0)
        return EXIT_YES;
    fprintf(stderr, "muster: %s\n", err.text);
    return EXIT_TROUBLE;
}

static int take_prices(struct simulation *s, const char *path)
{
    struct error err = { 0 };
    if (prices_read(&s->prices, path, &err) == 0)
        return EXIT_YES;
    fprintf(stderr, "muster: %s\n", err.text);
    return EXIT_TROUBLE;
}

int simulation_init(const struct cli *cli, struct simulation *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->cli = cli;
    kinds_init(&ret->kinds);
    sim_market_init(&ret->market);
    control_options_default(&ret->control);
    sim_options_default(&ret->options);
    ret->options.market = &ret->market;
    ret->options.control = &ret->control;
    int rc = cli->sim.seed ? take_seed(ret, cli->sim.seed) : EXIT_YES;
    if (rc == EXIT_YES)
        rc = take_duration("tick", cli->sim.tick, &ret->control.tick_ns);
    if (rc == EXIT_YES)
        rc = take_duration("for", cli->sim.length, &ret->options.duration_ns);
    if (rc == EXIT_YES && cli->sim.boot)
        rc = take_boot(ret, cli->sim.boot);
    if (rc == EXIT_YES && cli->sim.promise)
        rc = take_promise(ret, cli->sim.promise);
    if (rc == EXIT_YES && cli->sim.market)
        rc = take_market(ret, cli->sim.market);
    if (rc == EXIT_YES && cli->sim.prices)
        rc = take_prices(ret, cli->sim.prices);
    return rc == EXIT_YES ? open_work(ret) : rc;
}

void simulation_release(struct simulation *s)
{
    sim_work_free(s->work);
    if (s->history[0])
        unlink(s->history);
    sim_market_release(&s->market);
    prices_release(&s->prices);
}

/* ---- policy files ------------------------------------------------------------------------------------ */

/* Offers without a price get that of the list; those that nothing is known of are told when they run. */
static void fill_prices(const struct simulation *s, const char *file, struct pool_spec *spec)
{
    size_t near = 0;
    prices_fill(&s->prices, spec, &near);
    if (near > 0)
        fprintf(stderr,
                "muster: %s: %zu %s priced as in another region, about: --prices tells better\n",
                file, near, near == 1 ? "offer is" : "offers are");
}

int simulation_read(struct simulation *s, const char *file, struct pool_spec **ret)
{
    struct problems problems;
    struct buf out = { 0 };
    struct error err = { 0 };
    problems_init(&problems);
    int rc = kinds_read_policy(&s->kinds, file, ret, &problems, &err);
    problems_print(&problems, s->cli->color, &out);
    fputs(buf_text(&out), stderr);
    if (rc < 0 && rc != MUSTER_E_INVALID)
        fprintf(stderr, "muster: %s\n", err.text);
    buf_release(&out);
    problems_release(&problems);
    if (rc == 0)
        fill_prices(s, file, *ret);
    return rc == 0 ? EXIT_YES : rc == MUSTER_E_INVALID ? EXIT_NO : EXIT_TROUBLE;
}

static const int64_t *find_within(const struct scale_entry *entry)
{
    const struct option_set *set = &entry->policy->options;
    for (const struct option *row = set->rows; row && row->key; row++) {
        if (strcmp(row->key, "within") == 0 && row->type == OPTION_TYPE_DURATION)
            return (const int64_t *)(const void *)((const char *)entry->options + row->offset);
    }
    return NULL;
}

void simulation_promise(const struct simulation *s, const struct pool_spec *spec,
                        struct sim_options *options)
{
    if (s->promised)
        return;
    options->promise_ns = 0;
    options->promise = SIM_PROMISE_DONE;
    for (size_t i = 0; i < spec->scale.len; i++) {
        const int64_t *within_ns = find_within(&spec->scale.at[i]);
        if (within_ns && (options->promise_ns == 0 || *within_ns < options->promise_ns))
            options->promise_ns = *within_ns;
    }
}

struct promise simulation_common_promise(const struct simulation *s, struct pool_spec *const *specs,
                                         size_t len)
{
    if (s->promised)
        return s->promise;
    struct promise promise = { 0.95, PROMISE_WAIT, 600 * NS_PER_S };
    bool any = false;
    for (size_t i = 0; i < len; i++) {
        struct sim_options options = { 0 };
        simulation_promise(s, specs[i], &options);
        if (options.promise_ns > 0 && (!any || options.promise_ns < promise.limit_ns))
            promise = (struct promise){ 0.95, PROMISE_DONE, options.promise_ns };
        any |= options.promise_ns > 0;
    }
    return promise;
}

int simulation_run(struct simulation *s, struct pool_spec *take_spec,
                   const struct sim_options *options, struct sim_result *ret)
{
    struct error err = { 0 };
    int rc = sim_work_rewind(s->work, &err);
    if (rc < 0)
        pool_spec_free(take_spec);
    else
        rc = sim_run(take_spec, options, ret, &err);
    if (rc == 0)
        return EXIT_YES;
    fprintf(stderr, "muster: %s\n", err.text);
    return EXIT_TROUBLE;
}
