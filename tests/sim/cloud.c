/*
 * The cloud: the truth about machines. A launch is idempotent by its token, a listing is a view that
 * may lag, a termination is accepted first and done later.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/sim/check.h"
#include "tests/sim/world.h"

int *cloud_empties(struct world *w, const char *inventory)
{
    size_t i = 0;
    while (i + 1 < sizeof(w->views) / sizeof(w->views[0]) && w->views[i].inventory[0] &&
           strcmp(w->views[i].inventory, inventory) != 0)
        i++;
    str_copy_c(w->views[i].inventory, sizeof(w->views[i].inventory), inventory);
    return &w->views[i].empties;
}

int64_t cloud_made(const struct world *w, const struct intent *intent)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->machines.len; i++)
        n += strcmp(w->machines.at[i]->intent.token, intent->token) == 0;
    return n;
}

struct machine *cloud_machine(struct world *w, const struct intent *intent)
{
    struct machine *m = must(calloc(1, sizeof(*m)));
    PUSH(&w->machines, m);
    snprintf(m->id, sizeof(m->id), "m-%zu", w->machines.len);
    m->intent = *intent;
    str_copy_c(m->inventory, sizeof(m->inventory), intent->inventory);
    m->created_ns = w->now_ns;
    m->running_ns = m->stopping_ns = m->gone_ns = INT64_MAX;
    m->known_as = NODE_GONE;
    m->beat_ns = 30 * NS_PER_S;
    str_copy_c(m->version, sizeof(m->version), w->version);
    m->zombie = rng_chance(&w->rng, w->zombies);
    m->dies = rng_chance(&w->rng, w->dying);
    int64_t boot_ns = w->boot_ns;
    if (w->boot_spread_ns > 0)
        boot_ns += (int64_t)rng_below(&w->rng, (uint64_t)w->boot_spread_ns);
    struct happening *h = happening_new(w, MACHINE_BOOTED);
    h->machine = m;
    happening_plan(w, h, boot_ns);
    return m;
}

/* ---- calls on their way ---------------------------------------------------------------------------- */

/* Wrong on purpose, so that a checker has something to find. */
static void sabotage(struct world *w, struct happening *h)
{
    if (world_breaks(w, "terminations-lost") && h->kind == AT_CLOUD_TERMINATE)
        h->fate.lost = true;
    if (world_breaks(w, "new-token") && h->intent.tries > 1)
        h->intent.token[0] = (char)(h->intent.token[0] == 'x' ? 'y' : 'x');
    if (!world_breaks(w, "kill-another") || h->kind != AT_CLOUD_TERMINATE)
        return;
    for (size_t i = 0; i < w->machines.len; i++) {
        struct machine *m = w->machines.at[i];
        if (worker_alive(m) && strcmp(m->intent.pool, h->intent.pool) == 0)
            str_copy_c(h->intent.node, sizeof(h->intent.node), m->id);
    }
}

/* "No answer", as an executor tells it; takes what the call was. */
static void plan_no_answer(struct world *w, const struct happening *call)
{
    struct happening *h = happening_new(w, TO_CORE);
    h->life = call->life;
    h->event.result.number = call->intent.number;
    h->event.result.code = MUSTER_E_UNKNOWN;
    str_copy_c(h->text, sizeof(h->text), "no answer in time");
    str_copy_c(h->name, sizeof(h->name), call->name);
    h->fate.code = MUSTER_E_UNKNOWN;
    h->event.type = call->kind == AT_CLOUD_LAUNCH      ? EVENT_LAUNCH_FAILED
                    : call->kind == AT_CLOUD_TERMINATE ? EVENT_TERMINATE_FAILED
                                                       : EVENT_LISTING_FAILED;
    happening_plan(w, h, call->fate.timeout_ns);
}

static void send(struct world *w, struct happening *take_call)
{
    const struct fate *fate = &take_call->fate;
    if (fate->lost) {
        if (fate->timeout)
            plan_no_answer(w, take_call);
        happening_free(take_call);
        return;
    }
    if (fate->twice)
        happening_plan(w, happening_copy(take_call), fate->request_ns + fate->again_ns / 2);
    happening_plan(w, take_call, fate->request_ns);
}

/* A cloud that is dark is not heard, whatever else would become of the call. */
static void darken(const struct world *w, const char *inventory, struct fate *fate)
{
    if (!w->dark[0] || strcmp(w->dark, inventory) != 0)
        return;
    *fate =
        (struct fate){ .lost = true, .timeout = true, .timeout_ns = 10 * NS_PER_S, .granted = -1 };
}

void cloud_call(struct world *w, enum happening_kind kind, const struct intent *intent)
{
    bool launch = kind == AT_CLOUD_LAUNCH;
    struct happening *h = happening_new(w, kind);
    h->intent = *intent;
    h->fate = fate_draw(w, launch ? CHANNEL_LAUNCH : CHANNEL_TERMINATE, intent->offer);
    darken(w, intent->inventory, &h->fate);
    sabotage(w, h);
    send(w, h);
}

void cloud_list(struct world *w, const char *inventory)
{
    struct happening *h = happening_new(w, AT_CLOUD_LIST);
    str_copy_c(h->name, sizeof(h->name), inventory);
    h->asked_ns = w->now_ns;
    h->fate = fate_draw(w, CHANNEL_LIST, "");
    darken(w, inventory, &h->fate);
    send(w, h);
}

/* The answer's way back. */
static void reply(struct world *w, const struct happening *call, struct happening *take_answer)
{
    const struct fate *fate = &call->fate;
    take_answer->life = call->life;
    if (fate->unanswered) {
        if (fate->timeout)
            plan_no_answer(w, call);
        if (fate->timeout && fate->both)
            happening_plan(w, take_answer, fate->timeout_ns + fate->again_ns);
        else
            happening_free(take_answer);
        return;
    }
    if (fate->answer_twice)
        happening_plan(w, happening_copy(take_answer), fate->answer_ns + fate->again_ns);
    happening_plan(w, take_answer, fate->answer_ns);
}

/* ---- launches -------------------------------------------------------------------------------------- */

static int64_t how_many(struct world *w, const struct happening *call)
{
    if (cloud_made(w, &call->intent) > 0)
        return 0; /* the same token again: the same machines */
    if (call->fate.code != 0)
        return 0;
    int64_t most = call->fate.granted;
    return most >= 0 && most < call->intent.count ? most : call->intent.count;
}

static void at_launch(struct world *w, struct happening *call)
{
    int64_t n = how_many(w, call);
    for (int64_t i = 0; i < n; i++) {
        struct machine *m = cloud_machine(w, &call->intent);
        world_trace(w, "cloud: %s is made for #%llu", m->id,
                    (unsigned long long)call->intent.number);
        check_made(w, m);
    }
    struct happening *answer = happening_new(w, TO_CORE);
    answer->event.type = EVENT_LAUNCHED;
    answer->event.result.number = call->intent.number;
    answer->ids = must(calloc((size_t)call->intent.count + 1, sizeof(answer->ids[0])));
    for (size_t i = 0; i < w->machines.len; i++) {
        const struct machine *m = w->machines.at[i];
        if (strcmp(m->intent.token, call->intent.token) == 0 &&
            (int64_t)answer->len < call->intent.count)
            str_copy_c(answer->ids[answer->len++], NODE_ID_MAX, m->id);
    }
    if ((int64_t)answer->len < call->intent.count) {
        answer->event.result.code = call->fate.code != 0 ? call->fate.code : MUSTER_E_CAPACITY;
        str_copy_c(answer->text, sizeof(answer->text),
                   call->fate.text[0] ? call->fate.text : "sold out");
    }
    if (answer->len == 0)
        answer->event.type = EVENT_LAUNCH_FAILED;
    reply(w, call, answer);
}

/* ---- terminations ---------------------------------------------------------------------------------- */

static void machine_gone(struct world *w, struct machine *m)
{
    if (m->state == MACHINE_GONE)
        return;
    m->state = MACHINE_GONE;
    m->gone_ns = w->now_ns;
    m->agent = AGENT_OFF;
    world_trace(w, "cloud: %s is gone", m->id);
    work_back(w, m);
}

void machine_dies(struct world *w, struct machine *m)
{
    machine_gone(w, m);
}

static void at_terminate(struct world *w, struct happening *call)
{
    struct machine *m = machine_find(w, call->intent.node);
    struct happening *answer = happening_new(w, TO_CORE);
    answer->event.type = EVENT_TERMINATED;
    answer->event.result.number = call->intent.number;
    if (call->fate.code != 0 || !m) {
        answer->event.type = EVENT_TERMINATE_FAILED;
        answer->event.result.code = m ? call->fate.code : MUSTER_E_NOTFOUND;
        str_copy_c(answer->text, sizeof(answer->text), m ? call->fate.text : "no such machine");
    } else if (m->state == MACHINE_PENDING || m->state == MACHINE_RUNNING) {
        world_trace(w, "cloud: %s stops", m->id);
        check_stopped(w, m, &call->intent);
        m->state = MACHINE_STOPPING;
        m->stopping_ns = w->now_ns;
        m->agent = AGENT_OFF;
        work_back(w, m);
        struct happening *h = happening_new(w, MACHINE_STOPPED);
        h->machine = m;
        happening_plan(w, h, w->stop_ns);
    }
    reply(w, call, answer);
}

/* ---- listings -------------------------------------------------------------------------------------- */

/* As of `at_ns`; false: it does not show. */
static bool listed_as(const struct world *w, const struct machine *m, int64_t at_ns,
                      enum listed_state *ret)
{
    if (m->created_ns > at_ns)
        return false;
    *ret = m->gone_ns <= at_ns       ? LISTED_GONE
           : m->stopping_ns <= at_ns ? LISTED_STOPPING
           : m->running_ns <= at_ns  ? LISTED_RUNNING
                                     : LISTED_PENDING;
    return *ret != LISTED_GONE || at_ns - m->gone_ns < w->show_gone_ns;
}

static void show(struct world *w, const struct machine *m, int64_t at_ns, struct happening *answer)
{
    enum listed_state state;
    bool ours = !m->foreign || world_breaks(w, "foreign-listed");
    if (!ours || strcmp(m->inventory, answer->name) != 0 || !listed_as(w, m, at_ns, &state))
        return;
    struct listed_node *node = &answer->listed[answer->len++];
    str_copy_c(node->id, sizeof(node->id), m->id);
    str_copy_c(node->pool, sizeof(node->pool), m->intent.pool);
    str_copy_c(node->offer, sizeof(node->offer), m->intent.offer);
    str_copy_c(node->token, sizeof(node->token), m->intent.token);
    node->state = state;
    node->slots = m->intent.slots;
    node->age_ns = w->now_ns - m->created_ns;
}

static void at_list(struct world *w, struct happening *call)
{
    struct happening *answer = happening_new(w, TO_CORE);
    int *empties = cloud_empties(w, call->name);
    answer->asked_ns = call->asked_ns;
    answer->fate = call->fate;
    str_copy_c(answer->name, sizeof(answer->name), call->name);
    answer->event.type = EVENT_LISTING;
    bool fails = call->fate.code != 0;
    if (fails && !world_breaks(w, "failed-listing-is-empty")) {
        answer->event.type = EVENT_LISTING_FAILED;
        str_copy_c(answer->text, sizeof(answer->text), call->fate.text);
        reply(w, call, answer);
        return;
    }
    /* A view that is wrong three times in a row is believed: that much the core is told to trust it. */
    answer->fate.empty = fails || (call->fate.empty && (!w->hostile || ++*empties <= 2));
    answer->listed = must(calloc(w->machines.len + 1, sizeof(answer->listed[0])));
    for (size_t i = 0; i < w->machines.len && !answer->fate.empty; i++)
        show(w, w->machines.at[i], w->now_ns - call->fate.lag_ns, answer);
    reply(w, call, answer);
}

/* ---- */

static void booted(struct world *w, struct machine *m)
{
    if (m->state != MACHINE_PENDING)
        return;
    m->state = MACHINE_RUNNING;
    m->running_ns = w->now_ns;
    if (m->zombie || m->foreign)
        return;
    m->agent = AGENT_WAITING;
    agent_beat(w, m);
    struct happening *h = happening_new(w, AGENT_BEATS);
    h->machine = m;
    happening_plan(w, h, m->beat_ns);
}

void cloud_happens(struct world *w, struct happening *h)
{
    switch ((int)h->kind) {
    case AT_CLOUD_LAUNCH:
        at_launch(w, h);
        break;
    case AT_CLOUD_TERMINATE:
        at_terminate(w, h);
        break;
    case AT_CLOUD_LIST:
        at_list(w, h);
        break;
    case MACHINE_BOOTED:
        booted(w, h->machine);
        break;
    case MACHINE_STOPPED:
    case MACHINE_DIES:
        machine_gone(w, h->machine);
        break;
    default:
        break;
    }
}
