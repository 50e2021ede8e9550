/* One run of a pool: observe, decide, guard, place, reconcile; and what people are told of it. */
#include <stdio.h>

#include "base/clock.h"
#include "control/state.h"

#define COST_REPORT_NS (60 * NS_PER_S)

/* Money is counted by time and price, from decision to gone: an estimate, as the trail of prices is. */
static int account(struct control *c, struct pool *p, const struct census *census,
                   struct effect_list *out, struct error *err)
{
    double hours = (double)(c->now_ns - p->accrued_ns) / 3.6e12;
    double cost = (double)census->price_usd_micro * hours;
    p->accrued_ns = c->now_ns;
    p->cost_usd_micro += cost;
    p->cost_unreported += cost;
    p->node_hours_unreported += (double)census->machines * hours;
    if (c->now_ns - p->cost_reported_ns < COST_REPORT_NS || p->node_hours_unreported <= 0)
        return 0;
    struct effect *e = effect_add(out, EFFECT_COST, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->cost.pool = p->spec->name;
    e->cost.usd_micro = (int64_t)p->cost_unreported;
    e->cost.node_hours = p->node_hours_unreported;
    p->cost_unreported -= (double)e->cost.usd_micro;
    p->node_hours_unreported = 0;
    p->cost_reported_ns = c->now_ns;
    return 0;
}

/* Every place it buys from was listed: what it has is known, so what it wants means something. */
static bool start(struct control *c, struct pool *p, const struct census *census)
{
    if (p->started)
        return true;
    if (!p->described && !p->retiring)
        return false;
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        const struct inventory *inv = inventory_find(c, p->spec->offers.at[i].inventory);
        if (!inv || inv->listed_ns == 0)
            return false;
    }
    guard_start(c, p, census->supply);
    p->started = true;
    return true;
}

static const char *offers_problem(const struct control *c, const struct pool *p, const char **name)
{
    for (size_t i = 0; i < p->offers.len; i++) {
        if (p->offers.at[i].problem[0] && c->now_ns < p->offers.at[i].not_before_ns) {
            *name = p->spec->offers.at[i].name;
            return p->offers.at[i].problem;
        }
    }
    return NULL;
}

static int64_t overdue_drains(const struct control *c, const struct pool *p)
{
    int64_t n = 0;
    for (size_t i = 0; i < p->nodes.len; i++)
        n += p->nodes.at[i]->state == NODE_DRAINING && !node_is_free(p->nodes.at[i]) &&
             c->now_ns - p->nodes.at[i]->state_since_ns > p->spec->drain_timeout_ns;
    return n;
}

static const char *inventories_problem(const struct control *c, const struct pool *p)
{
    const char *partial = NULL;
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        const struct inventory *inv = inventory_find(c, p->spec->offers.at[i].inventory);
        const char *doubt = inv ? inventory_doubt(c, inv) : NULL;
        if (doubt)
            return inv->problem[0] ? inv->problem : doubt;
        if (inv && inv->partial)
            partial = "a part of its machines could not be listed: they are taken to be there";
    }
    return partial;
}

/* The one thing a person should know first. */
static void tell_problem(const struct control *c, struct pool *p, const struct census *census)
{
    char *to = p->problem;
    const char *name = "";
    const char *text = NULL;
    int64_t overdue = 0;
    to[0] = '\0';
    if (pool_is_paused(c, p))
        snprintf(to, PROBLEM_MAX, "paused: nothing is bought, drained or given back");
    else if (!p->described && !p->retiring)
        snprintf(to, PROBLEM_MAX,
                 "no policy file describes this pool and some file has errors: its machines are "
                 "left alone");
    else if (!signal_known(&p->signal) && !p->retiring)
        snprintf(to, PROBLEM_MAX, "the queue is %s: %s", signal_state_word(p->signal.state),
                 p->signal.problem[0] ? p->signal.problem : "capacity is held");
    else if (p->panic)
        snprintf(to, PROBLEM_MAX,
                 "%lld of %lld nodes look unhealthy at once: the check is taken to be broken",
                 (long long)census->unhealthy, (long long)census->judged);
    else if ((text = inventories_problem(c, p)) != NULL)
        snprintf(to, PROBLEM_MAX, "%s", text);
    else if ((text = offers_problem(c, p, &name)) != NULL)
        snprintf(to, PROBLEM_MAX, "%.100s is left alone for a while: %.100s", name, text);
    else if (census->nodes[NODE_LOST] > 0)
        snprintf(to, PROBLEM_MAX,
                 "%lld nodes are silent: taken to be busy; `muster nodes` names them",
                 (long long)census->nodes[NODE_LOST]);
    else if ((overdue = overdue_drains(c, p)) > 0)
        snprintf(to, PROBLEM_MAX, "%lld nodes drain for longer than release.drain_timeout",
                 (long long)overdue);
}

static int note_signal(struct pool *p, struct effect_list *out, struct error *err)
{
    int64_t state = p->signal.state;
    int64_t before = p->signal_noted;
    if (state == before)
        return 0;
    p->signal_noted = state;
    if (state == SIGNAL_FRESH)
        return before == SIGNAL_NONE
                   ? 0
                   : note(out, LOG_INFO, p->spec->name, err, "the queue is known again");
    return note(out, LOG_WARNING, p->spec->name, err, "the queue is %s: %s; continuing: held",
                signal_state_word(p->signal.state), p->signal.problem);
}

static int note_panic(struct pool *p, bool before, struct effect_list *out, struct error *err)
{
    if (p->panic == before)
        return 0;
    return note(out, p->panic ? LOG_ERROR : LOG_INFO, p->spec->name, err, "%s",
                p->panic ? "many nodes look unhealthy at once: the check is taken to be broken; "
                           "continuing: nothing is replaced or given back"
                         : "the nodes look healthy again");
}

static int think(struct control *c, struct pool *p, struct census *census, struct trail *trail,
                 bool *ret_hold, struct effect_list *out, struct error *err)
{
    struct observation seen;
    int rc = observe(c, p, census, trail, &seen, err);
    if (rc < 0)
        return rc;
    int64_t proposed = decide(p, &seen, trail, ret_hold);
    bool panic_before = p->panic;
    guard(c, p, census, proposed, *ret_hold, trail);
    if (p->panic) /* the lost are taken to be alive: they are not bought again */
        for (size_t i = 0; i < p->nodes.len; i++)
            census->supply += p->nodes.at[i]->state == NODE_LOST ? p->nodes.at[i]->slots : 0;
    rc = note_panic(p, panic_before, out, err);
    if (rc == 0)
        rc = place(c, p, census, *ret_hold, trail, out, err);
    return rc < 0 ? rc : reconcile(c, p, trail, out, err);
}

static int publish(struct pool *p, int64_t before, bool hold, struct effect_list *out,
                   struct error *err)
{
    bool changed = p->acted || p->desired != before || hold != p->held || p->decisions == 1;
    p->held = hold;
    if (!changed)
        return 0;
    *p->changed = *p->last;
    struct effect *e = effect_add(out, EFFECT_DECISION, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->decision.pool = p->spec->name;
    e->decision.decision = p->changed;
    return 0;
}

int pool_run(struct control *c, struct pool *p, struct effect_list *out, struct error *err)
{
    struct census census;
    p->run_due_ns = c->now_ns + c->options.tick_ns;
    signal_age(&p->signal, c->now_ns, p->spec->stale_after_ns);
    reconcile_health(c, p);
    pool_census(c, p, &census);
    int rc = account(c, p, &census, out, err);
    if (rc == 0 && p->described)
        rc = note_signal(p, out, err);
    if (rc < 0)
        return rc;
    if (!start(c, p, &census)) {
        tell_problem(c, p, &census);
        return 0;
    }
    struct decision *d = p->last;
    bool hold = false;
    int64_t before = p->desired;
    trail_clear(&d->trail);
    p->acted = false;
    d->at_ns = c->now_ns;
    d->at_wall_ns = c->wall_ns;
    d->number = ++p->decisions;
    d->desired_before = before;
    rc = think(c, p, &census, &d->trail, &hold, out, err);
    d->desired = p->desired;
    d->held = hold;
    tell_problem(c, p, &census);
    int published = publish(p, before, hold, out, err);
    return rc < 0 ? rc : published;
}
