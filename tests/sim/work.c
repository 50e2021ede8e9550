/* Queues and their jobs: what waits, who takes it, what a poll is told. */
#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "tests/sim/world.h"

static int64_t jobs_waiting(const struct tenant *tenant)
{
    int64_t n = 0;
    for (size_t i = 0; i < tenant->waiting.len; i++)
        n += tenant->waiting.at[i].jobs;
    return n;
}

void work_arrives(struct world *w, struct tenant *tenant, int64_t jobs, int64_t each_ns)
{
    struct batch batch = { jobs, each_ns, w->now_ns };
    world_trace(w, "%s: %lld jobs arrive", tenant->name, (long long)jobs);
    PUSH(&tenant->waiting, batch);
    work_dispatch(w, tenant);
}

static bool take_job(struct world *w, struct tenant *tenant, struct machine *m)
{
    if (tenant->waiting.len == 0)
        return false;
    struct batch *first = &tenant->waiting.at[0];
    struct happening *h = happening_new(w, JOB_DONE);
    h->machine = m;
    h->job_ns = first->each_ns;
    happening_plan(w, h, first->each_ns);
    m->busy++;
    tenant->running++;
    if (--first->jobs == 0)
        vec_remove(&tenant->waiting, 0);
    return true;
}

void work_dispatch(struct world *w, struct tenant *tenant)
{
    for (size_t i = 0; i < w->machines.len && tenant->waiting.len > 0; i++) {
        struct machine *m = w->machines.at[i];
        bool works = m->agent == AGENT_WORKING && strcmp(m->intent.pool, tenant->name) == 0;
        while (works && m->busy < m->intent.slots && take_job(w, tenant, m))
            continue;
    }
}

void work_done(struct world *w, struct machine *m, int64_t each_ns)
{
    struct tenant *tenant = tenant_get(w, m->intent.pool);
    m->busy--;
    m->served += 1;
    m->served_ns += each_ns;
    tenant->running--;
    tenant->done++;
    work_dispatch(w, tenant);
}

void work_back(struct world *w, struct machine *m)
{
    if (m->busy == 0)
        return;
    struct tenant *tenant = tenant_get(w, m->intent.pool);
    struct batch batch = { m->busy, 30 * NS_PER_S, w->now_ns };
    tenant->running -= m->busy;
    tenant->lost += m->busy;
    m->busy = 0;
    PUSH(&tenant->waiting, batch);
    work_dispatch(w, tenant);
}

/* ---- polls ----------------------------------------------------------------------------------------- */

void work_polled(struct world *w, const char *pool)
{
    struct happening *h = happening_new(w, AT_QUEUE);
    str_copy_c(h->name, sizeof(h->name), pool);
    h->fate = fate_draw(w, CHANNEL_POLL, "");
    if (h->fate.lost)
        happening_free(h);
    else
        happening_plan(w, h, h->fate.request_ns);
}

static struct sample true_sample(const struct world *w, const struct tenant *tenant)
{
    struct sample sample = {
        .waiting = (double)jobs_waiting(tenant),
        .running = (double)tenant->running,
        .has_running = true,
        .completed = (double)tenant->done,
        .has_completed = true,
    };
    if (tenant->tells_oldest && tenant->waiting.len > 0) {
        sample.has_oldest = true;
        sample.oldest_s = (double)(w->now_ns - tenant->waiting.at[0].since_ns) / 1e9;
    }
    return sample;
}

static void make_absurd(struct world *w, struct sample *sample)
{
    static const double values[] = { -1, -1e300, (double)NAN, (double)INFINITY, 1e18 };
    double value = values[rng_below(&w->rng, sizeof(values) / sizeof(values[0]))];
    if (rng_chance(&w->rng, 0.5))
        sample->waiting = value;
    else
        sample->running = value;
}

/* What a controller would make of it that takes the unknown for nothing. */
static void sabotage(struct world *w, struct happening *answer)
{
    bool failed = answer->event.type == EVENT_SAMPLE_FAILED;
    bool absurd = !failed && !(answer->sample.waiting >= 0 && answer->sample.running >= 0);
    if (!world_breaks(w, "unknown-is-zero") || (!failed && !absurd))
        return;
    answer->event.type = EVENT_SAMPLE;
    answer->sample = (struct sample){ .has_running = true };
    answer->fate.code = MUSTER_E_TRANSIENT; /* the checker is told what it was */
}

void work_answers(struct world *w, struct happening *h)
{
    const struct tenant *tenant = tenant_get(w, h->name);
    if (tenant->mode == QUEUE_SILENT || h->fate.unanswered)
        return;
    struct happening *answer = happening_new(w, TO_CORE);
    answer->life = h->life;
    answer->event.type = EVENT_SAMPLE;
    str_copy_c(answer->name, sizeof(answer->name), h->name);
    answer->sample = tenant->mode == QUEUE_SAYS ? tenant->says : true_sample(w, tenant);
    if (h->fate.code != 0 || tenant->mode == QUEUE_FAILS) {
        answer->event.type = EVENT_SAMPLE_FAILED;
        str_copy_c(answer->text, sizeof(answer->text),
                   h->fate.code != 0 ? h->fate.text : tenant->text);
    } else if (w->hostile && rng_chance(&w->rng, w->odds.absurd)) {
        make_absurd(w, &answer->sample);
    }
    sabotage(w, answer);
    if (h->fate.answer_twice)
        happening_plan(w, happening_copy(answer), h->fate.answer_ns + h->fate.again_ns);
    happening_plan(w, answer, h->fate.answer_ns);
}
