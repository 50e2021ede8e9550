#include "control/node.h"

#define TO(state) (1U << (state))

/* From each state, the states a node may move to. Staying where it is is no move. */
static const unsigned may_move[NODE_STATES] = {
    [NODE_REQUESTED] = TO(NODE_BOOTING) | TO(NODE_GONE),
    [NODE_BOOTING] =
        TO(NODE_READY) | TO(NODE_DRAINING) | TO(NODE_TERMINATING) | TO(NODE_LOST) | TO(NODE_GONE),
    [NODE_READY] = TO(NODE_DRAINING) | TO(NODE_TERMINATING) | TO(NODE_LOST) | TO(NODE_GONE),
    [NODE_DRAINING] = TO(NODE_TERMINATING) | TO(NODE_GONE),
    /* Back to draining: the termination could not be journalled, or was refused at the last check. */
    [NODE_TERMINATING] = TO(NODE_DRAINING) | TO(NODE_GONE),
    [NODE_LOST] = TO(NODE_READY) | TO(NODE_DRAINING) | TO(NODE_TERMINATING) | TO(NODE_GONE),
    [NODE_GONE] = 0,
};

const char *node_state_word(enum node_state state)
{
    static const char *const words[NODE_STATES] = { "requested",   "booting", "ready", "draining",
                                                    "terminating", "lost",    "gone" };
    return words[state];
}

bool node_may_move(enum node_state from, enum node_state to)
{
    return (may_move[from] & TO(to)) != 0;
}

bool node_move(struct node *node, enum node_state to, int64_t now_ns)
{
    if (!node_may_move((enum node_state)node->state, to))
        return false;
    node->state = (uint8_t)to;
    node->state_since_ns = now_ns;
    return true;
}

bool node_is_supply(const struct node *node)
{
    return node->state == NODE_REQUESTED || node->state == NODE_BOOTING ||
           node->state == NODE_READY;
}

bool node_is_idle(const struct node *node, int64_t now_ns, int64_t fresh_ns)
{
    return node->busy == 0 && node->heard_ns > 0 && now_ns - node->heard_ns <= fresh_ns;
}

bool node_is_free(const struct node *node)
{
    return node->drained;
}
