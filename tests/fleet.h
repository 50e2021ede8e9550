/*
 * A controller with a fleet, built by events as the daemon would: for tests and benchmarks of what
 * looks at it. Pools are called pool-0 ..., their nodes pool-0-n0 ...; each node has two slots, one
 * of them busy.
 */
#ifndef TESTS_FLEET_H
#define TESTS_FLEET_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "control/control.h"
#include "policies/policies.h"

#define FLEET_WALL_NS (INT64_C(1795340414) * NS_PER_S) /* 2026-11-22T09:40:14Z */

struct fleet {
    struct control *control;
    struct effect_list effects; /* of the last step; nobody carries them out */
    int64_t now_ns, wall_ns;
    uint64_t seq;
};

static inline int fleet_step(struct fleet *f, struct event *ev, struct error *err)
{
    ev->now_ns = f->now_ns;
    ev->wall_ns = f->wall_ns;
    effect_list_clear(&f->effects);
    return control_step(f->control, ev, &f->effects, err);
}

/* Tests build on success alone: anything else ends them. */
static inline void fleet_must(struct fleet *f, struct event *ev)
{
    struct error err = { 0 };
    if (fleet_step(f, ev, &err) < 0) {
        fprintf(stderr, "event %d: %s\n", (int)ev->type, err.text);
        abort();
    }
}

static inline struct pool_spec *fleet_spec(const char *name, int64_t slots_max)
{
    struct pool_spec *spec = pool_spec_new(name);
    const struct policy *policy = policy_find("backlog");
    struct scale_entry entry = { .policy = policy, .options = calloc(1, policy->options.size) };
    struct offer offer = {
        .name = "local/small",
        .inventory = "local",
        .provider = "local",
        .type = "small",
        .slots = 2,
        .price_usd_micro = 34000,
        .batch = 10,
    };
    if (option_set_defaults(&policy->options, entry.options, NULL) < 0 ||
        !vec_push(&spec->scale, entry) || !vec_push(&spec->offers, offer))
        abort();
    spec->file = str_dup(STR("policies/test.yaml"));
    spec->slots_max = slots_max;
    spec->nodes_max = slots_max;
    return spec;
}

static inline void fleet_beat(struct fleet *f, const char *node, int64_t busy)
{
    struct event ev = { .type = EVENT_HEARTBEAT };
    ev.heartbeat = (struct heartbeat){
        .state = BEAT_READY, .seq = ++f->seq, .slots = 2, .busy = busy, .idle_ns = -1
    };
    snprintf(ev.heartbeat.node, sizeof(ev.heartbeat.node), "%s", node);
    fleet_must(f, &ev);
}

static inline void fleet_sample(struct fleet *f, const char *pool, double waiting, double running)
{
    struct sample sample = { .waiting = waiting, .running = running, .has_running = true };
    struct event ev = { .type = EVENT_SAMPLE, .sample = { pool, &sample } };
    fleet_must(f, &ev);
}

static inline void fleet_tick(struct fleet *f, int64_t later_ns)
{
    f->now_ns += later_ns;
    f->wall_ns += later_ns;
    struct event ev = { .type = EVENT_TICK };
    fleet_must(f, &ev);
}

static inline void fleet_list(struct fleet *f, size_t pools, size_t nodes)
{
    struct listed_node *listed = calloc(pools * nodes + 1, sizeof(*listed));
    for (size_t i = 0; i < pools * nodes; i++) {
        snprintf(listed[i].pool, sizeof(listed[i].pool), "pool-%zu", i / nodes);
        snprintf(listed[i].id, sizeof(listed[i].id), "pool-%zu-n%zu", i / nodes, i % nodes);
        snprintf(listed[i].offer, sizeof(listed[i].offer), "local/small");
        listed[i].state = LISTED_RUNNING;
        listed[i].slots = 2;
        listed[i].age_ns = 600 * NS_PER_S;
    }
    struct event ev = { .type = EVENT_LISTING };
    ev.listing.inventory = "local";
    ev.listing.nodes = listed;
    ev.listing.len = pools * nodes;
    ev.listing.asked_ns = f->now_ns;
    fleet_must(f, &ev);
    free(listed);
}

static inline void fleet_init(struct fleet *f, size_t pools, size_t nodes)
{
    struct control_options options;
    control_options_default(&options);
    *f = (struct fleet){ .now_ns = 1000 * NS_PER_S, .wall_ns = FLEET_WALL_NS };
    f->control = control_new(&options, NULL);

    struct event ev = { .type = EVENT_RECOVERED };
    ev.recovered.journal = "abcdefghijklmnop";
    fleet_must(f, &ev);
    char name[POOL_NAME_MAX];
    for (size_t i = 0; i < pools; i++) {
        snprintf(name, sizeof(name), "pool-%zu", i);
        ev = (struct event){ .type = EVENT_POLICY };
        ev.policy.take_spec = fleet_spec(name, nodes > 0 ? 4 * (int64_t)nodes : 8);
        fleet_must(f, &ev);
    }
    ev = (struct event){ .type = EVENT_POLICIES };
    ev.policies.complete = true;
    fleet_must(f, &ev);
    fleet_tick(f, NS_PER_S);
    fleet_list(f, pools, nodes);
    for (size_t i = 0; i < pools * nodes; i++) {
        snprintf(name, sizeof(name), "pool-%zu-n%zu", i / nodes, i % nodes);
        fleet_beat(f, name, 1);
    }
    for (size_t i = 0; i < pools; i++) {
        snprintf(name, sizeof(name), "pool-%zu", i);
        fleet_sample(f, name, (double)nodes, (double)nodes);
    }
    fleet_tick(f, NS_PER_S);
}

static inline void fleet_release(struct fleet *f)
{
    control_free(f->control);
    effect_list_release(&f->effects);
}

#endif
