/* An executor over the fake provider, and the events it sends. */
#ifndef TESTS_UNIT_EXECUTOR_HELP_H
#define TESTS_UNIT_EXECUTOR_HELP_H

#include "base/clock.h"
#include "runtime/executor.h"
#include "tests/unit/fake_provider.h"

#define SEEN_MAX 32

struct seen {
    enum event_type type;
    uint64_t number;
    int code;
    char text[64];
    char inventory[64];
    struct listed_node nodes[8];
    size_t len;
    int64_t asked_ns;
    char id[NODE_ID_MAX];
    struct heartbeat beat;
};

struct rig {
    uv_loop_t loop;
    struct log log;
    struct clock clock;
    int64_t now_ns;
    struct provider_env provider_env;
    struct executor_env env;
    struct executor *executor;
    struct pool_spec *spec;
    struct seen seen[SEEN_MAX];
    size_t len;
    bool inside; /* a call into the executor runs: no event may come */
    struct beat_reply reply;
};

static inline int64_t rig_clock(void *ctx)
{
    return ((struct rig *)ctx)->now_ns;
}

static inline void rig_copy(struct seen *seen, const struct event *ev)
{
    seen->type = ev->type;
    if (ev->type == EVENT_LISTING) {
        seen->len = ev->listing.len;
        for (size_t i = 0; i < ev->listing.len && i < 8; i++)
            seen->nodes[i] = ev->listing.nodes[i];
        seen->asked_ns = ev->listing.asked_ns;
        str_copy_c(seen->inventory, sizeof(seen->inventory), ev->listing.inventory);
    } else if (ev->type == EVENT_LISTING_FAILED) {
        seen->code = ev->listing_failed.code;
        str_copy_c(seen->text, sizeof(seen->text), ev->listing_failed.text);
        str_copy_c(seen->inventory, sizeof(seen->inventory), ev->listing_failed.inventory);
    } else if (ev->type == EVENT_HEARTBEAT) {
        seen->beat = ev->heartbeat;
    } else {
        seen->number = ev->result.number;
        seen->code = ev->result.code;
        seen->len = ev->result.len;
        str_copy_c(seen->text, sizeof(seen->text), ev->result.text);
        if (ev->result.len > 0)
            str_copy_c(seen->id, sizeof(seen->id), ev->result.ids[0]);
    }
}

static inline void rig_event(void *ctx, struct event *ev)
{
    struct rig *rig = ctx;
    if (rig->inside || rig->len == SEEN_MAX)
        abort();
    rig_copy(&rig->seen[rig->len++], ev);
}

static inline struct beat_reply rig_reply(void *ctx, const char *node)
{
    (void)node;
    return ((struct rig *)ctx)->reply;
}

typedef int rig_maker(const struct executor_env *env, struct executor **ret, struct error *err);

static inline struct rig *rig_new(rig_maker *make)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    memset(&fake, 0, sizeof(fake));
    if (!rig || uv_loop_init(&rig->loop) != 0)
        abort();
    rig->now_ns = 1000 * NS_PER_S;
    rig->log = (struct log){ .fd = -1 };
    rig->clock = (struct clock){ rig_clock, rig_clock, rig };
    rig->provider_env =
        (struct provider_env){ .loop = &rig->loop, .log = &rig->log, .clock = &rig->clock };
    rig->env = (struct executor_env){ .provider_env = &rig->provider_env,
                                      .event = rig_event,
                                      .reply = rig_reply,
                                      .ctx = rig,
                                      .find = fake_find };
    rig->reply = (struct beat_reply){ .known = true, .run = true, .heartbeat_ns = 5 * NS_PER_S };
    rig->spec = pool_spec_new("p");
    rig->spec->heartbeat_ns = 3 * NS_PER_S;
    struct option_choice entry = { &fake_plugin.options, NULL };
    struct offer offer = { .name = "fake/x", .inventory = "fake:eu", .provider = "fake" };
    if (!vec_push(&rig->spec->offer_entries, entry) || !vec_push(&rig->spec->offers, offer) ||
        make(&rig->env, &rig->executor, NULL) < 0)
        abort();
    return rig;
}

static inline void rig_free(struct rig *rig)
{
    if (rig->executor)
        rig->executor->ops->free(rig->executor);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&rig->loop) != 0)
        abort();
    pool_spec_free(rig->spec);
    free(rig);
}

/* Lets what is due now happen. */
static inline void rig_turn(struct rig *rig)
{
    for (int i = 0; i < 5; i++)
        uv_run(&rig->loop, UV_RUN_NOWAIT);
}

static inline struct seen *rig_last(struct rig *rig)
{
    return rig->len ? &rig->seen[rig->len - 1] : NULL;
}

static inline struct intent rig_launch_intent(uint64_t number)
{
    return (struct intent){ .number = number,
                            .kind = INTENT_LAUNCH,
                            .pool = "p",
                            .offer = "fake/x",
                            .inventory = "fake:eu",
                            .token = "abcdefghijklmnopqrstuvwxyz234567",
                            .slots = 2,
                            .count = 1,
                            .tries = 1 };
}

static inline struct intent rig_terminate_intent(uint64_t number, const char *node)
{
    struct intent intent = { .number = number, .kind = INTENT_TERMINATE, .inventory = "fake:eu" };
    str_copy_c(intent.node, sizeof(intent.node), node);
    return intent;
}

static inline void rig_list(struct rig *rig, const char *inventory)
{
    rig->inside = true;
    rig->executor->ops->list(rig->executor, inventory);
    rig->inside = false;
}

static inline void rig_launch(struct rig *rig, const struct intent *intent)
{
    rig->inside = true;
    rig->executor->ops->launch(rig->executor, intent, rig->spec);
    rig->inside = false;
}

static inline void rig_terminate(struct rig *rig, const struct intent *intent)
{
    rig->inside = true;
    rig->executor->ops->terminate(rig->executor, intent);
    rig->inside = false;
}

#endif
