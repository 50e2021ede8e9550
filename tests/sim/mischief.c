#include "tests/sim/mischief.h"

#include <stdio.h>

#include "tests/sim/chance.h"

static struct machine *some_machine(struct world *w)
{
    if (w->machines.len == 0)
        return NULL;
    /* The newest ones: most of the others are gone. */
    size_t last = w->machines.len < 20 ? w->machines.len : 20;
    return w->machines.at[w->machines.len - 1 - rng_below(&w->rng, last)];
}

static struct tenant *some_tenant(struct world *w)
{
    return w->tenants.at[rng_below(&w->rng, w->tenants.len)];
}

static void jobs_arrive(struct world *w)
{
    struct tenant *tenant = some_tenant(w);
    int64_t jobs = chance_between(&w->rng, 1, rng_chance(&w->rng, 0.2) ? 60 : 8);
    work_arrives(w, tenant, jobs, chance_between(&w->rng, 1, 240) * NS_PER_S);
}

static void machine_suffers(struct world *w)
{
    struct machine *m = some_machine(w);
    if (!m || m->foreign || m->state == MACHINE_GONE)
        return;
    switch (rng_below(&w->rng, 5)) {
    case 0:
        machine_dies(w, m);
        break;
    case 1:
        world_trace(w, "%s falls silent", m->id);
        m->hung = true;
        break;
    case 2:
        world_trace(w, "%s speaks again", m->id);
        m->hung = false;
        break;
    case 3:
        world_trace(w, "%s had better be replaced", m->id);
        m->advised = true;
        break;
    default:
        world_trace(w, "%s will be taken back", m->id);
        m->noticed = true;
        agent_drain(w, m);
        struct happening *h = happening_new(w, MACHINE_DIES);
        h->machine = m;
        happening_plan(w, h, 120 * NS_PER_S);
        break;
    }
}

/* Everything falls silent at once: the observer's fault, not theirs. */
static void all_silent(struct world *w)
{
    bool hung = rng_chance(&w->rng, 0.5);
    world_trace(w, "all machines %s", hung ? "fall silent" : "speak again");
    for (size_t i = 0; i < w->machines.len; i++)
        w->machines.at[i]->hung = hung;
}

/* One of the clouds does not answer at all for a while. */
static void cloud_goes_dark(struct world *w)
{
    snprintf(w->dark, sizeof(w->dark), "%s", rng_chance(&w->rng, 0.5) ? "" : "east");
    world_trace(w, "%s", w->dark[0] ? "east is dark" : "no cloud is dark");
}

static void policy_changes(struct world *w)
{
    struct tenant *tenant = some_tenant(w);
    struct error err = { 0 };
    struct buf text = { 0 };
    bool remove = tenant->policy && rng_chance(&w->rng, 0.3);
    if (!remove)
        chance_policy(&w->rng, &text);
    if (tenant->name[0] &&
        tenant_policy(w, tenant->name, remove ? NULL : buf_text(&text), &err) < 0 &&
        err.code != MUSTER_E_NOTFOUND)
        world_fail(w, "policy: %s", err.text);
    buf_release(&text);
}

static void person_acts(struct world *w)
{
    struct error err;
    struct machine *m = some_machine(w);
    struct tenant *tenant = some_tenant(w);
    if (rng_chance(&w->rng, 0.3) && m) {
        struct event ev = { .type = EVENT_DRAIN, .drain.node = m->id };
        if (rng_chance(&w->rng, 0.5)) {
            ev = (struct event){ .type = EVENT_INTERRUPTION, .interruption.node = m->id };
            ev.interruption.what = (enum notice)rng_below(&w->rng, 3);
        }
        world_step(w, &ev, &err);
        return;
    }
    bool all = rng_chance(&w->rng, 0.2);
    tenant_pause(w, all ? "" : tenant->name, rng_chance(&w->rng, 0.4), &err);
}

static void queue_suffers(struct world *w)
{
    struct tenant *tenant = some_tenant(w);
    tenant->mode = rng_chance(&w->rng, 0.6)   ? QUEUE_WORKS
                   : rng_chance(&w->rng, 0.5) ? QUEUE_FAILS
                                              : QUEUE_SILENT;
    snprintf(tenant->text, sizeof(tenant->text), "connection refused");
    world_trace(w, "queue of %s: %s", tenant->name,
                tenant->mode == QUEUE_WORKS   ? "works"
                : tenant->mode == QUEUE_FAILS ? "fails"
                                              : "is silent");
}

static void crash_soon(struct world *w)
{
    /* Often at once, as a supervisor does. */
    int64_t most_s = rng_chance(&w->rng, 0.4) ? 2 : 120;
    w->restart_ns = chance_between(&w->rng, 0, most_s) * NS_PER_S;
    if (w->control)
        w->crash_after = (int64_t)rng_below(&w->rng, 12);
}

static void mischief(struct world *w, struct happening *h)
{
    (void)h;
    if (!w->hostile)
        return;
    uint64_t what = rng_below(&w->rng, 100);
    if (what < 40)
        jobs_arrive(w);
    else if (what < 60)
        machine_suffers(w);
    else if (what < 63)
        all_silent(w);
    else if (what < 71)
        policy_changes(w);
    else if (what < 82)
        person_acts(w);
    else if (what < 89)
        queue_suffers(w);
    else if (what < 90)
        cloud_goes_dark(w);
    else if (what < 92)
        snprintf(w->version, sizeof(w->version), "%d", (int)rng_below(&w->rng, 3));
    else
        crash_soon(w);
    mischief_begin(w);
}

void mischief_begin(struct world *w)
{
    struct happening *h = happening_new(w, PLANNED);
    h->planned = mischief;
    happening_plan(w, h, (int64_t)rng_below(&w->rng, (uint64_t)(40 * NS_PER_S)));
}

/*
 * Where the controller rightly leaves it to a person: many that never spoke look like a broken check,
 * and of a launch of several the journal knows only that one has served, so that after a restart each
 * may be busy.
 */
static void bury_zombies(struct world *w)
{
    int64_t zombies = 0;
    for (size_t i = 0; i < w->machines.len; i++)
        zombies += w->machines.at[i]->zombie && w->machines.at[i]->state != MACHINE_GONE;
    for (size_t i = 0; i < w->machines.len; i++) {
        struct machine *m = w->machines.at[i];
        if (m->zombie && (zombies > 2 || m->intent.count > 1))
            machine_dies(w, m);
    }
}

void mischief_end(struct world *w)
{
    world_trace(w, "all faults are over");
    w->hostile = false;
    w->zombies = w->dying = 0;
    w->dark[0] = '\0';
    w->crash_after = w->restart_ns = -1;
    if (!w->control)
        world_start(w);
    for (size_t i = 0; i < w->machines.len; i++)
        w->machines.at[i]->hung = false;
    bury_zombies(w);
    for (size_t i = 0; i < w->tenants.len; i++)
        w->tenants.at[i]->mode = QUEUE_WORKS;
}
