#include "runtime/virtual_fleet.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Until the core has said how often. */
#define SHADOW_HEARTBEAT_NS (5 * NS_PER_S)

/*
 * A real node may report here itself. Its own heartbeats are numbered far above those that we make up
 * for it, so ours are ignored; but once it is to be drained here, its own must be.
 */
#define DRAINED_SEQ ((uint64_t)1 << 62)

#define NEVER INT64_MAX

void virtual_fleet_release(struct virtual_fleet *fleet)
{
    vec_release(&fleet->nodes);
}

struct virtual_node *virtual_find(struct virtual_fleet *fleet, const char *id)
{
    for (size_t i = 0; i < fleet->nodes.len; i++) {
        if (strcmp(fleet->nodes.at[i].id, id) == 0)
            return &fleet->nodes.at[i];
    }
    return NULL;
}

void virtual_id(const struct intent *intent, int64_t n, char ret[static NODE_ID_MAX])
{
    snprintf(ret, NODE_ID_MAX, "dry-%.12s-%lld", intent->token, (long long)n);
}

bool virtual_launch(struct virtual_fleet *fleet, const struct intent *intent, int64_t boot_ns,
                    int64_t heartbeat_ns, int64_t now_ns)
{
    for (int64_t n = 0; n < intent->count; n++) {
        struct virtual_node node = { .slots = intent->slots,
                                     .created_ns = now_ns,
                                     .ready_ns = now_ns + boot_ns,
                                     .beat_ns = now_ns + boot_ns,
                                     .heartbeat_ns = heartbeat_ns };
        virtual_id(intent, n, node.id);
        str_copy_c(node.pool, sizeof(node.pool), intent->pool);
        str_copy_c(node.offer, sizeof(node.offer), intent->offer);
        str_copy_c(node.token, sizeof(node.token), intent->token);
        str_copy_c(node.inventory, sizeof(node.inventory), intent->inventory);
        if (!virtual_find(fleet, node.id) && !vec_push(&fleet->nodes, node))
            return false;
    }
    return true;
}

static bool add_shadow(struct virtual_fleet *fleet, const char *inventory,
                       const struct listed_node *real, int64_t now_ns)
{
    struct virtual_node node = { .real = true,
                                 .listed = true,
                                 .created_ns = now_ns,
                                 .ready_ns = now_ns,
                                 .beat_ns = NEVER,
                                 .heartbeat_ns = SHADOW_HEARTBEAT_NS,
                                 .slots = real->slots };
    str_copy_c(node.id, sizeof(node.id), real->id);
    str_copy_c(node.pool, sizeof(node.pool), real->pool);
    str_copy_c(node.inventory, sizeof(node.inventory), inventory);
    return vec_push(&fleet->nodes, node);
}

static bool take_real(struct virtual_fleet *fleet, const char *inventory,
                      const struct listed_node *real, int64_t now_ns, struct listed_nodes *ret)
{
    struct listed_node listed = *real;
    struct virtual_node *shadow = virtual_find(fleet, real->id);
    if (shadow)
        shadow->listed = true;
    if (!shadow && real->state != LISTED_GONE) {
        if (!add_shadow(fleet, inventory, real, now_ns))
            return false;
        shadow = &fleet->nodes.at[fleet->nodes.len - 1];
    }
    if (shadow && shadow->gone)
        listed.state = LISTED_GONE;
    else if (shadow && shadow->beat_ns == NEVER && real->state == LISTED_RUNNING)
        shadow->beat_ns = now_ns;
    return vec_push(&ret->all, listed);
}

static bool add_virtual(const struct virtual_node *node, int64_t now_ns, struct listed_nodes *ret)
{
    struct listed_node listed = {
        .state = node->gone                ? LISTED_GONE
                 : now_ns < node->ready_ns ? LISTED_PENDING
                                           : LISTED_RUNNING,
        .slots = node->slots,
        .age_ns = now_ns - node->created_ns,
    };
    str_copy_c(listed.id, sizeof(listed.id), node->id);
    str_copy_c(listed.pool, sizeof(listed.pool), node->pool);
    str_copy_c(listed.offer, sizeof(listed.offer), node->offer);
    str_copy_c(listed.token, sizeof(listed.token), node->token);
    return vec_push(&ret->all, listed);
}

/* Shadows of what is not listed any more, and bought nodes whose end was listed. */
static void forget_gone(struct virtual_fleet *fleet, const char *inventory)
{
    for (size_t i = fleet->nodes.len; i-- > 0;) {
        const struct virtual_node *node = &fleet->nodes.at[i];
        bool over = node->real ? !node->listed : node->gone;
        if (over && strcmp(node->inventory, inventory) == 0)
            vec_remove_swap(&fleet->nodes, i);
    }
}

bool virtual_list(struct virtual_fleet *fleet, const char *inventory,
                  const struct listed_node *real, size_t len, int64_t now_ns,
                  struct listed_nodes *ret)
{
    bool well = true;
    for (size_t i = 0; i < fleet->nodes.len; i++)
        fleet->nodes.at[i].listed = false;
    for (size_t i = 0; well && i < len; i++)
        well = take_real(fleet, inventory, &real[i], now_ns, ret);
    for (size_t i = 0; well && i < fleet->nodes.len; i++) {
        const struct virtual_node *node = &fleet->nodes.at[i];
        if (!node->real && strcmp(node->inventory, inventory) == 0)
            well = add_virtual(node, now_ns, ret);
    }
    if (well)
        forget_gone(fleet, inventory);
    return well;
}

struct virtual_node *virtual_due(struct virtual_fleet *fleet)
{
    struct virtual_node *first = NULL;
    for (size_t i = 0; i < fleet->nodes.len; i++) {
        struct virtual_node *node = &fleet->nodes.at[i];
        if (!node->gone && (!first || node->beat_ns < first->beat_ns))
            first = node;
    }
    return first;
}

void virtual_beat(struct virtual_node *node, int64_t now_ns, struct heartbeat *ret)
{
    *ret = (struct heartbeat){
        .state = node->drained ? BEAT_DRAINED : BEAT_READY,
        .seq = ++node->beats + (node->drained ? DRAINED_SEQ : 0),
        .slots = node->slots,
        /* Nothing works on it, but a node that works would not be idle: unknown. */
        .busy = node->drained ? 0 : BUSY_UNKNOWN,
        .idle_ns = -1,
    };
    str_copy_c(ret->node, sizeof(ret->node), node->id);
    node->beat_ns = now_ns + node->heartbeat_ns;
}

void virtual_terminate(struct virtual_fleet *fleet, const char *id)
{
    struct virtual_node *node = virtual_find(fleet, id);
    if (node)
        node->gone = true;
}
