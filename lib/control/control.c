/* The core's front door: each event goes to the file that knows what to do with it. */
#include "control/control.h"

#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

#define POLL_ANSWER_NS (120 * NS_PER_S) /* a poll not answered by then is asked again */

void control_options_default(struct control_options *options)
{
    *options = (struct control_options){
        .controller = "muster",
        .limits = { .usd_per_hour_micro = -1 },
        .tick_ns = NS_PER_S,
        .list_every_ns = 15 * NS_PER_S,
        .missing_listings = 3,
    };
}

struct control *control_new(const struct control_options *options, struct error *err)
{
    struct control *c = calloc(1, sizeof(*c));
    if (!c) {
        error_nomem(err);
        return NULL;
    }
    c->options = *options;
    return c;
}

/* What effects of the last step may still have pointed to. */
static void clear_graves(struct control *c)
{
    for (size_t i = 0; i < c->closed.len; i++)
        free(c->closed.at[i]);
    for (size_t i = 0; i < c->buried.len; i++)
        free(c->buried.at[i]);
    for (size_t i = 0; i < c->retired.len; i++)
        pool_free(c->retired.at[i]);
    vec_clear(&c->closed);
    vec_clear(&c->buried);
    vec_clear(&c->retired);
}

void control_free(struct control *c)
{
    if (!c)
        return;
    clear_graves(c);
    for (size_t i = 0; i < c->pools.len; i++)
        pool_free(c->pools.at[i]);
    for (size_t i = 0; i < c->inventories.len; i++)
        inventory_free(c->inventories.at[i]);
    for (size_t i = 0; i < c->intents.len; i++)
        free(c->intents.at[i]);
    for (size_t i = 0; i < c->paused_names.len; i++)
        free(c->paused_names.at[i]);
    vec_release(&c->pools);
    vec_release(&c->inventories);
    vec_release(&c->intents);
    vec_release(&c->unserved);
    vec_release(&c->places);
    vec_release(&c->paused_names);
    vec_release(&c->booting);
    vec_release(&c->victims);
    vec_release(&c->closed);
    vec_release(&c->buried);
    vec_release(&c->retired);
    map_release(&c->nodes_by_id);
    free(c);
}

/* ---- pauses: by name, so that one outlives the pool's file and a restart ------------------------ */

static size_t paused_index(const struct control *c, const char *name)
{
    size_t i = 0;
    while (i < c->paused_names.len && strcmp(c->paused_names.at[i], name) != 0)
        i++;
    return i;
}

static int set_paused(struct control *c, const char *name, bool paused, struct error *err)
{
    size_t i = paused_index(c, name);
    if (paused && i == c->paused_names.len) {
        char *copy = str_dup(str_from(name));
        if (!copy || !vec_push(&c->paused_names, copy)) {
            free(copy);
            return error_nomem(err);
        }
    } else if (!paused && i < c->paused_names.len) {
        free(c->paused_names.at[i]);
        vec_remove(&c->paused_names, i);
    }
    c->paused_all = paused_index(c, "") < c->paused_names.len;
    struct pool *p = pool_find(c, name);
    if (p)
        p->paused = paused;
    return 0;
}

/*
 * After a pause a pool wants what it has, and goes on from there at its pace: what it would have
 * wanted meanwhile must not come down on its machines at once.
 */
static void start_again(struct control *c, const char *name)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        bool meant = !name[0] || strcmp(p->spec->name, name) == 0;
        if (!meant || !p->started || pool_is_paused(c, p))
            continue;
        struct census census;
        pool_census(c, p, &census);
        guard_start(c, p, census.supply);
    }
}

static int on_pause(struct control *c, const char *name, bool paused, struct effect_list *out,
                    struct error *err)
{
    struct pool *p = pool_find(c, name);
    if (!p && name[0])
        return error_set(err, MUSTER_E_NOTFOUND, "there is no pool '%s'", name);
    bool was_paused = p ? pool_is_paused(c, p) : c->paused_all;
    int rc = set_paused(c, name, paused, err);
    if (rc == 0 && was_paused && !paused)
        start_again(c, name);
    struct effect *e = rc < 0 ? NULL : effect_add(out, EFFECT_PAUSED, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->paused.pool = p ? p->spec->name : "";
    e->paused.paused = paused;
    return p ? pool_run(c, p, out, err) : 0;
}

/* ---- policies ----------------------------------------------------------------------------------- */

static void rebind_offers(struct pool *p, const struct pool_spec *from, const struct pool_spec *to)
{
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        uint16_t old = node->offer;
        node->offer = OFFER_NONE;
        node->unbound = old == OFFER_NONE;
        for (size_t k = 0; old < from->offers.len && k < to->offers.len; k++) {
            if (strcmp(from->offers.at[old].name, to->offers.at[k].name) != 0)
                continue;
            node->offer = (uint16_t)k;
            node->price_usd_micro = to->offers.at[k].price_usd_micro;
        }
    }
}

/* A place that was never listed before must be listed before the pool can trust what it has. */
static int add_inventories(struct control *c, const struct pool_spec *spec, struct error *err)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        struct inventory *inv;
        int rc = inventory_add(c, spec->offers.at[i].inventory, &inv, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A file that was read again: all of it, or nothing. */
static int replace_spec(struct pool *p, struct pool_spec *take_spec, struct error *err)
{
    if (!vec_reserve(&p->offers, take_spec->offers.len) || pool_remember(p, take_spec, err) < 0) {
        pool_spec_free(take_spec);
        return error_nomem(err);
    }
    struct pool_spec *old = p->spec;
    rebind_offers(p, old, take_spec);
    p->spec = take_spec;
    pool_spec_free(old);
    return 0;
}

static int on_policy(struct control *c, struct pool_spec *take_spec, struct effect_list *out,
                     struct error *err)
{
    struct pool *p = pool_find(c, take_spec->name);
    int rc = add_inventories(c, take_spec, err);
    if (rc < 0) {
        pool_spec_free(take_spec);
        return rc;
    }
    if (p)
        rc = replace_spec(p, take_spec, err);
    else if (!(p = pool_add(c, take_spec, err)))
        rc = MUSTER_E_NOMEM;
    if (rc < 0)
        return rc;
    if (take_spec->offers.len > 0)
        memset(p->offers.at, 0, take_spec->offers.len * sizeof(p->offers.at[0]));
    p->offers.len = take_spec->offers.len;
    p->described = true;
    p->retiring = false;
    p->replaced_ns = 0;
    p->poll_due_ns = c->now_ns;
    p->polled_ns = 0; /* the source is another now: what the old one was asked it never answers */
    return c->recovered ? pool_run(c, p, out, err) : 0;
}

static int on_policy_removed(struct control *c, const char *name, struct effect_list *out,
                             struct error *err)
{
    struct pool *p = pool_find(c, name);
    if (!p)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no pool '%s'", name);
    p->retiring = true;
    p->described = false;
    return note(out, LOG_WARNING, p->spec->name, err,
                "its policy file was removed: no new nodes, %zu nodes drain", p->nodes.len);
}

static void on_policies(struct control *c, bool complete)
{
    c->policies_complete = complete;
    for (size_t i = 0; complete && i < c->pools.len; i++) {
        if (!c->pools.at[i]->described)
            c->pools.at[i]->retiring = true;
    }
}

/* A pool that nobody describes any more ends when its last machine and intent are gone. */
static int drop_retired(struct control *c, struct effect_list *out, struct error *err)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        if (p->described || !p->retiring || p->nodes.len > 0)
            continue;
        bool open = false;
        for (size_t k = 0; k < c->intents.len && !open; k++)
            open = strcmp(c->intents.at[k]->pool, p->spec->name) == 0;
        if (open)
            continue;
        if (!vec_reserve(&c->retired, c->retired.len + 1))
            return error_nomem(err);
        int rc = note(out, LOG_INFO, p->spec->name, err, "retired: its last node is gone");
        if (rc < 0)
            return rc;
        c->retired.at[c->retired.len++] = p;
        vec_remove(&c->pools, i);
        i--;
    }
    return 0;
}

/* ---- time and samples --------------------------------------------------------------------------- */

static int poll_queues(struct control *c, struct effect_list *out, struct error *err)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        if (!p->described || c->now_ns < p->poll_due_ns)
            continue;
        /* Whole periods, so that a late tick does not shift all later polls. */
        int64_t late_ns = c->now_ns - p->poll_due_ns;
        p->poll_due_ns += p->spec->poll_every_ns * (1 + late_ns / p->spec->poll_every_ns);
        if (p->polled_ns != 0 && c->now_ns - p->polled_ns < POLL_ANSWER_NS)
            continue;
        struct effect *e = effect_add(out, EFFECT_POLL, err);
        if (!e)
            return MUSTER_E_NOMEM;
        e->poll.pool = p->spec->name;
        p->polled_ns = c->now_ns;
    }
    return 0;
}

static int run_pools(struct control *c, bool all, struct effect_list *out, struct error *err)
{
    int first = 0;
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        if (!all && c->now_ns < p->run_due_ns)
            continue;
        /* One pool's trouble must not cost the others their tick. */
        int rc = pool_run(c, p, out, err);
        if (rc < 0 && first == 0)
            first = rc;
    }
    return first;
}

static int on_tick(struct control *c, struct effect_list *out, struct error *err)
{
    int rc = inventories_poll(c, out, err);
    if (rc == 0)
        rc = poll_queues(c, out, err);
    if (rc == 0)
        rc = intents_expire(c, out, err);
    if (rc == 0)
        rc = gate_resend(c, out, err);
    int ran = run_pools(c, false, out, err);
    return rc < 0 ? rc : ran;
}

static int on_sample(struct control *c, const struct event *ev, struct effect_list *out,
                     struct error *err)
{
    bool ok = ev->type == EVENT_SAMPLE;
    struct pool *p = pool_find(c, ok ? ev->sample.pool : ev->sample_failed.pool);
    if (!p)
        return 0; /* its file was removed meanwhile */
    p->polled_ns = 0;
    if (ok)
        signal_sample(&p->signal, c->now_ns, ev->sample.sample);
    else
        signal_fail(&p->signal, c->now_ns, ev->sample_failed.text);
    return pool_run(c, p, out, err);
}

static int on_listing(struct control *c, const struct event *ev, struct effect_list *out,
                      struct error *err)
{
    int rc = inventory_listed(c, ev, out, err);
    if (rc < 0)
        return rc;
    on_policies(c, c->policies_complete); /* machines of pools that no file describes */
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        rc = p->started ? 0 : pool_run(c, p, out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int on_recovered(struct control *c, const struct event *ev, struct effect_list *out,
                        struct error *err)
{
    c->last_number = ev->recovered.last_number;
    for (size_t i = 0; i < ev->recovered.open_len; i++) {
        if (ev->recovered.open[i].number > c->last_number)
            c->last_number = ev->recovered.open[i].number;
    }
    c->newborn = c->last_number == 0;
    c->recovered_ns = c->now_ns;
    c->recovered_wall_ns = c->wall_ns;
    str_copy_c(c->journal, sizeof(c->journal), ev->recovered.journal);
    for (size_t i = 0; i < ev->recovered.paused_len; i++) {
        int rc = set_paused(c, ev->recovered.paused[i], true, err);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 0; i < ev->recovered.places_len; i++) {
        struct inventory *inv;
        int rc = inventory_add(c, ev->recovered.places[i].inventory, &inv, err);
        if (rc < 0)
            return rc;
        if (ev->recovered.places[i].done_wall_ns > inv->done_wall_ns)
            inv->done_wall_ns = ev->recovered.places[i].done_wall_ns;
        struct place_known place = { .inventory = inventory_index(c, inv) };
        str_copy_c(place.pool, sizeof(place.pool), ev->recovered.places[i].pool);
        if (!vec_push(&c->places, place))
            return error_nomem(err);
    }
    int rc = intents_recover(c, ev, out, err);
    if (rc == 0)
        c->recovered = true;
    return rc;
}

static void on_price(struct control *c, const struct event *ev)
{
    struct pool *p = pool_find(c, ev->price.pool);
    for (size_t i = 0; p && i < p->spec->offers.len; i++) {
        if (strcmp(p->spec->offers.at[i].name, ev->price.offer) == 0)
            p->spec->offers.at[i].price_usd_micro =
                ev->price.usd_micro >= 0 ? ev->price.usd_micro : PRICE_UNKNOWN;
    }
}

/* ---- people ------------------------------------------------------------------------------------- */

static int on_drain(struct control *c, const char *id, struct effect_list *out, struct error *err)
{
    struct node *node = map_get(&c->nodes_by_id, id);
    if (!node)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no node '%s'", id);
    node->operator_drain = true;
    if (node->state == NODE_DRAINING || node->state == NODE_TERMINATING)
        return 0;
    if (!node_move(node, NODE_DRAINING, c->now_ns))
        return error_set(err, MUSTER_E_REFUSED, "node %s is %s: it cannot be drained", id,
                         node_state_word((enum node_state)node->state));
    return note(out, LOG_INFO, node->pool->spec->name, err, "node %s drains: asked for by a person",
                id);
}

static int dispatch(struct control *c, const struct event *ev, struct effect_list *out,
                    struct error *err)
{
    switch (ev->type) {
    case EVENT_RECOVERED:
        return on_recovered(c, ev, out, err);
    case EVENT_POLICY:
        return on_policy(c, ev->policy.take_spec, out, err);
    case EVENT_POLICY_REMOVED:
        return on_policy_removed(c, ev->policy_removed.pool, out, err);
    case EVENT_POLICIES:
        on_policies(c, ev->policies.complete);
        return 0;
    case EVENT_TICK:
        return on_tick(c, out, err);
    case EVENT_SAMPLE:
    case EVENT_SAMPLE_FAILED:
        return on_sample(c, ev, out, err);
    case EVENT_LISTING:
        return on_listing(c, ev, out, err);
    case EVENT_LISTING_FAILED:
        return inventory_failed(c, ev, out, err);
    case EVENT_INTENT_WRITTEN:
        return gate_written(c, ev->intent.number, out, err);
    case EVENT_INTENT_LOST:
        return gate_lost(c, ev->intent.number, ev->intent.text, out, err);
    case EVENT_LAUNCHED:
        return intent_launched(c, ev, out, err);
    case EVENT_LAUNCH_FAILED:
        return intent_launch_failed(c, ev, out, err);
    case EVENT_TERMINATED:
    case EVENT_TERMINATE_FAILED:
        return intent_terminated(c, ev, out, err);
    case EVENT_HEARTBEAT:
        return heartbeat_take(c, ev, out, err);
    case EVENT_PRICE:
        on_price(c, ev);
        return 0;
    case EVENT_INTERRUPTION:
        return notice_take(c, ev, out, err);
    case EVENT_PAUSE:
        return on_pause(c, ev->pause.pool, true, out, err);
    case EVENT_RESUME:
        return on_pause(c, ev->resume.pool, false, out, err);
    case EVENT_DRAIN:
        return on_drain(c, ev->drain.node, out, err);
    }
    return error_set(err, MUSTER_E_INVALID, "unknown event %d", (int)ev->type);
}

int control_step(struct control *c, const struct event *ev, struct effect_list *out,
                 struct error *err)
{
    clear_graves(c);
    if (ev->now_ns > c->now_ns)
        c->now_ns = ev->now_ns;
    c->wall_ns = ev->wall_ns;
    /* Until the journal was read nothing is known of what an earlier life left open: do nothing. */
    bool early =
        ev->type == EVENT_RECOVERED || ev->type == EVENT_POLICY || ev->type == EVENT_POLICIES;
    if (!c->recovered && !early)
        return 0;
    int rc = dispatch(c, ev, out, err);
    for (size_t i = 0; i < c->pools.len; i++)
        pool_bury_gone(c, c->pools.at[i]);
    int dropped = drop_retired(c, out, err);
    return rc < 0 ? rc : dropped;
}

int64_t control_next_ns(const struct control *c)
{
    int64_t next = INT64_MAX;
    if (!c->recovered)
        return next; /* a tick would do nothing */
    for (size_t i = 0; i < c->pools.len; i++) {
        const struct pool *p = c->pools.at[i];
        if (p->described && p->poll_due_ns < next)
            next = p->poll_due_ns;
        if (p->run_due_ns < next)
            next = p->run_due_ns;
    }
    for (size_t i = 0; i < c->inventories.len; i++) {
        int64_t due_ns = inventory_due_ns(c->inventories.at[i]);
        if (due_ns < next)
            next = due_ns;
    }
    return next;
}
