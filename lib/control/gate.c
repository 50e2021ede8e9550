/*
 * gate: the one way out for a launch or a termination. Each goes through twice: when it is decided
 * (checked, numbered, journalled) and when the journal has it (checked again, sent). No other file
 * makes an EFFECT_LAUNCH, EFFECT_TERMINATE or EFFECT_WRITE_INTENT.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

#define JOURNAL_RETRY_NS   (5 * NS_PER_S)
#define RESEND_FIRST_NS    (5 * NS_PER_S)
#define RESEND_MOST_NS     (300 * NS_PER_S)
#define LAUNCH_TRIES_MAX   6
#define TERMINATE_BLIND_NS (600 * NS_PER_S) /* cannot give back for so long: buy nothing more */

static int refuse(struct trail *trail, const char *who, const char *why, struct error *err)
{
    if (trail)
        trail_step(trail, STAGE_GATE, who, 0, 0, why);
    return error_set(err, MUSTER_E_REFUSED, "%s: %s", who, why);
}

static void bucket_fill(struct bucket *b, const struct rate *rate, int64_t now_ns)
{
    if (b->filled_ns == 0)
        b->tokens = rate->amount;
    else
        b->tokens += rate->amount * (double)(now_ns - b->filled_ns) / (double)rate->period_ns;
    b->tokens = fmin(b->tokens, rate->amount);
    b->filled_ns = now_ns;
}

static bool bucket_has(struct bucket *b, const struct rate *rate, int64_t now_ns, int64_t want)
{
    if (rate->unit == RATE_NONE)
        return true;
    bucket_fill(b, rate, now_ns);
    return b->tokens + 1e-9 >= (double)want;
}

static void bucket_take(struct bucket *b, const struct rate *rate, int64_t taken)
{
    if (rate->unit != RATE_NONE)
        b->tokens -= (double)taken;
}

static int64_t price_of_all(const struct control *c, int64_t *ret_unpriced)
{
    int64_t sum = 0;
    for (size_t i = 0; i < c->pools.len; i++) {
        struct census n;
        pool_census(c, c->pools.at[i], &n);
        sum += n.price_usd_micro;
        *ret_unpriced += n.unpriced;
    }
    return sum;
}

static bool affordable(int64_t price, int64_t count, int64_t left)
{
    return left >= 0 && (price == 0 || count <= left / price);
}

/* A ceiling on money cannot be kept with machines whose price nobody knows. */
static const char *over_budget(const struct control *c, const struct pool *p,
                               const struct offer *offer, int64_t count,
                               const struct census *census)
{
    int64_t pool_cap = p->spec->budget_per_hour_usd_micro;
    int64_t all_cap = c->options.limits.usd_per_hour_micro;
    if (pool_cap < 0 && all_cap < 0)
        return NULL;
    if (offer->price_usd_micro < 0)
        return "there is a budget, but no price is known for this offer";
    if (pool_cap >= 0 &&
        !affordable(offer->price_usd_micro, count, pool_cap - census->price_usd_micro))
        return "it would cost more than budget.per_hour";
    int64_t unpriced = census->unpriced;
    int64_t all = all_cap >= 0 ? price_of_all(c, &unpriced) : 0;
    if (all_cap >= 0 && !affordable(offer->price_usd_micro, count, all_cap - all))
        return "it would cost more than limits.usd_per_hour over all pools";
    if (unpriced > 0)
        return "there is a budget, and a machine whose price is known only when it is listed";
    return NULL;
}

/*
 * A pool's ceilings can be kept only when all its machines are known, also those in places where it
 * buys no more; ceilings over all pools only when all machines are.
 */
static bool unlisted_before(const struct control *c, const struct pool *p)
{
    const struct control_limits *limits = &c->options.limits;
    bool all = limits->nodes > 0 || limits->usd_per_hour_micro >= 0;
    for (size_t i = 0; i < c->places.len; i++) {
        const struct place_known *place = &c->places.at[i];
        bool concerns = all || strcmp(place->pool, p->spec->name) == 0;
        if (concerns && !c->inventories.at[place->inventory]->trusted)
            return true;
    }
    return false;
}

/* May this pool have `count` more machines of this offer? NULL, or why not. */
static const char *launch_objection(struct control *c, const struct pool *p,
                                    const struct offer *offer, int64_t count)
{
    if (pool_is_paused(c, p))
        return "the pool is paused";
    if (p->retiring)
        return "the pool is retiring";
    const struct inventory *inv = inventory_find(c, offer->inventory);
    if (!inv)
        return "its inventory is unknown";
    const char *doubt = inventory_doubt(c, inv);
    if (doubt)
        return doubt;
    if (!inv->trusted || unlisted_before(c, p))
        return "machines bought before the restart may not be listed yet";
    if (inv->terminate_failing_since_ns != 0 &&
        c->now_ns - inv->terminate_failing_since_ns > TERMINATE_BLIND_NS)
        return "machines there cannot be given back: none are bought";
    if (c->now_ns < c->journal_retry_ns)
        return "the journal cannot be written";
    struct census census;
    pool_census(c, p, &census);
    if (census.slots_all + offer->slots * count > p->spec->slots_max)
        return "all machines there are, draining ones included, would exceed slots.max";
    if (census.machines + count > p->spec->nodes_max)
        return "all machines there are, draining ones included, would exceed nodes.max";
    size_t index = (size_t)(offer - p->spec->offers.at);
    if (offer->nodes_max > 0 && pool_offer_machines(p, index) + count > offer->nodes_max)
        return "all machines of this offer would exceed its own max";
    int64_t most = c->options.limits.nodes;
    if (most > 0 && c->machines + count > most)
        return "limits.nodes over all pools is reached";
    return over_budget(c, p, offer, count, &census);
}

static struct intent *intent_new(struct control *c, struct pool *p, enum intent_kind kind,
                                 struct error *err)
{
    struct intent *intent = calloc(1, sizeof(*intent));
    if (!intent || !vec_reserve(&c->intents, c->intents.len + 1)) {
        free(intent);
        error_nomem(err);
        return NULL;
    }
    intent->number = c->last_number + 1;
    intent->kind = kind;
    intent->count = 1;
    intent->planned_ns = c->now_ns;
    intent->planned_wall_ns = c->wall_ns;
    str_copy_c(intent->pool, sizeof(intent->pool), p->spec->name);
    return intent;
}

/* From here on the intent exists: numbered, in the table, on its way to the journal. */
static int intent_commit(struct control *c, struct pool *p, struct intent *take_intent,
                         struct effect_list *out, struct error *err)
{
    int rc = intent_make_token(take_intent, c->options.controller, c->journal, err);
    struct effect *e = rc < 0 ? NULL : effect_add(out, EFFECT_WRITE_INTENT, err);
    if (!e) {
        free(take_intent);
        return MUSTER_E_NOMEM;
    }
    e->intent = take_intent;
    p->acted = true;
    c->last_number = take_intent->number;
    c->intents.at[c->intents.len++] = take_intent;
    return 0;
}

/* Machines count from the moment they are decided, so that nothing is ever bought twice. */
static int add_requested(struct control *c, struct pool *p, uint16_t offer_index, int64_t count,
                         uint64_t number, struct error *err)
{
    const struct offer *offer = &p->spec->offers.at[offer_index];
    const struct inventory *inv = inventory_find(c, offer->inventory);
    size_t before = p->nodes.len;
    for (int64_t i = 0; i < count; i++) {
        struct node *node = pool_add_node(c, p, "", err);
        if (!node) {
            while (p->nodes.len > before) {
                free(p->nodes.at[--p->nodes.len]);
                c->machines--;
            }
            return MUSTER_E_NOMEM;
        }
        node->intent = number;
        node->offer = offer_index;
        node->unbound = false;
        node->slots = offer->slots;
        node->price_usd_micro = offer->price_usd_micro;
        node->inventory = inventory_index(c, inv);
    }
    return 0;
}

int gate_launch(struct control *c, struct pool *p, uint16_t offer_index, int64_t count,
                struct trail *trail, struct effect_list *out, struct error *err)
{
    const struct offer *offer = &p->spec->offers.at[offer_index];
    const char *objection = launch_objection(c, p, offer, count);
    if (objection)
        return refuse(trail, "launch", objection, err);
    const struct rate *rate = &c->options.limits.launches;
    if (!bucket_has(&c->launches, rate, c->now_ns, count))
        return refuse(trail, "launch", "limits.launches over all pools: wait", err);

    struct intent *intent = intent_new(c, p, INTENT_LAUNCH, err);
    if (!intent)
        return MUSTER_E_NOMEM;
    str_copy_c(intent->offer, sizeof(intent->offer), offer->name);
    str_copy_c(intent->inventory, sizeof(intent->inventory), offer->inventory);
    intent->slots = offer->slots;
    intent->price_usd_micro = offer->price_usd_micro;
    intent->count = count;
    uint64_t number = intent->number;
    int rc = intent_commit(c, p, intent, out, err);
    if (rc < 0)
        return rc;
    rc = add_requested(c, p, offer_index, count, number, err);
    if (rc < 0) {
        /* Without its machines in the table it must not be sent: take it back out again. */
        out->all.len--;
        c->intents.len--;
        free(intent);
        return rc;
    }
    bucket_take(&c->launches, rate, count);
    return 0;
}

/* May this machine be stopped? NULL, or why not. Proof, not likelihood, for anything that works. */
static const char *terminate_objection(struct control *c, const struct pool *p,
                                       const struct node *node, enum stop_reason reason)
{
    if (!node->id[0])
        return "the machine has no name yet";
    if (pool_is_paused(c, p))
        return "the pool is paused";
    const struct inventory *inv = c->inventories.at[node->inventory];
    const char *doubt = inventory_doubt(c, inv);
    if (doubt)
        return doubt;
    if (node->seen_ns == 0 && node->adopted)
        return "no listing has shown it as ours";
    if (inventory_lacks(c, node))
        return "the last listing lacks the place it is in";
    if (p->panic && (reason == STOP_BOOT_OVERDUE || reason == STOP_LOST))
        return "too many nodes look unhealthy at once to believe it";
    if (c->now_ns < c->journal_retry_ns)
        return "the journal cannot be written";
    switch (reason) {
    case STOP_DRAINED:
        return node_is_free(node) ? NULL : "it has not said that its worker is gone";
    case STOP_BOOT_OVERDUE:
        return node->served ? "it was heard once and may be working" : NULL;
    case STOP_LOST:
        return p->spec->release_lost_ns == UNITS_NEVER ? "health.release_lost is never" : NULL;
    case STOP_FORCED:
        return p->spec->drain_force ? NULL : "release.force is off";
    }
    return "no reason";
}

int gate_terminate(struct control *c, struct pool *p, struct node *node, enum stop_reason reason,
                   struct trail *trail, struct effect_list *out, struct error *err)
{
    const char *objection = terminate_objection(c, p, node, reason);
    if (objection)
        return refuse(trail, "terminate", objection, err);
    const struct rate *rate = &c->options.limits.terminations;
    if (!bucket_has(&c->terminations, rate, c->now_ns, 1))
        return refuse(trail, "terminate", "limits.terminations over all pools: wait", err);
    if (!node_may_move((enum node_state)node->state, NODE_TERMINATING))
        return refuse(trail, "terminate", "it is already being stopped", err);

    struct intent *intent = intent_new(c, p, INTENT_TERMINATE, err);
    if (!intent)
        return MUSTER_E_NOMEM;
    str_copy_c(intent->node, sizeof(intent->node), node->id);
    str_copy_c(intent->inventory, sizeof(intent->inventory),
               c->inventories.at[node->inventory]->name);
    intent->slots = node->slots;
    intent->price_usd_micro = node->price_usd_micro;
    int rc = intent_commit(c, p, intent, out, err);
    if (rc < 0)
        return rc;
    node->stop_reason = (uint8_t)reason;
    node_move(node, NODE_TERMINATING, c->now_ns);
    bucket_take(&c->terminations, rate, 1);
    return 0;
}

static int send_intent(struct control *c, struct intent *intent, struct effect_list *out,
                       struct error *err)
{
    enum effect_type type = intent->kind == INTENT_LAUNCH ? EFFECT_LAUNCH : EFFECT_TERMINATE;
    struct effect *e = effect_add(out, type, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->intent = intent;
    intent->state = INTENT_SENT;
    intent->sent_ns = c->now_ns;
    intent->tries++;
    intent->listings = 0;
    return 0;
}

static const struct offer *intent_offer(const struct pool *p, const struct intent *intent)
{
    for (size_t i = 0; p && i < p->spec->offers.len; i++) {
        if (strcmp(p->spec->offers.at[i].name, intent->offer) == 0)
            return &p->spec->offers.at[i];
    }
    return NULL;
}

/* Things may have changed while the journal was being written: the last look before it leaves. */
static const char *last_objection(struct control *c, const struct intent *intent)
{
    struct pool *p = pool_find(c, intent->pool);
    if (!p)
        return "the pool is gone";
    if (intent->kind == INTENT_LAUNCH) {
        const struct offer *offer = intent_offer(p, intent);
        /* Its machines are already counted: ask for none more. */
        return offer ? launch_objection(c, p, offer, 0) : "the offer is not in the file any more";
    }
    const struct node *node = map_get(&c->nodes_by_id, intent->node);
    if (!node || node->state != NODE_TERMINATING)
        return "the machine is gone already";
    return terminate_objection(c, p, node, (enum stop_reason)node->stop_reason);
}

int gate_written(struct control *c, uint64_t number, struct effect_list *out, struct error *err)
{
    struct intent *intent = intent_find(c, number);
    if (!intent || intent->state != INTENT_PLANNED)
        return 0; /* told twice, or resolved meanwhile */
    c->journal_retry_ns = 0;
    const char *objection = last_objection(c, intent);
    if (!objection)
        return send_intent(c, intent, out, err);
    int rc = note(out, LOG_INFO, intent->pool, err, "%s intent %llu not sent: %s",
                  intent_kind_word(intent->kind), (unsigned long long)number, objection);
    return rc < 0 ? rc : intent_close(c, intent, INTENT_FAILED, out, err);
}

int gate_lost(struct control *c, uint64_t number, const char *text, struct effect_list *out,
              struct error *err)
{
    struct intent *intent = intent_find(c, number);
    if (!intent || intent->state != INTENT_PLANNED)
        return 0;
    if (c->journal_retry_ns == 0) {
        int rc = note(out, LOG_ERROR, "", err,
                      "the journal cannot be written: %s; continuing: nothing is bought or given "
                      "back until it can",
                      text);
        if (rc < 0)
            return rc;
    }
    c->journal_retry_ns = c->now_ns + JOURNAL_RETRY_NS;
    return intent_close(c, intent, INTENT_FAILED, out, err);
}

/*
 * What a launch would be now, if it came to be bought: at the price of today, within the limits of its
 * offer. false: the file says another thing by that name.
 */
static bool bind_requested(struct pool *p, const struct intent *intent)
{
    const struct offer *offer = intent_offer(p, intent);
    if (!offer || offer->slots != intent->slots)
        return false;
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        if (node->intent != intent->number || node->state != NODE_REQUESTED)
            continue;
        node->offer = (uint16_t)(offer - p->spec->offers.at);
        node->unbound = false;
        if (offer->price_usd_micro > node->price_usd_micro)
            node->price_usd_micro = offer->price_usd_micro;
    }
    return true;
}

/*
 * Asked again with the same token, the cloud answers what became of the first call; if it never came,
 * this one buys. Either way its machines are counted already. What an earlier life left open is asked
 * for again only if it is young (tries > 0): else listings alone settle it, nobody may want it now.
 */
static bool may_resend(struct control *c, const struct intent *intent)
{
    if (intent->state != INTENT_UNKNOWN || c->now_ns < intent->retry_ns || intent->tries == 0)
        return false;
    if (intent->kind == INTENT_LAUNCH && intent->tries >= LAUNCH_TRIES_MAX)
        return false;
    if (intent->kind == INTENT_LAUNCH && !bind_requested(pool_find(c, intent->pool), intent))
        return false;
    return last_objection(c, intent) == NULL;
}

void gate_give_up(struct control *c, const char *inventory)
{
    for (size_t i = 0; i < c->intents.len; i++) {
        struct intent *intent = c->intents.at[i];
        if (intent->kind == INTENT_LAUNCH && strcmp(intent->inventory, inventory) == 0)
            intent->tries = LAUNCH_TRIES_MAX;
    }
}

int gate_resend(struct control *c, struct effect_list *out, struct error *err)
{
    for (size_t i = 0; i < c->intents.len; i++) {
        struct intent *intent = c->intents.at[i];
        if (!may_resend(c, intent))
            continue;
        int rc = send_intent(c, intent, out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int64_t gate_retry_ns(const struct control *c, int tries)
{
    int64_t wait = RESEND_FIRST_NS;
    for (int i = 1; i < tries && wait < RESEND_MOST_NS; i++)
        wait *= 2;
    return c->now_ns + (wait < RESEND_MOST_NS ? wait : RESEND_MOST_NS);
}
