/* The loop: time jumps to what is due next. */
#include "sim/run.h"

#include <stdlib.h>

#include "base/clock.h"
#include "sim/engine.h"

#define MONDAY_WALL_NS (INT64_C(1767571200) * NS_PER_S) /* 2026-01-05 00:00 UTC */
#define CALL_MAX_NS    (60 * NS_PER_S) /* the core takes what is not answered in time for lost */

void sim_options_default(struct sim_options *options)
{
    *options = (struct sim_options){
        .seed = 1,
        .tail_ns = 86400 * NS_PER_S,
        .bill_minimum_ns = -1,
    };
}

int engine_plan(struct engine *e, enum due kind, int64_t at_ns, void *what, uint32_t n,
                uint64_t mark, struct error *err)
{
    struct agenda_entry entry = { .at_ns = at_ns, .what = what, .kind = kind, .n = n };
    entry.mark = mark;
    return agenda_add(&e->agenda, entry) ? 0 : error_nomem(err);
}

/* ---- setting up ---------------------------------------------------------------------------------- */

static int64_t usual_notice_ns(const struct offer *offer)
{
    if (str_eq_c(str_from(offer->provider), "aws"))
        return 120 * NS_PER_S;
    return str_eq_c(str_from(offer->provider), "gcp") ? 30 * NS_PER_S : 0;
}

static int inventory_of(struct engine *e, const char *name, size_t *ret, struct error *err)
{
    size_t i = 0;
    while (i < e->inventories.len && !str_eq_c(str_from(name), e->inventories.at[i]))
        i++;
    if (i == e->inventories.len && !vec_push(&e->inventories, name))
        return error_nomem(err);
    *ret = i;
    return 0;
}

static int add_offer(struct engine *e, const struct offer *offer, struct error *err)
{
    struct offer_state o = {
        .offer = *offer,
        .market = sim_market_find(e->market, offer->name),
        .boot = e->options.boot ? e->options.boot : sim_boot_for(offer),
        .notice_ns = usual_notice_ns(offer),
    };
    int rc = inventory_of(e, offer->inventory, &o.inventory, err);
    if (rc < 0)
        return rc;
    if (o.market && o.market->notice_ns >= 0)
        o.notice_ns = o.market->notice_ns;
    uint32_t n = (uint32_t)e->offers.len;
    if (!vec_push(&e->offers, o))
        return error_nomem(err);
    return sim_places_add(e, n, err);
}

static int check(const struct engine *e, struct error *err)
{
    const struct sim_market *m = e->market;
    if (e->spec->offers.len == 0)
        return error_set(err, MUSTER_E_CONFIG, "buy.offers: there is nothing to buy");
    if (m->call_ns < 0 || m->call_ns > CALL_MAX_NS || m->list_ns < 0 || m->list_ns > CALL_MAX_NS ||
        m->poll_ns < 0 || m->poll_ns > CALL_MAX_NS)
        return error_set(err, MUSTER_E_CONFIG, "the cloud's answers may take a minute at most");
    for (size_t i = 0; i < e->spec->offers.len; i++) {
        if (e->spec->offers.at[i].slots > 1000000)
            return error_set(err, MUSTER_E_CONFIG, "%s: a machine of more than 1,000,000 slots",
                             e->spec->offers.at[i].name);
    }
    return 0;
}

static int begin(struct engine *e, struct error *err)
{
    const struct sim_work_facts *facts = &e->options.work->facts;
    e->wall_zero_ns = e->options.wall_zero_ns   ? e->options.wall_zero_ns
                      : facts->wall_zero_ns > 0 ? facts->wall_zero_ns
                                                : MONDAY_WALL_NS;
    e->end_ns = e->options.duration_ns > 0 ? e->options.duration_ns : INT64_MAX;
    e->next_point_ns = e->options.series_every_ns > 0 ? e->options.series_every_ns : INT64_MAX;
    if (e->options.bill_minimum_ns < 0)
        e->options.bill_minimum_ns = SIM_BILL_MINIMUM_NS;
    rng_init(&e->rng, e->options.seed);
    int rc = check(e, err);
    for (size_t i = 0; rc == 0 && i < e->spec->offers.len; i++)
        rc = add_offer(e, &e->spec->offers.at[i], err);
    if (rc == 0)
        rc = sim_waits_init(&e->result.wait, err);
    if (rc == 0)
        rc = sim_waits_init(&e->result.sojourn, err);
    if (rc == 0)
        rc = sim_waits_init(&e->interval, err);
    if (rc == 0)
        rc = sim_work_next(e->options.work, &e->next_job, err);
    e->more_jobs = rc > 0;
    if (rc < 0)
        return rc;
    e->tick_ns = INT64_MAX;
    e->ticked_ns = -1;
    return e->options.decider ? sim_decider_turn(e, err) : sim_core_start(e, err);
}

/* ---- what is due ----------------------------------------------------------------------------------- */

static int of_machine(struct engine *e, const struct agenda_entry *due, struct error *err)
{
    struct machine *m = due->what;
    if (m->life != due->mark)
        return 0;
    switch ((enum due)due->kind) {
    case DUE_JOB_DONE:
        return m->jobs[due->n].running ? sim_job_done(e, m, due->n, err) : 0;
    case DUE_BOOTED:
        return sim_machine_booted(e, m, err);
    case DUE_WORKER:
        return sim_machine_works(e, m, err);
    case DUE_BEAT:
        return sim_agent_beats(e, m, err);
    case DUE_TAKEN:
        return sim_machine_stops(e, m, err);
    case DUE_STOPPED:
        m->state = LISTED_GONE;
        m->gone_ns = e->now_ns;
        return 0;
    case DUE_FORGOTTEN:
        sim_machine_forgotten(e, m);
        return 0;
    case DUE_LAUNCH:
    case DUE_TERMINATE:
    case DUE_SAMPLE:
    case DUE_LISTED:
    case DUE_PRICE:
    case DUE_CAPACITY:
    case DUE_REDELIVERY:
    case DUE_DECISION:
        break;
    }
    return 0;
}

static int happens(struct engine *e, const struct agenda_entry *due, struct error *err)
{
    if (due->what)
        return of_machine(e, due, err);
    switch ((enum due)due->kind) {
    case DUE_LAUNCH:
        return sim_cloud_launch(e, due->n, err);
    case DUE_TERMINATE:
        return sim_cloud_terminate(e, due->n, err);
    case DUE_SAMPLE:
        return sim_core_sample(e, err);
    case DUE_LISTED:
        return sim_cloud_listed(e, due->n, (int64_t)due->mark, err);
    case DUE_PRICE:
        return sim_place_price_steps(e, due->n, err);
    case DUE_CAPACITY:
        return sim_place_capacity_steps(e, due->n, err);
    case DUE_REDELIVERY:
        return sim_jobs_redelivered(e, due->n, err);
    case DUE_DECISION:
        return sim_decider_turn(e, err);
    case DUE_JOB_DONE:
    case DUE_BOOTED:
    case DUE_WORKER:
    case DUE_BEAT:
    case DUE_TAKEN:
    case DUE_STOPPED:
    case DUE_FORGOTTEN:
        break;
    }
    return 0;
}

/* ---- time -------------------------------------------------------------------------------------------- */

/* A tick that leaves something due at once gets another one a little later. */
static int64_t next_tick_ns(const struct engine *e)
{
    int64_t at_ns = e->tick_ns > e->now_ns ? e->tick_ns : e->now_ns;
    int64_t also_ns = e->options.tick_also_ns;
    if (also_ns > 0 && at_ns > e->ticked_ns + also_ns && e->ticked_ns + also_ns > e->now_ns)
        at_ns = e->ticked_ns + also_ns;
    return at_ns == e->ticked_ns ? at_ns + NS_PER_MS : at_ns;
}

/* Without an end of its own a run ends when the work has, and all of it is done. */
static int64_t end_ns(const struct engine *e)
{
    if (e->options.duration_ns > 0 || e->more_jobs)
        return e->end_ns;
    int64_t span_ns = e->options.work->facts.span_ns;
    bool done = e->waiting + e->running + e->lost_jobs == 0;
    int64_t from_ns = span_ns > e->last_arrival_ns ? span_ns : e->last_arrival_ns;
    if (done)
        return span_ns > e->now_ns ? span_ns : e->now_ns;
    return from_ns + e->options.tail_ns;
}

static int one_thing(struct engine *e, int64_t *ret_next_ns, struct error *err)
{
    int64_t due_ns = agenda_next_ns(&e->agenda);
    int64_t job_ns = e->more_jobs ? e->next_job.arrival_ns : INT64_MAX;
    int64_t tick_ns = e->tick_ns == INT64_MAX ? INT64_MAX : next_tick_ns(e);
    int64_t next_ns = due_ns <= job_ns ? due_ns : job_ns;
    next_ns = next_ns <= tick_ns ? next_ns : tick_ns;
    *ret_next_ns = next_ns;
    if (next_ns >= end_ns(e))
        return 0;
    int rc = next_ns >= e->next_point_ns ? sim_account_points(e, next_ns, err) : 0;
    if (rc < 0)
        return rc;
    e->now_ns = next_ns;
    if (due_ns == next_ns) {
        struct agenda_entry due = agenda_take(&e->agenda);
        return happens(e, &due, err);
    }
    if (job_ns == next_ns)
        return sim_jobs_arrive(e, err);
    e->ticked_ns = next_ns;
    return sim_core_tick(e, err);
}

static int go(struct engine *e, struct error *err)
{
    int64_t next_ns = 0;
    for (;;) {
        int rc = one_thing(e, &next_ns, err);
        if (rc < 0)
            return rc;
        int64_t end = end_ns(e);
        if (next_ns < end)
            continue;
        rc = sim_account_points(e, end, err);
        e->now_ns = end;
        return rc < 0 ? rc : sim_account_end(e, err);
    }
}

static void release(struct engine *e)
{
    control_free(e->control);
    pool_spec_free(e->own_spec);
    effect_list_release(&e->effects);
    sim_machines_release(e);
    agenda_release(&e->agenda);
    vec_release(&e->offers);
    vec_release(&e->places);
    vec_release(&e->inventories);
    vec_release(&e->written);
    vec_release(&e->lost);
    vec_release(&e->calls);
    vec_release(&e->listed);
    free(e->queue.at);
    free(e->idle.at);
    sim_waits_release(&e->interval);
    sim_result_release(&e->result);
}

int sim_run(struct pool_spec *take_spec, const struct sim_options *options, struct sim_result *ret,
            struct error *err)
{
    struct engine *e = calloc(1, sizeof(*e));
    if (!e) {
        pool_spec_free(take_spec);
        return error_nomem(err);
    }
    e->options = *options;
    e->spec = e->own_spec = take_spec;
    sim_market_init(&e->usual);
    e->market = options->market ? options->market : &e->usual;
    int rc = begin(e, err);
    if (rc == 0)
        rc = go(e, err);
    if (rc == 0) {
        *ret = e->result;
        e->result = (struct sim_result){ 0 };
    }
    release(e);
    free(e);
    return rc;
}

/* ---- results ------------------------------------------------------------------------------------------- */

void sim_result_release(struct sim_result *result)
{
    sim_waits_release(&result->wait);
    sim_waits_release(&result->sojourn);
    vec_release(&result->series);
}

double sim_result_cost_usd(const struct sim_result *result)
{
    return (result->cost.usd_micro[0] + result->cost.usd_micro[1]) / 1e6;
}

double sim_result_late_share(const struct sim_result *result)
{
    return result->judged > 0 ? (double)result->late / (double)result->judged : 0;
}

double sim_result_idle_paid(const struct sim_result *result)
{
    return result->paid_slot_s > 0 ? 1 - result->serving_slot_s / result->paid_slot_s : 0;
}
