#include "core_world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *keep(struct world *w, const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    assert_true(vec_push(&w->names, copy));
    return copy;
}

static void answer(struct world *w, struct event ev)
{
    assert_true(vec_push(&w->answers, ev));
}

/* ---- the queue ----------------------------------------------------------------------------------- */

size_t world_waiting(const struct world *w)
{
    return w->jobs.len - w->next_job;
}

static size_t running(const struct world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->machines.len; i++) {
        for (size_t k = 0; k < WORLD_SLOTS_MAX; k++)
            n += w->machines.at[i].job[k] != 0;
    }
    return n;
}

static void poll(struct world *w)
{
    if (w->queue_down) {
        answer(w, (struct event){ .type = EVENT_SAMPLE_FAILED,
                                  .sample_failed = { w->pool, "connection refused" } });
        return;
    }
    static struct sample sample; /* borrowed by one answer at a time */
    sample = (struct sample){
        .waiting = (double)world_waiting(w),
        .running = (double)running(w),
        .completed = (double)w->completed,
        .has_running = true,
        .has_completed = true,
        .has_oldest = w->tells_oldest,
    };
    if (w->tells_oldest && world_waiting(w) > 0)
        sample.oldest_s = (double)(w->core.now_ns - w->jobs.at[w->next_job].came_ns) / 1e9;
    answer(w, (struct event){ .type = EVENT_SAMPLE, .sample = { w->pool, &sample } });
}

void world_work(struct world *w, size_t jobs)
{
    for (size_t i = 0; i < jobs; i++)
        assert_true(vec_push(&w->jobs, (struct world_job){ .came_ns = w->core.now_ns }));
}

/* ---- the cloud ----------------------------------------------------------------------------------- */

static void launch(struct world *w, const struct intent *intent)
{
    VEC(char) ids = { 0 };
    assert_true(vec_reserve(&ids, (size_t)intent->count * NODE_ID_MAX));
    for (int64_t i = 0; i < intent->count; i++) {
        struct world_machine m = { .boots_at_ns = w->core.now_ns + w->boot_ns };
        snprintf(m.listed.id, sizeof(m.listed.id), "m-%zu", w->machines.len + 1);
        memcpy(m.listed.pool, intent->pool, sizeof(m.listed.pool));
        memcpy(m.listed.offer, intent->offer, sizeof(m.listed.offer));
        memcpy(m.listed.token, intent->token, sizeof(m.listed.token));
        m.listed.slots = intent->slots;
        m.listed.state = LISTED_RUNNING;
        m.beat_at_ns = m.boots_at_ns;
        assert_true(intent->slots <= WORLD_SLOTS_MAX);
        memcpy(ids.at + i * NODE_ID_MAX, m.listed.id, NODE_ID_MAX);
        assert_true(vec_push(&w->machines, m));
        w->machines_bought++;
    }
    assert_true(vec_push(&w->names, ids.at));
    answer(w, (struct event){ .type = EVENT_LAUNCHED,
                              .result = { .number = intent->number,
                                          .ids = (const char(*)[NODE_ID_MAX])ids.at,
                                          .len = (size_t)intent->count } });
}

static void terminate(struct world *w, const struct intent *intent)
{
    for (size_t i = 0; i < w->machines.len; i++) {
        struct world_machine *m = &w->machines.at[i];
        if (strcmp(m->listed.id, intent->node) != 0)
            continue;
        for (size_t k = 0; k < WORLD_SLOTS_MAX; k++)
            assert_int_equal(m->job[k], 0); /* no machine is stopped while it works */
        m->gone = true;
    }
    answer(w, (struct event){ .type = EVENT_TERMINATED, .result.number = intent->number });
}

static void list(struct world *w, const char *inventory)
{
    VEC(struct listed_node) nodes = { 0 };
    for (size_t i = 0; i < w->machines.len; i++) {
        if (!w->machines.at[i].gone)
            assert_true(vec_push(&nodes, w->machines.at[i].listed));
    }
    answer(w, (struct event){ .type = EVENT_LISTING,
                              .listing = { inventory, nodes.at, nodes.len, w->core.now_ns } });
    if (nodes.at)
        assert_true(vec_push(&w->names, (char *)nodes.at));
}

static void carry_out(struct world *w)
{
    for (size_t i = 0; i < w->core.out.all.len; i++) {
        const struct effect *e = &w->core.out.all.at[i];
        if (e->type == EFFECT_POLL)
            poll(w);
        else if (e->type == EFFECT_LIST)
            list(w, keep(w, e->list.inventory));
        else if (e->type == EFFECT_WRITE_INTENT)
            answer(w, (struct event){ .type = EVENT_INTENT_WRITTEN,
                                      .intent.number = e->intent->number });
        else if (e->type == EFFECT_LAUNCH)
            launch(w, e->intent);
        else if (e->type == EFFECT_TERMINATE)
            terminate(w, e->intent);
    }
}

static void step(struct world *w, struct event ev)
{
    assert_int_equal(core_step(&w->core, ev), 0);
    carry_out(w);
    while (w->answers.len > 0) {
        struct event next = w->answers.at[0];
        vec_remove(&w->answers, 0);
        assert_int_equal(core_step(&w->core, next), 0);
        carry_out(w);
    }
    for (size_t i = 0; i < w->names.len; i++)
        free(w->names.at[i]);
    vec_clear(&w->names);
}

/* ---- machines ------------------------------------------------------------------------------------ */

static int64_t end_jobs(struct world *w, struct world_machine *m)
{
    int64_t busy = 0;
    for (size_t k = 0; k < (size_t)m->listed.slots; k++) {
        struct world_job *job = m->job[k] ? &w->jobs.at[m->job[k] - 1] : NULL;
        if (job && job->began_ns + w->service_ns <= w->core.now_ns) {
            job->ended_ns = w->core.now_ns;
            m->job[k] = 0;
            w->completed++;
        }
        busy += m->job[k] != 0;
    }
    return busy;
}

static int64_t take_jobs(struct world *w, struct world_machine *m)
{
    int64_t busy = 0;
    for (size_t k = 0; k < (size_t)m->listed.slots; k++) {
        if (!m->job[k] && !m->draining && world_waiting(w) > 0) {
            w->jobs.at[w->next_job].began_ns = w->core.now_ns;
            m->job[k] = ++w->next_job;
        }
        busy += m->job[k] != 0;
    }
    return busy;
}

/* Reports, and hears from the reply whether to go on. */
static void beat(struct world *w, size_t index, int64_t busy)
{
    struct world_machine *m = &w->machines.at[index];
    struct event ev = { .type = EVENT_HEARTBEAT,
                        .heartbeat = { .seq = ++m->seq, .busy = busy, .idle_ns = -1 } };
    memcpy(ev.heartbeat.node, m->listed.id, sizeof(ev.heartbeat.node));
    ev.heartbeat.state = !m->draining ? BEAT_READY : busy > 0 ? BEAT_DRAINING : BEAT_DRAINED;
    m->beat_at_ns = w->core.now_ns + SECONDS(5);
    step(w, ev);
    m = &w->machines.at[index];
    struct beat_reply reply = control_beat_reply(w->core.control, m->listed.id);
    if (reply.drain && !m->draining) {
        m->draining = true;
        m->beat_at_ns = w->core.now_ns;
    }
}

static void work(struct world *w)
{
    for (size_t i = 0; i < w->machines.len; i++) {
        struct world_machine *m = &w->machines.at[i];
        if (m->gone || w->core.now_ns < m->boots_at_ns)
            continue;
        int64_t busy_before = end_jobs(w, m);
        if (w->core.now_ns >= m->beat_at_ns || (m->draining && busy_before == 0))
            beat(w, i, busy_before);
        m = &w->machines.at[i];
        if (!m->gone)
            take_jobs(w, m);
    }
}

static void watch(struct world *w)
{
    struct pool_view view = core_view(&w->core, w->pool);
    int64_t change = view.desired - w->desired_before;
    int direction = (change > 0) - (change < 0);
    if (direction != 0) {
        w->reversals += w->direction != 0 && direction != w->direction;
        w->direction = direction;
    }
    w->desired_before = view.desired;
    if (view.desired > w->desired_max)
        w->desired_max = view.desired;
}

void world_start(struct world *w, struct pool_spec *take_spec)
{
    *w = (struct world){ .boot_ns = SECONDS(60), .service_ns = SECONDS(60) };
    core_start(&w->core);
    core_policy(&w->core, take_spec);
    w->pool = take_spec->name;
    core_policies(&w->core, true);
    step(w, (struct event){ .type = EVENT_TICK });
}

void world_stop(struct world *w)
{
    core_stop(&w->core);
    vec_release(&w->jobs);
    vec_release(&w->machines);
    vec_release(&w->answers);
    vec_release(&w->names);
}

void world_run(struct world *w, int64_t forward_ns, double per_s)
{
    for (int64_t passed = 0; passed < forward_ns; passed += SECONDS(1)) {
        w->core.now_ns += SECONDS(1);
        w->core.wall_ns += SECONDS(1);
        w->owed += per_s;
        world_work(w, (size_t)floor(w->owed));
        w->owed -= floor(w->owed);
        work(w);
        step(w, (struct event){ .type = EVENT_TICK });
        watch(w);
    }
}

size_t world_alive(const struct world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->machines.len; i++)
        n += !w->machines.at[i].gone;
    return n;
}

int64_t world_slowest_ns(const struct world *w, int64_t from_ns, int64_t to_ns)
{
    int64_t slowest = 0;
    for (size_t i = 0; i < w->jobs.len; i++) {
        const struct world_job *job = &w->jobs.at[i];
        if (job->came_ns < from_ns || job->came_ns >= to_ns)
            continue;
        int64_t took = (job->ended_ns ? job->ended_ns : w->core.now_ns) - job->came_ns;
        if (took > slowest)
            slowest = took;
    }
    return slowest;
}
