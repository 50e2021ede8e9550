/* reconcile: what exists against what should: deadlines, silence, and who can be stopped now. */
#include "base/clock.h"
#include "control/state.h"

#define STOP_STUCK_NS (180 * NS_PER_S) /* asked to stop, still there, nothing open: ask again */

static int64_t silent_ns(const struct control *c, const struct node *node)
{
    int64_t last = node->heard_ns > node->state_since_ns ? node->heard_ns : node->state_since_ns;
    return c->now_ns - last;
}

static int64_t lost_after_ns(const struct pool *p)
{
    return p->spec->heartbeat_ns * p->spec->lost_after;
}

/* A machine that may be working and says nothing: no capacity, but not to be touched either. */
static void check_silence(struct control *c, struct pool *p, struct node *node)
{
    bool may_work = node->state == NODE_READY || (node->state == NODE_BOOTING && node->served);
    if (may_work && silent_ns(c, node) > lost_after_ns(p))
        node_move(node, NODE_LOST, c->now_ns);
}

/* Heard, but not ready in time: it is asked to leave like any other, and replaced. */
static void check_boot(struct control *c, struct pool *p, struct node *node)
{
    bool overdue = c->now_ns - node->launched_ns > p->spec->ready_within_ns;
    if (node->state != NODE_BOOTING || !node->served || !overdue || p->panic)
        return;
    if (pool_is_paused(c, p))
        return;
    offer_failed(c, p, node->offer, MUSTER_E_TRANSIENT,
                 "its last node was not ready within health.ready_within");
    node_move(node, NODE_DRAINING, c->now_ns);
}

/* release.rebalance: drain */
static void check_advice(struct control *c, struct pool *p, struct node *node)
{
    bool leaves = node->rebalance && p->spec->on_rebalance == REBALANCE_DRAIN;
    if (leaves && node_is_supply(node) && !pool_is_paused(c, p))
        node_move(node, NODE_DRAINING, c->now_ns);
}

void reconcile_health(struct control *c, struct pool *p)
{
    for (size_t i = 0; i < p->nodes.len; i++) {
        check_silence(c, p, p->nodes.at[i]);
        check_boot(c, p, p->nodes.at[i]);
        check_advice(c, p, p->nodes.at[i]);
    }
}

static bool terminate_open(const struct control *c, const struct node *node)
{
    for (size_t i = 0; i < c->intents.len; i++) {
        const struct intent *intent = c->intents.at[i];
        if (intent->kind == INTENT_TERMINATE && strcmp(intent->node, node->id) == 0)
            return true;
    }
    return false;
}

/* Is there a reason to stop this node now? The gate judges whether it may be. */
static bool stop_reason(const struct control *c, const struct pool *p, const struct node *node,
                        enum stop_reason *ret)
{
    int64_t age_ns = c->now_ns - node->state_since_ns;
    bool boot_overdue = !node->served && c->now_ns - node->launched_ns > p->spec->ready_within_ns;
    bool draining = node->state == NODE_DRAINING;
    if (draining && node_is_free(node)) {
        *ret = STOP_DRAINED;
        return true;
    }
    if (boot_overdue && (draining || node->state == NODE_BOOTING)) {
        *ret = STOP_BOOT_OVERDUE;
        return true;
    }
    if (draining && p->spec->drain_force && age_ns > p->spec->drain_timeout_ns) {
        *ret = STOP_FORCED;
        return true;
    }
    if ((draining || node->state == NODE_LOST) && p->spec->release_lost_ns != UNITS_NEVER &&
        silent_ns(c, node) > p->spec->release_lost_ns) {
        *ret = STOP_LOST;
        return true;
    }
    return false;
}

static void unstick(struct control *c, struct node *node)
{
    bool stuck = node->state == NODE_TERMINATING && node->seen_ns > node->state_since_ns &&
                 c->now_ns - node->state_since_ns > STOP_STUCK_NS;
    if (stuck && !terminate_open(c, node))
        node_move(node, NODE_DRAINING, c->now_ns);
}

int reconcile(struct control *c, struct pool *p, struct trail *trail, struct effect_list *out,
              struct error *err)
{
    struct trail *refusals = trail; /* the first refusal says enough */
    for (size_t i = 0; i < p->nodes.len; i++) {
        struct node *node = p->nodes.at[i];
        enum stop_reason reason;
        unstick(c, node);
        if (!stop_reason(c, p, node, &reason))
            continue;
        int rc = gate_terminate(c, p, node, reason, refusals, out, err);
        if (rc == MUSTER_E_REFUSED) {
            refusals = NULL;
            continue;
        }
        if (rc < 0)
            return rc;
        if (reason == STOP_BOOT_OVERDUE)
            offer_failed(c, p, node->offer, MUSTER_E_TRANSIENT,
                         "its last node did not report within health.ready_within");
        static const char *const why[] = {
            [STOP_DRAINED] = "drained: its worker is gone",
            [STOP_BOOT_OVERDUE] = "never heard of within health.ready_within",
            [STOP_LOST] = "silent for longer than health.release_lost",
            [STOP_FORCED] = "release.force: not drained within release.drain_timeout",
        };
        trail_about(trail, STAGE_GATE, "terminate", node->id, why[reason]);
    }
    return 0;
}
