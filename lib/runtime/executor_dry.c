/*
 * The executor that only pretends. It lists through provider_reader, which reads; how a provider is
 * changed is nothing that this file could name.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "runtime/executor.h"
#include "runtime/provider_reader.h"
#include "runtime/virtual_fleet.h"

#define UNKNOWN_RETRY_NS (1 * NS_PER_S) /* the core does not know the node yet */

struct dry {
    struct executor base;
    struct executor_env env;
    struct provider_reader *reader;
    struct virtual_fleet fleet;
    uv_timer_t timer;
    bool closing;
};

static struct dry *dry_of(struct executor *self)
{
    return (struct dry *)self;
}

static int64_t now(const struct dry *dry)
{
    const struct clock *clock = dry->env.provider_env->clock;
    return clock->boot_ns(clock->ctx);
}

static void arm(struct dry *dry);

/* One heartbeat, and what the core answers. The event may change the fleet: find the node again. */
static void beat(struct dry *dry, struct virtual_node *node)
{
    struct event ev = { .type = EVENT_HEARTBEAT };
    virtual_beat(node, now(dry), &ev.heartbeat);
    dry->env.event(dry->env.ctx, &ev);
    if (dry->closing)
        return;
    struct beat_reply reply = dry->env.reply(dry->env.ctx, ev.heartbeat.node);
    node = virtual_find(&dry->fleet, ev.heartbeat.node);
    if (!node)
        return;
    if (!reply.known) {
        node->beat_ns = now(dry) + UNKNOWN_RETRY_NS;
        return;
    }
    node->heartbeat_ns = reply.heartbeat_ns;
    node->beat_ns = now(dry) + reply.heartbeat_ns;
    if (reply.drain && !node->drained) {
        node->drained = true;
        node->beat_ns = now(dry);
    }
}

static void beats_due(uv_timer_t *timer)
{
    struct dry *dry = timer->data;
    struct virtual_node *node;
    /* As many as there are nodes, at most: the loop has other things to do. */
    size_t budget = dry->fleet.nodes.len + 1;
    while (!dry->closing && budget-- > 0 && (node = virtual_due(&dry->fleet)) &&
           node->beat_ns <= now(dry))
        beat(dry, node);
    if (!dry->closing)
        arm(dry);
}

static void arm(struct dry *dry)
{
    const struct virtual_node *node = virtual_due(&dry->fleet);
    if (!node)
        return;
    int64_t wait_ns = node->beat_ns - now(dry);
    uint64_t wait_ms = wait_ns > 0 ? (uint64_t)(wait_ns / NS_PER_MS + 1) : 0;
    uv_timer_start(&dry->timer, beats_due, wait_ms, 0);
}

/* The real listing came, or what is known without one. */
static void read_event(void *ctx, struct event *ev)
{
    struct dry *dry = ctx;
    if (ev->type != EVENT_LISTING) {
        dry->env.event(dry->env.ctx, ev);
        return;
    }
    struct listed_nodes nodes = { 0 };
    struct event laid = *ev;
    if (dry->env.listed)
        dry->env.listed(dry->env.ctx, ev->listing.inventory, ev->listing.nodes, ev->listing.len);
    if (virtual_list(&dry->fleet, ev->listing.inventory, ev->listing.nodes, ev->listing.len,
                     now(dry), &nodes)) {
        laid.listing.nodes = nodes.all.at;
        laid.listing.len = nodes.all.len;
    } else {
        laid = (struct event){ .type = EVENT_LISTING_FAILED };
        laid.listing_failed.inventory = ev->listing.inventory;
        laid.listing_failed.code = MUSTER_E_NOMEM;
        laid.listing_failed.text = "out of memory";
    }
    arm(dry);
    dry->env.event(dry->env.ctx, &laid);
    vec_release(&nodes.all);
}

static void list(struct executor *self, const char *inventory)
{
    provider_reader_list(dry_of(self)->reader, inventory);
}

static void launch_failed(struct dry *dry, const struct intent *intent, int code, const char *text)
{
    struct event ev = { .type = EVENT_LAUNCH_FAILED };
    ev.result.number = intent->number;
    ev.result.code = code;
    ev.result.text = text;
    later_add(provider_reader_later(dry->reader), &ev);
}

static void launch(struct executor *self, const struct intent *intent, const struct pool_spec *spec)
{
    struct dry *dry = dry_of(self);
    if (!spec) {
        launch_failed(dry, intent, MUSTER_E_CONFIG, "the pool's policy file is gone");
        return;
    }
    char(*ids)[NODE_ID_MAX] = calloc((size_t)intent->count, sizeof(*ids));
    if (!ids ||
        !virtual_launch(&dry->fleet, intent, spec->boot_guess_ns, spec->heartbeat_ns, now(dry))) {
        free(ids);
        launch_failed(dry, intent, MUSTER_E_NOMEM, "out of memory");
        return;
    }
    for (int64_t n = 0; n < intent->count; n++)
        virtual_id(intent, n, ids[n]);
    struct event ev = { .type = EVENT_LAUNCHED };
    ev.result.number = intent->number;
    ev.result.ids = (const char(*)[NODE_ID_MAX])ids;
    ev.result.len = (size_t)intent->count;
    later_add(provider_reader_later(dry->reader), &ev);
    free(ids);
    arm(dry);
}

static void terminate(struct executor *self, const struct intent *intent)
{
    struct dry *dry = dry_of(self);
    struct event ev = { .type = EVENT_TERMINATED };
    ev.result.number = intent->number;
    virtual_terminate(&dry->fleet, intent->node);
    later_add(provider_reader_later(dry->reader), &ev);
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_dry(struct executor *self)
{
    struct dry *dry = dry_of(self);
    if (!dry)
        return;
    dry->closing = true;
    provider_reader_free(dry->reader);
    virtual_fleet_release(&dry->fleet);
    uv_close((uv_handle_t *)&dry->timer, timer_closed);
}

static int64_t price(struct executor *self, const struct offer *offer, const struct pool_spec *spec)
{
    return provider_reader_price(dry_of(self)->reader, offer, spec);
}

static const struct executor_ops dry_ops = {
    .name = "dry-run",
    .list = list,
    .launch = launch,
    .terminate = terminate,
    .price = price,
    .free = free_dry,
};

int executor_dry_new(const struct executor_env *env, struct executor **ret, struct error *err)
{
    struct dry *dry = calloc(1, sizeof(*dry));
    if (!dry)
        return error_nomem(err);
    dry->base.ops = &dry_ops;
    dry->env = *env;
    int rc = provider_reader_new(env, read_event, dry, &dry->reader, err);
    if (rc < 0) {
        free(dry);
        return rc;
    }
    uv_timer_init(env->provider_env->loop, &dry->timer);
    dry->timer.data = dry;
    *ret = &dry->base;
    return 0;
}
