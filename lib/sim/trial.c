#include "sim/trial.h"

#include <math.h>
#include <stdlib.h>

#include <uv.h>

#include "sim/print.h"

#define THREADS_MAX 64

struct work_list {
    struct trial *trials;
    const struct trial_setting *setting;
    uv_mutex_t lock;
    uv_cond_t ended;
    size_t len, next, done;
};

static void run_one(struct trial *trial, const struct trial_setting *setting)
{
    struct sim_options options = setting->options;
    struct pool_spec *take_spec = trial->spec;
    trial->spec = NULL;
    trial->code = setting->open(setting->ctx, &options.work, &trial->err);
    if (trial->code < 0) {
        pool_spec_free(take_spec);
        return;
    }
    trial->code = sim_run(take_spec, &options, &trial->result, &trial->err);
    sim_work_free(options.work);
}

static void work_off(void *arg)
{
    struct work_list *list = arg;
    uv_mutex_lock(&list->lock);
    while (list->next < list->len) {
        struct trial *trial = &list->trials[list->next++];
        uv_mutex_unlock(&list->lock);
        run_one(trial, list->setting);
        uv_mutex_lock(&list->lock);
        list->done++;
        uv_cond_signal(&list->ended);
    }
    uv_mutex_unlock(&list->lock);
}

static int threads_for(const struct trial_setting *setting, size_t len)
{
    int threads = setting->threads > 0 ? setting->threads : (int)uv_available_parallelism();
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    return (size_t)threads < len ? threads : (int)len;
}

static void watch(struct work_list *list)
{
    size_t told = 0;
    uv_mutex_lock(&list->lock);
    while (list->done < list->len) {
        uv_cond_wait(&list->ended, &list->lock);
        size_t done = list->done;
        if (done == told || !list->setting->progress)
            continue;
        told = done;
        uv_mutex_unlock(&list->lock);
        list->setting->progress(list->setting->ctx, done, list->len);
        uv_mutex_lock(&list->lock);
    }
    uv_mutex_unlock(&list->lock);
}

int trials_run(struct trial *trials, size_t len, const struct trial_setting *setting,
               struct error *err)
{
    struct work_list list = { .trials = trials, .setting = setting, .len = len };
    uv_thread_t threads[THREADS_MAX];
    int wanted = threads_for(setting, len);
    int started = 0;
    if (uv_mutex_init(&list.lock) < 0)
        return error_nomem(err);
    if (uv_cond_init(&list.ended) < 0) {
        uv_mutex_destroy(&list.lock);
        return error_nomem(err);
    }
    while (started < wanted && uv_thread_create(&threads[started], work_off, &list) == 0)
        started++;
    if (started == 0)
        work_off(&list); /* one after the other will do */
    watch(&list);
    for (int i = 0; i < started; i++)
        uv_thread_join(&threads[i]);
    uv_cond_destroy(&list.ended);
    uv_mutex_destroy(&list.lock);
    return 0;
}

void trial_release(struct trial *trial)
{
    pool_spec_free(trial->spec);
    sim_result_release(&trial->result);
    *trial = (struct trial){ 0 };
}

static int compare_with(const struct sim_result *r, struct cheapest *cheapest,
                        struct trial_figures *f, struct error *err)
{
    struct bound_result bound;
    f->ratio = f->cheapest_usd = (double)NAN;
    if (!cheapest)
        return 0;
    int rc = cheapest_bound(cheapest, r->late, &bound, err);
    if (rc < 0)
        return rc;
    f->cheapest_usd = bound.usd_micro / 1e6;
    if (bound.usd_micro > 0)
        f->ratio = f->usd / f->cheapest_usd;
    return 0;
}

int trial_figures(const struct trial *trial, struct cheapest *cheapest, struct trial_figures *ret,
                  struct error *err)
{
    const struct sim_result *r = &trial->result;
    struct trial_figures f = {
        .usd = sim_result_cost_usd(r),
        .hours = (double)r->duration_ns / 3.6e12,
        .wait_p50_ns = sim_waits_quantile(&r->wait, 0.5),
        .wait_p95_ns = sim_waits_quantile(&r->wait, 0.95),
        .wait_p99_ns = sim_waits_quantile(&r->wait, 0.99),
        .wait_max_ns = r->wait.max_ns,
        .late = sim_result_late_share(r),
        .nodes_peak = r->nodes_peak,
    };
    f.usd_per_hour = sim_usd_per_hour(r);
    f.usd_per_month = sim_usd_per_month(r);
    f.usd_per_1000 = sim_usd_per_thousand(r);
    if (f.hours > 0)
        f.nodes_mean = (r->cost.node_hours[0] + r->cost.node_hours[1]) / f.hours;
    int rc = compare_with(r, cheapest, &f, err);
    if (rc == 0)
        *ret = f;
    return rc;
}
