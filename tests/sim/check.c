#include "tests/sim/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "control/policy.h"

struct check {
    char text[256]; /* check_unsettled's */
};

struct check *check_new(void)
{
    return must(calloc(1, sizeof(struct check)));
}

void check_free(struct check *c)
{
    free(c);
}

/* ---- max ------------------------------------------------------------------------------------------ */

/* What there is and what may yet come: counted from the cloud and from the calls on their way. */
struct tally {
    int64_t nodes, slots, usd_micro;
};

static bool counts(const struct machine *m)
{
    return !m->foreign && (m->state == MACHINE_PENDING || m->state == MACHINE_RUNNING);
}

static const struct offer *find_offer(const struct pool_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].name, name) == 0)
            return &spec->offers.at[i];
    }
    return NULL;
}

/* pool, offer: NULL for any. */
static bool concerns(const struct intent *intent, const char *pool, const char *offer)
{
    return (!pool || strcmp(intent->pool, pool) == 0) &&
           (!offer || strcmp(intent->offer, offer) == 0);
}

/*
 * What the file says now is the price. A machine whose offer is in no file any more has none that the
 * controller could know after a restart.
 */
static int64_t price(const struct world *w, const struct intent *intent)
{
    struct pool_view pool;
    if (!control_pool_find(w->control, intent->pool, &pool))
        return 0;
    const struct offer *offer = find_offer(pool.spec, intent->offer);
    return offer && offer->price_usd_micro > 0 ? offer->price_usd_micro : 0;
}

static void add(const struct world *w, struct tally *t, const struct intent *intent, int64_t nodes)
{
    t->nodes += nodes;
    t->slots += nodes * intent->slots;
    t->usd_micro += nodes * price(w, intent);
}

/* Is there an earlier call on its way with the same token? It would count twice. */
static bool counted_before(const struct world *w, size_t index)
{
    const struct happening *this = w->agenda.heap.at[index].what;
    for (size_t i = 0; i < index; i++) {
        const struct happening *h = w->agenda.heap.at[i].what;
        if (h->kind == AT_CLOUD_LAUNCH && strcmp(h->intent.token, this->intent.token) == 0)
            return true;
    }
    return false;
}

static struct tally tally(const struct world *w, const char *pool, const char *offer,
                          const struct intent *asking)
{
    struct tally t = { 0 };
    for (size_t i = 0; i < w->machines.len; i++) {
        const struct machine *m = w->machines.at[i];
        if (counts(m) && concerns(&m->intent, pool, offer))
            add(w, &t, &m->intent, 1);
    }
    for (size_t i = 0; i < w->agenda.heap.len; i++) {
        const struct happening *h = w->agenda.heap.at[i].what;
        /* The second copy of a call that will be refused is refused like the first. */
        bool call = h->kind == AT_CLOUD_LAUNCH && h->fate.code == 0 && h->fate.granted != 0 &&
                    concerns(&h->intent, pool, offer) &&
                    strcmp(h->intent.token, asking->token) != 0;
        if (call && cloud_made(w, &h->intent) == 0 && !counted_before(w, i))
            add(w, &t, &h->intent, h->intent.count);
    }
    if (cloud_made(w, asking) == 0)
        add(w, &t, asking, asking->count);
    return t;
}

/* A ceiling that would be broken by what this intent asks for; NULL: none. */
static const char *max_objection(const struct world *w, const struct pool_spec *spec,
                                 const struct intent *intent, int64_t half)
{
    const struct control_limits *limits = &w->options.limits;
    struct tally own = tally(w, intent->pool, NULL, intent);
    struct tally all = tally(w, NULL, NULL, intent);
    const struct offer *offer = find_offer(spec, intent->offer);
    if (own.slots > spec->slots_max / half)
        return "slots.max";
    if (own.nodes > spec->nodes_max / half)
        return "nodes.max";
    if (spec->budget_per_hour_usd_micro >= 0 && own.usd_micro > spec->budget_per_hour_usd_micro)
        return "budget.per_hour";
    if (offer && offer->nodes_max > 0 &&
        tally(w, intent->pool, intent->offer, intent).nodes > offer->nodes_max)
        return "the offer's max";
    if (limits->nodes > 0 && all.nodes > limits->nodes)
        return "limits.nodes";
    if (limits->usd_per_hour_micro >= 0 && all.usd_micro > limits->usd_per_hour_micro)
        return "limits.usd_per_hour";
    return NULL;
}

static void check_max(struct world *w, const struct intent *intent)
{
    struct pool_view pool;
    if (!control_pool_find(w->control, intent->pool, &pool)) {
        world_fail(w, "max: launch #%llu for a pool that is not there",
                   (unsigned long long)intent->number);
        return;
    }
    const char *ceiling =
        max_objection(w, pool.spec, intent, world_breaks(w, "max-doubled") ? 2 : 1);
    struct tally own = tally(w, intent->pool, NULL, intent);
    if (ceiling)
        world_fail(w, "max: launch #%llu would be over %s: %s would have %lld nodes, %lld slots",
                   (unsigned long long)intent->number, ceiling, intent->pool, (long long)own.nodes,
                   (long long)own.slots);
}

/* ---- effects -------------------------------------------------------------------------------------- */

static void check_journalled(struct world *w, const struct intent *intent)
{
    const struct intent *row = journal_find(w, intent->number);
    bool same = row && row->kind == intent->kind && row->count == intent->count &&
                strcmp(row->token, intent->token) == 0 && strcmp(row->pool, intent->pool) == 0 &&
                strcmp(row->offer, intent->offer) == 0 && strcmp(row->node, intent->node) == 0;
    if (!same)
        world_fail(w, "journal: %s #%llu is sent, but the journal %s",
                   intent_kind_word(intent->kind), (unsigned long long)intent->number,
                   row ? "has other words for it" : "does not have it");
}

/* The policy may say that a node is given back whatever it does. */
static bool forced(const struct world *w, const struct intent *intent)
{
    struct pool_view pool;
    if (!w->control || !control_pool_find(w->control, intent->pool, &pool))
        return false;
    return pool.spec->drain_force || pool.spec->release_lost_ns != UNITS_NEVER;
}

static void check_terminate(struct world *w, const struct intent *intent)
{
    const struct machine *m = machine_find(w, intent->node);
    if (!m)
        world_fail(w, "foreign: %s is no machine at all", intent->node);
    else if (m->foreign)
        world_fail(w, "foreign: %s is not ours", m->id);
    else if (worker_alive(m) && !forced(w, intent))
        world_fail(w, "busy: %s is to be stopped, and its worker exists (%lld jobs)", m->id,
                   (long long)m->busy);
}

void check_effect(struct world *w, const struct effect *e)
{
    if (e->type != EFFECT_LAUNCH && e->type != EFFECT_TERMINATE && e->type != EFFECT_WRITE_INTENT)
        return;
    const struct tenant *tenant = tenant_find(w, e->intent->pool);
    if (tenant && tenant_is_paused(w, tenant))
        world_fail(w, "paused: %s #%llu in a paused pool", intent_kind_word(e->intent->kind),
                   (unsigned long long)e->intent->number);
    if (e->type == EFFECT_WRITE_INTENT)
        return;
    check_journalled(w, e->intent);
    if (e->type == EFFECT_LAUNCH)
        check_max(w, e->intent);
    else
        check_terminate(w, e->intent);
}

/* ---- in the cloud --------------------------------------------------------------------------------- */

void check_made(struct world *w, const struct machine *m)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->machines.len; i++)
        n += w->machines.at[i]->intent.number == m->intent.number && !w->machines.at[i]->foreign;
    if (n > m->intent.count)
        world_fail(w, "once: intent #%llu asked for %lld machines and got %lld",
                   (unsigned long long)m->intent.number, (long long)m->intent.count, (long long)n);
}

void check_stopped(struct world *w, const struct machine *m, const struct intent *intent)
{
    if (m->foreign)
        world_fail(w, "foreign: %s is not ours, and is stopped", m->id);
    if (worker_alive(m) && !forced(w, intent))
        world_fail(w, "busy: %s is stopped, and its worker exists (%lld jobs)", m->id,
                   (long long)m->busy);
}

/* ---- drains ---------------------------------------------------------------------------------------- */

static bool needs_signal(const struct pool_spec *spec)
{
    for (size_t i = 0; i < spec->scale.len; i++) {
        if (spec->scale.at[i].policy->needs_signal)
            return true;
    }
    return false;
}

static bool is_supply(uint8_t state)
{
    return state == NODE_READY || state == NODE_BOOTING;
}

static bool demand_unknown(const struct world *w, const struct tenant *tenant,
                           const struct pool_spec *spec)
{
    return needs_signal(spec) &&
           (tenant->informed_ns == 0 || w->now_ns - tenant->informed_ns > spec->stale_after_ns);
}

/* Reasons that are not a decision about how much is wanted. */
static bool excused(const struct world *w, const struct node *node, const struct pool_view *pool,
                    const struct event *ev, int64_t slots)
{
    bool overdue =
        !(node->state == NODE_READY) && w->now_ns - node->launched_ns > pool->spec->ready_within_ns;
    return pool->retiring || node->operator_drain || node->interrupted || node->rebalance ||
           node->drained || ev->type == EVENT_HEARTBEAT || ev->type == EVENT_LISTING || overdue ||
           slots > pool->spec->slots_max;
}

static void check_drained(struct world *w, const struct node *node, const struct machine *m,
                          const struct pool_view *pool, const struct event *ev, int64_t slots)
{
    bool left =
        is_supply(m->known_as) && (node->state == NODE_DRAINING || node->state == NODE_TERMINATING);
    const struct tenant *tenant = tenant_find(w, pool->name);
    if (!left || !tenant || excused(w, node, pool, ev, slots))
        return;
    if (demand_unknown(w, tenant, pool->spec))
        world_fail(w, "unknown: %s is drained by decision while the demand of %s is unknown", m->id,
                   pool->name);
}

static void check_paused(struct world *w, const struct node *node, const struct machine *m,
                         const struct pool_view *pool, const struct event *ev)
{
    const struct tenant *tenant = tenant_find(w, pool->name);
    bool decided = ev->type == EVENT_TICK || ev->type == EVENT_SAMPLE;
    bool left = is_supply(m->known_as) && node->state == NODE_DRAINING;
    if (left && decided && tenant && tenant_is_paused(w, tenant))
        world_fail(w, "paused: %s is drained in a paused pool", m->id);
}

/* Slots that were capacity before this step, or are now. */
static int64_t slots_before(struct world *w, const char *pool)
{
    int64_t slots = 0;
    const struct node *node;
    for (size_t i = 0; (node = control_node(w->control, pool, i)); i++) {
        const struct machine *m = machine_find(w, node->id);
        if (m && is_supply(m->known_as))
            slots += node->slots;
        else if (node_is_supply(node))
            slots += node->slots;
    }
    return slots;
}

static void check_pool(struct world *w, const struct pool_view *pool, const struct event *ev)
{
    int64_t slots = slots_before(w, pool->name);
    const struct node *node;
    for (size_t i = 0; (node = control_node(w->control, pool->name, i)); i++) {
        struct machine *m = machine_find(w, node->id);
        if (!m)
            continue;
        check_drained(w, node, m, pool, ev, slots);
        check_paused(w, node, m, pool, ev);
        m->known_as = node->state;
    }
}

void check_life(struct world *w)
{
    for (size_t i = 0; i < w->machines.len; i++)
        w->machines.at[i]->known_as = NODE_GONE;
}

void check_after(struct world *w, const struct event *ev)
{
    if (!w->control)
        return;
    for (size_t i = 0; i < control_pools(w->control); i++) {
        struct pool_view pool;
        control_pool_view(w->control, i, &pool);
        check_pool(w, &pool, ev);
    }
}

/* ---- what a policy can have -------------------------------------------------------------------- */

/* Is there an offer of which one more node would be within every ceiling? */
static bool could_have_more(const struct world *w, const struct pool_view *pool)
{
    for (size_t i = 0; i < pool->spec->offers.len; i++) {
        const struct offer *offer = &pool->spec->offers.at[i];
        struct intent one = { .count = 1,
                              .slots = offer->slots,
                              .price_usd_micro = offer->price_usd_micro };
        str_copy_c(one.pool, sizeof(one.pool), pool->name);
        str_copy_c(one.offer, sizeof(one.offer), offer->name);
        if (!max_objection(w, pool->spec, &one, 1))
            return true;
    }
    return false;
}

/* ---- settled --------------------------------------------------------------------------------------- */

/* A node that has no business being in this state when all is over. */
static const struct node *odd_node(const struct world *w, const char *pool)
{
    const struct node *node;
    for (size_t i = 0; (node = control_node(w->control, pool, i)); i++) {
        if (node->state != NODE_READY)
            return node;
    }
    return NULL;
}

/* It stays until its replacement is there, which a ceiling may forbid. */
static bool awaits_replacement(const struct node *node, const struct pool_view *pool)
{
    return node->rebalance && pool->spec->on_rebalance == REBALANCE_REPLACE && node_is_supply(node);
}

static bool is_spot(const struct node *node, const struct pool_view *pool)
{
    return node->offer < pool->spec->offers.len &&
           pool->spec->offers.at[node->offer].market == MARKET_SPOT;
}

/* Could a node be given back and still enough be left? */
static bool one_too_many(const struct world *w, const struct pool_view *pool, int64_t supply)
{
    const struct node *node;
    for (size_t i = 0; (node = control_node(w->control, pool->name, i)); i++) {
        if (awaits_replacement(node, pool))
            return false;
    }
    bool apart = pool->spec->on_demand_base > 0 || pool->spec->on_demand_share > 0;
    for (size_t i = 0; (node = control_node(w->control, pool->name, i)); i++) {
        /* What is not spot may have to stay for its share. */
        if (supply - node->slots >= pool->desired && (!apart || is_spot(node, pool)))
            return true;
    }
    return false;
}

/* What the last decision ended with. */
static const char *last_words(const struct pool_view *pool)
{
    const struct trail *trail = pool->last ? &pool->last->trail : NULL;
    return trail && trail->len > 0 ? trail->steps[trail->len - 1].why : pool->problem;
}

static const char *unsettled_pool(struct world *w, const struct pool_view *pool)
{
    char *text = w->check->text;
    size_t size = sizeof(w->check->text);
    const struct tenant *tenant = tenant_find(w, pool->name);
    if (!tenant || !tenant->policy) {
        const struct node *left = control_node(w->control, pool->name, 0);
        snprintf(text, size, "%s has no policy file any more and still has %s, %s", pool->name,
                 left ? left->id : "no node",
                 left ? node_state_word((enum node_state)left->state) : "and is there");
        return text;
    }
    int64_t supply = pool->slots_ready + pool->slots_booting;
    bool lacks = supply < pool->desired && could_have_more(w, pool);
    if (lacks || one_too_many(w, pool, supply)) {
        snprintf(text, size, "%s wants %lld slots, has %lld ready, %lld booting (%s)", pool->name,
                 (long long)pool->desired, (long long)pool->slots_ready,
                 (long long)pool->slots_booting, last_words(pool));
        return text;
    }
    const struct node *node = odd_node(w, pool->name);
    const struct machine *m = node ? machine_find(w, node->id) : NULL;
    if (node) {
        snprintf(text, size, "%s: %s is %s; its machine is %s, agent %d%s", pool->name, node->id,
                 node_state_word((enum node_state)node->state),
                 m && m->state == MACHINE_RUNNING ? "running" : "not running",
                 m ? (int)m->agent : 0, pool->panic ? ", panic" : "");
        return text;
    }
    return NULL;
}

const char *check_unsettled(struct world *w)
{
    char *text = w->check->text;
    size_t size = sizeof(w->check->text);
    if (!w->control)
        return "the controller is down";
    const struct intent *intent = control_intent(w->control, 0);
    if (intent) {
        snprintf(text, size, "intent #%llu (%s %s, %s) is open", (unsigned long long)intent->number,
                 intent_kind_word(intent->kind), intent->pool, intent_state_word(intent->state));
        return text;
    }
    int64_t known = 0;
    for (size_t i = 0; i < control_pools(w->control); i++) {
        struct pool_view pool;
        control_pool_view(w->control, i, &pool);
        for (int state = 0; state < NODE_STATES; state++)
            known += pool.nodes[state];
        const char *problem = unsettled_pool(w, &pool);
        if (problem)
            return problem;
    }
    int64_t there = 0;
    for (size_t i = 0; i < w->machines.len; i++) {
        const struct machine *m = w->machines.at[i];
        if (m->foreign || m->state == MACHINE_GONE)
            continue;
        there++;
        if (!control_node_find(w->control, m->id, NULL)) {
            snprintf(text, size, "orphan: %s exists and is in no table", m->id);
            return text;
        }
    }
    if (there != known) {
        snprintf(text, size, "%lld machines exist, %lld are in the tables", (long long)there,
                 (long long)known);
        return text;
    }
    return NULL;
}
