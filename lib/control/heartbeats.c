/* Heartbeats: what nodes say of themselves. Only they make a node ready, idle or drained. */
#include "control/state.h"

static void became_ready(struct control *c, struct node *node)
{
    if (node->state == NODE_BOOTING && !node->adopted)
        boot_measured(node->pool, c->now_ns - node->launched_ns);
    node_move(node, NODE_READY, c->now_ns);
}

/* Being ready once proves little: a worker that ends right after is bought again and again. */
static void lives_on(const struct control *c, struct node *node)
{
    if (node->proven || node->state != NODE_READY || c->now_ns - node->state_since_ns < YOUNG_NS)
        return;
    node->proven = true;
    offer_worked(c, node->pool, node->offer);
}

/*
 * From the first answer that lets it run its worker a node may be working, and only its own word can
 * prove that it is not. The journal learns it too, for a later life.
 */
static int may_work_now(struct node *node, struct effect_list *out, struct error *err)
{
    node->served = true;
    if (node->journalled || node->intent == 0)
        return 0;
    struct effect *e = effect_add(out, EFFECT_SERVED, err);
    if (!e)
        return MUSTER_E_NOMEM; /* told with the next heartbeat */
    e->served.number = node->intent;
    node->journalled = true;
    return 0;
}

static void take_numbers(struct control *c, struct node *node, const struct heartbeat *beat)
{
    node->heard_ns = c->now_ns;
    node->beat_seq = beat->seq;
    node->missing = 0;
    /* More busy slots than there are would be work that is not there. */
    int64_t most = node->slots < INT32_MAX ? node->slots : INT32_MAX;
    node->busy = beat->busy < 0 ? BUSY_UNKNOWN : (int32_t)(beat->busy < most ? beat->busy : most);
    if (node->busy > 0)
        node->active_ns = c->now_ns;
    else if (beat->idle_ns >= 0)
        node->active_ns = c->now_ns - beat->idle_ns;
    if (beat->version[0])
        str_copy_c(node->version, sizeof(node->version), beat->version);
    signal_served(&node->pool->signal, c->now_ns, beat->served, (double)beat->served_mean_ns);
}

/* A worker that ends by itself right after it began would be replaced for ever: let its offer rest. */
static void ended_by_itself(struct control *c, struct node *node)
{
    bool young = node->state == NODE_READY && c->now_ns - node->state_since_ns < YOUNG_NS;
    if (node->state == NODE_BOOTING || young)
        offer_failed(c, node->pool, node->offer, MUSTER_E_TRANSIENT,
                     "its last node's worker ended soon after it was started: look at its log");
}

/* A machine that is being stopped stays so, whatever it still says. */
static void leave(const struct control *c, struct node *node)
{
    if (node->state != NODE_TERMINATING)
        node_move(node, NODE_DRAINING, c->now_ns);
}

/* It was on its way out before the restart: the pool did not begin with it. */
static void correct_start(struct node *node, enum beat_state says)
{
    bool leaves = says == BEAT_DRAINING || says == BEAT_DRAINED;
    if (leaves && node->adopted && node->heard_ns == 0 && node->state == NODE_READY)
        node->pool->started = false;
}

static void take_state(struct control *c, struct node *node, const struct heartbeat *beat)
{
    bool lost = node->state == NODE_LOST;
    if (beat->state != BEAT_DRAINED)
        node->drained = false; /* what it said before is no proof any more */
    switch (beat->state) {
    case BEAT_BOOTING:
        if (node->state == NODE_LOST)
            node_move(node, NODE_READY, c->now_ns);
        break;
    case BEAT_READY:
        if (node->state == NODE_BOOTING || node->state == NODE_LOST)
            became_ready(c, node);
        break;
    case BEAT_DRAINED:
        ended_by_itself(c, node);
        node->drained = true;
        node->busy = 0;
        leave(c, node);
        break;
    case BEAT_DRAINING:
        leave(c, node);
        break;
    }
    if (node->interrupted)
        leave(c, node);
    if (lost && node->state == NODE_READY)
        guard_found(c, node->pool);
}

/* What the machine itself was told by the cloud; repeated in every heartbeat. */
static int take_notices(struct control *c, struct node *node, const struct heartbeat *beat,
                        struct effect_list *out, struct error *err)
{
    int rc = beat->interrupted ? node_taken_back(c, node, out, err) : 0;
    return rc == 0 && beat->rebalance ? node_rebalance(c, node, out, err) : rc;
}

int heartbeat_take(struct control *c, const struct event *ev, struct effect_list *out,
                   struct error *err)
{
    const struct heartbeat *beat = &ev->heartbeat;
    struct node *node = map_get(&c->nodes_by_id, beat->node);
    if (!node)
        return 0; /* the reply says that it is not known; a listing may show it later */
    if (beat->seq <= node->beat_seq)
        return 0; /* repeated, or overtaken by a later one */
    correct_start(node, beat->state);
    take_numbers(c, node, beat);
    int rc = take_notices(c, node, beat, out, err);
    if (rc < 0)
        return rc;
    take_state(c, node, beat);
    lives_on(c, node);
    bool works = beat->state == BEAT_READY || beat->state == BEAT_DRAINING;
    if (works || node->state == NODE_BOOTING || node->state == NODE_READY) {
        rc = may_work_now(node, out, err);
        if (rc < 0)
            return rc;
    }
    if (node->state == NODE_DRAINING && node->drain_told_ns == 0)
        node->drain_told_ns = c->now_ns; /* this heartbeat's reply tells it */
    if (node->state != NODE_DRAINING || !node_is_free(node))
        return 0;
    /* Its work is done: do not pay until the next tick. A refusal is looked at again then. */
    rc = gate_terminate(c, node->pool, node, STOP_DRAINED, NULL, out, err);
    return rc == MUSTER_E_REFUSED ? 0 : rc;
}

struct beat_reply control_beat_reply(const struct control *c, const char *id)
{
    const struct node *node = map_get(&c->nodes_by_id, id);
    if (!node)
        return (struct beat_reply){ 0 };
    bool drain = node->state == NODE_DRAINING || node->state == NODE_TERMINATING;
    return (struct beat_reply){
        .known = true,
        .drain = drain,
        .run = !drain,
        .heartbeat_ns = node->pool->spec->heartbeat_ns,
    };
}
