/*
 * A core to test, one step at a time: specs in a line, events in a line, effects counted.
 *
 * Every step is checked as it is made: a launch or a termination is only ever sent for an intent that
 * the journal has acknowledged, unchanged, and no number is journalled twice.
 */
#ifndef TESTS_UNIT_CORE_FIXTURE_H
#define TESTS_UNIT_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "control/control.h"
#include "policies/policies.h"

#define SECONDS(n)   ((int64_t)((double)(n)*1e9))
#define DOLLARS(usd) ((int64_t)((double)(usd)*1e6))

struct core_entry { /* of the journal */
    struct intent intent;
    bool acknowledged, closed;
};

struct core {
    struct control *control;
    struct control_options options;
    struct effect_list out; /* of the last step */
    struct error err;
    int64_t now_ns, wall_ns;
    VEC(struct core_entry) journal;
};

/* A running core whose journal was read and is empty; the boot clock stands at 1000 s. */
void core_start(struct core *core);
void core_start_with(struct core *core, const struct control_options *options);
/* Before its journal was read. */
void core_start_unread(struct core *core, const struct control_options *options);
void core_stop(struct core *core);

/* One step with the clocks of *core; what control_step answers. core->out holds the effects. */
int core_step(struct core *core, struct event ev);
/* Lets time pass, then ticks. */
void core_tick(struct core *core, int64_t forward_ns);
/* Ticks every `every_ns` until `forward_ns` have passed. */
void core_ticks(struct core *core, int64_t forward_ns, int64_t every_ns);

/*
 * A spec without surprises: 0..100 slots, 100 nodes, no stabilisation, no pace, samples good for a day,
 * one offer "local/small" of 1 slot at 0.01 USD/h in the inventory "local"; no policy yet.
 */
struct pool_spec *core_spec(const char *name);
/* Adds a policy; settings are "key", "value" pairs ending in NULL. */
void core_scale(struct pool_spec *spec, const struct policy *policy, ...) __attribute__((sentinel));
struct offer *core_offer(struct pool_spec *spec, const char *name, int64_t slots,
                         int64_t price_usd_micro);

/* Steps that must succeed. */
void core_policy(struct core *core, struct pool_spec *take_spec);
void core_policies(struct core *core, bool complete);
void core_sample(struct core *core, const char *pool, double waiting, double running);
/* A complete listing; asked for just now. */
void core_listing(struct core *core, const char *inventory, const struct listed_node *nodes,
                  size_t len);
/* The same, of the running machines n-1 .. n-<n> of pool "p", n <= 32. */
void core_list_fleet(struct core *core, int n);
/* Acknowledges every intent that the last step wrote, and leaves the effects of the last ack. */
void core_acknowledge(struct core *core);
void core_launched(struct core *core, uint64_t number, const char *id);
void core_launch_failed(struct core *core, uint64_t number, int code);
void core_beat(struct core *core, const char *node, enum beat_state state, int64_t busy);

/* A pool "p" with `spec`'s settings, its inventory listed empty, and a first run behind it. */
void core_pool(struct core *core, struct pool_spec *take_spec);
/*
 * The same with the policy `backlog: 1`, so that a sample of n jobs makes n slots wanted, and n nodes
 * bought the whole way: they are named n-1, n-2 ... and are ready (or booting) and idle.
 */
void core_fleet(struct core *core, struct pool_spec *take_spec, int n);
void core_fleet_booting(struct core *core, struct pool_spec *take_spec, int n);
/* Acknowledges all intents, and answers each launch with machines named on from `first`. */
void core_launch_all(struct core *core, int first);

size_t core_count(const struct core *core, enum effect_type type);
/* The first effect of this type in the last step; fails the test when there is none. */
const struct effect *core_effect(const struct core *core, enum effect_type type);
bool core_noted(const struct core *core, const char *part); /* a note with this in its text */

struct pool_view core_view(const struct core *core, const char *pool);
enum node_state core_state(const struct core *core, const char *node); /* NODE_GONE when unknown */
/* Does the last decision's trail hold a step by `who` whose sentence contains `part`? */
bool core_trail_has(const struct core *core, const char *pool, const char *who, const char *part);
/* What the last step wrote intents to launch, like "local/small*3 local/large*1"; in `text`. */
const char *core_bought(const struct core *core, char text[static 256]);
int core_nodes(const struct core *core, const char *pool, enum node_state state);

#endif
