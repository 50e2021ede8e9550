#include "trials.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "policies/policies.h"

#define BAR 30

/* ---- progress -------------------------------------------------------------------------------------- */

static void show_progress(void *ctx, size_t done, size_t all)
{
    struct progress *p = ctx;
    if (p->s->cli->json || !isatty(STDERR_FILENO))
        return;
    done += p->before;
    all = p->all > p->before + all ? p->all : p->before + all;
    size_t full = all > 0 ? done * BAR / all : 0;
    fprintf(stderr, "\r%s [", p->what);
    for (size_t i = 0; i < BAR; i++)
        fputc(i < full ? '#' : ' ', stderr);
    fprintf(stderr, "] %zu of %zu runs ", done, all);
    p->shown = true;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = false;
}

static int open_work(void *ctx, struct sim_work **ret, struct error *err)
{
    const struct progress *p = ctx;
    return simulation_open(p->s, ret, err);
}

struct trial_setting trials_setting(const struct simulation *s, const struct promise *promise,
                                    struct progress *progress)
{
    struct trial_setting setting = {
        .open = open_work, .ctx = progress, .options = s->options, .progress = show_progress
    };
    setting.options.work = NULL;
    promise_apply(promise, &setting.options);
    return setting;
}

/* ---- files ----------------------------------------------------------------------------------------- */

struct pool_spec *trials_read(const struct simulation *s, const char *file)
{
    struct problems problems;
    struct pool_spec *spec = NULL;
    problems_init(&problems);
    if (kinds_read_policy(&s->kinds, file, &spec, &problems, NULL) < 0)
        spec = NULL;
    problems_release(&problems);
    size_t near;
    if (spec)
        prices_fill(&s->prices, spec, &near);
    return spec;
}

struct cheapest *trials_cheapest(const struct simulation *s, const struct promise *promise,
                                 struct pool_spec *const *specs, size_t len)
{
    struct cheapest *cheapest = NULL;
    struct error err = { 0 };
    const struct cheapest_options options = {
        .work = s->work,
        .specs = (const struct pool_spec *const *)specs,
        .specs_len = len,
        .market = s->options.market,
        .boot = s->options.boot,
        .wait_ns = promise->limit_ns,
        .duration_ns = s->options.duration_ns,
    };
    if (cheapest_new(&options, &cheapest, &err) == 0)
        return cheapest;
    fprintf(stderr, "muster: the cheapest possible is not known: %s\n", err.text);
    return NULL;
}

/* ---- another policy -------------------------------------------------------------------------------- */

static void drop_policies(struct pool_spec *spec)
{
    for (size_t i = 0; i < spec->scale.len; i++) {
        option_set_release(&spec->scale.at[i].policy->options, spec->scale.at[i].options);
        free(spec->scale.at[i].options);
    }
    spec->scale.len = 0;
}

bool trials_replace_policy(struct pool_spec *spec, const char *policy, const char *const *settings)
{
    const struct policy *found = policy_find(policy);
    void *options = found ? calloc(1, found->options.size) : NULL;
    if (!options)
        return false;
    bool good = option_set_defaults(&found->options, options, NULL) == 0;
    for (; good && settings[0]; settings += 2)
        good = option_parse(option_find(&found->options, str_from(settings[0])), options,
                            str_from(settings[1]), NULL) == 0;
    drop_policies(spec);
    struct scale_entry entry = { .policy = found, .options = options };
    if (!good || !vec_push(&spec->scale, entry)) {
        option_set_release(&found->options, options);
        free(options);
        return false;
    }
    spec->in.after_ns = spec->out.after_ns = 0;
    spec->in.rate.unit = spec->out.rate.unit = RATE_NONE;
    return true;
}
